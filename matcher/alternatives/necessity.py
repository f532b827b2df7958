"""Whether a pair of partners is needed: it is forbidden, and the State's part solved again within the tolerances."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from matcher.alternatives.findings import Needed
from matcher.alternatives.pairs import PairKey, forbidding
from matcher.alternatives.tolerances import Allowed, Ground, RowsAt, exact, ground_of, judged
from matcher.decomposition.groups import Answer, Part, merged, piece_of
from matcher.execution import Serial
from matcher.formulations.compact import formulate_compact
from matcher.formulations.compact.points import Plan
from matcher.linear_model import LinearObjective
from matcher.merging import Merged
from matcher.portfolio import Portfolio
from matcher.recovery import whole_pairs
from matcher.result import Clock
from matcher.solvers import Limits, SolverFailed, engine

WORK = 4.0
"""Deterministic work of looking for a portfolio without one pair."""
ENGINES = ("scip", "highs")
"""Engines that must both say that there is none: one engine's word alone is no proof."""


@dataclass(frozen=True)
class Asked:
    """What trials rest on, ready to be sent to where they run."""

    merged: Merged
    """The scenario, like tasks as one need."""
    portfolio: Portfolio
    """The given portfolio, of the smaller scenario."""
    allowed: tuple[Allowed, ...]
    """What each objective may come to."""
    together: bool
    """Whether all States are free to change, or only that of the pair."""


@dataclass(frozen=True)
class Trial:
    """What forbidding a pair came to."""

    pair: PairKey
    needed: Needed
    """Of no meaning where there is a portfolio without it."""
    without: Portfolio | None = None
    """A right portfolio within the tolerances that does not use the pair, of the original scenario."""
    figures: dict[str, Fraction] | None = None
    """Its figures, by the checker."""


@dataclass(frozen=True)
class _Tried:
    """What one search came to."""

    impossible: bool
    plan: Plan | None = None


def try_without(asked: Asked, pair: PairKey) -> Trial:
    """Looks for a portfolio within the tolerances that does without a pair, or for a proof that there is none.

    Raises
    ------
    VerificationFailed
        if the independent checker refuses what was found: an error of the engine.
    """
    compact = formulate_compact(forbidding(asked.merged.scenario, pair))
    if compact.impossible:  # a decision of the user asks for the pair
        return Trial(pair, "everywhere")
    sides: tuple[RowsAt, ...] = ("outer",) if exact(compact) else ("inner", "outer")
    for rows in sides:
        ground = ground_of(compact, asked.portfolio, asked.allowed, Serial(), rows)
        place = [each.id for each in compact.scenario.states].index(pair[0])
        tried = _first(ground, ground.states if asked.together else [place])
        if tried.plan is not None:
            found = judged(asked.merged, asked.allowed, ground.portfolio(tried.plan))
            if found is not None:
                return Trial(pair, "unknown", *found)
        if not tried.impossible:
            return Trial(pair, "unknown")
    return Trial(pair, "everywhere" if asked.together else "others_kept")


def _first(ground: Ground, states: list[int]) -> _Tried:
    """Looks for any plan in which other States keep what they have."""
    task = ground.task
    aim = LinearObjective("nothing", True, np.zeros(task.columns.count, np.int64), 1, Fraction(0))
    piece, free = piece_of(task, ground.plan, states, Limits(WORK * len(states)), aim)
    clock = Clock()
    for name in ENGINES:
        try:
            outcome = engine(name)(piece.model, piece.aim, piece.limits, clock)
        except SolverFailed:  # the engine came to no end of its own: nothing is known
            return _Tried(False)
        if outcome.status != "infeasible":
            break
    else:
        return _Tried(True)
    found = None if outcome.point is None else whole_pairs(piece.model, piece.flows, outcome.point, piece.aim, clock)
    if found is None:
        return _Tried(False)
    return _Tried(False, merged(task, ground.plan, [Part(frozenset(states), free, Answer(*found, True))]))
