"""Decomposition by State: bounds that hold whenever it stops, the same result wherever it runs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from benchmarks.instances import generate
from counted_time import solve_in_looks
from generators import Seeded, draw_scenario
from matcher.engine.by_state import relaxing, search
from matcher.engine.by_state.neighbourhoods import Groups, Kinds
from matcher.engine.by_state.prices import cut, value_blocks, whole_prices
from matcher.engine.lexicographic import Pursuit
from matcher.engine.problem import ObjectiveProblem
from matcher.engine.settings import NeighbourhoodSettings, PriceSettings, Settings
from matcher.engine.solving import solve
from matcher.execution import Executor, Processes, Serial
from matcher.formulation.formulate import formulate
from matcher.formulation.objectives import linear_objective, weighted_objective
from matcher.formulation.pairing import flows_of, whole_pairs
from matcher.formulation.plans import Plan, with_derived_columns
from matcher.portfolio.result import Cancel, Clock, Result, SolveOptions
from matcher.scenario import Scenario
from matcher.solvers.engines import Limits, Solver, SolverFailed, engine
from matcher.solvers.linear_model import Bools
from matcher.solvers.mathopt import BOUND_TOLERANCE
from matcher.verification import verify
from smallest_scenario import small_scenario

WEIGHTS = {"completions": Fraction(2), "coverage": Fraction(1)}


def task_of(scenario: Scenario, executor: Executor | None = None) -> ObjectiveProblem:
    """Returns the task of completions and coverage together."""
    formulation = formulate(scenario)
    aim = weighted_objective(formulation.columns, WEIGHTS)
    return ObjectiveProblem(
        formulation,
        formulation.model,
        None,
        aim,
        None,
        SolveOptions(),
        Clock(),
        lambda *_: None,
        aim.error,
        executor or Serial(),
    )


def scenario_of(seed: int) -> Scenario:
    """Returns a random scenario of a few States."""
    return draw_scenario(Seeded(seed), states=2 + seed % 3, years=3, most=4)


@pytest.mark.parametrize("seed", range(40))
def test_any_prices_bound_the_optimum(seed: int) -> None:
    """Whatever the prices, what they prove is no less than the best portfolio's figure."""
    task = task_of(scenario_of(seed))
    if task.formulation.impossible:
        return
    best = engine("cpsat")(task.model, task.objective, Limits(20.0), Clock())
    if best.status != "optimal":
        assert best.status == "infeasible"
        return
    assert best.bound is not None
    random = Random(seed)
    blocks = cut(task.model, task.objective, task.columns.state)
    relaxed = engine("lp")(task.model, task.objective, Limits(20.0), Clock())
    assert relaxed.prices is not None
    for trial in range(4):
        noise = np.array([random.choice([0.0, 0.5, 1.0, 3.0, -1.0]) for _ in blocks.row])
        prices = whole_prices(blocks, relaxed.prices[blocks.row] * (noise if trial else 1.0))
        valued = value_blocks(task, blocks, prices, Limits(1.0, 1e-3, quick=True), relaxed=trial % 2 == 1)
        assert valued is not None
        assert valued.bound >= best.bound


@pytest.mark.parametrize("seed", range(20))
def test_the_relaxations_prices_prove_no_less_than_it_does(seed: int) -> None:
    """At the relaxation's own prices, States in whole numbers bound no worse than the relaxation."""
    task = task_of(scenario_of(100 + seed))
    relaxed = engine("lp")(task.model, task.objective, Limits(20.0), Clock())
    if relaxed.status != "optimal":
        return
    assert relaxed.prices is not None
    assert relaxed.bound is not None
    blocks = cut(task.model, task.objective, task.columns.state)
    valued = value_blocks(task, blocks, whole_prices(blocks, relaxed.prices[blocks.row]), Limits(5.0))
    assert valued is not None
    assert float(valued.bound) <= float(relaxed.bound) * (1 + 2 * BOUND_TOLERANCE) + 1e-6


@pytest.mark.parametrize("looks", [0, 40, 80])
@pytest.mark.parametrize("seed", range(2))
def test_bounds_hold_at_any_time_limit(seed: int, looks: int) -> None:
    """Cut short at any moment, no bound excludes what a longer solve reaches, and what is returned is right."""
    scenario = generate("tiny", seed)
    short = solve_in_looks(scenario, looks, method="decomposition", work=2)
    longer = solve(scenario, SolveOptions(method="decomposition", work=2))
    assert short.stopped_by == "time"
    assert short.portfolio is not None
    assert verify(scenario, short.portfolio).ok
    assert short.stages[0].bound is not None
    assert float(short.stages[0].bound) >= float(longer.stages[0].value) - 1e-6


def _document(scenario: Scenario, executor: Executor | None) -> str:
    result: Result = solve(scenario, SolveOptions(method="decomposition", work=2), executor=executor)
    return result.model_dump_json()


def test_processes_give_the_same_bytes() -> None:
    """Within a work budget, processes change nothing but the time."""
    scenario = generate("tiny", 3)
    with Processes(2) as processes:
        assert _document(scenario, processes) == _document(scenario, None)


def test_rough_prices_give_the_same_bytes_anywhere() -> None:
    """Prices of a first-order method and the bundle's steps depend on nothing but the scenario."""
    rough = Settings(prices=PriceSettings(most_factored_terms=0))
    phases = []
    scenario = generate("tiny", 3)
    options = SolveOptions(method="decomposition", work=3)
    told = solve(scenario, options, progress=lambda each: phases.append(each.phase), settings=rough)
    alone = told.model_dump_json()
    assert "relaxation_first_order" in phases
    with Processes(2) as executor:
        assert solve(scenario, options, executor=executor, settings=rough).model_dump_json() == alone


def test_a_dask_cluster_gives_the_same_bytes() -> None:
    """Nor does a Dask cluster."""
    distributed = pytest.importorskip("distributed")
    from matcher.execution import DaskCluster

    scenario = generate("tiny", 4)
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    )
    with cluster, DaskCluster(cluster.scheduler_address) as dask:
        found = _document(scenario, dask)
    assert found == _document(scenario, None)


def test_lexicographic_order_is_kept() -> None:
    """Objectives in order: each stage has a bound, and the portfolio keeps what earlier stages reached."""
    scenario = generate("tiny", 5, objective="lexicographic")
    result = solve(scenario, SolveOptions(method="decomposition", work=3))
    assert [stage.objective for stage in result.stages] == [
        *("completions", "late_completions", "coverage", "worst_off", "turnover", "waiting"),
        "cost + 2 at_risk + 0.5 dependence + 0.5 swings",
        *("coverage", "waiting"),
    ]
    figures = {figure.objective: Fraction(figure.exact) for figure in result.figures}
    assert figures["completions"] >= Fraction(result.stages[0].value)
    assert figures["coverage"] >= Fraction(result.stages[2].value) * Fraction(9995, 10000) - Fraction(1, 10**6)
    assert all(stage.bound is not None for stage in result.stages)


def test_cancel_returns_the_best_so_far() -> None:
    """A solve that is cancelled at its first report still returns a checked portfolio."""
    scenario, cancel = generate("tiny", 6), Cancel()
    result = solve(scenario, SolveOptions(method="decomposition"), progress=lambda _: cancel.cancel(), cancel=cancel)
    assert result.stopped_by == "cancel"
    assert result.portfolio is not None
    assert verify(scenario, result.portfolio).ok


@pytest.mark.parametrize("seed", [1, 2])
def test_pairs_are_recovered_whole(seed: int) -> None:
    """A relaxed point with whole engagements becomes whole pairs whose plan keeps every row."""
    task = task_of(generate("tiny", seed))
    plan, _ = search.starting_plan(task)
    assert plan is not None
    outcome = engine("scip")(task.model, task.objective, Limits(0.2, 0.5, quick=True), Clock())
    assert outcome.point is not None
    columns = task.columns
    found = whole_pairs(task.model, flows_of(columns, np.arange(columns.count)), outcome.point, task.objective, Clock())
    assert found is not None
    settled = with_derived_columns(columns, found[0], found[1])
    assert task.model.admits(settled.point)
    real = float(task.objective.coefficient @ outcome.point) / task.objective.denominator
    assert float(task.value(settled)) >= real - 0.01 * abs(real) - 1e-6


def test_somebody_else_pays_the_last_granule() -> None:
    """Two donors' money is exactly the price of all work, but in no whole granules: a third, unused so far, helps."""
    changes = {
        "objectives": {"order": [{"objective": "completions"}]},
        "horizon": [2015, 2015],
        "states.A.deadline": 2015,
        "needs.n.quantity": 300,
        "needs.n.completes": True,
        "offers.f.amount": 500,
        "offers.g": {"kind": "funding", "provider": "donor", "amount": 550},
        "offers.h": {"kind": "funding", "provider": "donor", "amount": 1000},
        "offers.t": {"kind": "technical", "provider": "ngo", "capability": "clearance", "capacity": 150, "price": 3},
        "offers.u": {"kind": "technical", "provider": "firm", "capability": "clearance", "capacity": 150, "price": 4},
    }
    task = task_of(small_scenario(changes))
    columns = task.columns
    used = {"f": 500.0, "g": 550.0, "t": 150.0, "u": 150.0}
    point = np.zeros(columns.count)
    for at, offer in enumerate(columns.flow_offer.tolist()):
        unit = columns.money_unit[at - columns.works] if at >= columns.works else 1
        point[at] = used.get(columns.scenario.offers[offer].id, 0.0) / unit
    point[columns.complete[0]] = 1.0
    point[columns.engaged[columns.engaged >= 0]] = 1.0
    assert columns.relaxable[: columns.flows].all()
    found = whole_pairs(task.model, flows_of(columns, np.arange(columns.count)), point, task.objective, Clock())
    assert found is not None
    settled = with_derived_columns(columns, found[0], found[1])
    assert task.model.admits(settled.point)
    assert settled.point[columns.complete[0]] == 1
    assert found[0].granules.sum() == 300


def test_nothing_is_built_once_the_clock_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """States are not even cut out of the model after a stop: with thousands of them that took an hour."""
    task = task_of(generate("tiny", 1))
    task.clock.cancel.cancel()
    built = []
    monkeypatch.setattr(search, "subproblem_data", lambda *arguments: built.append(arguments))
    assert search.dead_states(task, search.WorkBudget(10.0)) == frozenset()
    assert built == []


def test_no_more_states_are_tried_than_the_budget_allows() -> None:
    """A budget that is used up after the first State leaves the others open, which is never wrong."""
    task = task_of(generate("tiny", 1))
    all_dead = search.dead_states(task, search.WorkBudget(1e9))
    meter = search.WorkBudget(1e-9)
    assert search.dead_states(task, meter) <= all_dead
    assert 0 < meter.used < 1.0


def test_the_engine_that_prices_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the simplex method fails, the interior-point method takes over, then the first-order one: progress says."""
    broken: set[str] = set()

    def failing(name: str) -> Solver:
        if name in broken:
            raise SolverFailed("no point")
        return engine(name)

    monkeypatch.setattr(relaxing, "engine", failing)
    phases = []
    options = SolveOptions(method="decomposition", work=20)
    for name, fails in (("simplex", ""), ("interior", "primal"), ("first_order", "interior")):
        broken.add(fails)
        result = solve(generate("tiny", 2), options, progress=lambda told: phases.append(told.phase))
        assert f"relaxation_{name}" in phases
        assert result.stages[0].bound is not None
        phases.clear()


def test_a_relaxation_that_is_cut_short_still_bounds() -> None:
    """With next to no work there are no prices, but the bound that there is holds."""
    task = task_of(generate("tiny", 2))
    _, outcome, name = relaxing.relaxation(task, search.WorkBudget(1e-9), search.WorkBudget(0.0))
    _, best, _ = relaxing.relaxation(task, search.WorkBudget(100.0), search.WorkBudget(0.0))
    assert name == "relaxation_simplex"
    assert outcome.prices is None
    assert outcome.bound is not None
    assert best.bound is not None
    assert outcome.bound > best.bound


@pytest.mark.parametrize("seed", range(6))
def test_blocks_hold_every_row_and_column_once(seed: int) -> None:
    """Cut along its linking rows, a model falls into what its own rows say, and nothing is lost."""
    task = task_of(scenario_of(seed))
    model, state = task.model, task.columns.state
    blocks = cut(model, task.objective, state)
    assert sorted(np.concatenate([block.columns for block in blocks.blocks]).tolist()) == list(range(model.columns))
    assert sum(block.model.rows.count for block in blocks.blocks) + len(blocks.row) == model.rows.count
    point = np.arange(model.columns, dtype=np.int64) % 7
    limits = sorted(
        zip(model.rows.activity(point).tolist(), model.rows.lower.tolist(), model.rows.upper.tolist(), strict=True)
    )
    found = [
        (activity, low, high)
        for block in blocks.blocks
        for activity, low, high in zip(
            block.model.rows.activity(point[block.columns]).tolist(),
            block.model.rows.lower.tolist(),
            block.model.rows.upper.tolist(),
            strict=True,
        )
    ]
    linked = np.zeros(len(blocks.row), np.int64)
    np.add.at(linked, blocks.term_row, blocks.term_value * point[blocks.term_column])
    found += list(zip(linked.tolist(), blocks.lower.tolist(), blocks.upper.tolist(), strict=True))
    assert sorted(found) == limits
    assert all((state[block.columns] == block.state).all() for block in blocks.blocks)


TWO_THAT_COMPLETE: dict[str, object] = {
    "states.B": {"name": "Borland", "deadline": 2016},
    "needs.m": {"state": "B", "capability": "clearance", "quantity": 10, "completes": True},
    "needs.n.completes": True,
    "offers.f.amount": 10_000,
    "offers.t.capacity": 20,
}


@pytest.mark.parametrize("first", ["coverage", "worst_off"])
def test_completions_are_bounded_after_other_objectives_too(first: str) -> None:
    """What earlier objectives demand of all States is no proof that one of them cannot complete."""
    scenario = small_scenario(
        {**TWO_THAT_COMPLETE, "objectives": {"order": [{"objective": first}, {"objective": "completions"}]}}
    )
    result = solve(scenario, SolveOptions(method="decomposition"))
    assert [(stage.objective, stage.value, stage.bound) for stage in result.stages][1][1:] == ("2.000000", "2.000000")


def test_needs_without_weight_have_no_worst_off() -> None:
    """Where no need counts, the smallest coverage is 0, and that is no error."""
    result = solve(small_scenario({"needs.n.weight": 0}), SolveOptions(method="decomposition"))
    assert result.portfolio is not None


def test_a_single_state_is_searched_in_full() -> None:
    """One State has no rivals, and groups of one are tried all the same."""
    task = task_of(small_scenario())
    groups = Groups(task)
    assert groups.more
    assert groups.draw() == [frozenset({0})]
    groups.tell([False, False, False])
    assert not groups.more


def test_settled_groups_begin_large_and_shrink_while_they_win_nothing() -> None:
    """They end after eight in a row that won nothing, and one more is drawn where others have moved something."""
    groups = Groups(task_of(generate("small", 1)), settled=True)
    sizes = []
    while groups.more:
        sizes.append(max(map(len, groups.draw())))
        groups.tell([False, False])
    assert sizes == [15, 10, 6, 4]
    groups.try_again()
    assert groups.more
    groups.tell([True, True])
    assert len(groups.draw()[0]) == 3
    groups.tell([True, False])
    assert len(groups.draw()[0]) == 3


def test_the_kind_of_groups_that_wins_more_for_its_work_is_drawn_three_times_in_four() -> None:
    task = task_of(generate("small", 1))
    groups, settled = Groups(task), Groups(task, settled=True)
    kinds, drawn = Kinds(NeighbourhoodSettings(), groups, settled), list[Groups | None]()
    for _ in range(16):
        drawn.append(kinds.next())
        assert drawn[-1] is not None
        kinds.tell(drawn[-1], [True], 8.0 if drawn[-1] is groups else 2.0, 1.0)
    assert drawn[:3] == [settled, groups, groups]  # each is tried before any is preferred
    assert [each is groups for each in drawn[4:]] == [True, True, True, False] * 3


def test_kinds_end_where_neither_has_more() -> None:
    task = task_of(generate("tiny", 1))
    groups, settled = Groups(task), Groups(task, settled=True)
    kinds, count = Kinds(NeighbourhoodSettings(), groups, settled), 0
    while (drawn := kinds.next()) is not None:
        kinds.tell(drawn, [False, False], 0.0, 1.0)
        count += 1
    assert not groups.more
    assert not settled.more
    assert count > 8
    assert Kinds(NeighbourhoodSettings(), groups, None).next() is None


def test_who_is_engaged_where_stays_in_settled_groups() -> None:
    """Where nobody is engaged nobody comes to be; what needs no engagement flows, and wins less than all of it."""
    task = task_of(generate("tiny", 1))
    empty, _ = search.starting_plan(task)
    assert empty is not None
    kept = search.settled_columns(task)

    def freed(plan: Plan, kept: Bools | None) -> Plan:
        for state in Groups(task).active:
            meter = search.WorkBudget(5.0)
            plan, _ = search.free_groups(task, plan, [frozenset({state})], task.objective, meter, True, kept)
        return plan

    served = freed(empty, None)
    assert task.value(served) > task.value(empty)
    engaged = task.columns.engaged[task.columns.engaged >= 0]
    assert (served.point[engaged] != empty.point[engaged]).any()
    settled = freed(empty, kept)
    assert task.value(empty) < task.value(settled) < task.value(served)
    assert (settled.point[engaged] == empty.point[engaged]).all()


def test_what_is_known_counts_for_states_not_valued_in_time() -> None:
    """Stopped at once, a valuation proves what is known; run to its end, it proves no less than either."""
    task = task_of(generate("tiny", 1))
    relaxed = engine("lp")(task.model, task.objective, Limits(50.0), Clock())
    assert relaxed.prices is not None
    blocks = cut(task.model, task.objective, task.columns.state)
    prices = whole_prices(blocks, relaxed.prices[blocks.row])
    rough = value_blocks(task, blocks, prices, Limits(1.0), relaxed=True)
    over = replace(task, clock=Clock(0.0))
    assert value_blocks(over, blocks, prices, Limits(1.0)) is None
    assert rough is not None
    stopped = value_blocks(over, blocks, prices, Limits(1.0), known=rough)
    ended = value_blocks(task, blocks, prices, Limits(1.0), known=rough)
    alone = value_blocks(task, blocks, prices, Limits(1.0))
    assert stopped is not None
    assert ended is not None
    assert alone is not None
    assert stopped.bound == rough.bound
    assert ended.bound <= min(alone.bound, rough.bound)
    assert ended.bound < rough.bound


def _rounds(size: str) -> tuple[Groups, list[list[int]]]:
    task = task_of(generate(size, 1))
    groups = Groups(task)
    plan, _ = search.starting_plan(task)
    assert plan is not None
    return groups, [[state for group in each for state in group] for each in groups.alone(plan)]


@pytest.mark.parametrize("size", ["tiny", "big"])
def test_every_state_is_served_once_beside_others_that_share_nothing(size: str) -> None:
    """Rounds hold each State once; in those of more than two, no two States share an offer."""
    groups, rounds = _rounds(size)
    assert sorted(state for each in rounds for state in each) == groups.active
    rivalry = groups._rivalry
    for each in rounds:
        assert len(each) <= max(2, len(groups.active) // 25)
        shared = rivalry[np.ix_(each, each)]
        assert len(each) <= 2 or not (shared - np.diag(np.diag(shared))).any()


def test_rounds_grow_with_the_scenario() -> None:
    """Two States at once in a small scenario, several times as many in one of 200."""
    assert max(map(len, _rounds("tiny")[1])) == 2
    assert max(map(len, _rounds("big")[1])) > 4
    groups = _rounds("big")[0]
    drawn = groups.draw()
    assert len(drawn) == 8
    assert len(frozenset().union(*drawn)) == sum(map(len, drawn))


def test_what_an_earlier_objective_has_reached_is_priced_as_it_is() -> None:
    """Its row has coefficients so large that its whole price could round to 0: valued States bound all the same."""
    task = task_of(generate("tiny", 2))
    coverage = linear_objective(task.columns, "coverage")
    most = engine("interior")(task.model, coverage, Limits(50.0), Clock())
    assert most.bound is not None
    reached = int(most.bound * coverage.denominator) * 3 // 4
    few = linear_objective(task.columns, "engagements")
    pursuit = Pursuit(task.formulation, [coverage, few])
    pursuit.keep_sum(coverage, reached)
    task = replace(task, objective=few, model=pursuit.model)
    relaxed = engine("interior")(task.model, few, Limits(50.0), Clock())
    blocks = cut(task.model, few, task.columns.state)
    assert blocks.shift.any()
    assert relaxed.prices is not None
    assert relaxed.bound is not None
    prices = whole_prices(blocks, -relaxed.prices[blocks.row])
    valued = value_blocks(task, blocks, prices, Limits(50.0), relaxed=True)
    assert valued is not None
    assert float(-valued.bound) == pytest.approx(float(relaxed.bound), rel=1e-3)
    assert float(-valued.bound) <= float(relaxed.bound) * (1 + 1e-6)
