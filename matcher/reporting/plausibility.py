"""How like a real programme a portfolio is, in words: lines of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from matcher.comparison.plausibility import Link, Part, Plausibility, YearlyChange
from matcher.reporting import amounts
from matcher.reporting.languages import Table, numerals_of, table_of
from matcher.reporting.layout import escaped, markdown_table
from matcher.reporting.sheets import need_name
from matcher.scenario import Scenario

MOST = 5
"""Names told of one kind; how many more there are is said."""


def plausibility_lines(scenario: Scenario, found: Plausibility, language: str = "en") -> list[str]:
    """Returns a section: a heading, a table of the figures beside history, and who or what is behind them.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    speaker = _Speaker(scenario, language)
    table = speaker.table
    columns, history = table["columns"], table["history"]
    rows = [
        (str(table["names"][key]), cell, str(history.get(key, table["none"])))
        for key, cell in speaker.cells(found).items()
    ]
    head = (columns["figure"], columns["here"], columns["history"])
    named = [
        f"- {escaped(table['named'].format(what=table['witnesses'][key], names=speaker.some(names)))}"
        for key, names in speaker.witnesses(found).items()
        if names
    ]
    lines = [f"## {escaped(table['title'])}", "", escaped(table["opening"]), ""]
    return [*lines, *markdown_table(head, rows, frozenset({1})), *(["", *named] if named else [])]


def plausibility_cells(scenario: Scenario, found: Plausibility, language: str = "en") -> dict[str, tuple[str, str]]:
    """Returns each figure by its key, as its name and its value in words: for who sets several portfolios side by side.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    speaker = _Speaker(scenario, language)
    return {key: (str(speaker.table["names"][key]), cell) for key, cell in speaker.cells(found).items()}


def plausibility_witnesses(scenario: Scenario, found: Plausibility, language: str = "en") -> Iterator[tuple[str, str]]:
    """Yields what is behind the figures, all of it: what it is, and the names; kinds without any are left out.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    speaker = _Speaker(scenario, language)
    for key, names in speaker.witnesses(found).items():
        if names:
            yield str(speaker.table["witnesses"][key]), str(speaker.table["between"]).join(names)


class _Speaker:
    """Says how like a real programme a portfolio is, in one language."""

    def __init__(self, scenario: Scenario, language: str) -> None:
        self.scenario, self.language = scenario, language
        self.table: Table = table_of(language)["plausibility"]
        self.numerals = numerals_of(language)

    def cells(self, found: Plausibility) -> dict[str, str]:
        """Returns the figures by key; of the year before the horizon only where something is known of it."""
        whole = found.lasting.whole
        cells = {
            "completing": str(
                self.table["completing"].format(
                    in_time=len(found.in_time), late=len(found.late), never=len(found.incomplete)
                )
            ),
            "lasting": self._share(found.lasting.share),
            "finishing": self._share(Part(found.finishing, whole).share),
            "recent": self._share(Part(found.recent, whole).share),
            "one_year": self._part(found.one_year, shared=True),
            "broken_links": self._part(Part(len(found.broken_links), found.links), shared=True),
            "broken_groups": self._part(found.broken_groups, shared=True),
            "cuts": self._part(Part(len(found.cuts), found.funded_pairs), shared=True),
            "rises": self._part(Part(len(found.rises), found.funded_twice), shared=True),
            "kept": self._part(found.continued, shared=True),
            "carried": self._part(Part(len(found.carried), len(found.largest))),
            "median_largest": self._share(found.median_largest),
            "top_recipients": self._share(found.top_recipients.share),
            "unused": amounts.count(len(found.unused), self.numerals),
            "unused_private": amounts.count(len(found.unused_private), self.numerals),
            "near": self._part(found.near),
            "crumbs": amounts.count(len(found.crumbs), self.numerals),
        }
        unknown = {key for key, part in (("kept", found.continued), ("near", found.near)) if not part.whole}
        return {key: cell for key, cell in cells.items() if key not in unknown}

    def witnesses(self, found: Plausibility) -> dict[str, list[str]]:
        """Returns who or what is behind the figures, by key; of cuts and rises the largest first."""
        largest = sorted(found.carried, key=lambda each: (-each.share, each.state))
        falling = sorted(found.cuts, key=lambda each: (each.after - each.before, each.state, each.year))
        rising = sorted(found.rises, key=lambda each: (each.before - each.after, each.state, each.year))
        return {
            "late": [self.scenario.state(key).name for key in found.late],
            "broken_links": [self._link(each) for each in found.broken_links],
            "cuts": [self._change(each) for each in falling],
            "rises": [self._change(each) for each in rising],
            "dropped": [self._link(each) for each in found.dropped],
            "carried": [
                str(
                    self.table["largest"].format(
                        state=self.scenario.state(each.state).name,
                        share=self._share(each.share),
                        provider=self.scenario.provider(each.provider).name,
                    )
                )
                for each in largest
            ],
            "unused": [self.scenario.provider(key).name for key in found.unused],
            "unused_private": [self.scenario.provider(key).name for key in found.unused_private],
            "crumbs": [self._need(key) for key in found.crumbs],
        }

    def some(self, names: Sequence[str]) -> str:
        """Returns the first names in one line, and how many more there are."""
        told = list(names[:MOST])
        if len(names) > MOST:
            told.append(str(self.table["more"].format(count=amounts.count(len(names) - MOST, self.numerals))))
        return str(self.table["between"]).join(told)

    def _part(self, part: Part, *, shared: bool = False) -> str:
        """So many of so many, and the share if it says more; a dash of nothing."""
        if not part.whole:
            return str(self.table["none"])
        count, whole = (amounts.count(value, self.numerals) for value in (part.count, part.whole))
        key = "part_share" if shared else "part"
        return str(self.table[key].format(count=count, whole=whole, share=self._share(part.share)))

    def _share(self, value: Fraction | None) -> str:
        return str(self.table["none"]) if value is None else amounts.share(value, numerals=self.numerals)

    def _link(self, link: Link) -> str:
        provider, state = self.scenario.provider(link.provider).name, self.scenario.state(link.state).name
        return str(self.table["link"].format(provider=provider, state=state))

    def _change(self, change: YearlyChange) -> str:
        before, after = (
            amounts.money(value, self.scenario.currency, self.numerals) for value in (change.before, change.after)
        )
        name = self.scenario.state(change.state).name
        return str(self.table["change"].format(state=name, year=change.year, before=before, after=after))

    def _need(self, key: str) -> str:
        state = self.scenario.state(self.scenario.need(key).state).name
        return str(self.table["need"].format(need=need_name(self.scenario, key, self.language), state=state))
