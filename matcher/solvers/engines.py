"""Engines behind one interface: a model and an objective in, a point and a valid bound out.

One module per engine; each is loaded by name when first used, so that nothing else in the package
pays for it. All run on one thread with a fixed seed and a limit in work; that of MathOpt's searches
counts nodes, which bounds small models well and the first node of large ones not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from typing import Literal, Protocol

import numpy as np

from matcher.errors import InvalidOptions, MatcherError, nearest
from matcher.portfolio.result import Clock
from matcher.solvers.linear_model import Floats, Ints, LinearModel, LinearObjective
from matcher.solvers.settings import DEFAULT_SOLVER_SETTINGS, EffortSettings, WorkRates

SolveStatus = Literal["optimal", "feasible", "infeasible", "limit"]


class SolverFailed(MatcherError):
    """An engine gave up for a reason of its own, which the message names."""


@dataclass(frozen=True)
class Outcome:
    """What an engine found."""

    status: SolveStatus
    """optimal: within the gap asked; feasible: a point, but a limit came first; infeasible: proven
    to have no point; limit: no point and no proof before the limit."""
    point: Floats | None
    """Values of all columns (whole up to the engine's tolerance where not fine), or None."""
    bound: Fraction | None
    """Valid bound on the objective's figure (upper when maximising), or None."""
    prices: Floats | None = None
    """Prices of the rows, from a relaxation: units of the objective's sum per unit of a row's activity."""


@dataclass(frozen=True)
class Limits:
    """When an engine stops."""

    work: float
    """Deterministic work: about seconds of one core."""
    gap: float = 0.0
    """Relative gap at which a point counts as optimal."""
    quick: bool = False
    """Whether a good point soon matters more than proof (where the engine can tell the two apart)."""
    rates: WorkRates = DEFAULT_SOLVER_SETTINGS.rates
    """What the engine may do for a unit of work."""
    effort: EffortSettings = DEFAULT_SOLVER_SETTINGS.effort
    """What its run counts as."""
    seed: int = DEFAULT_SOLVER_SETTINGS.seed
    """What its random choices start from."""


@dataclass(frozen=True)
class Continuous:
    """A linear program in real numbers, by terms in the order of rows and columns."""

    lower: Floats
    upper: Floats
    weight: Floats
    """Of each column in the objective."""
    row: Ints
    column: Ints
    value: Floats
    row_lower: Floats
    row_upper: Floats


class Solver(Protocol):
    """One engine for mixed-integer models."""

    def __call__(
        self,
        model: LinearModel,
        objective: LinearObjective,
        limits: Limits,
        clock: Clock,
        hint: Floats | None = None,
    ) -> Outcome: ...


ENGINES = {
    "scip": ("matcher.solvers.mathopt", "solve_scip"),
    "highs": ("matcher.solvers.mathopt", "solve_highs"),
    "cpsat": ("matcher.solvers.cpsat", "solve_cpsat"),
    "lp": ("matcher.solvers.mathopt", "solve_relaxation"),
    "primal": ("matcher.solvers.mathopt", "solve_primal"),
    "interior": ("matcher.solvers.mathopt", "solve_interior"),
    "first_order": ("matcher.solvers.mathopt", "solve_first_order"),
}
"""Module and function of each engine; ``lp`` and ``primal`` (simplex), ``interior`` and
``first_order`` solve the linear relaxation: ever larger ones, the last ever more roughly."""


def engine(name: str) -> Solver:
    """Returns an engine by name, loading it.

    Raises
    ------
    InvalidOptions
        if there is none of that name.
    """
    if name not in ENGINES:
        raise InvalidOptions(f"no engine {name!r}; known: {', '.join(ENGINES)} (nearest: {nearest(name, ENGINES)})")
    module, function = ENGINES[name]
    return getattr(import_module(module), function)  # type: ignore[no-any-return]


def minimum(program: Continuous, limits: Limits, clock: Clock) -> Floats | None:
    """Returns where a linear program is smallest, by the simplex method and within its tolerances.

    None if a limit comes first.
    """
    found = import_module("matcher.solvers.mathopt").solve_continuous(program, limits, clock)
    return None if found is None else np.asarray(found, np.float64)
