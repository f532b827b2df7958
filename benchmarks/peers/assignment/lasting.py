"""What the second edition asks of plans that last, in the assignment formulation: terms, working years, shares."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from benchmarks.peers.assignment.layout import Layout, given_by
from matcher.scenario.within_reach import least_of, limited_shares
from matcher.solvers.linear_model import RowBuilder, whole_ratio


def ongoing_terms(layout: Layout, rows: RowBuilder) -> None:
    """Rule 6: an ongoing engagement that goes on serves what is left of its minimum of years."""
    scenario = layout.scenario
    for at, relation in enumerate(layout.arrays.relations):
        before = scenario.ongoing(relation.offer, relation.state)
        first = layout.engaged.get((at, 0))
        if before is None or before.since is None or first is None:
            continue
        for year in scenario.years[1:]:
            gate = layout.engaged.get((at, year - scenario.horizon.first))
            if gate is not None and year < before.since + scenario.offer(relation.offer).min_years:
                row = rows.row(("ongoing", relation.offer, relation.state, str(year)), upper=0)
                rows.terms(row, np.array([first, gate]), np.array([1, -1]))


def working(layout: Layout, rows: RowBuilder) -> None:
    """Rule 6: a year of an external engagement carries no flow, or at least that of a working year."""
    scenario = layout.scenario
    for (at, year), column in layout.working.items():
        relation = layout.arrays.relations[at]
        subjects = (relation.offer, relation.state, str(scenario.years[year]))
        gate = rows.row(("works", *subjects), upper=0)
        rows.terms(gate, np.array([column, layout.engaged[at, year]]), np.array([1, -1]))
        flows, worth = given_by(layout.arrays, at, year)
        most = rows.row(("working", *subjects), upper=0)
        rows.terms(most, flows, worth)
        rows.terms(most, column, -int(layout.upper[flows] @ worth))
        least = rows.row(("working minimum", *subjects), lower=0)
        rows.terms(least, flows, worth)
        rows.terms(least, column, -least_of(scenario, scenario.offer(relation.offer), relation.state))


def late_completion(layout: Layout, rows: RowBuilder) -> None:
    """Rule 9: a State completes late if all that completes it is delivered within the horizon, and not in time."""
    arrays, scenario = layout.arrays, layout.scenario
    for at, each in enumerate(scenario.needs):
        column = layout.late.get(each.state)
        if column is None or not each.completes or not arrays.rest[at]:
            continue
        flows = np.flatnonzero(arrays.flow_need == at)
        row = rows.row(("late", each.id), lower=0)
        rows.terms(row, flows, 1)
        rows.terms(row, column, -int(arrays.rest[at]))
    for state, column in layout.late.items():
        rows.terms(rows.row(("either", state), upper=1), np.array([layout.complete[state], column]), 1)


def max_share(layout: Layout, rows: RowBuilder) -> None:
    """Rule 12: no external provider pays more than its share of a State's external money over the horizon."""
    arrays, scenario = layout.arrays, layout.scenario
    payer = np.array([scenario.index.providers[offer.provider] for offer in scenario.offers], np.int64)
    for state, limit in limited_shares(scenario):
        whole, part = whole_ratio(Fraction(1), limit)
        here = (arrays.flow_external_money > 0) & (arrays.flow_state == scenario.index.states[state])
        external = np.flatnonzero(here)
        for at in sorted(set(payer[arrays.flow_financier[external]].tolist())):
            row = rows.row(("max_share", scenario.providers[at].id, state), upper=0)
            mine = external[payer[arrays.flow_financier[external]] == at]
            rows.terms(row, mine, whole * arrays.flow_price[mine])
            rows.terms(row, external, -part * arrays.flow_price[external])
