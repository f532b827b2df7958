"""The search for a portfolio that has as little as possible in common with those that there are.

Where few States are in a small model they are all freed at once. Else States are first freed one by
one, each with its fair part of what the tolerances still leave, and then in groups with their rivals,
as when a portfolio is sought (`matcher.engine.by_state`).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from matcher.alternatives.settings import DEFAULT_ALTERNATIVE_SETTINGS
from matcher.alternatives.tolerances import ToleranceModel
from matcher.engine.by_state.groups import Subproblem, merged, solve_subproblems, subproblem_data
from matcher.engine.by_state.neighbourhoods import Groups
from matcher.engine.by_state.search import cutting_work, free_groups, group_limits
from matcher.engine.problem import better
from matcher.formulation.plans import Plan
from matcher.solvers.effort import WorkBudget
from matcher.solvers.linear_model import Floats, LinearObjective


def least_reuse(
    ground: ToleranceModel,
    start: Plan,
    objective: LinearObjective,
    meter: WorkBudget,
    *,
    together: bool,
    sweeps: int = DEFAULT_ALTERNATIVE_SETTINGS.sweeps,
) -> Plan:
    """Returns the plan with the lowest aim that the search finds within its work; the start if it finds none lower.

    Parameters
    ----------
    start
        A plan of the ground.
    together
        Free all States at once.
    sweeps
        Else, times that each is freed alone first.
    """
    if together:
        return _freed(ground, start, [ground.states], 1, objective, meter, thorough=True)
    plan, groups = start, Groups(ground.task)
    for _ in range(sweeps):
        groups.regret = _weights(ground, plan, objective)
        left = len(ground.states)
        for each in groups.alone(plan):
            if meter.empty:
                return plan
            plan = _freed(ground, plan, [sorted(group) for group in each], left, objective, meter)
            left -= len(each)
    while groups.more and not meter.empty:
        groups.regret = _weights(ground, plan, objective)
        plan, won = free_groups(ground.task, plan, groups.draw(), objective, meter, groups.thorough)
        groups.tell(won)
    return plan


def _weights(ground: ToleranceModel, plan: Plan, objective: LinearObjective) -> Floats:
    """What each State's part of a plan counts in the aim."""
    columns = ground.task.columns
    own = columns.state >= 0
    weight = np.zeros(len(columns.scenario.states))
    np.add.at(weight, columns.state[own], (objective.coefficient * plan.point)[own].astype(np.float64))
    return weight


def _freed(
    ground: ToleranceModel,
    plan: Plan,
    groups: Sequence[list[int]],
    left: int,
    objective: LinearObjective,
    meter: WorkBudget,
    *,
    thorough: bool = False,
) -> Plan:
    """Frees groups of States at once, each with one part in `left` of what the tolerances still leave.

    What they come to is kept one after the other, where it still fits and is better.
    """
    fair = ground.fair(plan, Fraction(1, left))
    sent = []
    for group in groups:
        sent.append(subproblem_data(fair, plan, group, group_limits(ground.task, len(group)), objective, thorough))
    answers = solve_subproblems(ground.task, [piece for piece, _ in sent])
    for group, (_, free), answer in zip(groups, sent, answers, strict=True):
        part = Subproblem(frozenset(group), free, answer)
        meter.spend(cutting_work(ground.task) + (0.0 if answer is None else answer.work))
        found = merged(ground.task, plan, [part]) if part.moved else None
        if found is not None and better(objective, objective.value(found.point), objective.value(plan.point)):
            plan = found
    return plan
