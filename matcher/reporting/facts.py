"""What a portfolio means for each State, need and kind: plain figures that the reports show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import get_args

from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result
from matcher.scenario import Need, OptionKind, Scenario, State

Deliveries = Mapping[str, Counter[int]]
"""Units delivered by need and year."""


@dataclass(frozen=True)
class StateFacts:
    """What a portfolio means for one State."""

    state: State
    """The State."""
    completes: bool | None
    """Whether it completes by its deadline; None where no need counts for completion."""
    done_in: int | None
    """Year in which the last need that counts for completion is delivered in full, if ever."""
    met: Fraction | None
    """Weighted share of its needs that is delivered; None where no need has a weight."""
    external: int
    """Money from others, in minor units."""
    own: int
    """The State's own money, in minor units."""
    partners: tuple[str, ...]
    """Providers from outside that are engaged, sorted."""


@dataclass(frozen=True)
class NeedFacts:
    """How far one need is met."""

    need: Need
    """The need."""
    delivered: int
    """Units delivered."""

    @property
    def open(self) -> int:
        """Units that remain."""
        return self.need.quantity - self.delivered

    @property
    def met(self) -> Fraction:
        """Share that is delivered."""
        return Fraction(self.delivered, self.need.quantity)


@dataclass(frozen=True)
class KindFacts:
    """What flows through one kind of partnership."""

    kind: str
    """Kind of partnership."""
    partnerships: int
    """Number of partnerships."""
    money: int
    """Money, in minor units."""


def deliveries(portfolio: Portfolio) -> Deliveries:
    """Returns what is delivered of each need in each year."""
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for flow in portfolio.flows:
        found[flow.need][flow.year] += flow.quantity
    return found


def need_facts(scenario: Scenario, portfolio: Portfolio) -> list[NeedFacts]:
    """Returns how far each need is met, sorted by State and need."""
    delivered = deliveries(portfolio)
    ordered = sorted(scenario.needs, key=lambda need: (need.state, need.id))
    return [NeedFacts(need, sum(delivered.get(need.id, Counter()).values())) for need in ordered]


def state_facts(scenario: Scenario, portfolio: Portfolio) -> list[StateFacts]:
    """Returns what the portfolio means for each State, sorted by id."""
    delivered = deliveries(portfolio)
    external, own = _money(scenario, portfolio)
    partners = _partners(scenario, portfolio)
    return [
        StateFacts(
            state,
            _completes(scenario, state, delivered),
            _done_in(scenario, state, delivered),
            _met(scenario, state, delivered),
            external[state.id],
            own[state.id],
            tuple(sorted(partners[state.id])),
        )
        for state in scenario.states
    ]


def _completes(scenario: Scenario, state: State, delivered: Deliveries) -> bool | None:
    done = _done_in(scenario, state, delivered)
    if not any(need.completes for need in scenario.needs_of(state.id)):
        return None
    return done is not None and done <= min(state.deadline, scenario.horizon.last)


def _done_in(scenario: Scenario, state: State, delivered: Deliveries) -> int | None:
    """Returns the year in which the last completing need is met, or None if one never is."""
    years = [_met_in(need, delivered) for need in scenario.needs_of(state.id) if need.completes]
    found = [year for year in years if year is not None]
    return max(found) if found and len(found) == len(years) else None


def _met_in(need: Need, delivered: Deliveries) -> int | None:
    total = 0
    by_year = delivered.get(need.id, Counter())
    for year in sorted(by_year):
        total += by_year[year]
        if total >= need.quantity:
            return year
    return None


def _met(scenario: Scenario, state: State, delivered: Deliveries) -> Fraction | None:
    needs = scenario.needs_of(state.id)
    weight = sum((Fraction(need.weight) for need in needs), Fraction(0))
    if weight == 0:
        return None
    parts = (Fraction(need.weight) * sum(delivered.get(need.id, Counter()).values()) / need.quantity for need in needs)
    return sum(parts, Fraction(0)) / weight


def _money(scenario: Scenario, portfolio: Portfolio) -> tuple[Counter[str], Counter[str]]:
    """Returns money by State: from others, and its own."""
    external: Counter[str] = Counter()
    own: Counter[str] = Counter()
    for flow in portfolio.flows:
        if flow.financier is not None:
            state = scenario.need(flow.need).state
            purse = external if scenario.is_external(flow.financier, state) else own
            purse[state] += flow.money
    return external, own


def _partners(scenario: Scenario, portfolio: Portfolio) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for engagement in portfolio.engagements:
        if scenario.is_external(engagement.offer, engagement.state):
            found[engagement.state].add(scenario.offer(engagement.offer).provider)
    return found


def kind_facts(result: Result) -> list[KindFacts]:
    """Returns partnerships and money by kind, sorted as the model lists the kinds."""
    return [
        KindFacts(kind, len(found), sum(each.money for each in found))
        for kind in get_args(OptionKind)
        if (found := [each for each in result.partnerships if each.kind == kind])
    ]
