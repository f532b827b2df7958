"""Sentences by language: one table each, a YAML file beside this one; a further file is a further language."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import yaml

from matcher.errors import InvalidOptions, nearest
from matcher.reporting.amounts import Numerals
from matcher.reporting.languages.elision import sentences
from matcher.scenario.objectives import OBJECTIVES

Table = dict[str, Any]
"""Sentences by key; sentences of codes by code."""


def languages() -> tuple[str, ...]:
    """Returns the codes of the languages that there are tables of."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml")))


@cache
def table_of(language: str) -> Table:
    """Returns the sentences of a language.

    Raises
    ------
    InvalidOptions
        if there is no table of it.
    """
    known = languages()
    if language not in known:
        hint = nearest(language, known)
        raise InvalidOptions(
            f"no sentences in language {language!r}; there are {', '.join(known)}"
            + (f" (did you mean {hint!r}?)" if hint else "")
        )
    text = resources.files(__name__).joinpath(f"{language}.yaml").read_text(encoding="utf-8")
    found: Table = yaml.safe_load(text)
    return sentences(found, found["elided"].split()) if found["elided"] else found


def objective_names(language: str, discount: Decimal) -> Mapping[str, str]:
    """Returns what each objective measures in a scenario with that discount.

    Shares of needs that are discounted have names of their own: "needs met" alone is quantities everywhere.

    Raises
    ------
    InvalidOptions
        if there is no table of the language.
    """
    table = table_of(language)["objectives"]
    return _Names(table["names"] if discount == 1 else {**table["names"], **table["discounted"]}, numerals_of(language))


class _Names(dict[str, str]):
    """Names of objectives; a blend has those of its parts, with their weights as the language writes numbers."""

    def __init__(self, names: Mapping[str, str], numerals: Numerals) -> None:
        self._numerals = numerals
        super().__init__(names)

    def __missing__(self, blend: str) -> str:
        parts = [part.rpartition(" ") for part in blend.split(" + ")]
        if not all(name in self for _, _, name in parts):
            raise KeyError(blend)
        written = self._numerals.written
        return " + ".join(f"{written(weight)} x {self[name]}" if weight else self[name] for weight, _, name in parts)


class _Sought(dict[str, str]):
    """Names of objectives as something to be pursued; what is said of a blend is said once, as its parts agree."""

    def __init__(self, names: Mapping[str, str], minimised: str) -> None:
        self._names, self._minimised = names, minimised
        super().__init__({key: self[key] for key in names})

    def __missing__(self, key: str) -> str:
        first = key.split(" + ")[0].rpartition(" ")[2]
        least = first in OBJECTIVES and not OBJECTIVES[first].maximise
        return self._minimised.format(name=self._names[key]) if least else self._names[key]


def sought_names(language: str, discount: Decimal) -> Mapping[str, str]:
    """Returns the same as something to be pursued: of what is to be as little as possible, that is said.

    Raises
    ------
    InvalidOptions
        if there is no table of the language.
    """
    return _Sought(objective_names(language, discount), table_of(language)["objectives"]["minimised"])


def numerals_of(language: str) -> Numerals:
    """Returns how a language writes numbers.

    Raises
    ------
    InvalidOptions
        if there is no table of it.
    """
    return Numerals(**table_of(language)["numerals"])
