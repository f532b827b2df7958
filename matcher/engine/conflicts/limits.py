"""The budgets, capacities and other limits that stand against a set of decisions.

A limit is a figure of the scenario that can be waived: taken out, or raised to all that the decisions
and needs could ever ask for. A scenario with some limits waived has every portfolio of the scenario
itself and perhaps more. The smallest set of limits under which the decisions stay impossible is found
by halving (QuickXplain: Junker 2004).

What is no figure, such as who may work where, is told as the reason of a decision instead, and stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from matcher.engine.conflicts.trial import first_engine, is_impossible
from matcher.engine.settings import DEFAULT_SETTINGS, Settings
from matcher.formulation.formulate import formulate
from matcher.portfolio.result import Clock, Confirmer, Conflict, Figures
from matcher.scenario import Commitment, FundingOffer, Need, Pin, Scenario, State, TechnicalOffer
from matcher.scenario.edits import (
    Collection,
    LiftCap,
    Only,
    Owner,
    RaiseNeed,
    RaiseYear,
    ReplaceDecisions,
    WaiveLeastEngagement,
    WaiveLimit,
    WaiveMinimum,
    Waiver,
    edited,
)
from matcher.scenario.within_reach import limited_shares
from matcher.solvers.linear_model import ModelTooLarge
from matcher.units import MAX_MONEY, MAX_QUANTITY


@dataclass(frozen=True)
class Limit:
    """One limit of a scenario."""

    conflict: Conflict
    """The limit as a conflict."""
    waiver: Waiver
    """Takes it out of its scenario."""

    @property
    def owner(self) -> Owner:
        """Whose it is."""
        return self.waiver.owner


def restricted(scenario: Scenario, decisions: Sequence[Commitment | Pin]) -> Scenario:
    """Returns the scenario with these commitments and pins only, and the needs of the States that they speak of.

    Whatever other States could do would not make the decisions easier to keep.
    """
    home = {each.id: each.state for each in scenario.needs}
    states = {each.state if isinstance(each, Pin) else home[each.need] for each in decisions}
    needs = {each.id for each in scenario.needs if each.state in states}
    while more := {first.need for key in needs for first in scenario.need(key).after} - needs:
        needs |= more
    decided = scenario.decisions.with_fields(
        commitments=tuple(each for each in decisions if isinstance(each, Commitment)),
        pins=tuple(each for each in decisions if isinstance(each, Pin)),
        forbids=tuple(each for each in scenario.decisions.forbids if each.need is None or each.need in needs),
    )
    return edited(scenario, Only("needs", frozenset(needs)), ReplaceDecisions(decided))


def smallest(scenario: Scenario, clock: Clock, settings: Settings = DEFAULT_SETTINGS) -> tuple[Conflict, ...]:
    """Returns a smallest set of limits under which the decisions of a scenario are impossible; there may be others.

    Empty where they are impossible without any, or where the time ends first.
    """
    limits = [limit.conflict for limit in limits_of(scenario)]

    def impossible(kept: Sequence[Conflict]) -> bool:
        return clock.reason() is None and _impossible(under(scenario, kept), clock, settings)

    if not impossible(limits):
        return ()
    if impossible(()):
        return tuple(_exceeded(scenario, limits))
    return tuple(_explained([], False, limits, impossible))


def _exceeded(scenario: Scenario, limits: Sequence[Conflict]) -> Iterator[Conflict]:
    """Needs of which more is agreed than there is, where that cannot be waived since others follow them."""
    agreed = Counter[str]()
    for each in scenario.decisions.commitments:
        agreed[each.need] += each.quantity
    for limit in limits:
        if limit.reason == "quantity":
            need = scenario.need(limit.subjects[0])
            if agreed[need.id] > need.quantity - need.delivered:
                yield limit


def _explained(
    kept: list[Conflict], grew: bool, among: list[Conflict], impossible: Callable[[Sequence[Conflict]], bool]
) -> list[Conflict]:
    """The limits among some that are impossible together with those kept, as few as can be."""
    if grew and impossible(kept):
        return []
    if len(among) == 1:
        return among
    half = len(among) // 2
    first, second = among[:half], among[half:]
    of_second = _explained(kept + first, True, second, impossible)
    return _explained(kept + of_second, bool(of_second), first, impossible) + of_second


def confirmed(
    scenario: Scenario, kept: Sequence[Conflict], clock: Clock, settings: Settings = DEFAULT_SETTINGS
) -> Confirmer | None:
    """Returns what else, an engine or arithmetic, finds no portfolio under these limits alone; None if nothing."""
    try:
        formulation = formulate(under(scenario, kept))
    except ModelTooLarge:  # all that could ever be asked for can be more than is to be counted with
        return None
    if formulation.impossible:
        return "arithmetic"
    others: tuple[Confirmer, ...] = (
        ("highs", "scip") if first_engine(formulation.model, settings) == "cpsat" else ("highs",)
    )
    for name in others:
        if clock.reason() is None and is_impossible(formulation.model, clock, name, settings):
            return name
    return None


def _impossible(scenario: Scenario, clock: Clock, settings: Settings) -> bool:
    """Whether there is proof that no portfolio keeps the scenario (undecided within the work counts as possible)."""
    try:
        formulation = formulate(scenario)
    except ModelTooLarge:
        return False
    return bool(formulation.impossible) or is_impossible(formulation.model, clock, settings=settings)


def under(scenario: Scenario, kept: Iterable[Conflict]) -> Scenario:
    """Returns the scenario with all limits waived but those of some conflicts."""
    named = set(kept)
    return edited(scenario, *(limit.waiver for limit in limits_of(scenario) if limit.conflict not in named))


def limits_of(scenario: Scenario) -> Iterator[Limit]:
    """Yields every limit of a scenario that can be waived, those of quantity last.

    How much of a need there is can be waived only where nothing follows it, since what follows goes by its
    share, and where it need not be met as a whole, or those limits are waived too.
    """
    enough = _Enough(scenario)
    yield from _least_engagement(scenario)  # first: without it, an offer without its minimum has none at all
    for funding in scenario.funding:
        yield from _of_offer(scenario, funding)
        yield from _budgets(scenario, funding, enough)
    for technical in scenario.technical:
        if enough.units.get(technical.capability):
            yield from _of_offer(scenario, technical)
            yield from _capacities(scenario, technical, enough)
    for state in scenario.states:
        yield from _of_state(scenario, state, enough)
    yield from _shares(scenario)
    yield from _caps(scenario)
    for need in scenario.needs:
        yield from _of_need(scenario, need)
    for need in scenario.needs:
        yield _quantity(scenario, need, enough)


class _Enough:
    """What is as good as no limit: all that the needs and decisions of a scenario could ever ask for."""

    def __init__(self, scenario: Scenario) -> None:
        least = {key.id: self._least(scenario, key.id) for key in scenario.capabilities}
        self.quantity = {need.id: need.quantity + least[need.capability] for need in scenario.needs}
        for each in scenario.decisions.commitments:
            self.quantity[each.need] += each.quantity
        self.quantity = {key: _in_granules(scenario, key, quantity) for key, quantity in self.quantity.items()}
        self.units: dict[str, int] = {}
        for need in scenario.needs:
            granule = scenario.capability(need.capability).granule
            units = self.units.get(need.capability, 0) + self.quantity[need.id] + granule
            self.units[need.capability] = min(units, MAX_QUANTITY)
        self.money = min(sum(self._dearest(scenario, key) for key in self.units), MAX_MONEY)

    def _least(self, scenario: Scenario, capability: str) -> int:
        """Units that all offers together would have to do or pay for if each worked in each year for its minimum.

        Where there are pins, whoever has no minimum does a granule's work all the same: a pinned year is one of work.
        """
        workers = [each for each in scenario.technical if each.capability == capability]
        granule, pinned = scenario.capability(capability).granule, bool(scenario.decisions.pins)
        units = sum(max(each.min_per_state, granule * pinned) for each in workers)
        cheapest = min((price for price in map(scenario.granule_price, workers) if price), default=0)
        if cheapest:
            least = (scenario.converted(each, each.min_per_state, up=True) for each in scenario.funding)
            units += sum(-(-max(money, cheapest * pinned) // cheapest) * granule for money in least)
        return min(units * len(scenario.years), MAX_QUANTITY)

    def _dearest(self, scenario: Scenario, capability: str) -> int:
        """What all needs of a capability would cost of the dearest who offers it."""
        granules = -(-self.units[capability] // scenario.capability(capability).granule)
        prices = (scenario.granule_price(each) for each in scenario.technical if each.capability == capability)
        return granules * max(prices, default=0)


def _in_granules(scenario: Scenario, need: str, quantity: int) -> int:
    """So much of a need or little more, in whole granules as a scenario writes it, and no more than a field holds."""
    granule = scenario.capability(scenario.need(need).capability).granule
    return min(-(-quantity // granule), MAX_QUANTITY // granule) * granule


def _least_engagement(scenario: Scenario) -> Iterator[Limit]:
    """The least that anybody gives in a working year where it sets no minimum of its own."""
    if scenario.least_engagement:
        figures: Figures = {"money": scenario.least_engagement}
        conflict = Conflict(reason="least_engagement", subjects=(scenario.name,), figures=figures)
        yield Limit(conflict, WaiveLeastEngagement())


def _of_offer(scenario: Scenario, offer: FundingOffer | TechnicalOffer) -> Iterator[Limit]:
    """The limits of an offer as a whole."""
    key = offer.id
    if offer.min_per_state:
        conflict = Conflict(reason="min_per_state", subjects=(key,), figures=_least_of(scenario, offer))
        yield Limit(conflict, WaiveMinimum(key))
    if offer.min_years > 1:
        yield _field("min_years", (key,), {"years": offer.min_years}, "offers")
    if offer.max_states is not None:
        yield _field("max_states", (key,), {"states": offer.max_states}, "offers")
    if isinstance(offer, FundingOffer) and offer.match:
        yield _field("match", (key,), {"ratio": str(offer.match)}, "offers")


def _least_of(scenario: Scenario, offer: FundingOffer | TechnicalOffer) -> Figures:
    """The least that an offer asks for in a State and year."""
    if isinstance(offer, FundingOffer):
        return {"money": scenario.converted(offer, offer.min_per_state, up=True)}
    return {"quantity": offer.min_per_state, "unit": scenario.capability(offer.capability).unit}


def _budgets(scenario: Scenario, offer: FundingOffer, enough: _Enough) -> Iterator[Limit]:
    """What an offer gives in each year."""
    rate = Fraction(1)
    if offer.currency not in (None, scenario.currency.code):
        rate = Fraction(next(each.rate for each in scenario.rates if each.id == offer.currency))
    raised = min(-(-enough.money * rate.denominator // rate.numerator), MAX_MONEY)
    for year in scenario.window(offer):
        money = scenario.money_at(offer, year)
        conflict = Conflict(reason="budget", subjects=(offer.id, str(year)), figures={"money": money})
        owed = 0 if offer.debts is None else offer.debts.at(year)
        yield Limit(conflict, RaiseYear("offers", offer.id, "amount", year, min(raised + owed, MAX_MONEY)))


def _capacities(scenario: Scenario, offer: TechnicalOffer, enough: _Enough) -> Iterator[Limit]:
    """What an offer can do in each year."""
    for year in scenario.window(offer):
        unit = scenario.capability(offer.capability).unit
        figures: Figures = {"quantity": offer.capacity.at(year), "unit": unit}
        conflict = Conflict(reason="capacity", subjects=(offer.id, str(year)), figures=figures)
        yield Limit(conflict, RaiseYear("offers", offer.id, "capacity", year, enough.units[offer.capability]))


def _of_state(scenario: Scenario, state: State, enough: _Enough) -> Iterator[Limit]:
    """What a State can take."""
    if state.max_partners is not None:
        yield _field("max_partners", (state.id,), {"partners": state.max_partners}, "states")
    for year in scenario.years if state.absorption is not None else ():
        assert state.absorption is not None
        figures: Figures = {"money": state.absorption.at(year)}
        conflict = Conflict(reason="absorption", subjects=(state.id, str(year)), figures=figures)
        yield Limit(conflict, RaiseYear("states", state.id, "absorption", year, enough.money))


def _shares(scenario: Scenario) -> Iterator[Limit]:
    """The largest share of one provider in what a State receives, where enough could pay for it to bind."""
    for state, _ in limited_shares(scenario):
        share: Figures = {"share": str(scenario.state(state).max_share)}
        yield _field("max_share", (state,), share, "states")


def _of_need(scenario: Scenario, need: Need) -> Iterator[Limit]:
    """When and how a need can be met."""
    if need.max_per_year is not None:
        figures: Figures = {"quantity": need.max_per_year, "unit": scenario.capability(need.capability).unit}
        yield _field("max_per_year", (need.id,), figures, "needs")
    if need.indivisible:
        yield _field("indivisible", (need.id,), {}, "needs")
    if need.after:
        names = tuple(first.need for first in need.after)
        yield _field("after", (need.id, *names), {}, "needs")


def _quantity(scenario: Scenario, need: Need, enough: _Enough) -> Limit:
    """How much is needed."""
    figures: Figures = {"quantity": need.quantity, "unit": scenario.capability(need.capability).unit}
    conflict = Conflict(reason="quantity", subjects=(need.id,), figures=figures)
    return Limit(conflict, RaiseNeed(need.id, enough.quantity[need.id]))


def _caps(scenario: Scenario) -> Iterator[Limit]:
    """The user's own caps."""
    for at, cap in enumerate(scenario.decisions.caps):
        most: Figures = {"share": str(cap.share)} if cap.money is None else {"money": cap.money}
        subjects = (cap.offer or cap.provider or "", cap.state, str(at))
        conflict = Conflict(reason="cap", subjects=subjects, figures={**most, "per": cap.per})
        yield Limit(conflict, LiftCap(cap, at))


def _field(reason: str, subjects: tuple[str, ...], figures: Figures, collection: Collection) -> Limit:
    """A limit that one field of one entity sets, and is named after."""
    conflict = Conflict(reason=reason, subjects=subjects, figures=figures)
    return Limit(conflict, WaiveLimit(collection, subjects[0], reason))
