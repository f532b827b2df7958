r"""The assignment (path) formulation: one column per option and year.

The plain one: tests and benchmarks hold the formulation that is solved (`matcher.formulation`) against it.

Sets: States s, needs n, offers o (financiers f, implementers h), options p = (f, h, n), years t.
Data: see the scenario; prices in minor units per granule, D in granules.

Columns (all whole)::

    x[p,t]  granules through option p in year t          c[f,t]  money carried into t
    y[o,s,t] offer engaged in State                      r[f,t]  repayment due for what f paid in t
    b[o,s,t] engagement begins                           e[s]    State completes
    z[v,s,t] provider v engaged through any offer        u[n]    indivisible need is met
    w        smallest State coverage                     s[f,t]  money spent, where it is carried over
    X[n,t]   granules delivered by the end of t, where a precedence asks for them
    k[o,s,t] external offer works, where a least      l[s]    State completes, but late
             engagement is stated

Rows, one function each::

    budget        s[f,t] + sum r (due in t) <= Q[f,t] + c[f,t];  s[f,t] = sum price x
    carry-over    c[f,t+1] <= gamma (Q[f,t] + c[f,t] - s[f,t] - due[f,t])
    repayment     r[f,t] >= (1 + premium) paid[f,t]
    capacity      sum x <= Q[h,t]
    need          sum x <= D[n] (or = D[n] u[n]);  sum x in t <= per-year limit
    absorption    sum external money <= A[s,t]
    delivered     X[n,t] = X[n,t-1] + sum x
    precedence    X[n,t] / D[n] <= head start + X[n',t-lag] / D[n']
    engagement    sum over one need x <= cap y;  sum of o in s, t >= least y;
                  y[t] - y[t-1] <= b[t];  sum of the last starts <= y[t];
                  y[first] <= y[t] while an ongoing one has not served its minimum
    working       k <= y;  x <= most k;  sum of o in s, t >= least k
    counts        sum_s y <= max_states;  y <= z;  sum_v z <= max_partners
    matching      sum public money >= sum rho money of f that asks
    completion    sum_{t <= L} x >= D[n] e[s];  sum x >= D[n] l[s];  e + l <= 1
    max share     sum money of v in s <= share of the external money of s
    decisions     commitments as lower bounds, pins, caps (forbids have no columns)

It knows the objectives and rules of the first edition and, of the second, what was delivered, begun and owed before
the horizon, late completions, waiting, risk, shares and obligations; links (turnover, swings, dependence) it does not.

Written with "<=", carry-over admits the empty portfolio. Minimum lengths use the tight
formulation of minimum up times (Rajan and Takriti, 2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from benchmarks.peers.assignment import lasting
from benchmarks.peers.assignment.arrays import Arrays, is_public_match
from benchmarks.peers.assignment.decisions import caps, commitments, pins
from benchmarks.peers.assignment.layout import Layout, build_layout, given_by
from matcher.formulation.formulation import Impossible
from matcher.scenario import FundingOffer, Scenario, TechnicalOffer
from matcher.solvers.linear_model import Ints, LinearModel, RowBuilder, whole_ratio


@dataclass(frozen=True)
class Assignment:
    """A scenario as a linear model, with the meaning of its columns."""

    layout: Layout
    model: LinearModel
    impossible: tuple[Impossible, ...]
    """Decisions that cannot be met; the model is only of use when there are none."""

    @property
    def arrays(self) -> Arrays:
        """The index arrays."""
        return self.layout.arrays


def formulate(arrays: Arrays) -> Assignment:
    """Returns the assignment formulation of a scenario.

    Raises
    ------
    ModelTooLarge
        if exact 64-bit arithmetic could overflow.
    """
    layout = build_layout(arrays)
    rows = RowBuilder()
    budget(layout, rows)
    carry_over(layout, rows)
    repayment(layout, rows)
    capacity(layout, rows)
    need(layout, rows)
    absorption(layout, rows)
    delivered(layout, rows)
    precedence(layout, rows)
    engagement(layout, rows)
    minimum_flow(layout, rows)
    minimum_years(layout, rows)
    lasting.ongoing_terms(layout, rows)
    lasting.working(layout, rows)
    counts(layout, rows)
    matching(layout, rows)
    completion(layout, rows)
    lasting.late_completion(layout, rows)
    lasting.max_share(layout, rows)
    earlier(layout, rows)
    caps(layout, rows)
    impossible = [*commitments(layout), *pins(layout, rows)]
    built = rows.build(np.maximum(layout.upper, 1))
    model = LinearModel(layout.lower, layout.upper, layout.relaxable, layout.derived, layout.column_scale, built)
    return Assignment(layout, model, tuple(impossible))


def _groups(*keys: Ints) -> tuple[list[tuple[int, ...]], Ints]:
    """Distinct combinations of keys, and the combination of each element."""
    if not len(keys[0]):
        return [], np.zeros(0, np.int64)
    unique, inverse = np.unique(np.stack(keys, axis=1), axis=0, return_inverse=True)
    return [tuple(int(part) for part in each) for each in unique], np.asarray(inverse, np.int64).ravel()


def _where_paid(arrays: Arrays) -> Ints:
    return np.flatnonzero(arrays.flow_financier >= 0)


def budget(layout: Layout, rows: RowBuilder) -> None:
    """Rule 1: what an offer spends and repays in a year is no more than its new and carried money."""
    arrays, scenario = layout.arrays, layout.scenario
    paid = _where_paid(arrays)
    keys, group = _groups(arrays.flow_financier[paid], arrays.flow_year[paid])
    numbers = {}
    due = _due(layout)
    ids = [(scenario.offers[offer].id, year) for offer, year in keys]
    for offer, year in dict.fromkeys([*layout.spent, *ids, *due]):
        calendar = str(scenario.years[year])
        row = rows.row(("budget", offer, calendar), upper=scenario.money_at(_funding(scenario, offer), int(calendar)))
        numbers[offer, year] = row
        if (offer, year) in layout.carried:
            rows.terms(row, layout.carried[offer, year], -1)
        if due.get((offer, year)):
            rows.terms(row, np.array(due[offer, year]), 1)
        if (offer, year) in layout.spent:
            rows.terms(row, layout.spent[offer, year], 1)
            numbers[offer, year] = ledger = rows.row(("spent", offer, calendar), lower=0, upper=0)
            rows.terms(ledger, layout.spent[offer, year], -1)
    if len(paid):
        rows.terms(np.array([numbers[key] for key in ids])[group], paid, arrays.flow_price[paid])


def _funding(scenario: Scenario, offer: str) -> FundingOffer:
    found = scenario.offer(offer)
    assert isinstance(found, FundingOffer)
    return found


def _due(layout: Layout) -> dict[tuple[str, int], list[int]]:
    """Repayment columns by the offer and year that they are charged to."""
    due: dict[tuple[str, int], list[int]] = {}
    for (offer, year), column in layout.repaid.items():
        terms = _funding(layout.scenario, offer).repayment
        assert terms is not None
        due.setdefault((terms.offer, year + terms.after), []).append(column)
    return due


def carry_over(layout: Layout, rows: RowBuilder) -> None:
    """Rule 1: what moves to the next year is a share of what was free and unspent."""
    scenario = layout.scenario
    due = _due(layout)
    for (offer, year), column in layout.carried.items():
        terms = _funding(scenario, offer)
        whole, share = whole_ratio(Fraction(1), Fraction(terms.carry_over))
        before = scenario.years[year - 1]
        row = rows.row(("carry-over", offer, str(before)), upper=share * scenario.money_at(terms, before))
        rows.terms(row, column, whole)
        rows.terms(row, layout.spent[offer, year - 1], share)
        if (offer, year - 1) in layout.carried:
            rows.terms(row, layout.carried[offer, year - 1], -share)
        if due.get((offer, year - 1)):
            rows.terms(row, np.array(due[offer, year - 1]), share)


def repayment(layout: Layout, rows: RowBuilder) -> None:
    """Rule 1: pre-financing is repaid with its premium; none is paid that would fall due too late."""
    arrays, scenario = layout.arrays, layout.scenario
    for at, offer in enumerate(scenario.offers):
        if not isinstance(offer, FundingOffer) or offer.repayment is None:
            continue
        whole, dues = whole_ratio(Fraction(1), 1 + Fraction(offer.repayment.premium))
        for year in range(len(scenario.years)):
            paid = np.flatnonzero((arrays.flow_financier == at) & (arrays.flow_year == year))
            column = layout.repaid.get((offer.id, year))
            if not len(paid):
                continue
            if column is None:
                layout.upper[paid] = 0
                continue
            row = rows.row(("repayment", offer.id, str(scenario.years[year])), lower=0)
            rows.terms(row, column, whole)
            rows.terms(row, paid, -dues * arrays.flow_price[paid])


def capacity(layout: Layout, rows: RowBuilder) -> None:
    """Rule 2: what an implementer delivers in a year is no more than its capacity."""
    arrays, scenario = layout.arrays, layout.scenario
    keys, group = _groups(arrays.flow_implementer, arrays.flow_year)
    numbers = []
    for offer, year in keys:
        each = scenario.offers[offer]
        assert isinstance(each, TechnicalOffer)
        calendar = scenario.years[year]
        numbers.append(rows.row(("capacity", each.id, str(calendar)), upper=scenario.capacity_at(each, calendar)))
    if keys:
        rows.terms(np.array(numbers)[group], np.arange(arrays.flows), 1)


def need(layout: Layout, rows: RowBuilder) -> None:
    """Rule 3: no more than is needed, over all years and in each; indivisible needs whole or not."""
    arrays, scenario = layout.arrays, layout.scenario
    keys, group = _groups(arrays.flow_need)
    numbers = []
    for (at,) in keys:
        each = scenario.needs[at]
        if each.id in layout.whole:
            row = rows.row(("need", each.id), lower=0, upper=0)
            rows.terms(row, layout.whole[each.id], -int(arrays.rest[at]))
        else:
            row = rows.row(("need", each.id), upper=int(arrays.rest[at]))
        numbers.append(row)
    if keys:
        rows.terms(np.array(numbers)[group], np.arange(arrays.flows), 1)
    limited = np.flatnonzero(arrays.year_cap[arrays.flow_need] < arrays.rest[arrays.flow_need])
    keys, group = _groups(arrays.flow_need[limited], arrays.flow_year[limited])
    numbers = [
        rows.row(("need per year", scenario.needs[at].id, str(scenario.years[year])), upper=int(arrays.year_cap[at]))
        for at, year in keys
    ]
    if keys:
        rows.terms(np.array(numbers)[group], limited, 1)
    for each_id, column in layout.whole.items():
        if not arrays.options.of_need[each_id]:
            layout.upper[column] = 0


def absorption(layout: Layout, rows: RowBuilder) -> None:
    """Rule 4: a State takes no more external money in a year than it can absorb."""
    arrays, scenario = layout.arrays, layout.scenario
    external = np.flatnonzero(arrays.flow_external_money)
    keys, group = _groups(arrays.flow_state[external], arrays.flow_year[external])
    for at, (state, year) in enumerate(keys):
        each, calendar = scenario.states[state], scenario.years[year]
        if each.absorption is not None:
            row = rows.row(("absorption", each.id, str(calendar)), upper=each.absorption.at(calendar))
            members = external[group == at]
            rows.terms(row, members, arrays.flow_external_money[members])


def delivered(layout: Layout, rows: RowBuilder) -> None:
    """Adds up what is delivered by the end of each year, where rule 5 asks for it."""
    arrays, scenario = layout.arrays, layout.scenario
    position = {each.id: at for at, each in enumerate(scenario.needs)}
    for (key, year), column in layout.delivered.items():
        before = 0 if year else int(arrays.demand[position[key]] - arrays.rest[position[key]])
        row = rows.row(("delivered", key, str(scenario.years[year])), lower=-before, upper=-before)
        flows = np.flatnonzero((arrays.flow_need == position[key]) & (arrays.flow_year == year))
        rows.terms(row, flows, 1)
        rows.terms(row, column, -1)
        if year:
            rows.terms(row, layout.delivered[key, year - 1], 1)


def precedence(layout: Layout, rows: RowBuilder) -> None:
    """Rule 5: the share delivered of a need does not run ahead of the needs that come first."""
    arrays, scenario = layout.arrays, layout.scenario
    position = {each.id: at for at, each in enumerate(scenario.needs)}
    before_of = {each.id: int(arrays.demand[at] - arrays.rest[at]) for at, each in enumerate(scenario.needs)}
    for each in scenario.needs:
        for first in each.after:
            mine, theirs, ahead = whole_ratio(
                Fraction(1, int(arrays.demand[position[each.id]])),
                Fraction(1, int(arrays.demand[position[first.need]])),
                Fraction(first.head_start),
            )
            for year, calendar in enumerate(scenario.years):
                before = 0 if year >= first.lag else theirs * before_of[first.need]
                row = rows.row(("precedence", each.id, first.need, str(calendar)), upper=ahead + before)
                rows.terms(row, layout.delivered[each.id, year], mine)
                if year >= first.lag:
                    rows.terms(row, layout.delivered[first.need, year - first.lag], -theirs)


def engagement(layout: Layout, rows: RowBuilder) -> None:
    """Rule 6: an offer flows in a State only while it is engaged there."""
    arrays, scenario = layout.arrays, layout.scenario
    for side in (0, 1):
        relation = arrays.flow_relations[:, side]
        tracked = np.array([(at, arrays.relations[at].first) in layout.engaged for at in range(len(arrays.relations))])
        flows = np.flatnonzero(relation >= 0)
        flows = flows[tracked[relation[flows]]] if len(flows) else flows
        keys, group = _groups(relation[flows], arrays.flow_need[flows], arrays.flow_year[flows])
        if not keys:
            continue
        most = np.zeros(len(keys), np.int64)
        np.add.at(most, group, layout.upper[flows])
        cap = np.minimum(most, arrays.year_cap[np.array([at for _, at, _ in keys])])
        numbers = []
        for at, (pair, wanted, year) in enumerate(keys):
            offer = scenario.offer(arrays.relations[pair].offer)
            if isinstance(offer, TechnicalOffer):
                cap[at] = min(int(cap[at]), scenario.capacity_at(offer, scenario.years[year]))
            label = ("engagement", offer.id, scenario.needs[wanted].id, str(scenario.years[year]))
            row = rows.row(label, upper=0)
            rows.terms(row, layout.engaged[pair, year], -int(cap[at]))
            numbers.append(row)
        rows.terms(np.array(numbers)[group], flows, 1)


def minimum_flow(layout: Layout, rows: RowBuilder) -> None:
    """Rule 6: an engaged year carries at least the offer's minimum."""
    arrays, scenario = layout.arrays, layout.scenario
    for (at, year), column in layout.engaged.items():
        relation = arrays.relations[at]
        offer = scenario.offer(relation.offer)
        if offer.min_per_state == 0:
            continue
        label = ("minimum", offer.id, relation.state, str(scenario.years[year]))
        row = rows.row(label, lower=0)
        if isinstance(offer, TechnicalOffer):
            flows = np.flatnonzero((arrays.flow_relations[:, 0] == at) & (arrays.flow_year == year))
            rows.terms(row, flows, 1)
            granule = scenario.capability(offer.capability).granule
            rows.terms(row, column, -offer.min_per_state // granule)  # floor of a negative: rounds the minimum up
        else:
            flows = np.flatnonzero((arrays.flow_relations[:, 1] == at) & (arrays.flow_year == year))
            rows.terms(row, flows, arrays.flow_price[flows])
            rows.terms(row, column, -scenario.converted(offer, offer.min_per_state, up=True))


def minimum_years(layout: Layout, rows: RowBuilder) -> None:
    """Rule 6: an engagement lasts, once started, for its minimum of years or to the end."""
    arrays, scenario = layout.arrays, layout.scenario
    for (at, year), start in layout.start.items():
        relation = arrays.relations[at]
        least = scenario.offer(relation.offer).min_years
        subjects = (relation.offer, relation.state, str(scenario.years[year]))
        goes_on = not year and scenario.ongoing(relation.offer, relation.state) is not None
        begin = rows.row(("begin", *subjects), upper=int(goes_on))
        rows.terms(begin, layout.engaged[at, year], 1)
        rows.terms(begin, start, -1)
        if year > relation.first:
            rows.terms(begin, layout.engaged[at, year - 1], -1)
        last = rows.row(("lasting", *subjects), upper=0)
        recent = range(max(relation.first, year - least + 1), year + 1)
        rows.terms(last, np.array([layout.start[at, each] for each in recent]), 1)
        rows.terms(last, layout.engaged[at, year], -1)


def counts(layout: Layout, rows: RowBuilder) -> None:
    """Rule 7: most States per offer and year, most external providers per State and year."""
    arrays, scenario = layout.arrays, layout.scenario
    of_offer: dict[tuple[str, int], list[int]] = {}
    of_state: dict[tuple[str, int], set[int]] = {}
    for (at, year), column in layout.engaged.items():
        relation = arrays.relations[at]
        of_offer.setdefault((relation.offer, year), []).append(column)
        if relation.external and scenario.state(relation.state).max_partners is not None:
            key = (scenario.offer(relation.offer).provider, relation.state, year)
            partner = layout.partner.get(key, column)
            of_state.setdefault((relation.state, year), set()).add(partner)
            if partner != column:
                link = rows.row(("partner", relation.offer, relation.state, str(scenario.years[year])), upper=0)
                rows.terms(link, np.array([column, partner]), np.array([1, -1]))
    for (offer, year), columns in of_offer.items():
        most = scenario.offer(offer).max_states
        if most is not None and (most < len(columns) or most == 0):
            row = rows.row(("max_states", offer, str(scenario.years[year])), upper=most)
            rows.terms(row, np.array(columns), 1)
    for (state, year), partners in of_state.items():
        most = scenario.state(state).max_partners
        if most is not None and most < len(partners):
            row = rows.row(("max_partners", state, str(scenario.years[year])), upper=most)
            rows.terms(row, np.array(sorted(partners)), 1)


def matching(layout: Layout, rows: RowBuilder) -> None:
    """Rule 8: beside all money that must be matched flows enough other external public money."""
    arrays, scenario = layout.arrays, layout.scenario
    paying = arrays.flow_relations[:, 1]
    public = np.array(
        [
            isinstance(offer := scenario.offer(each.offer), FundingOffer)
            and is_public_match(scenario, offer, each.state)
            for each in arrays.relations
        ],
        np.bool_,
    )
    found = (scenario.offer(each.offer) for each in arrays.relations)
    match = [Fraction(each.match) if isinstance(each, FundingOffer) else Fraction(0) for each in found]
    for place, state in enumerate(scenario.states):
        mine = [at for at, each in enumerate(arrays.relations) if each.state == state.id and match[at]]
        whole, *needed = whole_ratio(Fraction(1), *(match[at] for at in mine))
        for year, name in enumerate(scenario.years):
            here = (arrays.flow_year == year) & (arrays.flow_state == place) & (paying >= 0)
            if np.isin(paying[here], mine).any():
                row = rows.row(("matching", state.id, str(name)), lower=0)
                others = np.flatnonzero(here & public[paying])
                rows.terms(row, others, whole * arrays.flow_price[others])
                for at, asks in zip(mine, needed, strict=True):
                    flows = np.flatnonzero(here & (paying == at))
                    rows.terms(row, flows, -asks * arrays.flow_price[flows])


def earlier(layout: Layout, rows: RowBuilder) -> None:
    """Disruption: what is given, and what is lost, is what was given before and what is gained."""
    arrays, scenario = layout.arrays, layout.scenario
    for (at, year), column in layout.lost.items():
        relation = arrays.relations[at]
        amount = scenario.earlier[relation.offer, relation.state, scenario.years[year]]
        label = ("earlier", relation.offer, relation.state, str(scenario.years[year]))
        row = rows.row(label, lower=amount, upper=amount)
        flows, worth = given_by(arrays, at, year)
        rows.terms(row, flows, worth)
        rows.terms(row, column, 1)
        rows.terms(row, layout.gained[at, year], -1)


def completion(layout: Layout, rows: RowBuilder) -> None:
    """Rule 9: a State completes only if all that completes it is delivered by its deadline."""
    arrays, scenario = layout.arrays, layout.scenario
    for at, each in enumerate(scenario.needs):
        if not each.completes:
            continue
        column = layout.complete[each.state]
        last = scenario.state(each.state).last_year - scenario.horizon.first
        timely = np.flatnonzero((arrays.flow_need == at) & (arrays.flow_year <= last))
        if not arrays.rest[at]:
            continue
        if not len(timely):
            layout.upper[column] = 0
            continue
        row = rows.row(("completion", each.id), lower=0)
        rows.terms(row, timely, 1)
        rows.terms(row, column, -int(arrays.rest[at]))
