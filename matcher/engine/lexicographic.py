"""The objectives of a scenario one after the other: what each seeks, and what it leaves to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import numpy as np

from matcher.engine.problem import ObjectiveProblem, Report, silent
from matcher.engine.settings import DEFAULT_SETTINGS
from matcher.errors import InvalidScenario
from matcher.execution import Executor, Serial
from matcher.formulation.columns import WORST_SCALE, Columns
from matcher.formulation.formulate import formulate
from matcher.formulation.formulation import Formulation
from matcher.formulation.need_aggregation import Merged, merge
from matcher.formulation.objectives import goal_objective, linear_objective, waiting_floor, weighted_objective
from matcher.formulation.plans import Plan, plan_of, portfolio_of
from matcher.formulation.smallest_coverage import (
    reached_rows,
    without_reached,
    worst_off_error,
    worst_off_rows,
    worst_off_steps,
    worst_off_weight,
)
from matcher.portfolio.result import Clock, SolveOptions
from matcher.scenario import Scenario
from matcher.scenario.objectives import COUNTS, FEW
from matcher.solvers.effort import counted
from matcher.solvers.engines import engine
from matcher.solvers.linear_model import UNLIMITED, LinearModel, LinearObjective, ModelTooLarge, RowBuilder, Rows

GUIDES = frozenset({"cost"})
"""What guides a search for other objectives, and needs no columns of its own."""
MOST_ASKED = UNLIMITED // 4
"""What no sum of a scenario's rules may come to: half of what can be counted with, so that further offers and
raised limits, with which its result is explained, can be counted with too."""


@dataclass(frozen=True)
class Level:
    """One objective or blend of an order, and what later ones may take from it."""

    objective: LinearObjective
    parts: frozenset[str]
    """Names of the objectives in it."""
    tolerance: Fraction = Fraction(0)
    """Share of its value that later ones may take ..."""
    amount: Fraction | None = None
    """... or an amount of its figure instead."""
    floor: Fraction = Fraction(0)
    """What its value has in any plan: shares and gaps are of the rest."""
    closing: bool = False
    """Whether it is pursued once more after the order, with all entries kept."""

    @property
    def name(self) -> str:
        """Name of what is pursued."""
        return self.objective.name

    def kept(self, value: Fraction) -> Fraction:
        """Returns the figure that later ones must keep, at least or at most, once a value is reached."""
        given = self.tolerance * abs(value - self.floor) if self.amount is None else self.amount
        return value - given if self.objective.maximise else value + given


@dataclass(frozen=True)
class Formulated:
    """A scenario as it is solved: like tasks as one need, and each objective in turn."""

    merged: Merged
    formulation: Formulation
    """With what all its objectives ask for."""
    levels: tuple[Level, ...]


def formulated(scenario: Scenario) -> Formulated:
    """Returns a scenario as it is solved. What passes here is not too large to be solved.

    Raises
    ------
    InvalidScenario
        if sums over its figures are too large for exact arithmetic: where, how large, and what would not be.
    """
    merged = merge(scenario)
    try:
        formulation = formulate(merged.scenario, MOST_ASKED)
        levels = tuple(levels_of(formulation))
        if any(level.name == "completions" for level in levels):
            linear_objective(formulation.columns, "cost")  # which guides the search for them
    except ModelTooLarge as error:
        raise InvalidScenario([error.fault]) from error
    return Formulated(merged, formulation, levels)


def levels_of(formulation: Formulation) -> Iterator[Level]:
    """Yields what a scenario pursues, in order, up to the first that the formulation has no columns for.

    It is a weighted sum, or each entry of an order and then what closes it.
    """
    scenario, columns = formulation.scenario, formulation.columns
    if scenario.objectives.weights is not None:
        weights: dict[str, Fraction] = {each.objective: Fraction(each.weight) for each in scenario.objectives.weights}
        try:
            yield Level(weighted_objective(columns, weights), frozenset(weights))
        except ModelTooLarge as error:
            raise error.at(("objectives", "weights")) from error
    for at, goal in enumerate(scenario.order()):
        parts = frozenset(part.objective for part in goal.parts)
        if not parts <= columns.sought:
            return
        try:
            amount = None if goal.tolerance_amount is None else Fraction(goal.tolerance_amount)
            objective = goal_objective(columns, goal)
            yield Level(objective, parts, Fraction(goal.tolerance), amount, _floor(columns, objective.name))
        except ModelTooLarge as error:
            raise error.at(("objectives", "order", at)) from error
    for name in scenario.closing:
        if name not in columns.sought:
            return
        yield Level(linear_objective(columns, name), frozenset({name}), floor=_floor(columns, name), closing=True)


def _floor(columns: Columns, name: str) -> Fraction:
    """What an objective comes to in any plan, where its shares are of the rest."""
    return waiting_floor(columns) if name == "waiting" else Fraction(0)


@dataclass(frozen=True)
class _Reaching:
    """The model of the smallest coverage and its rows there."""

    model: LinearModel
    rows: Rows | None
    bound: Fraction | None = None
    """Its relaxation's, where that was solved."""
    work: float = 0.0
    """Work of the relaxation that decided it."""


class Pursuit:
    """One model in which objectives are pursued in turn, each under what the earlier ones have reached."""

    def __init__(self, formulation: Formulation, objectives: Iterable[LinearObjective]) -> None:
        """Starts from a formulation.

        Parameters
        ----------
        objectives
            All that will be pursued: where one uses the smallest coverage, its rows are there from the start.
        """
        self.formulation = formulation
        least = formulation.columns.min_coverage
        uses = any(objective.coefficient[least] for objective in objectives)
        self.min_coverage_rows = worst_off_rows(formulation.columns) if uses else None
        self.model = formulation.model
        if self.min_coverage_rows is not None:
            self.model = self.model.with_rows(self.min_coverage_rows).with_rows(reached_rows(formulation.columns))

    def problem(
        self,
        objective: LinearObjective,
        options: SolveOptions | None = None,
        clock: Clock | None = None,
        report: Report = silent,
        executor: Executor | None = None,
    ) -> ObjectiveProblem:
        """Returns the problem of one objective under all that is kept so far."""
        columns = self.formulation.columns
        options = options or SolveOptions()
        if objective.name in COUNTS:  # of which a gap is absolute near zero: nothing above half of one is within it
            options = options.model_copy(update={"gap": min(options.gap, Decimal(1) / (2 * FEW))})
        error = objective.error + worst_off_weight(columns, objective) * worst_off_error(columns)
        found = self._without_reached(objective, error, options, clock or Clock())
        return ObjectiveProblem(
            self.formulation,
            found.model,
            found.rows,
            objective,
            linear_objective(columns, "cost") if objective.name == "completions" else None,
            options,
            clock or Clock(),
            report,
            error,
            executor or Serial(),
            worst_off_steps(columns, objective),
            relaxed=found.bound,
            work=found.work,
        )

    def _without_reached(
        self, objective: LinearObjective, error: Fraction, options: SolveOptions, clock: Clock
    ) -> _Reaching:
        """The model and the rows of the smallest coverage; without who has all it can have where that cannot matter.

        The relaxation says so, whose bound is tighter then: it can have a little of that for every State.
        """
        columns = self.formulation.columns
        held = columns.reachable.bound[columns.reachable.held]
        if objective.name != "worst_off" or self.min_coverage_rows is None or not len(held):
            return _Reaching(self.model, self.min_coverage_rows)
        plain = replace(self.model, rows=without_reached(columns, self.model.rows))
        with counted() as effort:
            limits = DEFAULT_SETTINGS.limits(float(options.work))
            bound = engine("primal")(plain, objective, limits, clock).bound  # the empty plan keeps all of its rows
        if bound is None or bound + error >= Fraction(int(held.min()), WORST_SCALE):
            return _Reaching(self.model, self.min_coverage_rows, None, effort.work)
        return _Reaching(plain, without_reached(columns, self.min_coverage_rows), bound, effort.work)

    def keep(self, level: Level, value: Fraction) -> None:
        """Keeps a level, from now on, at what later ones must leave of a value of its figure."""
        sought = level.kept(value) * level.objective.denominator
        self.keep_sum(level.objective, ceil(sought) if level.objective.maximise else floor(sought))

    def keep_sum(self, objective: LinearObjective, edge: int) -> None:
        """Keeps an objective, from now on, at least (or at most) at a value of its own sum.

        The smallest coverage is kept State by State, so that no State waits for the others.
        """
        if objective.name == "worst_off" and self.min_coverage_rows is not None:
            rows = _no_worse(self.formulation.columns, self.min_coverage_rows, objective, edge)
            self.model = self.model.with_rows(rows)
            return
        low, high = (edge, UNLIMITED) if objective.maximise else (-UNLIMITED, edge)
        builder = RowBuilder()
        row = builder.row(("kept", objective.name), lower=low, upper=high)
        columns = np.flatnonzero(objective.coefficient)
        builder.terms(row, columns, objective.coefficient[columns])
        self.model = self.model.with_rows(builder.build(np.ones(self.model.columns, np.int64)))


def _no_worse(columns: Columns, min_coverage_rows: Rows, objective: LinearObjective, least: int) -> Rows:
    """Rows by which every State has at least so much, with what was delivered before, or all that it can have."""
    own = min_coverage_rows.column < columns.works
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum(own, dtype=np.int64)))[min_coverage_rows.start]
    reach = columns.reachable
    edge = np.full_like(reach.bound, -(least // -int(objective.coefficient[columns.min_coverage])))
    sought = np.where(reach.held, np.minimum(reach.bound, edge), edge)[reach.counted]
    return Rows(
        start,
        min_coverage_rows.column[own],
        min_coverage_rows.coefficient[own],
        min_coverage_rows.lower + sought,
        np.full(min_coverage_rows.count, UNLIMITED, np.int64),
        tuple(("kept", "worst_off", label[1]) for label in min_coverage_rows.label),
    )


class Stages:
    """The levels of a scenario, each in a model with no more columns than it and those before it ask for.

    Links, swings and shares make a model three times as large: what does not ask for them is pursued without.
    """

    def __init__(self, formulated: Formulated) -> None:
        self._whole = formulated
        self._kept: list[Fraction] = []
        self.levels = formulated.levels
        self.pursuit = self._pursuit(0)

    def _pursuit(self, at: int) -> Pursuit:
        """The model of a level, under all that is kept so far."""
        sought = frozenset[str]().union(*(level.parts for level in self._whole.levels[: at + 1])) | GUIDES
        formulation = self._whole.formulation
        if sought < formulation.columns.sought:
            columns = formulation.columns
            known = columns.reachable if "worst_off" in columns.sought else None
            formulation = formulate(self._whole.merged.scenario, sought=sought, known=known)
        self.levels = tuple(levels_of(formulation))
        pursuit = Pursuit(formulation, [level.objective for level in self.levels[: at + 1]])
        for level, value in zip(self.levels, self._kept, strict=False):
            pursuit.keep(level, value)
        return pursuit

    def keep(self, value: Fraction) -> None:
        """Keeps the level at hand at what later ones must leave of the value that it has reached."""
        self.pursuit.keep(self.levels[len(self._kept)], value)
        self._kept.append(value)

    def advance(self, plan: Plan) -> tuple[Level, Plan]:
        """Goes to the next level; returns it, and the plan in its model."""
        at = len(self._kept)
        if not self._whole.levels[at].parts <= self.pursuit.formulation.columns.sought or self._needs_rows(at):
            portfolio = portfolio_of(self.pursuit.formulation, plan)
            self.pursuit = self._pursuit(at)
            plan = plan_of(self.pursuit.formulation, portfolio, self.pursuit.min_coverage_rows)
        return self.levels[at], plan

    def _needs_rows(self, at: int) -> bool:
        """Whether a level is the first that uses the smallest coverage."""
        uses = "worst_off" in self._whole.levels[at].parts
        return uses and self.pursuit.min_coverage_rows is None
