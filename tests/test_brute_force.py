"""What solve calls the optimum is the optimum, by trying everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import get_args

import pytest

from brute_force import RULES, Answer, TooMany, best
from generators import Seeded, draw_scenario
from matcher.engine.solving import solve
from matcher.portfolio.result import Result, SolveOptions
from matcher.scenario import OptionKind, Scenario

MOST_OPTIONS = 12
BLOCK = 50
"""Scenarios in one test."""
STRIDE = 10**4
"""Seeds from one block to the next."""


def solvable(block: int, count: int, limit: int) -> Iterator[tuple[int, Scenario, Answer]]:
    """Yields the seeds of a block whose scenarios are small enough, with the right answer."""

    def found() -> Iterator[tuple[int, Scenario, Answer]]:
        for seed in range(block * STRIDE, (block + 1) * STRIDE):
            scenario = draw_scenario(Seeded(seed), states=1 + seed % 2, years=2 + seed % 2, most=2 + seed % 3)
            try:
                answer = best(scenario, limit)
            except TooMany:
                continue
            if 0 < answer.options <= MOST_OPTIONS:
                yield seed, scenario, answer

    return islice(found(), count)


def figures_of(scenario: Scenario, result: Result) -> tuple[Fraction, ...] | None:
    """Returns the figures of a result in the scenario's order, or None if it has no portfolio."""
    figures = {figure.objective: Fraction(figure.exact) for figure in result.figures}
    return None if result.portfolio is None else tuple(figures[goal.objective] for goal in scenario.order())


def assert_agreement(block: int, count: int, limit: int) -> None:
    """Compares solve with trying everything, figure by figure."""
    differing = []
    for seed, scenario, answer in solvable(block, count, limit):
        result = solve(scenario, SolveOptions(engine="cpsat", method="whole"))
        right = "infeasible" if answer.figures is None else "optimal"
        if (figures_of(scenario, result), result.status) != (answer.figures, right):
            differing.append((seed, right, answer.figures, result.status, figures_of(scenario, result)))
    assert differing == []


@pytest.mark.parametrize("block", range(4))
def test_brute_force_agrees(block: int) -> None:
    """On 200 tiny scenarios, solve finds the figures that trying everything finds, and says so."""
    assert_agreement(block, BLOCK, limit=600)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(100, 140))
def test_brute_force_agrees_on_many(block: int) -> None:
    """On 2,000 tiny scenarios, solve finds the figures that trying everything finds, and says so."""
    assert_agreement(block, BLOCK, limit=3000)


@pytest.mark.parametrize(("engine", "method"), [("highs", "whole"), ("scip", "whole"), ("cpsat", "decomposition")])
def test_bounds_hold_and_infeasibility_is_recognised(engine: str, method: str) -> None:
    """Under every engine and method, no bound of the first objective excludes the true optimum."""
    for seed, scenario, answer in solvable(4, 25, limit=300):
        result = solve(scenario, SolveOptions(engine=engine, method=method))
        assert (result.status == "infeasible") == (answer.figures is None), seed
        if answer.figures is None:
            continue
        assert result.portfolio is not None, seed
        stage, top = result.stages[0], answer.figures[0]
        sign = 1 if stage.sense == "max" else -1
        value = (figures_of(scenario, result) or ())[0]
        assert sign * value <= sign * top, seed
        rounding = Decimal("0.000001")
        assert stage.bound is None or sign * top <= sign * Decimal(stage.bound) + rounding, seed


def test_generator_brings_every_kind_and_rule_into_play() -> None:
    """Over the seeds of a block, options of every kind occur, and every rule decides something."""
    kinds: set[str] = set()
    decided: Counter[str] = Counter()
    for _, _, answer in solvable(0, 200, limit=600):
        kinds |= answer.kinds
        decided += answer.refusals
    assert kinds == set(get_args(OptionKind))
    assert {rule.__name__ for rule in RULES} - set(decided) == set()
