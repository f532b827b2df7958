r"""Who pays whom, once all else is settled: as few agreements as possible, and then as few breaks.

Flows do not say who pays whom where several pay and several work; any pairs that add up are as good in every figure.
A programme manager sees the difference: the fewer groups of partners, and the fewer years in which one stops and
starts again, the fewer contracts. State by State, over what each implementer does in a class of payments and year::

    g[f,h,n,t]  granules of h that f pays for       a[p]    the group p of two providers has an agreement
    u[p,t]      p works together in year t          b[p,t]  it begins, or begins again

    min  (T + 1) sum a + sum b      with  sum_f g = granules of h;  money of f in t as it is, or off by less than
                                    one granule where prices differ and all rules and objectives allow it;
                                    u <= sum g;  g <= most u;  u <= a;  u[t] - u[t-1] <= b[t]

A State whose search ends at its work limit keeps the best pairs found, and is not told as proven.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import inf

import numpy as np

from matcher.engine.problem import ObjectiveProblem
from matcher.engine.settings import Settings
from matcher.formulation.columns import Columns
from matcher.formulation.plans import NO_PAIRS, Pairs, Plan, with_derived_columns
from matcher.portfolio.result import Clock
from matcher.solvers.effort import WorkBudget, counted
from matcher.solvers.engines import Limits, Outcome, SolverFailed, engine
from matcher.solvers.linear_model import (
    UNLIMITED,
    Floats,
    Ints,
    LinearModel,
    LinearObjective,
    RowBuilder,
    SubModel,
    submodel,
)


@dataclass(frozen=True)
class Agreed:
    """What the pairs of one State come to."""

    state: int
    agreements: int
    """Groups of a provider that pays and one that works."""
    breaks: int
    """Years in which such a group starts again after one without."""
    proven: bool
    """Whether no other pairs have fewer, of the same flows."""


def fewest_agreements(
    task: ObjectiveProblem, plan: Plan, settings: Settings, work: float = inf
) -> tuple[Plan, tuple[Agreed, ...]]:
    """Returns a plan of the same flows with the fewest agreements that are found, and what each State has then.

    Money may move by less than a granule's price where that keeps all rows of the model, or else not at all.

    Parameters
    ----------
    work
        Work allowed for all States.
    """
    search = _Search(task, plan, settings, WorkBudget(work))
    search.rounds(search.states, moving=False)
    search.rounds([state for state in search.states if search.found[state].agreements > 1], moving=True)
    return search.plan, tuple(search.found[state] for state in search.states)


class _Search:
    """States searched a few at once, all charged to one budget: the plan so far, and what each State has in it."""

    def __init__(self, task: ObjectiveProblem, plan: Plan, settings: Settings, meter: WorkBudget) -> None:
        self._task, self.plan, self._settings, self._meter = task, plan, settings, meter
        self.states: list[int] = sorted(set(task.columns.state[plan.pairs.work].tolist()))
        self.found = {state: _counted(task.columns, state, self._pairs(state), False) for state in self.states}

    def _pairs(self, state: int) -> Pairs:
        return self.plan.pairs.where(self._task.columns.state[self.plan.pairs.work] == state)

    def rounds(self, states: Sequence[int], *, moving: bool) -> None:
        """Searches each State once; where money may move, what two of a round both reach for, the first one gets."""
        at_once = self._settings.agreements.at_once
        for first in range(0, len(states), at_once):
            self._round(states[first : first + at_once], moving)

    def _round(self, states: Sequence[int], moving: bool) -> None:
        task, settings = self._task, self._settings
        models = {}
        for state in states:
            rules = _money_of(task, self.plan, state) if moving else None
            model = _State(task.columns, self._pairs(state), rules)
            if model.choice:
                models[state] = model
            else:  # nobody else could pay for any of it
                self.found[state] = replace(self.found[state], proven=True)
        if self._meter.empty:
            return
        limits = settings.limits(min(settings.agreements.state_work, self._meter.left))
        orders = [model.order(limits, task.clock.left) for model in models.values()]
        answers = task.executor.map(_searched, orders, should_stop=lambda: task.clock.reason() is not None)
        for (state, model), answer in zip(models.items(), answers, strict=True):
            if answer is not None:
                self._meter.spend(answer.work)
                self._take(state, model, answer, moving)

    def _take(self, state: int, model: _State, answer: _Answer, moving: bool) -> None:
        """Takes a State's new pairs, where there are any that fit; those that are there are as right."""
        if answer.point is None:
            return
        task, pairs = self._task, model.pairs_at(answer.point)
        others = self.plan.pairs.where(task.columns.state[self.plan.pairs.work] != state)
        plan = _with(task, self.plan, others, pairs)
        agreed, before = _counted(task.columns, state, pairs, answer.proven), self.found[state]
        fewer = (agreed.agreements, agreed.breaks) < (before.agreements, before.breaks)
        if plan is not None and (fewer or not moving):
            self.plan, self.found[state] = plan, agreed


@dataclass(frozen=True)
class _Order:
    """One State's pairs to be searched, wherever."""

    engine: str
    model: LinearModel
    objective: LinearObjective
    limits: Limits
    start: Floats
    seconds: float | None


@dataclass(frozen=True)
class _Answer:
    """What the search for them came to."""

    point: Floats | None
    proven: bool
    work: float


def _searched(order: _Order) -> _Answer:
    """The pairs with the fewest agreements that are found."""
    with counted() as effort:
        try:
            clock = Clock(order.seconds)
            outcome = engine(order.engine)(order.model, order.objective, order.limits, clock, order.start)
        except SolverFailed:
            outcome = Outcome("limit", None, None)
    return _Answer(outcome.point, outcome.status == "optimal", effort.work)


def _money_of(task: ObjectiveProblem, plan: Plan, state: int) -> SubModel:
    """What the rules and all that is kept ask of one State's money, and of what follows from it."""
    columns = task.columns
    own = columns.of_state(state)
    money = own[(own >= columns.works) & (own < columns.flows)]
    free = np.zeros(columns.count, np.bool_)
    free[own[task.model.derived[own]]] = True
    free[money] = True
    used = np.zeros(len(columns.scenario.offers), np.bool_)
    used[columns.money_pool[columns.flow_offer[money]]] = True
    free[columns.ledgers] = used[columns.money_pool[columns.ledger_offer[columns.ledgers]]]
    return submodel(task.model, free, plan.point)


def _with(task: ObjectiveProblem, plan: Plan, kept: Pairs, pairs: Pairs) -> Plan | None:
    """The plan with other pairs in one State; None where that breaks a row, or costs the objective anything."""
    other = with_derived_columns(task.columns, kept.joined(pairs), plan.point, task.min_coverage_rows)
    same = task.objective.value(other.point) == task.objective.value(plan.point)
    return other if same and task.model.admits(other.point) else None


def _counted(columns: Columns, state: int, pairs: Pairs, proven: bool) -> Agreed:
    years: dict[tuple[int, int], set[int]] = defaultdict(set)
    for group, year in zip(_groups(columns, pairs), columns.flow_year[pairs.work].tolist(), strict=True):
        years[group].add(year)
    starts = sum(year - 1 not in each for each in years.values() for year in each)
    return Agreed(state, len(years), starts - len(years), proven)


def _groups(columns: Columns, pairs: Pairs) -> list[tuple[int, int]]:
    """Provider that pays (-1 for none) and provider that works, of each pair."""
    place = columns.scenario.index.providers
    provider = [place[offer.provider] for offer in columns.scenario.offers]
    payer = [provider[columns.flow_offer[money]] if money >= 0 else -1 for money in pairs.money.tolist()]
    return [(who, provider[columns.flow_offer[work]]) for who, work in zip(payer, pairs.work.tolist(), strict=True)]


class _State:
    """The model of one State's pairs."""

    def __init__(self, columns: Columns, pairs: Pairs, rules: SubModel | None) -> None:
        """Starts from its pairs; without rules on its money, each offer pays in each year what it pays now."""
        self._columns, self._pairs, self._rules = columns, pairs, rules
        self._given = self._sums()
        self.slots = list(self._slots())
        self.years = len(columns.scenario.years)

    def _sums(self) -> tuple[dict[int, int], dict[tuple[int, int], int]]:
        """Granules of each column of work, and money of each offer in each year."""
        work: dict[int, int] = defaultdict(int)
        money: dict[tuple[int, int], int] = defaultdict(int)
        pairs, columns = self._pairs, self._columns
        for at, payer, granules in zip(pairs.work.tolist(), pairs.money.tolist(), pairs.granules.tolist(), strict=True):
            work[at] += granules
            if payer >= 0:
                offer, year = int(columns.flow_offer[payer]), int(columns.flow_year[payer])
                money[offer, year] += granules * int(columns.work_price[at])
        return dict(work), dict(money)

    def _slots(self) -> Iterator[tuple[int, int]]:
        """Every column of work with all columns of its class and year by which one who pays there could pay for it."""
        work, money = self._given
        columns, payers = self._columns, defaultdict[tuple[int, int], list[int]](list)
        mine = columns.of_state(int(columns.state[next(iter(work))]))
        for column in mine[(mine >= columns.works) & (mine < columns.flows)].tolist():
            year = int(columns.flow_year[column])
            if (int(columns.flow_offer[column]), year) in money and columns.upper[column]:
                payers[int(columns.flow_class[column]), year].append(column)
        for column in sorted(work):
            name = int(columns.flow_class[column])
            if name < 0:
                yield column, -1
            else:
                yield from ((column, payer) for payer in payers[name, int(columns.flow_year[column])])

    @cached_property
    def choice(self) -> bool:
        """Whether anybody else could pay for any of it."""
        return len(self.slots) != len(self._given[0])

    def order(self, limits: Limits, seconds: float | None) -> _Order:
        """What is to be searched for pairs with the fewest agreements."""
        work, money = self._columns_of_slots
        named = _groups(self._columns, Pairs(work, money, np.ones(len(work), np.int64)))
        model, objective, start = self._model(work, money, named)
        name = "cpsat" if self._rules is None else "highs"  # whose relaxation sees through the rules
        return _Order(name, model, objective, limits, start, seconds)

    @property
    def _columns_of_slots(self) -> tuple[Ints, Ints]:
        """Columns of work and of money of all slots."""
        table = np.array(self.slots, np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def pairs_at(self, point: Floats) -> Pairs:
        """The pairs of a point of the model."""
        work, money = self._columns_of_slots
        return NO_PAIRS.joined(Pairs(work, money, np.rint(point[: len(work)]).astype(np.int64)))

    def _model(
        self, work: Ints, money: Ints, named: list[tuple[int, int]]
    ) -> tuple[LinearModel, LinearObjective, Floats]:
        """The model, what it seeks, and the pairs that are there as a point of it."""
        slots, groups = len(work), sorted(set(named))
        number = np.array([groups.index(each) for each in named], np.int64)
        most = np.array([self._given[0][at] for at in work.tolist()], np.int64)
        together, cell = np.unique(number * self.years + self._columns.flow_year[work], return_inverse=True)
        cell = np.asarray(cell, np.int64).ravel()
        before = np.searchsorted(together, together - 1)
        before[(together[before] != together - 1) | (together % self.years == 0)] = -1
        uses, begins = slots + np.arange(len(together)), slots + len(together) + np.arange(len(together))
        agreed = slots + 2 * len(together) + np.arange(len(groups))
        rows = RowBuilder()
        for column, granules in self._given[0].items():
            rows.terms(rows.row(("work",), lower=granules, upper=granules), np.flatnonzero(work == column), 1)
        self._pay(rows, work, money)
        gate = rows.many("use", -UNLIMITED, 0, slots)
        rows.terms(gate, np.arange(slots), 1)
        rows.terms(gate, uses[cell], -most)
        idle = rows.many("idle", -UNLIMITED, 0, len(together))  # a year without work bridges nothing
        rows.terms(idle, uses, 1)
        rows.terms(idle[cell], np.arange(slots), -1)
        tie = rows.many("agreement", -UNLIMITED, 0, len(together))
        rows.terms(tie, uses, 1)
        rows.terms(tie, agreed[together // self.years], -1)
        begin = rows.many("begin", -UNLIMITED, 0, len(together))
        rows.terms(begin, uses, 1)
        rows.terms(begin, begins, -1)
        rows.terms(begin[before >= 0], uses[before[before >= 0]], -1)
        upper = np.concatenate((most, np.ones(2 * len(together) + len(groups), np.int64)))
        model = self._ruled(rows, upper, work, money)
        coefficient = np.zeros(model.columns, np.int64)
        coefficient[begins], coefficient[agreed] = 1, self.years + 1
        start = np.zeros(model.columns, np.float64)
        start[:slots] = self._granules(work, money)
        start[uses[cell[start[:slots] > 0]]] = 1
        start[begins] = start[uses] * (1 - np.where(before >= 0, start[uses[before]], 0))
        start[agreed[together[start[uses] > 0] // self.years]] = 1
        if self._rules is not None:
            start[len(upper) :] = self._rules.base[self._rules.free]
        return model, LinearObjective("agreements", False, coefficient, 1, Fraction(0)), start

    def _pay(self, rows: RowBuilder, work: Ints, money: Ints) -> None:
        """Rows by which each offer pays in each year what it pays now, or nearly so."""
        payer = np.where(money >= 0, self._columns.flow_offer[money], -1)
        year = self._columns.flow_year[work]
        for (offer, when), paid in self._given[1].items():
            mine = np.flatnonzero((payer == offer) & (year == when))
            price = self._columns.work_price[work[mine]]
            slack = int(price.max()) - 1 if self._rules is not None and len(set(price.tolist())) > 1 else 0
            rows.terms(rows.row(("money",), lower=paid - slack, upper=paid + slack), mine, price)

    def _ruled(self, rows: RowBuilder, upper: Ints, work: Ints, money: Ints) -> LinearModel:
        """The pairs, and beside them the columns of money that they add up to, under their rules."""
        none, ones = np.zeros(len(upper), np.bool_), np.ones(len(upper))
        if self._rules is None:
            return LinearModel(np.zeros_like(upper), upper, none, none, ones, rows.build(upper))
        rules, columns = self._rules.model, self._columns
        paid = np.flatnonzero(self._rules.free < columns.flows)
        sums = rows.many("pays", 0, 0, len(paid))
        rows.terms(sums, len(upper) + paid, -1)
        pays = np.flatnonzero(money >= 0)
        units = columns.work_price[work[pays]] // columns.money_unit[money[pays] - columns.works]
        rows.terms(sums[np.searchsorted(self._rules.free[paid], money[pays])], pays, units)
        follows = np.concatenate((none, np.ones(rules.columns, np.bool_)))  # money is whole where its pairs are
        own = LinearModel(
            np.concatenate((np.zeros_like(upper), rules.lower)),
            np.concatenate((upper, rules.upper)),
            follows,
            follows,
            np.concatenate((ones, rules.column_scale)),
            rows.build(np.concatenate((upper, np.maximum(-rules.lower, rules.upper)))),
        )
        return own.with_rows(replace(rules.rows, column=rules.rows.column + len(upper)))

    def _granules(self, work: Ints, money: Ints) -> Ints:
        """What each slot has in the pairs that are there."""
        pairs = self._pairs
        there = zip(pairs.work.tolist(), pairs.money.tolist(), strict=True)
        known = dict(zip(there, pairs.granules.tolist(), strict=True))
        return np.array([known.get(slot, 0) for slot in zip(work.tolist(), money.tolist(), strict=True)], np.int64)
