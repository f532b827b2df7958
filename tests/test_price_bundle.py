"""Better prices by a bundle: bounds that fall and hold; and the whole model searched at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.instances import generate
from matcher.engine.by_state import at_once
from matcher.engine.by_state.bundle import Bundle
from matcher.engine.by_state.prices import cut, whole_prices
from matcher.engine.by_state.search import starting_plan
from matcher.engine.problem import ObjectiveProblem
from matcher.engine.solving import solve
from matcher.portfolio.result import Clock, SolveOptions
from matcher.solvers.effort import WorkBudget
from matcher.solvers.engines import Continuous, Limits, SolverFailed, engine, minimum
from matcher.verification import verify
from test_decomposition import scenario_of, task_of


def _bundle(task: ObjectiveProblem, share: float) -> tuple[Bundle, float]:
    """A bundle from a share of the relaxation's own prices, and the relaxation's value."""
    relaxed = engine("lp")(task.model, task.objective, Limits(50.0), Clock())
    assert relaxed.prices is not None
    assert relaxed.bound is not None
    plan, _ = starting_plan(task)
    assert plan is not None
    blocks = cut(task.model, task.objective, task.columns.state)
    noise = np.random.default_rng(1).uniform(1 - share, 1 + share, len(blocks.row))
    return Bundle(task, blocks, whole_prices(blocks, relaxed.prices[blocks.row] * noise), plan), float(relaxed.bound)


@pytest.mark.parametrize("seed", [1, 2])
def test_rough_prices_become_better_and_still_bound(seed: int) -> None:
    """From prices a tenth off, steps win back most of what the bound had lost, and never pass the relaxation."""
    bundle, exact = _bundle(task_of(generate("tiny", seed)), 0.1)
    first = float(bundle.valued.valuation.bound)
    bounds = []
    for _ in range(6):
        bundle.step(5, WorkBudget(1e9))
        bounds.append(float(bundle.valued.valuation.bound))
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] >= exact * (1 - 1e-6)
    assert bounds[-1] - exact < (first - exact) / 2


def test_exact_prices_stay_as_they_are() -> None:
    """At the relaxation's own prices nothing can be won: the bound stays."""
    bundle, exact = _bundle(task_of(generate("tiny", 1)), 0.0)
    bundle.step(5, WorkBudget(1e9))
    assert float(bundle.valued.valuation.bound) == pytest.approx(exact, rel=1e-6)


def test_no_step_is_taken_without_work_left() -> None:
    """A budget that is used up ends the steps before the next one."""
    bundle, _ = _bundle(task_of(generate("tiny", 1)), 0.1)
    first = bundle.valued.valuation
    bundle.step(5, WorkBudget(0.0))
    assert bundle.valued.valuation is first


def test_a_linear_program_is_smallest_where_it_says() -> None:
    """min x + 2y with x + y >= 3, x <= 2 is at (2, 1); no point where rows exclude each other."""
    two = np.array([0.0, 0.0]), np.array([2.0, 9.0]), np.array([1.0, 2.0])
    row, column, value = np.array([0, 0]), np.array([0, 1]), np.array([1.0, 1.0])
    found = minimum(Continuous(*two, row, column, value, np.array([3.0]), np.array([np.inf])), Limits(1.0), Clock())
    assert found is not None
    assert found == pytest.approx([2.0, 1.0])
    none = minimum(Continuous(*two, row, column, value, np.array([12.0]), np.array([np.inf])), Limits(1.0), Clock())
    assert none is None


@pytest.mark.parametrize("seed", [3, 7, 10])
@pytest.mark.parametrize("limit", [None, 3_600.0])
def test_all_states_at_once_find_the_optimum_of_a_small_model(seed: int, limit: float | None) -> None:
    """With a clock or without; the bound is that of the model, and the point keeps all rows."""
    task = replace(task_of(scenario_of(seed)), clock=Clock(limit))
    assert at_once.worth_it(task)
    best = engine("cpsat")(task.model, task.objective, Limits(20.0), Clock())
    outcome = at_once.search(task, None, 20.0)
    assert outcome is not None
    assert best.status == "optimal"
    assert outcome.bound is not None
    assert best.bound is not None
    assert outcome.bound >= best.bound
    assert outcome.point is not None
    assert task.model.admits(np.rint(outcome.point).astype(np.int64))


def test_a_cancelled_solve_does_not_wait_for_all_states_at_once() -> None:
    """After a cancel there is no outcome: the search of ten minutes is not waited for."""
    for limit in (None, 600.0):
        limited = replace(task_of(generate("tiny", 2)), clock=Clock(limit))
        limited.clock.cancel.cancel()
        assert at_once.search(limited, None, 600.0) is None


def test_a_fine_model_is_not_begun_without_work_for_its_first_node() -> None:
    """No limit ends a first node: with less work left than it takes about, the whole is not searched."""
    task = task_of(generate("tiny", 2))
    assert at_once.least_work(task) > 5.0
    assert at_once.least_work(task_of(scenario_of(3))) < 0.2


def test_a_search_that_fails_costs_no_portfolio(monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure is told in the progress; what was found State by State is returned."""

    def failing(*_: object) -> None:
        raise SolverFailed("numbers")

    monkeypatch.setattr(at_once, "search", failing)
    phases = []
    scenario = generate("tiny", 2)
    options = SolveOptions(method="decomposition", time_limit=3_600.0, work=2)
    result = solve(scenario, options, progress=lambda told: phases.append((told.phase, told.detail)))
    assert ("all_at_once", "numbers") in phases
    assert result.portfolio is not None


def test_under_a_clock_the_result_is_checked_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """States and the whole together: a right portfolio, and a bound no worse than the work-limited one's value."""
    scenario = generate("tiny", 2)
    real = at_once.search
    # States have all the time that their work takes on this machine; the whole is given up after some seconds
    monkeypatch.setattr(at_once, "search", lambda task, plan, work: real(replace(task, clock=Clock(6.0)), plan, work))
    result = solve(scenario, SolveOptions(method="decomposition", time_limit=3_600.0, work=2))
    other = solve(scenario, SolveOptions(method="decomposition", work=2))
    assert result.portfolio is not None
    assert verify(scenario, result.portfolio).ok
    assert result.stages[0].bound is not None
    assert float(result.stages[0].bound) >= float(other.stages[0].value) - 1e-6
