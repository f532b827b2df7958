"""How a solve ended and how good its portfolio is, in rows and sentences."""

from __future__ import annotations

from decimal import Decimal

from matcher.comparison.tally import StateTally
from matcher.portfolio.result import Result, Stage
from matcher.reporting import amounts, words
from matcher.scenario import Scenario

OBJECTIVE_HEAD = ("objective", "portfolio", "reached", "best possible", "gap", "proven")
OBJECTIVE_RIGHT = frozenset({1, 2, 3, 4})


def objective_rows(result: Result, scenario: Scenario) -> list[tuple[str, ...]]:
    """Returns one row per objective pursued: what the portfolio has, what was reached, bound, gap."""
    figures = {figure.objective: figure.exact for figure in result.figures}
    return [_row(stage, figures.get(stage.objective), scenario) for stage in result.stages]


def _row(stage: Stage, exact: str | None, scenario: Scenario) -> tuple[str, ...]:
    name, currency = stage.objective, scenario.currency
    return (
        words.objective_names(scenario.objectives.discount)[name],
        amounts.objective(name, exact, currency) if exact is not None else amounts.NONE,
        amounts.objective(name, stage.value, currency),
        amounts.bound(stage, currency),
        amounts.gap(stage.gap),
        "yes" if stage.solved else "no",
    )


def verdict_of(result: Result, scenario: Scenario) -> str:
    """Returns one honest sentence or two about how far the result can be relied on."""
    if result.status == "optimal":
        exact = all(stage.gap == 0 for stage in result.stages)
        key = "optimal_exact" if exact else "optimal_near"
        return words.VERDICTS[key].format(asked=amounts.gap(result.options.gap))
    sentence = words.VERDICTS[result.status].format(stop=stop_of(result), gaps=_gaps(result.stages, scenario))
    limited = result.status in ("feasible", "no_portfolio")
    return f"{sentence} {words.CLOCK}" if limited and not result.repeatable else sentence


def stop_of(result: Result) -> str:
    """Returns what ended a solve, with more about it where it is known."""
    stop = words.STOPS[result.stopped_by]
    return f"{stop} ({result.stopped_how})" if result.stopped_how else stop


def _gaps(stages: tuple[Stage, ...], scenario: Scenario) -> str:
    """Returns what is known about the distance from the best of objectives that are not proven."""
    unproven = [stage for stage in stages if not stage.solved]
    if not unproven:
        return words.GAPS["closed"]
    names, sentences = words.objective_names(scenario.objectives.discount), []
    known = [stage for stage in unproven if stage.gap is not None]
    if known:
        widest = max(known, key=lambda stage: Decimal(str(stage.gap)))
        sentences.append(words.GAPS["open"].format(gap=amounts.gap(widest.gap), objective=names[widest.objective]))
    sentences += [
        words.GAPS["unknown"].format(objective=names[stage.objective]) for stage in unproven if stage.gap is None
    ]
    if len(stages) > 1:
        sentences.append(words.GAPS["conditional"])
    return " ".join(sentences)


def completion(counted: StateTally) -> str:
    """Returns whether and when a State completes, in a few words."""
    if counted.completes is None:
        return "not applicable"
    if counted.completes:
        return f"in {counted.completion_year}"
    return "no" if counted.completion_year is None else f"late, in {counted.completion_year}"
