"""What a plan leaves and rests on: late completions, weak offers, duties beyond the horizon, contracts, lots."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from matcher.comparison.tally import least_firm, tally
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result
from matcher.reporting import amounts
from matcher.reporting.languages import Table, numerals_of, table_of
from matcher.scenario import Scenario
from matcher.verification import verify
from matcher.verification.report import Obligation


def completing_lines(scenario: Scenario, portfolio: Portfolio, language: str = "en") -> list[str]:
    """Returns how many States complete in time, and how many late: two figures, never added. Nothing if none must.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    table, numerals = table_of(language)["lasting"], numerals_of(language)
    due = [each for each in tally(scenario, portfolio).states.values() if each.completes is not None]
    late = sum(not each.completes and each.completion_year is not None for each in due)
    counts = {"in_time": sum(bool(each.completes) for each in due), "late": late}
    said = {key: amounts.count(value, numerals) for key, value in counts.items()}
    return [table["completing"].format(**said)] if due else []


def lasting_lines(scenario: Scenario, result: Result, language: str = "en") -> list[str]:
    """Returns what a plan leaves and rests on, a line each; nothing of a result without a portfolio.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    return list(_Speaker(scenario, result, language).lines())


class _Speaker:
    """Says what a plan leaves and rests on, in one language."""

    def __init__(self, scenario: Scenario, result: Result, language: str) -> None:
        self.scenario, self.result = scenario, result
        self.table: Table = table_of(language)["lasting"]
        self.numerals = numerals_of(language)

    def lines(self) -> Iterator[str]:
        """Yields the lines, in order."""
        portfolio = self.result.portfolio
        if portfolio is None:
            return
        checked = verify(self.scenario, portfolio)
        yield from self._firmness(portfolio)
        owed = [self._obligation(each) for each in checked.obligations]
        yield self._named("obligations", owed) if owed else str(self.table["no_obligations"])
        yield from self._agreements()
        if checked.set_aside:
            yield self._named("set_aside", [self.scenario.state(key).name for key in checked.set_aside])
        if checked.held:
            yield self._named("held", [self.scenario.state(key).name for key in checked.held])
        for lot in self.result.lots:
            look = self.scenario.state if lot.kind == "states" else self.scenario.provider
            yield self._named("lots", [look(key).name for key in lot.members], seed=self.scenario.seed)

    def _named(self, key: str, names: list[str], **more: object) -> str:
        return str(self.table[key].format(names=self.table["between"].join(names), **more))

    def _firmness(self, portfolio: Portfolio) -> Iterator[str]:
        """For each State that completes, the offer that it may founder on."""
        weakest = [self._weakest(state, offer) for state, offer in least_firm(self.scenario, portfolio).items()]
        if weakest:
            yield self._named("firmness", weakest)

    def _weakest(self, state: str, offer: str) -> str:
        found = self.scenario.offer(offer)
        return str(
            self.table["weakest"].format(
                state=self.scenario.state(state).name,
                offer=offer,
                provider=self.scenario.provider(found.provider).name,
                share=amounts.share(Fraction(found.firmness), numerals=self.numerals),
            )
        )

    def _obligation(self, owed: Obligation) -> str:
        key = "years" if owed.years > 1 else "year"
        text = self.table["obligation"][key].format(
            offer=owed.offer, state=self.scenario.state(owed.state).name, years=owed.years
        )
        if not owed.money:
            return str(text)
        money = amounts.money(owed.money, self.scenario.currency, self.numerals)
        return str(self.table["obligation"]["money"].format(text=text, money=money))

    def _agreements(self) -> Iterator[str]:
        """How few pairs of who pays and who works there are, and of which States it is proven."""
        found = self.result.agreements
        if not found:
            return
        count = amounts.count(sum(each.agreements for each in found), self.numerals)
        breaks = amounts.count(sum(each.breaks for each in found), self.numerals)
        open_states = [self.scenario.state(each.state).name for each in found if not each.proven]
        if open_states:
            yield self._named("agreements", open_states, count=count, breaks=breaks)
        else:
            yield str(self.table["fewest"].format(count=count, breaks=breaks))
