"""A result as text for a terminal."""

from __future__ import annotations

from matcher.comparison.tally import StateTally, tally
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result
from matcher.reporting import amounts
from matcher.reporting.conflicts import conflict_texts
from matcher.reporting.languages import numerals_of, table_of
from matcher.reporting.lasting import completing_lines
from matcher.reporting.layout import WIDEST, clean, section, shortened, text_table
from matcher.reporting.sheets import sheet, sheet_lines
from matcher.reporting.tables import (
    KIND_RIGHT,
    LARGEST_RIGHT,
    kind_head,
    kind_rows,
    largest_count,
    largest_head,
    largest_rows,
    state_head,
)
from matcher.reporting.verdict import OBJECTIVE_RIGHT, completion, objective_head, objective_rows, verdict_of
from matcher.scenario import Scenario, State


def summary_text(scenario: Scenario, result: Result, language: str = "en") -> str:
    """Returns a result on about one page: verdict, objectives, States, largest partnerships, kinds.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    table = table_of(language)["results"]
    heads, name = table["headings"], clean(scenario.title) or scenario.name
    lines = [table["title"].format(scenario=name, status=table["status"][result.status])]
    lines.append(verdict_of(result, scenario, language))
    lines += section(heads["conflicts"], [f"- {text}" for text in conflict_texts(scenario, result, language)])
    if result.stages:
        lines += section(heads["objectives"], _objective_table(scenario, result, language))
    if result.portfolio is not None:
        lines += section(heads["states"], state_table(scenario, result.portfolio, language))
        lines += completing_lines(scenario, result.portfolio, language)
        head = heads["partnerships"].format(count=largest_count(result, language))
        lines += section(head, partnership_table(scenario, result, language))
        lines += section(heads["kinds"], _kind_table(scenario, result, language))
    return "\n".join(lines) + "\n"


def _objective_table(scenario: Scenario, result: Result, language: str) -> list[str]:
    """Returns the lines of the table of objectives, and below it in full each name that is too long for it."""
    below, rows = dict[str, int](), []
    for name, *cells in objective_rows(result, scenario, language):
        if len(clean(name)) > WIDEST:
            mark = f" ({below.setdefault(clean(name), len(below) + 1)})"
            name = shortened(clean(name), WIDEST - len(mark)) + mark
        rows.append((name, *cells))
    notes = [f"({number}) {name}" for name, number in below.items()]
    return [*text_table(objective_head(language), rows, OBJECTIVE_RIGHT), *notes]


def state_table(scenario: Scenario, portfolio: Portfolio, language: str = "en") -> list[str]:
    """Returns the lines of a table with one row per State."""
    counted = tally(scenario, portfolio)
    rows = [_state_row(scenario, state, counted.state(state.id), language) for state in scenario.states]
    return text_table(state_head(language), rows, frozenset({1, 3, 4, 5, 6}))


def _state_row(scenario: Scenario, state: State, counted: StateTally, language: str) -> tuple[str, ...]:
    numerals = numerals_of(language)
    return (
        state.name,
        str(state.deadline),
        completion(counted, language),
        amounts.share(counted.coverage, numerals=numerals),
        amounts.money(counted.external, scenario.currency, numerals),
        amounts.money(counted.own, scenario.currency, numerals),
        str(len(counted.partners)),
    )


def partnership_table(scenario: Scenario, result: Result, language: str = "en") -> list[str]:
    """Returns the lines of a table of the largest partnerships, by money."""
    rows = largest_rows(scenario, result, language)
    return text_table(largest_head(language), rows, LARGEST_RIGHT) if rows else []


def _kind_table(scenario: Scenario, result: Result, language: str) -> list[str]:
    rows = kind_rows(scenario, result, language)
    return text_table(kind_head(language), rows, KIND_RIGHT) if rows else []


def sheets_text(scenario: Scenario, result: Result, ids: frozenset[str], language: str = "en") -> str:
    """Returns the draft sheets of the partnerships named, in the order of the result.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    drafts = [sheet(scenario, each, language) for each in result.partnerships if each.id in ids]
    if not drafts:
        return f"{table_of(language)['results']['no_partnership']}\n"
    return "\n\n".join("\n".join(clean_lines(sheet_lines(draft, language))) for draft in drafts) + "\n"


def clean_lines(lines: list[str]) -> list[str]:
    """Returns lines that hold nothing a terminal could take for a command; indentation is kept."""
    return [" " * (len(line) - len(line.lstrip(" "))) + clean(line) for line in lines]
