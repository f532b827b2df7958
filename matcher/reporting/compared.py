"""A comparison of two portfolios in words, as Markdown that also reads well on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from matcher.explanation import Comparison, Moved, StateMoved
from matcher.reporting import amounts
from matcher.reporting.languages import Table, table_of
from matcher.reporting.layout import escaped
from matcher.scenario import FundingOffer, Scenario
from matcher.units import fraction


def comparison_markdown(before: Scenario, after: Scenario, comparison: Comparison, language: str = "en") -> str:
    """Returns a comparison in a language.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    return "\n".join(_Speaker(before, after, table_of(language)["compare"]).lines(comparison)) + "\n"


class _Speaker:
    """Says what a comparison holds, in one language."""

    def __init__(self, before: Scenario, after: Scenario, table: Table) -> None:
        self.scenarios = (after, before)
        self.table = table
        self.title = table["title"].format(before=before.title or before.name, after=after.title or after.name)

    def lines(self, comparison: Comparison) -> Iterator[str]:
        """Yields all lines."""
        table, currency = self.table, self.scenarios[0].currency
        yield f"# {escaped(self.title)}"
        if not comparison.states and not comparison.offers and not comparison.scenarios:
            yield from ("", table["same"])
        objectives = (
            table["objective"].format(
                name=table["names"][each.subject],
                before=amounts.objective(each.subject, each.before, currency),
                after=amounts.objective(each.subject, each.after, currency),
            )
            for each in comparison.objectives
        )
        yield from self._section("objectives", objectives)
        for key, sign in (("gains", 1), ("loses", -1), ("moves", 0)):
            states = [each for each in comparison.states if _sign(each) == sign]
            ordered = states[::-1] if key == "loses" else states  # those that lose most first
            yield from self._section(key, map(self._state, ordered))
        yield from self._section("offers", map(self._offer, comparison.offers))
        differences = (
            table["differs"].format(
                path=each.path, before=each.before or table["absent"], after=each.after or table["absent"]
            )
            for each in comparison.scenarios
        )
        yield from self._section("scenarios", differences)

    def _section(self, key: str, items: Iterable[str]) -> Iterator[str]:
        lines = [f"- {escaped(item)}" for item in items]
        if lines:
            yield from ("", f"## {self.table[key]}", "", *lines)

    def _state(self, each: StateMoved) -> str:
        table, currency = self.table, self.scenarios[0].currency
        shares = [amounts.share(fraction(value)) for value in each.coverage]
        parts = [table["state"].format(state=self._name(each.state), before=shares[0], after=shares[1])]
        if each.completes[0] != each.completes[1] and None not in each.completes:
            parts.append(table["completes" if each.completes[1] else "no_more"])
        if each.money[0] != each.money[1]:
            before, after = (amounts.money(amount, currency) for amount in each.money)
            parts.append(table["money"].format(before=before, after=after))
        for key, partners in (("gained", each.partners_gained), ("lost", each.partners_lost)):
            if partners:
                parts.append(table[key].format(partners=", ".join(map(self._provider, partners))))
        return "; ".join(parts)

    def _name(self, key: str) -> str:
        names = (state.name for scenario in self.scenarios for state in scenario.states if state.id == key)
        return next(names, key)

    def _provider(self, key: str) -> str:
        names = (each.name for scenario in self.scenarios for each in scenario.providers if each.id == key)
        return next(names, key)

    def _offer(self, each: Moved) -> str:
        key = each.subject
        scenario = next(side for side in self.scenarios if any(offer.id == key for offer in side.offers))
        offer = scenario.offer(key)
        said = []
        for amount in (int(each.before), int(each.after)):
            if isinstance(offer, FundingOffer):
                said.append(amounts.money(amount, scenario.currency))
            else:
                said.append(amounts.quantity(amount, scenario.capability(offer.capability).unit))
        name = f"{self._provider(offer.provider)} ({key})"
        return str(self.table["offer"].format(offer=name, before=said[0], after=said[1]))


def _sign(each: StateMoved) -> int:
    """1 for a State that gains coverage, -1 for one that loses, 0 else."""
    before, after = (fraction(value) for value in each.coverage)
    return (after > before) - (after < before)
