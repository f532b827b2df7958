"""Some States' parts of a plan solved once, all others kept: what every answer that plans again rests on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from fractions import Fraction

from matcher.engine.by_state.groups import Subproblem, SubproblemData, SubproblemSolution, merged
from matcher.engine.lexicographic import Pursuit, levels_of
from matcher.engine.problem import ObjectiveProblem, exact_bound
from matcher.formulation.formulation import Formulation
from matcher.formulation.pairing import whole_pairs
from matcher.formulation.plans import Plan
from matcher.portfolio.result import Clock
from matcher.solvers.engines import Limits, SolverFailed, engine
from matcher.solvers.linear_model import Floats, Ints, LinearModel


@dataclass(frozen=True)
class Best:
    """The best plan that some States' parts have."""

    plan: Plan | None
    """A plan that keeps all rows of the whole model; None if none was found."""
    bound: Fraction | None
    """No plan has a better figure of the aim in these parts; None if it is not known."""
    impossible: bool = False
    """Whether it is proven that there is no plan."""
    solved: bool = False
    """Whether the search ended within its gap."""


def solve_part(
    task: ObjectiveProblem,
    plan: Plan,
    states: Collection[int],
    piece: SubproblemData,
    free: Ints,
    *,
    model: LinearModel | None = None,
    limits: Limits | None = None,
    hint: Floats | None = None,
) -> Best:
    """Returns the best plan that can be found for some States, with its bound.

    Parameters
    ----------
    plan
        What all others keep.
    states
        Positions of the States.
    piece, free
        Their part of the model, and its columns in the whole one.
    model, limits
        Others than the piece's.
    hint
        Point of the part to start from.
    """
    part, clock = piece.model if model is None else model, Clock()
    try:
        outcome = engine(piece.engine)(part, piece.objective, limits or piece.limits, clock, hint)
    except SolverFailed:
        return Best(None, None)
    if outcome.status == "infeasible":
        return Best(None, None, impossible=True)
    bound = None if outcome.bound is None else exact_bound(piece.objective, outcome.bound, piece.objective.error)
    found = None
    if outcome.point is not None:
        found = whole_pairs(part, piece.flows, outcome.point, piece.objective, clock, piece.solvers)
    if found is None:
        return Best(None, bound)
    answer = Subproblem(frozenset(states), free, SubproblemSolution(found[0], found[1]))
    return Best(merged(task, plan, [answer]), bound, solved=outcome.status == "optimal")


def relaxed_bound(piece: SubproblemData, limits: Limits, model: LinearModel | None = None) -> Best:
    """Returns a bound on a part's aim by the linear relaxation, without a plan."""
    outcome = engine("lp")(piece.model if model is None else model, piece.objective, limits, Clock())
    bound = None if outcome.bound is None else exact_bound(piece.objective, outcome.bound, piece.objective.error)
    return Best(None, bound, impossible=outcome.status == "infeasible")


def plain_task(formulation: Formulation) -> ObjectiveProblem:
    """Returns a task without an aim of its own: who solves a part sets objective and model."""
    task = Pursuit(formulation, ()).problem(next(levels_of(formulation)).objective)
    return replace(task, guide=None, steps=())
