"""One State's part of a setting's model, to be solved again and again under ever other bounds and rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from matcher.engine.by_state.groups import SubproblemData, subproblem_data
from matcher.engine.parts import Best, relaxed_bound, solve_part
from matcher.engine.problem import ObjectiveProblem
from matcher.explanation.setting import Setting
from matcher.formulation.plans import Plan
from matcher.solvers.engines import Limits
from matcher.solvers.linear_model import Ints, LinearModel, LinearObjective


@dataclass(frozen=True)
class StatePart:
    """One State's part of the model, all others kept: to be solved again and again, under ever other bounds."""

    setting: Setting
    task: ObjectiveProblem
    state: int
    piece: SubproblemData
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
        return relaxed_bound(self.piece, limits, model)

    def best(self, limits: Limits, model: LinearModel | None = None, start: Plan | None = None) -> Best:
        """Returns the best plan that can be found, with its bound.

        Parameters
        ----------
        model
            The part under other bounds of columns or rows; none is as it is.
        start
            Plan to start from; none is the setting's.
        """
        hint = (self.setting.plan if start is None else start).point[self.free].astype(np.float64)
        return solve_part(
            self.task,
            self.setting.plan,
            [self.state],
            self.piece,
            self.free,
            model=model,
            limits=limits,
            hint=hint,
        )


def part_of(setting: Setting, state: str, objective: LinearObjective, model: LinearModel | None = None) -> StatePart:
    """Returns a State's part of the model, all others kept as they are.

    Parameters
    ----------
    model
        The formulation with further rows or bounds; none is as it is.
    """
    task = replace(setting.task, objective=objective)
    if model is not None:
        task = replace(task, model=model)
    place = setting.scenario.index.states[state]
    piece, free = subproblem_data(task, setting.plan, [place], setting.part_limits(), objective)
    return StatePart(setting, task, place, piece, free)
