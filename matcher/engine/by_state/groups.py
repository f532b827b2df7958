"""Freeing a group of States: their part of the model solved again, all others kept as they are.

A group is a piece that any executor can run: plain arrays go out, pairs and engagements come back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from matcher.engine.problem import BrokenPlan, ObjectiveProblem, promising, supported_by
from matcher.formulation.columns import Columns
from matcher.formulation.pairing import Flows, flows_of, whole_pairs
from matcher.formulation.plans import NO_PAIRS, Pairs, Plan, with_derived_columns
from matcher.portfolio.result import Clock
from matcher.solvers.effort import counted
from matcher.solvers.engines import Limits, engine
from matcher.solvers.linear_model import Bools, Ints, LinearModel, LinearObjective, submodel
from matcher.solvers.settings import SolverSettings


@dataclass(frozen=True)
class SubproblemData:
    """A group's part of the model, ready to be solved anywhere."""

    model: LinearModel
    flows: Flows
    objective: LinearObjective
    point: Ints
    """The plan so far, over the part's columns."""
    limits: Limits
    thorough: bool
    """Whether to search the whole group, not only what its relaxation uses."""
    engine: str
    seconds: float | None
    """Wall-clock seconds left, if limited."""
    solvers: SolverSettings
    """How to search for whole units."""


@dataclass(frozen=True)
class SubproblemSolution:
    """What freeing a group came to."""

    pairs: Pairs | None
    """Pairs of the group's States; None if nothing was found."""
    others: Ints
    """Whole values of the part's other columns."""
    work: float = 0.0
    """Work of the engines."""


@dataclass(frozen=True)
class Subproblem:
    """A group that was freed, and what it came to."""

    group: frozenset[int]
    free: Ints
    """Its columns in the whole model."""
    answer: SubproblemSolution | None

    @property
    def moved(self) -> bool:
        """Whether there is a new part."""
        return self.answer is not None and self.answer.pairs is not None


def subproblem_data(
    task: ObjectiveProblem,
    plan: Plan,
    group: Iterable[int],
    limits: Limits,
    search: LinearObjective,
    thorough: bool = False,
    activity: Ints | None = None,
    kept: Bools | None = None,
) -> tuple[SubproblemData, Ints]:
    """Returns a group's part of the model, and its columns in the whole model.

    Parameters
    ----------
    activity
        Activity of the model's rows at the plan, where it is known.
    kept
        Columns that stay as they are in the plan, the group's own too.
    """
    columns = task.columns
    free = _free_columns(columns, group)
    if kept is not None:
        free &= ~kept
    narrow = submodel(task.model, free, plan.point, activity)
    piece = SubproblemData(
        narrow.model,
        flows_of(columns, narrow.free),
        narrow.narrow(search),
        plan.point[free],
        limits,
        thorough,
        "scip" if task.options.engine == "auto" else task.options.engine,
        task.clock.left,
        task.settings.solvers,
    )
    return piece, narrow.free


def _free_columns(columns: Columns, group: Iterable[int]) -> Bools:
    """The group's own columns, and the ledgers of the money that it can use."""
    free = np.zeros(columns.count, np.bool_)
    used = np.zeros(len(columns.scenario.offers), np.bool_)
    for state in sorted(group):
        own = columns.of_state(state)
        free[own] = True
        used[columns.money_pool[columns.flow_offer[own[: np.searchsorted(own, columns.flows)]]]] = True
    ledger = columns.ledgers
    free[ledger] = used[columns.money_pool[columns.ledger_offer[ledger]]]
    free[columns.min_coverage] = True
    return free


def solve_subproblem(piece: SubproblemData) -> SubproblemSolution:
    """Looks for something better than the plan so far in one group."""
    with counted() as effort:
        found = _better_pairs(piece)
    pairs, others = (None, np.zeros(0, np.int64)) if found is None else found
    return SubproblemSolution(pairs, others, effort.work)


def _better_pairs(piece: SubproblemData) -> tuple[Pairs, Ints] | None:
    """Pairs and whole values of a group that may be better, or None if none were found."""
    clock = Clock(piece.seconds)
    relaxed = engine("lp")(piece.model, piece.objective, piece.limits, clock)
    if relaxed.status == "infeasible" or not promising(
        piece.model, piece.objective, relaxed.bound, piece.point, piece.limits.gap
    ):
        return None
    model = piece.model
    if relaxed.point is not None and not piece.thorough:
        model = supported_by(model, relaxed.point, piece.point)
    outcome = engine(piece.engine)(model, piece.objective, piece.limits, clock, piece.point.astype(np.float64))
    if outcome.point is None and outcome.status == "infeasible":  # the relaxation's support is too thin
        model = piece.model
        outcome = engine(piece.engine)(model, piece.objective, piece.limits, clock)
    if outcome.point is None:
        return None
    return whole_pairs(model, piece.flows, outcome.point, piece.objective, clock, piece.solvers)


def solve_subproblems(task: ObjectiveProblem, pieces: Sequence[SubproblemData]) -> list[SubproblemSolution | None]:
    """Solves pieces wherever the task's executor runs them; None where the solve was stopped first."""
    return task.executor.map(solve_subproblem, pieces, should_stop=lambda: task.clock.reason() is not None)


def merged(task: ObjectiveProblem, plan: Plan, parts: Sequence[Subproblem]) -> Plan | None:
    """Returns the settled plan with the new parts of some groups.

    None if they do not fit each other and what others do.
    """
    columns = task.columns
    chosen = np.zeros(len(columns.scenario.states) + 1, np.bool_)
    pairs, engaged = NO_PAIRS, plan.point.copy()
    for part in parts:
        if part.answer is None or part.answer.pairs is None:
            return None
        chosen[sorted(part.group)] = True
        pairs = pairs.joined(part.answer.pairs)
        engaged[part.free] = part.answer.others
    others = plan.pairs.where(~chosen[columns.state[plan.pairs.work]])
    found = with_derived_columns(columns, others.joined(pairs), engaged, task.min_coverage_rows)
    return found if task.model.admits(found.point) else None


def require(task: ObjectiveProblem, plan: Plan) -> Plan:
    """Returns the plan if it keeps all rows.

    Raises
    ------
    BrokenPlan
        if it does not.
    """
    if not task.model.admits(plan.point):
        broken = sorted({task.model.rows.label[row][0] for row in task.model.faults(plan.point)})
        raise BrokenPlan(f"settled plan breaks: {', '.join(broken) or 'a column bound'}")
    return plan


def completing(task: ObjectiveProblem, state: int) -> ObjectiveProblem:
    """Returns the task with one State that must complete."""
    lower = task.model.lower.copy()
    lower[task.columns.complete[state]] = 1
    return replace(task, model=task.model.with_bounds(lower, task.model.upper))
