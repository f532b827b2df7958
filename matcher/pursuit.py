"""What both methods share: one objective to pursue on one model, from one portfolio to a better one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

import numpy as np

from matcher.errors import MatcherError
from matcher.formulations.assignment import Assignment
from matcher.formulations.points import settled
from matcher.linear_model import Bools, Floats, Ints, LinearModel, LinearObjective, Rows, submodel
from matcher.result import Clock, SolveOptions
from matcher.solvers import Limits, engine
from matcher.whole_units import whole_point

Report = Callable[[str, Fraction | None, Fraction | None], None]
"""Called with the phase, the figure of the best portfolio and the bound, where known."""


STATE_WORK = 1.0
"""Work allowed for one State."""
_IDLE = 1e-7
"""A yes-or-no column below this in the relaxation counts as unused."""


class BrokenPoint(MatcherError):
    """A settled portfolio breaks its own model: an error of the engine, never of the input."""


@dataclass(frozen=True)
class Task:
    """One objective, pursued under everything that earlier objectives demand."""

    assignment: Assignment
    model: LinearModel
    """The formulation with the rows of earlier objectives."""
    worst_rows: Rows | None
    """Rows of the smallest coverage, if an objective uses it."""
    objective: LinearObjective
    guide: LinearObjective | None
    """Breaks ties while searching: what to spare so that others find room."""
    options: SolveOptions
    clock: Clock
    report: Report
    error: Fraction
    """Most by which the linear figure can understate the true one."""
    steps: tuple[int, ...] = ()
    """For the smallest coverage: it is a multiple of 1 / step for one of these; empty if not known."""

    def bound(self, bound: Fraction | None) -> Fraction | None:
        """Returns an engine's bound as one on the true figure, as tight as its whole steps allow."""
        return true_bound(self.objective, bound, self.error, self.steps)


@dataclass(frozen=True)
class Finding:
    """What the pursuit of one objective found."""

    point: Ints | None
    """Best whole point; None if there is none yet."""
    bound: Fraction | None
    """No portfolio allowed in this stage has a better figure; None if unknown."""
    infeasible: bool = False
    """Whether it is proven that no portfolio exists."""
    exhausted: bool = False
    """Whether the work budget ran out before the search was done."""
    work: float = 0.0
    """Work used, where the method counts it."""


def true_bound(
    objective: LinearObjective, bound: Fraction | None, error: Fraction, steps: tuple[int, ...] = ()
) -> Fraction | None:
    """Returns an engine's bound as one on the true figure, as tight as its whole steps allow."""
    if bound is None:
        return None
    found = exact_bound(objective, bound, error)
    return max((floor_to(found, step) for step in steps), default=found)


def exact_bound(objective: LinearObjective, bound: Fraction, error: Fraction) -> Fraction:
    """Returns the bound, moved outwards by the error and then inwards to a figure that can occur.

    All columns are whole in truth, so an exact objective moves in steps of the greatest common
    divisor of its coefficients.
    """
    step = gcd(*(int(value) for value in objective.coefficient[objective.coefficient != 0].tolist()))
    outward = bound + (error if objective.maximise else -error)
    if step == 0:
        return Fraction(0)
    if objective.error:
        return outward
    steps = outward * objective.denominator / step
    whole = steps.numerator // steps.denominator if objective.maximise else -(-steps.numerator // steps.denominator)
    return Fraction(whole * step, objective.denominator)


def floor_to(value: Fraction, step: int) -> Fraction:
    """Returns the largest multiple of 1 / step that is no larger than the value, and no larger than 1."""
    return min(Fraction(value.numerator * step // value.denominator, step), Fraction(1))


def better(objective: LinearObjective, one: Fraction, other: Fraction) -> bool:
    """Returns whether one figure is better than the other."""
    return one > other if objective.maximise else one < other


def guided(model: LinearModel, main: LinearObjective, guide: LinearObjective | None) -> LinearObjective:
    """Returns the objective to search with: the guide breaks ties and never outweighs a step."""
    if guide is None:
        return main
    upper = model.upper.astype(np.float64)
    span = float(np.abs(guide.coefficient) @ upper) or 1.0
    thin = np.rint(guide.signed * (2.0**30 / span)).astype(np.int64)
    step = gcd(*(int(value) for value in main.coefficient[main.coefficient != 0].tolist())) or 1
    total = float(np.abs(main.coefficient // step) @ upper) * 2.0**31
    if total > 2.0**60:
        return main
    return LinearObjective(main.name, True, main.signed // step * 2**31 + thin, main.denominator, main.error)


@dataclass(frozen=True)
class Attempt:
    """What freeing some States came to."""

    point: Ints | None
    """A settled whole point, better or not; None if none was found."""
    searched: bool
    """Whether a search was run; False if the relaxation alone showed that there is nothing to win."""


def improve(
    task: Task,
    point: Ints,
    states: frozenset[int],
    limits: Limits,
    search: LinearObjective,
    thorough: bool = False,
) -> Attempt:
    """Looks for a better whole point that differs only in some States.

    Parameters
    ----------
    point
        A whole point of the model; all columns of other States stay as they are.
    states
        Indices of the States that may change.
    search
        The objective of this search, over all columns of the model.
    thorough
        Whether to search the whole group, not only what its relaxation uses.
    """
    home = task.assignment.layout.column_state
    free: Bools = np.isin(home, sorted(states)) | (home < 0)
    narrow = submodel(task.model, free, point)
    aim = narrow.narrow(search)
    relaxed = engine("lp")(narrow.model, aim, limits, task.clock)
    if relaxed.status == "infeasible" or not promising(narrow.model, aim, relaxed.bound, point[free], limits.gap):
        return Attempt(None, False)
    supported = narrow.model
    if relaxed.point is not None and not thorough:
        supported = supported_by(narrow.model, relaxed.point, point[free])
    outcome = engine(_engine_name(task))(supported, aim, limits, task.clock, point[free].astype(np.float64))
    if outcome.point is None and outcome.status == "infeasible":  # the relaxation's support is too thin
        supported = narrow.model
        outcome = engine(_engine_name(task))(supported, aim, limits, task.clock)
    if outcome.point is None:
        return Attempt(None, True)
    found = whole_point(supported, outcome.point, aim, task.clock)
    return Attempt(None if found is None else settle(task, narrow.widen(found)), True)


def promising(model: LinearModel, aim: LinearObjective, bound: Fraction | None, point: Ints, gap: float) -> bool:
    """Whether the relaxation leaves room for anything better than the point, by more than the gap."""
    if bound is None or not model.admits(point):
        return True
    value = aim.value(point)
    margin = Fraction(gap) * max(abs(bound), abs(value))
    return bound > value + margin if aim.maximise else bound < value - margin


def supported_by(model: LinearModel, relaxed: Floats, point: Ints) -> LinearModel:
    """The model without the yes-or-no columns that neither the relaxation nor the point uses.

    Relaxation-induced neighbourhood (Danna, Rothberg and Le Pape, 2005): a group's search becomes
    some ten times shorter and seldom worse.
    """
    idle = ~model.fine & (relaxed < _IDLE) & (point == 0)
    return model.with_bounds(model.lower, np.where(idle, model.lower, model.upper))


def _engine_name(task: Task) -> str:
    return "scip" if task.options.engine == "auto" else task.options.engine


def settle(task: Task, point: Ints) -> Ints:
    """Returns the settled point of a whole point of the model.

    Raises
    ------
    BrokenPoint
        if settling breaks a row that the point kept.
    """
    found = settled(task.assignment, point, task.worst_rows)
    if not task.model.admits(found):
        broken = [" ".join(task.model.rows.label[row]) for row in task.model.faults(found)[:5]]
        raise BrokenPoint(f"settled portfolio breaks: {'; '.join(broken) or 'a column bound'}")
    return found


def starting_point(task: Task) -> tuple[Ints | None, bool]:
    """Returns a portfolio that meets the user's decisions, or None and whether none can exist.

    States without commitments or pins stay empty: nothing they could do would help the others.
    """
    empty = settled(task.assignment, np.zeros(task.model.columns, np.int64), task.worst_rows)
    if task.model.admits(empty):
        return empty, False
    layout = task.assignment.layout
    decisions = layout.scenario.decisions
    wanted = {layout.scenario.need(each.need).state for each in decisions.commitments} | {
        each.state for each in decisions.pins
    }
    at = {state.id: place for place, state in enumerate(layout.scenario.states)}
    free = np.isin(layout.column_state, [at[state] for state in sorted(wanted)]) | (layout.column_state < 0)
    narrow = submodel(task.model, free, empty)
    aim = LinearObjective("nothing", True, np.zeros(narrow.model.columns, np.int64), 1, Fraction(0))
    outcome = engine(_engine_name(task))(narrow.model, aim, Limits(10 * STATE_WORK, quick=True), task.clock)
    if outcome.point is None:
        return None, outcome.status == "infeasible"
    found = whole_point(narrow.model, outcome.point, aim, task.clock)
    return (None if found is None else settle(task, narrow.widen(found))), False
