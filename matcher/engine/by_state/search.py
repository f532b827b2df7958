"""Steps of the search: where it starts, which States can never complete, groups freed and solved again."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from matcher.engine.by_state.groups import (
    Subproblem,
    SubproblemData,
    completing,
    merged,
    require,
    solve_subproblem,
    solve_subproblems,
    subproblem_data,
)
from matcher.engine.problem import ObjectiveProblem, better
from matcher.formulation.pairing import flows_of, whole_pairs
from matcher.formulation.plans import NO_PAIRS, Plan, with_derived_columns
from matcher.portfolio.result import Clock
from matcher.solvers.effort import WorkBudget, counted
from matcher.solvers.engines import Limits, Outcome, engine
from matcher.solvers.linear_model import UNLIMITED, Bools, Floats, Ints, LinearObjective, Rows


def _columns_of(rows: Rows, chosen: Ints) -> Ints:
    """Columns with a term in any of some rows."""
    return rows.column[np.isin(rows.row_of_term, chosen)]


def starting_plan(task: ObjectiveProblem) -> tuple[Plan | None, bool]:
    """Returns a plan that meets the user's decisions, or None and whether none can exist.

    States without commitments or pins stay empty, unless what was delivered before the horizon breaks an order of
    needs that they would have to catch up with: nothing else that they could do would help the others.
    """
    columns, scenario = task.columns, task.formulation.scenario
    nothing = np.zeros(columns.count, np.int64)
    empty = with_derived_columns(columns, NO_PAIRS, nothing, task.min_coverage_rows)
    if task.model.admits(empty.point):
        return empty, False
    decisions = scenario.decisions
    wanted = {scenario.need(each.need).state for each in decisions.commitments} | {
        each.state for each in decisions.pins
    }
    behind = set(columns.state[_columns_of(task.model.rows, task.model.faults(empty.point))].tolist())
    group = [at for at, state in enumerate(scenario.states) if state.id in wanted or at in behind]
    objective = LinearObjective("nothing", True, np.zeros(columns.count, np.int64), 1, Fraction(0))
    limits = task.settings.limits(10 * task.settings.subproblems.state_work, quick=True)
    piece, free = subproblem_data(task, Plan(nothing, NO_PAIRS), group, limits, objective)
    outcome = engine(piece.engine)(piece.model, piece.objective, piece.limits, task.clock)
    if outcome.point is None:
        return None, outcome.status == "infeasible"
    found = whole_pairs(piece.model, piece.flows, outcome.point, piece.objective, task.clock, piece.solvers)
    if found is None:
        return None, False
    engaged = nothing.copy()
    engaged[free] = found[1]
    return require(task, with_derived_columns(columns, found[0], engaged, task.min_coverage_rows)), False


def dead_states(task: ObjectiveProblem, meter: WorkBudget) -> frozenset[int]:
    """Returns States that can never complete, whatever the others leave them: all that the budget lets it try.

    What earlier objectives demand of all States together is left out: one State alone cannot meet it.
    """
    task = replace(task, model=task.formulation.model)
    nobody = Plan(np.zeros(task.columns.count, np.int64), NO_PAIRS)
    nothing = LinearObjective("nothing", True, np.zeros(task.columns.count, np.int64), 1, Fraction(0))
    limits = task.settings.limits(task.settings.subproblems.state_work, quick=True)
    dead = set()
    for state, column in enumerate(task.columns.complete.tolist()):
        if task.clock.reason() or meter.empty:
            break
        if column >= 0 and task.model.upper[column]:
            piece, _ = subproblem_data(completing(task, state), nobody, [state], limits, nothing)
            with counted() as effort:
                found = _search_piece(piece)
            meter.spend(effort.work + cutting_work(task))
            if found.status == "infeasible":
                dead.add(state)
    return frozenset(dead)


def _search_piece(piece: SubproblemData) -> Outcome:
    """Searches a State on its own, unless its relaxation alone settles it."""
    clock = Clock(piece.seconds)
    relaxed = engine("lp")(piece.model, piece.objective, piece.limits, clock)
    if relaxed.status == "infeasible":
        return relaxed
    return engine("scip")(piece.model, piece.objective, piece.limits, clock)


def free_groups(
    task: ObjectiveProblem,
    plan: Plan,
    groups: list[frozenset[int]],
    search: LinearObjective,
    meter: WorkBudget,
    thorough: bool = False,
    kept: Bools | None = None,
) -> tuple[Plan, list[bool]]:
    """Frees disjoint groups at once and keeps what makes things better: all together where that fits.

    Else one after another: what two groups both reach for, the first one gets, and the other is
    solved again on its own.

    Parameters
    ----------
    kept
        Columns that stay as they are in the plan.
    """
    now = task.model.rows.activity(plan.point)
    limits = [_limits_within(task, group, kept, meter) for group in groups]
    sent = [
        subproblem_data(task, plan, group, limit, search, thorough, now, kept)
        for group, limit in zip(groups, limits, strict=True)
    ]
    answers = solve_subproblems(task, [piece for piece, _ in sent])
    parts = [Subproblem(group, free, answer) for group, (_, free), answer in zip(groups, sent, answers, strict=True)]
    meter.spend(sum(cutting_work(task) + (0.0 if answer is None else answer.work) for answer in answers))
    moved = {at for at, part in enumerate(parts) if part.moved}
    while moved:
        found = merged(task, plan, [parts[at] for at in sorted(moved)])
        if found is None:
            return _one_by_one(task, plan, parts, search, meter, thorough, kept)
        losers = {at for at in moved if len(moved) > 1 and _own_gain(task, plan, found, parts[at], search) <= 0}
        if not losers:
            won = better(search, search.value(found.point), search.value(plan.point))
            return (found, [at in moved for at in range(len(parts))]) if won else (plan, [False] * len(parts))
        moved -= losers
    return plan, [False] * len(parts)


def settled_columns(task: ObjectiveProblem) -> Bools:
    """Returns the yes-or-no columns: who is engaged where and when, and what follows from it."""
    return ~task.model.relaxable & (task.model.upper <= 1)


def group_limits(task: ObjectiveProblem, states: int = 1, *, settled: bool = False) -> Limits:
    """Returns when the search of a group of so many States ends."""
    settings = task.settings.subproblems
    work = settings.settled_work if settled else settings.state_work * states
    return task.settings.limits(work, settings.gap, quick=True)


def _limits_within(task: ObjectiveProblem, group: frozenset[int], kept: Bools | None, meter: WorkBudget) -> Limits:
    """A group's limits, and no more work than is left; a little in any case, for what its first node finds."""
    usual = group_limits(task, len(group), settled=kept is not None)
    return replace(usual, work=min(usual.work, max(meter.left, task.settings.subproblems.least_work)))


def cutting_work(task: ObjectiveProblem) -> float:
    """Returns the work of cutting a group out of the whole and putting it back."""
    return task.settings.subproblems.cutting * len(task.model.rows.column)


def _own_gain(task: ObjectiveProblem, plan: Plan, found: Plan, part: Subproblem, search: LinearObjective) -> int:
    """What a group's own columns gain."""
    own = part.free[task.columns.state[part.free] >= 0]
    return int(search.signed[own] @ (found.point[own] - plan.point[own]))


def _one_by_one(
    task: ObjectiveProblem,
    plan: Plan,
    parts: list[Subproblem],
    search: LinearObjective,
    meter: WorkBudget,
    thorough: bool,
    kept: Bools | None,
) -> tuple[Plan, list[bool]]:
    won: list[bool] = []
    for part in parts:
        found = merged(task, plan, [part]) if part.moved else None
        if found is None and part.moved and any(won):
            limits = _limits_within(task, part.group, kept, meter)
            piece, free = subproblem_data(task, plan, part.group, limits, search, thorough, kept=kept)
            answer = solve_subproblem(piece)
            again = Subproblem(part.group, free, answer)
            meter.spend(cutting_work(task) + answer.work)
            found = merged(task, plan, [again]) if again.moved else None
        gain = found is not None and better(search, search.value(found.point), search.value(plan.point))
        if gain and found is not None:
            plan = found
        won.append(gain)
    return plan, won


def plan_near(task: ObjectiveProblem, point: Floats) -> Plan | None:
    """Returns the settled plan of an engine's point of the whole model, or None if none is near it."""
    flows = flows_of(task.columns, np.arange(task.model.columns))
    found = whole_pairs(task.model, flows, point, task.objective, task.clock, task.settings.solvers)
    return (
        None
        if found is None
        else require(task, with_derived_columns(task.columns, found[0], found[1], task.min_coverage_rows))
    )


def without_completion(task: ObjectiveProblem, dead: frozenset[int]) -> ObjectiveProblem:
    """Returns the task with the completions of some States ruled out."""
    upper = task.model.upper.copy()
    upper[task.columns.complete[sorted(dead)]] = 0
    return replace(task, model=task.model.with_bounds(task.model.lower, upper))


def opened(task: ObjectiveProblem, rows: Ints) -> ObjectiveProblem:
    """Returns the task with some rows open on both sides."""
    if not len(rows):
        return task
    lower, upper = task.model.rows.lower.copy(), task.model.rows.upper.copy()
    lower[rows], upper[rows] = -UNLIMITED, UNLIMITED
    return replace(task, model=replace(task.model, rows=replace(task.model.rows, lower=lower, upper=upper)))
