"""A bound that is written down holds as it is written: rounded away from what it bounds, and never past nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from matcher.engine import single_model
from matcher.engine.problem import ObjectiveProblem, ObjectiveResult, exact_bound
from matcher.engine.solving import solve
from matcher.formulation.columns import FEW_UNITS
from matcher.formulation.formulate import formulate
from matcher.formulation.plans import Plan
from matcher.portfolio.result import SolveOptions, Stage
from matcher.reporting import amounts
from matcher.scenario import Currency
from matcher.solvers.effort import WorkBudget
from matcher.solvers.linear_model import LinearObjective
from matcher.units import outward, outward_text
from matcher.verification import verify_result
from smallest_scenario import small_scenario

USD = Currency(code="USD")


@pytest.mark.parametrize(
    ("value", "up", "text"),
    [
        (Fraction(1, 3), True, "0.333334"),
        (Fraction(1, 3), False, "0.333333"),
        (Fraction(-1, 3), True, "-0.333333"),
        (Fraction(-1, 3), False, "-0.333334"),
        (Fraction(5), True, "5.000000"),
        (Fraction(5), False, "5.000000"),
        (Fraction(1, 10**9), False, "0.000000"),
    ],
)
def test_bounds_are_rounded_outward(value: Fraction, up: bool, text: str) -> None:
    """Up where nothing is more, down where nothing is less; whole figures stay as they are."""
    assert outward_text(value, up=up) == text


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(-1, 3), Fraction(5), Fraction(-7, 2), Fraction(1, 10**9)])
@pytest.mark.parametrize("step", [Fraction(1), Fraction(1, 1000), Fraction(2, 3)])
def test_outward_is_the_nearest_step_that_holds(value: Fraction, step: Fraction) -> None:
    """A whole number of steps, on the side where the bound holds, and less than one step away."""
    most, least = outward(value, step, up=True), outward(value, step, up=False)
    assert {(most / step).denominator, (least / step).denominator} == {1}
    assert least <= value <= most
    assert max(most - value, value - least) < step


def test_a_third_is_not_bounded_by_less() -> None:
    """10 of 30 m2 can be met: a third exactly, and no bound below it."""
    scenario = small_scenario({"needs.n.quantity": 30, "objectives.order": [{"objective": "coverage"}]})
    (stage,) = solve(scenario, SolveOptions(work=5)).stages
    assert stage.exact == "1/3"
    assert stage.bound is not None
    assert (stage.gap, stage.bound) == (0, "0.333334")
    assert Fraction(stage.bound) >= Fraction(stage.exact)


@pytest.mark.refutes
def test_a_bound_that_is_passed_is_dropped(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """The portfolio is right and kept, nothing is said of how good it is, and the error is logged."""
    pursue = single_model.pursue

    def wrong(problem: ObjectiveProblem, incumbent: Plan | None, meter: WorkBudget) -> ObjectiveResult:
        found = pursue(problem, incumbent, meter)
        return replace(found, bound=None if found.bound is None else found.bound - Fraction(1, 100))

    monkeypatch.setattr(single_model, "pursue", wrong)
    scenario = small_scenario({"objectives.order": [{"objective": "coverage"}]})
    result = solve(scenario, SolveOptions(work=5))
    assert verify_result(scenario.model_dump(), result.model_dump(mode="json")).ok
    (stage,) = result.stages
    assert (stage.exact, stage.bound, stage.gap, stage.solved) == ("1", None, None, False)
    assert (result.status, result.portfolio is not None) == ("feasible", True)
    assert (result.stopped_by, result.repeatable) == ("bound_refuted", True)
    assert "past the bound" in caplog.text


def test_amounts_far_below_a_million_are_bounded_rightly() -> None:
    """By hand: 64 months by the cheap and firm team, 137 by the other, 338 of money: 192 + 205.5 + 338 = 735.5.

    Where columns were scaled to millions whatever they could be, amounts of a few units were below the search's
    tolerance, and 734.5 was said to be the most.
    """
    scenario = small_scenario(
        {
            "horizon": [2015, 2018],
            "capabilities.clearance.reference_price": 3,
            "needs.n": {"state": "A", "capability": "clearance", "quantity": 201, "indivisible": True},
            "offers.f": {"kind": "funding", "provider": "donor", "amount": 1, "firmness": Decimal("0.5")},
            "offers.g": {
                "kind": "funding",
                "provider": "donor",
                "amount": {2015: 21, 2016: 318, 2017: 66},
                "carry_over": Decimal("0.5"),
                "max_states": 1,
            },
            "offers.t": {
                "kind": "technical",
                "provider": "ngo",
                "capability": "clearance",
                "capacity": 167,
                "price": 2,
                "firmness": Decimal("0.5"),
                "max_states": 1,
            },
            "offers.u": {
                "kind": "technical",
                "provider": "ngo",
                "capability": "clearance",
                "capacity": 32,
                "price": 1,
                "years": [2017, 2018],
                "min_per_state": 1,
            },
            "objectives.order": [{"objective": "firmness"}],
        }
    )
    columns = formulate(scenario).columns
    few = columns.upper < FEW_UNITS
    assert (columns.scale[few] <= np.maximum(columns.upper[few], 1)).all()
    for engine in ("scip", "highs"):
        (stage,) = solve(scenario, SolveOptions(work=2, engine=engine)).stages  # type: ignore[arg-type]
        assert (stage.exact, stage.bound) == ("1471/2", "735.500000")


def _aim(maximise: bool, *coefficients: int) -> LinearObjective:
    return LinearObjective("aim", maximise, np.array(coefficients, np.int64), 1, Fraction(1, 4))


@pytest.mark.parametrize(
    ("aim", "bound", "true"),
    [
        (_aim(False, 1, 0), Fraction(0), Fraction(0)),
        (_aim(False, 1, 0), Fraction(1), Fraction(3, 4)),
        (_aim(False, 1, -1), Fraction(0), Fraction(-1, 4)),
        (_aim(True, -1, 0), Fraction(0), Fraction(0)),
        (_aim(True, 1, 0), Fraction(0), Fraction(1, 4)),
    ],
)
def test_what_is_never_negative_has_no_negative_bound(aim: LinearObjective, bound: Fraction, true: Fraction) -> None:
    """Room for an error moves a bound outward, but a sum of what is never below 0 is not either."""
    assert exact_bound(aim, bound, aim.error) == true


def _stage(objective: str, exact: str, bound: str, gap: float, sense: str = "max") -> Stage:
    return Stage.model_validate(
        {
            "objective": objective,
            "sense": sense,
            "value": exact,
            "exact": exact,
            "bound": bound,
            "gap": gap,
            "solved": gap == 0,
        }
    )


@pytest.mark.parametrize(
    ("stage", "text"),
    [
        (_stage("coverage", "1/3", "0.333334", 0.0), "0.3333"),
        (_stage("coverage", "1/3", "0.433331", 0.3), "0.4334"),
        (_stage("worst_off", "1/2", "0.700001", 0.3), "70.1 %"),
        (_stage("cost", "1000", "900.400000", 0.1, "min"), "USD 900"),
        (_stage("cost", "1000", "900.900000", 0.1, "min"), "USD 900"),
        (_stage("fit", "1000", "1100.400000", 0.1), "USD 1,101"),
        (_stage("engagements", "12", "9.999950", 0.2, "min"), "9.9999"),
    ],
)
def test_what_people_read_is_rounded_outward_too(stage: Stage, text: str) -> None:
    """A bound that equals the value reads as the value does; any other is rounded away from it."""
    assert amounts.bound(stage, USD) == text
