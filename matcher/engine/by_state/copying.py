"""Equal States served alike: what one of them does with its partners, the others do with equal ones that are free.

A search sees hundreds of plans where States and providers are equal, all as good, and mixes them: each State takes
some years of many donors, whose other years are then of no use to anybody. Here one State of a class is served alone,
by few of each class of providers and with few engagements, and its part is copied to the others for as long as it
fits. States and providers of a class are equal in all that the scenario says (`matcher.scenario.likeness`), decisions
and earlier portfolios included, so a copy is a part as good as the first; each is admitted by the whole model before
it is kept. That is a plan to start from: no bound rests on it, and nothing is left out of what is searched later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import numpy as np

from matcher.engine.by_state.groups import Subproblem, merged, solve_subproblem, subproblem_data
from matcher.engine.by_state.search import cutting_work, group_limits, starting_plan
from matcher.engine.problem import ObjectiveProblem, better, guided
from matcher.formulation.objectives import linear_objective
from matcher.formulation.plans import Plan, plan_of, portfolio_of
from matcher.portfolio.portfolio import Portfolio
from matcher.scenario.likeness import Alike, classes_of
from matcher.solvers.effort import WorkBudget
from matcher.solvers.linear_model import UNLIMITED, Bools, Ints, LinearObjective, RowBuilder


def served_alike(task: ObjectiveProblem, meter: WorkBudget) -> Plan | None:
    """Returns a plan in which equal States are served alike; None if there are none, or none can be served so."""
    alike = classes_of(task.formulation.scenario)
    states = [each for each in alike if each.kind == "states"]
    providers = [each for each in alike if each.kind == "providers"]
    empty, _ = starting_plan(task) if states else (None, False)
    if empty is None:
        return None
    best = empty
    for cheap in (False, True):
        plan = empty
        for each in states:
            plan = _class_served(task, plan, each, providers, cheap, meter)
        if better(task.objective, task.value(plan), task.value(best)):
            best = plan
    return None if best is empty else best


def _class_served(
    task: ObjectiveProblem, plan: Plan, states: Alike, providers: list[Alike], cheap: bool, meter: WorkBudget
) -> Plan:
    """Serves the first of some equal States alone, and then the others alike, while that makes things better."""
    if meter.empty or task.clock.reason():
        return plan
    first = _first_served(task, plan, states.members[0], providers, cheap, meter)
    if first is None:
        return plan
    plan = first
    for member in range(1, len(states.members)):
        copied = next(_copies(task, plan, states, member, providers), None)
        if copied is None or task.clock.reason():
            break
        plan = copied
    return plan


def _first_served(
    task: ObjectiveProblem, plan: Plan, state: str, providers: list[Alike], cheap: bool, meter: WorkBudget
) -> Plan | None:
    """The plan with one State served by few of each class of providers; None where that is no better.

    First as well as may be (and cheaply, if that is asked), then as well by the first providers of each class.
    """
    at, free = task.formulation.scenario.index.states[state], _free(task, plan, providers)
    kept, first_ones = _beyond_few(task, state, free), _first_ones(task, free)
    guide = linear_objective(task.columns, "cost") if cheap else first_ones
    found = _alone(task, plan, at, kept, guided(task.model, task.objective, guide), meter)
    if found is None or not better(task.objective, task.value(found), task.value(plan)):
        return None
    keeping = _keeping(task, found, [task.objective, guide] if cheap else [task.objective])
    return _alone(keeping, found, at, kept, first_ones, meter) or found


def _alone(
    task: ObjectiveProblem, plan: Plan, state: int, kept: Bools, search: LinearObjective, meter: WorkBudget
) -> Plan | None:
    """The plan with one State served anew; None where nothing better is found."""
    piece, free = subproblem_data(task, plan, [state], group_limits(task), search, thorough=True, kept=kept)
    answer = solve_subproblem(piece)
    meter.spend(cutting_work(task) + answer.work)
    part = Subproblem(frozenset({state}), free, answer)
    return merged(task, plan, [part]) if part.moved else None


def _keeping(task: ObjectiveProblem, plan: Plan, aims: list[LinearObjective]) -> ObjectiveProblem:
    """The task in which objectives keep what they have in a plan."""
    rows = RowBuilder()
    for aim in aims:
        columns = np.flatnonzero(aim.coefficient)
        row = rows.row(("kept", aim.name), lower=int(aim.signed @ plan.point), upper=UNLIMITED)
        rows.terms(row, columns, aim.signed[columns])
    return replace(task, model=task.model.with_rows(rows.build(np.ones(task.model.columns, np.int64))))


def _free(task: ObjectiveProblem, plan: Plan, providers: list[Alike]) -> list[list[Ints]]:
    """For each class of providers, the offers of each member that is engaged nowhere."""
    busy, at = _busy(portfolio_of(task.formulation, plan)), task.formulation.scenario.index.offers
    return [
        [np.array([at[offer] for offer in parts], np.int64) for parts in each.parts if busy.isdisjoint(parts)]
        for each in providers
    ]


def _first_ones(task: ObjectiveProblem, free: list[list[Ints]]) -> LinearObjective:
    """Few engagement-years, of the first of each class of providers before others: so that years of many are not mixed.

    Whoever is of no class comes last: no other can take that place when the part is copied.
    """
    weight = np.full(len(task.formulation.scenario.offers), 1 + max(map(len, free), default=0), np.int64)
    for members in free:
        for rank, offers in enumerate(members):
            weight[offers] = 1 + rank
    engaged = task.columns.engaged
    coefficient = np.zeros(task.model.columns, np.int64)
    relation, year = np.nonzero(engaged >= 0)
    coefficient[engaged[relation, year]] = weight[task.columns.relations.offer[relation]]
    return LinearObjective("engagements", False, coefficient, 1, Fraction(0))


def _beyond_few(task: ObjectiveProblem, state: str, free: list[list[Ints]]) -> Bools:
    """Columns of the members of each class of providers beyond as many as the State may have partners at once."""
    columns, scenario = task.columns, task.formulation.scenario
    most = task.settings.likeness.most_partners
    limit = scenario.state(state).max_partners
    beyond = np.zeros(len(scenario.offers), np.bool_)
    for members in free:
        for offers in members[most if limit is None else min(limit, most) :]:
            beyond[offers] = True
    kept = np.zeros(columns.count, np.bool_)
    kept[: columns.flows] = beyond[columns.flow_offer]
    for gates in (columns.engaged, columns.start):
        own = gates[beyond[columns.relations.offer]]
        kept[own[own >= 0]] = True
    return kept


def _busy(portfolio: Portfolio) -> frozenset[str]:
    """Offers that are engaged anywhere."""
    return frozenset(each.offer for each in portfolio.engagements)


def _copies(task: ObjectiveProblem, plan: Plan, states: Alike, member: int, providers: list[Alike]) -> Iterator[Plan]:
    """Yields better plans in which a State does what the one before it does, by the same providers or equal free ones.

    The fewer classes of providers are changed for free ones, the earlier it comes: what is begun is used up first.
    """
    portfolio = portfolio_of(task.formulation, plan)
    used = {each.offer for each in portfolio.engagements if each.state == states.members[member - 1]}
    busy = _busy(portfolio)
    touched = [each for each in providers if any(not used.isdisjoint(parts) for parts in each.parts)]
    for count in range(len(touched) + 1):
        for chosen in combinations(touched, count):
            places = _free_places(chosen, used, busy)
            if places is None:
                continue
            found = _copied(task, portfolio, states, member, places)
            if found is not None and better(task.objective, task.value(found), task.value(plan)):
                yield found


def _free_places(classes: tuple[Alike, ...], used: set[str], busy: frozenset[str]) -> dict[str, str] | None:
    """For each offer in use of some classes, the one of an equal provider that is free; None if they are too few."""
    places: dict[str, str] = {}
    for each in classes:
        asked = [parts for parts in each.parts if not used.isdisjoint(parts)]
        free = [parts for parts in each.parts if busy.isdisjoint(parts)]
        if len(free) < len(asked):
            return None
        for parts, others in zip(asked, free, strict=False):
            places.update(zip(parts, others, strict=True))
    return places


def _copied(
    task: ObjectiveProblem, portfolio: Portfolio, states: Alike, member: int, offers: Mapping[str, str]
) -> Plan | None:
    """The plan of a portfolio in which a State does what the one before it does; None where it breaks a rule."""
    before, state = states.members[member - 1 : member + 1]
    own = dict(zip(states.parts[member - 1], states.parts[member], strict=True))  # needs, and offers of its own
    places = {**own, **offers}
    flows = [
        flow.with_fields(
            need=own[flow.need],
            financier=None if flow.financier is None else places.get(flow.financier, flow.financier),
            implementer=places.get(flow.implementer, flow.implementer),
        )
        for flow in portfolio.flows
        if flow.need in own
    ]
    engagements = [
        each.with_fields(state=state, offer=places.get(each.offer, each.offer))
        for each in portfolio.engagements
        if each.state == before
    ]
    asked = portfolio.with_fields(
        flows=tuple(each for each in portfolio.flows if each.need not in set(own.values())) + tuple(flows),
        engagements=tuple(each for each in portfolio.engagements if each.state != state) + tuple(engagements),
    )
    plan = plan_of(task.formulation, asked, task.min_coverage_rows)
    return plan if task.model.admits(plan.point) else None
