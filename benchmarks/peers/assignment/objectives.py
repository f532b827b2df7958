"""The objectives, as `matcher.formulation.objectives` states them, over the columns of the assignment formulation."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from benchmarks.peers.assignment.arrays import Arrays
from benchmarks.peers.assignment.layout import Layout
from matcher.formulation.columns import WORST_SCALE
from matcher.formulation.coverage_shares import delivered_before, worst_off_table
from matcher.formulation.objectives import gone, unit_value, waiting_at_most, years_due
from matcher.formulation.smallest_coverage import need_limited
from matcher.scenario import FundingOffer, TechnicalOffer
from matcher.scenario.objectives import objective_named
from matcher.solvers.linear_model import LinearObjective, RowBuilder, Rows, objective

Terms = dict[int, Fraction]


def completions(layout: Layout) -> Terms:
    """Weight of the States that complete."""
    return {column: Fraction(layout.scenario.state(state).weight) for state, column in layout.complete.items()}


def coverage(layout: Layout) -> Terms:
    """Weighted, discounted share delivered of every need."""
    arrays, scenario = layout.arrays, layout.scenario
    weight = [
        Fraction(scenario.state(need.state).weight) * Fraction(need.weight) / int(arrays.demand[at])
        for at, need in enumerate(scenario.needs)
    ]
    before = sum(
        Fraction(scenario.state(need.state).weight) * Fraction(need.weight) * Fraction(need.delivered, need.quantity)
        for need in scenario.needs
    )
    return _by_need_and_year(arrays, weight) | ({layout.always: before} if before else {})


def _by_need_and_year(arrays: Arrays, weight: list[Fraction]) -> Terms:
    """Per flow: a figure of its need times the discount of its year."""
    scenario = arrays.scenario
    discount = Fraction(scenario.objectives.discount)
    table = {
        (need, year): value * discount**year for need, value in enumerate(weight) for year in range(len(scenario.years))
    }
    pairs = zip(arrays.flow_need.tolist(), arrays.flow_year.tolist(), strict=True)
    return {flow: table[pair] for flow, pair in enumerate(pairs) if table[pair]}


def late_completions(layout: Layout) -> Terms:
    """Weight of the States that complete within the horizon, but late."""
    return {column: Fraction(layout.scenario.state(state).weight) for state, column in layout.late.items()}


def waiting(layout: Layout) -> Terms:
    """Need-years of waiting: what flows in a year waits no more from its end on."""
    arrays, scenario = layout.arrays, layout.scenario
    terms: Terms = {layout.always: waiting_at_most(scenario)}
    for flow, (at, year) in enumerate(zip(arrays.flow_need.tolist(), arrays.flow_year.tolist(), strict=True)):
        need = scenario.needs[at]
        worth = Fraction(scenario.state(need.state).weight) * Fraction(need.weight) / int(arrays.demand[at])
        terms[flow] = -worth * (len(scenario.years) - year)
    return {column: value for column, value in terms.items() if value}


def worst_off(layout: Layout) -> Terms:
    """The smallest State coverage."""
    return {layout.min_coverage: Fraction(1, WORST_SCALE)}


def fit(layout: Layout) -> Terms:
    """Money and value of work, weighted by each offer's fit with the State."""

    def chance(offer: FundingOffer | TechnicalOffer, state: str) -> Fraction:
        return Fraction(offer.fit.get(state, offer.fit_otherwise))

    return _by_offer(layout.arrays, chance)


def firmness(layout: Layout) -> Terms:
    """Money and value of work, weighted by the chance that each offer materialises."""

    def chance(offer: FundingOffer | TechnicalOffer, state: str) -> Fraction:
        return Fraction(offer.firmness)

    return _by_offer(layout.arrays, chance)


def at_risk(layout: Layout) -> Terms:
    """External money and value of work, weighted by the chance that each offer does not materialise."""

    def chance(offer: FundingOffer | TechnicalOffer, state: str) -> Fraction:
        external = layout.scenario.is_external(offer.id, state)
        return 1 - Fraction(offer.firmness) if external else Fraction(0)

    return _by_offer(layout.arrays, chance)


def _by_offer(arrays: Arrays, weight: Callable[[FundingOffer | TechnicalOffer, str], Fraction]) -> Terms:
    scenario = arrays.scenario
    figure = []
    for option in arrays.options.options:
        worker = scenario.offer(option.implementer)
        assert isinstance(worker, TechnicalOffer)
        value = weight(worker, option.state) * scenario.granule_value(worker)
        if option.financier is not None:
            value += weight(scenario.offer(option.financier), option.state) * option.granule_price
        figure.append(value)
    return {flow: figure[option] for flow, option in enumerate(arrays.flow_option.tolist()) if figure[option]}


def engagements(layout: Layout) -> Terms:
    """Engagement-years of external offers, those due beyond the horizon included."""
    external = layout.arrays.relations
    terms = {column: Fraction(1) for (at, _), column in layout.engaged.items() if external[at].external}
    return _with_dues(layout, terms, lambda offer: Fraction(1))


def _with_dues(layout: Layout, terms: Terms, worth: Callable[[FundingOffer | TechnicalOffer], Fraction]) -> Terms:
    """Adds what external engagements owe beyond the horizon, by when they start."""
    scenario, relations = layout.scenario, layout.arrays.relations
    due = [(at, column, scenario.years[year]) for (at, year), column in layout.start.items()]
    for at, relation in enumerate(relations):
        before = scenario.ongoing(relation.offer, relation.state)
        if before is not None and before.since is not None and (at, 0) in layout.engaged:
            due.append((at, layout.engaged[at, 0], before.since))
    for at, column, start in due:
        offer = scenario.offer(relations[at].offer)
        owed = worth(offer) * years_due(scenario, offer, start) if relations[at].external else 0
        if owed:
            terms[column] = terms.get(column, Fraction(0)) + owed
    return terms


def disruption(layout: Layout) -> Terms:
    """What offers give States in each year, less what they gave in the earlier portfolio, whatever the sign."""
    arrays, scenario = layout.arrays, layout.scenario
    terms: Terms = {}
    for side in (0, 1):
        for flow, at in enumerate(arrays.flow_relations[:, side].tolist()):
            if at >= 0 and (at, int(arrays.flow_year[flow])) not in layout.lost:
                price = int(arrays.flow_price[flow])
                worth = unit_value(scenario, arrays.relations[at].offer) if side == 0 else price
                terms[flow] = terms.get(flow, Fraction(0)) + worth
    for (at, year), column in layout.lost.items():
        value = unit_value(scenario, arrays.relations[at].offer)
        terms |= {column: value, layout.gained[at, year]: value}
    terms[layout.always] = gone(scenario, {(each.offer, each.state) for each in arrays.relations})
    return {column: value for column, value in terms.items() if value}


def cost(layout: Layout) -> Terms:
    """External money spent, and the least money of years due beyond the horizon."""
    money = layout.arrays.flow_external_money

    def least(offer: FundingOffer | TechnicalOffer) -> Fraction:
        funds = isinstance(offer, FundingOffer)
        return Fraction(layout.scenario.converted(offer, offer.min_per_state, up=True) if funds else 0)

    return _with_dues(layout, {int(flow): Fraction(int(money[flow])) for flow in np.flatnonzero(money)}, least)


FIGURES: dict[str, Callable[[Layout], Terms]] = {
    "completions": completions,
    "late_completions": late_completions,
    "coverage": coverage,
    "worst_off": worst_off,
    "waiting": waiting,
    "fit": fit,
    "firmness": firmness,
    "engagements": engagements,
    "at_risk": at_risk,
    "cost": cost,
    "disruption": disruption,
}
"""The terms of each objective's figure."""


def linear_objective(layout: Layout, name: str) -> LinearObjective:
    """Returns an objective by name.

    Raises
    ------
    InvalidOptions
        if there is no objective of that name.
    """
    maximise, terms = objective_named(name).maximise, FIGURES[name]
    return objective(name, maximise, terms(layout), layout.upper)


def worst_off_rows(layout: Layout) -> Rows:
    """Returns the rows that hold the smallest coverage under that of every State with less than it can have."""
    arrays, scenario = layout.arrays, layout.scenario
    table = worst_off_table(scenario, arrays.demand)
    rows, reach, before = RowBuilder(), layout.reachable, delivered_before(scenario)
    for at, state in enumerate(scenario.states):
        flows = np.flatnonzero(arrays.flow_state == at)
        if reach.counted[at]:
            row = rows.row(("worst_off", state.id), lower=-before[state.id])
            rows.terms(row, layout.min_coverage, -1)
            rows.terms(row, flows, table[arrays.flow_need[flows]])
        if reach.held[at]:
            rows.terms(row, layout.reached[state.id], int(reach.bound.max() - reach.bound[at]))
            row = rows.row(("reached", state.id), lower=0)
            rows.terms(row, layout.reached[state.id], before[state.id] - int(reach.bound[at]))
            rows.terms(row, flows, table[arrays.flow_need[flows]])
    return rows.build(np.maximum(need_limited(layout.upper, arrays.flow_need, arrays.demand), 1))
