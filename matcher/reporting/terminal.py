"""A result as text for a terminal."""

from __future__ import annotations

from matcher.comparison.tally import StateTally, kinds, tally
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result
from matcher.reporting import amounts, words
from matcher.reporting.layout import clean, section, text_table
from matcher.reporting.sheets import LARGEST_HEAD, LARGEST_RIGHT, largest_count, largest_rows, sheet, sheet_lines
from matcher.reporting.verdict import OBJECTIVE_HEAD, OBJECTIVE_RIGHT, completion, objective_rows, verdict_of
from matcher.scenario import Scenario, State


def summary_text(scenario: Scenario, result: Result) -> str:
    """Returns a result on about one page: verdict, objectives, States, largest partnerships, kinds."""
    lines = [f"{clean(scenario.title) or scenario.name}: {words.STATUS[result.status]}", verdict_of(result, scenario)]
    lines += section("Conflicts", [f"- {conflict.detail}" for conflict in result.conflicts])
    if result.stages:
        rows = objective_rows(result, scenario)
        lines += section("Objectives", text_table(OBJECTIVE_HEAD, rows, OBJECTIVE_RIGHT))
    if result.portfolio is not None:
        lines += section("States", state_table(scenario, result.portfolio))
        lines += section(f"Partnerships ({largest_count(result)})", partnership_table(scenario, result))
        lines += section("Kinds of partnership", _kind_table(scenario, result))
    return "\n".join(lines) + "\n"


def state_table(scenario: Scenario, portfolio: Portfolio) -> list[str]:
    """Returns the lines of a table with one row per State."""
    head = ("State", "deadline", "completes", "needs met", "external money", "own money", "partners")
    counted = tally(scenario, portfolio)
    rows = [_state_row(scenario, state, counted.state(state.id)) for state in scenario.states]
    return text_table(head, rows, frozenset({1, 3, 4, 5, 6}))


def _state_row(scenario: Scenario, state: State, counted: StateTally) -> tuple[str, ...]:
    return (
        state.name,
        str(state.deadline),
        completion(counted),
        amounts.share(counted.coverage),
        amounts.money(counted.external, scenario.currency),
        amounts.money(counted.own, scenario.currency),
        str(len(counted.partners)),
    )


def partnership_table(scenario: Scenario, result: Result) -> list[str]:
    """Returns the lines of a table of the largest partnerships, by money."""
    rows = largest_rows(scenario, result)
    return text_table(LARGEST_HEAD, rows, LARGEST_RIGHT) if rows else []


def _kind_table(scenario: Scenario, result: Result) -> list[str]:
    rows = [
        (words.KINDS[each.kind], str(each.partnerships), amounts.money(each.money, scenario.currency))
        for each in kinds(result.partnerships)
    ]
    return text_table(("kind", "partnerships", "money"), rows, frozenset({1, 2})) if rows else []


def sheets_text(scenario: Scenario, result: Result, ids: frozenset[str]) -> str:
    """Returns the draft sheets of the partnerships named, in the order of the result."""
    drafts = [sheet(scenario, each) for each in result.partnerships if each.id in ids]
    return "\n\n".join("\n".join(clean_lines(sheet_lines(draft))) for draft in drafts) + "\n"


def clean_lines(lines: list[str]) -> list[str]:
    """Returns lines that hold nothing a terminal could take for a command; indentation is kept."""
    return [" " * (len(line) - len(line.lstrip(" "))) + clean(line) for line in lines]
