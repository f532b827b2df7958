"""By lot: who, of those that are equal but for their names, gets which part of a portfolio."""

from __future__ import annotations

from collections.abc import Mapping

from matcher.portfolio.portfolio import Portfolio
from matcher.scenario import Scenario
from matcher.scenario.likeness import Alike


def by_lot(scenario: Scenario, portfolio: Portfolio, classes: tuple[Alike, ...]) -> Portfolio:
    """Returns a portfolio with the parts of equal States, and of equal providers, handed out by lot.

    It is as good as the one given, figure by figure: nothing tells those who changed places apart.
    """
    places: dict[str, str] = {}
    for each in classes:
        places |= each.drawn(scenario.seed)
    if not places:
        return portfolio
    return portfolio.with_fields(
        flows=tuple(
            flow.with_fields(
                financier=None if flow.financier is None else _at(places, flow.financier),
                implementer=_at(places, flow.implementer),
                need=_at(places, flow.need),
            )
            for flow in portfolio.flows
        ),
        engagements=tuple(
            each.with_fields(offer=_at(places, each.offer), state=_at(places, each.state))
            for each in portfolio.engagements
        ),
    )


def _at(places: Mapping[str, str], key: str) -> str:
    return places.get(key, key)
