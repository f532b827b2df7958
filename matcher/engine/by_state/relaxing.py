"""The relaxation of the whole: its prices and bound, by the method that suits the objective.

Where much is to be had, the empty plan keeps all rows and the primal simplex method starts from it, mostly faster than
any other. Where little is to be spent, the dual simplex method starts from nothing; in small models it soon ends, in
large ones it stands still for long on ties or takes a pivot for every second row. Where either comes to no end in its
work an interior-point method takes over, and a first-order one where that fails or the model is too large.

What links have come to is kept by whole engagements; shares of them keep it at next to no cost. So its row is open in
relaxations: on geneva-2015 its price is zero, and without it the dual simplex method needs 3 and 5 seconds for waiting
and the blend where an interior-point method needed 16 with it. A bound without a row holds with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from matcher.engine.by_state.search import dead_states, opened, without_completion
from matcher.engine.problem import ObjectiveProblem
from matcher.solvers.effort import WorkBudget, counted
from matcher.solvers.engines import Outcome, SolverFailed, engine
from matcher.solvers.linear_model import Ints

Relaxed = Literal["relaxation_simplex", "relaxation_interior", "relaxation_first_order"]
"""Which engine solved a relaxation: the last does so roughly."""


def relaxation(
    task: ObjectiveProblem, meter: WorkBudget, trying: WorkBudget
) -> tuple[ObjectiveProblem, Outcome, Relaxed]:
    """Returns the task without the completions that are out of reach, and its relaxation.

    Parameters
    ----------
    meter
        What the relaxation may take; where it would take more, its bound holds, but its prices are of no use.
    trying
        What trials of single States may take.
    """
    live, completions = task, task.settings.completions
    few = len(task.formulation.scenario.states) <= completions.most_states
    if few and task.objective.name in ("completions", "weighted"):
        trials = replace(task, clock=task.clock.part(completions.share))
        live = without_completion(task, dead_states(trials, trying))
    with counted() as effort:
        outcome, name = _solved(live, meter)
    meter.spend(effort.work)
    return live, outcome, name


def _solved(task: ObjectiveProblem, meter: WorkBudget) -> tuple[Outcome, Relaxed]:
    if task.clock.reason() is not None:  # to state a large model takes seconds
        return Outcome("limit", None, task.by_needs), "relaxation_simplex"
    prices, maximise = task.settings.prices, task.objective.maximise
    loose = _loose_rows(task)
    model = opened(task, loose).model
    if len(model.rows.column) > prices.most_factored_terms:
        return _roughly(task)
    dual_work = prices.loose_dual_work if len(loose) else prices.dual_work
    limits = task.settings.limits(min(prices.primal_work if maximise else dual_work, meter.left))
    with counted() as effort:
        try:
            outcome = engine("primal" if maximise else "lp")(model, task.objective, limits, task.clock)
        except SolverFailed:  # told by the name of the engine that takes over
            outcome = Outcome("limit", None, None)
    if outcome.status in ("optimal", "infeasible"):
        return outcome, "relaxation_simplex"
    interior = task.settings.solvers.effort.interior
    if effort.work + interior.work(model.rows.count, len(model.rows.column), 0, 0, prices.usual_passes) > meter.left:
        return replace(outcome, prices=None), "relaxation_simplex"
    try:
        limits = task.settings.limits(prices.relaxation_work)
        return engine("interior")(model, task.objective, limits, task.clock), "relaxation_interior"
    except SolverFailed:  # told by the name of the engine that takes over
        return _roughly(task)


def _loose_rows(task: ObjectiveProblem) -> Ints:
    """Rows that keep what links have come to."""
    labels = task.model.rows.label
    return np.array([row for row, label in enumerate(labels) if label[:2] == ("kept", "turnover")], np.int64)


def _roughly(task: ObjectiveProblem) -> tuple[Outcome, Relaxed]:
    limits = task.settings.limits(task.settings.prices.relaxation_work)
    return engine("first_order")(task.model, task.objective, limits, task.clock), "relaxation_first_order"
