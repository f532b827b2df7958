"""In what other units an analyst may have written a figure, and by what factor it is then off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

SQUARE_METRES = {
    "m2": 1,
    "m²": 1,
    "square metre": 1,
    "hectare": 10_000,
    "ha": 10_000,
    "km2": 10**6,
    "km²": 10**6,
    "square kilometre": 10**6,
}
"""Square metres in one unit of area, by the ways in which a scenario may name it."""
_AREAS = (("m2", 1), ("hectares", 10_000), ("km2", 10**6))


@dataclass(frozen=True)
class Intent:
    """One way in which a figure can have been written in another unit."""

    code: str
    """Code of the unit that was probably meant."""
    off: Fraction
    """What was written, divided by what was meant."""
    unit: str = ""
    """The other unit, where there is one to name."""
    penalty: float = 0.0
    """By how much better a rarer slip must explain what is odd (natural logarithm of odds)."""

    @property
    def small(self) -> bool:
        """Whether it is off by less than what many honest figures differ by."""
        return Fraction(1, 20) < self.off < 20


def _pair(code: str, off: Fraction, unit: str = "", penalty: float = 0.0) -> tuple[Intent, Intent]:
    """Returns an intent and its opposite: a conversion made once too often."""
    return Intent(code, off, unit, penalty), Intent("converted_twice", 1 / off, unit, penalty)


def area_of(unit: str) -> int | None:
    """Returns the square metres in a unit of area; None for any other unit."""
    name = unit.strip().casefold()
    return SQUARE_METRES.get(name, SQUARE_METRES.get(name.rstrip("s")))


def is_months(unit: str) -> bool:
    """Returns whether work is counted in months, as expert-months are."""
    return re.search(r"\bmonths?\b", unit.casefold()) is not None


@cache
def money_intents(currency: str, decimals: int, *, yearly: bool) -> tuple[Intent, ...]:
    """Returns the slips of an amount of money in minor units: thousands, millions, whole units, months."""
    found = [*_pair("thousands", Fraction(1, 1000), currency), *_pair("millions", Fraction(1, 10**6), currency, 1.0)]
    if decimals:
        found += _pair("whole_units", Fraction(1, 10**decimals), currency, 0.5)
    return (*found, *(_per_month() if yearly else ()))


@cache
def work_intents(unit: str, *, yearly: bool) -> tuple[Intent, ...]:
    """Returns the slips of a quantity: other units of area, years for months, months for a year."""
    declared = area_of(unit)
    found: list[Intent] = []
    for name, size in _AREAS if declared else ():
        if size != declared:
            found += _pair("other_unit", Fraction(declared or 1, size), name, 1.0 if name == "km2" else 0.0)
    if is_months(unit):
        found += _pair("months_or_years" if yearly else "years_for_months", Fraction(1, 12), penalty=0.5)
    elif yearly:
        found += _per_month()
    return _distinct(found)


@cache
def price_intents(unit: str, currency: str, decimals: int) -> tuple[Intent, ...]:
    """Returns the slips of a price: thousands, or the price of a hectare, a square kilometre, a year."""
    declared = area_of(unit)
    found = [*_pair("thousands", Fraction(1, 1000), currency)]
    for name, size in _AREAS if declared else ():
        if size != declared:
            found += _pair("price_of_other", Fraction(size, declared or 1), name, 1.0 if name == "km2" else 0.0)
    if is_months(unit):
        found += _pair("price_of_year", Fraction(12), penalty=0.5)
    if decimals:
        found += _pair("whole_units", Fraction(1, 10**decimals), currency, 0.5)
    return _distinct(found)


def _per_month() -> tuple[Intent, Intent]:
    return _pair("per_month", Fraction(1, 12), penalty=0.5)


def _distinct(intents: list[Intent]) -> tuple[Intent, ...]:
    """Returns one intent for each factor: a unit mistaken rather than a conversion made twice."""
    found: dict[Fraction, Intent] = {}
    for each in sorted(intents, key=lambda each: each.code == "converted_twice"):
        found.setdefault(each.off, each)
    return tuple(found.values())
