r"""The objectives as sums over the columns of the assignment formulation.

===========  ===  =============================================================================
completions  max  sum w[s] e[s]
coverage     max  sum w[s] w[n] discount^t x[p,t] / D[n]
worst_off    max  w, with  sum w[n] discount^t x / D[n] / sum w[n] >= w  for every State
fit          max  sum (phi[f,s] price + phi[h,s] value) x
firmness     max  the same with each offer's firmness
engagements  min  sum y[o,s,t] over external relations
cost         min  sum of external money
disruption   min  sum over o, s, t of value |amount - amount in the earlier portfolio|
===========  ===  =============================================================================

`value` is the capability's reference price where it has one, else the price paid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from matcher.arrays import Arrays
from matcher.errors import InvalidOptions, nearest
from matcher.formulations.layout import WORST_SCALE, Layout
from matcher.linear_model import Ints, LinearObjective, RowBuilder, Rows, objective
from matcher.scenario import FundingOffer, Scenario, TechnicalOffer

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
    "disruption": (False, disruption),
}
"""Objectives by name: whether more is better, and the terms of the figure."""


def known_objective(name: str) -> None:
    """Refuses a name that no objective has.

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


def linear_objective(layout: Layout, name: str) -> LinearObjective:
    """Returns an objective by name.

    Raises
    ------
    InvalidOptions
        if there is no objective of that name.
    """
    known_objective(name)
    maximise, terms = FIGURES[name]
    return objective(name, maximise, terms(layout), layout.upper)


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
            rows.terms(row, layout.worst, -1)
            rows.terms(row, flows, table[arrays.flow_need[flows], arrays.flow_year[flows]])
    return rows.build(np.maximum(need_limited(layout.upper, arrays.flow_need, arrays.demand), 1))
