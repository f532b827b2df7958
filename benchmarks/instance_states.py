"""Affected States of an instance: how much is to be done, by when, and what each can take and pay."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np

FIRST, LAST = 2016, 2025
"""Years that are planned."""
HOPES: tuple[Literal["easy", "contested", "hopeless"], ...] = ("easy", "contested", "hopeless")
CLEARANCE = (1.00, 1.80, 3.24)
"""Dollars per m2 by class of terrain: Croatian tenders, the middle manual price, the Zimbabwean plan."""
SURVEY = (0.15, 0.27, 0.40)
"""Dollars per m2 of technical survey by class; 0.10 to 1.00 is usual, 0.35 the middle, without cancellation."""
OWN = 0.90
"""Price of a State's own teams, as a share of the class's: no expatriate staff."""
_LARGEST, _SMALLEST, _SPREAD = 300.0, 0.1, 2.8
"""Largest and smallest area to clear in km2, and the lognormal's spread below the largest."""
_MOST = 80_000_000
"""Most external money a State absorbs in a year; Afghanistan took 67.5 million in 2013."""
_ROOM = {"easy": (1.8, 3.0), "contested": (1.1, 1.5), "hopeless": (0.35, 0.75)}
"""All money a State can use until its deadline, as a multiple of what completion costs."""
_PAYS = {"easy": (0.20, 0.60), "contested": (0.10, 0.30), "hopeless": (0.05, 0.15)}
"""Share of completion that a State pays itself, if it pays much (13 of 33 reported a contribution)."""


@dataclass(frozen=True)
class Country:
    """One affected State as drawn."""

    id: str
    """Id of the State, and of the provider that it is."""
    cluster: int
    """Part of the world."""
    region: str
    """Region, four in a cluster."""
    hope: Literal["easy", "contested", "hopeless"]
    """Whether it can complete by its deadline."""
    terrain: int
    """Class of prices, 0 to 2."""
    deadline: int
    """Year by which it must complete."""
    weight: int
    """Weight, 1 to 3."""
    cleared: int
    """Hectares to clear."""
    surveyed: int
    """Hectares to survey."""
    own_money: int
    """Dollars a year of its own."""
    absorption: int
    """Dollars a year it can take from others."""
    max_partners: int
    """Most partners at once."""
    ownership: tuple[float, ...]
    """Five components of national ownership."""

    @property
    def cost(self) -> float:
        """Dollars that completion costs at the class's prices."""
        return 10_000 * (self.cleared * CLEARANCE[self.terrain] + self.surveyed * SURVEY[self.terrain])

    @property
    def years(self) -> int:
        """Years until the deadline."""
        return self.deadline - FIRST + 1


def draw_countries(states: int, clusters: int, tasks: bool, rng: np.random.Generator) -> list[Country]:
    """Returns all States, cluster by cluster; with tasks, none is too small to be cut into them."""
    found: list[Country] = []
    for cluster in range(clusters):
        number = states * (cluster + 1) // clusters - states * cluster // clusters
        ranks = (rng.permutation(number) + rng.random(number)) / number
        found += [_country(f"S{len(found) + at:04}", cluster, float(rank), tasks, rng) for at, rank in enumerate(ranks)]
    return found


def _country(key: str, cluster: int, rank: float, tasks: bool, rng: np.random.Generator) -> Country:
    """Draws one State; `rank` says how contaminated it is among its cluster's, 0 to 1."""
    hope = HOPES[min(2, max(0, int(3 * (rank + rng.normal(0, 0.04)))))]
    cleared = math.ceil(100 * _area(rank, 2.0 if tasks else _SMALLEST))
    surveyed = math.ceil(cleared * rng.uniform(3, 8))
    terrain = int(rng.choice(3, p=[0.2, 0.45, 0.35]))
    years = int(rng.integers(4, LAST - FIRST + 2))
    cost = 10_000 * OWN * (cleared * CLEARANCE[terrain] + surveyed * SURVEY[terrain])
    pays = rng.uniform(*_PAYS[hope]) if rng.random() < 0.4 else rng.uniform(0.02, 0.08)
    pace = cost / years
    room = pace * rng.uniform(*_ROOM[hope])
    return Country(
        id=key,
        cluster=cluster,
        region=f"R{cluster:02}{'ABCD'[int(rng.integers(4))]}",
        hope=hope,
        terrain=terrain,
        deadline=FIRST + years - 1,
        weight=int(rng.choice([1, 2, 3], p=[0.6, 0.25, 0.15])),
        cleared=cleared,
        surveyed=surveyed,
        own_money=_rounded(max(pace * pays, 50_000)),
        absorption=min(_MOST, _rounded(max(room - pace * pays, 250_000))),
        max_partners=int(rng.integers(4, 8)) + (3 if hope == "hopeless" else 0),
        ownership=tuple(round(float(part), 1) for part in rng.uniform(0.2 if hope == "hopeless" else 0.4, 1.0, 5)),
    )


def _area(rank: float, smallest: float) -> float:
    """Returns the km2 at a rank of the lognormal cut off at its smallest and largest value."""
    normal = NormalDist(math.log(_LARGEST), _SPREAD)
    low, high = normal.cdf(math.log(smallest)), 0.5
    return math.exp(normal.inv_cdf(low + rank * (high - low)))


def _rounded(money: float) -> int:
    """Returns money to the nearest ten thousand dollars, at least that."""
    return max(10_000, round(money / 10_000) * 10_000)


def reach_of(wanted: float, states: int) -> int:
    """Returns how many of a cluster's States a provider reaches that would reach so many of 35."""
    return min(states, max(2, round(wanted * float((states / 35) ** 0.7))))


def state_data(country: Country) -> dict[str, Any]:
    """Returns a State as a scenario writes it."""
    names = ("high_level_interest", "empowered_entities", "measures_articulated", "challenges_planned")
    return {
        "name": f"State {country.id[1:]}",
        "region": country.region,
        "deadline": country.deadline,
        "weight": country.weight,
        "absorption": country.absorption,
        "max_partners": country.max_partners,
        "ownership": dict(zip((*names, "financial_commitment"), country.ownership, strict=True)),
    }
