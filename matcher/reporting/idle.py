"""What is offered and not used, and why, in words: lines of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matcher.explanation.idle_findings import Idle
from matcher.reporting import amounts
from matcher.reporting.languages import Table, numerals_of, table_of
from matcher.reporting.layout import escaped
from matcher.scenario import FundingOffer, Scenario


class IdleSpeaker:
    """Says why offers are not used in full, in one language."""

    def __init__(self, scenario: Scenario, language: str) -> None:
        self.scenario = scenario
        self.numerals = numerals_of(language)
        self.table: Table = table_of(language)["idle"]

    def offers(self, found: Sequence[Idle]) -> Iterator[str]:
        """Yields the lines about some offers."""
        for each in found:
            yield f"- {escaped(self._left(each))}"
            first, *others = self._why(each)
            yield f"  - {escaped(first)}"
            yield from (f"    - {escaped(other)}" for other in others)

    def _left(self, each: Idle) -> str:
        provider = self.scenario.provider(self.scenario.offer(each.offer).provider).name
        left, total = self._amount(each, each.total - each.used), self._amount(each, each.total)
        return str(self.table["left"].format(offer=f"{provider} ({each.offer})", left=left, total=total))

    def _why(self, each: Idle) -> Iterator[str]:
        table = self.table
        state = "" if each.state is None else self.scenario.state(each.state).name
        if each.outcome == "barred":
            yield self._barred(each)
            return
        yield str(table[each.outcome].format(state=state, more=self._amount(each, each.more)))
        for reason in each.reasons:
            more = self._amount(each, reason.gain)
            yield str(table["reason"].format(limit=table["limits"][reason.code], more=more))

    def _barred(self, each: Idle) -> str:
        if each.nearest is None:
            return str(self.table["nothing_near"])
        need = self.scenario.need(each.nearest)
        name = f"{need.name or need.id} ({self.scenario.state(need.state).name})"
        rules = ", ".join(self.table["rules"][code] for code in each.rules)
        return str(self.table["barred"].format(need=name, rules=rules))

    def _amount(self, each: Idle, amount: int) -> str:
        offer = self.scenario.offer(each.offer)
        if isinstance(offer, FundingOffer):
            return amounts.money(amount, self.scenario.currency, self.numerals)
        return amounts.quantity(amount, self.scenario.capability(offer.capability).unit, self.numerals)
