"""One State's part of a portfolio solved again under a changed scenario, all others kept as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from matcher.decomposition.groups import Answer, Part, merged, piece_of
from matcher.errors import VerificationFailed
from matcher.execution import Serial
from matcher.formulations.compact import Compact, formulate_compact
from matcher.formulations.compact.points import Plan, plan_of, portfolio_of
from matcher.linear_model import UNLIMITED, Ints, LinearModel, LinearObjective, RowBuilder
from matcher.portfolio import Portfolio
from matcher.pursuit import Task, exact_bound
from matcher.recovery import whole_pairs
from matcher.result import Clock, SolveOptions
from matcher.scenario import Scenario, TechnicalOffer
from matcher.solvers import Limits, SolverFailed, engine
from matcher.stages import aims_of, task_of
from matcher.verification import verify

WORK = 4.0
"""Deterministic work of solving one State's part."""


@dataclass(frozen=True)
class Goal:
    """What is sought for a State: to complete, or one need met in full."""

    state: str
    need: str | None = None


@dataclass(frozen=True)
class Found:
    """The best that one State can have."""

    value: int | None
    """Units of the aim in a portfolio that was checked; None if there is none."""
    bound: int | None
    """No portfolio has more (less, where less is sought); None if there is none, proven by ``impossible``."""
    impossible: bool = False
    """Whether it is proven that there is no portfolio."""


@dataclass(frozen=True)
class Setting:
    """A portfolio in a scenario, perhaps a changed one, ready to have one State's part solved again."""

    scenario: Scenario
    compact: Compact
    plan: Plan

    @classmethod
    def of(cls, scenario: Scenario, portfolio: Portfolio) -> Setting:
        """Returns the setting of a portfolio; it must be one of the scenario, whatever scenario it was made for."""
        compact = formulate_compact(scenario)
        return cls(scenario, compact, plan_of(compact, portfolio))

    def most(self, goal: Goal) -> Found:
        """Returns the most units of a goal's need that can be delivered, the State's other needs having no less."""
        assert goal.need is not None
        columns, need = self.compact.columns, self._need(goal.need)
        coefficient = np.zeros(columns.count, np.int64)
        granule = self.scenario.capability(self.scenario.need(goal.need).capability).granule
        coefficient[: columns.works][columns.flow_need[: columns.works] == need] = granule
        aim = LinearObjective("most", True, coefficient, 1, Fraction(0))
        return self._best(goal, aim, self._keeping(goal))

    def least(self, goal: Goal, offer: str | None = None) -> Found:
        """Returns the least of an offer, in minor units or units of work, with which a goal is reached.

        Without an offer, 0 where the goal can be reached at all.
        """
        model = self._reaching(goal)
        if model is None or (model.lower > model.upper).any():
            return Found(None, None, impossible=True)
        coefficient = np.zeros(self.compact.columns.count, np.int64)
        if offer is not None:
            coefficient = self._use_of(offer)
        return self._best(goal, LinearObjective("least", False, coefficient, 1, Fraction(0)), model)

    def _use_of(self, offer: str) -> Ints:
        """What each column takes of an offer: minor units of money, or units of work."""
        columns, scenario = self.compact.columns, self.scenario
        at = next(at for at, each in enumerate(scenario.offers) if each.id == offer)
        flows = np.flatnonzero(columns.flow_offer[: columns.flows] == at)
        coefficient = np.zeros(columns.count, np.int64)
        each = scenario.offers[at]
        if isinstance(each, TechnicalOffer):
            coefficient[flows] = scenario.capability(each.capability).granule
        else:
            coefficient[flows] = columns.money_unit[flows - columns.works]
        return coefficient

    def _need(self, key: str) -> int:
        return next(at for at, each in enumerate(self.scenario.needs) if each.id == key)

    def _state(self, key: str) -> int:
        return next(at for at, each in enumerate(self.scenario.states) if each.id == key)

    def _reaching(self, goal: Goal) -> LinearModel | None:
        """The model in which a goal is reached; None where no point can."""
        columns, model = self.compact.columns, self._keeping(goal)
        if goal.need is None:
            complete = columns.complete[self._state(goal.state)]
            if complete < 0:
                return None
            lower = model.lower.copy()
            lower[complete] = 1
            return model.with_bounds(lower, model.upper)
        need = self._need(goal.need)
        rows = RowBuilder()
        row = rows.row(("reached",), lower=int(columns.payments.demand[need]), upper=UNLIMITED)
        rows.terms(row, np.flatnonzero(columns.flow_need[: columns.works] == need), 1)
        return model.with_rows(rows.build(np.maximum(model.upper, 1)))

    def _keeping(self, goal: Goal) -> LinearModel:
        """The model in which the State's other needs get no less than they have, and it completes if it does."""
        columns, model, state = self.compact.columns, self.compact.model, self._state(goal.state)
        others = self.scenario.needs_of(goal.state) if goal.need is not None else ()
        needs = [self._need(each.id) for each in others if each.id != goal.need]
        rows = RowBuilder()
        for need in needs:
            work = np.flatnonzero(columns.flow_need[: columns.works] == need)
            if len(work):
                row = rows.row(("kept",), lower=int(self.plan.point[work].sum()), upper=UNLIMITED)
                rows.terms(row, work, 1)
        model = model.with_rows(rows.build(np.maximum(model.upper, 1)))
        complete = columns.complete[state]
        if complete >= 0 and self.plan.point[complete]:
            lower = model.lower.copy()
            lower[complete] = 1
            model = model.with_bounds(lower, model.upper)
        return model

    def _best(self, goal: Goal, aim: LinearObjective, model: LinearModel) -> Found:
        task, state = self._task(aim, model), self._state(goal.state)
        piece, free = piece_of(task, self.plan, [state], Limits(WORK), aim)
        clock = Clock()
        start = piece.point.astype(np.float64)
        try:
            outcome = engine(piece.engine)(piece.model, piece.aim, piece.limits, clock, start)
        except SolverFailed:
            return Found(None, None)
        if outcome.status == "infeasible":
            return Found(None, None, impossible=True)
        bound = None if outcome.bound is None else int(exact_bound(piece.aim, outcome.bound, Fraction(0)))
        found = (
            None if outcome.point is None else whole_pairs(piece.model, piece.flows, outcome.point, piece.aim, clock)
        )
        if found is None:
            return Found(None, bound)
        plan = merged(task, self.plan, [Part(frozenset({state}), free, Answer(found[0], found[1], True))])
        if plan is None:
            return Found(None, bound)
        self._check(plan)
        return Found(int(aim.value(plan.point)), bound)

    def _task(self, aim: LinearObjective, model: LinearModel) -> Task:
        first, _ = next(iter(aims_of(self.compact)))
        task = task_of(self.compact, model, None, first, SolveOptions(), Clock(), _silent, Serial())
        return replace(task, objective=aim, guide=None, steps=())

    def _check(self, plan: Plan) -> None:
        """Holds a portfolio against the checker.

        Raises
        ------
        VerificationFailed
            if it refuses it: an error of the engine.
        """
        report = verify(self.scenario, portfolio_of(self.compact, plan))
        if not report.ok:
            raise VerificationFailed("; ".join(violation.detail for violation in report.violations[:5]))


def _silent(phase: str, plan: Plan | None, bound: Fraction | None) -> None:
    """Nobody listens."""
