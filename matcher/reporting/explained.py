"""An account of a portfolio in words, addressed to somebody: Markdown that also reads well on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matcher.alternatives.findings import Alternatives
from matcher.explanation.explanation import Explanation
from matcher.portfolio.partnerships import derive_partnerships
from matcher.portfolio.portfolio import Portfolio
from matcher.reporting.alternatives import alternatives_lines
from matcher.reporting.audiences import Audience, asked_of
from matcher.reporting.clocks import clock_lines, curve_lines
from matcher.reporting.idle import IdleSpeaker
from matcher.reporting.layout import escaped
from matcher.reporting.merits import MeritSpeaker
from matcher.reporting.shortfalls import ShortfallSpeaker
from matcher.scenario import Scenario

COMMITTEE = Audience()


def account_markdown(
    scenario: Scenario,
    portfolio: Portfolio,
    account: Explanation,
    language: str = "en",
    audience: Audience = COMMITTEE,
    alternatives: Alternatives | None = None,
) -> str:
    """Returns what is explained of a portfolio in a language, with what concerns the audience.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    teller = _Teller(scenario, portfolio, account, language, audience)
    lines = [*teller.head(), *teller.parts()]
    if alternatives is not None:
        lines += teller.alternatives(alternatives)
    return "\n".join(lines) + "\n"


class _Teller:
    """Tells an account to somebody."""

    def __init__(
        self, scenario: Scenario, portfolio: Portfolio, account: Explanation, language: str, audience: Audience
    ) -> None:
        self.scenario, self.portfolio, self.account = scenario, portfolio, account
        self.language, self.audience = language, audience
        self.speaker = ShortfallSpeaker(scenario, language)

    def head(self) -> Sequence[str]:
        """Returns the title and to whom the text speaks."""
        return self.audience.head(self.scenario, self.speaker)

    def parts(self) -> Iterator[str]:
        """Yields the lines of all parts that were made."""
        made = {
            "clock": self._clocks,
            "why": self._why,
            "why_not": self._why_not,
            "idle": self._idle,
            "curves": self._curves,
        }
        for part, lines in made.items():
            if part in self.account.parts:
                yield from lines()

    def _clocks(self) -> Iterator[str]:
        yield from ("", f"## {self._heading('clocks')}", "")
        for at, each in enumerate(self.account.clocks):
            head = (f"### {escaped(self.scenario.state(each.state).name)}", "")
            yield from ("", *head) if at else head
            yield from clock_lines(self.scenario, each, self.language)
        if not self.account.clocks:
            yield self._heading("nothing")

    def _why(self) -> Iterator[str]:
        yield from ("", f"## {self._heading('why')}")
        partnerships = derive_partnerships(self.scenario, self.portfolio)
        yield from MeritSpeaker(self.scenario, partnerships, self.language).merits(self.account.why)
        if not self.account.why:
            yield from ("", self._heading("no_partnership"))

    def _why_not(self) -> Iterator[str]:
        if self.audience.provider is not None:
            yield from asked_of(self.audience.provider, self.scenario, self.account.why_not, self.speaker)
            return
        table, found = self.speaker.table, self.account.why_not
        yield from ("", f"## {self._heading('remains')}", "", table["opening"])
        if not found:
            yield from ("", table["nothing"])
        for state in dict.fromkeys(each.state for each in found):
            yield from ("", f"### {escaped(self.scenario.state(state).name)}")
            for each in found:
                if each.state == state:
                    yield from ("", *self.speaker.shortfall(each))

    def _idle(self) -> Iterator[str]:
        yield from ("", f"## {self._heading('idle')}", "")
        yield from IdleSpeaker(self.scenario, self.language).offers(self.account.idle)
        if not self.account.idle:
            yield self._heading("no_idle")

    def _curves(self) -> Iterator[str]:
        yield from ("", f"## {self._heading('curves')}")
        if not self.account.curves:
            yield from ("", self._heading("nothing"))
        for each in self.account.curves:
            yield from ("", f"### {escaped(self.scenario.state(each.state).name)}", "")
            yield from curve_lines(self.scenario, each, self.language)

    def alternatives(self, found: Alternatives) -> Iterator[str]:
        """Yields which partnerships are needed and which are a matter of choice, in what concerns the audience."""
        yield from ("", f"## {self._heading('alternatives')}")
        yield from alternatives_lines(self.scenario, found, self.language, self._concerned(found))

    def _concerned(self, found: Alternatives) -> frozenset[str]:
        """States that the audience is concerned with; empty where it is with all."""
        if self.audience.state is not None:
            return frozenset({self.audience.state})
        provider = self.audience.provider
        if provider is None:
            return frozenset()
        return frozenset(each.state for each in found.pairs if provider in (each.financier, each.implementer))

    def _heading(self, key: str) -> str:
        return str(self.speaker.table["audiences"][key])
