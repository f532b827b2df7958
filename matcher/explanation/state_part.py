"""One State's part of a setting's model, to be solved again and again under ever other bounds and rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from matcher.decomposition.groups import Answer, Part, Piece, merged, piece_of
from matcher.execution import Serial
from matcher.explanation.setting import WORK, Setting
from matcher.formulations.compact.points import Plan
from matcher.linear_model import Ints, LinearModel, LinearObjective
from matcher.pursuit import Task, exact_bound
from matcher.recovery import whole_pairs
from matcher.result import Clock, SolveOptions
from matcher.solvers import Limits, SolverFailed, engine
from matcher.stages import aims_of, task_of


@dataclass(frozen=True)
class Best:
    """The best plan that one State's part has."""

    plan: Plan | None
    """A plan that keeps all rows of the setting's model; None if none was found."""
    bound: Fraction | None
    """No plan has a better figure of the aim in the State's part; None if it is not known."""
    impossible: bool = False
    """Whether it is proven that there is no plan."""


@dataclass(frozen=True)
class StatePart:
    """One State's part of the model, all others kept: to be solved again and again, under ever other bounds."""

    setting: Setting
    task: Task
    state: int
    piece: Piece
    free: Ints
    """Its columns in the whole model."""

    @property
    def model(self) -> LinearModel:
        """The part of the model."""
        return self.piece.model

    def place(self, column: int) -> int:
        """Returns where a column of the whole model stands in the part."""
        return int(np.searchsorted(self.free, column))

    def relaxed(self, limits: Limits, model: LinearModel | None = None) -> Best:
        """Returns a bound on the aim by the linear relaxation, without a plan."""
        outcome = engine("lp")(model or self.model, self.piece.aim, limits, Clock())
        bound = None if outcome.bound is None else exact_bound(self.piece.aim, outcome.bound, self.piece.aim.error)
        return Best(None, bound, outcome.status == "infeasible")

    def best(self, limits: Limits, model: LinearModel | None = None, start: Plan | None = None) -> Best:
        """Returns the best plan that can be found, with its bound.

        Parameters
        ----------
        model
            The part under other bounds of columns or rows; none is as it is.
        start
            Plan to start from; none is the setting's.
        """
        model, piece, clock = model or self.model, self.piece, Clock()
        hint = (self.setting.plan if start is None else start).point[self.free].astype(np.float64)
        try:
            outcome = engine(piece.engine)(model, piece.aim, limits, clock, hint)
        except SolverFailed:
            return Best(None, None)
        if outcome.status == "infeasible":
            return Best(None, None, impossible=True)
        bound = None if outcome.bound is None else exact_bound(piece.aim, outcome.bound, piece.aim.error)
        found = None if outcome.point is None else whole_pairs(model, piece.flows, outcome.point, piece.aim, clock)
        if found is None:
            return Best(None, bound)
        part = Part(frozenset({self.state}), self.free, Answer(found[0], found[1], True))
        return Best(merged(self.task, self.setting.plan, [part]), bound)


def part_of(setting: Setting, state: str, aim: LinearObjective, model: LinearModel | None = None) -> StatePart:
    """Returns a State's part of the model, all others kept as they are.

    Parameters
    ----------
    model
        The formulation with further rows or bounds; none is as it is.
    """
    compact = setting.compact
    first, _ = next(iter(aims_of(compact)))
    whole = compact.model if model is None else model
    task = task_of(compact, whole, None, first, SolveOptions(), Clock(), _silent, Serial())
    task = replace(task, objective=aim, guide=None, steps=())
    place = next(at for at, each in enumerate(setting.scenario.states) if each.id == state)
    piece, free = piece_of(task, setting.plan, [place], Limits(WORK), aim)
    return StatePart(setting, task, place, piece, free)


def _silent(phase: str, plan: Plan | None, bound: Fraction | None) -> None:
    """Nobody listens."""
