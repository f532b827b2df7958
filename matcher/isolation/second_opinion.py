"""A second opinion: the same scenario solved again by an engine of other lineage, and the two results compared.

Each portfolio must be within the other's bounds. The bound of an objective speaks of all portfolios
that keep what its result has reached in earlier objectives, so it is held against the other
portfolio wherever that one keeps as much. What both share is the formulation; the checker, which
shares nothing with either, has accepted both portfolios.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from matcher.isolation import solve_isolated
from matcher.portfolio.result import Engine, Result, SolveOptions, Stage
from matcher.scenario import Scenario
from matcher.units import decimal_text, fraction

OTHER: dict[Engine, Engine] = {"auto": "highs", "scip": "highs", "cpsat": "highs", "highs": "scip"}
"""By engine of the first solve (auto: SCIP, and CP-SAT for small models): one of other lineage."""
ROUNDING = Fraction(1, 10**6)
"""A stated bound is rounded to six decimals."""


Compared = Literal["status", "first_within", "first_passes", "second_within", "second_passes"]
"""What can be compared: the outcomes, and whether the portfolio of one result is within a bound of the other."""


@dataclass(frozen=True)
class Comparison:
    """One thing compared in two results."""

    fits: bool
    """Whether both can be right."""
    code: Compared
    """What was compared, and how it came out."""
    data: Mapping[str, str]
    """Of outcomes, the first and the second; else the objective, the portfolio's value and the bound."""

    @property
    def document(self) -> dict[str, str]:
        """It as plain data, without whether it fits."""
        return {"code": self.code, **self.data}


@dataclass(frozen=True)
class Opinion:
    """What a second engine says of a scenario."""

    engine: Engine
    """The second engine."""
    result: Result
    """Its own result."""
    agreements: tuple[Comparison, ...]
    """What was compared and fits."""
    disagreements: tuple[Comparison, ...]
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
        tuple(each for each in compared if each.fits),
        tuple(each for each in compared if not each.fits),
    )


def compare(scenario: Scenario, first: Result, second: Result) -> Iterator[Comparison]:
    """Yields what can be compared in two results for one scenario: the outcomes, then each bound."""
    statuses = {first.status, second.status}
    if "infeasible" in statuses:
        fits = not statuses & {"optimal", "feasible"}
        yield Comparison(fits, "status", {"first": first.status, "second": second.status})
    yield from _within(scenario, first, second, ("second_within", "second_passes"))
    yield from _within(scenario, second, first, ("first_within", "first_passes"))


def _within(
    scenario: Scenario, bounding: Result, other: Result, codes: tuple[Compared, Compared]
) -> Iterator[Comparison]:
    """Holds the bounds of one result against the portfolio of the other, as far as they speak of it."""
    if other.portfolio is None:
        return
    from matcher.engine.lexicographic import formulated  # a solver is not loaded before one is asked

    levels = formulated(scenario).levels
    figures = {figure.objective: fraction(figure.exact) for figure in other.figures}
    for at, stage in enumerate(bounding.stages):
        sign = 1 if stage.sense == "max" else -1
        value = _value(scenario, other, figures, stage)
        if value is None:
            return
        if stage.bound is not None:
            bound = Fraction(stage.bound)
            fits = sign * (value - bound) <= ROUNDING
            data = {"objective": stage.objective, "value": decimal_text(value), "bound": stage.bound}
            yield Comparison(fits, codes[0] if fits else codes[1], data)
        reached = fraction(stage.exact)
        if sign * (value - levels[at].kept(reached)) < 0:
            return  # later bounds speak of portfolios that keep more


def _value(scenario: Scenario, other: Result, figures: dict[str, Fraction], stage: Stage) -> Fraction | None:
    """What a portfolio comes to in a level of the other result; None where its figures do not say."""
    if stage.objective == "weighted":
        return fraction(other.stages[0].exact)
    goal = next((goal for goal in scenario.order() if goal.name == stage.objective and not stage.closing), None)
    parts = [stage.objective] if goal is None else [part.objective for part in goal.parts]
    if not all(part in figures for part in parts):
        return None
    return figures[stage.objective] if goal is None else goal.figure(figures)
