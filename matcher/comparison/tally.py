"""What a portfolio comes to, counted once: needs met, completion, money, partners and people, by State and in all.

Reports, explanations, comparisons and rounds take their figures from here; only the checker counts for itself.
Needs are met in quantities, with what was delivered before the horizon: a discount, by which later shares count less
in the objective `coverage`, has no part in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import get_args

from matcher.portfolio.portfolio import Partnership, Portfolio
from matcher.scenario import Beneficiaries, Need, OptionKind, Scenario, State
from matcher.scenario.within_reach import OwnBounds

NOBODY = Beneficiaries(women=0, men=0, girls=0, boys=0)
Deliveries = Mapping[str, Mapping[int, int]]
"""Units delivered by need and year."""


@dataclass(frozen=True)
class NeedTally:
    """How far one need is met."""

    need: Need
    delivered: int
    """Units, those of before the horizon included."""

    @property
    def open(self) -> int:
        """Units that remain."""
        return self.need.quantity - self.delivered

    @property
    def met(self) -> Fraction:
        """Share that is delivered."""
        return Fraction(self.delivered, self.need.quantity)


@dataclass(frozen=True)
class StateTally:
    """What a portfolio comes to for one State."""

    completes: bool | None
    """Whether all that Article 5 requires is delivered by the deadline; None where nothing is required."""
    completion_year: int | None
    """Year by whose end it is delivered, before the deadline or after; None if never, or where nothing is required."""
    coverage: Fraction | None
    """Weighted share of its needs that is met, in quantities; None where no need has a weight."""
    external: int
    """Money from others, in minor units."""
    own: int
    """The State's own money, in minor units."""
    partners: frozenset[str]
    """Providers from outside that are engaged."""
    people: Beneficiaries
    """People who benefit, in proportion to what is delivered in the horizon, need by need rounded down."""


ABSENT = StateTally(None, None, None, 0, 0, frozenset(), NOBODY)
"""What a portfolio comes to for a State that is not in its scenario."""


@dataclass(frozen=True)
class Totals:
    """What a portfolio comes to in all."""

    completions: Fraction
    """Weight of the States that complete."""
    coverage: Fraction
    """Shares of needs met in quantities, weighted by need and State: the objective where nothing is discounted."""
    worst_off: Fraction
    """Share met in the State that is served least, in quantities, among those that count in `worst_off` and could
    have more."""
    external: int
    """Money from others, in minor units."""
    own: int
    """The States' own money, in minor units."""
    partners: frozenset[str]
    """Providers engaged in States that are not their own."""
    people: int
    """People who benefit."""


@dataclass(frozen=True)
class Tally:
    """A portfolio counted."""

    needs: Mapping[str, NeedTally]
    """By need, sorted by State and need."""
    states: Mapping[str, StateTally]
    """By State, sorted."""
    totals: Totals
    """In all."""
    given: Mapping[str, int]
    """Minor units of money, or units of work, by offer; 0 for offers that give nothing."""
    placed: Mapping[tuple[str, str], int]
    """The same by offer and State, where there is any."""
    yearly: Mapping[tuple[str, str, int], int]
    """The same by offer, State and year."""

    def state(self, key: str) -> StateTally:
        """Returns what it comes to for a State, in its scenario or not."""
        return self.states.get(key, ABSENT)


@dataclass(frozen=True)
class KindTally:
    """What flows through one kind of partnership."""

    kind: str
    partnerships: int
    """Number of partnerships."""
    money: int
    """Minor units."""


def tally(scenario: Scenario, portfolio: Portfolio) -> Tally:
    """Returns a portfolio counted, whether it is valid or not; all that it names must be in the scenario."""
    delivered, yearly = deliveries(portfolio), _yearly(scenario, portfolio)
    given, placed = Counter[str](), Counter[tuple[str, str]]()
    for (offer, state, _), amount in yearly.items():
        given[offer] += amount
        placed[offer, state] += amount
    external, own = _money(scenario, placed)
    partners = _partners(scenario, portfolio)
    states = {
        state.id: _state_tally(scenario, state, delivered, (external[state.id], own[state.id]), partners[state.id])
        for state in scenario.states
    }
    needs = sorted(scenario.needs, key=lambda need: (need.state, need.id))
    by_need = {need.id: NeedTally(need, need.delivered + sum(delivered[need.id].values())) for need in needs}
    return Tally(by_need, states, _totals(scenario, states), given, placed, yearly)


def units_by_partners(scenario: Scenario, portfolio: Portfolio) -> Counter[tuple[str | None, str, str]]:
    """Returns units delivered by provider that pays, None in kind, provider that works, and need."""
    found = Counter[tuple[str | None, str, str]]()
    for flow in portfolio.flows:
        payer = None if flow.financier is None else scenario.offer(flow.financier).provider
        found[payer, scenario.offer(flow.implementer).provider, flow.need] += flow.quantity
    return found


def least_firm(scenario: Scenario, portfolio: Portfolio) -> dict[str, str]:
    """Returns, for each State that completes, in time or late, the offer least sure to come of those it completes by.

    Of several that are as sure, the first by id; States are sorted.
    """
    used: defaultdict[str, set[str]] = defaultdict(set)
    for flow in portfolio.flows:
        need = scenario.need(flow.need)
        if need.completes:
            used[need.state] |= {offer for offer in (flow.financier, flow.implementer) if offer is not None}
    states = tally(scenario, portfolio).states
    return {
        key: min(used[key], key=lambda offer: (scenario.offer(offer).firmness, offer))
        for key, each in states.items()
        if each.completion_year is not None and used[key]
    }


def kinds(partnerships: Sequence[Partnership]) -> list[KindTally]:
    """Returns partnerships and money by kind, sorted as the model lists the kinds; kinds without any are left out."""
    return [
        KindTally(kind, len(found), sum(each.money for each in found))
        for kind in get_args(OptionKind)
        if (found := [each for each in partnerships if each.kind == kind])
    ]


def deliveries(portfolio: Portfolio) -> defaultdict[str, Counter[int]]:
    """Returns units delivered by need and year; 0 where there are none."""
    found: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for flow in portfolio.flows:
        found[flow.need][flow.year] += flow.quantity
    return found


def _yearly(scenario: Scenario, portfolio: Portfolio) -> Counter[tuple[str, str, int]]:
    found = Counter[tuple[str, str, int]]()
    for flow in portfolio.flows:
        state = scenario.need(flow.need).state
        found[flow.implementer, state, flow.year] += flow.quantity
        if flow.financier is not None:
            found[flow.financier, state, flow.year] += flow.money
    return found


def _money(scenario: Scenario, placed: Mapping[tuple[str, str], int]) -> tuple[Counter[str], Counter[str]]:
    """Money by State: from others, and its own."""
    external, own = Counter[str](), Counter[str]()
    funding = {offer.id for offer in scenario.funding}
    for (offer, state), amount in placed.items():
        if offer in funding:
            purse = external if scenario.is_external(offer, state) else own
            purse[state] += amount
    return external, own


def _partners(scenario: Scenario, portfolio: Portfolio) -> defaultdict[str, set[str]]:
    """Providers from outside by State: those engaged, as the limit on partners counts them, with flows or without."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for each in portfolio.engagements:
        if scenario.is_external(each.offer, each.state):
            found[each.state].add(scenario.offer(each.offer).provider)
    return found


def _state_tally(
    scenario: Scenario, state: State, delivered: Deliveries, money: tuple[int, int], partners: Iterable[str]
) -> StateTally:
    needs = scenario.needs_of(state.id)
    year = _completion_year(needs, delivered, scenario.horizon.first - 1)
    required = any(need.completes for need in needs)
    return StateTally(
        completes=(year is not None and year <= state.last_year) if required else None,
        completion_year=year,
        coverage=_coverage(needs, delivered),
        external=money[0],
        own=money[1],
        partners=frozenset(partners),
        people=_people(needs, delivered),
    )


def _completion_year(needs: Sequence[Need], delivered: Deliveries, before: int) -> int | None:
    """The year by whose end all is delivered of what Article 5 requires; None if never or if nothing is.

    Parameters
    ----------
    before
        The year before the horizon, in which a need is met that seeks nothing more.
    """
    ends = [_met_in(need, delivered[need.id], before) for need in needs if need.completes]
    known = [year for year in ends if year is not None]
    return max(known) if known and len(known) == len(ends) else None


def _met_in(need: Need, delivered: Mapping[int, int], before: int) -> int | None:
    total = need.delivered
    for year in (before, *sorted(delivered)):
        total += delivered.get(year, 0)
        if total >= need.quantity:
            return year
    return None


def _weight(needs: Iterable[Need]) -> Fraction:
    return sum((Fraction(need.weight) for need in needs), Fraction(0))


def _coverage(needs: Sequence[Need], delivered: Deliveries) -> Fraction | None:
    weight = _weight(needs)
    shares = (
        Fraction(need.weight) * (need.delivered + sum(delivered[need.id].values())) / need.quantity for need in needs
    )
    return sum(shares, Fraction(0)) / weight if weight else None


def _people(needs: Sequence[Need], delivered: Deliveries) -> Beneficiaries:
    sums = dict.fromkeys(Beneficiaries.model_fields, 0)
    for need in needs:
        units = sum(delivered[need.id].values())
        for name, count in need.beneficiaries or ():
            sums[name] += count * units // need.quantity
    return Beneficiaries(**sums)


def _totals(scenario: Scenario, states: Mapping[str, StateTally]) -> Totals:
    weight = {state.id: Fraction(state.weight) for state in scenario.states}
    shares = {key: each.coverage for key, each in states.items() if each.coverage is not None}
    return Totals(
        completions=sum((weight[key] for key, each in states.items() if each.completes), Fraction(0)),
        coverage=sum(
            (weight[key] * _weight(scenario.needs_of(key)) * share for key, share in shares.items()), Fraction(0)
        ),
        worst_off=OwnBounds(scenario).smallest(shares),
        external=sum(each.external for each in states.values()),
        own=sum(each.own for each in states.values()),
        partners=frozenset[str]().union(*(each.partners for each in states.values())),
        people=sum(count for each in states.values() for _, count in each.people),
    )
