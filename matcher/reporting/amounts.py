"""Numbers for people: money, quantities, shares and years as text."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

from matcher.portfolio.result import Stage
from matcher.scenario import Currency, Years
from matcher.scenario.objectives import OBJECTIVES, Unit, is_few
from matcher.units import decimal_text, fraction, outward

NONE = "-"
"""Stands where there is nothing to show."""
PLACES = 4
"""Decimal places of other objectives."""


@dataclass(frozen=True)
class Numerals:
    """How a language writes numbers."""

    thousands: str = ","
    """What stands between groups of three digits."""
    decimal: str = "."
    """What stands before the decimal places."""
    money: str = "{code} {amount}"
    """Where the code of the currency stands."""
    unknown: str = "unknown"
    """What stands in place of a number that is not known."""

    def written(self, text: str) -> str:
        """Returns a number, written as Python groups digits, as the language writes it."""
        return "".join({",": self.thousands, ".": self.decimal}.get(letter, letter) for letter in text)


ENGLISH = Numerals()


def count(value: int, numerals: Numerals = ENGLISH) -> str:
    """Returns a whole number with thousands separators."""
    return numerals.written(f"{value:,}")


def money(amount: int, currency: Currency, numerals: Numerals = ENGLISH) -> str:
    """Returns minor units as an amount of the currency, with thousands separators."""
    scale = 10**currency.decimals
    whole, rest = divmod(abs(amount), scale)
    cents = f".{rest:0{currency.decimals}d}" if currency.decimals else ""
    written = numerals.written(f"{'-' if amount < 0 else ''}{whole:,}{cents}")
    return numerals.money.format(code=currency.code, amount=written)


def quantity(units: int, unit: str, numerals: Numerals = ENGLISH) -> str:
    """Returns a quantity with thousands separators and its unit."""
    return f"{count(units, numerals)} {unit}"


def share(value: Fraction | None, places: int = 1, numerals: Numerals = ENGLISH) -> str:
    """Returns a share as a percentage, rounded down so that 100 % means all."""
    if value is None:
        return NONE
    step = Fraction(1, 100 * 10**places)
    return f"{numerals.written(decimal_text(value // step * step * 100, places))} %"


def gap(value: float | Decimal | None, numerals: Numerals = ENGLISH) -> str:
    """Returns a relative gap as a percentage, rounded up so that 0 % means none."""
    if value is None:
        return numerals.unknown
    percent = (Decimal(str(value)) * 100).quantize(Decimal("0.01"), rounding=ROUND_CEILING)
    return f"{numerals.written(f'{percent:f}'.rstrip('0').rstrip('.'))} %"


def gap_of(stage: Stage, numerals: Numerals = ENGLISH) -> str:
    """Returns the gap of an objective: a percentage, but of counts near zero how many there are between the two."""
    if stage.gap and stage.bound is not None:
        value, best = fraction(stage.exact), fraction(stage.bound)
        if is_few(stage.objective, value, best):
            return _number(outward(abs(best - value), _step(stage.objective), up=True), numerals)
    return gap(stage.gap, numerals)


def years(run: Years | tuple[int, int]) -> str:
    """Returns a run of years, as one year where it is one."""
    first, last = (run.first, run.last) if isinstance(run, Years) else run
    return str(first) if first == last else f"{first}-{last}"


def objective(name: str, value: str | None, currency: Currency, numerals: Numerals = ENGLISH) -> str:
    """Returns the value of an objective in the words that suit it."""
    return numerals.unknown if value is None else _figure(name, fraction(value), currency, numerals)


def bound(stage: Stage, currency: Currency, numerals: Numerals = ENGLISH) -> str:
    """Returns the bound of an objective, rounded away from its value; the value itself where that is the best."""
    if stage.bound is None or stage.gap == 0:
        return objective(stage.objective, None if stage.bound is None else stage.exact, currency, numerals)
    holding = outward(fraction(stage.bound), _step(stage.objective), up=stage.sense == "max")
    return _figure(stage.objective, holding, currency, numerals)


def _step(name: str) -> Fraction:
    """In what steps an objective is written: minor units, tenths of a per cent, or ten-thousandths."""
    return {"money": Fraction(1), "share": Fraction(1, 1000)}.get(_unit(name), Fraction(1, 10**PLACES))


def _unit(name: str) -> Unit:
    """What an objective counts, or all parts of a blend do; the sum of several things counts weights."""
    units = {OBJECTIVES[part.split(" ")[-1]].unit for part in name.split(" + ") if part.split(" ")[-1] in OBJECTIVES}
    return units.pop() if len(units) == 1 else "weight"


def _figure(name: str, exact: Fraction, currency: Currency, numerals: Numerals) -> str:
    if _unit(name) == "money":
        return money(round(exact), currency, numerals)
    if _unit(name) == "share":
        return share(exact, numerals=numerals)
    return _number(exact, numerals)


def _number(exact: Fraction, numerals: Numerals) -> str:
    text = f"{Decimal(decimal_text(exact, PLACES)):,}"
    return numerals.written(text.rstrip("0").rstrip("."))
