"""One tiny scenario, flows of it stated rightly, and what the checker finds in them."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

from matcher.portfolio.result import scenario_hash
from matcher.scenario import Scenario
from matcher.verification import Report, verify
from matcher.verification.report import RULES

TINY: dict[str, Any] = {
    "name": "tiny",
    "horizon": [2020, 2023],
    "currency": {"code": "USD"},
    "rates": {"EUR": {"rate": Decimal("1.5")}},
    "capabilities": {
        "clearance": {"name": "Clearance", "unit": "m2", "granule": 10},
        "advice": {"name": "Advice", "unit": "month", "reference_price": Decimal("7.5")},
    },
    "states": {"S": {"name": "S", "deadline": 2022}, "Z": {"name": "Z", "deadline": 2022}},
    "needs": {
        "N": {"state": "S", "capability": "clearance", "quantity": 100},
        "M": {"state": "S", "capability": "clearance", "quantity": 50},
        "K": {"state": "Z", "capability": "advice", "quantity": 10},
    },
    "providers": {
        "donor": {"name": "Donor", "kind": "donor_state"},
        "second": {"name": "Second", "kind": "donor_state"},
        "fund": {"name": "Fund", "kind": "foundation"},
        "ngo": {"name": "NGO", "kind": "operator"},
        "home": {"name": "S itself", "kind": "affected_state", "state": "S"},
    },
    "offers": {
        "grant": {"kind": "funding", "provider": "donor", "amount": 1000},
        "other": {"kind": "funding", "provider": "second", "amount": 1000},
        "gift": {"kind": "funding", "provider": "fund", "amount": 1000},
        "budget": {"kind": "funding", "provider": "home", "amount": 1000, "states": ["S"]},
        "team": {"kind": "technical", "provider": "ngo", "capability": "clearance", "capacity": 1000, "price": 2},
        "free": {"kind": "technical", "provider": "ngo", "capability": "advice", "capacity": 10},
    },
}
"""Clearance at 20 a granule of 10 m2, advice for nothing: numbers to reckon with in the head."""

Found = list[tuple[Any, ...]]


def changed(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Returns a copy of a document with fields changed, each named by its path with ``__`` between the keys."""
    copy = deepcopy(document)
    for path, value in changes.items():
        *way, last = path.split("__")
        place = copy
        for key in way:
            place = place.setdefault(key, {})
        place[last] = value
    return copy


def flow(year: int, quantity: int, financier: str | None = "grant", need: str = "N", **changes: Any) -> dict[str, Any]:
    """Returns a flow of the tiny scenario, stated rightly."""
    kinds = {"gift": "public-private", None: "operator"}
    implementer, money = ("free", 0) if need == "K" else ("team", 2 * quantity)
    names = {"financier": financier, "implementer": implementer, "need": need, "year": year}
    return {**names, "kind": kinds.get(financier, "operator"), "quantity": quantity, "money": money, **changes}


def answer(
    scenario: dict[str, Any], flows: list[dict[str, Any]], runs: dict[tuple[str, str], list[list[int]]] | None = None
) -> Report:
    """Checks flows; engagements are the years of the flows, unless runs say otherwise."""
    needs = scenario["needs"]
    engaged: dict[tuple[str, str], set[int]] = {}
    for each in flows:
        for offer in filter(None, (each["financier"], each["implementer"])):
            engaged.setdefault((offer, needs[each["need"]]["state"]), set()).add(each["year"])
    listed = {pair: _runs(years) for pair, years in engaged.items()} | (runs or {})
    model = Scenario.from_data(scenario)
    portfolio = {
        "scenario": scenario["name"],
        "scenario_hash": scenario_hash(model),
        "flows": flows,
        "engagements": [
            {"offer": offer, "state": state, "years": years}
            for (offer, state), listing in listed.items()
            for years in listing
        ],
    }
    return verify(model, portfolio)


def _runs(years: set[int]) -> list[list[int]]:
    """Returns the unbroken runs that years make."""
    starts = sorted(year for year in years if year - 1 not in years)
    return [[start, next(end for end in range(start, 2200) if end + 1 not in years)] for start in starts]


def found(report: Report) -> Found:
    """Returns what was found, without the words."""
    assert all(each.name == RULES[each.rule] and each.detail for each in report.violations)
    return [(each.rule, each.who, each.year, each.excess) for each in report.violations]
