"""One objective to pursue, and what its pursuit found."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from matcher.errors import MatcherError
from matcher.execution import Executor
from matcher.formulations.compact import Compact
from matcher.formulations.compact.columns import Columns
from matcher.formulations.compact.points import Plan
from matcher.linear_model import LinearModel, LinearObjective, Rows
from matcher.pursuit import Report, true_bound
from matcher.result import Clock, SolveOptions


class BrokenPlan(MatcherError):
    """A settled plan breaks its own model: an error of the engine, never of the input."""


@dataclass(frozen=True)
class Task:
    """One objective, pursued under everything that earlier objectives demand."""

    compact: Compact
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
    executor: Executor
    """Where independent pieces run."""
    steps: tuple[int, ...] = ()
    """For the smallest coverage: it is a multiple of 1 / step for one of these; empty if not known."""

    @property
    def columns(self) -> Columns:
        """The meaning of the columns."""
        return self.compact.columns

    def bound(self, bound: Fraction | None) -> Fraction | None:
        """Returns an engine's bound as one on the true figure, as tight as its whole steps allow."""
        return true_bound(self.objective, bound, self.error, self.steps)

    def value(self, plan: Plan) -> Fraction:
        """Returns the objective's figure of a plan."""
        return self.objective.value(plan.point)


@dataclass(frozen=True)
class Finding:
    """What the pursuit of one objective found."""

    plan: Plan | None
    """Best plan; None if there is none yet."""
    bound: Fraction | None
    """No portfolio allowed in this stage has a better figure; None if unknown."""
    infeasible: bool = False
    """Whether it is proven that no portfolio exists."""
    work: float = 0.0
    """Work used."""
