"""Whether a model has any point: the question behind every conflict."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from matcher.portfolio.result import Clock
from matcher.solvers.engines import Limits, SolverFailed, SolveStatus, engine
from matcher.solvers.linear_model import LinearModel, LinearObjective

WORK = 20.0
"""Deterministic work of each trial."""
SMALL = 4000
"""A model of at most this many columns is decided by CP-SAT, in whole numbers."""


def first_engine(model: LinearModel) -> str:
    """Returns the engine that decides a model of its size."""
    return "cpsat" if model.columns <= SMALL else "scip"


def is_impossible(model: LinearModel, clock: Clock, name: str | None = None) -> bool:
    """Returns whether an engine proves that a model has no point; undecided within the work counts as possible."""
    return _status(model, clock, name) == "infeasible"


def has_point(model: LinearModel, clock: Clock) -> bool:
    """Returns whether an engine finds a point of a model; undecided within the work counts as none."""
    return _status(model, clock, None) in ("optimal", "feasible")


def _status(model: LinearModel, clock: Clock, name: str | None) -> SolveStatus | None:
    """What an engine comes to; None if it fails."""
    nothing = LinearObjective("nothing", True, np.zeros(model.columns, np.int64), 1, Fraction(0))
    try:
        return engine(name or first_engine(model))(model, nothing, Limits(WORK), clock).status
    except SolverFailed:
        return None
