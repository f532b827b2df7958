"""The objectives of a scenario one after the other: what each seeks, and what it leaves to the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from matcher.engine.problem import ObjectiveProblem, Report
from matcher.errors import InvalidScenario
from matcher.execution import Executor
from matcher.formulation.formulate import formulate
from matcher.formulation.formulation import Formulation
from matcher.formulation.need_aggregation import Merged, merge
from matcher.formulation.objectives import (
    linear_objective,
    weighted_objective,
    worst_off_error,
    worst_off_rows,
    worst_off_steps,
)
from matcher.portfolio.result import Clock, SolveOptions
from matcher.scenario import Scenario
from matcher.solvers.linear_model import UNLIMITED, LinearModel, LinearObjective, ModelTooLarge, RowBuilder, Rows

MOST_ASKED = UNLIMITED // 4
"""What no sum of a scenario's rules may come to: half of what can be counted with, so that further offers and
raised limits, with which its result is explained, can be counted with too."""


@dataclass(frozen=True)
class Formulated:
    """A scenario as it is solved: like tasks as one need, and each objective in turn."""

    merged: Merged
    formulation: Formulation
    objectives: tuple[tuple[LinearObjective, Fraction], ...]
    """The objectives in order, each with the share of its value that later ones may take."""
    min_coverage_rows: Rows | None
    """Rows of the smallest coverage, if an objective uses it."""


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
        objectives = tuple(objectives_in_order(formulation))
        min_coverage_rows = min_coverage_rows_of(formulation, [objective for objective, _ in objectives])
        if any(objective.name == "completions" for objective, _ in objectives):
            linear_objective(formulation.columns, "cost")  # which guides the search for them
    except ModelTooLarge as error:
        raise InvalidScenario([error.fault]) from error
    return Formulated(merged, formulation, objectives, min_coverage_rows)


def objectives_in_order(formulation: Formulation) -> Iterator[tuple[LinearObjective, Fraction]]:
    """Yields the objectives in order, each with the share of its value that later ones may take."""
    scenario, columns = formulation.scenario, formulation.columns
    if scenario.objectives.weights is not None:
        weights: dict[str, Fraction] = {each.objective: Fraction(each.weight) for each in scenario.objectives.weights}
        try:
            yield weighted_objective(columns, weights), Fraction(0)
        except ModelTooLarge as error:
            raise error.at(("objectives", "weights")) from error
    for at, goal in enumerate(scenario.order()):
        try:
            yield linear_objective(columns, goal.objective), Fraction(goal.give_up)
        except ModelTooLarge as error:
            raise error.at(("objectives", "order", at)) from error


def min_coverage_rows_of(formulation: Formulation, objectives: list[LinearObjective]) -> Rows | None:
    """Returns the rows of the smallest coverage, if an objective uses it."""
    uses_worst = any(objective.coefficient[formulation.columns.min_coverage] for objective in objectives)
    return worst_off_rows(formulation.columns) if uses_worst else None


def objective_problem(
    formulation: Formulation,
    model: LinearModel,
    min_coverage_rows: Rows | None,
    objective: LinearObjective,
    options: SolveOptions,
    clock: Clock,
    report: Report,
    executor: Executor,
) -> ObjectiveProblem:
    """Returns the task of one objective.

    Parameters
    ----------
    model
        The formulation with the rows of the smallest coverage, if any, and of earlier objectives.
    """
    columns = formulation.columns
    error = objective.error + (worst_off_error(columns) if objective.coefficient[columns.min_coverage] else 0)
    guide = linear_objective(columns, "cost") if objective.name == "completions" else None
    steps = worst_off_steps(columns) if objective.name == "worst_off" else ()
    return ObjectiveProblem(
        formulation, model, min_coverage_rows, objective, guide, options, clock, report, error, executor, steps
    )


def with_objective_floor(
    model: LinearModel, objective: LinearObjective, value: int, slack: int, min_coverage_rows: Rows | None
) -> LinearModel:
    """Returns the model with rows that keep what an objective has reached, less what it may give up.

    Parameters
    ----------
    value, slack
        In units of the objective's own sum.
    min_coverage_rows
        Rows of the smallest coverage: it is kept State by State, so that no State waits for the others.
    """
    if objective.name == "worst_off" and min_coverage_rows is not None:
        return model.with_rows(_no_worse(min_coverage_rows, objective, value - slack))
    low, high = (value - slack, UNLIMITED) if objective.maximise else (-UNLIMITED, value + slack)
    rows = RowBuilder()
    row = rows.row(("kept", objective.name), lower=low, upper=high)
    columns = np.flatnonzero(objective.coefficient)
    rows.terms(row, columns, objective.coefficient[columns])
    return model.with_rows(rows.build(np.ones(model.columns, np.int64)))


def _no_worse(min_coverage_rows: Rows, objective: LinearObjective, least: int) -> Rows:
    """Rows by which every State's coverage alone is at least so much."""
    (column,) = np.flatnonzero(objective.coefficient).tolist()
    own = min_coverage_rows.column != column
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum(own)))[min_coverage_rows.start]
    return Rows(
        start,
        min_coverage_rows.column[own],
        min_coverage_rows.coefficient[own],
        np.full(min_coverage_rows.count, -(-least // int(objective.coefficient[column])), np.int64),
        np.full(min_coverage_rows.count, UNLIMITED, np.int64),
        tuple(("kept", "worst_off", label[1]) for label in min_coverage_rows.label),
    )
