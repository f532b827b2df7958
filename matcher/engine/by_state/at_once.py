"""All States in one model, searched once each has been served and work or time is left.

A model whose flows are all coarse goes to CP-SAT, which searches it in whole numbers. Any other is searched with all
flows in real numbers first, which bounds the whole; then among the engagements used there, in whole units. For half a
dozen States this proves more than prices do and finds other plans; beyond, it finds nothing in time.

Under a limit on the clock it has its time and runs in a process of its own, which ends with the solve. Without one it
has the work that is left, in this process, so that it can be repeated.
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
    """What is searched, here or in the other process."""

    model: LinearModel
    real: Bools | None
    """Columns that may be real numbers at first; None to search in whole numbers from the start."""
    objective: LinearObjective
    engine: str
    limits: Limits
    hint: Floats | None
    seconds: float | None
    """Of the clock; None where work is the limit."""
    real_share: float
    """Share of time and work for the search in real numbers."""


def worth_it(task: ObjectiveProblem) -> bool:
    """Returns whether the model is small enough."""
    joint = task.settings.joint
    return task.columns.count <= (joint.most_exact_columns if _is_coarse(task) else joint.most_columns)


def least_work(task: ObjectiveProblem) -> float:
    """Returns the work below which a search is not begun: what the first node, that no limit ends, takes about."""
    return 0.0 if _is_coarse(task) else task.settings.joint.first_node_work(task.columns.count)


def search(task: ObjectiveProblem, plan: Plan | None, work: float) -> Outcome | None:
    """Searches the whole model from a plan on; returns None if the solve must stop first.

    Parameters
    ----------
    work
        What it may use where no clock limits the solve.

    Returns
    -------
    Outcome
        Its status is ``optimal`` where no limit ended the search, though flows in whole units were sought among some
        engagements alone.

    Raises
    ------
    SolverFailed, ExecutionFailed
        if the search, or its process, failed.
    """
    if task.clock.reason():
        return None
    order = _order(task, plan, work)
    if order.seconds is None:
        return _search(order, task.clock)
    with Processes(1) as process:
        future = process.submit(_search, order)
        while not future.done() and task.clock.reason() is None:
            wait([future], _POLL_SECONDS)
        return future.result() if future.done() else None


def _order(task: ObjectiveProblem, plan: Plan | None, work: float) -> _Order:
    exact = _is_coarse(task) and task.options.engine in ("auto", "cpsat")
    real = task.model.relaxable | task.model.derived
    real[: task.columns.flows] = True
    limited = task.clock.limit is not None
    name = ("cpsat" if exact else "scip") if task.options.engine == "auto" else task.options.engine
    return _Order(
        task.model,
        None if exact else real,
        task.objective,
        name,
        task.settings.limits(_NO_LIMIT if limited else work, float(task.options.gap) / 2),
        None if plan is None else plan.point.astype(np.float64),
        task.clock.part(task.settings.joint.search_share).left,
        task.settings.joint.real_share,
    )


def _is_coarse(task: ObjectiveProblem) -> bool:
    """Whether all flows are counted in few granules."""
    return not (task.model.relaxable & ~task.model.derived).any()


def _search(order: _Order, clock: Clock | None = None) -> Outcome:
    clock = clock or Clock(order.seconds)
    solver = engine(order.engine)
    if order.real is None:
        return solver(order.model, order.objective, order.limits, clock, order.hint)
    first = replace(order.limits, work=order.limits.work * order.real_share)
    relaxed = replace(order.model, relaxable=order.real)
    found = solver(relaxed, order.objective, first, clock.part(order.real_share), order.hint)
    if found.point is None:
        return found
    upper = np.where(order.real | (np.rint(found.point) > 0), order.model.upper, order.model.lower)
    narrow, rest = order.model.with_bounds(order.model.lower, upper), order.limits.work - first.work
    whole = solver(narrow, order.objective, replace(order.limits, work=rest), clock)
    if whole.point is None:
        return Outcome("limit", None, found.bound)
    ended = found.status == whole.status == "optimal"
    return Outcome("optimal" if ended else "feasible", whole.point, found.bound)
