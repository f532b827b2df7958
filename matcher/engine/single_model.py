"""Solves a scenario as one model: the method where there are few columns."""

from __future__ import annotations

import numpy as np

from matcher.engine.by_state.search import plan_near, starting_plan
from matcher.engine.problem import ObjectiveProblem, ObjectiveResult, better
from matcher.formulation.plans import Plan
from matcher.solvers.effort import WorkBudget, counted
from matcher.solvers.engines import Limits, Outcome, engine


def pursue(task: ObjectiveProblem, incumbent: Plan | None, meter: WorkBudget) -> ObjectiveResult:
    """Returns the best plan and bound for one objective, from the incumbent on."""
    with counted() as effort:
        finding = _found(task, incumbent, meter.budget)
    meter.spend(task.work + effort.work)
    return finding


def _found(task: ObjectiveProblem, incumbent: Plan | None, work: float) -> ObjectiveResult:
    start, impossible = (incumbent, False) if incumbent is not None else starting_plan(task)
    if impossible:
        return ObjectiveResult(None, None, infeasible=True)
    task.report("starting_plan", start, None)  # what there is if the search is cut off
    hint = None if incumbent is None else incumbent.point.astype(np.float64)
    limits = task.settings.limits(work, float(task.options.gap) / 2)
    searching = task.clock.part(task.settings.single_model.search_share)  # the rest is for whole units
    outcome = engine(engine_for(task))(task.model, task.objective, limits, searching, hint)
    if outcome.status == "infeasible":
        return ObjectiveResult(incumbent, None, infeasible=incumbent is None)
    found, impossible = _in_whole_units(task, outcome, limits)
    best = pick(task, start, found)
    if best is None:
        return ObjectiveResult(None, None, infeasible=impossible)
    bound = task.bound(outcome.bound)
    task.report("one_model", best, bound)
    return ObjectiveResult(best, bound, ran_out=outcome.status != "optimal")


def _in_whole_units(task: ObjectiveProblem, outcome: Outcome, limits: Limits) -> tuple[Plan | None, bool]:
    """The engine's point in whole units, and whether there is proof of none anywhere.

    Where no whole point is near the engine's, a small model goes to CP-SAT.
    """
    if outcome.point is None:
        return None, False
    found = plan_near(task, outcome.point)
    if found is None and _is_small(task):
        exact = engine("cpsat")(task.model, task.objective, limits, task.clock)
        if exact.status == "infeasible":
            return None, True
        found = None if exact.point is None else plan_near(task, exact.point)
    return found, False


def _is_small(task: ObjectiveProblem) -> bool:
    """Whether the model is small enough for CP-SAT."""
    return task.model.columns <= task.settings.single_model.most_exact_columns


def engine_for(task: ObjectiveProblem) -> str:
    """Returns the engine: the one asked for, else CP-SAT for small coarse models and SCIP for the rest."""
    if task.options.engine != "auto":
        return task.options.engine
    least = task.columns.min_coverage
    if task.objective.coefficient[least] and np.count_nonzero(task.objective.coefficient) > 1:
        return "scip"  # CP-SAT creeps through the fine steps of the smallest coverage where others weigh against it
    inner = task.model.relaxable & ~task.model.derived
    return "cpsat" if not inner.any() and _is_small(task) else "scip"


def pick(task: ObjectiveProblem, one: Plan | None, other: Plan | None) -> Plan | None:
    """Returns the better of two plans, the first in a tie."""
    if one is None or other is None:
        return other if one is None else one
    return other if better(task.objective, task.value(other), task.value(one)) else one
