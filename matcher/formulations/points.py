"""Points of the assignment formulation and portfolios: the way there and the way back.

A point that comes from a portfolio is *settled*: every column that the flows and engagements
imply (starts, partners, completions, carried and repaid money, the smallest coverage) has the
value that leaves most room to others.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from matcher.arrays import runs_of
from matcher.errors import Fault, InvalidPortfolio
from matcher.formulations.assignment import Assignment
from matcher.formulations.layout import WORST_SCALE, Layout
from matcher.linear_model import Ints, Rows
from matcher.portfolio import Portfolio
from matcher.scenario import FundingOffer
from matcher.units import ceil_share, floor_share


def portfolio_of(assignment: Assignment, point: Ints) -> Portfolio:
    """Returns the portfolio of a whole point, without idle engagements."""
    layout = assignment.layout
    return layout.arrays.portfolio(point[: layout.arrays.flows], layout.engaged_years(point))


def point_of(assignment: Assignment, portfolio: Portfolio, worst_rows: Rows | None = None) -> Ints:
    """Returns the settled point of a portfolio.

    Raises
    ------
    InvalidPortfolio
        if a flow is none of the scenario's options, or not whole granules.
    """
    layout = assignment.layout
    point = np.zeros(layout.columns, np.int64)
    point[: layout.arrays.flows] = _granules(layout, portfolio)
    _set_engagements(layout, portfolio, point)
    _set_outcomes(layout, point)
    _set_ledgers(layout, point)
    if worst_rows is not None:
        point[layout.worst] = WORST_SCALE
        slack = worst_rows.activity(point)
        point[layout.worst] = max(0, WORST_SCALE + int(slack.min(initial=0)))
    return point


def settled(assignment: Assignment, point: Ints, worst_rows: Rows | None = None) -> Ints:
    """Returns the settled point of a point's own portfolio."""
    return point_of(assignment, portfolio_of(assignment, point), worst_rows)


def _granules(layout: Layout, portfolio: Portfolio) -> Ints:
    arrays, first = layout.arrays, layout.scenario.horizon.first
    granules = np.zeros(arrays.flows, np.int64)
    faults = []
    for at, flow in enumerate(portfolio.flows):
        key = (flow.need, flow.financier or "", flow.implementer, flow.year - first)
        column = arrays.flow_at.get(key)
        granule = None if column is None else int(arrays.granule[arrays.flow_need[column]])
        if column is None or granule is None or flow.quantity % granule:
            expected = "an option of the scenario in one of its years, in whole granules"
            faults.append(Fault(("flows", at), f"{key[:3]} in {flow.year}, {flow.quantity}", expected))
        else:
            granules[column] = flow.quantity // granule
    if faults:
        raise InvalidPortfolio(faults)
    return granules


def _set_engagements(layout: Layout, portfolio: Portfolio, point: Ints) -> None:
    arrays, scenario = layout.arrays, layout.scenario
    first = scenario.horizon.first
    years: dict[tuple[str, str], set[int]] = {}
    for each in portfolio.engagements:
        years.setdefault((each.offer, each.state), set()).update(year - first for year in each.years.range())
    for (offer, state), active in years.items():
        at = arrays.relation_index(offer, state)
        if at is None:
            continue
        for year in active:
            if (at, year) in layout.engaged:
                point[layout.engaged[at, year]] = 1
            partner = layout.partner.get((scenario.offer(offer).provider, state, year))
            if partner is not None:
                point[partner] = 1
        for run in runs_of(active):
            if (at, run[0]) in layout.start:
                point[layout.start[at, run[0]]] = 1


def _set_outcomes(layout: Layout, point: Ints) -> None:
    """Completions and indivisible needs, as the flows have it."""
    arrays, scenario = layout.arrays, layout.scenario
    flows = point[: arrays.flows]
    for state, column in layout.complete.items():
        point[column] = 1
        last = scenario.state(state).deadline - scenario.horizon.first
        for at, need in enumerate(scenario.needs):
            if need.state == state and need.completes:
                timely = (arrays.flow_need == at) & (arrays.flow_year <= last)
                point[column] *= int(flows[timely].sum() == arrays.demand[at])
    needs = {need.id: at for at, need in enumerate(scenario.needs)}
    for (key, year), column in layout.delivered.items():
        point[column] = flows[(arrays.flow_need == needs[key]) & (arrays.flow_year <= year)].sum()
    for key, column in layout.whole.items():
        at = needs[key]
        point[column] = int(flows[arrays.flow_need == at].sum() == arrays.demand[at])


def _set_ledgers(layout: Layout, point: Ints) -> None:
    """Repayments as small, and carried money as large, as the flows allow."""
    arrays, scenario = layout.arrays, layout.scenario
    spent = np.zeros((len(scenario.offers), len(scenario.years)), np.int64)
    paid = np.flatnonzero((arrays.flow_financier >= 0) & (point[: arrays.flows] > 0))
    np.add.at(spent, (arrays.flow_financier[paid], arrays.flow_year[paid]), arrays.flow_price[paid] * point[paid])
    position = {offer.id: at for at, offer in enumerate(scenario.offers)}
    charged = np.zeros_like(spent)
    for (offer, year), column in layout.spent.items():
        point[column] = spent[position[offer], year]
    for (offer, year), column in layout.repaid.items():
        terms = scenario.offer(offer)
        assert isinstance(terms, FundingOffer)
        assert terms.repayment is not None
        due = ceil_share(int(spent[position[offer], year]), 1 + Fraction(terms.repayment.premium))
        point[column] = due
        charged[position[terms.repayment.offer], year + terms.repayment.after] += due
    for (key, year), column in layout.carried.items():  # in the order of years, for each offer
        terms = scenario.offer(key)
        assert isinstance(terms, FundingOffer)
        before = layout.carried.get((key, year - 1))
        free = scenario.money_at(terms, scenario.years[year - 1]) + (int(point[before]) if before is not None else 0)
        left = free - int(spent[position[key], year - 1]) - int(charged[position[key], year - 1])
        point[column] = floor_share(max(left, 0), terms.carry_over)
