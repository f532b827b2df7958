"""Builds a portfolio State by State, then improves it by small groups of States.

For scenarios too large for one model. Three steps per objective:

1. *Bound.* States that cannot complete even with every offer to themselves are told apart; the
   relaxation of the whole model over the others bounds the objective.
2. *Build* (first objective only). States are taken up cheapest first, each with what the ones
   before it have left, and each completed at the least cost that the model allows.
3. *Improve.* Groups of States that draw on the same offers are freed together, all others kept,
   and solved again; a group is kept if it makes the objective better. Groups grow when nothing
   is found and are drawn by a fixed seed, so that a run within a work budget can be repeated.

Every portfolio on the way is a whole point of the whole model: nothing is rounded at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

import numpy as np

from matcher.formulations.layout import WORST_SCALE
from matcher.linear_model import Bools, Ints, LinearObjective, submodel
from matcher.pursuit import STATE_WORK, Finding, Task, better, guided, improve, starting_point
from matcher.solvers import Limits, Outcome, engine

BOUND_WORK = 10.0
"""Work allowed for the relaxation of the whole model; cut short, its bound is looser but holds."""
LEAST_WORK = 0.05
"""Work that even the smallest group costs."""
GROUP_GAP = 1e-3
"""Relative gap at which a group counts as solved."""
MAX_GROUP = 4
"""Largest group of States."""


@dataclass
class Meter:
    """Deterministic work used so far: one unit per group solved, whatever the clock says."""

    budget: float
    used: float = 0.0

    def spend(self, columns: int, searched: bool = True) -> None:
        """Counts a solve over some columns: as measured, it grows a little faster than their number."""
        self.used += max(LEAST_WORK, (0.25 if searched else 0.05) * STATE_WORK * (columns / 1000) ** 1.5)

    @property
    def empty(self) -> bool:
        """Whether the budget is used up."""
        return self.used >= self.budget


def pursue(task: Task, incumbent: Ints | None, work: float) -> Finding:
    """Returns a portfolio and a bound for one objective, from the incumbent on."""
    meter = Meter(work)
    point, impossible = (incumbent, False) if incumbent is not None else starting_point(task)
    if point is None:
        return Finding(None, None, infeasible=impossible)
    task.report("starting point", task.objective.value(point), None)
    dead: frozenset[int] = frozenset()
    if incumbent is None and task.objective.name in ("completions", "weighted"):
        point, dead = build(task, point, meter)
    groups = Groups(task)
    with ThreadPoolExecutor(1) as aside:  # the relaxation runs beside the first round: engines free the lock
        bounding = aside.submit(relaxation_bound, task, dead)
        point = first_round(task, point, groups, meter)
        bound = bounding.result()
    task.report("bound", task.objective.value(point), bound)
    point = improve_by_groups(task, point, bound, groups, meter)
    return Finding(point, bound, exhausted=meter.empty, work=meter.used)


def build(task: Task, point: Ints, meter: Meter) -> tuple[Ints, frozenset[int]]:
    """Completes States, cheapest first, and returns the States that can never complete."""
    states = _completing(task)
    with ThreadPoolExecutor(2) as pool:
        alone = dict(zip(states, pool.map(lambda state: complete_alone(task, state), states), strict=True))
    for state in states:
        meter.spend(columns_of(task, [state]))
    dead = frozenset(state for state, outcome in alone.items() if outcome.status == "infeasible")
    cost = {state: (outcome.bound or Fraction(0)) for state, outcome in alone.items() if state not in dead}
    named = task.assignment.layout.scenario.states
    order = sorted(
        cost, key=lambda state: (cost[state] / max(Fraction(named[state].weight), Fraction(1, 10**9)), state)
    )
    for state in order:
        if task.clock.reason():
            break
        found = complete_next(task, point, state)
        meter.spend(columns_of(task, [state]))
        if found is not None:
            point = found
            task.report(f"completing {named[state].id}", task.objective.value(point), None)
    return point, dead


def _completing(task: Task) -> list[int]:
    """States (indices) that have an Article 5 completion to reach and a way to it."""
    layout = task.assignment.layout
    at = {state.id: place for place, state in enumerate(layout.scenario.states)}
    return sorted(at[state] for state, column in layout.complete.items() if task.model.upper[column] > 0)


def _spare(task: Task) -> LinearObjective:
    """The objective of completing at the least cost to others: money spent, all of it."""
    layout = task.assignment.layout
    weight = np.zeros(task.model.columns, np.int64)
    weight[: layout.arrays.flows] = np.maximum(layout.arrays.flow_price, 1)
    for column in layout.engaged.values():
        weight[column] = 1
    return LinearObjective("spare", False, weight, 1, Fraction(0))


def _completed(task: Task, state: int) -> tuple[Ints, Ints]:
    """Column bounds under which a State completes."""
    layout = task.assignment.layout
    lower = task.model.lower.copy()
    lower[layout.complete[layout.scenario.states[state].id]] = 1
    return lower, task.model.upper


def complete_alone(task: Task, state: int) -> Outcome:
    """Completes one State with every offer to itself, at least cost; infeasible proves that none can."""
    if task.clock.reason():
        return Outcome("limit", None, None)
    model = replace(task.model, lower=_completed(task, state)[0])
    home = task.assignment.layout.column_state
    free: Bools = (home == state) | (home < 0)
    narrow = submodel(model, free, np.zeros(model.columns, np.int64))
    return engine("scip")(narrow.model, narrow.narrow(_spare(task)), Limits(STATE_WORK, 0.05, quick=True), task.clock)


def complete_next(task: Task, point: Ints, state: int) -> Ints | None:
    """Completes one more State with what is left, at least cost; None if that cannot be done."""
    lower, upper = _completed(task, state)
    harder = replace(task, model=task.model.with_bounds(lower, upper))
    return improve(harder, point, frozenset({state}), Limits(STATE_WORK, 0.02, quick=True), _spare(task)).point


def relaxation_bound(task: Task, dead: frozenset[int]) -> Fraction | None:
    """Returns the bound of the linear relaxation, with States that cannot complete taken out."""
    layout = task.assignment.layout
    upper = task.model.upper.copy()
    for state in dead:
        upper[layout.complete[layout.scenario.states[state].id]] = 0
    model = task.model.with_bounds(task.model.lower, upper)
    outcome = engine("lp")(model, task.objective, Limits(BOUND_WORK), task.clock)
    return task.bound(outcome.bound)


def first_round(task: Task, point: Ints, groups: Groups, meter: Meter) -> Ints:
    """Frees each State alone, once: whatever the budget, no State is passed over."""
    search = guided(task.model, task.objective, task.guide)
    for group in groups.alone(point):
        if task.clock.reason():
            break
        point = free_group(task, point, group, search, meter)[0]
        task.report("each State alone", task.objective.value(point), None)
    return point


def improve_by_groups(task: Task, point: Ints, bound: Fraction | None, groups: Groups, meter: Meter) -> Ints:
    """Frees groups of competing States, one after another, and keeps what is better."""
    search = guided(task.model, task.objective, task.guide)
    while not meter.empty and not task.clock.reason() and not _closed(task, point, bound) and groups.more:
        group = groups.draw(point)
        point, won = free_group(task, point, group, search, meter, groups.thorough)
        groups.tell(won)
        task.report(f"group of {len(group)}", task.objective.value(point), bound)
    return point


def free_group(
    task: Task, point: Ints, group: frozenset[int], search: LinearObjective, meter: Meter, thorough: bool = False
) -> tuple[Ints, bool]:
    """Returns the better of a point and what freeing a group finds, and whether it was the latter."""
    if task.objective.name == "worst_off":
        task, search = _lifting(task, point, group)
    attempt = improve(task, point, group, Limits(STATE_WORK * len(group), GROUP_GAP, quick=True), search, thorough)
    meter.spend(columns_of(task, group), attempt.searched)
    found = attempt.point
    won = found is not None and better(search, search.value(found), search.value(point))
    return (found, True) if won and found is not None else (point, False)


def columns_of(task: Task, group: Iterable[int]) -> int:
    """Returns the number of columns that a group's States have."""
    return int(np.isin(task.assignment.layout.column_state, list(group)).sum())


def _lifting(task: Task, point: Ints, group: frozenset[int]) -> tuple[Task, LinearObjective]:
    """Lifts the group's own worst State, and lets no State fall below the smallest coverage so far.

    The smallest coverage itself is flat as long as two States share it; lifting them one by one is not.
    """
    assert task.worst_rows is not None
    coverage = coverages(task, point)
    lowest = min(group, key=lambda state: (coverage.get(state, np.inf), state))
    rows = task.worst_rows
    row = (
        rows.label.index(("worst_off", task.assignment.layout.scenario.states[lowest].id)) if lowest in coverage else -1
    )
    weight = np.zeros(task.model.columns, np.int64)
    if row >= 0:
        terms = slice(int(rows.start[row]), int(rows.start[row + 1]))
        weight[rows.column[terms]] = rows.coefficient[terms]
        weight[task.assignment.layout.worst] = 0
    lower = task.model.lower.copy()
    lower[task.assignment.layout.worst] = point[task.assignment.layout.worst]
    lift = LinearObjective("worst_off", True, weight, WORST_SCALE, Fraction(0))
    return replace(task, model=task.model.with_bounds(lower, task.model.upper)), lift


def coverages(task: Task, point: Ints) -> dict[int, int]:
    """Returns the coverage of each State that has one, in units of 1 / WORST_SCALE."""
    assert task.worst_rows is not None
    slack = task.worst_rows.activity(point) + int(point[task.assignment.layout.worst])
    at = {state.id: place for place, state in enumerate(task.assignment.layout.scenario.states)}
    return {at[label[1]]: int(value) for label, value in zip(task.worst_rows.label, slack.tolist(), strict=True)}


def _closed(task: Task, point: Ints, bound: Fraction | None) -> bool:
    """Whether the portfolio is within the asked gap of the bound."""
    if bound is None:
        return False
    value = task.objective.value(point)
    return abs(bound - value) <= Fraction(task.options.gap) * max(abs(bound), abs(value))


class Groups:
    """Draws groups of States to free together: neighbours in competition, by a fixed seed."""

    def __init__(self, task: Task) -> None:
        layout = task.assignment.layout
        self._task = task
        self._names = [state.id for state in layout.scenario.states]
        self._graph = layout.arrays.options.competition()
        used = set(layout.arrays.flow_state.tolist())
        self._active = [place for place in range(len(self._names)) if place in used]
        self._random = Random(0)
        self._size = 2
        self._barren = 0

    @property
    def more(self) -> bool:
        """Whether there are still groups worth a try."""
        return len(self._active) > 1 and not (self._size == MAX_GROUP and self._barren > 2 * len(self._active))

    @property
    def thorough(self) -> bool:
        """Whether quick searches of groups of this size have found nothing for a while."""
        return self._barren > len(self._active) or self._size >= len(self._active)

    def alone(self, point: Ints) -> list[frozenset[int]]:
        """Returns every State that has options, as a group of its own, the least served first."""
        layout = self._task.assignment.layout
        served = dict.fromkeys(self._active, Fraction(0))
        demand = layout.arrays.demand
        for flow in np.flatnonzero(point[: layout.arrays.flows]).tolist():
            need = int(layout.arrays.flow_need[flow])
            served[int(layout.arrays.flow_state[flow])] += Fraction(int(point[flow]), int(demand[need]))
        return [frozenset({place}) for place in sorted(self._active, key=lambda place: (served[place], place))]

    def draw(self, point: Ints) -> frozenset[int]:
        """Returns the next group; for the worst-off States, it starts with the worst of all."""
        start = self._random.choice(self._active)
        if self._task.objective.name == "worst_off":
            coverage = coverages(self._task, point)
            start = min(self._active, key=lambda state: (coverage.get(state, 2**62), state))
        group = {start}
        while len(group) < min(self._size, len(self._active)):
            group.add(self._neighbour(group))
        return frozenset(group)

    def _neighbour(self, group: set[int]) -> int:
        """A State that shares offers with the group, likelier the more it shares."""
        others = [place for place in self._active if place not in group]
        return self._random.choices(others, [1 + sum(self._shared(one, each) for one in group) for each in others])[0]

    def _shared(self, one: int, other: int) -> int:
        edge = self._graph.get_edge_data(self._names[one], self._names[other])
        return len(edge["offers"]) if edge else 0

    def tell(self, won: bool) -> None:
        """Learns whether the last group made things better: groups grow while nothing is found."""
        self._barren = 0 if won else self._barren + 1
        if self._barren > 2 * len(self._active) and self._size < MAX_GROUP:
            self._size, self._barren = self._size + 1, 0
