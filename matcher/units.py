"""Exact numbers: minor currency units, granules, and ratios.

Money is an ``int`` of minor currency units, quantities are ``int`` of capability units, ratios
(weights, shares, prices per unit, exchange rates) are :class:`decimal.Decimal` with at most 15
significant digits, so that they survive a journey through JSON unchanged. Nothing here is a float.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

MAX_MONEY = 10**13
"""Largest amount of money in one field, in minor units."""
MAX_WORTH = 10**14
"""Largest amount of money that all work for one need may cost, in minor units."""
MAX_QUANTITY = 10**12
"""Largest quantity in one field, in units of the capability."""
RATIO_DIGITS = 15
"""Most significant digits of a ratio: more would not survive a double in a JSON reader."""
RATIO_DECIMALS = 12
"""Most decimal places of a ratio."""


def floor_share(amount: int, ratio: Decimal | Fraction) -> int:
    """Returns ``amount * ratio``, rounded down to a whole unit."""
    share = Fraction(ratio)
    return amount * share.numerator // share.denominator


def ceil_share(amount: int, ratio: Decimal | Fraction) -> int:
    """Returns ``amount * ratio``, rounded up to a whole unit."""
    return -floor_share(-amount, ratio)


def plain(ratio: Decimal | Fraction) -> str:
    """Returns a fraction as ``p/q``, or as a plain integer where it is one."""
    value = Fraction(ratio)
    numerator = _digits(value.numerator)
    return numerator if value.denominator == 1 else f"{numerator}/{_digits(value.denominator)}"


def _digits(value: int) -> str:
    """Returns all digits of a number: `str` refuses more than 4,300, and sums of many fractions have more."""
    return str(Decimal(value))


def fraction(text: str) -> Fraction:
    """Returns the number that `plain` or `decimal_text` wrote, of any length."""
    numerator, _, denominator = text.partition("/")
    return Fraction(Decimal(numerator)) / Fraction(Decimal(denominator or 1))


def decimal_text(value: Fraction, places: int = 6) -> str:
    """Returns a fraction rounded half-even to `places` decimals, for reading (never for sums)."""
    return _decimal(round(value * 10**places), places)


def outward_text(bound: Fraction, *, up: bool, places: int = 6) -> str:
    """Returns a bound rounded to `places` decimals so that it still holds: up for a most, down for a least."""
    step = Fraction(1, 10**places)
    return _decimal(int(outward(bound, step, up=up) / step), places)


def outward(bound: Fraction, step: Fraction, *, up: bool) -> Fraction:
    """Returns a bound as a multiple of `step` that still holds: the next one up for a most, or down for a least."""
    return step * (ceil(bound / step) if up else floor(bound / step))


def _decimal(scaled: int, places: int) -> str:
    sign, digits = "-" if scaled < 0 else "", str(abs(scaled)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def exact_granule(price: Decimal, granule: int) -> int:
    """Returns the smallest multiple of `granule` at which `price` per unit is whole money."""
    return granule * (Fraction(price) * granule).denominator
