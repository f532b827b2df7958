"""The smallest State coverage: the rows that hold it under every State's own, and what it can be."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import gcd, lcm

import numpy as np

from matcher.formulation.columns import WORST_SCALE, Columns
from matcher.scenario import Scenario
from matcher.scenario.within_reach import states_within_reach
from matcher.solvers.linear_model import Ints, LinearObjective, RowBuilder, Rows

_MOST_STEPS = 2**40


def worst_off_rows(columns: Columns) -> Rows:
    """Returns the rows that hold the smallest coverage under every State's coverage."""
    scenario, demand = columns.scenario, columns.payments.demand
    total = total_weights(scenario)
    table = worst_off_table(scenario, demand)
    near = states_within_reach(scenario)
    counted = np.array([bool(total.get(state.id)) and state.id in near for state in scenario.states], np.bool_)
    before = {state: sum(shares) for state, shares in _delivered_before(scenario).items()}
    rows = RowBuilder()
    number = np.full(len(scenario.states), -1, np.int64)
    for at in np.flatnonzero(counted).tolist():
        number[at] = rows.row(("worst_off", scenario.states[at].id), lower=-before[scenario.states[at].id])
    wanted = columns.flow_need[: columns.works]
    work = np.flatnonzero(counted[columns.state[: columns.works]])
    rows.terms(number[counted], columns.min_coverage, -1)
    rows.terms(number[columns.state[work]], work, table[wanted[work]])
    return rows.build(np.maximum(need_limited(columns.upper, wanted, demand), 1))


def _delivered_before(scenario: Scenario) -> dict[str, list[int]]:
    """What each need's delivery before the horizon adds to its State's coverage, in units of 1 / WORST_SCALE."""
    total = total_weights(scenario)
    found: dict[str, list[int]] = {state.id: [] for state in scenario.states}
    for need in scenario.needs:
        if total[need.state]:
            found[need.state].append(
                int(Fraction(need.weight) / total[need.state] * Fraction(need.delivered, need.quantity) * WORST_SCALE)
            )
    return found


def worst_off_weight(columns: Columns, objective: LinearObjective) -> Fraction:
    """Returns what the smallest coverage counts for in an objective."""
    return Fraction(int(objective.coefficient[columns.min_coverage]) * WORST_SCALE, objective.denominator)


def worst_off_steps(columns: Columns, objective: LinearObjective) -> tuple[Fraction, ...]:
    """Returns, for each State that may be worst off, a number of which an objective's true figure is a multiple then.

    Empty where the smallest coverage does not count in it or where the steps are too small to use.
    """
    weight = worst_off_weight(columns, objective)
    if not weight or objective.error:
        return ()
    rest = objective.coefficient.copy()
    rest[columns.min_coverage] = 0
    others = Fraction(int(np.gcd.reduce(rest)), objective.denominator)
    steps = {_common(weight / each, others) for each in _coverage_steps(columns)}
    return tuple(sorted(steps)) if min(steps, default=Fraction(0)) * _MOST_STEPS >= 1 else ()


def _common(one: Fraction, other: Fraction) -> Fraction:
    """The largest number of which both are multiples."""
    under = lcm(one.denominator, other.denominator)
    return Fraction(gcd(int(one * under), int(other * under)), under)


def _coverage_steps(columns: Columns) -> set[int]:
    """For each State, a whole number of whose inverse its coverage is a multiple; none if one is too large to use."""
    scenario = columns.scenario
    steps: dict[str, int] = {}
    for at, share in coverage_shares(scenario, columns.payments.demand):
        state = scenario.needs[at].state
        steps[state] = lcm(steps.get(state, 1), share.denominator)
        if steps[state] > _MOST_STEPS:
            return set()
    return set(steps.values())


def worst_off_error(columns: Columns) -> Fraction:
    """Returns the most by which rounding to 1 / WORST_SCALE understates a State's coverage."""
    return Fraction(int(columns.payments.demand.sum()) + len(columns.scenario.needs) + 1, WORST_SCALE)


def total_weights(scenario: Scenario) -> dict[str, Fraction]:
    """Returns the sum of the needs' weights of each State that has needs."""
    total: dict[str, Fraction] = {}
    for need in scenario.needs:
        total[need.state] = total.get(need.state, Fraction(0)) + Fraction(need.weight)
    return total


def coverage_shares(scenario: Scenario, demand: Ints) -> Iterator[tuple[int, Fraction]]:
    """Yields, for each need that counts, what a granule adds to its State's coverage, undiscounted.

    Parameters
    ----------
    demand
        Granules of each need.
    """
    total = total_weights(scenario)
    for at, need in enumerate(scenario.needs):
        if total[need.state]:
            yield at, Fraction(need.weight) / total[need.state] / int(demand[at])


def worst_off_table(scenario: Scenario, demand: Ints) -> Ints:
    """Returns the shares in whole units of 1 / WORST_SCALE, rounded down; shape (needs,)."""
    table = np.zeros(len(scenario.needs), np.int64)
    for at, share in coverage_shares(scenario, demand):
        table[at] = int(share * WORST_SCALE)
    return table


def need_limited(upper: Ints, need: Ints, demand: Ints) -> Ints:
    """Returns column sizes for the overflow check: a State's flows together never pass its needs.

    Parameters
    ----------
    upper
        Largest value of each column; those of flows come first.
    need
        Need of each flow.
    """
    size = upper.copy()
    share = demand // np.maximum(np.bincount(need, minlength=len(demand)), 1) + 1
    size[: len(need)] = np.minimum(size[: len(need)], share[need])
    return size
