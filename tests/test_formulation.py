"""The compact formulation means what the assignment formulation means."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.assignment.arrays import build_arrays
from benchmarks.peers.assignment.formulation import Assignment
from benchmarks.peers.assignment.formulation import formulate as formulate_by_options
from benchmarks.peers.assignment.objectives import linear_objective, worst_off_rows
from generators import Seeded, draw_scenario
from lasting_fields import draw_lasting_scenario
from matcher.engine.replanning import near
from matcher.engine.solving import solve
from matcher.formulation import objectives as compact_objectives
from matcher.formulation import smallest_coverage
from matcher.formulation.formulate import formulate
from matcher.formulation.formulation import Formulation
from matcher.formulation.plans import Pairs, _floor_shares, plan_of, portfolio_of, with_derived_columns
from matcher.io import load
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Clock, SolveOptions, scenario_hash
from matcher.scenario import Scenario
from matcher.scenario.eligibility import find_options
from matcher.solvers.engines import Limits, engine
from matcher.solvers.linear_model import UNLIMITED, LinearModel
from matcher.verification import verify
from matcher.verification.documents import completed, fractional
from matcher.verification.limits import ScenarioLimits
from matcher.verification.order import SENSE
from smallest_scenario import Changes, small_scenario

NAMES = (
    "completions",
    "late_completions",
    "coverage",
    "worst_off",
    "waiting",
    "fit",
    "firmness",
    "engagements",
    "at_risk",
    "cost",
)
"""Objectives that both know: links, and so turnover, swings and dependence, are the compact formulation's alone."""
SCENARIOS = sorted(
    path for path in (Path(__file__).parents[1] / "scenarios" / "tiny").glob("*.yaml") if ".expected" not in path.name
)
ENGAGED = {"engagement", "minimum", "begin", "lasting", "max_states", "max_partners", "partner", "pin"}
"""Rules whose rows differ in strength, not in meaning, between the two."""


@cache
def scenario_of(seed: int) -> Scenario:
    """A tiny random scenario."""
    return draw_scenario(Seeded(seed), states=1 + seed % 3, years=2 + seed % 2, most=2 + seed % 4)


def both(scenario: Scenario) -> tuple[Assignment, Formulation]:
    """A scenario in both formulations."""
    return formulate_by_options(build_arrays(find_options(scenario))), formulate(scenario, sought=frozenset(NAMES))


def optimum(model: LinearModel, objective: object, name: str = "cpsat") -> Fraction | None:
    """The best figure of a model, or None if it has no point."""
    outcome = engine(name)(model, objective, Limits(50.0), Clock())  # type: ignore[arg-type]
    assert outcome.status in ("optimal", "infeasible")
    return outcome.bound if outcome.status == "optimal" else None


def assert_same_optimum(scenario: Scenario, name: str) -> None:
    """Compares the optimum of one objective in both formulations, or that there is none."""
    assignment, formulation = both(scenario)
    if assignment.impossible or formulation.impossible:
        assert [each.reason for each in assignment.impossible] == [each.reason for each in formulation.impossible]
        return
    path, short = assignment.model, formulation.model
    if name == "worst_off":
        path = path.with_rows(worst_off_rows(assignment.layout))
        short = short.with_rows(smallest_coverage.worst_off_rows(formulation.columns))
        short = short.with_rows(smallest_coverage.reached_rows(formulation.columns))
    one = optimum(path, linear_objective(assignment.layout, name))
    other = optimum(short, compact_objectives.linear_objective(formulation.columns, name))
    assert one == other


@pytest.mark.parametrize("seed", range(24))
def test_same_least_disruption(seed: int) -> None:
    """With some of another scenario's portfolio as the earlier one, and on changed capacities, both agree."""
    scenario = scenario_of(seed)
    portfolio = solve(scenario_of(seed), SolveOptions(work=5)).portfolio
    if portfolio is None or not portfolio.flows:
        return
    document = near(scenario, portfolio).model_dump()
    for offer in document["offers"].values():
        if offer["kind"] == "technical" and isinstance(offer["capacity"], int):
            offer["capacity"] = offer["capacity"] * (1 + seed % 3) // 2
    document["decisions"] |= {"pins": [], "commitments": []}
    changed = Scenario.from_data(document)
    assert changed.earlier
    assert_same_optimum(changed, "disruption")
    assert_same_optimum(changed, "coverage")


@pytest.mark.parametrize("seed", range(80))
def test_same_optimum(seed: int) -> None:
    """On tiny random scenarios every objective has the same optimum in both."""
    assert_same_optimum(scenario_of(seed), NAMES[seed % len(NAMES)])


@pytest.mark.parametrize("seed", range(160))
def test_same_optimum_of_what_lasts(seed: int) -> None:
    """So it is with what was there before the horizon, least engagements, dated deadlines and shares."""
    scenario = draw_lasting_scenario(seed, states=1 + seed % 3, years=2 + seed % 2, most=2 + seed % 3)
    assert_same_optimum(scenario, NAMES[seed % len(NAMES)])


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", ["completions", "coverage", "worst_off", "engagements"])
def test_same_optimum_on_named_scenarios(path: Path, name: str) -> None:
    """On every named tiny scenario the optimum is the same in both."""
    assert_same_optimum(load(path), name)


def _without_engagement(model: LinearModel) -> LinearModel:
    """The model with the rows of engagements lifted."""
    dropped = np.array([label[0] in ENGAGED for label in model.rows.label], np.bool_)
    lower = np.where(dropped, -UNLIMITED, model.rows.lower)
    upper = np.where(dropped, UNLIMITED, model.rows.upper)
    return replace(model, rows=replace(model.rows, lower=lower, upper=upper))


@pytest.mark.parametrize("seed", range(80))
@pytest.mark.parametrize("name", ["completions", "coverage", "cost", "fit"])
def test_same_relaxation_where_the_same_rows_are_meant(seed: int, name: str) -> None:
    """With engagements apart, whose rows are tighter here, both relaxations have the same value."""
    assignment, formulation = both(scenario_of(seed))
    if assignment.impossible:
        return
    one = optimum(_without_engagement(assignment.model), linear_objective(assignment.layout, name), "lp")
    other = optimum(
        _without_engagement(formulation.model), compact_objectives.linear_objective(formulation.columns, name), "lp"
    )
    if one is None or other is None:
        assert one == other
    else:
        assert float(other) == pytest.approx(float(one), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(60))
def test_portfolios_and_plans_translate(seed: int) -> None:
    """A portfolio becomes a point that keeps all rows and has its figures, and comes back the same."""
    scenario = scenario_of(seed)
    result = solve(scenario, SolveOptions(method="whole"))
    if result.portfolio is None:
        return
    assert_means_the_same(scenario, result.portfolio)


def assert_means_the_same(scenario: Scenario, portfolio: Portfolio) -> None:
    """Compares every figure of a portfolio's point with the checker's, and what the point stands for."""
    formulation = formulate(scenario, sought=frozenset(SENSE))
    worst = smallest_coverage.worst_off_rows(formulation.columns)
    plan = plan_of(formulation, portfolio, worst)
    reached = smallest_coverage.reached_rows(formulation.columns)
    assert formulation.model.with_rows(worst).with_rows(reached).admits(plan.point)
    figures = dict(verify(scenario, portfolio).figures)
    for name in sorted(figures):
        objective = compact_objectives.linear_objective(formulation.columns, name)
        error = Fraction(1, 10**9) if name == "worst_off" else objective.error
        assert abs(objective.value(plan.point) - figures[name]) <= error, name
    assert portfolio_of(formulation, plan) == portfolio


@pytest.mark.parametrize("seed", range(120))
def test_figures_of_what_lasts_are_the_checkers(seed: int) -> None:
    """With everything that makes plans last, a portfolio's point has each of the checker's figures."""
    scenario = draw_lasting_scenario(seed, states=1 + seed % 3, years=2 + seed % 3, most=2 + seed % 4)
    result = solve(scenario, SolveOptions(method="whole", work=5))
    if result.portfolio is not None:
        assert_means_the_same(scenario, result.portfolio)


def test_the_floor_of_waiting_is_the_checkers() -> None:
    """What stays open in any plan is the same to who solves and to who checks, and at times more than nothing."""
    floors = []
    for seed in range(120):
        scenario = draw_lasting_scenario(seed, states=1 + seed % 3, years=2 + seed % 3, most=4)
        floors.append(compact_objectives.waiting_floor(formulate(scenario).columns))
        assert floors[-1] == ScenarioLimits(fractional(completed(scenario.model_dump()))).waiting_floor, seed
    assert sum(floor > 0 for floor in floors) > 50


def test_the_smallest_coverage_is_nothing_where_no_state_counts() -> None:
    """Where nothing can flow at all, every State is set aside, and the smallest coverage is 0 and proven."""
    scenario = small_scenario({"offers.t.capacity": 0, "objectives.order": [{"objective": "worst_off"}]})
    result = solve(scenario)
    assert [(each.value, each.bound, each.solved) for each in result.stages] == [("0.000000", "0.000000", True)]


def test_a_portfolio_states_units_money_and_kind() -> None:
    """Flows are stated in units and money: granules times the granule and its price."""
    changes: Changes = {
        "capabilities.clearance.granule": 5,
        "offers.t.price": Decimal("0.2"),
        "offers.t.capacity": 50,
        "needs.n.quantity": 100,
    }
    formulation = formulate(small_scenario(changes))
    columns = formulation.columns
    work = np.flatnonzero(columns.flow_year[: columns.works] == 0)
    money = np.flatnonzero(columns.flow_year[columns.works :] == 0) + columns.works
    plan = with_derived_columns(columns, Pairs(work, money, np.array([3])), np.zeros(columns.count, np.int64))
    portfolio = portfolio_of(formulation, plan)
    (flow,) = portfolio.flows
    assert (flow.quantity, flow.money, flow.kind, flow.year) == (15, 3, "operator", 2015)
    assert [(each.offer, each.state) for each in portfolio.engagements] == [("f", "A"), ("t", "A")]
    assert portfolio.scenario_hash == scenario_hash(formulation.scenario)


def test_shares_are_exact_at_any_size() -> None:
    """Rounded down to the unit, also below zero and where a product passes 64 bits."""
    amount = np.array([7, -7, 10**15, -(10**15), 0], np.int64)
    over, under = np.array([2, 999_999_999_999], np.int64), np.array([3, 10**12], np.int64)
    owner = np.array([0, 0, 1, 1, 1])
    expected = [int(a) * int(over[o]) // int(under[o]) for a, o in zip(amount, owner, strict=True)]
    assert _floor_shares(amount, over, under, owner).tolist() == expected
