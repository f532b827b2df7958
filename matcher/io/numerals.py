"""Numbers and other plain scalars as files write them: exact, never a float.

YAML follows the core schema of YAML 1.2: ``null``, ``true`` and ``false`` (not ``yes``, ``NO`` or
``on``: those are text), whole numbers in base 10, ``0o17`` and ``0x1F``, decimals and exponents.
Beyond it, whole numbers may have their thousands marked, ``1_000_000``. Stricter than it, what looks
like a number and could be misread is refused: leading zeros, infinities, wrongly placed ``_``.
"""

from __future__ import annotations

import re
from decimal import Decimal

MAX_DIGITS = 30
"""Most characters of one number: far beyond every field's range, and quick to tell."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})

_WHOLE = re.compile(r"[-+]?[0-9]+")
_GROUPED = re.compile(r"[-+]?[1-9][0-9]{0,2}(?:_[0-9]{3})+")
_UNGROUPED = re.compile(r"[-+]?[0-9][0-9_]*")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LONG_EXPONENT = re.compile(r"[eE][-+]?[0-9]{4,}")


class NumeralError(ValueError):
    """A plain scalar that looks like a number and is refused; says what was expected."""


def plain_scalar(text: str) -> str | int | bool | Decimal | None:
    """Returns what an unquoted YAML scalar means.

    Raises
    ------
    NumeralError
        if it looks like a number that could be misread.
    """
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text[0] not in "+-.0123456789":
        return text
    if _NOT_FINITE.fullmatch(text):
        raise NumeralError("a finite number")
    if _BASED.fullmatch(text):
        return int(_short(text), 0)
    if _UNGROUPED.fullmatch(text) and "_" in text:
        if not _GROUPED.fullmatch(text):
            raise NumeralError("thousands marked as in 1_000_000, or quotes if it is text")
        return number(text.replace("_", ""))
    return number(text) if _DECIMAL.fullmatch(text) else text


def number(text: str) -> int | Decimal:
    """Returns the number that a decimal numeral stands for, exactly.

    Raises
    ------
    NumeralError
        if it has leading zeros, or more digits than any field takes.
    """
    if _LEADING_ZERO.match(text):
        raise NumeralError("a number without leading zeros, or quotes if it is text")
    if _LONG_EXPONENT.search(text):
        raise NumeralError("a number with an exponent of at most 3 digits")
    return int(_short(text)) if _WHOLE.fullmatch(text) else Decimal(_short(text))


def _short(text: str) -> str:
    """Refuses numerals so long that turning them into numbers would cost more than a glance."""
    if len(text) > MAX_DIGITS:
        raise NumeralError(f"a number of at most {MAX_DIGITS} characters")
    return text
