"""Solves a scenario State by State: the method for scenarios too large for one model.

For each objective:

1. *States alone* (first objective): which can never complete, whatever the others leave them. With
   very many States none is tried.
2. *Prices*: the relaxation of the whole prices shared budgets, capacities and counts; where it is
   solved roughly, a bundle makes the prices better (`by_state.bundle`). At any prices States
   valued on their own bound the objective (`by_state.prices`); at exact prices also in whole
   numbers, which at rough ones wins less than the time is worth.
3. *Sweeps*: while prices are sought, States are served alone, against what the others have left;
   then all of them anew, from the empty plan, at a share of the prices, so that none takes what is
   worth more to others; then what is left over is given out without prices. Sweeps go on, at
   changing shares, while each gains something; the best plan is kept.
4. *Improvement*: groups of States with most to win and their rivals are freed and solved again;
   where the model is small and the clock limits the solve, all States are then searched at once
   (`by_state.at_once`).

Every plan on the way is a whole point of the whole model; nothing is rounded at the end. Groups and
blocks run wherever the executor runs them, in rounds whose size does not depend on it; the
relaxation, trials of single States and what two groups both reached for are solved in this process.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from typing import Literal

import numpy as np

from matcher.engine.by_state import at_once
from matcher.engine.by_state.bundle import Bundle, Valued
from matcher.engine.by_state.neighbourhoods import Groups
from matcher.engine.by_state.prices import Valuation, cut, value_blocks, whole_prices
from matcher.engine.by_state.search import (
    WorkBudget,
    dead_states,
    free_groups,
    group_limits,
    plan_near,
    starting_plan,
    without_completion,
)
from matcher.engine.by_state.worst_off import lifting, lowest
from matcher.engine.problem import ObjectiveProblem, ObjectiveResult, better, guided
from matcher.execution import ExecutionFailed
from matcher.formulation.plans import Plan
from matcher.solvers.engines import Outcome, SolverFailed, engine
from matcher.solvers.linear_model import Floats, LinearObjective

Relaxed = Literal["relaxation_interior", "relaxation_first_order"]
"""Which engine solved a relaxation: the second does so roughly."""


def pursue(task: ObjectiveProblem, incumbent: Plan | None, work: float) -> ObjectiveResult:
    """Returns a plan and a bound for one objective, from the incumbent on."""
    joint = at_once.worth_it(task)
    clock = task.clock.part(task.settings.joint.states_share) if joint else task.clock
    finding = _by_state(replace(task, clock=clock), incumbent, work)
    if not joint or finding.infeasible or closed(task, finding):
        return finding
    try:
        outcome = at_once.search(task, finding.plan)
    except (SolverFailed, ExecutionFailed) as error:  # what was found State by State is there all the same
        task.report("all_at_once", finding.plan, finding.bound, str(error))
        return finding
    if outcome is None:
        return finding
    finding = _joined(task, finding, outcome)
    if finding.plan is None or closed(task, finding):
        return finding
    left = _budget(task, max(work - finding.work, 0.0))  # with what time is left, groups start from the new plan
    return replace(finding, plan=improve(task, finding.plan, finding.bound, Groups(task), None, left))


def polish(task: ObjectiveProblem, plan: Plan, bound: Fraction | None, work: float) -> ObjectiveResult:
    """Returns a plan that is as good or better, by each State alone and by groups, under a bound that is known."""
    meter, groups = _budget(task, work), Groups(task)
    task.report("starting_plan", plan, bound)
    if not within_gap(task, plan, bound):
        plan = serve_alone(task, plan, groups, guided(task.model, task.objective, task.guide), meter)
        plan = improve(task, plan, bound, groups, None, meter)
    return ObjectiveResult(plan, bound, work=meter.used)


def _budget(task: ObjectiveProblem, work: float) -> WorkBudget:
    return WorkBudget(work, rates=task.settings.subproblems)


def _joined(task: ObjectiveProblem, finding: ObjectiveResult, outcome: Outcome) -> ObjectiveResult:
    """The better plan and the tighter bound, of those found State by State and those of the whole model."""
    proven, plan = task.bound(outcome.bound), finding.plan
    bound = finding.bound if proven is None else tighter(task, finding.bound, proven)
    found = None if outcome.point is None else plan_near(task, outcome.point)
    if found is not None and (plan is None or better(task.objective, task.value(found), task.value(plan))):
        plan = found
    task.report("all_at_once", plan, bound)
    return replace(finding, plan=plan, bound=bound)


def _by_state(task: ObjectiveProblem, incumbent: Plan | None, work: float) -> ObjectiveResult:
    meter, sweeps, prices = _budget(task, work), task.settings.sweeps, task.settings.prices
    plan, impossible = (incumbent, False) if incumbent is not None else starting_plan(task)
    if plan is None:
        return ObjectiveResult(None, None, infeasible=impossible)
    empty = plan
    task.report("starting_plan", plan, None)
    groups = Groups(task)
    search = guided(task.model, task.objective, task.guide)
    with ThreadPoolExecutor(1) as aside:  # prices are sought beside the first round: engines free the lock
        trials = _budget(task, work * task.settings.completions.share)
        pricing = aside.submit(relaxation, task, trials)
        plan = serve_alone(task, plan, groups, search, meter, sweeps.first_states)
        live, relaxed, engine_name = pricing.result()
    meter.used += trials.used
    bound = task.bound(relaxed.bound)
    task.report(engine_name, plan, bound)
    priced = None if _lifts(task) else _priced(live, relaxed, plan, engine_name == "relaxation_first_order")
    valued = None
    if priced is not None:
        if priced.rough:
            priced.step(prices.first_steps, meter)
        sweeping = replace(live, clock=task.clock.part(sweeps.time_share))
        shares = sweeps.price_shares if incumbent is None else sweeps.price_shares[1:]
        start = empty if incumbent is None else plan
        plan = serve_at_prices(sweeping, start, plan, shares, priced, groups, meter, bound, anew=incumbent is None)
        valued = priced.valued if priced.rough else _valued(live, priced, meter)
        bound = tighter(task, bound, signed_bound(task, valued.valuation))
        task.report("states_valued", plan, bound)
    elif len(groups.active) > sweeps.first_states:
        plan = serve_alone(live, plan, groups, search, meter)
    plan = improve(live, plan, bound, groups, valued, meter)
    return ObjectiveResult(plan, bound, work=meter.used)


def relaxation(task: ObjectiveProblem, meter: WorkBudget) -> tuple[ObjectiveProblem, Outcome, Relaxed]:
    """Returns the task without the completions that are out of reach, prices and a bound, and by which engine."""
    live, completions, prices = task, task.settings.completions, task.settings.prices
    few = len(task.formulation.scenario.states) <= completions.most_states
    if few and task.objective.name in ("completions", "weighted"):
        trying = replace(task, clock=task.clock.part(completions.share))
        live = without_completion(task, dead_states(trying, meter))
    limits = task.settings.limits(prices.relaxation_work)
    if len(live.model.rows.column) <= prices.most_factored_terms:
        try:
            return live, engine("interior")(live.model, task.objective, limits, task.clock), "relaxation_interior"
        except SolverFailed:  # told by the name of the engine that takes over
            pass
    return live, engine("first_order")(live.model, task.objective, limits, task.clock), "relaxation_first_order"


def _priced(task: ObjectiveProblem, relaxed: Outcome, plan: Plan, rough: bool) -> Bundle | None:
    """Returns the relaxation's prices, ready to become better; None if there are none, or the solve is stopped."""
    if relaxed.prices is None or task.clock.reason():
        return None
    blocks = cut(task.model, task.objective, task.columns.state)
    sign = 1.0 if task.objective.maximise else -1.0
    bundle = Bundle(task, blocks, whole_prices(blocks, sign * relaxed.prices[blocks.row]), plan, rough)
    return None if bundle.best is None else bundle


def _valued(task: ObjectiveProblem, priced: Bundle, meter: WorkBudget) -> Valued:
    """Values every State in whole numbers at the best prices: what it is worth at most, and the bound."""
    rough = priced.valued
    valuing = replace(task, clock=task.clock.part(task.settings.prices.valuing_share))
    if valuing.clock.reason():
        return rough
    found = value_blocks(valuing, rough.blocks, rough.valuation.prices, group_limits(task), known=rough.valuation)
    for block in rough.blocks.blocks:
        meter.spend(block.model.columns)
    assert found is not None  # what was known holds in any case
    return Valued(rough.blocks, found)


def signed_bound(task: ObjectiveProblem, valuation: Valuation) -> Fraction:
    """Returns what prices prove, as a bound on the objective's true figure."""
    bound = valuation.bound if task.objective.maximise else -valuation.bound
    found = task.bound(bound)
    assert found is not None
    return found


def tighter(task: ObjectiveProblem, one: Fraction | None, other: Fraction) -> Fraction:
    """Returns the better of two bounds."""
    if one is None:
        return other
    return min(one, other) if task.objective.maximise else max(one, other)


def regrets(task: ObjectiveProblem, valued: Valued, full: LinearObjective, plan: Plan) -> Floats:
    """Returns how much each State's part of a plan is worth less, at full prices, than its best alone."""
    worth = np.zeros(len(task.formulation.scenario.states))
    own = task.columns.state >= 0
    np.add.at(worth, task.columns.state[own], (full.coefficient * plan.point / full.denominator)[own])
    best = np.zeros_like(worth)
    for state, bound in valued.valuation.block_bounds.items():
        if state >= 0:
            best[state] = float(bound)
    return np.maximum(best - worth, 0.0)


def serve_alone(
    task: ObjectiveProblem,
    plan: Plan,
    groups: Groups,
    search: LinearObjective,
    meter: WorkBudget,
    most: int | None = None,
) -> Plan:
    """Frees States alone, each once, the least served first: all of them, or at most so many."""
    served = 0
    for group in groups.alone(plan):
        if task.clock.reason() or (most is not None and served >= most):
            break
        served += len(group)
        plan, _ = _free(task, plan, group, search, meter)
        task.report("single_states", plan, None)
    return plan


def serve_at_prices(
    task: ObjectiveProblem,
    start: Plan,
    plan: Plan,
    shares: tuple[float, ...],
    priced: Bundle,
    groups: Groups,
    meter: WorkBudget,
    bound: Fraction | None,
    *,
    anew: bool,
) -> Plan:
    """Serves all States anew at a share of the prices, then gives out what is left; again while it pays.

    The first sweeps lead from `start`, the others from the best plan so far; prices become better
    between them. Few States are served `anew` from `start` several times, if that is asked.
    """
    search, other = guided(task.model, task.objective, task.guide), start
    settings = task.settings.sweeps
    fresh = settings.fresh_shares if anew and len(groups.active) <= settings.few_states else ()
    for at, share in enumerate((*fresh, *shares)):
        before, valued = task.value(plan), priced.valued
        bound = tighter(task, bound, signed_bound(task, valued.valuation))
        full = valued.priced(task.columns.state, 1.0)
        for objective in (valued.priced(task.columns.state, share), search):
            groups.regret = regrets(task, valued, full, other)
            for group in groups.alone(other):
                if task.clock.reason() or meter.empty:
                    return plan
                other, _ = _free(task, other, group, objective, meter)
                if better(task.objective, task.value(other), task.value(plan)):
                    plan = other
                task.report("states_at_prices", plan, bound)
        if at < len(fresh):
            other = start
            continue
        if within_gap(task, plan, bound) or abs(task.value(plan) - before) <= abs(before) * settings.least_gain:
            break
        other = plan
        if priced.rough:
            priced.step(task.settings.prices.next_steps, meter)
    return plan


def improve(
    task: ObjectiveProblem, plan: Plan, bound: Fraction | None, groups: Groups, valued: Valued | None, meter: WorkBudget
) -> Plan:
    """Frees groups of States, one round after another, and keeps what is better."""
    search = guided(task.model, task.objective, task.guide)
    full = None if valued is None else valued.priced(task.columns.state, 1.0)
    while not meter.empty and not task.clock.reason() and not within_gap(task, plan, bound) and groups.more:
        if valued is not None and full is not None:
            groups.regret = regrets(task, valued, full, plan)
        first = lowest(task, plan, groups.active) if _lifts(task) else None
        plan, won = _free(task, plan, groups.draw(first), search, meter, groups.thorough)
        groups.tell(won)
        task.report("groups", plan, bound)
    return plan


def _free(
    task: ObjectiveProblem,
    plan: Plan,
    groups: list[frozenset[int]],
    search: LinearObjective,
    meter: WorkBudget,
    thorough: bool = False,
) -> tuple[Plan, list[bool]]:
    """Frees a round of groups; for the smallest coverage, one after another, each lifting its own worst State."""
    if not _lifts(task):
        return free_groups(task, plan, groups, search, meter, thorough)
    won = []
    for group in groups:
        lifted, objective = lifting(task, plan, group)
        plan, found = free_groups(lifted, plan, [group], objective, meter, thorough)
        won += found
    return plan, won


def _lifts(task: ObjectiveProblem) -> bool:
    """Whether the objective is the smallest coverage, of States that have one."""
    return task.objective.name == "worst_off" and task.min_coverage_rows is not None


def within_gap(task: ObjectiveProblem, plan: Plan, bound: Fraction | None) -> bool:
    """Returns whether a plan is within the asked gap of the bound."""
    if bound is None:
        return False
    value = task.value(plan)
    return abs(bound - value) <= Fraction(task.options.gap) * max(abs(bound), abs(value))


def closed(task: ObjectiveProblem, finding: ObjectiveResult) -> bool:
    """Returns whether nothing is left to find."""
    return finding.plan is not None and within_gap(task, finding.plan, finding.bound)
