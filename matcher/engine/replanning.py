"""Planning again from an earlier portfolio: what of it can be kept, and staying near it.

A portfolio that was made for one scenario may break the rules of the next: an offer is withdrawn, a
pair forbidden, an engagement pinned. `kept_plan` drops what the new scenario has no options for, then
whole States until no rule is broken; the search for something better starts from there. `near` makes
a scenario that seeks, after what matters more, few changes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

import numpy as np

from matcher.engine.by_state.groups import Subproblem, SubproblemSolution, merged, subproblem_data
from matcher.engine.problem import ObjectiveProblem
from matcher.errors import InvalidOptions
from matcher.formulation.pairing import whole_pairs
from matcher.formulation.plans import Plan, plan_within, with_derived_columns
from matcher.portfolio.portfolio import Portfolio
from matcher.scenario import Earlier, Goal, Scenario
from matcher.scenario.edits import ReplaceDecisions, ReplaceObjectives, edited
from matcher.scenario.fields import Yearly
from matcher.solvers.engines import engine
from matcher.solvers.linear_model import LinearObjective

AFTER = frozenset({"engagements", "cost", "at_risk", "dependence", "swings"})
"""Objectives before which staying near an earlier portfolio stands: it matters more than they do."""

REPAIR = Goal(objective="disruption", tolerance=Decimal(1))
"""As first objective: the least that must change, and the same once more to make up for it."""


def near(scenario: Scenario, portfolio: Portfolio, *, repair: bool = False) -> Scenario:
    """Returns a scenario that also seeks few changes from an earlier portfolio.

    What it gives, of offers and to needs that still are there, becomes what the scenario knows as given earlier;
    `disruption` comes into the order before the entries at its end that are about who pays and how much, or last. Where
    an order names it already, it stays there. Where nothing was given there is no earlier portfolio.

    Parameters
    ----------
    repair
        Put `disruption` first as well: a portfolio then loses what is no longer allowed, puts at most as much
        again in its place, and leaves the rest as it is. Nothing else is improved at the price of more changes.

    Raises
    ------
    InvalidOptions
        if the scenario weighs its objectives: how much a change weighs against the others is not known.
    """
    earlier = tuple(_given(scenario, portfolio))
    if earlier and scenario.objectives.weights is not None:
        raise InvalidOptions("the scenario weighs its objectives: give an order to stay near an earlier portfolio")
    order = [goal for goal in scenario.order() if earlier or goal.name != "disruption"]
    if earlier and all(part.objective != "disruption" for goal in order for part in goal.parts):
        order = _then_as_little(order)
    if earlier and repair and order[0].objective != "disruption":
        order = [REPAIR, *order]
    objectives = scenario.objectives
    if objectives.weights is None and tuple(order) != scenario.order():
        objectives = objectives.with_fields(order=tuple(order) or None)
    decisions = scenario.decisions.with_fields(earlier=earlier)
    return edited(scenario, ReplaceDecisions(decisions), ReplaceObjectives(objectives))


def _then_as_little(goals: Iterable[Goal]) -> list[Goal]:
    """An order with `disruption` before what matters less."""
    order = list(goals)
    at = len(order)
    while at and any(part.objective in AFTER for part in order[at - 1].parts):
        at -= 1
    return [*order[:at], Goal(objective="disruption"), *order[at:]]


def _given(scenario: Scenario, portfolio: Portfolio) -> Iterator[Earlier]:
    """What each offer gave each State by year, as far as offer, State and kind of work still are there."""
    needs = {need.id for need in scenario.needs}
    work = {offer.id: offer.capability for offer in scenario.technical}
    money = {offer.id for offer in scenario.funding}
    amounts: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for flow in portfolio.flows:
        if flow.need not in needs:
            continue
        state, capability = scenario.need(flow.need).state, scenario.need(flow.need).capability
        granule = scenario.capability(capability).granule
        if work.get(flow.implementer) == capability:
            amounts[flow.implementer, state][flow.year] += flow.quantity // granule * granule
        if flow.financier in money:
            amounts[str(flow.financier), state][flow.year] += flow.money
    for (offer, state), given in sorted(amounts.items()):
        if any(given.values()):
            yield Earlier(offer=offer, state=state, amounts=Yearly(None, tuple(sorted(given.items()))))


def kept_plan(task: ObjectiveProblem, portfolio: Portfolio) -> Plan | None:
    """Returns a plan that keeps what it can of a portfolio, perhaps of another scenario; None if nothing can be.

    States are dropped one at a time: of those that use what a broken rule limits, the one whose use is the
    smallest that mends it, else the largest; the first by id of several. Those with pins or commitments
    are then planned anew, beside the others.
    """
    plan = plan_within(task.formulation, portfolio, task.min_coverage_rows)
    dropped: set[int] = set()
    while not task.model.admits(plan.point):
        state = _in_the_way(task, plan, dropped)
        if state is None:
            return _anew(task, plan, dropped)
        dropped.add(state)
        plan = _without(task, plan, state)
    return plan if len(plan.pairs.work) else None


def _without(task: ObjectiveProblem, plan: Plan, state: int) -> Plan:
    """The plan without all that one State has."""
    columns = task.columns
    engaged = plan.point.copy()
    engaged[columns.of_state(state)] = 0
    pairs = plan.pairs.where(columns.state[plan.pairs.work] != state)
    return with_derived_columns(columns, pairs, engaged, task.min_coverage_rows)


def _in_the_way(task: ObjectiveProblem, plan: Plan, dropped: set[int]) -> int | None:
    """A State to drop so that a rule is no longer broken; None if none that is left has a part in it."""
    model, columns, point = task.model, task.columns, plan.point
    outside = columns.state[(point < model.lower) | (point > model.upper)]
    alone = sorted({int(state) for state in outside.tolist() if state >= 0} - dropped)
    if alone:
        return alone[0]
    activity = model.rows.activity(point)
    for row in model.faults(point).tolist():
        over = int(activity[row]) > int(model.rows.upper[row])
        excess = int(activity[row] - model.rows.upper[row]) if over else int(model.rows.lower[row] - activity[row])
        uses = {state: use for state, use in _uses(task, plan, row, over).items() if state not in dropped}
        enough = sorted((use, state) for state, use in uses.items() if use >= excess)
        if uses:
            return enough[0][1] if enough else min(uses, key=lambda state: (-uses[state], state))
    return None


def _uses(task: ObjectiveProblem, plan: Plan, row: int, over: bool) -> dict[int, int]:
    """How much each State has of what a broken row limits; of a row about ledgers of money, what it spends of them."""
    columns, rows = task.columns, task.model.rows
    part = slice(int(rows.start[row]), int(rows.start[row + 1]))
    uses: dict[int, int] = {}
    for column, coefficient in zip(rows.column[part].tolist(), rows.coefficient[part].tolist(), strict=True):
        use = int(coefficient) * int(plan.point[column]) * (1 if over else -1)
        if columns.state[column] >= 0 and use:
            uses[int(columns.state[column])] = uses.get(int(columns.state[column]), 0) + use
    ledgers = columns.ledger_offer[rows.column[part]]
    money_pools = {int(columns.money_pool[offer]) for offer in ledgers[ledgers >= 0].tolist()}
    if not uses and money_pools:
        money = plan.pairs.money[plan.pairs.money >= 0]
        for column in money[np.isin(columns.money_pool[columns.flow_offer[money]], sorted(money_pools))].tolist():
            spent = int(plan.point[column] * columns.money_unit[column - columns.works])
            uses[int(columns.state[column])] = uses.get(int(columns.state[column]), 0) + spent
    return uses


def _anew(task: ObjectiveProblem, plan: Plan, dropped: set[int]) -> Plan | None:
    """The plan with the dropped States planned anew as the user's decisions ask; None if that was not found."""
    if not dropped:
        return None
    objective = LinearObjective("nothing", True, np.zeros(task.columns.count, np.int64), 1, Fraction(0))
    limits = task.settings.limits(10 * task.settings.subproblems.state_work, quick=True)
    piece, free = subproblem_data(task, plan, sorted(dropped), limits, objective)
    outcome = engine(piece.engine)(piece.model, piece.objective, piece.limits, task.clock)
    if outcome.point is None:
        return None
    found = whole_pairs(piece.model, piece.flows, outcome.point, piece.objective, task.clock, piece.solvers)
    if found is None:
        return None
    return merged(task, plan, [Subproblem(frozenset(dropped), free, SubproblemSolution(found[0], found[1]))])
