"""Solves a scenario as one model: the method for up to about ten States."""

from __future__ import annotations

import numpy as np

from matcher.linear_model import Ints
from matcher.pursuit import Finding, Task, better, settle, starting_point
from matcher.solvers import Limits, Outcome, engine
from matcher.whole_units import whole_point

SMALL = 4000
"""A model whose columns number at most this and are all coarse goes to CP-SAT."""


def pursue(task: Task, incumbent: Ints | None, work: float) -> Finding:
    """Returns the best portfolio and bound for one objective, from the incumbent on."""
    name = engine_for(task)
    hint = None if incumbent is None else incumbent.astype(np.float64)
    limits = Limits(work, float(task.options.gap) / 2)
    outcome = engine(name)(task.model, task.objective, limits, task.clock, hint)
    if outcome.status == "infeasible":
        return Finding(incumbent, None, infeasible=incumbent is None)
    found, impossible = _in_whole_units(task, outcome, limits)
    best = pick(task, incumbent, found)
    if best is None and not impossible:
        best, impossible = starting_point(task)
    if best is None:
        return Finding(None, None, infeasible=impossible)
    bound = task.bound(outcome.bound)
    task.report("one model", None if best is None else task.objective.value(best), bound)
    return Finding(best, bound, exhausted=outcome.status != "optimal")


def _in_whole_units(task: Task, outcome: Outcome, limits: Limits) -> tuple[Ints | None, bool]:
    """The engine's point in whole units, and whether there is proof of none anywhere.

    Where no whole point is near the engine's, a small model goes to CP-SAT.
    """
    found = None
    if outcome.point is not None:
        found = whole_point(task.model, outcome.point, task.objective, task.clock)
        if found is None and task.model.columns <= SMALL:
            exact = engine("cpsat")(task.model, task.objective, limits, task.clock)
            if exact.status == "infeasible":
                return None, True
            found = None if exact.point is None else np.rint(exact.point).astype(np.int64)
    return (None if found is None else settle(task, found)), False


def engine_for(task: Task) -> str:
    """Returns the engine: the one asked for, else CP-SAT for small coarse models and SCIP for the rest."""
    if task.options.engine != "auto":
        return task.options.engine
    inner = task.model.fine & ~task.model.implied
    return "cpsat" if not inner.any() and task.model.columns <= SMALL else "scip"


def pick(task: Task, one: Ints | None, other: Ints | None) -> Ints | None:
    """Returns the better of two points, the first in a tie."""
    if one is None or other is None:
        return other if one is None else one
    return other if better(task.objective, task.objective.value(other), task.objective.value(one)) else one
