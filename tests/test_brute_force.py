"""What solve calls the optimum is the optimum, by trying everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import get_args

import pytest

from brute_force import RULES, Answer, TooMany, best
from generators import Seeded, draw_scenario
from lasting_fields import draw_ordered_scenario
from matcher.engine.solving import solve
from matcher.portfolio.result import Engine, Method, Result, SolveOptions
from matcher.scenario import OptionKind, Scenario
from matcher.verification.rules import share

MOST_OPTIONS = 12
BLOCK = 50
"""Scenarios in one test."""
STRIDE = 10**4
"""Seeds from one block to the next."""


Draw = Callable[..., Scenario]
"""Draws a scenario from a seed, of certain sizes."""


def plain_scenario(seed: int, **sizes: int) -> Scenario:
    """Returns a random scenario without what makes partnerships last, each objective to be met to the last."""
    return draw_scenario(Seeded(seed), **sizes)


DRAWS: tuple[Draw, ...] = (plain_scenario, draw_ordered_scenario)


def solvable(block: int, count: int, limit: int, draw: Draw = plain_scenario) -> Iterator[tuple[int, Scenario, Answer]]:
    """Yields the seeds of a block whose scenarios are small enough, with the right answer."""

    def found() -> Iterator[tuple[int, Scenario, Answer]]:
        for seed in range(block * STRIDE, (block + 1) * STRIDE):
            scenario = draw(seed, states=1 + seed % 2, years=2 + seed % 2, most=2 + seed % 3)
            try:
                answer = best(scenario, limit)
            except TooMany:
                continue
            if 0 < answer.options <= MOST_OPTIONS:
                yield seed, scenario, answer

    return islice(found(), count)


def values_of(result: Result) -> tuple[Fraction, ...] | None:
    """Returns what each entry of the order and of its closing came to, or None if there is no portfolio."""
    return None if result.portfolio is None else tuple(Fraction(stage.exact) for stage in result.stages)


def assert_agreement(block: int, count: int, limit: int, draw: Draw, engine: Engine = "cpsat") -> None:
    """Compares solve with trying everything, entry by entry."""
    differing = []
    for seed, scenario, answer in solvable(block, count, limit, draw):
        result = solve(scenario, SolveOptions(engine=engine, method="whole"))
        right = "infeasible" if answer.figures is None else "optimal"
        if (values_of(result), result.status) != (answer.figures, right):
            differing.append((seed, right, answer.figures, result.status, values_of(result)))
    assert differing == []


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("block", range(2))
def test_brute_force_agrees(block: int, draw: Draw) -> None:
    """On 200 tiny scenarios, solve finds what trying everything finds, and says so."""
    assert_agreement(block, BLOCK, limit=600, draw=draw)


@pytest.mark.parametrize("engine", ["highs", "scip"])
def test_brute_force_agrees_with_another_engine(engine: Engine) -> None:
    """The other engines find it too, where money and work last."""
    assert_agreement(5, BLOCK // 2, limit=300, draw=draw_ordered_scenario, engine=engine)


@pytest.mark.parametrize("seed", [40169, 40229])
def test_the_worst_off_state_counts_with_what_was_delivered_before(seed: int) -> None:
    """Two scenarios in which a plan was valued without that, so that a better one was thrown away."""
    scenario = draw_ordered_scenario(seed, states=1 + seed % 2, years=2 + seed % 2, most=2 + seed % 3)
    result = solve(scenario, SolveOptions(engine="highs", method="whole"))
    assert (values_of(result), result.status) == (best(scenario, 600).figures, "optimal")


@pytest.mark.slow
@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("block", range(100, 120))
def test_brute_force_agrees_on_many(block: int, draw: Draw) -> None:
    """On 2,000 tiny scenarios, solve finds what trying everything finds, and says so."""
    assert_agreement(block, BLOCK, limit=3000, draw=draw)


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize(("engine", "method"), [("highs", "whole"), ("scip", "whole"), ("cpsat", "decomposition")])
def test_bounds_hold_and_infeasibility_is_recognised(engine: Engine, method: Method, draw: Draw) -> None:
    """Under every engine and method, no bound of the first entry excludes the true optimum."""
    for seed, scenario, answer in solvable(4, 25, limit=300, draw=draw):
        result = solve(scenario, SolveOptions(engine=engine, method=method))
        assert (result.status == "infeasible") == (answer.figures is None), seed
        if answer.figures is None:
            continue
        assert result.portfolio is not None, seed
        stage, top = result.stages[0], answer.figures[0]
        sign = 1 if stage.sense == "max" else -1
        value = Fraction(stage.exact)
        assert sign * value <= sign * top, seed
        rounding = Decimal("0.000001")
        assert stage.bound is None or sign * top <= sign * Decimal(stage.bound) + rounding, seed


def test_generator_brings_every_kind_and_rule_into_play() -> None:
    """Over the seeds of two blocks, options of every kind occur, and every rule decides something."""
    kinds: set[str] = set()
    decided: Counter[str] = Counter()
    for draw in DRAWS:
        for _, _, answer in solvable(0, 100, limit=600, draw=draw):
            kinds |= answer.kinds
            decided += answer.refusals
    assert kinds == set(get_args(OptionKind))
    assert {rule.__name__ for rule in (*RULES, share)} - set(decided) == set()
