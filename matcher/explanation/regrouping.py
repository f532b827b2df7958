"""Some States' parts of a plan solved again together, objective by objective, all others kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from matcher.decomposition.groups import Answer, Part, merged, piece_of
from matcher.errors import VerificationFailed
from matcher.execution import Serial
from matcher.formulations.compact import Compact
from matcher.formulations.compact.points import Plan
from matcher.linear_model import LinearModel, LinearObjective
from matcher.portfolio import Portfolio
from matcher.pursuit import Task, exact_bound
from matcher.recovery import whole_pairs
from matcher.result import Clock, SolveOptions
from matcher.scenario import Scenario
from matcher.solvers import Limits, SolverFailed, engine
from matcher.stages import aims_of, locked, task_of, worst_rows_of
from matcher.verification import verify

WORK = 1.0
"""Deterministic work of each objective."""
GAP = 1e-4
"""Relative gap at which an objective counts as solved."""


@dataclass(frozen=True)
class Regrouped:
    """What solving some States again came to."""

    plan: Plan | None
    """The whole plan; None if none was found."""
    proven: bool
    """Whether it is proven: that nothing is better with all other States kept, or that there is no plan."""


@dataclass(frozen=True)
class Most:
    """The most of something."""

    plan: Plan
    """A plan that has it; the one given where nothing more was found."""
    value: int
    bound: int | None
    """No plan has more; None if that is not known."""


def regroup(
    compact: Compact, plan: Plan, states: Collection[int], spared: Collection[str] = (), work: float = WORK
) -> Regrouped:
    """Returns a plan in which some States' parts are the best found, others kept.

    Parameters
    ----------
    plan
        It may break rules in the States' own parts.
    states
        Positions of the States.
    spared
        Objectives that are left out.
    work
        Deterministic work of each objective.
    """
    aims = [each for each in aims_of(compact) if each[0].name not in spared]
    worst = worst_rows_of(compact, [aim for aim, _ in aims])
    model = compact.model if worst is None else compact.model.with_rows(worst)
    best, proven = plan, True
    for at, (aim, give_up) in enumerate(aims):
        task = task_of(compact, model, worst, aim, SolveOptions(), Clock(), _silent, Serial())
        found, solved = _solved(task, best, states, work, valid=at > 0)
        if found is None:
            return Regrouped(None, solved)
        best, proven = found, proven and solved
        if at < len(aims) - 1:
            value = int(aim.coefficient @ best.point)
            model = locked(model, aim, value, int(abs(value) * give_up), worst)
    return Regrouped(best, proven)


def most(compact: Compact, plan: Plan, state: int, model: LinearModel, aim: LinearObjective, work: float) -> Most:
    """Returns the most of something that one State's part can have, others kept.

    Parameters
    ----------
    model
        The formulation with further rows or other bounds; the plan must keep it.
    aim
        What is to be as much as possible, in whole units.
    """
    first, _ = next(aims_of(compact))
    task = task_of(compact, model, None, first, SolveOptions(), Clock(), _silent, Serial())
    task = replace(task, objective=aim, guide=None, steps=())
    has = int(aim.value(plan.point))
    piece, free = piece_of(task, plan, [state], Limits(work), aim)
    try:
        outcome = engine(piece.engine)(piece.model, piece.aim, piece.limits, task.clock, piece.point.astype(np.float64))
    except SolverFailed:
        return Most(plan, has, None)
    bound = None if outcome.bound is None else max(int(exact_bound(piece.aim, outcome.bound, Fraction(0))), has)
    found = None
    if outcome.point is not None:
        found = whole_pairs(piece.model, piece.flows, outcome.point, piece.aim, task.clock)
    if found is None:
        return Most(plan, has, bound)
    new = merged(task, plan, [Part(frozenset({state}), free, Answer(found[0], found[1], True))])
    if new is None or aim.value(new.point) <= has:
        return Most(plan, has, bound)
    return Most(new, int(aim.value(new.point)), bound)


def check(scenario: Scenario, portfolio: Portfolio) -> None:
    """Holds a portfolio that an answer rests on against the checker.

    Raises
    ------
    VerificationFailed
        if it refuses it: an error of the engine.
    """
    report = verify(scenario, portfolio)
    if not report.ok:
        raise VerificationFailed("; ".join(violation.detail for violation in report.violations[:5]))


def _solved(task: Task, plan: Plan, states: Collection[int], work: float, *, valid: bool) -> tuple[Plan | None, bool]:
    """A plan for one objective, and whether it (or that there is none) is proven; the old one if that is no worse."""
    piece, free = piece_of(task, plan, states, Limits(work, GAP), task.objective)
    start = piece.point.astype(np.float64) if valid else None
    try:
        outcome = engine(piece.engine)(piece.model, piece.aim, piece.limits, task.clock, start)
    except SolverFailed:
        return plan if valid else None, False
    proven = outcome.status in ("optimal", "infeasible")
    if outcome.point is None:
        return plan if valid else None, proven and not valid
    found = whole_pairs(piece.model, piece.flows, outcome.point, piece.aim, task.clock)
    if found is None:
        return plan if valid else None, False
    part = Part(frozenset(states), free, Answer(found[0], found[1], True))
    new = merged(task, plan, [part])
    if new is None or (valid and _worse(task.model, task, new, plan)):
        return plan if valid else None, False
    return new, proven


def _worse(model: LinearModel, task: Task, new: Plan, old: Plan) -> bool:
    """Whether an old plan is better: rounding to whole amounts may lose what the relaxed ones had."""
    sign = 1 if task.objective.maximise else -1
    return model.admits(old.point) and sign * (task.objective.value(new.point) - task.objective.value(old.point)) < 0


def _silent(phase: str, plan: Plan | None, bound: object) -> None:
    """Nobody listens."""
