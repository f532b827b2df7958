"""Whether a pair of partners, or one of them, is needed.

It is forbidden, and the State's part (of a small model, the whole) solved again within the tolerances.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from matcher.alternatives.findings import Needed
from matcher.alternatives.pairs import Key, forbidding
from matcher.alternatives.settings import DEFAULT_ALTERNATIVE_SETTINGS, AlternativeSettings
from matcher.alternatives.tolerances import Allowed, RowsAt, ToleranceModel, checked_alternative, exact, ground_of
from matcher.engine.by_state.groups import Subproblem, SubproblemSolution, merged, subproblem_data
from matcher.execution import Serial
from matcher.formulation.formulate import formulate
from matcher.formulation.need_aggregation import Merged
from matcher.formulation.objectives import linear_objective
from matcher.formulation.pairing import whole_pairs
from matcher.formulation.plans import Plan
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Clock
from matcher.scenario import Scenario
from matcher.scenario.within_reach import OwnBounds
from matcher.solvers.engines import Limits, SolverFailed, engine
from matcher.solvers.linear_model import LinearObjective

ENGINES = ("scip", "highs")
"""Engines that must both say that there is none: one engine's word alone is no proof."""
_NOTHING = "nothing"
"""What is sought first: any point. Where no whole one is near, one of low cost leaves more room."""


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
    settings: AlternativeSettings = DEFAULT_ALTERNATIVE_SETTINGS


@dataclass(frozen=True)
class Trial:
    """What forbidding a pair or a partner came to."""

    key: Key
    needed: Needed
    """Of no meaning where there is a portfolio that does without."""
    without: Portfolio | None = None
    """A right portfolio within the tolerances that does without, of the original scenario."""
    figures: dict[str, Fraction] | None = None
    """Its figures, by the checker."""


def try_without(asked: Asked, key: Key) -> Trial:
    """Looks for a portfolio within the tolerances that does without a pair or a partner, or for a proof of none.

    Raises
    ------
    VerificationFailed
        if the independent checker refuses what was found: an error of the engine.
    """
    formulation = formulate(forbidding(asked.merged.scenario, key))
    asked_for = formulation.impossible  # by the user's decisions
    if asked_for or _out_of_reach(asked, formulation.scenario, key[0]):
        return Trial(key, "everywhere")
    place = formulation.scenario.index.states[key[0]]
    sides: tuple[RowsAt, ...] = ("outer",) if exact(formulation) else ("inner", "outer")
    for rows in sides:
        ground = ground_of(formulation, asked.portfolio, asked.allowed, Serial(), rows, asked.settings.engine)
        states = ground.states if asked.together else [place]
        limits = asked.settings.engine.limits(asked.settings.trial_work * len(states), asked.settings.trial_gap)
        for objective in (_NOTHING, "cost"):
            plan, impossible = _plan(ground, states, objective, limits)
            found = None if plan is None else checked_alternative(asked.merged, asked.allowed, ground.portfolio(plan))
            if found is not None:
                return Trial(key, "unknown", *found)
            if impossible:
                break
        if not impossible:
            return Trial(key, "unknown")
    return Trial(key, "everywhere" if asked.together else "others_kept")


def _out_of_reach(asked: Asked, scenario: Scenario, state: str) -> bool:
    """Whether a State that counts in `worst_off` could then not have what its tolerance leaves it.

    Its own scenario would set such a State aside with what it can have, and so no row of its model holds it.
    """
    least = max((each.limit for each in asked.allowed if each.objective == "worst_off"), default=Fraction(0))
    before = OwnBounds(asked.merged.scenario)
    if least <= 0 or state not in before.counted:
        return False
    return OwnBounds(scenario).bound(state) < min(least, before.bound(state))


def _plan(ground: ToleranceModel, states: list[int], name: str, limits: Limits) -> tuple[Plan | None, bool]:
    """Returns a plan in which other States keep what they have, and whether it is proven that there is none."""
    task = ground.task
    objective = LinearObjective(_NOTHING, False, np.zeros(task.columns.count, np.int64), 1, Fraction(0))
    if name != _NOTHING:
        objective = linear_objective(task.columns, name)
    if _broken_by_others(ground, states):
        return None, True
    piece, free = subproblem_data(task, ground.plan, states, limits, objective)
    clock = Clock()
    outcome = None
    try:
        for solver in ENGINES:
            outcome = engine(solver)(piece.model, piece.objective, piece.limits, clock)
            if outcome.status != "infeasible":
                break
    except SolverFailed:  # an engine came to no end of its own: nothing is known
        return None, False
    assert outcome is not None
    if outcome.point is None:
        return None, outcome.status == "infeasible"
    found = whole_pairs(piece.model, piece.flows, outcome.point, piece.objective, clock, piece.solvers)
    if found is None:
        return None, False
    return merged(task, ground.plan, [Subproblem(frozenset(states), free, SubproblemSolution(*found))]), False


def _broken_by_others(ground: ToleranceModel, states: list[int]) -> bool:
    """Whether a row is broken that nothing free has a part in: whatever is done, it stays so."""
    columns, model = ground.task.columns, ground.task.model
    free = np.isin(columns.state, [-1, *states])
    starts, row_of, _ = model.rows.by_column
    touched = row_of[np.repeat(free[: len(starts) - 1], np.diff(starts))]
    return bool(len(np.setdiff1d(model.faults(ground.plan.point), touched)))
