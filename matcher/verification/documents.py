"""Scenarios and portfolios as plain exact data: defaults spelt out, decimals as fractions, floats refused."""

from __future__ import annotations

import hashlib
import json
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from json.encoder import encode_basestring_ascii
from operator import index
from pathlib import Path
from reprlib import Repr
from typing import Any

Document = Mapping[str, Any]
"""Plain data as `model_dump()`, or JSON read with decimals, gives it."""


MOST_DIGITS = 400
"""Most digits of a number in a document, before or after the point."""
MOST_FIELD_DIGITS = 40
"""Most digits of a number in a scenario or portfolio: far beyond every field, and quick to compute with."""
MOST_EXACT = 450_000
"""Most digits above or below the line of a figure: the least multiple of all numbers up to a million has fewer."""
_AT_ONCE = 4000
"""Digits that are read at once: Python refuses more than 4,300, and takes the square of their number in time."""
MOST_YEARS = 200
"""Most years of a horizon: whatever is counted year by year is counted within it."""
MOST_BYTES = 512 * 2**20
"""Largest file that is read."""
_TOO_LARGE = 10**MOST_FIELD_DIGITS
_EXACT = re.compile("-?[0-9]+(/0*[1-9][0-9]*)?")
_SCALARS = frozenset({str, int, bool, type(None)})
CURRENT = 2
"""Version of the format in which scenarios are held: those of the first are read with its meaning."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a document may leave out: defaults by field, and the shapes of what stands inside."""

    defaults: Document = field(default_factory=dict)
    parts: Mapping[str, _Shape] = field(default_factory=dict)
    """Fields that hold one such document or a list of them."""
    collections: Mapping[str, _Shape | Mapping[str, _Shape]] = field(default_factory=dict)
    """Fields that hold documents by id; where their shape follows from their kind, a shape per kind."""


# The next two run while this module is imported, before any mutant of them can be chosen.
def _entity(defaults: Document, **parts: _Shape) -> _Shape:  # pragma: no mutate block
    source = _Shape({"as_of": None, "note": None})
    return _Shape({**defaults, "provenance": {}}, parts, {"provenance": source})


def _offer(defaults: Document, **parts: _Shape) -> _Shape:  # pragma: no mutate block
    absent = dict.fromkeys(("name", "states", "regions", "years", "max_states", "currency"))
    shares = {"ownership_floor": 0, "firmness": 1, "fit": {}, "fit_otherwise": 1}
    counts = {"min_years": 1, "min_per_state": 0, "ongoing": ()}
    return _entity({**absent, **shares, **counts, **defaults}, ongoing=_ONGOING, **parts)


_DIALOGUE = _Shape({"format": "country coalition meeting"})
_ONGOING = _Shape({"since": None, "amount": None})
_FUNDING = {"capabilities": None, "channels": None, "carry_over": 0, "match": 0, "repayment": None}
_FUNDING |= {"carried_in": None, "debts": None}
_STATE = {**dict.fromkeys(("region", "absorption", "max_partners", "max_share", "ownership", "dialogue")), "weight": 1}
_NEED = {**dict.fromkeys(("name", "years", "max_per_year", "beneficiaries")), "weight": 1, "after": (), "delivered": 0}
_FORBID = _Shape(dict.fromkeys(("kind", "provider", "offer", "partner", "state", "need", "years")))
_CAP = _Shape({**dict.fromkeys(("offer", "provider", "money", "share")), "per": "horizon"})
_DECISIONS = _Shape(
    dict.fromkeys(("commitments", "pins", "forbids", "caps", "earlier"), ()),
    {"commitments": _Shape({"financier": None}), "pins": _Shape({"years": None}), "forbids": _FORBID, "caps": _CAP},
)
_GOAL = _Shape(
    {"objective": None, "blend": None, "tolerance": 0, "tolerance_amount": None}, {"blend": _Shape({"weight": 1})}
)
_OBJECTIVES = _Shape(
    {"order": None, "weights": None, "discount": 1, "dependence_share": Decimal("0.5")}, {"order": _GOAL}
)
_SCENARIO = _Shape(
    {"matcher": CURRENT, "seed": 0, "title": "", "description": "", "dialogue": None, "least_engagement": None}
    | {"rates": {}, "assumptions": {}, "decisions": {}, "objectives": {}},
    {"currency": _Shape({"decimals": 0}), "dialogue": _DIALOGUE, "decisions": _DECISIONS, "objectives": _OBJECTIVES},
    {
        "rates": _entity({}),
        "capabilities": _entity({"granule": 1, "reference_price": None}),
        "states": _entity(_STATE, dialogue=_DIALOGUE),
        "needs": _entity(
            {**_NEED, "completes": False, "indivisible": False}, after=_Shape({"lag": 0, "head_start": 0})
        ),
        "providers": _entity({"state": None}),
        "offers": {
            "funding": _offer(_FUNDING, repayment=_Shape({"premium": 0})),
            "technical": _offer({"price": 0}),
        },
        "assumptions": _entity({"affects": ()}),
    },
)


def _without_earlier(full: dict[str, Any]) -> dict[str, Any]:
    """Leaves out an earlier portfolio that there is not, as canonical JSON does."""
    if "decisions" not in full or full["decisions"]["earlier"]:
        return full
    return {**full, "decisions": {name: each for name, each in full["decisions"].items() if name != "earlier"}}


def _filled(document: Document, shape: _Shape) -> dict[str, Any]:
    """Returns a document with its defaults spelt out, all the way down."""
    full = {**shape.defaults, **document}
    for name, part in shape.parts.items():
        value = full[name]
        if isinstance(value, Mapping):
            full[name] = _filled(value, part)
        elif value is not None:
            full[name] = [_filled(each, part) for each in value]
    for name, inner in shape.collections.items():
        full[name] = {
            key: _filled(each, inner if isinstance(inner, _Shape) else inner[each["kind"]])
            for key, each in full[name].items()
        }
    return full


def plain(given: Any) -> Document:
    """Returns a model as plain data; plain data as it is."""
    return given if isinstance(given, Mapping) else given.model_dump()


def canonical_hash(document: Document) -> str:
    """Returns the SHA-256 of a scenario's canonical JSON: same meaning, same hash, defaults written or not.

    Raises
    ------
    TypeError
        if the document holds a float, or anything else that is not plain exact data.
    """
    return full_hash(completed(document))


def completed(document: Document) -> dict[str, Any]:
    """Returns a scenario with its defaults spelt out, in the present version of the format."""
    full = _filled(_renamed(document), _SCENARIO)
    return {**full, "matcher": CURRENT if full["matcher"] == 1 else full["matcher"]}


def _renamed(document: Document) -> Document:
    """A document in which what later objectives may take has the name of the second version."""
    objectives = document.get("objectives", {})
    order = objectives.get("order")
    if not order or not any("give_up" in goal for goal in order):
        return document
    goals = [{"tolerance" if name == "give_up" else name: value for name, value in goal.items()} for goal in order]
    return {**document, "objectives": {**objectives, "order": goals}}


def canonical_text(document: Document) -> str:
    """Returns plain data as canonical JSON: sorted keys, no spaces, ASCII only.

    Raises
    ------
    TypeError
        if it holds a float, or anything else that is not plain exact data.
    """
    return _canonical(document)


def full_hash(full: Document) -> str:
    """Returns the SHA-256 of a scenario whose defaults are spelt out."""
    return hashlib.sha256(_canonical(_without_earlier(dict(full))).encode()).hexdigest()


def fractional(full: Document) -> dict[str, Any]:
    """Returns a scenario with its decimals as fractions, and without the sources of its figures."""
    lean = {
        name: {key: {**each, "provenance": {}} for key, each in full[name].items()} for name in _SCENARIO.collections
    }
    return _exact({**full, **lean})  # type: ignore[no-any-return]


def _canonical(value: object) -> str:
    """Returns plain data as JSON with sorted keys and no spaces."""
    writer = _WRITERS.get(type(value))
    if writer is None:
        writer = next((each for kind, each in _WRITERS.items() if isinstance(value, kind)), _refused)
    return writer(value)


def _object(value: dict[Any, object]) -> str:
    return (
        "{" + ",".join([f"{encode_basestring_ascii(str(key))}:{_canonical(value[key])}" for key in sorted(value)]) + "}"
    )


def _array(value: Iterable[object]) -> str:
    return "[" + ",".join([_canonical(each) for each in value]) + "]"


def _refused(value: object) -> str:
    raise TypeError(f"{value!r} ({type(value).__name__}) is not exact: expected whole numbers and decimals")


def _whole(value: int) -> str:
    """Returns a whole number as digits."""
    if not -_TOO_LARGE < value < _TOO_LARGE:
        raise ValueError(f"a number of more than {MOST_FIELD_DIGITS} digits, which no field takes")
    return str(value)


def _number(value: Decimal) -> str:
    """Returns a decimal as the shortest JSON number that a double reads back, without making it a double."""
    if not value:
        return "0"
    last = value.as_tuple().exponent
    # Before all else: as a whole number, one with a long exponent would fill the memory.
    if not isinstance(last, int) or max(abs(value.adjusted()), abs(last)) > MOST_FIELD_DIGITS:
        raise ValueError(f"a number of more than {MOST_FIELD_DIGITS} digits, which no field takes")
    if value == value.to_integral_value():
        return str(int(value))
    if value.adjusted() >= -4:
        return format(value.normalize(), "f")
    digits, _, exponent = format(value.normalize(), "e").partition("e")
    return f"{digits}e{int(exponent):03d}"


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring_ascii,
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: _whole,
    Decimal: _number,
    dict: _object,
    list: _array,
    tuple: _array,
}
"""How each type of plain exact data is written; found by type alone, as there are millions of values."""


def _exact(value: Any) -> Any:
    """Returns plain data with its decimals as fractions."""
    if isinstance(value, Decimal):
        return Fraction(value)
    if isinstance(value, dict):
        return {key: each if type(each) in _SCALARS else _exact(each) for key, each in value.items()}
    return [_exact(each) for each in value] if isinstance(value, list | tuple) else value


def exact_number(text: object) -> Fraction:
    """Returns the number that digits, or digits over digits, stand for."""
    if not isinstance(text, str | int) or not _EXACT.fullmatch(digits := str(text)):
        raise ValueError(f"{str(text)[:40]!r} is no exact number, expected digits or digits/digits")
    numerator, _, denominator = digits.partition("/")
    if max(len(numerator), len(denominator)) > MOST_EXACT:
        raise ValueError(f"a figure of more than {MOST_EXACT} digits above or below the line")
    value = Fraction(_from_digits(numerator.removeprefix("-")), _from_digits(denominator or "1"))
    return -value if numerator.startswith("-") else value


def _from_digits(digits: str) -> int:
    """The number that very many digits stand for: by halves, as reading them one after another takes too long."""
    if len(digits) <= _AT_ONCE:
        return int(digits)
    half = len(digits) // 2
    shift: int = 10**half
    return _from_digits(digits[:-half]) * shift + _from_digits(digits[-half:])


def read_document(path: Path) -> dict[str, Any]:
    """Returns the object that a JSON file holds, with exact numbers.

    Raises
    ------
    OSError, ValueError, TypeError
        if it cannot be read, is too large or too deep, holds a number beyond all sense, or no object.
    """
    file = path.stat()
    if not stat.S_ISREG(file.st_mode) or file.st_size > MOST_BYTES:
        raise ValueError(f"{path} is no file of at most {MOST_BYTES // 2**20} MiB")
    text = path.read_text(encoding="utf-8")
    try:
        document = json.loads(text, parse_int=_integer, parse_float=_decimal, parse_constant=_refuse)
    except RecursionError:
        raise ValueError(f"{path} holds lists or objects too deep inside each other") from None
    if not isinstance(document, dict):
        raise TypeError(f"{path} holds no JSON object")
    return document


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _integer(text: str) -> int:
    """A whole number; one of so many digits that reading it takes long is refused."""
    if len(text) > MOST_DIGITS:
        raise ValueError(f"{text[:40]} is no number that a document holds")
    return int(text)


def _decimal(text: str) -> Decimal:
    """A number with a point or exponent; one that would fill the memory as a fraction is refused."""
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent of more digits than decimals take
        number = None
    if number is None or abs(number.adjusted()) > MOST_DIGITS or len(text) > 2 * MOST_DIGITS:
        raise ValueError(f"{text[:40]} is no number that a document holds")
    return number


def check_types(document: Document, where: str, **types: type) -> None:
    """Refuses a document that is none, lacks a field, or holds it in another type or beyond all sense."""
    if not isinstance(document, Mapping):
        raise TypeError(f"{where} is {brief(document)}, expected a mapping of its fields")
    for name, wanted in types.items():
        value = document.get(name)
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise TypeError(f"{where}: '{name}' is {brief(value)}, expected {wanted.__name__}")
        if isinstance(value, int) and not -_TOO_LARGE < value < _TOO_LARGE:
            raise ValueError(f"{where}: '{name}' has more than {MOST_FIELD_DIGITS} digits")


def entries(document: Document, name: str) -> list[Any] | tuple[Any, ...]:
    """Returns the list that a field holds; an empty one where there is no such field."""
    found = document.get(name, ())
    if not isinstance(found, list | tuple):
        raise TypeError(f"'{name}' is {brief(found)}, expected a list")
    return found


def at(amount: Any, year: int) -> int:
    """Returns the amount of one year: one number for all, or numbers by year (JSON writes years as text)."""
    return index(amount.get(year, amount.get(str(year), 0)) if isinstance(amount, Mapping) else amount)


def last_full_year(deadline: Any) -> int:
    """Returns the last year that ends on or before a deadline: a year, which is its own end, or a date."""
    if not isinstance(deadline, str):
        return index(deadline)
    day = date.fromisoformat(deadline)
    return day.year if (day.month, day.day) == (12, 31) else day.year - 1


def run(years: Any) -> range:
    """Returns the years from a first to a last one."""
    if not isinstance(years, list | tuple) or [type(year) for year in years] != [int, int]:
        raise TypeError(f"{brief(years)} is no run of years, expected [first, last]")
    if not all(-_TOO_LARGE < year < _TOO_LARGE for year in years):
        raise ValueError(f"a year of more than {MOST_FIELD_DIGITS} digits")
    return range(years[0], years[1] + 1)


def clipped(years: range, around: range) -> range:
    """Returns the years that lie inside others; all that is done year by year is done with these."""
    return range(max(years.start, around.start), min(years.stop, around.stop))


def length(years: range) -> int:
    """Returns the number of years: of those that a document names, `len` cannot always say it."""
    return max(0, years.stop - years.start)


class _Brief(Repr):
    """Values as messages show them: the first few of many, and no number that Python refuses to write."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 60

    def repr_int(self, value: int, level: int) -> str:
        return repr(value) if -_TOO_LARGE < value < _TOO_LARGE else f"a number of more than {MOST_FIELD_DIGITS} digits"


brief = _Brief().repr
"""Returns a value as a message shows it, cut to a readable length."""
