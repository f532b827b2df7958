"""Bounds that engines tell are moved to figures that can occur, and never to the wrong side."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from matcher.engine.problem import exact_bound
from matcher.solvers.cpsat import _bound
from matcher.solvers.linear_model import LinearObjective


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
