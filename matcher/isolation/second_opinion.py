"""A second opinion: the same scenario solved again by an engine of other lineage, and the two results compared.

Each portfolio must be within the other's bounds. The bound of an objective speaks of all portfolios
that keep what its result has reached in earlier objectives, so it is held against the other
portfolio wherever that one keeps as much. What both share is the formulation; the checker, which
shares nothing with either, has accepted both portfolios.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from matcher.isolation import solve_isolated
from matcher.portfolio.result import Engine, Result, SolveOptions
from matcher.scenario import Scenario
from matcher.units import decimal_text, fraction

OTHER: dict[Engine, Engine] = {"auto": "highs", "scip": "highs", "cpsat": "highs", "highs": "scip"}
"""By engine of the first solve (auto: SCIP, and CP-SAT for small models): one of other lineage."""
ROUNDING = Fraction(1, 10**6)
"""A stated bound is rounded to six decimals."""


@dataclass(frozen=True)
class Opinion:
    """What a second engine says of a scenario."""

    engine: Engine
    """The second engine."""
    result: Result
    """Its own result."""
    agreements: tuple[str, ...]
    """What was compared and fits, a sentence each."""
    disagreements: tuple[str, ...]
    """What does not fit: at least one of the two is wrong."""


def second_opinion(scenario: Scenario, first: Result) -> Opinion:
    """Returns what another engine, in a process of its own and within the same limits, says of a scenario.

    Raises
    ------
    ExecutionFailed
        if the second process dies without a result.
    """
    other = OTHER[first.options.engine]
    options = SolveOptions(**{**first.options.model_dump(), "engine": other})
    second = solve_isolated(scenario, options)
    compared = tuple(compare(scenario, first, second))
    return Opinion(
        other,
        second,
        tuple(text for fits, text in compared if fits),
        tuple(text for fits, text in compared if not fits),
    )


def compare(scenario: Scenario, first: Result, second: Result) -> Iterator[tuple[bool, str]]:
    """Yields what can be compared in two results for one scenario: whether it fits, and a sentence."""
    statuses = {first.status, second.status}
    if "infeasible" in statuses:
        fits = not statuses & {"optimal", "feasible"}
        yield fits, f"the first result is {first.status}, the second {second.status}"
    yield from _within(scenario, first, second, "the second portfolio", "the first bound")
    yield from _within(scenario, second, first, "the first portfolio", "the second bound")


def _within(
    scenario: Scenario, bounding: Result, other: Result, portfolio: str, whose: str
) -> Iterator[tuple[bool, str]]:
    """Holds the bounds of one result against the portfolio of the other, as far as they speak of it."""
    if other.portfolio is None:
        return
    tolerance = [Fraction(goal.give_up) for goal in scenario.order()] or [Fraction(0)]
    figures = {figure.objective: fraction(figure.exact) for figure in other.figures}
    for at, stage in enumerate(bounding.stages):
        sign = 1 if stage.sense == "max" else -1
        value = figures.get(stage.objective)
        if stage.objective == "weighted":
            value = fraction(other.stages[0].exact)
        if value is None:
            return
        if stage.bound is not None:
            bound = Fraction(stage.bound)
            fits = sign * (value - bound) <= ROUNDING
            words = "is within" if fits else "passes"
            yield fits, f"{stage.objective}: {portfolio} ({decimal_text(value)}) {words} {whose} ({stage.bound})"
        reached = fraction(stage.exact)
        level = reached - sign * abs(reached) * tolerance[at]
        if sign * (value - level) < 0:
            return  # later bounds speak of portfolios that keep more
