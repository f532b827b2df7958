r"""The objectives as sums over columns.

===========  ===  =============================================================================
completions  max  sum w[s] e[s]
coverage     max  sum w[s] w[n] discount^t x[h,c,t] / D[n]
worst_off    max  w, with  sum w[n] discount^t x / D[n] / sum w[n] >= w  for every State
fit          max  sum phi[f,s] q[c] m[f,c,t] + sum phi[h,s] value[h] x[h,c,t]
firmness     max  the same with each offer's firmness
engagements  min  sum y[o,s,t] over external offers
cost         min  sum of external q[c] m[f,c,t]
disruption   min  sum over o, s, t of value |amount - amount in the earlier portfolio|
===========  ===  =============================================================================

`value` is the capability's reference price where it has one, else the price paid. Money and work count
apart, so no pair of them is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from matcher.formulation.columns import WORST_SCALE, Columns
from matcher.scenario import Offer, Scenario, TechnicalOffer
from matcher.scenario.objectives import ObjectiveName, objective_named
from matcher.solvers.linear_model import Ints, LinearObjective, RowBuilder, Rows, objective_by_value

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
    return Terms([Fraction(1, WORST_SCALE)], np.zeros(1, np.int64), np.array([columns.min_coverage]))


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


FIGURES: dict[ObjectiveName, Callable[[Columns], Terms]] = {
    "completions": completions,
    "coverage": coverage,
    "worst_off": worst_off,
    "fit": fit,
    "firmness": firmness,
    "engagements": engagements,
    "cost": cost,
    "disruption": disruption,
}
"""The terms of each objective's figure."""


def linear_objective(columns: Columns, name: str) -> LinearObjective:
    """Returns an objective by name.

    Raises
    ------
    InvalidOptions
        if there is no objective of that name.
    """
    objective = objective_named(name)
    return _objective(name, objective.maximise, [FIGURES[objective.name](columns)], columns.upper)


def weighted_objective(columns: Columns, weights: dict[str, Fraction]) -> LinearObjective:
    """Returns the weighted sum of objectives, to be maximised; minimised ones count against."""
    parts = []
    for name, weight in sorted(weights.items()):
        objective = objective_named(name)
        parts.append(FIGURES[objective.name](columns).scaled(objective.sign * weight))
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
    rows.terms(number[counted], columns.min_coverage, -1)
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


def granule_value(scenario: Scenario, worker: TechnicalOffer) -> Fraction:
    """Returns what a granule of work counts for in fit and firmness, in minor units."""
    capability = scenario.capability(worker.capability)
    if capability.reference_price is None:
        return Fraction(scenario.granule_price(worker))
    return Fraction(capability.reference_price) * capability.granule


def unit_value(scenario: Scenario, offer: str) -> Fraction:
    """Returns what a minor unit of money, or a granule of an offer's work, counts for in disruption.

    Work that has no price counts for one minor unit a granule: that it moves is never nothing.
    """
    found = scenario.offer(offer)
    if not isinstance(found, TechnicalOffer):
        return Fraction(1)
    return granule_value(scenario, found) or Fraction(1)


def gone(scenario: Scenario, pairs: set[tuple[str, str]]) -> Fraction:
    """Returns what the earlier portfolio gave that cannot be given any more, whatever a new one does.

    Parameters
    ----------
    pairs
        Offers and States between which anything can flow, in the offers' years.
    """
    lost = (
        unit_value(scenario, offer) * amount
        for (offer, state, year), amount in scenario.earlier.items()
        if (offer, state) not in pairs or year not in scenario.window(scenario.offer(offer))
    )
    return sum(lost, Fraction(0))


def total_weights(scenario: Scenario) -> dict[str, Fraction]:
    """Returns the sum of the needs' weights of each State that has needs."""
    total: dict[str, Fraction] = {}
    for need in scenario.needs:
        total[need.state] = total.get(need.state, Fraction(0)) + Fraction(need.weight)
    return total


def coverage_shares(scenario: Scenario, demand: Ints) -> Iterator[tuple[int, list[Fraction]]]:
    """Yields, for each need that counts, what a granule adds to its State's coverage in each year.

    Parameters
    ----------
    demand
        Granules of each need.
    """
    total, discount = total_weights(scenario), Fraction(scenario.objectives.discount)
    for at, need in enumerate(scenario.needs):
        if total[need.state]:
            share = Fraction(need.weight) / total[need.state] / int(demand[at])
            yield at, [share * discount**year for year in range(len(scenario.years))]


def worst_off_table(scenario: Scenario, demand: Ints) -> Ints:
    """Returns the shares in whole units of 1 / WORST_SCALE, rounded down; shape (needs, years)."""
    table = np.zeros((len(scenario.needs), len(scenario.years)), np.int64)
    for at, shares in coverage_shares(scenario, demand):
        table[at] = [int(share * WORST_SCALE) for share in shares]
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
