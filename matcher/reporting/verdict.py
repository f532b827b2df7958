"""How a solve ended and how good its portfolio is, in rows and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from matcher.comparison.tally import StateTally
from matcher.portfolio.result import Result, Stage
from matcher.reporting import amounts
from matcher.reporting.amounts import Numerals
from matcher.reporting.endings import ending_text
from matcher.reporting.languages import Table, numerals_of, objective_names, sought_names, table_of
from matcher.scenario import Scenario
from matcher.units import fraction, plain

COLUMNS = ("objective", "portfolio", "reached", "best", "gap", "proven")
"""Columns of the table of objectives, by key."""
OBJECTIVE_RIGHT = frozenset({1, 2, 3, 4})


def objective_head(language: str) -> tuple[str, ...]:
    """Returns the head of the table of objectives."""
    return tuple(table_of(language)["results"]["columns"][key] for key in COLUMNS)


def objective_rows(result: Result, scenario: Scenario, language: str = "en") -> list[tuple[str, ...]]:
    """Returns one row per objective pursued: what the portfolio has, what was reached, bound, gap."""
    figures = _figures(result, scenario)
    names, numerals = sought_names(language, scenario.objectives.discount), numerals_of(language)
    table, currency = table_of(language)["results"], scenario.currency

    def row(stage: Stage) -> tuple[str, ...]:
        name, exact = stage.objective, figures.get(stage.objective)
        return (
            table["closing"].format(name=names[name]) if stage.closing else names[name],
            amounts.objective(name, exact, currency, numerals) if exact is not None else amounts.NONE,
            amounts.objective(name, stage.value, currency, numerals),
            amounts.bound(stage, currency, numerals),
            amounts.gap_of(stage, numerals),
            table["proven"]["yes" if stage.solved else "no"],
        )

    return [row(stage) for stage in result.stages]


def _figures(result: Result, scenario: Scenario) -> dict[str, str]:
    """Exact figures of the portfolio, as text, by objective and by blend of the order."""
    exact = {each.objective: fraction(each.exact) for each in result.figures}
    blends = {goal.name: goal.figure(exact) for goal in scenario.order() if goal.blend and exact}
    return {name: plain(value) for name, value in (exact | blends).items()}


def verdict_of(result: Result, scenario: Scenario, language: str = "en") -> str:
    """Returns one honest sentence or two about how far the result can be relied on."""
    table, numerals = table_of(language)["results"], numerals_of(language)
    if result.status == "optimal":
        exact = all(stage.gap == 0 for stage in result.stages)
        sentence: str = table["verdicts"]["optimal_exact" if exact else "optimal_near"]
        return sentence.format(asked=amounts.gap(result.options.gap, numerals))
    names = objective_names(language, scenario.objectives.discount)
    gaps = _gaps(result.stages, names, table["gaps"], numerals)
    sentence = table["verdicts"][result.status].format(stop=stop_of(result, language), gaps=gaps)
    limited = result.status in ("feasible", "no_portfolio")
    return f"{sentence} {table['clock']}" if limited and not result.repeatable else sentence


def stop_of(result: Result, language: str = "en") -> str:
    """Returns what ended a solve, with more about it where it is known."""
    table = table_of(language)["results"]
    stop: str = table["stops"][result.stopped_by]
    if result.stopped_how is None:
        return stop
    how: str = table["stopped_how"]
    return how.format(stop=stop, more=ending_text(result.stopped_how, language))


def _gaps(stages: tuple[Stage, ...], names: Mapping[str, str], table: Table, numerals: Numerals) -> str:
    """Returns what is known about the distance from the best of objectives that are not proven."""
    unproven = [stage for stage in stages if not stage.solved]
    if not unproven:
        return str(table["closed"])
    sentences = []
    known = [stage for stage in unproven if stage.gap is not None]
    if known:
        widest = max(known, key=lambda stage: Decimal(str(stage.gap)))
        gap = amounts.gap_of(widest, numerals)
        sentences.append(table["open"].format(gap=gap, objective=names[widest.objective]))
    sentences += [table["unknown"].format(objective=names[stage.objective]) for stage in unproven if stage.gap is None]
    if len(stages) > 1:
        sentences.append(table["conditional"])
    return " ".join(sentences)


def completion(counted: StateTally, language: str = "en") -> str:
    """Returns whether and when a State completes, in a few words."""
    if counted.completes is None:
        key = "none"
    elif counted.completes:
        key = "in_time"
    else:
        key = "never" if counted.completion_year is None else "late"
    return str(table_of(language)["results"]["completion"][key].format(year=counted.completion_year))
