"""One objective to pursue, and what all methods share on the way from one plan to a better one."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd
from typing import Protocol

import numpy as np

from matcher.engine.settings import DEFAULT_SETTINGS, Settings
from matcher.errors import MatcherError
from matcher.execution import Executor
from matcher.formulation.columns import Columns
from matcher.formulation.formulation import Formulation
from matcher.formulation.plans import Plan
from matcher.portfolio.result import Clock, Phase, SolveOptions
from matcher.solvers.linear_model import Floats, Ints, LinearModel, LinearObjective, Rows


class Report(Protocol):
    """Called with the phase, the best plan and the bound, where there are any, and more about the phase."""

    def __call__(self, phase: Phase, plan: Plan | None, bound: Fraction | None, detail: str = "", /) -> None: ...


def silent(phase: Phase, plan: Plan | None, bound: Fraction | None, detail: str = "", /) -> None:
    """Reports to nobody."""


_SUM_ROUNDING = 1e-9
"""Relative rounding of a sum in floats, of the size of its terms: far more than it can be."""
_IDLE = 1e-7
"""A yes-or-no column below this in the relaxation counts as unused."""


class BrokenPlan(MatcherError):
    """A settled plan breaks its own model: an error of the engine, never of the input."""


@dataclass(frozen=True)
class ObjectiveProblem:
    """One objective, pursued under everything that earlier objectives demand."""

    formulation: Formulation
    model: LinearModel
    """The formulation with the rows of earlier objectives."""
    min_coverage_rows: Rows | None
    """Rows of the smallest coverage, if an objective uses it."""
    objective: LinearObjective
    guide: LinearObjective | None
    """Breaks ties while searching: what to spare so that others find room."""
    options: SolveOptions
    clock: Clock
    report: Report
    error: Fraction
    """Most by which the linear figure can understate the true one."""
    executor: Executor
    """Where independent pieces run."""
    steps: tuple[Fraction, ...] = ()
    """Where the smallest coverage counts: the true figure is a multiple of one of these; empty if not known."""
    settings: Settings = DEFAULT_SETTINGS
    """What the search is tuned by."""
    relaxed: Fraction | None = None
    """Bound of the relaxation, where stating the problem took it already."""
    work: float = 0.0
    """Work of stating the problem."""
    floor: Fraction | None = None
    """Least that the figure of an objective to minimise comes to in any plan, where that is known."""

    @property
    def columns(self) -> Columns:
        """The meaning of the columns."""
        return self.formulation.columns

    def bound(self, bound: Fraction | None) -> Fraction | None:
        """Returns an engine's bound as one on the true figure, as tight as its whole steps allow.

        It is never weaker than what the needs alone say, as that of a relaxation cut short is.
        """
        if bound is None:
            return None
        maximise = self.objective.maximise
        found = true_bound(self.objective, (min if maximise else max)(bound, self.by_needs), self.error, self.steps)
        return found if maximise or found is None or self.floor is None else max(found, self.floor)

    @cached_property
    def by_needs(self) -> Fraction:
        """The best figure if nobody did more of a need than is left of it, all else apart."""
        columns, signed = self.columns, self.objective.signed.astype(np.float64)
        rest, works = columns.tables.rest.astype(np.float64), columns.works
        best = np.zeros(len(rest))
        np.maximum.at(best, columns.flow_need[:works], signed[:works])
        others = np.maximum(signed[works:] * self.model.lower[works:], signed[works:] * self.model.upper[works:])
        terms = np.concatenate((best * rest, others))
        most = float(terms.sum()) + _SUM_ROUNDING * float(np.abs(terms).sum())
        return Fraction(most if self.objective.maximise else -most) / self.objective.denominator

    def value(self, plan: Plan) -> Fraction:
        """Returns the objective's figure of a plan."""
        return self.objective.value(plan.point)


@dataclass(frozen=True)
class ObjectiveResult:
    """What the pursuit of one objective found."""

    plan: Plan | None
    """Best plan; None if there is none yet."""
    bound: Fraction | None
    """No portfolio allowed in this stage has a better figure; None if unknown."""
    infeasible: bool = False
    """Whether it is proven that no portfolio exists."""
    ran_out: bool = True
    """Whether a limit ended the search; False where it had nothing left to try."""


def true_bound(
    objective: LinearObjective, bound: Fraction | None, error: Fraction, steps: tuple[Fraction, ...] = ()
) -> Fraction | None:
    """Returns an engine's bound as one on the true figure, as tight as its whole steps allow."""
    if bound is None:
        return None
    found = exact_bound(objective, bound, error)
    whole = max((floor_to(found, step) for step in steps), default=found)
    return min(whole, Fraction(1)) if objective.name == "worst_off" else whole


def exact_bound(objective: LinearObjective, bound: Fraction, error: Fraction) -> Fraction:
    """Returns the bound, moved outwards by the error and then inwards to a figure that can occur.

    All columns are whole in truth, so an exact objective moves in steps of the greatest common
    divisor of its coefficients.
    """
    step = gcd(*(int(value) for value in objective.coefficient[objective.coefficient != 0].tolist()))
    outward = bound + (error if objective.maximise else -error)
    if step == 0:
        return Fraction(0)
    if not (objective.signed > 0).any():  # no column is below 0, so the least is never less than nothing
        outward = min(outward, Fraction(0)) if objective.maximise else max(outward, Fraction(0))
    if objective.error:
        return outward
    steps = outward * objective.denominator / step
    whole = steps.numerator // steps.denominator if objective.maximise else -(-steps.numerator // steps.denominator)
    return Fraction(whole * step, objective.denominator)


def floor_to(value: Fraction, step: Fraction) -> Fraction:
    """Returns the largest multiple of a step that is no larger than the value."""
    return step * (value // step)


def better(objective: LinearObjective, one: Fraction, other: Fraction) -> bool:
    """Returns whether one figure is better than the other."""
    return one > other if objective.maximise else one < other


def tighter(task: ObjectiveProblem, one: Fraction | None, other: Fraction) -> Fraction:
    """Returns the better of two bounds."""
    if one is None:
        return other
    return min(one, other) if task.objective.maximise else max(one, other)


def within_gap(task: ObjectiveProblem, plan: Plan, bound: Fraction | None) -> bool:
    """Returns whether a plan is within the asked gap of the bound."""
    if bound is None:
        return False
    value = task.value(plan)
    return abs(bound - value) <= Fraction(task.options.gap) * max(abs(bound), abs(value))


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


def promising(model: LinearModel, objective: LinearObjective, bound: Fraction | None, point: Ints, gap: float) -> bool:
    """Whether the relaxation leaves room for anything better than the point, by more than the gap."""
    if bound is None or not model.admits(point):
        return True
    value = objective.value(point)
    margin = Fraction(gap) * max(abs(bound), abs(value))
    return bound > value + margin if objective.maximise else bound < value - margin


def supported_by(model: LinearModel, relaxed: Floats, point: Ints) -> LinearModel:
    """The model without the yes-or-no columns that neither the relaxation nor the point uses.

    Relaxation-induced neighbourhood (Danna, Rothberg and Le Pape, 2005): a group's search becomes
    some ten times shorter and seldom worse.
    """
    idle = ~model.relaxable & (relaxed < _IDLE) & (point == 0)
    return model.with_bounds(model.lower, np.where(idle, model.lower, model.upper))
