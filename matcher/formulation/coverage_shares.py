"""Each State's coverage in whole units: of a granule, of what was delivered before, and of all that it can have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from matcher.scenario import Scenario
from matcher.scenario.within_reach import OwnBounds
from matcher.solvers.linear_model import Bools, Ints

WORST_SCALE = 2**50
"""Whole units in which State coverages are measured inside the model."""


@dataclass(frozen=True)
class Reachable:
    """Which States count in the smallest coverage, and the most that each can have, in units of 1 / WORST_SCALE."""

    counted: Bools
    """Shape (States,)."""
    bound: Ints
    """Shape (States,): the coverage, as the model rounds it, of a State that has all that it can have."""
    held: Bools
    """Shape (States,): it counts, and another that counts can have more."""


def reachable(scenario: Scenario, demand: Ints) -> Reachable:
    """Returns what the smallest coverage can be of each State.

    Parameters
    ----------
    demand
        Granules of each need.
    """
    bounds, table, place = OwnBounds(scenario), worst_off_table(scenario, demand), scenario.index.needs
    total, before = total_weights(scenario), delivered_before(scenario)
    counted = np.array([bool(total.get(each.id)) and each.id in bounds.counted for each in scenario.states], np.bool_)
    bound, held = np.zeros(len(counted), np.int64), np.zeros(len(counted), np.bool_)
    shares = {at: bounds.bound(scenario.states[at].id) for at in np.flatnonzero(counted).tolist()}
    for at, share in shares.items():
        most = {place[key]: units for key, units in bounds.most_delivered(scenario.states[at].id).items()}
        bound[at] = before[scenario.states[at].id] + sum(int(table[need]) * units for need, units in most.items())
        # Where a granule is less than one unit, whether all is there cannot be seen in them.
        held[at] = share < max(shares.values()) and all(table[need] for need in most)
    return Reachable(counted, bound, held)


def unlimited(scenario: Scenario) -> Reachable:
    """Returns the same where nothing asks for the smallest coverage: all States with a weight, none held."""
    total = total_weights(scenario)
    counted = np.array([bool(total.get(each.id)) for each in scenario.states], np.bool_)
    return Reachable(counted, np.full(len(counted), WORST_SCALE, np.int64), np.zeros(len(counted), np.bool_))


def delivered_before(scenario: Scenario) -> dict[str, int]:
    """Returns what was delivered before the horizon of each State's coverage, in units of 1 / WORST_SCALE."""
    total = total_weights(scenario)
    found = {state.id: 0 for state in scenario.states}
    for need in scenario.needs:
        if total[need.state]:
            share = Fraction(need.weight) / total[need.state] * Fraction(need.delivered, need.quantity)
            found[need.state] += int(share * WORST_SCALE)
    return found


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
