"""Scenarios in which one figure was written in the wrong unit, drawn from a seed.

A third of the slips are of money (thousands or millions for whole units, or the reverse), a third of
area (hectares or km2 for m2, or the reverse, also in prices), a third of time (a month for a year or
the reverse). Within a third, a field is drawn evenly, then one of its figures evenly among all that
the scenario has; so every figure may be drawn, those that are hard to tell included.

The domain is what an analyst can save and have read: a slip that makes the scenario invalid (as
hectares for m2 do where a quantity is then no whole number of granules) is refused with its line and
drawn again; `refused` counts these. A factor of twelve is drawn where something of the same kind is
beside it: one year among others, a price among prices, a quantity beside what is used of it in a year.
The whole of an offer's yearly money or work given per month is left out: honest offers differ by more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.instances import generate_data
from matcher.errors import InvalidScenario
from matcher.io import load
from matcher.io.writing import scenario_document
from matcher.scenario import Scenario
from matcher.scenario.eligibility import find_options

GENEVA = Path(__file__).resolve().parents[1] / "scenarios" / "geneva-2015.yaml"
THOUSAND, MILLION, HECTARE, MONTHS = Fraction(1000), Fraction(10**6), Fraction(10**4), Fraction(12)
Keys = tuple[str | int, ...]
Document = dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """A scenario before and after one slip."""

    honest: Document
    """The document without the slip."""
    slipped: Document
    """The document with it."""
    scenario: Scenario
    """The scenario of the slipped document."""
    path: str
    """The figure or field that was written in another unit."""
    off: Fraction
    """What was written, divided by what was meant."""
    field: str
    """Which field it was, for the count."""
    refused: int
    """Slips drawn before it that the reader refused."""


@cache
def geneva_document() -> Document:
    return scenario_document(load(GENEVA))


def honest_document(seed: int) -> Document:
    """Returns geneva-2015 (every other time) or a generated instance, with what analysts add to such.

    Five offers of money, five of work and two absorption limits are given year by year, within a
    fifth of what they were; three commitments and three caps are decided.
    """
    random = Random(seed)
    size = random.choice(["geneva", "geneva", "geneva", "tiny", "small", "real"])
    document = deepcopy(geneva_document()) if size == "geneva" else generate_data(size, 1000 + seed)
    document.pop("overrides", None)
    horizon = document["horizon"]
    for field, holders, number in (
        ("amount", document["offers"], 5),
        ("capacity", document["offers"], 5),
        ("absorption", document["states"], 2),
    ):
        scalar = sorted(key for key, entity in holders.items() if isinstance(entity.get(field), int))
        for key in random.sample(scalar, min(number, len(scalar))):
            every = holders[key][field]
            step = 10 ** max(0, len(str(every)) - 2)
            years = range(horizon[0], horizon[1] + 1)
            holders[key][field] = {
                year: max(1, round(every * random.uniform(0.8, 1.2) / step) * step) for year in years
            }
    _decide(document, random)
    return document


def _decide(document: Document, random: Random) -> None:
    """Adds three commitments and three caps that the offers can keep."""
    scenario = Scenario.from_data(document)
    options = [each for each in find_options(scenario).options if each.financier]
    commitments = []
    for option in random.sample(options, 3):
        need, offer = scenario.need(option.need), scenario.technical_offer(option.implementer)
        granule = scenario.capability(need.capability).granule
        most = min(need.quantity // granule, scenario.capacity_at(offer, option.years[0]))
        quantity = granule * max(1, int(most * random.uniform(0.1, 0.6)))
        commitments.append(
            {
                "financier": option.financier,
                "implementer": option.implementer,
                "need": option.need,
                "year": option.years[0],
                "quantity": quantity,
            }
        )
    caps = []
    for option in random.sample(options, 3):
        money = scenario.offer(str(option.financier))
        amount = max(scenario.money_by_year(money))  # type: ignore[arg-type]
        share = random.choice([0.2, 0.3, 0.5])
        caps.append({"offer": option.financier, "state": option.state, "money": int(amount * share), "per": "year"})
    document["decisions"] = {**document.get("decisions", {}), "commitments": commitments, "caps": caps}


def _fields(document: Document, holder: str, field: str, kind: str = "") -> list[Keys]:
    """Paths of a field in all entities of a collection that have a positive figure there."""
    entities = document[holder].items()
    chosen = [(holder, key, field) for key, entity in entities if not kind or entity.get("kind") == kind]
    return [keys for keys in chosen if _at(document, keys)]


def _at(document: Document, keys: Keys) -> Any:
    value: Any = document
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else value[key]
    return value


def _unit(document: Document, keys: Keys) -> str:
    """The unit of the capability that a figure is of."""
    entity = document[str(keys[0])][keys[1]]
    if keys[0] == "decisions":
        entity = document["needs"][document["decisions"]["commitments"][keys[2]]["need"]]
    capability = keys[1] if keys[0] == "capabilities" else entity["capability"]
    return str(document["capabilities"][capability]["unit"])


def _years(document: Document, paths: list[Keys]) -> list[Keys]:
    """Single years of the fields that are given year by year."""
    return [
        (*keys, year) for keys in paths if isinstance(_at(document, keys), dict) for year in sorted(_at(document, keys))
    ]


def _area(document: Document, paths: list[Keys]) -> list[Keys]:
    return [keys for keys in paths if _unit(document, keys) == "m2"]


def _months(document: Document, paths: list[Keys]) -> list[Keys]:
    return [keys for keys in paths if "month" in _unit(document, keys)]


def _commitments(document: Document) -> list[Keys]:
    paths: list[Keys] = [("decisions", "commitments", at, "quantity") for at in range(3)]
    return [keys for keys in paths if _commitment_unit(document, keys) == "m2"]


def _commitment_unit(document: Document, keys: Keys) -> str:
    need = document["needs"][document["decisions"]["commitments"][keys[2]]["need"]]
    return str(document["capabilities"][need["capability"]]["unit"])


Choice = tuple[str, Callable[[Document], list[Keys]]]
MONEY: tuple[Choice, ...] = (
    ("amount, one year", lambda d: _years(d, _fields(d, "offers", "amount"))),
    ("amount, all years", lambda d: _fields(d, "offers", "amount")),
    ("amount and min_per_state", lambda d: [k[:2] for k in _fields(d, "offers", "min_per_state", "funding")]),
    ("min_per_state of money", lambda d: _fields(d, "offers", "min_per_state", "funding")),
    ("absorption, one year", lambda d: _years(d, _fields(d, "states", "absorption"))),
    ("absorption, all years", lambda d: _fields(d, "states", "absorption")),
    ("cap", lambda d: [("decisions", "caps", at, "money") for at in range(3)]),
    ("price", lambda d: _fields(d, "offers", "price")),
    ("reference_price", lambda d: _fields(d, "capabilities", "reference_price")),
)
AREA: tuple[Choice, ...] = (
    ("quantity", lambda d: _area(d, _fields(d, "needs", "quantity"))),
    ("capacity, one year", lambda d: _area(d, _years(d, _fields(d, "offers", "capacity")))),
    ("capacity, all years", lambda d: _area(d, _fields(d, "offers", "capacity"))),
    ("min_per_state of work", lambda d: _area(d, _fields(d, "offers", "min_per_state", "technical"))),
    ("commitment", _commitments),
    ("price", lambda d: _area(d, _fields(d, "offers", "price"))),
    ("reference_price", lambda d: _area(d, _fields(d, "capabilities", "reference_price"))),
)
TIME: tuple[Choice, ...] = (
    ("amount, one year", lambda d: _years(d, _fields(d, "offers", "amount"))),
    ("capacity, one year", lambda d: _years(d, _fields(d, "offers", "capacity"))),
    ("absorption, one year", lambda d: _years(d, _fields(d, "states", "absorption"))),
    ("price", lambda d: _months(d, _fields(d, "offers", "price"))),
    ("reference_price", lambda d: _months(d, _fields(d, "capabilities", "reference_price"))),
    ("quantity", lambda d: _months(d, _fields(d, "needs", "quantity"))),
    ("max_per_year", lambda d: _fields(d, "needs", "max_per_year")),
)
"""Fields in which each third of the slips is made."""


def draw_slip(seed: int) -> Drawn:
    """Returns the slip of a seed."""
    honest = honest_document(seed)
    random = Random(seed + 10**6)
    refused = 0
    while True:
        theme, choices = random.choice([("money", MONEY), ("area", AREA), ("time", TIME)])
        field, paths_of = random.choice(choices)
        paths = paths_of(honest)
        if not paths:
            continue
        keys, off = random.choice(paths), _factor(theme, field, random)
        slipped = deepcopy(honest)
        if not all(_write(slipped, each, off) for each in _leaves(slipped, keys)):
            continue  # a figure that would be none at all, or larger than any that can be read
        try:
            scenario = Scenario.from_data(slipped)
        except InvalidScenario:
            refused += 1
            continue
        return Drawn(honest, slipped, scenario, ".".join(map(str, keys)), off, f"{theme}: {field}", refused)


def _factor(theme: str, field: str, random: Random) -> Fraction:
    """Draws by what a figure is off: the more usual unit three times of four, less twice as often as more."""
    size = {"money": (THOUSAND, MILLION), "area": (HECTARE, MILLION), "time": (MONTHS, MONTHS)}[theme]
    chosen = random.choices(size, [3, 1])[0]
    if theme == "money" and "price" in field:
        chosen = THOUSAND
    return random.choice([1 / chosen, 1 / chosen, chosen])


def _leaves(document: Document, keys: Keys) -> Iterator[Keys]:
    """Paths of the single figures of an offer, a field or a year."""
    value = _at(document, keys)
    if len(keys) == 2:
        for field in ("amount", "min_per_state"):
            yield from _leaves(document, (*keys, field))
    elif isinstance(value, dict):
        yield from ((*keys, year) for year in value)
    else:
        yield keys


def _write(document: Document, keys: Keys, off: Fraction) -> bool:
    """Writes one figure in the wrong unit, as whole as its field asks for; says whether anything is left."""
    holder, value = _at(document, keys[:-1]), _at(document, keys)
    if str(keys[-1]).endswith("price"):
        found = Fraction(str(value)) * off
        written = Decimal(found.numerator) / Decimal(found.denominator)
        holder[keys[-1]] = round(written, 12).normalize() if written != int(written) else int(written)
        return bool(0 < written < 10**12)
    holder[keys[-1]] = round(value * off)
    return bool(0 < holder[keys[-1]] <= 10**12)
