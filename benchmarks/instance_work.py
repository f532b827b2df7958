"""Who offers work in an instance: own programmes, NGOs, agencies, firms, other States, seconded experts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.instance_states import CLEARANCE, OWN, SURVEY, Country, reach_of

Pick = Callable[[int, float, np.random.Generator], list[Country]]
"""Draws so many States, by a power of what they absorb."""

HECTARE = 10_000
_PRICE = {"information": 16_000, "training": 6_700, "education": 900, "laboratory": 420_000}
"""Dollars per unit: an international adviser's month, a place on a course; a session of a team of two."""
_TERRAIN = ("low", "mid", "high")


@dataclass(frozen=True)
class Trade:
    """A kind of implementer in each cluster."""

    name: str
    """How ids begin."""
    kind: str
    """Kind of provider."""
    number: float
    """How many for each ten States."""
    reach: tuple[int, int]
    """States that one works in, where there are 35."""
    markup: tuple[float, float]
    """Price against the class's."""
    work: dict[str, float]
    """Share of the implementers that offer a capability."""
    share: float
    """Part of what all trades together can do."""


TRADES = (
    Trade("ngo", "operator", 2.6, (5, 15), (1.02, 1.12), {"clearance": 0.9, "survey": 0.8, "education": 0.7}, 0.60),
    Trade(
        "agency", "un_agency", 0.9, (8, 16), (1.10, 1.16), {"information": 1, "survey": 0.5, "laboratory": 0.7}, 0.15
    ),
    Trade("firm", "company", 1.4, (5, 11), (0.95, 1.06), {"clearance": 1, "laboratory": 0.4}, 0.25),
    Trade("centre", "operator", 0.6, (10, 18), (1.0, 1.1), {"information": 1, "training": 1, "laboratory": 0.5}, 0.20),
)


def work_of(
    cluster: int, home: list[Country], pick: Pick, granule: int, rng: np.random.Generator
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the implementers of a cluster and their offers, no two of a capability at the same price."""
    bench = _Bench(cluster, home, granule, rng)
    for each in home:
        bench.own_programme(each)
    for trade in TRADES:
        for at in range(max(2, round(trade.number * len(home) / 10))):
            bench.implementer(trade, at, pick)
    for at in range(max(1, round(len(home) / 12))):
        bench.south_south(home[int(rng.integers(len(home)))], pick)
        bench.seconded(at, pick)
    return bench.providers, bench.offers


class _Bench:
    """Collects the technical offers of one cluster."""

    def __init__(self, cluster: int, home: list[Country], granule: int, rng: np.random.Generator) -> None:
        self.cluster, self.home, self.granule, self.rng = cluster, home, granule, rng
        self.providers: dict[str, Any] = {}
        self.offers: dict[str, Any] = {}
        self.taken: set[tuple[str, int]] = set()

    def own_programme(self, country: Country) -> None:
        """A State's own teams: a part of its pace, cheaply."""
        for capability, hectares in (("clearance", country.cleared), ("survey", country.surveyed)):
            capacity = max(1, round(hectares / country.years * self.rng.uniform(0.25, 0.7)))
            price = self.land_price(capability, country.terrain, OWN)
            self.add(country.id, capability, "own", [country], capacity * HECTARE, price, {"firmness": 0.9})

    def implementer(self, trade: Trade, at: int, pick: Pick) -> None:
        """One implementer: land by class of terrain, other work at one price."""
        rng, key = self.rng, f"{trade.name}-{self.cluster:02}-{at:02}"
        self.providers[key] = {
            "name": f"{trade.name.capitalize()} {at + 1} of cluster {self.cluster}",
            "kind": trade.kind,
        }
        reach = reach_of(int(rng.integers(trade.reach[0], trade.reach[1] + 1)), len(self.home))
        states, markup = pick(reach, 0.25, rng), float(rng.uniform(*trade.markup))
        size = trade.share / max(2, round(trade.number * len(self.home) / 10)) * float(rng.lognormal(0, 0.5))
        for capability, chance in trade.work.items():
            if rng.random() >= chance and at:
                continue
            if capability in _PRICE:
                self.other_work(key, capability, states, size, markup)
            else:
                self.land_work(key, capability, states, size, markup)

    def land_work(self, key: str, capability: str, states: list[Country], size: float, markup: float) -> None:
        """Survey or clearance in each class of terrain that occurs among the States."""
        pace = sum((e.cleared if capability == "clearance" else e.surveyed) / e.years for e in self.home)
        for terrain in sorted({each.terrain for each in states}):
            here = [each for each in states if each.terrain == terrain]
            capacity = max(4, round(pace * size * len(here) / len(states)))
            least = max(1, round(capacity * self.rng.uniform(0.03, 0.1) / len(here)))
            terms = {
                "min_per_state": least * HECTARE,
                "min_years": int(self.rng.choice([1, 2], p=[0.6, 0.4])),
                "max_states": max(1, round(len(here) * 0.7)) if len(here) > 2 and self.rng.random() < 0.5 else None,
                "firmness": 0.9,
            }
            price = self.land_price(capability, terrain, markup)
            self.add(key, capability, _TERRAIN[terrain], here, capacity * HECTARE, price, terms)

    def other_work(self, key: str, capability: str, states: list[Country], size: float, markup: float) -> None:
        """Experts, courses, sessions or laboratories."""
        each = {"information": 6, "training": 10, "education": 45, "laboratory": 0.25}[capability]
        capacity = max(1 if capability == "laboratory" else 6, round(each * len(self.home) * size))
        least = {"information": 3, "training": 5, "education": 20, "laboratory": 0}[capability]
        self.add(
            key,
            capability,
            "",
            states,
            capacity,
            self.price(capability, markup),
            {"min_per_state": min(least, capacity)},
        )

    def south_south(self, country: Country, pick: Pick) -> None:
        """An affected State that trains and advises others, and clears there."""
        rng = self.rng
        states = [each for each in pick(max(2, len(self.home) // 5), 0.0, rng) if each.id != country.id]
        if not states:
            return
        self.other_work(country.id, "training", states, 0.15, 0.5)
        self.other_work(country.id, "information", states, 0.1, 0.35)
        if rng.random() < 0.5:
            self.land_work(country.id, "clearance", states, 0.04, 0.9)

    def seconded(self, at: int, pick: Pick) -> None:
        """Experts in kind, as Sweden and Switzerland send them."""
        key = f"donor-{self.cluster:02}-{at + 5:02}"
        states, capacity = pick(max(2, len(self.home) // 6), 0.0, self.rng), 12 * int(self.rng.integers(1, 4))
        self.add(key, "information", "experts", states, capacity, 0, {"min_per_state": 3, "firmness": 0.95})

    def land_price(self, capability: str, terrain: int, markup: float) -> int:
        """Returns dollars per granule of land that nobody else asks."""
        base = (CLEARANCE if capability == "clearance" else SURVEY)[terrain]
        return self.unlike(capability, round(base * markup * float(self.rng.uniform(0.97, 1.03)) * self.granule))

    def price(self, capability: str, markup: float) -> int:
        """Returns dollars per unit of other work that nobody else asks."""
        return self.unlike(capability, round(_PRICE[capability] * markup * float(self.rng.uniform(0.95, 1.05))))

    def unlike(self, capability: str, price: int) -> int:
        """Returns the first price from this one up that is not yet asked."""
        while (capability, price) in self.taken:
            price += 1
        self.taken.add((capability, price))
        return price

    def add(
        self,
        provider: str,
        capability: str,
        suffix: str,
        states: list[Country],
        capacity: int,
        price: int,
        terms: dict[str, Any],
    ) -> None:
        """Adds one technical offer; `price` is in dollars per granule."""
        granule = self.granule if capability in ("clearance", "survey") else 1
        self.offers["-".join(part for part in (provider, capability, suffix) if part)] = {
            "kind": "technical",
            "provider": provider,
            "capability": capability,
            "capacity": capacity,
            "price": price / granule,
            "states": [each.id for each in states],
            **{name: value for name, value in terms.items() if value is not None},
        }
