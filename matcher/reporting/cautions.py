"""What a scenario's author may want to know before solving: odd things that are no faults."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from matcher.formulation.need_aggregation import Merged
from matcher.reporting import amounts, words
from matcher.reporting.unit_slips import find_slips
from matcher.scenario import FundingOffer, Need, Scenario, TechnicalOffer
from matcher.scenario.eligibility import OptionSet, Reason, need_node, reach

COLLECTIONS = ("capabilities", "states", "needs", "offers")
"""Collections whose entities hold figures that come from the world."""
Pair = tuple[str | None, str, str]
"""Financier or none, implementer, need."""
MOST_PAIRS = 300
"""Pairs that are asked why they are no option: of all pairs of a large scenario it would take hours."""


@dataclass(frozen=True)
class Caution:
    """One odd thing: a code of the words table and what fills its sentence."""

    code: str
    """Code of the sentence."""
    subject: str
    """Id of what it is about."""
    details: tuple[tuple[str, str], ...] = ()
    """What else the sentence names."""

    @property
    def text(self) -> str:
        """The caution as a sentence."""
        return words.WARNINGS[self.code].format(subject=self.subject, **dict(self.details))


def _caution(code: str, subject: str, **details: object) -> Caution:
    return Caution(code, subject, tuple((name, str(value)) for name, value in details.items()))


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
        *_unserved_needs(seen),
        *_unused_offers(seen),
        *_windows_outside(original),
        *_work_without_value(options),
        *unit_slips(original),
        *_missing_provenance(original),
    )


def unit_slips(scenario: Scenario) -> Iterator[Caution]:
    """Figures that were probably written in another unit; none is changed."""
    for slip in find_slips(scenario):
        less = slip.intent.off < 1
        said = {"peers": f"{slip.peers:,}", "compared": slip.compared, "said": slip.said or slip.compared}
        yield _caution(
            "unit_slip",
            slip.path,
            otherwise=words.OTHERWISE.format(rival=slip.rival) if slip.rival else "",
            path=slip.path,
            found=slip.found,
            compared=words.YARDSTICKS[slip.kind].format(**said),
            factor=f"{int(max(slip.intent.off, 1 / slip.intent.off)):,}",
            direction="less" if less else "more",
            remedy="as much" if less else "less",
            intent=words.INTENTS[slip.intent.code].format(unit=slip.intent.unit),
        )


def _windows_outside(scenario: Scenario) -> Iterator[Caution]:
    """Needs and offers whose own years lie outside the horizon."""
    horizon = amounts.years(scenario.horizon)
    entities: list[tuple[str, Need | FundingOffer | TechnicalOffer]] = [("need", need) for need in scenario.needs]
    entities += [("offer", scenario.offer(offer.id)) for offer in scenario.offers]
    for collection, entity in entities:
        if entity.years is not None and not scenario.window(entity):
            years = amounts.years(entity.years)
            yield _caution("window_outside", entity.id, collection=collection, years=years, horizon=horizon)


def _unused_offers(seen: _Seen) -> Iterator[Caution]:
    """Offers that no option uses, with the reasons of the nearest miss."""
    scenario = seen.scenario
    used = {offer for option in seen.options.options for offer in (option.financier, option.implementer)}
    for each in scenario.offers:
        offer = scenario.offer(each.id)
        if not scenario.window(offer):
            continue  # said by another caution
        if not _gives_anything(scenario, offer):
            yield _caution("offer_empty", offer.id)
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
        return _caution("offer_alone", offer.id)
    (_, _, need), reasons = miss
    return _caution("offer_unused", offer.id, need=need, reasons=_reasons_text(reasons))


def _payers(scenario: Scenario, offers: Iterable[str]) -> list[str | None]:
    return [None, *(offer for offer in offers if isinstance(scenario.offer(offer), FundingOffer))]


def _unserved_needs(seen: _Seen) -> list[Caution]:
    """Needs without any option, with the reasons of the nearest miss."""
    scenario, found = seen.scenario, []
    for need in scenario.needs:
        if seen.options.of_need[need.id] or not scenario.window(need):
            continue
        workers = (offer.id for offer in scenario.technical if offer.capability == need.capability)
        payers = _payers(scenario, seen.reached[need.id])
        miss = _nearest_miss(seen.options, ((payer, worker, need.id) for worker in workers for payer in payers))
        for member in seen.members[need.id]:
            if miss is None:
                found.append(_caution("need_alone", member, capability=need.capability))
            else:
                found.append(_caution("need_unserved", member, reasons=_reasons_text(miss[1])))
    return sorted(found, key=lambda each: each.subject)


def _nearest_miss(options: OptionSet, pairs: Iterable[Pair]) -> tuple[Pair, tuple[Reason, ...]] | None:
    """Returns the pair with the fewest reasons against it, the first of several, among the first `MOST_PAIRS`."""
    misses = [(pair, options.why_not(*pair)) for pair in islice(pairs, MOST_PAIRS)]
    return min(misses, key=lambda miss: len(miss[1]), default=None)


def _reasons_text(reasons: tuple[Reason, ...]) -> str:
    return "; ".join(
        words.REASONS[reason.code].format(offer=reason.offer, found=reason.found, wanted=reason.wanted)
        for reason in reasons
    )


def _states_that_cannot_complete(seen: _Seen) -> Iterator[Caution]:
    """States whose needs cannot all be met by the deadline, whatever is chosen."""
    scenario = seen.scenario
    for state in scenario.states:
        needs = [need for need in scenario.needs_of(state.id) if need.completes]
        if needs and state.deadline < scenario.horizon.first:
            yield _caution("state_late", state.id, deadline=state.deadline)
            continue
        most: dict[str, int] = {}
        for need in needs:
            most |= dict.fromkeys(seen.members[need.id], _most_by(seen.options, need, state.deadline))
        for member in sorted(most):
            need = seen.original.need(member)
            if most[member] < need.quantity:
                yield _caution(
                    "state_short",
                    state.id,
                    deadline=state.deadline,
                    most=f"{most[member]:,}",
                    quantity=f"{need.quantity:,}",
                    unit=scenario.capability(need.capability).unit,
                    need=need.id,
                )


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
            yield _caution("commitment_impossible", f"decisions.commitments.{at}", year=commitment.year)
    usable: dict[tuple[str | None, str], set[int]] = defaultdict(set)
    for each in options.options if scenario.decisions.pins else ():
        for offer in (each.financier, each.implementer):
            usable[offer, each.state].update(each.years)
    for at, pin in enumerate(scenario.decisions.pins):
        wanted = set(pin.years.range()) if pin.years else set(scenario.years)
        if not usable[pin.offer, pin.state] & wanted:
            yield _caution("pin_impossible", f"decisions.pins.{at} of {pin.offer}", state=pin.state)


def _work_without_value(options: OptionSet) -> Iterator[Caution]:
    """Work in kind that weighs nothing in an objective that is sought."""
    scenario = options.scenario
    goals = scenario.objectives.weights if scenario.objectives.weights is not None else scenario.order()
    valuing = [each.objective for each in goals if each.objective in ("fit", "firmness")]
    free = {scenario.need(each.need).capability for each in options.options if each.granule_price == 0}
    for key in sorted(free) if valuing else ():
        if scenario.capability(key).reference_price is None:
            yield _caution("no_reference_price", key, objectives=" and ".join(valuing))


def _missing_provenance(scenario: Scenario) -> Iterator[Caution]:
    """Collections in which some entities say nothing about where their figures come from."""
    for name in COLLECTIONS:
        entities = getattr(scenario, name)
        count = sum(not entity.provenance for entity in entities)
        if count:
            yield _caution("provenance_missing", name, count=count, total=len(entities), collection=name)
