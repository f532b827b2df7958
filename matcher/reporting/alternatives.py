"""Near-optimal alternatives in words: which partnerships are needed, and which are a matter of choice, as Markdown."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction

from matcher.alternatives.findings import Alternative, Alternatives, Pair, Partner, Standing
from matcher.reporting import amounts
from matcher.reporting.languages import Table, numerals_of, objective_names, table_of
from matcher.reporting.layout import escaped, markdown_table
from matcher.scenario import Scenario
from matcher.scenario.objectives import weighted_sum
from matcher.units import decimal_text, fraction, plain


def alternatives_lines(
    scenario: Scenario, alternatives: Alternatives, language: str, states: Collection[str] = ()
) -> Iterator[str]:
    """Yields what the alternatives hold in a language, as a section of a longer text, about some States or all.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    speaker = _Speaker(scenario, alternatives, language)
    yield from speaker.whole()
    for state in scenario.states:
        if not states or state.id in states:
            yield from speaker.state(state.id, state.name)


class _Speaker:
    """Says what the alternatives hold, in one language."""

    def __init__(self, scenario: Scenario, alternatives: Alternatives, language: str) -> None:
        self.scenario, self.found = scenario, alternatives
        self.table: Table = table_of(language)["alternatives"]
        self.names = objective_names(language, scenario.objectives.discount)
        self.numerals = numerals_of(language)
        self.provider = {each.id: each.name for each in scenario.providers}

    def whole(self) -> Iterator[str]:
        """Yields what there is of alternatives, and how far they are apart."""
        table, found = self.table, self.found
        others = len(found.portfolios) - 1
        objectives = ", ".join(self.names[name] for name in self._named())
        said = {"count": self._count(others), "tolerance": self._tolerance(), "objectives": objectives}
        yield from ("", table["opening" if others else "alone"].format(**said))
        if found.why != "reached":
            yield from ("", table["why"][found.why].format(asked=self._count(found.count_asked)))
        yield from ("", *self._portfolios(), "", table["reading"])

    def _tolerance(self) -> str:
        """The tolerance as a percentage, to its last digit."""
        text = decimal_text(Fraction(self.found.tolerance) * 100, 10).rstrip("0").rstrip(".")
        return f"{self.numerals.written(text)}\N{NO-BREAK SPACE}%"

    def _portfolios(self) -> list[str]:
        """The table of the portfolios: their objectives, and how far they are from the proposed one."""
        table, named = self.table, self._named()
        head = [table["head"]["portfolio"], *(self.names[name] for name in named)]
        head += [table["head"]["pairs"], table["head"]["apart"]]
        rows = [
            [
                str(at) if at else table["proposed"],
                *(self._figure(each, name) for name in named),
                self._count(each.pairs),
                self._count(each.from_first),
            ]
            for at, each in enumerate(self.found.portfolios)
        ]
        return markdown_table(head, rows, frozenset(range(1, len(head))))

    def _named(self) -> list[str]:
        """Objectives that are held, each once: one may be pursued more than once."""
        return list(dict.fromkeys(each.objective for each in self.found.bounds))

    def _figure(self, each: Alternative, name: str) -> str:
        figures = {figure.objective: fraction(figure.exact) for figure in each.figures}
        blends = {goal.name: goal for goal in self.scenario.order() if goal.blend}
        if name == "weighted":
            found = weighted_sum(self.scenario.objectives.weights or (), figures)
        elif name in blends:
            found = blends[name].figure(figures)
        else:
            found = figures.get(name, Fraction(0))
        return amounts.objective(name, plain(found), self.scenario.currency, self.numerals)

    def state(self, key: str, name: str) -> Iterator[str]:
        """Yields the pairs of a State, partners that it needs with whomever, and what else the rules allow."""
        pairs = [each for each in self.found.pairs if each.state == key]
        partners = [each for each in self._alone(pairs) if each.state == key]
        unused = [each.pairs for each in self.found.unused if each.state == key]
        if not pairs and not unused:
            return
        yield from ("", f"### {escaped(name)}")
        if pairs:
            head = [self.table["state"][column] for column in ("financier", "implementer", "share", "meaning")]
            yield from ("", *markdown_table(head, [self._row(each) for each in pairs], frozenset({2})))
        if partners:
            said = (
                self.table["partner"][each.role].format(name=self.provider[each.provider], meaning=self._meaning(each))
                for each in partners
            )
            yield from ("", *(f"- {escaped(line)}" for line in said))
        for count in unused:
            yield from ("", self.table["unused"].format(count=self._count(count)))

    def _alone(self, pairs: list[Pair]) -> Iterator[Partner]:
        """Yields partners that all portfolios have although no pair of theirs is in all."""
        fixed = {("pays", each.financier) for each in pairs if each.verdict == "no_regret"}
        fixed |= {("works", each.implementer) for each in pairs if each.verdict == "no_regret"}
        for each in self.found.partners:
            if each.verdict == "no_regret" and (each.role, each.provider) not in fixed:
                yield each

    def _row(self, each: Pair) -> list[str]:
        payer = self.table["in_kind"] if each.financier is None else self.provider[each.financier]
        return [payer, self.provider[each.implementer], each.share, self._meaning(each)]

    def _meaning(self, each: Standing) -> str:
        if each.verdict == "contested":
            return str(self.table["verdict"]["contested" if each.witness is None else "witness"])
        return str(self.table["verdict"][each.needed])

    def _count(self, value: int) -> str:
        return amounts.count(value, self.numerals)
