"""Some States' parts of a plan solved again together, objective by objective, all others kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from matcher.engine.by_state.groups import subproblem_data
from matcher.engine.lexicographic import Pursuit, levels_of
from matcher.engine.parts import solve_part
from matcher.engine.problem import ObjectiveProblem
from matcher.explanation.settings import DEFAULT_EXPLANATION_SETTINGS, ExplanationSettings
from matcher.formulation.formulation import Formulation
from matcher.formulation.plans import Plan
from matcher.solvers.engines import Limits
from matcher.solvers.linear_model import LinearModel


@dataclass(frozen=True)
class Regrouped:
    """What solving some States again came to."""

    plan: Plan | None
    """The whole plan; None if none was found."""
    proven: bool
    """Whether it is proven: that nothing is better with all other States kept, or that there is no plan."""


def regroup(
    formulation: Formulation,
    plan: Plan,
    states: Collection[int],
    spared: Collection[str] = (),
    settings: ExplanationSettings = DEFAULT_EXPLANATION_SETTINGS,
) -> Regrouped:
    """Returns a plan in which some States' parts are the best found, others kept.

    Parameters
    ----------
    plan
        It may break rules in the States' own parts.
    states
        Positions of the States.
    spared
        Objectives that are left out, and blends of nothing else.
    settings
        How long to look for the best of each objective, and how near it counts as that.
    """
    levels = [each for each in levels_of(formulation) if not each.parts <= frozenset(spared) and not each.closing]
    pursuit = Pursuit(formulation, [level.objective for level in levels])
    best, proven = plan, True
    for at, level in enumerate(levels):
        task = replace(pursuit.problem(level.objective), settings=settings.engine)
        limits = settings.engine.limits(settings.veto_work, settings.veto_gap)
        found, solved = _solved(task, best, states, limits, valid=at > 0)
        if found is None:
            return Regrouped(None, solved)
        best, proven = found, proven and solved
        if at < len(levels) - 1:
            pursuit.keep(level, level.objective.value(best.point))
    return Regrouped(best, proven)


def _solved(
    task: ObjectiveProblem, plan: Plan, states: Collection[int], limits: Limits, *, valid: bool
) -> tuple[Plan | None, bool]:
    """A plan for one objective, and whether it (or that there is none) is proven; the old one if that is no worse."""
    piece, free = subproblem_data(task, plan, states, limits, task.objective)
    hint = piece.point.astype(np.float64) if valid else None
    best = solve_part(task, plan, states, piece, free, hint=hint)
    if best.plan is None or (valid and _worse(task.model, task, best.plan, plan)):
        return plan if valid else None, best.impossible and not valid
    return best.plan, best.solved


def _worse(model: LinearModel, task: ObjectiveProblem, new: Plan, old: Plan) -> bool:
    """Whether an old plan is better: rounding to whole amounts may lose what the relaxed ones had."""
    sign = 1 if task.objective.maximise else -1
    return model.admits(old.point) and sign * (task.objective.value(new.point) - task.objective.value(old.point)) < 0
