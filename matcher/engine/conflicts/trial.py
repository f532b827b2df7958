"""Whether a model has any point: the question behind every conflict."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from matcher.engine.settings import DEFAULT_SETTINGS, Settings
from matcher.portfolio.result import Clock
from matcher.solvers.engines import SolverFailed, SolveStatus, engine
from matcher.solvers.linear_model import LinearModel, LinearObjective


def first_engine(model: LinearModel, settings: Settings = DEFAULT_SETTINGS) -> str:
    """Returns the engine that decides a model of its size."""
    return "cpsat" if model.columns <= settings.conflicts.most_exact_columns else "scip"


def is_impossible(
    model: LinearModel, clock: Clock, name: str | None = None, settings: Settings = DEFAULT_SETTINGS
) -> bool:
    """Returns whether an engine proves that a model has no point; undecided within the work counts as possible."""
    return _status(model, clock, name, settings) == "infeasible"


def has_point(model: LinearModel, clock: Clock, settings: Settings = DEFAULT_SETTINGS) -> bool:
    """Returns whether an engine finds a point of a model; undecided within the work counts as none."""
    return _status(model, clock, None, settings) in ("optimal", "feasible")


def _status(model: LinearModel, clock: Clock, name: str | None, settings: Settings) -> SolveStatus | None:
    """What an engine comes to; None if it fails."""
    nothing = LinearObjective("nothing", True, np.zeros(model.columns, np.int64), 1, Fraction(0))
    try:
        solver = engine(name or first_engine(model, settings))
        return solver(model, nothing, settings.limits(settings.conflicts.work), clock).status
    except SolverFailed:
        return None
