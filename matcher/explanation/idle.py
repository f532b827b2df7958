"""Why an offer is not used, or not in full.

One question after the other, until one answers it: may it serve any need at all, and which rule keeps it
from the nearest one? Is any need that it may serve still open? Could it do more in the State that has
most left for it, taking nothing from anybody and replacing nobody? And if not, which limits, each
waived alone, would let it do more there? Each of the last two answers is a solve of the State's part.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from math import ceil

import numpy as np

from matcher.comparison.tally import tally
from matcher.engine.conflicts.limits import Limit, limits_of
from matcher.execution import Executor, Serial
from matcher.explanation.checking import accepted
from matcher.explanation.halving import sufficient_alone
from matcher.explanation.idle_findings import Idle, IdleReason
from matcher.explanation.setting import Setting
from matcher.explanation.settings import DEFAULT_EXPLANATION_SETTINGS, ExplanationSettings
from matcher.explanation.state_part import part_of
from matcher.formulation.formulation import Formulation
from matcher.formulation.plans import Plan, portfolio_of
from matcher.portfolio.portfolio import Portfolio
from matcher.scenario import FundingOffer, Need, Scenario, TechnicalOffer
from matcher.scenario.edits import THE_SCENARIO, Owner, edited
from matcher.scenario.eligibility import OptionSet, Reason, find_options
from matcher.solvers.linear_model import UNLIMITED, LinearModel, LinearObjective, ModelTooLarge, RowBuilder

Offer = FundingOffer | TechnicalOffer


@dataclass(frozen=True)
class _Case:
    """A portfolio whose idle offers are to be explained, for pieces that run anywhere."""

    scenario: Scenario
    portfolio: Portfolio
    states: frozenset[str] = frozenset()
    """States that are asked about; none are all."""
    settings: ExplanationSettings = DEFAULT_EXPLANATION_SETTINGS

    @cached_property
    def options(self) -> OptionSet:
        """All options of the scenario."""
        return find_options(self.scenario)

    @cached_property
    def serves(self) -> dict[str, set[str]]:
        """Needs that each offer may serve."""
        found: dict[str, set[str]] = defaultdict(set)
        for option in self.options.options:
            for offer in (option.financier, option.implementer):
                if offer is not None:
                    found[offer].add(option.need)
        return found

    @cached_property
    def left(self) -> dict[str, int]:
        """Units of each need that are not met."""
        return {key: each.open for key, each in tally(self.scenario, self.portfolio).needs.items()}


def idle_offers(
    scenario: Scenario,
    portfolio: Portfolio,
    *,
    offers: Collection[str] = (),
    states: Collection[str] = (),
    executor: Executor | None = None,
    settings: ExplanationSettings = DEFAULT_EXPLANATION_SETTINGS,
) -> tuple[Idle, ...]:
    """Returns why offers are not used in full, by id.

    Parameters
    ----------
    scenario, portfolio
        A valid portfolio of the scenario.
    offers
        Ids of those asked about; none are all.
    states
        Ids of States in which alone they are asked about, with what may serve needs that are open there; none are all.
    settings
        What the search is tuned by, for whoever studies it.
    """
    run = executor or Serial()
    used = _used(scenario, portfolio)
    case = _Case(scenario, portfolio, frozenset(states), settings)
    asked = [
        offer.id
        for offer in scenario.offers
        if (not offers or offer.id in offers)
        and used[offer.id] < _total(scenario, offer)
        and (not states or _neediest(case, [scenario.need(need) for need in sorted(case.serves[offer.id])]) is not None)
    ]
    return tuple(run.map(why_idle, asked, shared=run.share(case)))


def _used(scenario: Scenario, portfolio: Portfolio) -> Counter[str]:
    """What each offer gives, and repays for others."""
    counted = tally(scenario, portfolio)
    used, lent = Counter(counted.given), Counter[tuple[str, int]]()
    for (offer, _, year), amount in counted.yearly.items():
        lent[offer, year] += amount
    for lender in scenario.funding:
        if lender.repayment is not None:
            share = 1 + Fraction(lender.repayment.premium)
            used[lender.repayment.offer] += sum(ceil(share * lent[lender.id, year]) for year in scenario.years)
    return used


def _total(scenario: Scenario, offer: Offer) -> int:
    if isinstance(offer, FundingOffer):
        return sum(scenario.money_by_year(offer))
    return sum(scenario.capacity_by_year(offer)) * scenario.capability(offer.capability).granule


def why_idle(case: _Case, key: str) -> Idle:
    """Returns why one offer is not used in full."""
    scenario = case.scenario
    offer = scenario.offer(key)
    tell = partial(Idle, offer=key, total=_total(scenario, offer), used=_used(scenario, case.portfolio)[key])
    needs = [scenario.need(need) for need in sorted(case.serves[key])]
    if not needs:
        need, against = _nearest(case, offer)
        rules = tuple(dict.fromkeys(reason.code for reason in against))
        return tell(outcome="barred", nearest=None if need is None else need.id, rules=rules)
    state = _neediest(case, needs)
    if state is None:
        return tell(outcome="needs_met")
    trial = _Trial(case, key, state)
    more = trial.gain(())
    if more:
        return tell(outcome="at_hand", state=state, more=more)
    found, sure = sufficient_alone(
        trial.groups(), lambda groups: trial.gain([limit for each in groups for limit in each])
    )
    reasons = [IdleReason(code=group[0].conflict.reason, gain=gain) for group, gain in found]
    if reasons:
        ordered = tuple(sorted(reasons, key=lambda each: (-each.gain, each.code)))
        return tell(outcome="held", state=state, reasons=ordered)
    return tell(outcome="together" if sure and more == 0 else "unknown", state=state)


def _nearest(case: _Case, offer: Offer) -> tuple[Need | None, Sequence[Reason]]:
    """The need that fewest rules keep an offer from, with those rules and the partner for which they are fewest."""
    best: tuple[Need | None, tuple[Reason, ...]] = (None, ())
    rank: tuple[object, ...] | None = None
    for need in case.scenario.needs:
        for pair in _pairs(case.scenario, offer, need):
            reasons = case.options.why_not(*pair, need.id)
            mine = (len(reasons), -case.left[need.id], need.id, pair[0] or "", pair[1])
            if rank is None or mine < rank:
                best, rank = (need, reasons), mine
    return best


def _pairs(scenario: Scenario, offer: Offer, need: Need) -> Iterator[tuple[str | None, str]]:
    """Pairs in which an offer could serve a need if rules let it; of work, with nobody or anybody to pay for it."""
    if isinstance(offer, FundingOffer):
        yield from ((offer.id, each.id) for each in scenario.technical if each.capability == need.capability)
    elif offer.capability == need.capability:
        payers = [None] if not scenario.granule_price(offer) else [each.id for each in scenario.funding]
        yield from ((payer, offer.id) for payer in payers)


def _neediest(case: _Case, needs: Sequence[Need]) -> str | None:
    """The State with most left, in shares of needs, of some needs; None where all are met."""
    left = defaultdict[str, Fraction](Fraction)
    for need in needs:
        if case.left[need.id] > 0 and (not case.states or need.state in case.states):
            left[need.state] += Fraction(case.left[need.id], need.quantity)
    return min(left, key=lambda state: (-left[state], state), default=None)


@dataclass(frozen=True)
class _Trial:
    """An offer tried in a State: what more of it could be used, replacing nobody."""

    case: _Case
    offer: str
    state: str

    def gain(self, limits: Sequence[Limit]) -> int | None:
        """Minor units or units of work more, with some limits waived; None if it is not known."""
        settings = self.case.settings
        scenario = edited(self.case.scenario, *(limit.waiver for limit in limits))
        try:
            setting = Setting.of(scenario, self.case.portfolio, settings)
        except ModelTooLarge:  # what the limits are raised to: nothing is known of that
            return None
        formulation, plan = setting.formulation, setting.plan
        state = scenario.index.states[self.state]
        objective = self._use(formulation)
        part = part_of(setting, self.state, objective, self._added_only(formulation, plan, state))
        found, has = part.best(settings.engine.limits(settings.idle_work)), int(objective.value(plan.point))
        more = 0 if found.plan is None else int(objective.value(found.plan.point)) - has
        if found.plan is not None and more > 0:
            accepted(scenario, portfolio_of(formulation, found.plan))
            return more
        return 0 if found.bound is not None and int(found.bound) <= has else None

    def _use(self, formulation: Formulation) -> LinearObjective:
        """What is used of the offer in the State."""
        columns, scenario = formulation.columns, formulation.scenario
        at, home = scenario.index.offers[self.offer], scenario.index.states[self.state]
        mine = (columns.flow_offer[: columns.flows] == at) & (columns.state[: columns.flows] == home)
        offer = scenario.offers[at]
        worth = columns.flow_worth
        if isinstance(offer, TechnicalOffer):
            worth = worth * scenario.capability(offer.capability).granule
        coefficient = np.zeros(columns.count, np.int64)
        coefficient[: columns.flows] = np.where(mine, worth, 0)
        return LinearObjective("most", True, coefficient, 1, Fraction(0))

    def _added_only(self, formulation: Formulation, plan: Plan, state: int) -> LinearModel:
        """The model in which no need of the State gets less and nobody else gives it less."""
        columns, rows = formulation.columns, RowBuilder()
        here = columns.state[: columns.flows] == state
        offer = columns.flow_offer[: columns.flows]
        at = formulation.scenario.index.offers[self.offer]
        for other in np.unique(offer[here & (plan.point[: columns.flows] > 0) & (offer != at)]).tolist():
            flows = np.flatnonzero(here & (offer == other))
            worth = columns.flow_worth[flows]
            row = rows.row(("kept",), lower=int(worth @ plan.point[flows]), upper=UNLIMITED)
            rows.terms(row, flows, worth)
        need = columns.flow_need[: columns.works]
        for each in np.unique(need[here[: columns.works] & (plan.point[: columns.works] > 0)]).tolist():
            work = np.flatnonzero(need == each)
            row = rows.row(("kept",), lower=int(plan.point[work].sum()), upper=UNLIMITED)
            rows.terms(row, work, 1)
        model = formulation.model.with_rows(rows.build(np.maximum(formulation.model.upper, 1)))
        lower = model.lower.copy()
        complete = columns.complete[state]
        if complete >= 0:
            lower[complete] = plan.point[complete]
        return model.with_bounds(lower, model.upper)

    def groups(self) -> list[list[Limit]]:
        """Limits that touch the State, by kind; those of the offer itself apart from those of others."""
        needs = {need.id for need in self.case.scenario.needs_of(self.state)}
        near: set[Owner] = {THE_SCENARIO, ("states", self.state), *(("needs", need) for need in needs)}
        near |= {("offers", offer) for offer, served in self.case.serves.items() if served & needs}
        found: dict[str, list[Limit]] = defaultdict(list)
        for limit in limits_of(self.case.scenario):
            reason = limit.conflict.reason
            own = limit.owner == ("offers", self.offer) and reason in ("budget", "capacity")
            if limit.owner in near and not own and reason != "quantity":
                found[reason].append(limit)
        return [found[reason] for reason in sorted(found)]
