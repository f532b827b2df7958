"""Rule 10 in the assignment formulation: what the user has decided is met.

Commitments are lower bounds of flows, pins and caps are rows; forbids have no columns to begin with.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from benchmarks.peers.assignment.layout import Layout
from matcher.formulation.decisions import barriers_to, pinned
from matcher.formulation.formulation import Impossible
from matcher.scenario import Cap
from matcher.solvers.linear_model import Ints, RowBuilder, whole_ratio


def commitments(layout: Layout) -> Iterator[Impossible]:
    """Rule 10: flows already agreed are in the portfolio."""
    arrays, scenario = layout.arrays, layout.scenario
    agreed: dict[int, int] = {}
    for each in scenario.decisions.commitments:
        flow = arrays.flow_at.get(
            (each.need, each.financier or "", each.implementer, each.year - scenario.horizon.first)
        )
        subjects = (each.financier or "none", each.implementer, each.need, str(each.year))
        if flow is None:
            yield Impossible("commitment_not_eligible", subjects, barriers=barriers_to(scenario, each))
            continue
        agreed[flow] = agreed.get(flow, 0) + each.quantity
        granules = agreed[flow] // int(arrays.granule[arrays.flow_need[flow]])
        if granules > layout.upper[flow]:
            most = int(layout.upper[flow]) * int(arrays.granule[arrays.flow_need[flow]])
            unit = scenario.capability(scenario.need(each.need).capability).unit
            figures = {"quantity": agreed[flow], "most": most, "unit": unit}
            yield Impossible("commitment_too_large", subjects, figures)
            continue
        layout.lower[flow] = max(int(layout.lower[flow]), granules)


def pins(layout: Layout, rows: RowBuilder) -> Iterator[Impossible]:
    """Rule 10: pinned relations are engaged, and work in each year named, or in one."""
    scenario = layout.scenario
    for each in scenario.decisions.pins:
        at = layout.arrays.relation_index(each.offer, each.state)
        years = pinned(scenario, each)
        flows = _pinned_flows(layout, at, years) if at is not None else np.zeros(0, np.int64)
        columns = [layout.engaged.get((at if at is not None else -1, year)) for year in years]
        idle = each.years is not None and not set(years) <= set(layout.arrays.flow_year[flows].tolist())
        if not len(flows) or idle or (each.years is not None and None in columns):
            yield Impossible("pin_not_possible", (each.offer, each.state))
            continue
        if each.years is not None:
            for column in columns:
                assert column is not None
                layout.lower[column] = 1
                if layout.upper[column] < 1:
                    layout.upper[column] = 1
        for span in [years] if each.years is None else [[year] for year in years]:
            mine = flows[np.isin(layout.arrays.flow_year[flows], span)]
            rows.terms(rows.row(("pin", each.offer, each.state), lower=1), mine, 1)


def _pinned_flows(layout: Layout, relation: int, years: list[int]) -> Ints:
    arrays = layout.arrays
    mine = (arrays.flow_relations == relation).any(axis=1) & np.isin(arrays.flow_year, years)
    return np.flatnonzero(mine)


def caps(layout: Layout, rows: RowBuilder) -> None:
    """Rule 10: money of an offer or provider in a State stays under the user's caps."""
    scenario = layout.scenario
    for each in scenario.decisions.caps:
        spans = [[year] for year in range(len(scenario.years))]
        if each.per == "horizon":
            spans = [list(range(len(scenario.years)))]
        for span in spans:
            _cap(layout, rows, each, span)


def _cap(layout: Layout, rows: RowBuilder, cap: Cap, span: list[int]) -> None:
    arrays, scenario = layout.arrays, layout.scenario
    state = next(at for at, each in enumerate(scenario.states) if each.id == cap.state)
    capped = [
        each.offer == cap.offer or scenario.offer(each.offer).provider == cap.provider for each in arrays.relations
    ]
    paying = arrays.flow_relations[:, 1]
    here = (arrays.flow_state == state) & np.isin(arrays.flow_year, span) & (paying >= 0)
    mine = np.flatnonzero(here & np.array(capped, np.bool_)[paying]) if capped else np.zeros(0, np.int64)
    if not len(mine):
        return
    years = str(scenario.years[span[0]]) if cap.per == "year" else "horizon"
    label = ("cap", cap.offer or cap.provider or "", cap.state, years)
    if cap.money is not None:
        rows.terms(rows.row(label, upper=cap.money), mine, arrays.flow_price[mine])
        return
    assert cap.share is not None
    whole, share = whole_ratio(Fraction(1), Fraction(cap.share))
    row = rows.row(label, upper=0)
    rows.terms(row, mine, whole * arrays.flow_price[mine])
    external = np.flatnonzero(here)
    rows.terms(row, external, -share * arrays.flow_external_money[external])
