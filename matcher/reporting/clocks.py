"""Completion clocks and value curves in words: lines of Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from matcher.explanation.clock_findings import Clock, Curve, CurvePoint, Curves, Earliest
from matcher.reporting import amounts
from matcher.reporting.languages import Table, numerals_of, table_of
from matcher.reporting.layout import escaped, markdown_table
from matcher.scenario import Scenario
from matcher.units import fraction, outward

PLACES = 2
"""Decimal places of a percentage: a step is about a hundredth of what is missing."""


def clock_lines(scenario: Scenario, clock: Clock, language: str = "en") -> list[str]:
    """Returns by when a State completes, under the portfolio, at the earliest, and alone.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    return list(_Speaker(scenario, language).clock(clock))


def curve_lines(scenario: Scenario, curves: Curves, language: str = "en") -> list[str]:
    """Returns what ever more of each thing would be worth to a State.

    That is a heading and a small table each, and one line for all of which more would gain nothing.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    return list(_Speaker(scenario, language).curves(curves))


class _Speaker:
    """Says what clocks and curves hold, in one language."""

    def __init__(self, scenario: Scenario, language: str) -> None:
        self.scenario = scenario
        self.table: Table = table_of(language)["clocks"]
        self.numerals = numerals_of(language)
        self.discounted = scenario.objectives.discount != 1

    def clock(self, clock: Clock) -> Iterator[str]:
        """Yields the lines of a clock."""
        state, last = self.scenario.state(clock.state), self.scenario.horizon.last
        if clock.within is None or clock.alone is None:
            yield escaped(self.table["nothing"].format(state=state.name))
            return
        key = "open" if clock.year is None else "in_time" if clock.year <= clock.deadline else "late"
        if key == "late" and str(state.deadline)[:4] != str(clock.deadline):  # a date before the end of its year
            key = "late_date"
        said = (
            self.table[key].format(year=clock.year, deadline=state.deadline, least=clock.deadline, last=last),
            self._earliest("within", clock.within),
            self._earliest("alone", clock.alone),
        )
        yield from (f"- {escaped(line[:1].upper() + line[1:])}." for line in said)

    def _earliest(self, key: str, found: Earliest) -> str:
        proven, open_end = ("never", "unknown") if found.year is None else ("known", "found")
        text = self.table[key][proven if found.proven else open_end]
        return str(text.format(year=found.year, least=found.least, last=self.scenario.horizon.last))

    def curves(self, curves: Curves) -> Iterator[str]:
        """Yields the lines of a State's curves."""
        for curve in curves.curves:
            if curve.saturation != 0:
                yield from self._curve(curve)
        idle = [self._head(curve) for curve in curves.curves if curve.saturation == 0]
        if idle:
            kinds = self.table["between"].join(head[:1].lower() + head[1:] for head in idle)
            yield from (escaped(self.table["idle"].format(kinds=kinds)), "")

    def _head(self, curve: Curve) -> str:
        capability = "" if curve.capability is None else self.scenario.capability(curve.capability).name
        return str(self.table["heads"][curve.resource].format(capability=capability))

    def _curve(self, curve: Curve) -> Iterator[str]:
        """Yields the lines of a curve: a heading, a table, and what still more would gain."""
        table = self.table
        yield from (f"**{escaped(self._head(curve))}**", "")
        names = table["columns"]
        first = names["time" if curve.resource == "time" else "amount"]
        rows = [(self._amount(curve, each), self._completes(each), self._coverage(each)) for each in curve.points]
        share = names["discounted" if self.discounted else "coverage"]
        yield from markdown_table((first, names["completes"], share), rows, frozenset({0, 2}))
        yield from ("", escaped(self._end(curve)), "")

    def _end(self, curve: Curve) -> str:
        """What still more would gain."""
        saturation, most = curve.saturation, curve.most
        if saturation is not None:
            key = "saturated_time" if curve.resource == "time" else "saturated"
            at = next(each for each in curve.points if each.amount == saturation)
            return str(self.table[key].format(amount=self._amount(curve, at)))
        if most.could_complete and not curve.points[-1].completes:
            return str(self.table["uncompleted"].format(state=self.scenario.state(curve.state).name))
        key = "unsaturated_discounted" if self.discounted else "unsaturated"
        return str(self.table[key].format(bound=self._bound(most)))

    def _amount(self, curve: Curve, point: CurvePoint) -> str:
        if curve.resource == "time":
            state = self.scenario.state(curve.state)
            return str(state.last_year + point.amount if point.amount else state.deadline)
        if not point.amount:
            return str(self.table["none"])
        if curve.capability is None:
            return amounts.money(point.amount, self.scenario.currency, self.numerals)
        return amounts.quantity(point.amount, self.scenario.capability(curve.capability).unit, self.numerals)

    def _completes(self, point: CurvePoint) -> str:
        if point.completes is None:
            key = "none"
        else:
            key = "yes" if point.completes else "unknown" if point.could_complete else "no"
        return str(self.table["completes"][key])

    def _coverage(self, point: CurvePoint) -> str:
        """The share met, rounded down, and the most that it could be where that is not proven."""
        share = amounts.share(fraction(point.coverage), PLACES, self.numerals)
        return share if point.proven else str(self.table["at_most"].format(share=share, bound=self._bound(point)))

    def _bound(self, point: CurvePoint) -> str:
        """The most that the share could be, rounded up."""
        most = outward(fraction(point.coverage_bound), Fraction(1, 100 * 10**PLACES), up=True)
        return amounts.share(most, PLACES, self.numerals)
