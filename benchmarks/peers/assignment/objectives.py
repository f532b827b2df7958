"""The objectives, as `matcher.formulation.objectives` states them, over the columns of the assignment formulation."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from benchmarks.peers.assignment.arrays import Arrays
from benchmarks.peers.assignment.layout import Layout
from matcher.formulation.columns import WORST_SCALE
from matcher.formulation.objectives import (
    gone,
    granule_value,
    need_limited,
    total_weights,
    unit_value,
    worst_off_table,
)
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
    return _by_need_and_year(arrays, weight)


def _by_need_and_year(arrays: Arrays, weight: list[Fraction]) -> Terms:
    """Per flow: a figure of its need times the discount of its year."""
    scenario = arrays.scenario
    discount = Fraction(scenario.objectives.discount)
    table = {
        (need, year): value * discount**year for need, value in enumerate(weight) for year in range(len(scenario.years))
    }
    pairs = zip(arrays.flow_need.tolist(), arrays.flow_year.tolist(), strict=True)
    return {flow: table[pair] for flow, pair in enumerate(pairs) if table[pair]}


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


def _by_offer(arrays: Arrays, weight: Callable[[FundingOffer | TechnicalOffer, str], Fraction]) -> Terms:
    scenario = arrays.scenario
    figure = []
    for option in arrays.options.options:
        worker = scenario.offer(option.implementer)
        assert isinstance(worker, TechnicalOffer)
        value = weight(worker, option.state) * granule_value(scenario, worker)
        if option.financier is not None:
            value += weight(scenario.offer(option.financier), option.state) * option.granule_price
        figure.append(value)
    return {flow: figure[option] for flow, option in enumerate(arrays.flow_option.tolist()) if figure[option]}


def engagements(layout: Layout) -> Terms:
    """Engagement-years of external offers."""
    external = layout.arrays.relations
    return {column: Fraction(1) for (at, _), column in layout.engaged.items() if external[at].external}


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
    if layout.always >= 0:
        terms[layout.always] = gone(scenario, {(each.offer, each.state) for each in arrays.relations})
    return {column: value for column, value in terms.items() if value}


def cost(layout: Layout) -> Terms:
    """External money spent."""
    money = layout.arrays.flow_external_money
    return {int(flow): Fraction(int(money[flow])) for flow in np.flatnonzero(money)}


FIGURES: dict[str, Callable[[Layout], Terms]] = {
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
    """Returns the rows that hold the smallest coverage under every State's coverage."""
    arrays, scenario = layout.arrays, layout.scenario
    total = total_weights(scenario)
    table = worst_off_table(scenario, arrays.demand)
    rows = RowBuilder()
    for at, state in enumerate(scenario.states):
        if total.get(state.id):
            row = rows.row(("worst_off", state.id), lower=0)
            flows = np.flatnonzero(arrays.flow_state == at)
            rows.terms(row, layout.min_coverage, -1)
            rows.terms(row, flows, table[arrays.flow_need[flows], arrays.flow_year[flows]])
    return rows.build(np.maximum(need_limited(layout.upper, arrays.flow_need, arrays.demand), 1))
