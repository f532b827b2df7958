"""The smallest State coverage: the rows that hold it under every State's own, and what it can be."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import gcd, lcm

import numpy as np

from matcher.formulation.columns import Columns
from matcher.formulation.coverage_shares import WORST_SCALE, coverage_shares, delivered_before
from matcher.solvers.linear_model import Ints, LinearObjective, RowBuilder, Rows

_MOST_STEPS = 2**40


def worst_off_rows(columns: Columns) -> Rows:
    """Returns the rows that hold the smallest coverage under every State's coverage.

    They do not hold it under that of a State that has all that it can have: what is missing from there to the most
    that any State can have counts as if it were there.
    """
    scenario, reach = columns.scenario, columns.reachable
    rows, number = RowBuilder(), np.full(len(scenario.states), -1, np.int64)
    before = delivered_before(scenario)
    for at in np.flatnonzero(reach.counted).tolist():
        number[at] = rows.row(("worst_off", scenario.states[at].id), lower=-before[scenario.states[at].id])
    rows.terms(number[reach.counted], columns.min_coverage, -1)
    rows.terms(
        number[reach.held], columns.reached[reach.held], int(reach.bound.max(initial=0)) - reach.bound[reach.held]
    )
    _coverage(columns, rows, number)
    return rows.build(
        np.maximum(need_limited(columns.upper, columns.flow_need[: columns.works], columns.payments.demand), 1)
    )


def without_reached(columns: Columns, rows: Rows) -> Rows:
    """Returns rows of which those of the smallest coverage hold it under every State's, whatever a State can have.

    Where these rows allow less than the least that a State with little room can have, that is the bound of the figure:
    a plan that passes it sets aside its State of the smallest coverage, which then has all that it can have.
    """
    named = np.array([label[0] == "worst_off" for label in rows.label], np.bool_)
    held = columns.reached[columns.reached >= 0]
    kept = ~(named[rows.row_of_term] & np.isin(rows.column, held))
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum(kept, dtype=np.int64)))[rows.start]
    return replace(rows, start=start, column=rows.column[kept], coefficient=rows.coefficient[kept])


def reached_rows(columns: Columns) -> Rows:
    """Returns the rows that let a State have all that it can have only where it has."""
    scenario, reach = columns.scenario, columns.reachable
    rows, number = RowBuilder(), np.full(len(scenario.states), -1, np.int64)
    before = delivered_before(scenario)
    for at in np.flatnonzero(reach.held).tolist():
        state = scenario.states[at].id
        number[at] = rows.row(("reached", state), lower=0)
        rows.terms(number[at], int(columns.reached[at]), before[state] - int(reach.bound[at]))
    _coverage(columns, rows, number)
    return rows.build(
        np.maximum(need_limited(columns.upper, columns.flow_need[: columns.works], columns.payments.demand), 1)
    )


def _coverage(columns: Columns, rows: RowBuilder, number: Ints) -> None:
    """Adds what is delivered in the horizon of each State's coverage to the State's row, if it has one."""
    work = np.flatnonzero(number[columns.state[: columns.works]] >= 0)
    rows.terms(number[columns.state[work]], work, columns.coverage_table[columns.flow_need[work]])


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
