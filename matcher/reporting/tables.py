"""Tables of a result that paper and terminal share: the largest partnerships, the kinds of partnership, heads."""

from __future__ import annotations

from collections.abc import Iterable

from matcher.comparison.tally import kinds
from matcher.portfolio.result import Result
from matcher.reporting import amounts
from matcher.reporting.languages import numerals_of, table_of
from matcher.reporting.sheets import partners, years_text
from matcher.scenario import Scenario

TOP = 10
"""Partnerships that a table of the largest lists."""
LARGEST_RIGHT = frozenset({5})
KIND_RIGHT = frozenset({1, 2})


def largest_head(language: str) -> tuple[str, ...]:
    """Returns the head of the table of the largest partnerships."""
    return _head(language, "partnerships", ("id", "state", "partners", "kind", "years", "money"))


def kind_head(language: str) -> tuple[str, ...]:
    """Returns the head of the table of the kinds of partnership."""
    return _head(language, "kinds", ("kind", "partnerships", "money"))


def state_head(language: str) -> tuple[str, ...]:
    """Returns the head of the table of the States."""
    return _head(language, "states", ("state", "deadline", "completes", "coverage", "external", "own", "partners"))


def _head(language: str, table: str, columns: Iterable[str]) -> tuple[str, ...]:
    names = table_of(language)["results"][table]
    return tuple(names[column] for column in columns)


def largest_count(result: Result, language: str = "en") -> str:
    """Returns how many of the partnerships a table of the largest lists."""
    total, numerals = len(result.partnerships), numerals_of(language)
    if total <= TOP:
        return amounts.count(total, numerals)
    largest: str = table_of(language)["results"]["largest"]
    return largest.format(top=TOP, total=amounts.count(total, numerals))


def largest_rows(scenario: Scenario, result: Result, language: str = "en") -> list[tuple[str, ...]]:
    """Returns one row per partnership for the largest ones, by money."""
    largest = sorted(result.partnerships, key=lambda each: (-each.money, each.id))[:TOP]
    names, numerals = table_of(language)["partnership_kinds"], numerals_of(language)
    return [
        (
            each.id,
            scenario.state(each.state).name,
            partners(scenario, each, language),
            names[each.kind],
            years_text(each, language),
            amounts.money(each.money, scenario.currency, numerals),
        )
        for each in largest
    ]


def kind_rows(scenario: Scenario, result: Result, language: str = "en") -> list[tuple[str, ...]]:
    """Returns one row per kind of partnership that there is: how many, and their money."""
    names, numerals = table_of(language)["partnership_kinds"], numerals_of(language)
    return [
        (
            names[each.kind],
            amounts.count(each.partnerships, numerals),
            amounts.money(each.money, scenario.currency, numerals),
        )
        for each in kinds(result.partnerships)
    ]
