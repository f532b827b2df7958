"""Solves a scenario State by State: the method for scenarios too large for one model.

For each objective, the first from a plan in which equal States are served alike (`by_state.copying`):

1. *States alone* (first objective): which can never complete, whatever the others leave them. With
   very many States none is tried.
2. *Prices*: the relaxation of the whole (`by_state.relaxing`) prices shared budgets, capacities and
   counts; where it is solved roughly, a bundle makes the prices better (`by_state.bundle`). At any
   prices States valued on their own bound the objective (`by_state.prices`); at exact prices also in
   whole numbers, a few at a time while that closes the gap, which at rough ones wins less than it costs.
3. *Sweeps*: while prices are sought, States are served alone, against what the others have left;
   then all of them anew, from the empty plan, at a share of the prices, so that none takes what is
   worth more to others; then what is left over is given out without prices. What earlier objectives
   have reached is charged in a sweep at prices and kept after it (`by_state.sweeps`). Sweeps go on,
   at changing shares, while each gains something; the best plan is kept. Once what links have come
   to is kept, a part of the work is kept from sweeps, for the improvement.
4. *Improvement*: groups of States with most to win and their rivals are freed and solved again, until
   they win nothing for a part of the objective's work, which is then left to the next ones. Once what
   links have come to is kept, larger groups share out anew what they give and get while who is
   engaged where stays: their relaxation is nearly whole already, and the search for whole units is
   all that is left. Where the model is small, all States are then searched at once with the work or
   time that is left (`by_state.at_once`).

Every plan on the way is a whole point of the whole model; nothing is rounded at the end. Groups and
blocks run wherever the executor runs them, in rounds whose size does not depend on it; the
relaxation, trials of single States and what two groups both reached for are solved in this process.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction

from matcher.engine.by_state import at_once
from matcher.engine.by_state.bundle import Bundle, Valued
from matcher.engine.by_state.copying import served_alike
from matcher.engine.by_state.prices import cut, signed_bound, value_blocks, whole_prices
from matcher.engine.by_state.relaxing import relaxation
from matcher.engine.by_state.search import group_limits, plan_near, starting_plan
from matcher.engine.by_state.sweeps import Sweeps, regrets
from matcher.engine.by_state.worst_off import lifts
from matcher.engine.problem import ObjectiveProblem, ObjectiveResult, better, tighter, within_gap
from matcher.execution import ExecutionFailed
from matcher.formulation.plans import Plan
from matcher.solvers.effort import WorkBudget, counted
from matcher.solvers.engines import Outcome, SolverFailed


def pursue(task: ObjectiveProblem, incumbent: Plan | None, meter: WorkBudget) -> ObjectiveResult:
    """Returns a plan and a bound for one objective, from the incumbent on."""
    meter.spend(task.work)
    if incumbent is None:
        incumbent = served_alike(task, meter)
    joint = at_once.worth_it(task)
    clock = task.clock.part(task.settings.joint.states_share) if joint else task.clock
    finding = _by_state(replace(task, clock=clock), incumbent, meter)
    if not joint or finding.infeasible or closed(task, finding):
        return finding
    if task.clock.limit is None and meter.left <= at_once.least_work(task):
        return finding
    try:
        with counted() as effort:
            outcome = at_once.search(task, finding.plan, meter.left)
            joined = finding if outcome is None else _joined(task, finding, outcome)
    except (SolverFailed, ExecutionFailed) as error:  # what was found State by State is there all the same
        task.report("all_at_once", finding.plan, finding.bound, str(error))
        return finding
    meter.spend(effort.work)
    joined = replace(joined, ran_out=outcome is None or outcome.status != "optimal")
    if outcome is None or joined.plan is None or closed(task, joined):
        return joined
    again = Sweeps(task, meter)  # with what is left, from the new plan
    again.bound = joined.bound
    return replace(joined, plan=again.improve(joined.plan, None), ran_out=again.ran_out)


def polish(task: ObjectiveProblem, plan: Plan, bound: Fraction | None, meter: WorkBudget) -> ObjectiveResult:
    """Returns a plan that is as good or better, by each State alone and by groups, under a bound that is known."""
    sweeps = Sweeps(task, meter)
    sweeps.bound = bound
    task.report("starting_plan", plan, bound)
    if not sweeps.done(plan):
        sweeps.reserve()
        plan = sweeps.alone(plan)
        sweeps.reserved = 0.0
        plan = sweeps.improve(plan, None)
    return ObjectiveResult(plan, bound, ran_out=sweeps.ran_out)


def _joined(task: ObjectiveProblem, finding: ObjectiveResult, outcome: Outcome) -> ObjectiveResult:
    """The better plan and the tighter bound, of those found State by State and those of the whole model."""
    proven, plan = task.bound(outcome.bound), finding.plan
    bound = finding.bound if proven is None else tighter(task, finding.bound, proven)
    found = None if outcome.point is None else plan_near(task, outcome.point)
    if found is not None and (plan is None or better(task.objective, task.value(found), task.value(plan))):
        plan = found
    task.report("all_at_once", plan, bound)
    return replace(finding, plan=plan, bound=bound, infeasible=plan is None and outcome.status == "infeasible")


def _by_state(task: ObjectiveProblem, incumbent: Plan | None, meter: WorkBudget) -> ObjectiveResult:
    settings = task.settings
    plan, impossible = (incumbent, False) if incumbent is not None else starting_plan(task)
    if plan is None:
        return ObjectiveResult(None, None, infeasible=impossible)
    empty = plan
    task.report("starting_plan", plan, None)
    sweeps = Sweeps(task, meter)
    if task.relaxed is not None:
        return _under(sweeps, plan, task.relaxed)
    sweeps.reserve()
    relaxing, trying = (
        WorkBudget(meter.left * share) for share in (settings.prices.relaxation_share, settings.completions.share)
    )
    with ThreadPoolExecutor(1) as aside:  # prices are sought beside the first round: engines free the lock
        pricing = aside.submit(relaxation, task, relaxing, trying)
        plan = sweeps.alone(plan, settings.sweeps.first_states)
        plan = sweeps.share_out(plan)
        live, relaxed, name = pricing.result()
    sweeps.meter.spend(relaxing.used + trying.used)
    sweeps.task = live
    if relaxed.bound is not None:
        found = task.bound(relaxed.bound)
        assert found is not None
        sweeps.prove(found)
    task.report(name, plan, sweeps.bound)
    priced = None if lifts(task) else _priced(live, relaxed, plan, name == "relaxation_first_order")
    valued = None
    if priced is not None:
        plan, valued = _at_prices(sweeps, priced, empty if incumbent is None else plan, plan, incumbent is None)
    elif len(sweeps.groups.active) > settings.sweeps.first_states:
        plan = sweeps.alone(plan)
    sweeps.reserved = 0.0
    plan = sweeps.improve(plan, valued)
    return ObjectiveResult(plan, sweeps.bound, ran_out=sweeps.ran_out)


def _under(sweeps: Sweeps, plan: Plan, relaxed: Fraction) -> ObjectiveResult:
    """Serves States alone and in groups, under the bound of a relaxation that is solved already."""
    bound = sweeps.task.bound(relaxed)
    assert bound is not None
    sweeps.prove(bound)
    sweeps.task.report("relaxation_simplex", plan, bound)
    plan = sweeps.improve(sweeps.alone(plan), None)
    return ObjectiveResult(plan, sweeps.bound, ran_out=sweeps.ran_out)


def _at_prices(sweeps: Sweeps, priced: Bundle, start: Plan, plan: Plan, anew: bool) -> tuple[Plan, Valued]:
    """Sweeps at prices, and then values States: returns the best plan, and what States are worth."""
    settings, meter, live = sweeps.task.settings, sweeps.meter, sweeps.task
    if priced.rough:
        priced.step(settings.prices.first_steps, meter)
    sweeps.task = replace(live, clock=live.clock.part(settings.sweeps.time_share))
    if anew and len(sweeps.groups.active) <= settings.sweeps.few_states:
        for share in settings.sweeps.fresh_shares:
            plan = sweeps.once(start, plan, priced.valued, share)
    shares = settings.sweeps.price_shares
    plan = sweeps.at_prices(start, plan, priced, shares if anew else shares[1:])
    sweeps.task = live
    valued = priced.valued if priced.rough else _valued(sweeps, priced, plan)
    sweeps.prove(signed_bound(live, valued.valuation))
    live.report("states_valued", plan, sweeps.bound)
    return plan, valued


def _priced(task: ObjectiveProblem, relaxed: Outcome, plan: Plan, rough: bool) -> Bundle | None:
    """Returns the relaxation's prices, ready to become better; None if there are none, or the solve is stopped."""
    if relaxed.prices is None or task.clock.reason():
        return None
    blocks = cut(task.model, task.objective, task.columns.state)
    sign = 1.0 if task.objective.maximise else -1.0
    bundle = Bundle(task, blocks, whole_prices(blocks, sign * relaxed.prices[blocks.row]), plan, rough)
    return None if bundle.best is None else bundle


def _valued(sweeps: Sweeps, priced: Bundle, plan: Plan) -> Valued:
    """Values States in whole numbers at the best prices, those with most to win first, while that closes the gap."""
    task, settings, valued = sweeps.task, sweeps.task.settings.prices, priced.valued
    valuing = replace(task, clock=task.clock.part(settings.valuing_share))
    budget = WorkBudget(max(sweeps.meter.left - sweeps.reserved, 0.0) * settings.valuing_share)
    for states in _by_regret(task, valued, plan, settings.valued_at_once):
        if valuing.clock.reason() or budget.empty or sweeps.done(plan):
            break
        before, known = sweeps.bound, valued.valuation
        found = value_blocks(valuing, valued.blocks, known.prices, group_limits(task), known=known, chosen=states)
        assert found is not None  # what was known holds in any case
        budget.spend(found.work)
        valued = Valued(valued.blocks, found)
        sweeps.prove(signed_bound(task, found))
        gap = abs(known.bound - task.value(plan) * (1 if task.objective.maximise else -1))
        if known.bound - found.bound < Fraction(settings.valuing_gain) * gap and sweeps.bound == before:
            break
    sweeps.meter.spend(budget.used)
    return valued


def _by_regret(task: ObjectiveProblem, valued: Valued, plan: Plan, at_once: int) -> Iterator[frozenset[int]]:
    """Yields rounds of States, those whose part of the plan is furthest from the most that it can be worth first."""
    regret = regrets(task, valued, valued.priced(task.columns.state, 1.0), plan)
    states = sorted(
        (block.state for block in valued.blocks.blocks if block.state >= 0), key=lambda at: (-regret[at], at)
    )
    for first in range(0, len(states), at_once):
        yield frozenset(states[first : first + at_once])


def closed(task: ObjectiveProblem, finding: ObjectiveResult) -> bool:
    """Returns whether nothing is left to find."""
    return finding.plan is not None and within_gap(task, finding.plan, finding.bound)
