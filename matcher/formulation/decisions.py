"""Rule 10 over compact columns: what the user has decided is met.

A committed pair has a payment class of its own, with the agreed granules as its lower bound; pins
and caps are rows; forbids have no pairs to begin with.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from matcher.formulation.columns import Columns
from matcher.formulation.formulation import Impossible
from matcher.portfolio.result import Figures
from matcher.scenario import Commitment, Pin, Scenario
from matcher.scenario.eligibility import OptionSet, Reason
from matcher.solvers.linear_model import Ints, RowBuilder, times, whole_ratio


def commitments(columns: Columns) -> Iterator[Impossible]:
    """Rule 10: flows already agreed are in the portfolio."""
    scenario = columns.scenario
    agreed: dict[tuple[str | None, str, str, int], int] = {}
    for each in scenario.decisions.commitments:
        subjects = (each.financier or "none", each.implementer, each.need, str(each.year))
        found = committed_columns(columns, each)
        if found is None:
            yield Impossible("commitment_not_eligible", subjects, barriers=barriers_to(scenario, each))
            continue
        work, money = found
        capability = scenario.capability(scenario.need(each.need).capability)
        place = (each.financier, each.implementer, each.need, each.year)
        agreed[place] = agreed.get(place, 0) + each.quantity
        granules, most = agreed[place] // capability.granule, int(columns.upper[work])
        price = int(columns.work_price[work])
        unit = 1 if money is None else int(columns.money_unit[money - columns.works])
        if money is not None:
            most = min(most, int(columns.upper[money]) * unit // price)
        if granules > most:
            figures: Figures = {"quantity": agreed[place], "most": most * capability.granule, "unit": capability.unit}
            yield Impossible("commitment_too_large", subjects, figures)
            continue
        columns.lower[work] = max(int(columns.lower[work]), granules)
        if money is not None:
            columns.lower[money] = max(int(columns.lower[money]), granules * price // unit)


def committed_columns(columns: Columns, each: Commitment) -> tuple[int, int | None] | None:
    """Returns the columns of work and money (none in kind) that a commitment speaks of, or None."""
    scenario = columns.scenario
    if each.financier is None:
        name = -1
    else:
        key = (each.financier, each.implementer, each.need)
        if key not in columns.payments.committed:
            return None
        name = columns.payments.committed[key]
    need = next(at for at, other in enumerate(scenario.needs) if other.id == each.need)
    worker = next(at for at, other in enumerate(scenario.offers) if other.id == each.implementer)
    here = (columns.flow_need == need) & (columns.flow_year == each.year - scenario.horizon.first)
    here &= columns.flow_class == name
    found = np.flatnonzero(here)
    work = found[(found < columns.works) & (columns.flow_offer[found] == worker)]
    money = found[found >= columns.works]
    if not len(work) or (name >= 0 and not len(money)):
        return None
    return int(work[0]), int(money[0]) if name >= 0 else None


def pins(columns: Columns, rows: RowBuilder) -> Iterator[Impossible]:
    """Rule 10: pinned relations are engaged, and work in each year named, or in one."""
    scenario = columns.scenario
    for nth, each in enumerate(scenario.decisions.pins):
        at = relation_of(columns, each)
        years = pinned(scenario, each)
        flows = np.zeros(0, np.int64)
        if at is not None:
            flows = np.flatnonzero((columns.flow_relation == at) & np.isin(columns.flow_year, years))
        gates = np.full(len(years), -1, np.int64) if at is None else columns.engaged[at, years]
        if not len(flows) or (each.years is not None and (gates < 0).any()):
            yield Impossible("pin_not_possible", (each.offer, each.state))
            continue
        missing = each.years is not None and not set(years) <= set(columns.flow_year[flows].tolist())
        if missing:
            yield Impossible("pin_not_possible", (each.offer, each.state))
            continue
        if each.years is not None:
            columns.lower[gates] = 1
            columns.upper[gates] = 1
        for span in [years] if each.years is None else [[year] for year in years]:
            rows.terms(rows.row(("pin", str(nth)), lower=1), flows[np.isin(columns.flow_year[flows], span)], 1)


def relation_of(columns: Columns, pin: Pin) -> int | None:
    """Returns the relation that a pin speaks of, or None if no option uses it."""
    scenario, relations = columns.scenario, columns.relations
    named = [scenario.offers[offer].id for offer in relations.offer.tolist()]
    homes = [scenario.states[state].id for state in relations.state.tolist()]
    return next((at for at, pair in enumerate(zip(named, homes, strict=True)) if pair == (pin.offer, pin.state)), None)


def caps(columns: Columns, rows: RowBuilder) -> None:
    """Rule 10: money of an offer or provider in a State stays under the user's caps."""
    for at, each in enumerate(columns.scenario.decisions.caps):
        spans = [[year] for year in range(len(columns.scenario.years))]
        if each.per == "horizon":
            spans = [list(range(len(columns.scenario.years)))]
        for span in spans:
            _cap(columns, rows, at, span)


def _cap(columns: Columns, rows: RowBuilder, at: int, span: list[int]) -> None:
    scenario = columns.scenario
    cap = scenario.decisions.caps[at]
    state = scenario.index.states[cap.state]
    money = np.arange(columns.works, columns.flows)
    here = money[(columns.state[money] == state) & np.isin(columns.flow_year[money], span)]
    capped = np.array([each.id == cap.offer or each.provider == cap.provider for each in scenario.offers], np.bool_)
    mine = here[capped[columns.flow_offer[here]]]
    if not len(mine):
        return
    worth: Ints = columns.money_unit[mine - columns.works]
    if cap.money is not None:
        rows.terms(rows.row(("cap", str(at)), upper=cap.money), mine, worth)
        return
    assert cap.share is not None
    path = ("decisions", "caps", at, "share")
    whole, share = whole_ratio(Fraction(1), Fraction(cap.share), what="cap", path=path)
    row = rows.row(("cap", str(at)), upper=0)
    rows.terms(row, mine, times(whole, worth, "cap", path))
    external = here[columns.money_external[here - columns.works]]
    rows.terms(row, external, times(-share, columns.money_unit[external - columns.works], "cap", path))


def barriers_to(scenario: Scenario, each: Commitment) -> tuple[Reason, ...]:
    """Returns why a committed pair is not an option; none if only its year is none of all."""
    return tuple(OptionSet(scenario, ()).why_not(each.financier, each.implementer, each.need))


def pinned(scenario: Scenario, pin: Pin) -> list[int]:
    """Returns the years (as indices) that a pin speaks of."""
    years = pin.years.range() if pin.years is not None else scenario.years
    return [year - scenario.horizon.first for year in years]
