"""How far a figure may fall behind: exactly, as the checker counts, and as rows of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import numpy as np

from matcher.alternatives.pairs import restated
from matcher.engine.lexicographic import Pursuit, levels_of
from matcher.engine.problem import ObjectiveProblem
from matcher.engine.settings import DEFAULT_SETTINGS, Settings
from matcher.errors import VerificationFailed
from matcher.execution import Executor
from matcher.formulation.formulation import Formulation
from matcher.formulation.need_aggregation import Merged
from matcher.formulation.plans import Plan, plan_within, portfolio_of
from matcher.formulation.smallest_coverage import worst_off_error
from matcher.portfolio.portfolio import Portfolio
from matcher.scenario import Scenario
from matcher.scenario.objectives import OBJECTIVES, weighted_sum
from matcher.solvers.linear_model import UNLIMITED, Ints, LinearObjective
from matcher.verification import verify

RowsAt = Literal["inner", "given", "outer"]
"""inner: what they admit is within the tolerance in truth; given: the same, but they admit the portfolio itself in any
case; outer: what they exclude is outside it in truth."""


@dataclass(frozen=True)
class Allowed:
    """What one objective may come to."""

    objective: str
    """Name, or ``weighted``."""
    maximise: bool
    given: Fraction
    """Figure of the given portfolio."""
    limit: Fraction
    """Worst figure that is within the tolerance."""

    def admits(self, figure: Fraction) -> bool:
        """Returns whether a figure is within the tolerance."""
        return figure >= self.limit if self.maximise else figure <= self.limit


def allowed_by(
    scenario: Scenario, figures: Mapping[str, Fraction], tolerance: Decimal, floor: Fraction = Fraction(0)
) -> tuple[Allowed, ...]:
    """Returns what each objective of the scenario may come to, in their order; of weighted ones, their sum.

    Parameters
    ----------
    floor
        Need-years that wait in any plan: the tolerance of `waiting` is a share of the rest.
    """
    found = []
    for name, maximise in _sought(scenario):
        given = figure_of(scenario, figures, name)
        slack = Fraction(tolerance) * abs(given - (floor if name == "waiting" else 0))
        found.append(Allowed(name, maximise, given, given - slack if maximise else given + slack))
    return tuple(found)


def _sought(scenario: Scenario) -> list[tuple[str, bool]]:
    """Name and sense of each entry of the order, or of the weighted sum."""
    if scenario.objectives.weights is not None:
        return [("weighted", True)]
    return [(goal.name, OBJECTIVES[goal.parts[0].objective].maximise) for goal in scenario.order()]


def figure_of(scenario: Scenario, figures: Mapping[str, Fraction], name: str) -> Fraction:
    """Returns the figure of an objective, a blend or the weighted sum, of those that the checker counts by name."""
    if name == "weighted":
        return weighted_sum(scenario.objectives.weights or (), figures)
    return next((goal.figure(figures) for goal in scenario.order() if goal.name == name), Fraction(0))


def checked_alternative(
    merged: Merged, allowed: tuple[Allowed, ...], portfolio: Portfolio
) -> tuple[Portfolio, dict[str, Fraction]] | None:
    """Returns a portfolio as one of the original scenario, with its figures; None if one is not within its tolerance.

    Raises
    ------
    VerificationFailed
        if the independent checker refuses it: an error of the engine, never of the input.
    """
    found = merged.split(restated(merged.scenario, portfolio))
    report = verify(merged.original, found)
    if not report.ok:
        raise VerificationFailed("; ".join(violation.detail for violation in report.violations[:5]))
    inside = all(each.admits(figure_of(merged.original, report.figures, each.objective)) for each in allowed)
    return (found, dict(report.figures)) if inside else None


@dataclass(frozen=True)
class ToleranceModel:
    """A portfolio in a model whose rows hold every objective within its tolerance."""

    task: ObjectiveProblem
    plan: Plan
    """The plan of the portfolio, as far as the scenario has options for it."""
    shared: Ints
    """Rows of tolerances that all States draw on."""

    @property
    def states(self) -> list[int]:
        """States that anything can flow to."""
        columns = self.task.columns
        return sorted(set(columns.state[: columns.works].tolist()))

    def portfolio(self, plan: Plan) -> Portfolio:
        """Returns the portfolio of a plan."""
        return portfolio_of(self.task.formulation, plan)

    def fair(self, plan: Plan, part: Fraction) -> ObjectiveProblem:
        """Returns the task in which only a part of what the tolerances still leave to all may be used."""
        model = self.task.model
        rows, now = model.rows, model.rows.activity(plan.point)
        lower, upper = rows.lower.copy(), rows.upper.copy()
        for row in self.shared.tolist():
            at = int(now[row])
            if lower[row] > -UNLIMITED:
                lower[row] = at - int((at - int(lower[row])) * part)
            if upper[row] < UNLIMITED:
                upper[row] = at + int((int(upper[row]) - at) * part)
        return replace(self.task, model=replace(model, rows=replace(rows, lower=lower, upper=upper)))


def ground_of(
    formulation: Formulation,
    portfolio: Portfolio,
    allowed: tuple[Allowed, ...],
    executor: Executor,
    rows: RowsAt = "inner",
    settings: Settings = DEFAULT_SETTINGS,
) -> ToleranceModel:
    """Returns the ground of a portfolio.

    Parameters
    ----------
    rows
        Which side of the true figures the rows are on, where they cannot state them exactly.
    settings
        What the engine is tuned by.
    """
    objectives = _objectives(formulation)
    pursuit = Pursuit(formulation, objectives)
    plan, first = plan_within(formulation, portfolio, pursuit.min_coverage_rows), pursuit.model.rows.count
    for objective, each in zip(objectives, allowed, strict=True):
        edge = _edge(formulation, objective, each, rows)
        if rows == "given":
            given = int(objective.coefficient @ plan.point)
            edge = min(edge, given) if objective.maximise else max(edge, given)
        pursuit.keep_sum(objective, edge)
    task = pursuit.problem(objectives[0], executor=executor)
    labels = task.model.rows.label
    shared = [row for row in range(first, len(labels)) if labels[row][:2] != ("kept", "worst_off")]
    return ToleranceModel(replace(task, guide=None, steps=(), settings=settings), plan, np.array(shared, np.int64))


def _objectives(formulation: Formulation) -> list[LinearObjective]:
    """What the scenario pursues: its weighted sum, or each entry of its order."""
    return [level.objective for level in levels_of(formulation) if not level.closing]


def exact(formulation: Formulation) -> bool:
    """Returns whether rows state the objectives' figures exactly, so that outer and inner ones are the same."""
    return not any(_error(formulation, objective) for objective in _objectives(formulation))


def _error(formulation: Formulation, objective: LinearObjective) -> Fraction:
    return objective.error + (
        worst_off_error(formulation.columns) if objective.coefficient[formulation.columns.min_coverage] else 0
    )


def _edge(formulation: Formulation, objective: LinearObjective, each: Allowed, rows: RowsAt) -> int:
    """The worst sum that a row admits, in units of the objective's own sum."""
    error = -_error(formulation, objective) if rows == "outer" else objective.error
    if objective.maximise:
        least = (each.limit + error) * objective.denominator
        return -(-least.numerator // least.denominator)
    most = (each.limit - error) * objective.denominator
    return most.numerator // most.denominator
