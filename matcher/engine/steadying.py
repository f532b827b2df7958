r"""Who works when, once all else is settled: as steadily as can be.

Objectives count the money that partners move from year to year, not the work: where several implementers serve one
State, any of them may do a year's work, and a plan as good in every figure may have one of them clear for forty
millions, then nothing, then forty again. Nobody keeps teams so. For orders that ask for what lasts (`turnover` or
`swings`), State by State, implementers of one price and payment class take work from each other::

    x[h,n,t]  granules of need n that h works in year t         d[h,t]  how far the work of h moves, in money

    min  sum d   with   w[t] - w[t-1] <= d[t],   w[t-1] - w[t] <= d[t],   w[h,t] = sum over n of price x[h,n,t]
                        x of a class, price and year add up to what they do;  all money stays as it is

with all rules of the model, and each objective as good as it is but for a thousandth, where its tolerance leaves
as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from matcher.engine.by_state.groups import Subproblem, SubproblemSolution, merged
from matcher.engine.lexicographic import Level
from matcher.engine.problem import ObjectiveProblem
from matcher.formulation.columns import Columns
from matcher.formulation.plans import Pairs, Plan
from matcher.solvers.effort import counted
from matcher.solvers.engines import SolverFailed, engine
from matcher.solvers.linear_model import UNLIMITED, Ints, LinearModel, LinearObjective, RowBuilder, Rows, submodel

LASTING = frozenset({"turnover", "swings"})
"""Objectives that ask for partners who stay."""


def seeks_lasting(columns: Columns) -> bool:
    """Returns whether a scenario's objectives ask for partners who stay."""
    return bool(LASTING & columns.sought)


def steadied(task: ObjectiveProblem, levels: Sequence[Level], plan: Plan, work: float) -> Plan:
    """Returns a plan as good in every objective in which implementers work more steadily.

    Parameters
    ----------
    task
        The last problem, with all levels kept.
    levels
        All levels, in the columns of the task.
    work
        Work allowed for all States.
    """
    columns, settings = task.columns, task.settings.steadying
    used = 0.0
    model = task.model.with_rows(_as_good(columns, levels, plan, settings.room))
    for state in sorted(set(columns.state[plan.pairs.work].tolist())):
        left = min(work - used, settings.state_work)
        if left <= 0 or task.clock.reason() is not None:
            break
        with counted() as effort:
            plan = _Implementers(replace(task, model=model), state, plan).steadier(left) or plan
        used += effort.work
    return plan


def _as_good(columns: Columns, levels: Sequence[Level], plan: Plan, room: Fraction) -> Rows:
    """Rows by which each objective is as good as in a plan, up to a share; the smallest coverage is kept anyhow."""
    rows = RowBuilder()
    for level in (each for each in levels if each.name != "worst_off"):
        objective = level.objective
        at = np.flatnonzero(objective.coefficient)
        now = int(objective.coefficient[at] @ plan.point[at])
        give = int(abs(now - level.floor * objective.denominator) * room)
        low, high = (now - give, UNLIMITED) if objective.maximise else (-UNLIMITED, now + give)
        rows.terms(rows.row(("as good", level.name), lower=low, upper=high), at, objective.coefficient[at])
    return rows.build(np.ones(columns.count, np.int64))


@dataclass(frozen=True)
class _Implementers:
    """Those who work in one State, and a plan of what they do."""

    task: ObjectiveProblem
    state: int
    plan: Plan

    @property
    def columns(self) -> Columns:
        """The meaning of the columns."""
        return self.task.columns

    @cached_property
    def work(self) -> Ints:
        """The State's columns of work that is paid for, in the whole model; what is done in kind stays as it is."""
        own = self.columns.of_state(self.state)
        own = own[own < self.columns.works]
        return own[self.columns.flow_class[own] >= 0]

    @cached_property
    def who(self) -> Ints:
        """Implementer of each, by position among those of the State."""
        offers = self.columns.scenario.offers
        names = [offers[at].provider for at in self.columns.flow_offer[self.work].tolist()]
        return np.unique(np.array(names), return_inverse=True)[1].astype(np.int64)

    @cached_property
    def sums(self) -> Ints:
        """Class, year and price of each column, by position, in which its work adds up."""
        columns, at = self.columns, self.work
        key = np.stack((columns.flow_class[at], columns.flow_year[at], columns.work_price[at]), axis=1)
        return np.unique(key, axis=0, return_inverse=True)[1].astype(np.int64).ravel()

    @property
    def steps(self) -> int:
        """From how many years into the next."""
        return len(self.columns.scenario.years) - 1

    def moves(self, point: Ints) -> Ints:
        """How far the work of each implementer moves, shape (implementers x steps,), in minor units."""
        done = np.zeros((int(self.who.max(initial=-1)) + 1, self.steps + 1), np.int64)
        worth = self.columns.work_price[self.work] * point[self.work]
        np.add.at(done, (self.who, self.columns.flow_year[self.work]), worth)
        return np.abs(np.diff(done, axis=1)).ravel()

    def steadier(self, work: float) -> Plan | None:
        """A plan in which the State's implementers work more steadily; None where none was found."""
        task, now = self.task, self.moves(self.plan.point)
        if not now.sum():
            return None
        free = np.zeros(self.columns.count, np.bool_)
        free[self.columns.of_state(self.state)] = True
        free[: self.columns.flows] = False
        free[self.work] = True
        narrow = submodel(task.model, free, self.plan.point)
        model, objective = self._model(narrow.model, narrow.free, now)
        least = task.settings.steadying.least_gain
        start = np.concatenate((self.plan.point[narrow.free], now)).astype(np.float64)
        name = "scip" if task.options.engine == "auto" else task.options.engine
        try:
            outcome = engine(name)(model, objective, task.settings.limits(work, float(least)), task.clock, start)
        except SolverFailed:
            return None
        if outcome.point is None:
            return None
        point = np.rint(outcome.point[: len(narrow.free)]).astype(np.int64)
        pairs = self._pairs(narrow.widen(point))
        part = Subproblem(frozenset([self.state]), narrow.free, SubproblemSolution(pairs, point))
        other = merged(task, self.plan, [part])
        return other if other is not None and now.sum() - self.moves(other.point).sum() > least * now.sum() else None

    def _model(self, model: LinearModel, free: Ints, now: Ints) -> tuple[LinearModel, LinearObjective]:
        """The State's part of the model in whole granules, with a column for each move, and their sum."""
        count, work = len(now), free < self.columns.works
        wide = LinearModel(
            np.concatenate((model.lower, np.zeros_like(now))),
            np.concatenate((model.upper, np.full_like(now, now.sum()))),
            np.concatenate((model.relaxable & ~work, np.ones(count, np.bool_))),
            np.concatenate((model.derived, np.ones(count, np.bool_))),
            np.concatenate((np.where(work, 1.0, model.column_scale), np.full(count, 1e6))),
            model.rows,
        )
        rows, at = RowBuilder(), np.searchsorted(free, self.work)
        done = np.bincount(self.sums, self.plan.point[self.work]).astype(np.int64)
        rows.terms(rows.many("work", done, done, len(done))[self.sums], at, 1)
        when, worth = self.columns.flow_year[self.work], self.columns.work_price[self.work]
        for sign in (1, -1):
            move = rows.many("move", 0, UNLIMITED, count)
            rows.terms(move, model.columns + np.arange(count), 1)
            for out in (0, 1):  # the move into each year, and the one out of it
                step = when - 1 + out
                there = (step >= 0) & (step < self.steps)
                row = move[self.who[there] * self.steps + step[there]]
                rows.terms(row, at[there], sign * (2 * out - 1) * worth[there])
        value = np.concatenate((np.zeros(model.columns, np.int64), np.ones_like(now)))
        found = wide.with_rows(rows.build(np.ones(wide.columns, np.int64)))
        return found, LinearObjective("moves", False, value, 1, Fraction(0))

    def _pairs(self, point: Ints) -> Pairs:
        """The same payments for the same sums of work, done by others: by the north-west corner rule."""
        pairs = self.plan.pairs
        here = self.columns.state[pairs.work] == self.state
        mine, in_kind = pairs.where(here & (pairs.money >= 0)), pairs.where(here & (pairs.money < 0))
        paid = self.sums[np.searchsorted(self.work, mine.work)]
        found: list[tuple[int, int, int]] = []
        for at in np.unique(paid).tolist():
            payers = np.flatnonzero(paid == at)
            workers = self.work[self.sums == at]
            given = np.cumsum(mine.granules[payers])
            done = np.cumsum(point[workers])
            edges = np.union1d(np.concatenate((np.zeros(1, np.int64), given)), done)
            for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
                worker = workers[np.searchsorted(done, first, side="right")]
                payer = mine.money[payers[np.searchsorted(given, first, side="right")]]
                found.append((int(worker), int(payer), last - first))
        table = np.array(found, np.int64).reshape(-1, 3)
        return in_kind.joined(Pairs(table[:, 0], table[:, 1], table[:, 2]))
