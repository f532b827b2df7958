"""Bounds that engines tell are moved to figures that can occur, and never to the wrong side."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from generators import Seeded, draw_scenario
from matcher.engine.lexicographic import Pursuit, levels_of
from matcher.engine.problem import exact_bound
from matcher.engine.solving import solve
from matcher.formulation.formulate import formulate
from matcher.formulation.objectives import linear_objective
from matcher.portfolio.result import SolveOptions
from matcher.solvers.cpsat import _bound
from matcher.solvers.linear_model import LinearObjective
from smallest_scenario import small_scenario


def figure(denominator: int, maximise: bool) -> LinearObjective:
    """Returns an objective of one column that moves in steps of 1 / denominator."""
    return LinearObjective("figure", maximise, np.array([1], np.int64), denominator, Fraction(0))


@pytest.mark.parametrize("maximise", [True, False])
def test_a_whole_step_is_never_lost_to_rounding(maximise: bool) -> None:
    """CP-SAT's bound of k steps stays k steps: divided as floats, 1/3 and others would lose one."""
    for denominator in range(1, 200):
        aim = figure(denominator, maximise)
        for steps in range(2 * denominator):
            assert exact_bound(aim, _bound(float(steps), aim), Fraction(0)) == Fraction(steps, denominator)


def test_a_bound_beyond_exact_floats_is_moved_outwards() -> None:
    """Where a float no longer holds every whole number, the bound gives way on the safe side."""
    large = 2.0**54
    assert _bound(large, figure(1, True)) > Fraction(2**54)
    assert _bound(large, figure(1, False)) < Fraction(2**54)


@pytest.mark.parametrize("seed", range(12))
def test_a_bound_is_never_weaker_than_what_the_needs_alone_say(seed: int) -> None:
    """A relaxation cut short proves as much as all needs met at once; no plan passes that."""
    scenario = draw_scenario(Seeded(seed), states=3, years=3, most=60, decisions=False)
    result = solve(scenario, SolveOptions(work=2))
    formulation = formulate(scenario)
    for level in levels_of(formulation):
        if level.name in formulation.columns.sought and level.name != "worst_off":
            task = Pursuit(formulation, [level.objective]).problem(level.objective)
            far = Fraction(10**15 if level.objective.maximise else -(10**15))
            bound = replace(task, floor=level.floor).bound(far)
            assert bound is not None
            assert abs(bound) < abs(far)
            if result.portfolio is not None:
                figure = next(Fraction(each.exact) for each in result.figures if each.objective == level.name)
                assert bound >= figure if level.objective.maximise else level.floor <= bound <= figure


def test_of_all_needs_met_the_bound_is_the_weight() -> None:
    """A State of one need of weight 1: coverage is 1 at most, and nothing waits less than not at all."""
    formulation = formulate(small_scenario(), sought=frozenset({"coverage", "waiting"}))
    for name, far, most in (("coverage", 10**9, 1), ("waiting", -(10**9), 0)):
        aim = linear_objective(formulation.columns, name)
        bound = Pursuit(formulation, [aim]).problem(aim).bound(Fraction(far))
        assert bound is not None
        assert abs(bound - most) < Fraction(1, 10**6)
