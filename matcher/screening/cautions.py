"""What a scenario's author may want to know before solving: odd things that are no faults."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import islice
from math import ceil
from typing import Literal

from matcher.formulation.need_aggregation import Merged, merge
from matcher.scenario import FundingOffer, Need, Scenario, TechnicalOffer
from matcher.scenario.eligibility import OptionSet, Reason, find_options, need_node, reach
from matcher.scenario.within_reach import limited_shares, payers_of
from matcher.screening.caution import (
    Caution,
    CommitmentImpossible,
    NeedAlone,
    NeedUnserved,
    NoReferencePrice,
    OfferAlone,
    OfferEmpty,
    OfferUnused,
    PinImpossible,
    ProvenanceMissing,
    ShareUnbound,
    StateLate,
    StateShort,
    UnitSlip,
    WindowOutside,
)
from matcher.screening.unit_slips import find_slips

COLLECTIONS = ("capabilities", "states", "needs", "offers")
"""Collections whose entities hold figures that come from the world."""
Pair = tuple[str | None, str, str]
"""Financier or none, implementer, need."""
MOST_PAIRS = 300
"""Pairs that are asked why they are no option: of all pairs of a large scenario it would take hours."""


@dataclass(frozen=True)
class _Seen:
    """The options of a scenario, or of its like needs merged, and what several cautions look up in them."""

    options: OptionSet
    original: Scenario
    members: Mapping[str, tuple[str, ...]]
    """Needs of the original by the need of the options' scenario that stands for them."""

    @property
    def scenario(self) -> Scenario:
        """The scenario of the options."""
        return self.options.scenario

    @cached_property
    def reached(self) -> dict[str, list[str]]:
        """For each need, the offers whose own filters let them serve it, sorted."""
        graph = reach(self.scenario)
        return {need.id: sorted(graph.predecessors(need_node(need.id))) for need in self.scenario.needs}


def screen(scenario: Scenario) -> tuple[Caution, ...]:
    """Returns what its author may want to know about a scenario before it is solved, by kind and then by id.

    Nothing is changed and nothing is solved. Each caution has a `code`, a `subject` and the data of its
    kind (`matcher.screening.caution`): ids, whole numbers in the scenario's units, reasons and unit slips.
    """
    merged = merge(scenario)  # like needs have like options: one of them stands for all
    return cautions_of(find_options(merged.scenario), merged)


def cautions_of(options: OptionSet, merged: Merged | None = None) -> tuple[Caution, ...]:
    """Returns every caution about a scenario, by kind and then by id.

    Parameters
    ----------
    options
        Options of the scenario; of its like needs merged, if `merged` is given.
    merged
        What was merged: the cautions then speak of the needs of the original, each for itself.
    """
    original = merged.original if merged else options.scenario
    members = merged.members if merged else {need.id: (need.id,) for need in original.needs}
    seen = _Seen(options, original, members)
    return (
        *_impossible_decisions(options),
        *_states_that_cannot_complete(seen),
        *_shares_without_force(seen.scenario),
        *_unserved_needs(seen),
        *_unused_offers(seen),
        *_windows_outside(original),
        *_work_without_value(options),
        *unit_slips(original),
        *_missing_provenance(original),
    )


def unit_slips(scenario: Scenario) -> Iterator[UnitSlip]:
    """Figures that were probably written in another unit; none is changed."""
    for slip in find_slips(scenario):
        yield UnitSlip(slip.path, slip)


def _windows_outside(scenario: Scenario) -> Iterator[Caution]:
    """Needs and offers whose own years lie outside the horizon."""
    entities: list[tuple[Literal["need", "offer"], Need | FundingOffer | TechnicalOffer]] = []
    entities += [("need", need) for need in scenario.needs]
    entities += [("offer", scenario.offer(offer.id)) for offer in scenario.offers]
    for collection, entity in entities:
        if entity.years is not None and not scenario.window(entity):
            yield WindowOutside(entity.id, collection, entity.years, scenario.horizon)


def _unused_offers(seen: _Seen) -> Iterator[Caution]:
    """Offers that no option uses, with the reasons of the nearest miss."""
    scenario = seen.scenario
    used = {offer for option in seen.options.options for offer in (option.financier, option.implementer)}
    for each in scenario.offers:
        offer = scenario.offer(each.id)
        if not scenario.window(offer):
            continue  # said by another caution
        if not _gives_anything(scenario, offer):
            yield OfferEmpty(offer.id)
        elif offer.id not in used:
            yield _unused(seen, offer)


def _gives_anything(scenario: Scenario, offer: FundingOffer | TechnicalOffer) -> bool:
    if isinstance(offer, FundingOffer):
        return any(scenario.money_at(offer, year) for year in scenario.years)
    return any(scenario.capacity_at(offer, year) for year in scenario.years)


def _unused(seen: _Seen, offer: FundingOffer | TechnicalOffer) -> Caution:
    scenario = seen.scenario
    if isinstance(offer, FundingOffer):
        pairs: Iterator[Pair] = (
            (offer.id, other, need)
            for need, others in seen.reached.items()
            for other in others
            if isinstance(scenario.offer(other), TechnicalOffer)
        )
    else:
        pairs = (
            (payer, offer.id, need.id)
            for need in scenario.needs
            if need.capability == offer.capability
            for payer in _payers(scenario, seen.reached[need.id])
        )
    miss = _nearest_miss(seen.options, pairs)
    if miss is None:
        return OfferAlone(offer.id)
    (_, _, need), reasons = miss
    return OfferUnused(offer.id, need, reasons)


def _payers(scenario: Scenario, offers: Iterable[str]) -> list[str | None]:
    return [None, *(offer for offer in offers if isinstance(scenario.offer(offer), FundingOffer))]


def _unserved_needs(seen: _Seen) -> list[NeedAlone | NeedUnserved]:
    """Needs without any option, with the reasons of the nearest miss."""
    scenario = seen.scenario
    found: list[NeedAlone | NeedUnserved] = []
    for need in scenario.needs:
        if seen.options.of_need[need.id] or not scenario.window(need):
            continue
        workers = (offer.id for offer in scenario.technical if offer.capability == need.capability)
        payers = _payers(scenario, seen.reached[need.id])
        miss = _nearest_miss(seen.options, ((payer, worker, need.id) for worker in workers for payer in payers))
        for member in seen.members[need.id]:
            if miss is None:
                found.append(NeedAlone(member, need.capability))
            else:
                found.append(NeedUnserved(member, miss[1]))
    return sorted(found, key=lambda each: each.subject)


def _nearest_miss(options: OptionSet, pairs: Iterable[Pair]) -> tuple[Pair, tuple[Reason, ...]] | None:
    """Returns the pair with the fewest reasons against it, the first of several, among the first `MOST_PAIRS`."""
    misses = [(pair, options.why_not(*pair)) for pair in islice(pairs, MOST_PAIRS)]
    return min(misses, key=lambda miss: len(miss[1]), default=None)


def _states_that_cannot_complete(seen: _Seen) -> Iterator[Caution]:
    """States whose needs cannot all be met by the deadline, whatever is chosen."""
    scenario = seen.scenario
    for state in scenario.states:
        needs = [need for need in scenario.needs_of(state.id) if need.completes and need.delivered < need.quantity]
        if needs and state.last_year < scenario.horizon.first:
            yield StateLate(state.id, state.deadline)
            continue
        most: dict[str, int] = {}
        for need in needs:
            most |= dict.fromkeys(seen.members[need.id], _most_by(seen.options, need, state.last_year))
        for member in sorted(most):
            need = seen.original.need(member)
            if need.delivered + most[member] < need.quantity:
                unit = scenario.capability(need.capability).unit
                yield StateShort(state.id, state.deadline, need.id, need.delivered + most[member], need.quantity, unit)


def _shares_without_force(scenario: Scenario) -> Iterator[Caution]:
    """Limits on one provider's share where too few could pay for all of them to keep it."""
    binding = {state for state, _ in limited_shares(scenario)}
    unbound = [state for state in scenario.states if state.max_share is not None and state.id not in binding]
    payers = payers_of(scenario) if unbound else {}
    for state in unbound:
        assert state.max_share is not None
        yield ShareUnbound(state.id, str(state.max_share), len(payers[state.id]), ceil(1 / Fraction(state.max_share)))


def _most_by(options: OptionSet, need: Need, deadline: int) -> int:
    """Returns the most of a need that its providers could deliver by a deadline if they did nothing else."""
    scenario = options.scenario
    granule = scenario.capability(need.capability).granule
    years_of: dict[str, set[int]] = {}
    for option in options.of_need[need.id]:
        years_of.setdefault(option.implementer, set()).update(option.years)
    workers = [
        (offer, years_of[offer.id]) for offer in map(scenario.offer, years_of) if isinstance(offer, TechnicalOffer)
    ]
    most = 0
    for year in range(scenario.horizon.first, min(deadline, scenario.horizon.last) + 1):
        units = granule * sum(scenario.capacity_at(offer, year) for offer, years in workers if year in years)
        most += units if need.max_per_year is None else min(units, need.max_per_year)
    return most


def _impossible_decisions(options: OptionSet) -> Iterator[Caution]:
    """Commitments and pins that no option can honour."""
    scenario = options.scenario
    years = {(each.financier, each.implementer, each.need): each.years for each in options.options}
    for at, commitment in enumerate(scenario.decisions.commitments):
        key = (commitment.financier, commitment.implementer, commitment.need)
        if commitment.year not in years.get(key, ()):
            yield CommitmentImpossible(f"decisions.commitments.{at}", commitment.year)
    usable: dict[tuple[str | None, str], set[int]] = defaultdict(set)
    for each in options.options if scenario.decisions.pins else ():
        for offer in (each.financier, each.implementer):
            usable[offer, each.state].update(each.years)
    for at, pin in enumerate(scenario.decisions.pins):
        wanted = set(pin.years.range()) if pin.years else set(scenario.years)
        if not usable[pin.offer, pin.state] & wanted:
            yield PinImpossible(f"decisions.pins.{at}", pin.offer, pin.state)


def _work_without_value(options: OptionSet) -> Iterator[Caution]:
    """Work in kind that weighs nothing in an objective that is sought."""
    scenario = options.scenario
    goals = scenario.objectives.weights if scenario.objectives.weights is not None else scenario.order()
    valuing = tuple(each.objective for each in goals if each.objective in ("fit", "firmness"))
    free = {scenario.need(each.need).capability for each in options.options if each.granule_price == 0}
    for key in sorted(free) if valuing else ():
        if scenario.capability(key).reference_price is None:
            yield NoReferencePrice(key, valuing)


def _missing_provenance(scenario: Scenario) -> Iterator[Caution]:
    """Collections in which some entities say nothing about where their figures come from."""
    for name in COLLECTIONS:
        entities = getattr(scenario, name)
        count = sum(not entity.provenance for entity in entities)
        if count:
            yield ProvenanceMissing(name, count, len(entities))
