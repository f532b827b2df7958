"""Which rules of eligibility keep providers from a need, and the nearest provider that each keeps away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from matcher.explanation.findings import Cause
from matcher.explanation.relaxations import EARMARKS, Pair
from matcher.scenario import Scenario, TechnicalOffer
from matcher.scenario.eligibility import Reason

NOBODY_OFFERS = "nobody_offers"
"""Reason of a need for whose kind of work there is no offer."""


def barred(scenario: Scenario, need: str, refused: Mapping[Pair, tuple[Reason, ...]]) -> Iterator[Cause]:
    """Yields rules that alone keep providers from a need, those that keep most first, each with the nearest one.

    Where nobody is eligible and no rule alone is why, the rules of the nearest provider instead, with a gain of 0;
    where nobody offers such work at all, only that (``nobody_offers``, of the capability).
    The nearest is the one with fewest rules against it, then the one that offers more, then by name.

    Parameters
    ----------
    refused
        Every pair that is no option of the need, and why.
    """
    capability = scenario.need(need).capability
    if all(offer.capability != capability for offer in scenario.technical):
        yield Cause(code=NOBODY_OFFERS, subjects=(capability,), gain=0)
        return
    fewest: dict[tuple[str, str], int] = {}
    alone: dict[str, set[str]] = defaultdict(set)
    for reasons in refused.values():
        for reason in reasons:
            if reason.offer is not None and reason.code in EARMARKS:
                named = reason.code, reason.offer
                fewest[named] = min(fewest.get(named, len(reasons)), len(reasons))
                if len(reasons) == 1:
                    alone[reason.code].add(reason.offer)

    def distance(named: tuple[str, str]) -> tuple[int, int, str]:
        return fewest[named], -_worth(scenario, named[1]), named[1]

    for code, offers in sorted(alone.items(), key=lambda each: (-len(each[1]), each[0])):
        nearest = min(((code, offer) for offer in offers), key=distance)[1]
        yield Cause(code=code, subjects=(nearest,), gain=len(offers))
    pairs = len(scenario.technical) * (len(scenario.funding) + 1)
    if not alone and fewest and len(refused) == pairs:
        nearest = min(fewest, key=distance)[1]
        for code in sorted(code for code, offer in fewest if offer == nearest):
            yield Cause(code=code, subjects=(nearest,), gain=0)


def _worth(scenario: Scenario, key: str) -> int:
    """All that an offer offers, in minor units of the scenario's currency: work at its own price."""
    offer = scenario.offer(key)
    if isinstance(offer, TechnicalOffer):
        return sum(scenario.capacity_by_year(offer)) * scenario.granule_price(offer)
    return sum(scenario.money_by_year(offer))
