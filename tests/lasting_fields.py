"""Random scenarios with what makes partnerships last: what was there before the horizon, terms, shares and floors."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from generators import Seeded, draw_document
from matcher.scenario import Scenario

SHARES = [Decimal(0), Decimal("0.34"), Decimal("0.5"), Decimal("0.75")]


def draw_lasting_scenario(seed: int, **sizes: Any) -> Scenario:
    """Returns a random scenario (see `draw_document`) with every field that makes partnerships last, here and there."""
    source = Seeded(seed)
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
            need["delivered"] = granule * source.integer(0, need["quantity"] // granule)
    for offer in document["offers"].values():
        _before(source, document, offer)
    if source.integer(0, 2) == 0:
        document["least_engagement"] = source.integer(1, 4)
    document["objectives"]["dependence_share"] = source.choice(SHARES)
    return Scenario.from_data(document)


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
