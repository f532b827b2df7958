"""Two portfolios side by side: who gains, who loses, what moved, and what differs between their scenarios."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, Strict

from matcher.comparison.tally import Tally, tally
from matcher.errors import InvalidOptions
from matcher.portfolio.portfolio import Portfolio
from matcher.scenario import Beneficiaries, Frozen, Scenario
from matcher.scenario.fields import Id, Text, Total, Year
from matcher.units import fraction, plain
from matcher.verification import Report, verify

Exact = Annotated[str, Strict(), Field(pattern=r"^-?\d+(/\d+)?$")]
"""A whole number, or a fraction p/q."""
UNSEEN = frozenset({"provenance", "description", "title", "assumptions"})
"""Fields of a scenario that no portfolio depends on."""
UNSEEN_PATHS = frozenset({"name", "decisions.earlier"})
"""The scenario's name, and the portfolio from which changes are measured."""


class FigureChange(Frozen):
    """A figure in both portfolios."""

    subject: Text
    """What it is about: an objective, an offer."""
    before: Exact
    after: Exact


class OfferChange(Frozen):
    """What an offer gives in one State in both portfolios: minor units of money, or units of work."""

    offer: Id
    before: Total
    after: Total
    instead: tuple[Id, ...] = ()
    """Where it gives less: States in which it gives more. Where it gives more: States in which it gives less."""


class StateChange(Frozen):
    """One State in both portfolios."""

    state: Id
    completes: tuple[bool | None, bool | None]
    """Whether it completes by its deadline, before and after; None where nothing is required, or no such State is."""
    coverage: tuple[Exact | None, Exact | None]
    """Weighted share of its needs that is met, in quantities: undiscounted. None where no need has a weight, or no such
    State is."""
    completion_year: tuple[Year | None, Year | None]
    """Year by whose end all that Article 5 requires is delivered, before the deadline or after; None if never."""
    money: tuple[Total, Total]
    """Money from others, in minor units."""
    people: tuple[Beneficiaries, Beneficiaries]
    """People who benefit, in proportion to what is delivered."""
    partners_gained: tuple[Text, ...] = ()
    """Providers from outside that come."""
    partners_lost: tuple[Text, ...] = ()
    """Providers from outside that go."""
    offers: tuple[OfferChange, ...] = ()
    """Offers that give more or less in it, by id, and where they do the opposite."""
    differences: tuple[Text, ...] = ()
    """Paths of what differs between the scenarios in the State, its needs or those offers."""


class Differs(Frozen):
    """A figure or rule that is not the same in the two scenarios."""

    path: Text
    """Keys that lead to it, joined by points."""
    before: Text
    after: Text
    """As a file would say them; empty where it is not there."""


class Comparison(Frozen):
    """What is different between two portfolios."""

    comparison: Annotated[int, Strict(), Field(ge=1, le=1)] = 1
    """Version of the format."""
    objectives: tuple[FigureChange, ...]
    """Every objective, in its order. Where the two scenarios discount differently, `coverage` and `worst_off` are in
    quantities, undiscounted: shares discounted differently say nothing together."""
    states: tuple[StateChange, ...]
    """States for which anything is different, those that gain most coverage first."""
    offers: tuple[FigureChange, ...]
    """Money (minor units) or work (units) of offers that give more or less, by id."""
    scenarios: tuple[Differs, ...]
    """What is different between the two scenarios."""
    retimed: tuple[Id, ...] = ()
    """States for which nothing else is different, but that get the same from each offer in other years."""


def compare(
    scenario: Scenario, portfolio: Portfolio, other_scenario: Scenario, other_portfolio: Portfolio
) -> Comparison:
    """Returns what is different in the second portfolio from the first; the scenarios may differ too.

    Raises
    ------
    InvalidOptions
        if a portfolio is not valid for its scenario, or money is counted in different currencies.
    """
    if scenario.currency != other_scenario.currency:
        raise InvalidOptions("the two scenarios count money in different currencies or units")
    reports = _valid(scenario, portfolio), _valid(other_scenario, other_portfolio)
    before, after = tally(scenario, portfolio), tally(other_scenario, other_portfolio)
    scenarios = scenario, other_scenario
    differences = tuple(_differences(scenario, other_scenario))
    pair = _Pair(before, after, scenarios, tuple(each.path for each in differences))
    names = sorted({state.id for side in scenarios for state in side.states})
    states = [moved for name in names if (moved := pair.state(name)) is not None]
    states.sort(key=lambda each: (-coverage_gained(each), each.state))
    given = sorted(before.given.keys() | after.given.keys())
    offers = tuple(
        FigureChange(subject=offer, before=str(before.given.get(offer, 0)), after=str(after.given.get(offer, 0)))
        for offer in given
        if before.given.get(offer, 0) != after.given.get(offer, 0)
    )
    objectives = tuple(_objectives(scenarios, reports, (before, after)))
    retimed = tuple(sorted(pair.retimed - {each.state for each in states}))
    return Comparison(
        objectives=objectives, states=tuple(states), offers=offers, scenarios=differences, retimed=retimed
    )


def coverage_gained(each: StateChange) -> Fraction:
    """Returns by how much more of a State's needs is met after than before; a State without a share has none."""
    before, after = (Fraction(0) if share is None else fraction(share) for share in each.coverage)
    return after - before


def state_moved(scenario: Scenario, before: Tally, after: Tally, state: str) -> StateChange | None:
    """Returns one State in two portfolios of a scenario as counted, valid or not; None if nothing is different."""
    return _Pair(before, after, (scenario, scenario), ()).state(state)


def _same_start(one: Scenario, other: Scenario) -> bool:
    """Whether both measure changes from the same earlier portfolio: else the two figures say nothing together."""
    return one.decisions.earlier == other.decisions.earlier


def _valid(scenario: Scenario, portfolio: Portfolio) -> Report:
    report = verify(scenario, portfolio)
    if not report.ok:
        raise InvalidOptions(f"a portfolio is not valid for its scenario: {report.violations[0].detail}")
    return report


def _objectives(
    scenarios: tuple[Scenario, Scenario], reports: tuple[Report, Report], counted: tuple[Tally, Tally]
) -> Iterator[FigureChange]:
    """Every objective of both as the checker counts it, and in quantities what they discount differently."""
    figures = [dict(report.figures) for report in reports]
    one, other = scenarios
    if one.objectives.discount != other.objectives.discount:
        for side, each in zip(figures, counted, strict=True):
            side |= {"coverage": each.totals.coverage, "worst_off": each.totals.worst_off}
    for name, value in figures[0].items():
        if name in figures[1] and (name != "disruption" or _same_start(one, other)):
            yield FigureChange(subject=name, before=plain(value), after=plain(figures[1][name]))


@dataclass(frozen=True)
class _Pair:
    """Two portfolios, counted."""

    before: Tally
    after: Tally
    scenarios: tuple[Scenario, Scenario]
    paths: tuple[str, ...]
    """What differs between their scenarios."""

    def state(self, name: str) -> StateChange | None:
        """Returns one State, if anything is different for it."""
        one, other = self.before.state(name), self.after.state(name)
        offers = tuple(self._offers(name))
        if one == other and not offers:
            return None
        return StateChange(
            state=name,
            completes=(one.completes, other.completes),
            coverage=(_exact(one.coverage), _exact(other.coverage)),
            completion_year=(one.completion_year, other.completion_year),
            money=(one.external, other.external),
            people=(one.people, other.people),
            partners_gained=tuple(sorted(other.partners - one.partners)),
            partners_lost=tuple(sorted(one.partners - other.partners)),
            offers=offers,
            differences=tuple(self._related(name, {each.offer for each in offers})),
        )

    @property
    def retimed(self) -> set[str]:
        """States in which any offer gives more or less in a year."""
        before, after = self.before.yearly, self.after.yearly
        return {key[1] for key in before.keys() | after.keys() if before.get(key, 0) != after.get(key, 0)}

    @cached_property
    def _moves(self) -> dict[str, dict[str, tuple[int, int]]]:
        """What each offer gives in each State, before and after, where that is different."""
        found: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
        for offer, state in sorted(self.before.placed.keys() | self.after.placed.keys()):
            amounts = self.before.placed.get((offer, state), 0), self.after.placed.get((offer, state), 0)
            if amounts[0] != amounts[1]:
                found[offer][state] = amounts
        return dict(found)

    def _offers(self, name: str) -> Iterator[OfferChange]:
        for offer, states in self._moves.items():
            if name in states:
                before, after = states[name]
                opposite = [state for state, (was, now) in states.items() if (now > was) != (after > before)]
                opposite.sort(key=lambda state: (-abs(states[state][1] - states[state][0]), state))
                yield OfferChange(offer=offer, before=before, after=after, instead=tuple(opposite))

    def _related(self, name: str, offers: set[str]) -> Iterator[str]:
        """Paths of what differs in a State, in its needs, or in some offers."""
        needs = {need.id for scenario in self.scenarios for need in scenario.needs_of(name)}
        prefixes = {f"states.{name}.", *(f"needs.{need}." for need in needs), *(f"offers.{each}." for each in offers)}
        return (path for path in self.paths if any(path.startswith(prefix) for prefix in prefixes))


def _exact(share: Fraction | None) -> str | None:
    return None if share is None else plain(share)


def _differences(one: Scenario, other: Scenario) -> Iterator[Differs]:
    before, after = dict(_figures(one.model_dump(mode="json"))), dict(_figures(other.model_dump(mode="json")))
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            yield Differs(path=key[0], before=before.get(key, ""), after=after.get(key, ""))


def _figures(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[tuple[str, str], str]]:
    """Yields the figures and rules of a scenario by dotted path, as text; entries of lists also by what they say."""
    for key, value in document.items():
        path = f"{prefix}{key}"
        if key in UNSEEN or path in UNSEEN_PATHS:
            continue
        if isinstance(value, Mapping):
            yield from _figures(value, f"{path}.")
        elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
            texts = (_entry(each) for each in value)
            yield from (((path, text), text) for text in texts)
        elif value is not None and value != []:
            yield (path, ""), str(value)


def _entry(entry: Mapping[str, Any]) -> str:
    """An entry of a list: its fields that say something."""
    return ", ".join(f"{name}={value}" for name, value in entry.items() if value is not None)
