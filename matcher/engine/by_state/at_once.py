"""All States in one model, searched in a process of its own once each State has been served.

First with all flows in real numbers, which bounds the whole; then among the engagements used there,
in whole units. For half a dozen States this proves more than prices do and
finds other plans; beyond, it finds nothing in time. No work limit holds for it, so it runs only
under a limit on the clock, with the engine asked for, else SCIP.
"""

from __future__ import annotations

from concurrent.futures import wait
from dataclasses import dataclass, replace

import numpy as np

from matcher.engine.problem import ObjectiveProblem
from matcher.execution import Processes
from matcher.formulation.plans import Plan
from matcher.portfolio.result import Clock
from matcher.solvers.engines import Limits, Outcome, engine
from matcher.solvers.linear_model import Bools, Floats, LinearModel, LinearObjective

_NO_LIMIT = 1e6
"""Work that never ends it."""
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class _Order:
    """What the other process needs to know."""

    model: LinearModel
    real: Bools
    """Columns that may be real numbers at first."""
    objective: LinearObjective
    engine: str
    limits: Limits
    hint: Floats | None
    seconds: float
    real_share: float
    """Share of that time for the search in real numbers."""


def worth_it(task: ObjectiveProblem) -> bool:
    """Returns whether the model is small enough, and the solve limited by the clock."""
    return task.clock.limit is not None and task.columns.count <= task.settings.joint.most_columns


def search(task: ObjectiveProblem, plan: Plan | None) -> Outcome | None:
    """Searches the whole model from a plan on; returns None if the solve must stop first.

    Raises
    ------
    SolverFailed, ExecutionFailed
        if the search, or its process, failed.
    """
    real = task.model.relaxable | task.model.derived
    real[: task.columns.flows] = True
    order = _Order(
        task.model,
        real,
        task.objective,
        "scip" if task.options.engine == "auto" else task.options.engine,
        task.settings.limits(_NO_LIMIT, float(task.options.gap) / 2),
        None if plan is None else plan.point.astype(np.float64),
        task.clock.part(task.settings.joint.search_share).left or 0.0,
        task.settings.joint.real_share,
    )
    with Processes(1) as process:
        future = process.submit(_search, order)
        while not future.done() and task.clock.reason() is None:
            wait([future], _POLL_SECONDS)
        return future.result() if future.done() else None


def _search(order: _Order) -> Outcome:
    clock = Clock(order.seconds)
    solver = engine(order.engine)
    relaxed = replace(order.model, relaxable=order.real)
    found = solver(relaxed, order.objective, order.limits, clock.part(order.real_share), order.hint)
    if found.point is None:
        return found
    upper = np.where(order.real | (np.rint(found.point) > 0), order.model.upper, order.model.lower)
    whole = solver(order.model.with_bounds(order.model.lower, upper), order.objective, order.limits, clock)
    return Outcome("limit" if whole.point is None else "feasible", whole.point, found.bound)
