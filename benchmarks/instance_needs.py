"""What the States of an instance need: five or six needs each, or thousands of tasks."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.instance_states import FIRST, LAST, Country

HECTARE = 10_000
_CLASSES, _DENSITY = (0.1, 0.2, 0.3, 0.4), (8, 4, 2, 1)
"""How often a class of priority occurs among tasks, and its weight per unit against the last class's."""
_WINDOWS = ((FIRST, LAST), (FIRST + 2, LAST), (FIRST, LAST - 4))
"""The few windows that tasks have: always, after access, before a road is built."""
_NANO = 10**9


def needs_of(country: Country, tasks: int, granule: int, rng: np.random.Generator) -> dict[str, Any]:
    """Returns the needs of one State by id."""
    other = _other_needs(country, rng)
    if not tasks:
        return {**_area_needs(country, rng), **other}
    clearance = tasks * 13 // 20
    survey = tasks - clearance - len(other)
    parts = (("clearance", country.cleared, 4, clearance), ("survey", country.surveyed, 3, survey))
    found: dict[str, Any] = {}
    for capability, hectares, weight, number in parts:
        found |= _tasks(country, capability, hectares * HECTARE // granule, weight, number, granule, rng)
    return {**found, **other}


def _area_needs(country: Country, rng: np.random.Generator) -> dict[str, Any]:
    """Survey and clearance; clearance often has to wait for survey."""
    survey = f"{country.id}-survey"
    clearance: dict[str, Any] = {
        "state": country.id,
        "capability": "clearance",
        "quantity": country.cleared * HECTARE,
        "weight": 4,
        "completes": True,
    }
    if rng.random() < 0.6:
        clearance["after"] = [{"need": survey, "lag": 1, "head_start": round(rng.uniform(0.2, 0.6), 2)}]
    return {
        f"{country.id}-clearance": clearance,
        survey: {
            "state": country.id,
            "capability": "survey",
            "quantity": country.surveyed * HECTARE,
            "weight": 3,
            "completes": True,
        },
    }


def _other_needs(country: Country, rng: np.random.Generator) -> dict[str, Any]:
    """Coarse needs: expert-months, training places, sessions, and in a third of States a laboratory."""
    large = {"easy": 1, "contested": 2, "hopeless": 3}[country.hope]
    drawn: list[tuple[str, int, int]] = [
        ("information", 12 * large + int(rng.integers(0, 25)), 2),
        ("training", 15 * large * int(rng.integers(2, 6)), 1),
        ("education", 40 * large * int(rng.integers(2, 8)), 2),
    ]
    found: dict[str, Any] = {}
    for capability, quantity, weight in drawn:
        found[f"{country.id}-{capability}"] = {
            "state": country.id,
            "capability": capability,
            "quantity": quantity,
            "weight": weight,
            "max_per_year": max(1, quantity // 4),
        }
    if rng.random() < 0.35:
        found[f"{country.id}-laboratory"] = {
            "state": country.id,
            "capability": "laboratory",
            "quantity": 1,
            "years": [FIRST, FIRST + int(rng.integers(3, LAST - FIRST + 1))],
            "indivisible": True,
        }
    return found


def _tasks(
    country: Country, capability: str, granules: int, weight: int, number: int, granule: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Polygons that add up to an area; within a class, weight is exactly proportional to quantity."""
    sizes = rng.lognormal(0, 1, number)
    parts = 1 + np.floor((granules - number) * sizes / sizes.sum()).astype(np.int64)
    parts[int(parts.argmax())] += granules - int(parts.sum())
    classes = rng.choice(4, number, p=_CLASSES)
    windows = rng.choice(3, number, p=[0.85, 0.1, 0.05])
    people = rng.integers(0, 200, (number, 4))
    mean = sum(share * density for share, density in zip(_CLASSES, _DENSITY, strict=True))
    unit = max(1, round(weight * _NANO / (granules * mean)))
    return {
        f"{country.id}-{capability}-{at:04}": {
            "state": country.id,
            "capability": capability,
            "quantity": int(parts[at]) * granule,
            "years": list(_WINDOWS[windows[at]]),
            "weight": int(parts[at]) * unit * _DENSITY[classes[at]] / _NANO,
            "completes": True,
            "beneficiaries": dict(zip(("women", "men", "girls", "boys"), map(int, people[at]), strict=True)),
        }
        for at in range(number)
    }
