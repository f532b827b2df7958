"""Who offers money in an instance: donors, foundations and companies, and the affected States themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.instance_states import LAST, Country, reach_of
from benchmarks.instance_work import work_of

Found = tuple[dict[str, Any], dict[str, Any]]
"""Providers and offers by id."""

_TOP_FIVE = (0.72, 0.75)
"""Share of the five largest donors: 0.72 in 2014, 0.75 in 2020 (Landmine Monitor 2015, 2021)."""
_MONEY = (12_000_000, 14_000_000)
"""Dollars a year per State: 417 million in 2014 in 45 places, and 561 to 673 million in 2017 to 2020."""
_REACH = (5, 22)
"""States that a donor gives to where there are 35."""
_CHANNELS: tuple[tuple[float, list[str] | None], ...] = (
    (0.35, None),
    (0.20, ["operator"]),
    (0.25, ["operator", "un_agency", "regional_organisation", "affected_state"]),
    (0.20, ["own_programme", "operator", "un_agency", "company"]),
)
"""How donors give: to anyone, through NGOs only (United Kingdom 98 per cent), NGOs and the UN, with contracts."""


@dataclass(frozen=True)
class Place:
    """A cluster and the neighbours that its providers also reach."""

    cluster: int
    """Number of the cluster."""
    home: list[Country]
    """Its States."""
    near: list[Country]
    """States of the next cluster; none if there is but one."""

    def pick(self, number: int, power: float, rng: np.random.Generator) -> list[Country]:
        """Returns States, each the sooner the more it absorbs, one in ten or so from the next cluster."""
        pool = self.home + self.near
        pull = np.array([float(each.absorption) ** power for each in pool])
        pull[len(self.home) :] *= 0.1
        chosen = rng.choice(len(pool), min(number, len(self.home)), replace=False, p=pull / pull.sum())
        return [pool[at] for at in sorted(chosen)]


def offers_of(countries: list[Country], donors: int, granule: int, rng: np.random.Generator) -> Found:
    """Returns all providers and offers of an instance."""
    providers: dict[str, Any] = {}
    offers: dict[str, Any] = {}
    clusters = max(each.cluster for each in countries) + 1
    homes = [[each for each in countries if each.cluster == cluster] for cluster in range(clusters)]
    for cluster, home in enumerate(homes):
        place = Place(cluster, home, homes[(cluster + 1) % clusters] if clusters > 1 else [])
        for found in (_own(home), _donors(place, donors, rng), _privates(place, donors, rng)):
            providers |= found[0]
            offers |= found[1]
        found = work_of(place.cluster, place.home, place.pick, granule, rng)
        providers |= found[0]
        offers |= found[1]
    return providers, offers


def _own(home: list[Country]) -> Found:
    """Each State as a provider, with its own money."""
    providers = {each.id: {"name": f"State {each.id[1:]}", "kind": "affected_state", "state": each.id} for each in home}
    offers = {
        f"{each.id}-own-money": {
            "kind": "funding",
            "provider": each.id,
            "amount": each.own_money,
            "states": [each.id],
            "channels": ["own_programme", "operator", "company"],
            "carry_over": 0.2,
            "firmness": 0.9,
        }
        for each in home
    }
    return providers, offers


def budgets(number: int, total: int, share: float, rng: np.random.Generator) -> list[int]:
    """Returns budgets, largest first, of a lognormal whose spread gives the five largest their share."""
    shape = np.sort(rng.normal(size=number))[::-1]
    shape[:5] = np.sort(np.maximum(shape[:5], shape[4]) + np.linspace(0.4, 0, 5))[::-1]
    low, high = 0.0, 8.0
    for _ in range(60):
        spread = (low + high) / 2
        size = np.exp(spread * (shape - shape[0]))
        low, high = (spread, high) if size[:5].sum() / size.sum() < share else (low, spread)
    return [max(100_000, round(float(part) * total / 10_000) * 10_000) for part in size / size.sum()]


def _donors(place: Place, number: int, rng: np.random.Generator) -> Found:
    """Donor States, and one regional organisation as the second largest."""
    providers: dict[str, Any] = {}
    offers: dict[str, Any] = {}
    total = len(place.home) * int(rng.integers(*_MONEY))
    money = budgets(number, total, rng.uniform(*_TOP_FIVE), rng)
    for at, every in enumerate(money):
        key = donor_id(place.cluster, at)
        kind = "regional_organisation" if at == 1 else "donor_state"
        providers[key] = {"name": f"Donor {at + 1} of cluster {place.cluster}", "kind": kind}
        offers[f"{key}-grants"] = _grants(place, key, at / number, every, rng)
    return providers, offers


def donor_id(cluster: int, at: int) -> str:
    """Returns the id of a donor, numbered from the largest."""
    return f"donor-{cluster:02}-{at:02}"


def _grants(place: Place, key: str, rank: float, every: int, rng: np.random.Generator) -> dict[str, Any]:
    """One donor's yearly money and its terms; `rank` is 0 for the largest."""
    low, high = _REACH
    wanted = low + (high - low) * (1 - rank) ** 1.5 * rng.uniform(0.55, 1.15)
    states = place.pick(reach_of(min(high, max(low, wanted)), len(place.home)), 0.35, rng)
    least = min(2_000_000, max(50_000, round(every / len(states) * rng.uniform(0.25, 0.6) / 10_000) * 10_000))
    channels = _CHANNELS[int(rng.choice(len(_CHANNELS), p=[share for share, _ in _CHANNELS]))][1]
    most = max(1, min(round(len(states) * rng.uniform(0.55, 0.9)), every // least))
    offer: dict[str, Any] = {
        "kind": "funding",
        "provider": key,
        "amount": every,
        "states": [each.id for each in states],
        "max_states": most if rng.random() < 0.75 else None,
        "min_per_state": least,
        "min_years": int(rng.choice([1, 2, 3], p=[0.25, 0.40, 0.35])),
        "channels": channels,
        "carry_over": float(rng.choice([0.0, 0.2, 0.5, 1.0], p=[0.55, 0.2, 0.15, 0.1])),
        "ownership_floor": float(rng.choice([0.0, 0.4, 0.5], p=[0.8, 0.12, 0.08])),
        "capabilities": ["clearance", "survey", "education"] if rng.random() < 0.15 else None,
        "firmness": round(rng.uniform(0.7, 1.0), 2),
        "fit": {each.id: float(rng.choice([0.8, 1.0])) for each in states if rng.random() < 0.5},
        "fit_otherwise": 0.6,
    }
    return {name: value for name, value in offer.items() if value is not None}


def _privates(place: Place, donors: int, rng: np.random.Generator) -> Found:
    """A foundation and a company that ask for public money beside theirs, and one or two pre-financing offers."""
    providers: dict[str, Any] = {}
    offers: dict[str, Any] = {}
    for name, kind in (("foundation", "foundation"), ("sponsor", "company")):
        key = f"{name}-{place.cluster:02}"
        providers[key] = {"name": f"{name.capitalize()} of cluster {place.cluster}", "kind": kind}
        offers[f"{key}-grants"] = {
            "kind": "funding",
            "provider": key,
            "amount": int(rng.integers(5, 30)) * 100_000,
            "states": [each.id for each in place.pick(3 if kind == "company" else 6, 0.0, rng)],
            "min_per_state": 50_000,
            "channels": ["own_programme", "operator"],
            "match": 1 if kind == "foundation" else 0.5,
            "firmness": 0.6,
        }
    for at in range(1 if len(place.home) < 30 else 2):
        key = f"investor-{place.cluster:02}-{at}"
        payer = donor_id(place.cluster, int(rng.integers(1, max(2, donors // 3))))
        providers[key] = {"name": f"Investor {at + 1} of cluster {place.cluster}", "kind": "foundation"}
        offers[f"{key}-advance"] = {
            "kind": "funding",
            "provider": key,
            "amount": int(rng.integers(10, 50)) * 100_000,
            "years": [LAST - 9, LAST - 4],
            "states": [each.id for each in place.pick(4, 0.3, rng)],
            "capabilities": ["clearance", "survey"],
            "min_per_state": 100_000,
            "repayment": {"offer": f"{payer}-grants", "after": 3, "premium": 0.05},
        }
    return providers, offers
