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

from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

import numpy as np

from matcher.formulations.points import settled
from matcher.linear_model import Bools, Ints, LinearObjective, submodel
from matcher.pursuit import Finding, Task, better, guided, improve, settle
from matcher.solvers import Limits, Outcome, engine
from matcher.whole_units import whole_point

STATE_WORK = 1.0
"""Work allowed for one State or group."""
GROUP_GAP = 1e-3
"""Relative gap at which a group counts as solved."""
MAX_GROUP = 4
"""Largest group of States."""


@dataclass
class Meter:
    """Deterministic work used so far: one unit per group solved, whatever the clock says."""

    budget: float
    used: float = 0.0

    def spend(self, states: int) -> None:
        """Counts a solve over some States."""
        self.used += STATE_WORK * (0.25 + 0.25 * states)

    @property
    def empty(self) -> bool:
        """Whether the budget is used up."""
        return self.used >= self.budget


def pursue(task: Task, incumbent: Ints | None, work: float) -> Finding:
    """Returns a portfolio and a bound for one objective, from the incumbent on."""
    meter = Meter(work)
    first = incumbent is None
    point, impossible = (incumbent, False) if incumbent is not None else starting_point(task)
    if point is None:
        return Finding(None, None, infeasible=impossible)
    task.report("starting point", task.objective.value(point), None)
    dead: frozenset[int] = frozenset()
    if first and task.objective.name in ("completions", "weighted"):
        point, dead = build(task, point, meter)
    bound = relaxation_bound(task, dead)
    task.report("bound", task.objective.value(point), bound)
    point = improve_by_groups(task, point, bound, meter)
    return Finding(point, bound, exhausted=True)


def starting_point(task: Task) -> tuple[Ints | None, bool]:
    """Returns a portfolio that meets the user's decisions, or None and whether none can exist.

    States without commitments or pins stay empty: nothing they could do would help the others.
    """
    empty = settled(task.assignment, np.zeros(task.model.columns, np.int64), task.worst_rows)
    if task.model.admits(empty):
        return empty, False
    layout = task.assignment.layout
    decisions = layout.scenario.decisions
    wanted = {layout.scenario.need(each.need).state for each in decisions.commitments} | {
        each.state for each in decisions.pins
    }
    at = {state.id: place for place, state in enumerate(layout.scenario.states)}
    free = np.isin(layout.column_state, [at[state] for state in sorted(wanted)]) | (layout.column_state < 0)
    narrow = submodel(task.model, free, empty)
    aim = narrow.narrow(task.objective)
    outcome = engine("highs")(narrow.model, aim, Limits(10 * STATE_WORK, 0.01), task.clock)
    if outcome.point is None:
        return None, outcome.status == "infeasible"
    found = whole_point(narrow.model, outcome.point, aim, task.clock)
    return (None if found is None else settle(task, narrow.widen(found))), False


def build(task: Task, point: Ints, meter: Meter) -> tuple[Ints, frozenset[int]]:
    """Completes States, cheapest first, and returns the States that can never complete."""
    alone = {state: complete_alone(task, state, meter) for state in _completing(task)}
    dead = frozenset(state for state, outcome in alone.items() if outcome.status == "infeasible")
    cost = {state: (outcome.bound or 0.0) for state, outcome in alone.items() if state not in dead}
    states = task.assignment.layout.scenario.states
    order = sorted(cost, key=lambda state: (cost[state] / max(float(states[state].weight), 1e-9), state))
    for state in order:
        if task.clock.reason():
            break
        found = complete_next(task, point, state)
        meter.spend(1)
        if found is not None:
            point = found
            task.report(f"completing {states[state].id}", task.objective.value(point), None)
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


def complete_alone(task: Task, state: int, meter: Meter) -> Outcome:
    """Completes one State with every offer to itself, at least cost; infeasible proves that none can."""
    model = replace(task.model, lower=_completed(task, state)[0])
    home = task.assignment.layout.column_state
    free: Bools = (home == state) | (home < 0)
    narrow = submodel(model, free, np.zeros(model.columns, np.int64))
    meter.spend(1)
    return engine("highs")(narrow.model, narrow.narrow(_spare(task)), Limits(STATE_WORK, 0.05), task.clock)


def complete_next(task: Task, point: Ints, state: int) -> Ints | None:
    """Completes one more State with what is left, at least cost; None if that cannot be done."""
    lower, upper = _completed(task, state)
    harder = replace(task, model=task.model.with_bounds(lower, upper))
    return improve(harder, point, frozenset({state}), Limits(STATE_WORK, 0.02), _spare(task))


def relaxation_bound(task: Task, dead: frozenset[int]) -> Fraction | None:
    """Returns the bound of the linear relaxation, with States that cannot complete taken out."""
    layout = task.assignment.layout
    upper = task.model.upper.copy()
    for state in dead:
        upper[layout.complete[layout.scenario.states[state].id]] = 0
    model = task.model.with_bounds(task.model.lower, upper)
    outcome = engine("lp")(model, task.objective, Limits(10.0), task.clock)
    return task.bound(outcome.bound)


def improve_by_groups(task: Task, point: Ints, bound: Fraction | None, meter: Meter) -> Ints:
    """Frees groups of competing States, one after another, and keeps what is better."""
    search = guided(task)
    groups = Groups(task)
    while not meter.empty and not task.clock.reason() and not _closed(task, point, bound):
        group = groups.draw()
        found = improve(task, point, group, Limits(STATE_WORK * len(group), GROUP_GAP), search)
        meter.spend(len(group))
        won = found is not None and better(search, search.value(found), search.value(point))
        groups.tell(group, won)
        if won:
            assert found is not None
            point = found
        task.report(f"group of {len(group)}", task.objective.value(point), bound)
    return point


def _closed(task: Task, point: Ints, bound: Fraction | None) -> bool:
    """Whether the portfolio is within the asked gap of the bound."""
    if bound is None:
        return False
    value = task.objective.value(point)
    return abs(bound - value) <= Fraction(task.options.gap) * max(abs(bound), abs(value))


class Groups:
    """Draws groups of States to free together: each alone first, then neighbours in competition."""

    def __init__(self, task: Task) -> None:
        layout = task.assignment.layout
        self._names = [state.id for state in layout.scenario.states]
        self._graph = layout.arrays.options.competition()
        used = set(layout.arrays.flow_state.tolist())
        self._active = [place for place in range(len(self._names)) if place in used]
        self._queue = [frozenset({place}) for place in self._active]
        self._random = Random(0)
        self._size = 2
        self._barren = 0

    def draw(self) -> frozenset[int]:
        """Returns the next group."""
        if self._queue:
            return self._queue.pop(0)
        start = self._random.choice(self._active)
        group = {start}
        size = min(self._size, len(self._active))
        while len(group) < size:
            group.add(self._neighbour(group))
        return frozenset(group)

    def _neighbour(self, group: set[int]) -> int:
        """A State that shares offers with the group, likelier the more it shares."""
        others = [place for place in self._active if place not in group]
        shared = [
            1 + sum(len(self._graph.get_edge_data(self._names[one], self._names[each], {"offers": ()})["offers"]) for one in group)
            for each in others
        ]
        return self._random.choices(others, shared)[0]

    def tell(self, group: frozenset[int], won: bool) -> None:
        """Learns whether a group made things better: groups grow while nothing is found."""
        if len(group) == 1:
            return
        self._barren = 0 if won else self._barren + 1
        if self._barren > 2 * len(self._active):
            self._size, self._barren = min(self._size + 1, MAX_GROUP), 0
