"""The figures of the objectives over compact columns (defined in `formulations.objectives`).

Money and work count apart: `fit` and `firmness` weigh the money of f by phi[f,s] and the value of
the work of h by phi[h,s], so no pair is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from matcher.formulations.compact.columns import Columns
from matcher.formulations.layout import WORST_SCALE
from matcher.formulations.objectives import (
    coverage_shares,
    gone,
    granule_value,
    known_objective,
    need_limited,
    total_weights,
    unit_value,
    worst_off_table,
)
from matcher.linear_model import Ints, LinearObjective, RowBuilder, Rows, objective_by_value
from matcher.scenario import Offer, TechnicalOffer

_MOST_STEPS = 2**40


@dataclass(frozen=True)
class Terms:
    """Terms of a figure: few distinct values, many columns."""

    values: list[Fraction]
    """Distinct values per unit of a column."""
    which: Ints
    """Position in `values` of each term."""
    columns: Ints
    """Column of each term."""

    def scaled(self, factor: Fraction) -> Terms:
        """Returns the terms times a factor."""
        return Terms([value * factor for value in self.values], self.which, self.columns)


def _terms(values: list[Fraction], which: Ints, columns: Ints) -> Terms:
    """Terms without those whose value is 0."""
    kept = np.array([value != 0 for value in values], np.bool_)[which] if values else np.zeros(0, np.bool_)
    return Terms(values, which[kept], columns[kept])


def completions(columns: Columns) -> Terms:
    """Weight of the States that complete."""
    states = np.flatnonzero(columns.complete >= 0)
    return _terms([Fraction(each.weight) for each in columns.scenario.states], states, columns.complete[states])


def coverage(columns: Columns) -> Terms:
    """Weighted, discounted share delivered of every need."""
    scenario = columns.scenario
    home = {state.id: Fraction(state.weight) for state in scenario.states}
    demand = columns.payments.demand.tolist()
    weight = [
        home[need.state] * Fraction(need.weight) / each for need, each in zip(scenario.needs, demand, strict=True)
    ]
    discount = Fraction(scenario.objectives.discount)
    years = len(scenario.years)
    if discount == 1:
        values, key = weight, columns.flow_need[: columns.works]
    else:
        values = [value * discount**year for value in weight for year in range(years)]
        key = columns.flow_need[: columns.works] * years + columns.flow_year[: columns.works]
    return _terms(values, key, np.arange(columns.works, dtype=np.int64))


def worst_off(columns: Columns) -> Terms:
    """The smallest State coverage."""
    return Terms([Fraction(1, WORST_SCALE)], np.zeros(1, np.int64), np.array([columns.worst]))


def fit(columns: Columns) -> Terms:
    """Money and value of work, weighted by each offer's fit with the State."""
    return _by_relation(columns, lambda offer, state: Fraction(offer.fit.get(state, offer.fit_otherwise)))


def firmness(columns: Columns) -> Terms:
    """Money and value of work, weighted by the chance that each offer materialises."""
    return _by_relation(columns, lambda offer, state: Fraction(offer.firmness))


def _by_relation(columns: Columns, weight: Callable[[Offer, str], Fraction]) -> Terms:
    scenario, relations = columns.scenario, columns.relations
    value = []
    for which, where in zip(relations.offer.tolist(), relations.state.tolist(), strict=True):
        offer = scenario.offers[which]
        worth = granule_value(scenario, offer) if isinstance(offer, TechnicalOffer) else Fraction(1)
        value.append(weight(offer, scenario.states[where].id) * worth)
    pairs, group = np.unique(
        np.stack((columns.flow_relation[columns.works :], columns.money_unit)), axis=1, return_inverse=True
    )
    money = [value[relation] * unit for relation, unit in pairs.T.tolist()]
    which = np.concatenate((columns.flow_relation[: columns.works], np.asarray(group, np.int64).ravel() + len(value)))
    return _terms(value + money, which, np.arange(columns.flows, dtype=np.int64))


def engagements(columns: Columns) -> Terms:
    """Engagement-years of external offers."""
    relation, year = np.nonzero((columns.engaged >= 0) & columns.relations.external[:, None])
    return _terms([Fraction(1)], np.zeros(len(relation), np.int64), columns.engaged[relation, year])


def disruption(columns: Columns) -> Terms:
    """What offers give States in each year, less what they gave in the earlier portfolio, whatever the sign."""
    scenario, relations = columns.scenario, columns.relations
    value = [unit_value(scenario, scenario.offers[offer].id) for offer in relations.offer.tolist()]
    fresh = np.flatnonzero(columns.lost[columns.flow_relation, columns.flow_year] < 0)
    pairs, group = np.unique(
        np.stack((columns.flow_relation[fresh], columns.flow_worth[fresh])), axis=1, return_inverse=True
    )
    flows = [value[relation] * worth for relation, worth in pairs.T.tolist()]
    relation, year = np.nonzero(columns.lost >= 0)
    named = zip(relations.offer.tolist(), relations.state.tolist(), strict=True)
    there = {(scenario.offers[offer].id, scenario.states[state].id) for offer, state in named}
    always = np.array([columns.always] if columns.always >= 0 else [], np.int64)
    values = [*flows, *value, gone(scenario, there)]
    moved = relation + len(flows)
    which = (np.asarray(group, np.int64).ravel(), moved, moved, np.full(len(always), len(values) - 1))
    where = (fresh, columns.lost[relation, year], columns.gained[relation, year], always)
    return _terms(values, np.concatenate(which), np.concatenate(where))


def cost(columns: Columns) -> Terms:
    """External money spent."""
    money = np.flatnonzero(columns.money_external)
    units, group = np.unique(columns.money_unit[money], return_inverse=True)
    values = [Fraction(int(unit)) for unit in units]
    return _terms(values, np.asarray(group, np.int64).ravel(), money + columns.works)


FIGURES: dict[str, tuple[bool, Callable[[Columns], Terms]]] = {
    "completions": (True, completions),
    "coverage": (True, coverage),
    "worst_off": (True, worst_off),
    "fit": (True, fit),
    "firmness": (True, firmness),
    "engagements": (False, engagements),
    "cost": (False, cost),
    "disruption": (False, disruption),
}
"""Objectives by name: whether more is better, and the terms of the figure."""


def linear_objective(columns: Columns, name: str) -> LinearObjective:
    """Returns an objective by name.

    Raises
    ------
    InvalidOptions
        if there is no objective of that name.
    """
    known_objective(name)
    maximise, figure = FIGURES[name]
    return _objective(name, maximise, [figure(columns)], columns.upper)


def weighted_objective(columns: Columns, weights: dict[str, Fraction]) -> LinearObjective:
    """Returns the weighted sum of objectives, to be maximised; minimised ones count against."""
    parts = []
    for name, weight in sorted(weights.items()):
        maximise, figure = FIGURES[name]
        parts.append(figure(columns).scaled(weight if maximise else -weight))
    return _objective("weighted", True, parts, columns.upper)


def _objective(name: str, maximise: bool, parts: list[Terms], upper: Ints) -> LinearObjective:
    values: list[Fraction] = []
    which, where = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for part in parts:
        which.append(part.which + len(values))
        where.append(part.columns)
        values += part.values
    return objective_by_value(name, maximise, values, np.concatenate(which), np.concatenate(where), upper)


def worst_off_rows(columns: Columns) -> Rows:
    """Returns the rows that hold the smallest coverage under every State's coverage."""
    scenario, demand = columns.scenario, columns.payments.demand
    total = total_weights(scenario)
    table = worst_off_table(scenario, demand)
    counted = np.array([bool(total.get(state.id)) for state in scenario.states], np.bool_)
    rows = RowBuilder()
    number = np.full(len(scenario.states), -1, np.int64)
    for at in np.flatnonzero(counted).tolist():
        number[at] = rows.row(("worst_off", scenario.states[at].id), lower=0)
    wanted = columns.flow_need[: columns.works]
    work = np.flatnonzero(counted[columns.state[: columns.works]])
    rows.terms(number[counted], columns.worst, -1)
    rows.terms(number[columns.state[work]], work, table[wanted[work], columns.flow_year[work]])
    return rows.build(np.maximum(need_limited(columns.upper, wanted, demand), 1))


def worst_off_steps(columns: Columns) -> tuple[int, ...]:
    """Returns, per State, a whole number of whose inverse its coverage is a multiple; empty if too large to use."""
    scenario = columns.scenario
    steps: dict[str, int] = {}
    for at, shares in coverage_shares(scenario, columns.payments.demand):
        state = scenario.needs[at].state
        steps[state] = lcm(steps.get(state, 1), *(share.denominator for share in shares))
        if steps[state] > _MOST_STEPS:
            return ()
    return tuple(sorted(set(steps.values())))


def worst_off_error(columns: Columns) -> Fraction:
    """Returns the most by which rounding to 1 / WORST_SCALE understates a State's coverage."""
    return Fraction(int(columns.payments.demand.sum()) + 1, WORST_SCALE)
