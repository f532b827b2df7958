r"""The objectives as sums over the columns of the assignment formulation.

===========  ===  =============================================================================
completions  max  sum w[s] e[s]
coverage     max  sum w[s] w[n] discount^t x[p,t] / D[n]
worst_off    max  w, with  sum w[n] discount^t x / D[n] / sum w[n] >= w  for every State
fit          max  sum (phi[f,s] price + phi[h,s] value) x
firmness     max  the same with each offer's firmness
engagements  min  sum y[o,s,t] over external relations
cost         min  sum of external money
===========  ===  =============================================================================

`value` is the capability's reference price where it has one, else the price paid.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import lcm

import numpy as np

from matcher.arrays import Arrays
from matcher.errors import InvalidOptions, nearest
from matcher.formulations.layout import WORST_SCALE, Layout
from matcher.linear_model import Ints, LinearObjective, RowBuilder, Rows, objective
from matcher.scenario import FundingOffer, Scenario, TechnicalOffer

Terms = dict[int, Fraction]
_MOST_STEPS = 2**40


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
    return {layout.worst: Fraction(1, WORST_SCALE)}


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


def granule_value(scenario: Scenario, worker: TechnicalOffer) -> Fraction:
    """Returns what a granule of work counts for in fit and firmness, in minor units."""
    capability = scenario.capability(worker.capability)
    if capability.reference_price is None:
        return Fraction(scenario.granule_price(worker))
    return Fraction(capability.reference_price) * capability.granule


def engagements(layout: Layout) -> Terms:
    """Engagement-years of external offers."""
    external = layout.arrays.relations
    return {column: Fraction(1) for (at, _), column in layout.engaged.items() if external[at].external}


def cost(layout: Layout) -> Terms:
    """External money spent."""
    money = layout.arrays.flow_external_money
    return {int(flow): Fraction(int(money[flow])) for flow in np.flatnonzero(money)}


FIGURES: dict[str, tuple[bool, Callable[[Layout], Terms]]] = {
    "completions": (True, completions),
    "coverage": (True, coverage),
    "worst_off": (True, worst_off),
    "fit": (True, fit),
    "firmness": (True, firmness),
    "engagements": (False, engagements),
    "cost": (False, cost),
}
"""Objectives by name: whether more is better, and the terms of the figure."""


def linear_objective(layout: Layout, name: str) -> LinearObjective:
    """Returns an objective by name.

    Raises
    ------
    InvalidOptions
        if there is no objective of that name.
    """
    if name not in FIGURES:
        hint = nearest(name, FIGURES)
        raise InvalidOptions(
            f"no objective {name!r}; known: {', '.join(FIGURES)}" + (f" (did you mean {hint}?)" if hint else "")
        )
    maximise, terms = FIGURES[name]
    return objective(name, maximise, terms(layout), layout.upper)


def weighted_objective(layout: Layout, weights: dict[str, Fraction]) -> LinearObjective:
    """Returns the weighted sum of objectives, to be maximised; minimised ones count against."""
    total: Terms = {}
    for name, weight in sorted(weights.items()):
        maximise, terms = FIGURES[name]
        for column, value in terms(layout).items():
            total[column] = total.get(column, Fraction(0)) + (weight if maximise else -weight) * value
    return objective("weighted", True, total, layout.upper)


def worst_off_rows(layout: Layout) -> Rows:
    """Returns the rows that hold the smallest coverage under every State's coverage."""
    arrays, scenario = layout.arrays, layout.scenario
    total = {
        state.id: sum((Fraction(need.weight) for need in scenario.needs_of(state.id)), Fraction(0))
        for state in scenario.states
    }
    discount = Fraction(scenario.objectives.discount)
    table = np.zeros((len(scenario.needs), len(scenario.years)), np.int64)
    for at, need in enumerate(scenario.needs):
        if total[need.state]:
            share = Fraction(need.weight) / total[need.state] / int(arrays.demand[at]) * WORST_SCALE
            table[at] = [int(share * discount**year) for year in range(len(scenario.years))]
    rows = RowBuilder()
    for at, state in enumerate(scenario.states):
        if total[state.id]:
            row = rows.row(("worst_off", state.id), lower=0)
            flows = np.flatnonzero(arrays.flow_state == at)
            rows.terms(row, layout.worst, -1)
            rows.terms(row, flows, table[arrays.flow_need[flows], arrays.flow_year[flows]])
    return rows.build(np.maximum(_need_limited(layout), 1))


def _need_limited(layout: Layout) -> Ints:
    """Column sizes for the overflow check: a State's flows together never pass its needs."""
    arrays = layout.arrays
    size = layout.upper.copy()
    count = np.bincount(arrays.flow_need, minlength=len(arrays.demand))
    share = arrays.demand // np.maximum(count, 1) + 1
    size[: arrays.flows] = np.minimum(size[: arrays.flows], share[arrays.flow_need])
    return size


def worst_off_steps(layout: Layout) -> tuple[int, ...]:
    """Returns, per State, a whole number of whose inverse its coverage is a multiple; empty if too large to use."""
    arrays, scenario = layout.arrays, layout.scenario
    discount = Fraction(scenario.objectives.discount)
    steps: dict[str, int] = {}
    for at, need in enumerate(scenario.needs):
        total = sum((Fraction(each.weight) for each in scenario.needs_of(need.state)), Fraction(0))
        if total:
            share = Fraction(need.weight) / total / int(arrays.demand[at])
            for year in range(len(scenario.years)):
                steps[need.state] = lcm(steps.get(need.state, 1), (share * discount**year).denominator)
                if steps[need.state] > _MOST_STEPS:
                    return ()
    return tuple(sorted(set(steps.values())))


def worst_off_error(layout: Layout) -> Fraction:
    """Returns the most by which rounding to 1 / WORST_SCALE understates a State's coverage."""
    return Fraction(int(layout.arrays.demand.sum()) + 1, WORST_SCALE)
