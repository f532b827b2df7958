"""Random scenarios with what makes partnerships last: what was there before the horizon, terms, shares and orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from generators import Seeded, draw_document
from matcher.scenario import Scenario

SHARES = [Decimal(0), Decimal("0.34"), Decimal("0.5"), Decimal("0.75")]


MINIMISED = ("turnover", "waiting", "engagements", "dependence", "swings", "at_risk", "cost")
MAXIMISED = ("completions", "late_completions", "coverage", "worst_off", "fit", "firmness")
WEIGHTS = [Decimal("0.5"), Decimal(1), Decimal(2)]


def draw_lasting_scenario(seed: int, **sizes: Any) -> Scenario:
    """Returns a random scenario (see `draw_document`) with every field that makes partnerships last, here and there."""
    return Scenario.from_data(_lasting_document(Seeded(seed), **sizes))


def draw_ordered_scenario(seed: int, **sizes: Any) -> Scenario:
    """Returns such a scenario with an order of blends and tolerances, or with none: the default one."""
    source = Seeded(seed)
    document = _lasting_document(source, **sizes)
    left = [*MINIMISED, *MAXIMISED]
    if source.integer(0, 5):
        document["objectives"]["order"] = [_entry(source, left) for _ in range(source.integer(1, 5))]
    else:
        del document["objectives"]["order"]
    return Scenario.from_data(document)


def _entry(source: Seeded, left: list[str]) -> dict[str, Any]:
    """Draws an entry of an order: an objective or a blend of those that are left, and what others may give up."""
    # A blend with the smallest coverage is exact only where all else in it is small: it is tried apart.
    side = [name for name in source.choice([MINIMISED, MAXIMISED]) if name in left and name != "worst_off"]
    entry: dict[str, Any] = {}
    if source.integer(0, 2) == 0 and len(side) > 1:
        parts = [side.pop(source.integer(0, len(side) - 1)) for _ in range(source.integer(2, min(4, len(side))))]
        entry["blend"] = [{"objective": name, "weight": source.choice(WEIGHTS)} for name in parts]
    else:
        parts = [source.choice(left)]
        entry["objective"] = parts[0]
    left[:] = [name for name in left if name not in parts]
    tolerance = source.integer(0, 3)
    if tolerance == 0:
        entry["tolerance"] = source.choice([Decimal("0.05"), Decimal("0.25")])
    if tolerance == 1:
        entry["tolerance_amount"] = source.choice(WEIGHTS)
    return entry


def _lasting_document(source: Seeded, **sizes: Any) -> dict[str, Any]:
    """Returns the document of a random scenario with every field that makes partnerships last, here and there."""
    document = draw_document(source, **sizes)
    first, last = document["horizon"]
    for state in document["states"].values():
        if source.integer(0, 2) == 0:
            state["deadline"] = f"{source.integer(first, last + 1)}-{source.choice(['01-01', '06-30', '12-31'])}"
        if source.integer(0, 3) == 0:
            state["max_share"] = source.choice(SHARES)
    for need in document["needs"].values():
        granule = document["capabilities"][need["capability"]].get("granule", 1)
        if source.integer(0, 2) == 0:
            most = min([Decimal(1), *(_begun(document, first) for first in need.get("after", ()))])
            need["delivered"] = granule * source.integer(0, int(most * need["quantity"]) // granule)
    for offer in document["offers"].values():
        _before(source, document, offer)
    if source.integer(0, 2) == 0:
        document["least_engagement"] = source.integer(1, 4)
    document["objectives"]["dependence_share"] = source.choice(SHARES)
    return document


def _begun(document: dict[str, Any], first: dict[str, Any]) -> Decimal:
    """The share of a need that what comes first allows from the start."""
    other = document["needs"][first["need"]]
    return Decimal(first["head_start"]) + Decimal(other.get("delivered", 0)) / Decimal(other["quantity"])


def _before(source: Seeded, document: dict[str, Any], offer: dict[str, Any]) -> None:
    """Draws where an offer worked before the horizon, and what money is left or owed from then."""
    first, last = document["horizon"]
    funding = offer["kind"] == "funding"
    for state in document["states"] if source.integer(0, 1) else ():
        ongoing: dict[str, Any] = {"state": state}
        if source.integer(0, 1):
            ongoing["since"] = first - source.integer(1, 2)
        if source.integer(0, 1):
            ongoing["amount"] = source.integer(0, 5)
        if source.integer(0, 1):
            offer.setdefault("ongoing", []).append(ongoing)
    for field in ("carried_in", "debts") if funding else ():
        if source.integer(0, 3) == 0:
            offer[field] = {source.integer(first, last): source.integer(1, 3)}
