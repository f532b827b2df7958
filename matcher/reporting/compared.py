"""A comparison of two portfolios in words, as Markdown that also reads well on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TypeVar

from matcher.comparison.comparison import Comparison, FigureChange, OfferChange, StateChange, coverage_gained
from matcher.reporting import amounts
from matcher.reporting.languages import Table, numerals_of, objective_names, table_of
from matcher.reporting.layout import escaped
from matcher.scenario import FundingOffer, Scenario
from matcher.units import fraction

T = TypeVar("T")
MOST_STATES = 5
"""States named that get more or less of an offer instead; the data hold all."""


def comparison_markdown(before: Scenario, after: Scenario, comparison: Comparison, language: str = "en") -> str:
    """Returns a comparison in a language.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    speaker = ComparisonSpeaker(before, after, language)
    return "\n".join(speaker.lines(comparison)) + "\n"


class ComparisonSpeaker:
    """Says what a comparison holds, in one language."""

    def __init__(self, before: Scenario, after: Scenario, language: str) -> None:
        self.scenarios = (after, before)
        self.table: Table = table_of(language)["compare"]
        self.numerals = numerals_of(language)
        discounts = {scenario.objectives.discount for scenario in self.scenarios}
        # Of scenarios that discount differently, a comparison holds quantities.
        self.names = objective_names(language, discounts.pop() if len(discounts) == 1 else Decimal(1))
        names = {"before": before.title or before.name, "after": after.title or after.name}
        self.title = self.table["title"].format(**names)

    def lines(self, comparison: Comparison) -> Iterator[str]:
        """Yields all lines."""
        table = self.table
        yield f"# {escaped(self.title)}"
        if not comparison.states and not comparison.offers and not comparison.retimed:
            yield from ("", table["same_plan" if comparison.scenarios else "same"])
        yield from self._section("objectives", map(self.objective, comparison.objectives), _alone)
        for key, sign in (("gains", 1), ("loses", -1), ("moves", 0)):
            states = [each for each in comparison.states if sign_of(each) == sign]
            ordered = states[::-1] if key == "loses" else states  # those that lose most first
            yield from self._section(key, ordered, self.state)
        yield from self._section("retimed", map(self._name, comparison.retimed), _alone)
        yield from self._section("offers", comparison.offers, self._offer)
        differences = (
            table["differs"].format(
                path=each.path, before=each.before or table["absent"], after=each.after or table["absent"]
            )
            for each in comparison.scenarios
        )
        yield from self._section("scenarios", differences, _alone)

    def objective(self, each: FigureChange) -> str:
        """Returns one objective, before and after."""
        said = [
            amounts.objective(each.subject, value, self.scenarios[0].currency, self.numerals)
            for value in (each.before, each.after)
        ]
        change = self._changed(said, same=each.before == each.after)
        return str(self.table["objective"].format(name=self.names[each.subject], change=change))

    def _changed(self, said: Sequence[str], same: bool) -> str:
        """A figure before and after; once where both are written alike, whether or not they are the same."""
        if said[0] != said[1]:
            return str(self.table["change"].format(before=said[0], after=said[1]))
        return str(self.table["unchanged" if same else "hardly_changed"].format(value=said[0]))

    def _section(self, key: str, items: Iterable[T], said: Callable[[T], Sequence[str]]) -> Iterator[str]:
        """Yields a heading and the items, the first line of each with the others under it; nothing without items."""
        lines = []
        for item in items:
            first, *others = said(item)
            lines += [f"- {escaped(first)}", *(f"  - {escaped(other)}" for other in others)]
        if lines:
            yield from ("", f"## {self.table[key]}", "", *lines)

    def state(self, each: StateChange) -> list[str]:
        """Returns what is different for a State in one line, then where its offers go or come from."""
        table, currency = self.table, self.scenarios[0].currency
        shares = [
            amounts.share(None if value is None else fraction(value), numerals=self.numerals) for value in each.coverage
        ]
        change = self._changed(shares, same=each.coverage[0] == each.coverage[1])
        parts = [table["state"].format(state=self._name(each.state), change=change)]
        if each.completes[0] != each.completes[1] and None not in each.completes:
            parts.append(table["completes" if each.completes[1] else "no_more"])
        if each.completion_year[0] != each.completion_year[1]:
            before, after = (table["never"] if year is None else str(year) for year in each.completion_year)
            parts.append(table["year"].format(before=before, after=after))
        if each.money[0] != each.money[1]:
            before, after = (amounts.money(amount, currency, self.numerals) for amount in each.money)
            parts.append(table["money"].format(before=before, after=after))
        people = [amounts.count(sum(count for _, count in who), self.numerals) for who in each.people]
        if people[0] != people[1]:
            parts.append(table["people"].format(before=people[0], after=people[1]))
        for key, partners in (("gained", each.partners_gained), ("lost", each.partners_lost)):
            if partners:
                parts.append(table[key].format(partners=", ".join(map(self._provider, partners))))
        why = [self._moved(moved) for moved in each.offers]
        return [table["between"].join(parts), *why, *(table["related"].format(path=path) for path in each.differences)]

    def _moved(self, each: OfferChange) -> str:
        text = self._offered(each.offer, each.before, each.after)
        if not each.instead:
            return text
        states = ", ".join(map(self._name, each.instead[:MOST_STATES]))
        key = "instead" if each.after < each.before else "from"
        return str(self.table[key].format(offer=text, states=states))

    def _name(self, key: str) -> str:
        names = (state.name for scenario in self.scenarios for state in scenario.states if state.id == key)
        return next(names, key)

    def _provider(self, key: str) -> str:
        names = (each.name for scenario in self.scenarios for each in scenario.providers if each.id == key)
        return next(names, key)

    def _offer(self, each: FigureChange) -> list[str]:
        return [self._offered(each.subject, int(each.before), int(each.after))]

    def _offered(self, key: str, before: int, after: int) -> str:
        """What an offer gives before and after."""
        scenario = next(side for side in self.scenarios if any(offer.id == key for offer in side.offers))
        offer = scenario.offer(key)
        said = []
        for amount in (before, after):
            if isinstance(offer, FundingOffer):
                said.append(amounts.money(amount, scenario.currency, self.numerals))
            else:
                said.append(amounts.quantity(amount, scenario.capability(offer.capability).unit, self.numerals))
        name = f"{self._provider(offer.provider)} ({key})"
        return str(self.table["offer"].format(offer=name, before=said[0], after=said[1]))


def _alone(line: str) -> list[str]:
    return [line]


def sign_of(each: StateChange) -> int:
    """1 for a State that gains coverage, -1 for one that loses, 0 else."""
    gained = coverage_gained(each)
    return (gained > 0) - (gained < 0)
