"""Seeded instances of any size, calibrated on what is published about mine-action money.

`generate("real", 101)` returns the same scenario, to the byte, wherever numpy draws the same numbers
(PCG64; checked by a test). Sizes are the rows of `SIZES`. Plan: 2016 to 2025, US dollars.

What the draws are fitted to, and where it comes from:

* Donors (Landmine Monitor 2015 to 2023: 33 donors for 42 States and 3 areas in 2014): about one for
  each affected State, budgets from a lognormal whose spread is solved for, so that the largest five
  give 72 to 75 per cent (0.72 in 2014, 0.75 in 2020). All give 12 to 14 million dollars a year per
  State (417 million in 2014, 561 to 673 in 2017 to 2020, in some 45 States and areas).
* A donor reaches 5 to 22 States of 35 (2014: Sweden 5, United Kingdom 7, Switzerland 11, Netherlands
  12, Japan 19, United States 29), larger States sooner: were each donor to give in proportion to what
  its States can absorb, the largest five recipients would take about 45 per cent, as in 2014 and 2020.
* Least grants from 50 thousand to 2 million dollars a year: the middle half of 99 grants seen in
  2014 lies between 0.28 and 2.8 million.
* Three of four donors commit for two or three years at least (12 of 15 whose terms are published
  have multi-year terms; Japan kept 18 of its 22 recipients from 2015 to 2016).
* Work costs 1.00, 1.80 or 3.24 dollars per m2 of clearance by class of terrain (Croatian tenders, the
  middle manual price, the Zimbabwean plan), survey 0.15, 0.27 or 0.40, an adviser 16,000 a month, a
  training place 6,700; NGOs add 7 per cent, the United Nations 13, own teams cost 10 per cent less.
* Land to clear is lognormal from 0.1 to 300 km2, one draw from each n-th part of the distribution.
  What a State can absorb until its deadline, with its own money, is a multiple of what completion
  costs: 1.8 to 3 for the small, 1.1 to 1.5 for the middle, 0.35 to 0.75 for the large States. So a
  third completes easily, a third in competition, a third not at all. All money is two thirds of what all
  needs cost at their least prices; grants, terms and limits leave about half to be met.
* Own money: two of five States pay much (13 of 33 reported a contribution), the others little.

Above 60 States the world is a ring of clusters, each as large as reality and calibrated like it;
donors and operators also reach into the next cluster, so that nothing falls apart.

Size `task` has 2,000 needs in each State: polygons of clearance and survey in four classes of
priority. Within a class, weight is exactly proportional to quantity; all else differs.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from benchmarks.instance_needs import needs_of
from benchmarks.instance_offers import offers_of
from benchmarks.instance_states import FIRST, LAST, draw_countries, state_data
from benchmarks.registry import registered
from matcher import Scenario

ObjectiveForm = Literal["weights", "lexicographic"]

HECTARE = 10_000
"""Square metres in a granule of land at most sizes."""
NAMES = {
    "clearance": ("Clearance", "m2"),
    "survey": ("Technical survey", "m2"),
    "information": ("Information management", "expert-month"),
    "training": ("Training of deminers and managers", "training place"),
    "education": ("Risk education", "session"),
    "laboratory": ("Mobile laboratory", "laboratory"),
}


@dataclass(frozen=True)
class Size:
    """How large an instance is."""

    name: str
    """Name in the registry."""
    states: int
    """Affected States, over all clusters."""
    donors: int
    """Donors of each cluster."""
    clusters: int = 1
    """Parts of the world that are as concentrated as the whole is in reality."""
    tasks: int = 0
    """Needs of each State if they are single tasks; 0 for five or six needs a State."""
    granule: int = HECTARE
    """Square metres in a granule of land."""


SIZES: dict[str, Size] = {
    size.name: size
    for size in (
        Size("tiny", 6, 8),
        Size("small", 15, 15),
        Size("real", 35, 30),
        Size("big", 200, 30, clusters=5),
        Size("task", 60, 35, tasks=2000, granule=100),
        Size("huge", 2000, 30, clusters=50),
    )
}


def size_of(name: str) -> Size:
    """Returns a registered size; an unknown name is a ValueError that lists those known."""
    return registered(SIZES, "size", name)


def generate(size: str, seed: int, objective: ObjectiveForm = "weights") -> Scenario:
    """Returns the instance of a size and seed as a scenario."""
    return Scenario.from_data(generate_data(size, seed, objective), f"{size}-{seed}")


def generate_data(size: str, seed: int, objective: ObjectiveForm = "weights") -> dict[str, Any]:
    """Returns the instance of a size and seed as plain data, the same bytes for the same arguments."""
    chosen = size_of(size)
    rng = np.random.Generator(np.random.PCG64([zlib.crc32(size.encode()), seed]))
    countries = draw_countries(chosen.states, chosen.clusters, bool(chosen.tasks), rng)
    needs = {key: need for each in countries for key, need in needs_of(each, chosen.tasks, chosen.granule, rng).items()}
    providers, offers = offers_of(countries, chosen.donors, chosen.granule, rng)
    data = {
        "matcher": 1,
        "name": f"{size}-{seed}",
        "title": f"Benchmark instance {size}, seed {seed}",
        "horizon": [FIRST, LAST],
        "currency": {"code": "USD", "decimals": 0},
        "capabilities": _capabilities(chosen.granule),
        "states": {each.id: state_data(each) for each in countries},
        "needs": needs,
        "providers": providers,
        "offers": offers,
    }
    return data if objective == "lexicographic" else {**data, "objectives": {"weights": _weights()}}


def _capabilities(granule: int) -> dict[str, Any]:
    return {
        key: {"name": name, "unit": unit, "granule": granule if unit == "m2" else 1}
        for key, (name, unit) in NAMES.items()
    }


def _weights() -> list[dict[str, Any]]:
    return [{"objective": "completions", "weight": 2}, {"objective": "coverage", "weight": 1}]
