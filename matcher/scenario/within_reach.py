"""What each State could have by the limits of itself, one offer and one year alone.

A State that no option can serve at all would hold the smallest coverage at 0 and take it from all others: it is
set aside there and named. A limit on one provider's share binds only where enough others could pay.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil

from matcher.scenario.eligibility import need_node, option_years, options_between, reach
from matcher.scenario.entities import FundingOffer, Need, TechnicalOffer
from matcher.scenario.scenario import Scenario


def states_within_reach(scenario: Scenario) -> frozenset[str]:
    """Returns the States that count in `worst_off`.

    They have a need with a weight, and for it an option and a year that admit one granule and both minimum sizes under
    the limits of that State, offer and year alone.
    """
    found, graph = set(), reach(scenario)
    for need in scenario.needs:
        if need.state in found or not need.weight:
            continue
        offers = [scenario.offer(offer) for offer in sorted(graph.predecessors(need_node(need.id)))]
        if any(_admits(scenario, payer, worker, need) for payer, worker in options_between(scenario, need, offers)):
            found.add(need.state)
    return frozenset(found)


def _admits(scenario: Scenario, payer: FundingOffer | None, worker: TechnicalOffer, need: Need) -> bool:
    """Whether some year has room for a granule and both minimum sizes, all other limits apart."""
    granule = scenario.capability(need.capability).granule
    if need.quantity - need.delivered < granule or (need.max_per_year is not None and need.max_per_year < granule):
        return False
    return any(_admits_in(scenario, payer, worker, need, year) for year in option_years(scenario, payer, worker, need))


def _admits_in(scenario: Scenario, payer: FundingOffer | None, worker: TechnicalOffer, need: Need, year: int) -> bool:
    if scenario.capacity_at(worker, year) < max(1, least_of(scenario, worker, need.state)):
        return False
    if payer is None:
        return True
    least = max(scenario.granule_price(worker), least_of(scenario, payer, need.state))
    limit = scenario.state(need.state).absorption
    if scenario.is_external(payer.id, need.state) and limit is not None and limit.at(year) < least:
        return False
    if payer.repayment is not None and year + payer.repayment.after > scenario.horizon.last:
        return False
    return scenario.most_money(payer)[year - scenario.horizon.first] >= least


def least_of(scenario: Scenario, offer: FundingOffer | TechnicalOffer, state: str) -> int:
    """Returns the least that an offer gives in a year in which it gives anything: minor units, or granules.

    Of an external offer it is that of a working year; a State's own has no more than its own minimum.
    """
    if scenario.is_external(offer.id, state):
        return scenario.least_given(offer.id, state)
    if isinstance(offer, FundingOffer):
        return scenario.converted(offer, offer.min_per_state, up=True)
    return -(-offer.min_per_state // scenario.capability(offer.capability).granule)


def payers_of(scenario: Scenario) -> dict[str, frozenset[str]]:
    """Returns the external providers that could pay for something in each State, in whatever year."""
    found: dict[str, set[str]] = {state.id: set() for state in scenario.states}
    graph = reach(scenario)
    for need in scenario.needs:
        offers = [scenario.offer(offer) for offer in sorted(graph.predecessors(need_node(need.id)))]
        unknown = [
            offer
            for offer in offers
            if isinstance(offer, TechnicalOffer)
            or (scenario.is_external(offer.id, need.state) and offer.provider not in found[need.state])
        ]
        pairs = options_between(scenario, need, unknown)
        found[need.state].update(payer.provider for payer, _ in pairs if payer is not None)
    return {state: frozenset(payers) for state, payers in found.items()}


def limited_shares(scenario: Scenario) -> Iterator[tuple[str, Fraction]]:
    """Yields each State with a limit on one provider's share that binds, and the limit."""
    limits = [(state.id, Fraction(state.max_share)) for state in scenario.states if state.max_share is not None]
    payers = payers_of(scenario) if limits else {}
    for state, limit in limits:
        if not limit or len(payers[state]) >= ceil(1 / limit):
            yield state, limit
