"""Value curves: the best that one State can have with ever more money, work or time, others keeping what they have.

Each point is the State's part of the model solved again: first whether it completes, then the share of its needs
that is met. One formulation holds the largest amount; a row keeps what is used of it under the amount of a point.
The portfolio of a point stays valid with more, so it is where the next one starts, and values never fall: a limit on
one provider's share that does not bind, since too few could pay, does not come to bind by the further offer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from matcher.comparison.tally import tally
from matcher.engine.parts import Best
from matcher.errors import VerificationFailed
from matcher.explanation.checking import require_valid
from matcher.explanation.clock_findings import Curve, CurvePoint, Curves, Resource
from matcher.explanation.clocks import answering, delivering
from matcher.explanation.limits_against import share_waivers
from matcher.explanation.relaxations import Relaxation, anybodys_money, anybodys_work, later_deadline
from matcher.explanation.setting import Setting
from matcher.explanation.settings import DEFAULT_EXPLANATION_SETTINGS, ExplanationSettings
from matcher.explanation.state_part import StatePart, part_of
from matcher.formulation.columns import Columns
from matcher.formulation.coverage_shares import coverage_shares
from matcher.formulation.plans import Plan, portfolio_of
from matcher.portfolio.portfolio import Portfolio
from matcher.scenario import FundingOffer, Need, Scenario
from matcher.scenario.edits import OnlyStates, edited
from matcher.solvers.linear_model import LinearModel, LinearObjective, RowBuilder, objective_by_value
from matcher.units import MAX_MONEY, MAX_QUANTITY, plain
from matcher.verification import verify

USED = ("further_offer",)
"""Label of the rows that keep it under the amount of a point."""
SHARE_ROUNDING = Fraction(1, 10**7)
"""Distance by which a share may pass its bound: more is an error, not a rounding."""


def curves_of(
    scenario: Scenario, portfolio: Portfolio, state: str, settings: ExplanationSettings = DEFAULT_EXPLANATION_SETTINGS
) -> Curves:
    """Returns all curves of a State with needs: money, each kind of work that it needs, and time.

    There is none of work that is offered in foreign currencies only, whose price another currency could not
    state exactly, and none of time where nothing is required or the deadline is past the horizon's last year.

    Parameters
    ----------
    scenario, portfolio
        A valid portfolio of the scenario.
    state
        Id of the State.
    settings
        What the search is tuned by, for whoever studies it.

    Raises
    ------
    InvalidOptions
        if the portfolio is not a valid one of the scenario.
    """
    require_valid(scenario, portfolio)
    kinds = sorted({need.capability for need in scenario.needs_of(state)})
    asked: list[tuple[Resource, str | None]] = [("money", None), *(("work", kind) for kind in kinds), ("time", None)]
    makers = [_more(scenario, portfolio, state, *each) for each in asked]
    made = [each for each in makers if each is not None]
    now = _now(scenario, portfolio, state, settings) if made else None
    return Curves(state=state, curves=tuple(_Climb(each, now, settings).curve() for each in made if now is not None))


def curve(
    scenario: Scenario,
    portfolio: Portfolio,
    state: str,
    resource: Resource,
    capability: str | None = None,
    settings: ExplanationSettings = DEFAULT_EXPLANATION_SETTINGS,
) -> Curve | None:
    """Returns what ever more of one thing is worth to a State; None where there can be no more of it.

    Parameters
    ----------
    scenario, portfolio
        A valid portfolio of the scenario, which is not checked again.
    capability
        Which work, where that is the resource.
    settings
        What the search is tuned by, for whoever studies it.
    """
    more = _more(scenario, portfolio, state, resource, capability)
    return None if more is None else _Climb(more, _now(scenario, portfolio, state, settings), settings).curve()


def _more(
    scenario: Scenario, portfolio: Portfolio, state: str, resource: Resource, capability: str | None
) -> _More | None:
    needs = scenario.needs_of(state)
    if not needs:
        return None
    missing = _missing(scenario, portfolio, state)
    if resource == "time":
        levers = later_deadline(scenario, scenario.state(state)) if any(need.completes for need in needs) else []
        return _Later(scenario, state, resource, levers[0], 1, _years(levers[0].amounts or ())) if levers else None
    if resource == "money":
        cost = {need.id: _dearest(scenario, need) for need in needs}
        step = _step(sum(missing[need.id] * cost[need.id] for need in needs))
        most = sum((need.quantity - need.delivered) // _granule(scenario, need) * cost[need.id] for need in needs)
        lever = anybodys_money(scenario)
        return _Offered(scenario, state, resource, lever, step, _series(step, min(most, MAX_MONEY)))
    asked = [need for need in needs if need.capability == capability]
    levers = anybodys_work(scenario, asked[0].capability) if asked else []
    if not levers:
        return None
    granule = _granule(scenario, asked[0])
    step = granule * _step(sum(missing[need.id] for need in asked))
    most = min(sum(need.quantity - need.delivered for need in asked), MAX_QUANTITY)
    return _Offered(scenario, state, resource, levers[0], step, _series(step, most))


def _granule(scenario: Scenario, need: Need) -> int:
    return scenario.capability(need.capability).granule


def _dearest(scenario: Scenario, need: Need) -> int:
    """The highest price of a granule of what a need seeks, in minor units."""
    offers = (offer for offer in scenario.technical if offer.capability == need.capability)
    return max((scenario.granule_price(offer) for offer in offers), default=0)


def _missing(scenario: Scenario, portfolio: Portfolio, state: str) -> dict[str, int]:
    """Granules of each need of a State that a portfolio does not meet."""
    needs = tally(scenario, portfolio).needs
    return {need.id: needs[need.id].open // _granule(scenario, need) for need in scenario.needs_of(state)}


def _step(whole: int) -> int:
    """The largest power of ten that is no more than a hundredth of all, and at least 1."""
    return max(10 ** (len(str(whole)) - 3), 1) if whole >= 100 else 1


def _series(step: int, most: int) -> tuple[int, ...]:
    """1, 2, 5, 10 ... steps, up to the first amount that is as much as could ever be of use."""
    amounts, factor = [], 1
    while True:
        for digit in (1, 2, 5):
            amounts.append(digit * factor * step)
            if amounts[-1] >= most:
                return tuple(amounts)
        factor *= 10


def _years(later: tuple[int, ...]) -> tuple[int, ...]:
    """1, 2, 5, 10 ... years, and as many as there are."""
    return (*(year for year in _series(1, later[-1]) if year < later[-1]), later[-1])


def _coverage(columns: Columns, state: str) -> LinearObjective:
    """The share of a State's needs that is met, as the checker counts it, whatever the State's weight."""
    scenario, wanted = columns.scenario, columns.flow_need[: columns.works]
    table = dict(coverage_shares(scenario, columns.payments.demand))
    values: list[Fraction] = []
    which, where = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for at, need in enumerate(scenario.needs):
        if need.state == state and at in table:
            work = np.flatnonzero(wanted == at)
            which.append(np.full(len(work), len(values)))
            where.append(work)
            values.append(table[at])
    return objective_by_value(
        "coverage", True, values, np.concatenate(which), np.concatenate(where).astype(np.int64), columns.upper
    )


def _before(columns: Columns, state: int) -> Fraction:
    """The share of a State's needs that was delivered before the horizon, which counts whatever is planned."""
    demand, tables = columns.payments.demand, columns.tables
    shares = (
        share * int(demand[at] - tables.rest[at])
        for at, share in coverage_shares(columns.scenario, demand)
        if tables.need_state[at] == state
    )
    return sum(shares, Fraction(0))


@dataclass(frozen=True)
class _More(ABC):
    """Ever more of one thing for one State."""

    scenario: Scenario
    state: str
    resource: Resource
    lever: Relaxation
    step: int
    amounts: tuple[int, ...]
    """Rising; the last is as much as could ever be of use."""

    def at(self, amount: int) -> Scenario:
        """Returns the scenario with so much more."""
        return edited(self.scenario, self.lever.edit(amount))

    @abstractmethod
    def part(self, setting: Setting) -> StatePart:
        """Returns the State's part of the scenario with the largest amount, aimed at the share of its needs met."""

    @abstractmethod
    def limited(self, part: StatePart, amount: int, completing: bool) -> LinearModel | None:
        """Returns the part with so much more, in which the State completes, if asked to.

        None where bounds alone say that it cannot be.
        """


def _completing(part: StatePart) -> LinearModel | None:
    """A State's part in which it completes; None where bounds alone say that it cannot."""
    lower = part.model.lower.copy()
    lower[part.place(int(part.setting.formulation.columns.complete[part.state]))] = 1
    return None if (lower > part.model.upper).any() else part.model.with_bounds(lower, part.model.upper)


@dataclass(frozen=True)
class _Offered(_More):
    """Ever more money or work: a further offer, for this State only."""

    def at(self, amount: int) -> Scenario:
        """Returns the scenario with a further offer of so much."""
        found = edited(self.scenario, self.lever.edit(amount), OnlyStates(self.lever.adds, (self.state,)))
        return edited(found, *share_waivers(self.scenario, found))

    def part(self, setting: Setting) -> StatePart:
        """Returns the part, with rows that say how much of the further offer may be used."""
        columns = setting.formulation.columns
        where = columns.scenario.index.offers[self.lever.adds]
        flows = np.flatnonzero(columns.flow_offer[: columns.flows] == where)
        rows, size = RowBuilder(), self._size(self.amounts[-1])
        if isinstance(columns.scenario.offers[where], FundingOffer):
            rows.terms(rows.row(USED, upper=size), flows, columns.money_unit[flows - columns.works])
        else:
            for year in range(len(columns.scenario.years)):
                row = rows.row(USED, upper=size)
                rows.terms(row, flows[columns.flow_year[flows] == year], 1)
        model = setting.formulation.model
        model = model.with_rows(rows.build(np.maximum(model.upper, 1)))
        return part_of(setting, self.state, _coverage(columns, self.state), model)

    def _size(self, amount: int) -> int:
        """An amount as the model counts it: minor units, or granules."""
        money = self.lever.kind == "more_money"
        return amount if money else amount // self.scenario.capability(self.lever.field).granule

    def limited(self, part: StatePart, amount: int, completing: bool) -> LinearModel | None:
        model = _completing(part) if completing else part.model
        if model is None:
            return None
        mine = np.array([label == USED for label in model.rows.label], np.bool_)
        return replace(model, rows=replace(model.rows, upper=np.where(mine, self._size(amount), model.rows.upper)))


@dataclass(frozen=True)
class _Later(_More):
    """Ever more time: a later deadline."""

    def part(self, setting: Setting) -> StatePart:
        return part_of(setting, self.state, _coverage(setting.formulation.columns, self.state))

    def limited(self, part: StatePart, amount: int, completing: bool) -> LinearModel | None:
        return delivering(part, self.scenario.state(self.state).last_year + amount) if completing else part.model


@dataclass(frozen=True)
class _Worth:
    """The best plan for one amount, as far as it is known."""

    plan: Plan
    completes: bool | None
    could: bool | None
    """Whether it is not proven that the State cannot complete."""
    coverage: Fraction
    bound: Fraction = Fraction(1)
    """No plan that completes, if this one does, covers more: nobody has more than all."""
    relaxed: Fraction = Fraction(1)
    """The same by the linear relaxation."""

    def better_than(self, other: _Worth) -> bool:
        """Whether it completes and the other does not, or else covers more."""
        return (bool(self.completes), self.coverage) > (bool(other.completes), other.coverage)

    def bounded(self, bound: Fraction, relaxed: Fraction) -> _Worth:
        """Returns it with bounds, never on the wrong side of its share.

        Raises
        ------
        VerificationFailed
            if the share passes a bound by more than rounding: an error of the engine.
        """
        for each in (bound, relaxed):
            if self.coverage > each + SHARE_ROUNDING:
                raise VerificationFailed(f"a share of {plain(self.coverage)} passes its bound {plain(each)}")
        return replace(self, bound=max(bound, self.coverage), relaxed=max(relaxed, self.coverage))

    def equals(self, other: _Worth, gap: Fraction) -> bool:
        """Whether it is as good as another, but for the gap that a solve leaves open, or better."""
        if self.completes != other.completes:
            return self.better_than(other)
        return self.coverage >= other.coverage * (1 - gap)

    def point(self, amount: int) -> CurvePoint:
        """Returns it as a point of a curve."""
        return CurvePoint(
            amount=amount,
            completes=self.completes,
            could_complete=self.could,
            coverage=plain(self.coverage),
            coverage_bound=plain(self.bound),
            relaxed=plain(self.relaxed),
        )


@dataclass(frozen=True)
class _Found:
    """What one solve came to: a plan, if a better one was found, and the bounds."""

    plan: Plan | None
    bound: Fraction = Fraction(1)
    relaxed: Fraction = Fraction(1)
    impossible: bool = False


@dataclass(frozen=True)
class _Now:
    """The best that a State can have as things are, others keeping what they have."""

    portfolio: Portfolio
    worth: _Worth


def _now(scenario: Scenario, portfolio: Portfolio, state: str, settings: ExplanationSettings) -> _Now:
    setting = Setting.of(scenario, portfolio, settings)
    part = part_of(setting, state, _coverage(setting.formulation.columns, state))

    def limited(completing: bool) -> LinearModel | None:
        return _completing(part) if completing else part.model

    worth = _best(part, state, scenario, limited, _checked(setting, scenario, state, setting.plan))
    return _Now(portfolio_of(setting.formulation, worth.plan), worth)


class _Climb:
    """Goes from amount to amount."""

    def __init__(self, more: _More, now: _Now, settings: ExplanationSettings) -> None:
        most = more.at(more.amounts[-1])
        self.more = more
        self.setting = Setting.of(most, answering(most, now.portfolio), settings)
        self.part = more.part(self.setting)
        self.now = replace(now.worth, plan=self.setting.plan)
        self.hopeless = False
        """Whether it is proven that the State does not complete, whatever the amount."""

    def curve(self) -> Curve:
        """Returns the curve: the ends first, then what lies between, until nothing more can be gained."""
        more, worth = self.more, self.now
        most = self._at(more.amounts[-1], worth)
        self.hopeless = most.could is False
        points = [worth.point(0)]
        for amount in more.amounts:
            if worth.equals(most, Fraction(self.setting.settings.curve_gap)):
                break
            worth = self._last(worth, most) if amount == more.amounts[-1] else self._at(amount, worth)
            points.append(worth.point(amount))
        return Curve(
            state=more.state,
            resource=more.resource,
            capability=more.lever.field or None,
            step=more.step,
            points=tuple(points),
            most=self._last(worth, most).point(more.amounts[-1]),
        )

    def _last(self, before: _Worth, most: _Worth) -> _Worth:
        """The best for the largest amount: as it was found, unless a limit kept it below the one before."""
        kept = before if before.better_than(most) else most
        return replace(kept, could=most.could).bounded(most.bound, most.relaxed)

    def _at(self, amount: int, before: _Worth) -> _Worth:
        """The best for an amount, from that for a smaller one."""
        more, scenario = self.more, self.more.at(amount)
        kept = _checked(self.setting, scenario, more.state, before.plan)

        def limited(completing: bool) -> LinearModel | None:
            return None if self.hopeless and completing else more.limited(self.part, amount, completing)

        return _best(self.part, more.state, scenario, limited, kept)


def _best(
    part: StatePart, state: str, scenario: Scenario, limited: Callable[[bool], LinearModel | None], kept: _Worth
) -> _Worth:
    """The best plan of a State in a scenario: first that it completes, then the share of its needs that is met.

    Parameters
    ----------
    limited
        Returns its part of the model, in which it completes if asked to; None where it is known that it cannot.
    kept
        A plan that is possible.
    """
    if kept.completes is False:
        completing = _solved(part, limited(True), kept.plan)
        if completing.plan is not None:
            found = _checked(part.setting, scenario, state, completing.plan)
            return found.bounded(completing.bound, completing.relaxed)
        kept = replace(kept, could=not completing.impossible)
    model = limited(bool(kept.completes))
    more = _solved(part, model, kept.plan, kept.coverage)
    if more.impossible:
        if model is None or not model.admits(kept.plan.point[part.free]):
            raise VerificationFailed(f"{state}: a portfolio that was checked is said to be impossible")
        more = _Found(None)  # by an engine that counts in floats, of figures too unlike for it: it knows nothing
    if more.plan is not None:
        other = _checked(part.setting, scenario, state, more.plan)
        kept = replace(other, could=kept.could) if other.better_than(kept) else kept
    return kept.bounded(more.bound, more.relaxed)


def _solved(part: StatePart, model: LinearModel | None, start: Plan, enough: Fraction | None = None) -> _Found:
    """Looks for the plan that covers most, where the relaxation leaves room beside a share that there is."""
    settings = part.setting.settings
    limits = settings.engine.limits(settings.curve_work, settings.curve_gap)
    relaxed = Best(None, None, impossible=True) if model is None else part.relaxed(limits, model)
    if relaxed.impossible:
        return _Found(None, impossible=True)
    before = _before(part.setting.formulation.columns, part.state)
    bound = Fraction(1) if relaxed.bound is None else min(relaxed.bound + before, Fraction(1))
    if enough is not None and enough >= bound * (1 - Fraction(limits.gap)):
        return _Found(None, bound, bound)
    best = part.best(limits, model, start)
    most = bound if best.bound is None else min(best.bound + before, bound)
    return _Found(best.plan, most, bound, best.impossible)


def _checked(setting: Setting, scenario: Scenario, state: str, plan: Plan) -> _Worth:
    """Returns what a plan comes to for a State, as the checker counts it.

    Raises
    ------
    VerificationFailed
        if the checker refuses it: an error of the engine.
    """
    report = verify(scenario, answering(scenario, portfolio_of(setting.formulation, plan)))
    if not report.ok:
        raise VerificationFailed("; ".join(violation.detail for violation in report.violations[:5]))
    figures = report.states[state]
    return _Worth(plan, figures.completes, figures.completes, figures.coverage)
