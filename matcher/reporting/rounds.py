"""A round in words: what is decided, what each new decision costs and whom, and what is different from before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from matcher.comparison.comparison import Comparison
from matcher.portfolio.result import Result
from matcher.reporting import amounts
from matcher.reporting.compared import ComparisonSpeaker
from matcher.reporting.languages import Table, numerals_of, objective_names, table_of
from matcher.reporting.layout import escaped
from matcher.rounds.decisions import Decision
from matcher.rounds.record import Price, Record
from matcher.scenario import Scenario
from matcher.units import fraction

SOUGHT = frozenset({"completions", "coverage", "worst_off"})
"""Figures of which more is better: where a decision seems to raise them, the reader is told why."""
MOST_LINES = 5
"""States named that a decision costs or helps most, and lines about what is different; the data hold all."""


def round_markdown(
    scenario: Scenario,
    result: Result,
    record: Record,
    since: tuple[Scenario, Comparison] | None = None,
    language: str = "en",
) -> str:
    """Returns a round in a language, as Markdown that also reads well on a terminal.

    Parameters
    ----------
    scenario, result
        What was solved, and what was found.
    since
        The scenario of the round before, and what is different from its portfolio.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    speaker = _Speaker(scenario, record, language)
    lines = [*speaker.head(), *speaker.figures(result), *speaker.decisions(), *speaker.prices()]
    if since is not None:
        before, comparison = since
        lines += speaker.since(before, comparison)
    return "\n".join(lines) + "\n"


class _Speaker:
    """Says what a round's record holds, in one language."""

    def __init__(self, scenario: Scenario, record: Record, language: str) -> None:
        self.scenario, self.record, self.language = scenario, record, language
        self.table: Table = table_of(language)["rounds"]
        self.numerals = numerals_of(language)

    def head(self) -> Iterator[str]:
        """Yields the title and how the round was planned."""
        name = escaped(self.scenario.title or self.scenario.name)
        yield f"# {self.table['title'].format(number=self.record.number, scenario=name)}"
        yield from ("", self.table[self.record.mode])

    def figures(self, result: Result) -> Iterator[str]:
        """Yields what the plan comes to, and what could at best be."""
        table, said = self.table, objective_names(self.language, self.scenario.objectives.discount)
        last = {stage.objective: stage for stage in result.stages}  # of an objective that comes again, the last
        unproven = {name: stage for name, stage in last.items() if not stage.solved and stage.bound is not None}
        yield from ("", f"## {table['figures']}", "")
        for each in result.figures:
            value = amounts.objective(each.objective, each.exact, self.scenario.currency, self.numerals)
            line = table["figure"].format(name=said[each.objective], value=value)
            if each.objective in unproven:
                most = amounts.bound(unproven[each.objective], self.scenario.currency, self.numerals)
                if most != value:  # what is written alike leaves nothing to hope for
                    line = table["at_best"].format(figure=line, value=most)
            yield f"- {line}"

    def decisions(self) -> Iterator[str]:
        """Yields what stands, and what does not any more."""
        table, record = self.table, self.record
        yield from ("", f"## {table['standing']}", "")
        for each in record.standing:
            said = self._said(each.decision)
            yield f"- {table['decision'].format(number=each.number, said=said, round=each.round)}"
        if not record.standing:
            yield table["nothing"]
        if record.taken_back:
            yield from ("", table["taken_back"].format(numbers=", ".join(map(str, record.taken_back))))

    def prices(self) -> Iterator[str]:
        """Yields what each new decision costs."""
        record, table = self.record, self.table
        if not record.prices:
            return
        yield from ("", f"## {table['prices']}", "", table["without"])
        for price in record.prices:
            decision = next(each.decision for each in record.standing if each.number == price.number)
            yield from ("", f"### {table['price'].format(number=price.number, said=self._said(decision))}", "")
            yield from self._price(price)

    def _price(self, price: Price) -> Iterator[str]:
        comparison, table = price.comparison, self.table
        speaker = ComparisonSpeaker(self.scenario, self.scenario, self.language)
        moved = [each for each in comparison.objectives if each.before != each.after]
        if not moved and not comparison.states:
            yield table["free"]
        yield from (f"- {speaker.objective(each)}" for each in moved if each.subject != "disruption")
        people = [sum(sum(count for _, count in who.people[side]) for who in comparison.states) for side in (0, 1)]
        if people[0] != people[1]:
            before, after = (amounts.count(each, speaker.numerals) for each in people)
            yield f"- {table['people'].format(before=before, after=after)}"
        states = [speaker.state(each)[0] for each in comparison.states]
        hardest = states[::-1]  # those that lose most come first
        yield from _few((f"- {escaped(each)}" for each in hardest), table["more"])
        better = any(fraction(each.after) > fraction(each.before) for each in moved if each.subject in SOUGHT)
        if better and self.record.mode == "repair":
            yield from ("", table["gained"])
        if not price.proven:
            yield from ("", table["open"])

    def since(self, before: Scenario, comparison: Comparison) -> Iterator[str]:
        """Yields what is different from the round before."""
        speaker = ComparisonSpeaker(before, self.scenario, self.language)
        yield from ("", f"## {self.table['since']}")
        _, *lines = speaker.lines(comparison.model_copy(update={"scenarios": ()}))
        yield from (f"#{line}" if line.startswith("#") else line for line in lines)

    def _said(self, decision: Decision) -> str:
        return escaped(self.table["kinds"][decision.kind].format(said=decision.said))


def _few(lines: Iterable[str], more: str) -> Iterator[str]:
    """The first lines, and how many more there are."""
    all_of_them = list(lines)
    yield from all_of_them[:MOST_LINES]
    if len(all_of_them) > MOST_LINES:
        yield f"- {more.format(count=len(all_of_them) - MOST_LINES)}"
