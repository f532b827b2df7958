"""The smallest State coverage: flat as long as two States share it, so States are lifted one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from matcher.engine.problem import ObjectiveProblem
from matcher.formulation.columns import WORST_SCALE
from matcher.formulation.plans import Plan
from matcher.solvers.linear_model import LinearObjective


def lifts(task: ObjectiveProblem) -> bool:
    """Returns whether the objective is the smallest coverage, of States that have one."""
    return task.objective.name == "worst_off" and task.min_coverage_rows is not None


def coverages(task: ObjectiveProblem, plan: Plan) -> dict[int, int]:
    """Returns the coverage of each State that has one, in units of 1 / WORST_SCALE."""
    assert task.min_coverage_rows is not None
    rows, at = task.min_coverage_rows, task.formulation.scenario.index.states
    coverage = rows.activity(plan.point) - rows.lower + int(plan.point[task.columns.min_coverage])
    return {at[label[1]]: int(value) for label, value in zip(rows.label, coverage.tolist(), strict=True)}


def lowest(task: ObjectiveProblem, plan: Plan, states: Iterable[int]) -> int:
    """Returns the State with the smallest coverage, the first in a tie."""
    coverage = coverages(task, plan)
    return min(states, key=lambda state: (coverage.get(state, 2**62), state))


def lifting(task: ObjectiveProblem, plan: Plan, group: frozenset[int]) -> tuple[ObjectiveProblem, LinearObjective]:
    """Lifts a group's own worst State, and lets no State fall below the smallest coverage so far."""
    assert task.min_coverage_rows is not None
    rows, least = task.min_coverage_rows, task.columns.min_coverage
    state = task.formulation.scenario.states[lowest(task, plan, group)].id
    weight = np.zeros(task.model.columns, np.int64)
    if ("worst_off", state) in rows.label:
        row = rows.label.index(("worst_off", state))
        terms = slice(int(rows.start[row]), int(rows.start[row + 1]))
        weight[rows.column[terms]] = rows.coefficient[terms]
        weight[least] = 0
    lower = task.model.lower.copy()
    lower[least] = plan.point[least]
    lift = LinearObjective("worst_off", True, weight, WORST_SCALE, Fraction(0))
    return replace(task, model=task.model.with_bounds(lower, task.model.upper)), lift
