"""What a portfolio comes to, State by State: needs met, money, partners, people, and the year of completion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from matcher.portfolio.portfolio import Portfolio
from matcher.scenario import Beneficiaries, Need, Scenario
from matcher.verification import Report, verify

NOBODY = Beneficiaries(women=0, men=0, girls=0, boys=0)


@dataclass(frozen=True)
class StateTally:
    """What a portfolio comes to for one State."""

    completes: bool | None
    """Whether all that Article 5 requires is delivered by the deadline; None where nothing is required."""
    completion_year: int | None
    """Year by whose end it is delivered, before the deadline or after; None if never, or where nothing is required."""
    coverage: Fraction
    """Weighted share of its needs that is met, each year's share discounted."""
    money: int
    """Money from others, in minor units."""
    partners: frozenset[str]
    """Providers from outside."""
    people: Beneficiaries
    """People who benefit, in proportion to what is delivered, need by need rounded down."""


ABSENT = StateTally(None, None, Fraction(0), 0, frozenset(), NOBODY)
"""What a portfolio comes to for a State that is not in its scenario."""


@dataclass(frozen=True)
class Tally:
    """A portfolio counted."""

    report: Report
    """What the checker says of it."""
    states: Mapping[str, StateTally]
    """By State."""
    given: Mapping[str, int]
    """Minor units of money, or units of work, by offer; 0 for offers that give nothing."""
    placed: Mapping[tuple[str, str], int]
    """The same by offer and State, where there is any."""

    def state(self, key: str) -> StateTally:
        """Returns what it comes to for a State, in its scenario or not."""
        return self.states.get(key, ABSENT)


def tally(scenario: Scenario, portfolio: Portfolio) -> Tally:
    """Returns a portfolio counted, whether it is valid or not: the report says so."""
    report = verify(scenario, portfolio)
    money, placed = Counter[str](), Counter[tuple[str, str]]()
    partners: dict[str, set[str]] = {state.id: set() for state in scenario.states}
    delivered: dict[str, Counter[int]] = {need.id: Counter() for need in scenario.needs}
    for flow in portfolio.flows:
        state = scenario.need(flow.need).state
        delivered[flow.need][flow.year] += flow.quantity
        placed[flow.implementer, state] += flow.quantity
        if flow.financier is not None:
            placed[flow.financier, state] += flow.money
            if scenario.is_external(flow.financier, state):
                money[state] += flow.money
        for offer in (flow.financier, flow.implementer):
            if offer is not None and scenario.is_external(offer, state):
                partners[state].add(scenario.offer(offer).provider)
    given = Counter[str]()
    for (offer, _), amount in placed.items():
        given[offer] += amount
    states = {
        key: StateTally(
            completes=figures.completes,
            completion_year=completion_year(scenario.needs_of(key), delivered),
            coverage=figures.coverage,
            money=money[key],
            partners=frozenset(partners[key]),
            people=_people(scenario.needs_of(key), delivered),
        )
        for key, figures in report.states.items()
    }
    return Tally(report, states, given, placed)


def completion_year(needs: tuple[Need, ...], delivered: Mapping[str, Mapping[int, int]]) -> int | None:
    """Returns the year by whose end all is delivered of what Article 5 requires; None if never or if nothing is.

    Parameters
    ----------
    needs
        Needs of one State.
    delivered
        Units by need and year.
    """
    ends = [_met_in(need, delivered[need.id]) for need in needs if need.completes]
    known = [year for year in ends if year is not None]
    return max(known) if known and len(known) == len(ends) else None


def _met_in(need: Need, delivered: Mapping[int, int]) -> int | None:
    total = 0
    for year in sorted(delivered):
        total += delivered[year]
        if total >= need.quantity:
            return year
    return None


def _people(needs: tuple[Need, ...], delivered: Mapping[str, Mapping[int, int]]) -> Beneficiaries:
    sums = dict.fromkeys(Beneficiaries.model_fields, 0)
    for need in needs:
        units = sum(delivered[need.id].values())
        for name, count in need.beneficiaries or ():
            sums[name] += count * units // need.quantity
    return Beneficiaries(**sums)
