"""What was found in a portfolio or run, in words: the verdict first.

The checker stands alone and says each finding in its own English words; what is found beyond it, and all around, is
said in a language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from matcher.portfolio.result import engine_version
from matcher.reporting import amounts
from matcher.reporting.languages import Table, numerals_of, table_of
from matcher.units import decimal_text, plain
from matcher.verification import BundleReport, Violation
from matcher.verification.bundle import said
from matcher.verification.report import shown

PORTFOLIO = "result.json: portfolio"
"""Where violations are: they are told by themselves, with rule, who and year."""


def verified_lines(found: BundleReport, language: str = "en") -> list[str]:
    """Returns what was found: the verdict, violations, what does not hold, whose word the rest is, and the figures.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    return list(_Speaker(found, language).lines())


def finding_text(code: str, data: Mapping[str, object], written_by: str | None = None, language: str = "en") -> str:
    """Returns a finding as a sentence.

    Parameters
    ----------
    written_by
        Version that wrote the run, where it is another than this one.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    table = table_of(language)["findings"]
    sentence: str = table[code].format(**data)
    if written_by is not None:
        sentence += table["other_version"].format(written=written_by, read=engine_version())
    return sentence


class _Speaker:
    """Says what was found, in one language."""

    def __init__(self, found: BundleReport, language: str) -> None:
        self.found = found
        self.table: Table = table_of(language)["verified"]
        self.numerals = numerals_of(language)
        self.violations = found.report.violations if found.report else ()
        self.off = [each for each in found.findings if not each.ok and each.where != PORTFOLIO]

    def lines(self) -> Iterator[str]:
        """Yields all lines."""
        table, report = self.table, self.found.report
        yield self._verdict()
        yield from (f"  {self._violation(each)}" for each in self.violations)
        yield from (f"  {note}" for note in self.found.notes)
        yield from (f"  {table['failed'].format(finding=said(each))}" for each in self.off)
        words = [each.text for each in self.found.findings if each.word]
        if words:
            yield table["words"]
            yield from (f"  {text}" for text in words)
        if report is not None:
            yield table["figures"]
            for name, each in sorted(report.figures.items()):
                value = self.numerals.written(decimal_text(each))
                yield f"  {table['figure'].format(name=name, value=value, exact=shown(each))}"

    def _verdict(self) -> str:
        """Returns in one line whether all holds."""
        if self.violations:
            broken = self._counted("broken", len(self.violations))
            return self._counted("also_failed", len(self.off), verdict=broken) if self.off else broken
        if self.off:
            return self._counted("checks_failed", len(self.off))
        holding = sum(not each.word for each in self.found.findings)
        if self.found.report is None and holding < len(self.found.findings):
            return self._counted("not_proven", holding)
        verdict = self.table["sound" if self.found.report else "empty"]
        return self._counted("holding", holding, verdict=verdict) if holding else str(verdict)

    def _counted(self, key: str, count: int, **said: str) -> str:
        sentence: str = self.table[key]["one" if count == 1 else "many"]
        return sentence.format(count=amounts.count(count, self.numerals), **said)

    def _violation(self, each: Violation) -> str:
        """Returns a violation as a sentence: rule, who, when, by how much."""
        who = ", ".join(each.who)
        if each.year is not None:
            who = self.table["in_year"].format(who=who, year=each.year)
        sentence: str = self.table["violation"]
        return sentence.format(
            rule=each.rule,
            name=self.table["rules"][each.rule],
            who=who,
            excess=self.numerals.written(plain(each.excess)),
            detail=each.detail,
        )
