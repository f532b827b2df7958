r"""The objectives as sums over columns.

================  ===  ========================================================================
completions       max  sum w[s] e[s]
late_completions  max  sum w[s] d[s]
coverage          max  sum w[s] w[n] (discount^t x[h,c,t] + before[n]) / D[n]
worst_off         max  w, with  sum w[n] (x + before) / D[n] / sum w[n] >= w  for every State within reach
turnover          min  sum n[v,s,t] + sum over ongoing links (1 - L[v,s,first])
waiting           min  sum w[s] w[n] over years of (1 - share of n delivered by the end of the year)
fit               max  sum phi[f,s] q[c] m[f,c,t] + sum phi[h,s] value[h] x[h,c,t]
firmness          max  the same with each offer's firmness
at_risk           min  the same with 1 - firmness, of external offers
engagements       min  sum y[o,s,t] over external offers, and their years due beyond the horizon
dependence        min  sum a[v,s]
swings            min  sum (v+ + v-)
cost              min  sum of external q[c] m[f,c,t], and the least money of years due beyond the horizon
disruption        min  sum over o, s, t of value |amount - amount in the earlier portfolio|
================  ===  ========================================================================

`value` is the capability's reference price where it has one, else the price paid. Money and work count
apart, so no pair of them is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from matcher.formulation.columns import WORST_SCALE, Columns
from matcher.formulation.limits import NO_LIMIT
from matcher.scenario import FundingOffer, Goal, Need, Offer, Scenario, TechnicalOffer
from matcher.scenario.objectives import ObjectiveName, objective_named
from matcher.solvers.linear_model import Bools, Ints, LinearObjective, objective_by_value


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
    flows = _terms(values, key, np.arange(columns.works, dtype=np.int64))
    before = [home[need.state] * Fraction(need.weight) * _before(need) for need in scenario.needs]
    return _with_constant(columns, flows, sum(before, Fraction(0)))


def _before(need: Need) -> Fraction:
    """Share of a need that was delivered before the horizon."""
    return Fraction(need.delivered, need.quantity)


def _with_constant(columns: Columns, terms: Terms, constant: Fraction) -> Terms:
    """Terms, and what counts whatever is planned."""
    if not constant:
        return terms
    assert columns.always >= 0  # there is such a column wherever a figure has a constant
    return _joined(terms, Terms([constant], np.zeros(1, np.int64), np.array([columns.always])))


def _joined(*parts: Terms) -> Terms:
    """The terms of several figures as those of their sum."""
    values: list[Fraction] = []
    which, where = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for part in parts:
        which.append(part.which + len(values))
        where.append(part.columns)
        values += part.values
    return Terms(values, np.concatenate(which), np.concatenate(where))


def late_completions(columns: Columns) -> Terms:
    """Weight of the States that complete within the horizon, but late."""
    states = np.flatnonzero(columns.late >= 0)
    return _terms([Fraction(each.weight) for each in columns.scenario.states], states, columns.late[states])


def turnover(columns: Columns) -> Terms:
    """Links that start, and ongoing ones that do not work in the first year."""
    links = columns.links
    starts = links.start[links.start >= 0]
    kept = links.works[links.ongoing, 0]
    kept = kept[kept >= 0]
    terms = _joined(
        Terms([Fraction(1)], np.zeros(len(starts), np.int64), starts),
        Terms([Fraction(-1)], np.zeros(len(kept), np.int64), kept),
    )
    return _with_constant(columns, terms, Fraction(int(links.ongoing.sum()) + links.lapsed))


def waiting(columns: Columns) -> Terms:
    """Need-years of waiting: the share of each need open at the end of each year from the start of its window."""
    scenario = columns.scenario
    home = {state.id: Fraction(state.weight) for state in scenario.states}
    demand, years = columns.payments.demand.tolist(), len(scenario.years)
    weight = [home[need.state] * Fraction(need.weight) for need in scenario.needs]
    values = [
        -each / granules * (years - year)
        for each, granules in zip(weight, demand, strict=True)
        for year in range(years)
    ]
    key = columns.flow_need[: columns.works] * years + columns.flow_year[: columns.works]
    flows = _terms(values, key, np.arange(columns.works, dtype=np.int64))
    return _with_constant(columns, flows, waiting_at_most(scenario))


def waiting_at_most(scenario: Scenario) -> Fraction:
    """Returns the need-years of waiting of a portfolio in which nothing flows."""
    home = {state.id: Fraction(state.weight) for state in scenario.states}
    return sum(
        (
            home[need.state] * Fraction(need.weight) * (1 - _before(need)) * _years_waiting(scenario, need)
            for need in scenario.needs
        ),
        Fraction(0),
    )


def _years_waiting(scenario: Scenario, need: Need) -> int:
    """Years from the start of a need's window to the end of the horizon."""
    first = scenario.horizon.first if need.years is None else max(need.years.first, scenario.horizon.first)
    return max(0, scenario.horizon.last - first + 1)


def waiting_floor(columns: Columns) -> Fraction:
    """Returns the need-years that stay open in any plan: each need alone, served by all who can as soon as they can."""
    scenario, demand, tables = columns.scenario, columns.payments.demand, columns.tables
    home = {state.id: Fraction(state.weight) for state in scenario.states}
    works = np.flatnonzero(_payable(columns)[columns.flow_class[: columns.works], columns.flow_year[: columns.works]])
    pairs = np.unique(np.stack((columns.flow_need, columns.flow_year, columns.flow_offer))[:, works], axis=1)
    able = np.zeros((len(scenario.needs), len(scenario.years)), np.int64)
    np.add.at(able, (pairs[0], pairs[1]), tables.capacity[pairs[2], pairs[1]])
    able = np.minimum(able, tables.year_cap[:, None])
    total = Fraction(0)
    for at, need in enumerate(scenario.needs):
        done = int(demand[at] - tables.rest[at]) + np.cumsum(able[at])
        left = np.maximum(int(demand[at]) - done, 0)[len(scenario.years) - _years_waiting(scenario, need) :]
        total += home[need.state] * Fraction(need.weight) * Fraction(int(left.sum()), int(demand[at]))
    return total


def _payable(columns: Columns) -> Bools:
    """Whether anybody has money for a class in a year; shape (classes + 1, years), the last for work in kind."""
    tables, money = columns.tables, np.arange(columns.works, columns.flows)
    offer, year = columns.flow_offer[money], columns.flow_year[money]
    absorbed = np.where(columns.money_external, tables.absorption[columns.state[money], year], NO_LIMIT)
    able = (np.minimum(tables.most_money[offer, year], absorbed) > 0) & (
        ~tables.repaying[offer] | tables.repays[offer, year]
    )
    found = np.zeros((len(columns.payments.unit) + 1, len(columns.scenario.years)), np.bool_)
    found[columns.flow_class[money][able], year[able]] = True
    found[-1] = True
    return found


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
        worth = scenario.granule_value(offer) if isinstance(offer, TechnicalOffer) else Fraction(1)
        value.append(weight(offer, scenario.states[where].id) * worth)
    pairs, group = np.unique(
        np.stack((columns.flow_relation[columns.works :], columns.money_unit)), axis=1, return_inverse=True
    )
    money = [value[relation] * unit for relation, unit in pairs.T.tolist()]
    which = np.concatenate((columns.flow_relation[: columns.works], np.asarray(group, np.int64).ravel() + len(value)))
    return _terms(value + money, which, np.arange(columns.flows, dtype=np.int64))


def at_risk(columns: Columns) -> Terms:
    """External money and value of work, weighted by the chance that each offer does not materialise."""
    scenario = columns.scenario
    return _by_relation(
        columns,
        lambda offer, state: 1 - Fraction(offer.firmness) if scenario.is_external(offer.id, state) else Fraction(0),
    )


def engagements(columns: Columns) -> Terms:
    """Engagement-years of external offers, those due beyond the horizon included."""
    relation, year = np.nonzero((columns.engaged >= 0) & columns.relations.external[:, None])
    inside = _terms([Fraction(1)], np.zeros(len(relation), np.int64), columns.engaged[relation, year])
    return _joined(inside, _obligations(columns, lambda offer: Fraction(1)))


def _obligations(columns: Columns, worth: Callable[[Offer], Fraction]) -> Terms:
    """What external engagements owe beyond the horizon, for each that starts too late to serve its minimum in it."""
    scenario, relations = columns.scenario, columns.relations
    values, where = [], []
    for at in np.flatnonzero(relations.external & relations.lasting).tolist():
        offer, state = scenario.offers[int(relations.offer[at])], scenario.states[int(relations.state[at])].id
        each = worth(offer)
        for year in np.flatnonzero(columns.start[at] >= 0).tolist():
            due = years_due(scenario, offer, scenario.years[year])
            if due and each:
                values.append(each * due)
                where.append(int(columns.start[at, year]))
        before = scenario.ongoing(offer.id, state)
        if before is not None and before.since is not None and each and columns.engaged[at, 0] >= 0:
            values.append(each * years_due(scenario, offer, before.since))
            where.append(int(columns.engaged[at, 0]))
    return _terms(values, np.arange(len(values)), np.array(where, np.int64))


def years_due(scenario: Scenario, offer: Offer, start: int) -> int:
    """Returns the years beyond the horizon for which an engagement that starts in a year must still last."""
    last = start + offer.min_years - 1
    if offer.years is not None:
        last = min(last, offer.years.last)
    return max(0, last - scenario.horizon.last)


def dependence(columns: Columns) -> Terms:
    """Money of links above their share of their State's external money."""
    excess = columns.links.excess[columns.links.excess >= 0]
    unit = Fraction(1, Fraction(columns.scenario.objectives.dependence_share).denominator)
    return Terms([unit], np.zeros(len(excess), np.int64), excess)


def swings(columns: Columns) -> Terms:
    """What the money of links moves by from year to year."""
    links = columns.links
    moves = np.concatenate((links.up[links.up >= 0], links.down[links.down >= 0]))
    return _with_constant(columns, Terms([Fraction(1)], np.zeros(len(moves), np.int64), moves), Fraction(links.lost))


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
    spent = _terms(values, np.asarray(group, np.int64).ravel(), money + columns.works)
    return _joined(spent, _obligations(columns, lambda offer: _least_money(columns.scenario, offer)))


def _least_money(scenario: Scenario, offer: Offer) -> Fraction:
    """The least money that an offer gives a State in a year, in minor units."""
    if not isinstance(offer, FundingOffer):
        return Fraction(0)
    return Fraction(scenario.converted(offer, offer.min_per_state, up=True))


FIGURES: dict[ObjectiveName, Callable[[Columns], Terms]] = {
    "completions": completions,
    "late_completions": late_completions,
    "coverage": coverage,
    "worst_off": worst_off,
    "turnover": turnover,
    "waiting": waiting,
    "fit": fit,
    "firmness": firmness,
    "engagements": engagements,
    "dependence": dependence,
    "swings": swings,
    "at_risk": at_risk,
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


def goal_objective(columns: Columns, goal: Goal) -> LinearObjective:
    """Returns what an entry of an order pursues: an objective, or a blend of several of the same sense."""
    terms = [FIGURES[part.objective](columns).scaled(Fraction(part.weight)) for part in goal.parts]
    return _objective(goal.name, objective_named(goal.parts[0].objective).maximise, terms, columns.upper)


def weighted_objective(columns: Columns, weights: dict[str, Fraction]) -> LinearObjective:
    """Returns the weighted sum of objectives, to be maximised; minimised ones count against."""
    parts = []
    for name, weight in sorted(weights.items()):
        objective = objective_named(name)
        parts.append(FIGURES[objective.name](columns).scaled(objective.sign * weight))
    return _objective("weighted", True, parts, columns.upper)


def _objective(name: str, maximise: bool, parts: list[Terms], upper: Ints) -> LinearObjective:
    terms = _joined(*parts)
    return objective_by_value(name, maximise, terms.values, terms.which, terms.columns, upper)


def unit_value(scenario: Scenario, offer: str) -> Fraction:
    """Returns what a minor unit of money, or a granule of an offer's work, counts for in disruption.

    Work that has no price counts for one minor unit a granule: that it moves is never nothing.
    """
    found = scenario.offer(offer)
    if not isinstance(found, TechnicalOffer):
        return Fraction(1)
    return scenario.granule_value(found) or Fraction(1)


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
