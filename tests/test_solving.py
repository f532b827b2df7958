"""What solve promises: checked portfolios, the same each time, within limits, in silence."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from itertools import groupby
from pathlib import Path
from random import Random
from threading import Event, Timer
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import classics
from benchmarks.instances import generate
from counted_time import solve_in_looks
from generators import Drawn, Seeded, draw_document, draw_scenario, scenarios, shuffled
from matcher.engine.settings import JointSettings, Settings
from matcher.engine.solving import solve, solve_within
from matcher.errors import InvalidScenario
from matcher.execution import Serial
from matcher.io.reading import load
from matcher.portfolio.result import Cancel, Clock, Progress, Result, SolveOptions
from matcher.scenario import Scenario
from matcher.solvers import cpsat
from matcher.solvers.engines import ENGINES as ENGINES_BY_NAME
from matcher.solvers.engines import Limits
from matcher.solvers.watch import stopped_from_outside
from matcher.verification import verify
from smallest_scenario import small_scenario

ENGINES = ("cpsat", "highs", "scip")
GENEVA = Path(__file__).resolve().parents[1] / "scenarios" / "geneva-2015.yaml"
QUICK = SolveOptions(work=2)


def modest(examples: int) -> Callable[..., Any]:
    """Settings for a few examples, the same in every run."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=slow)


def assert_right(scenario: Scenario, result: Result) -> None:
    """The checker accepts the result, and what it says of itself fits together."""
    if result.portfolio is None:
        assert result.status in ("infeasible", "no_portfolio")
        assert bool(result.conflicts) == (result.status == "infeasible")
        return
    assert result.status in ("optimal", "feasible")
    report = verify(scenario, result)
    assert report.violations == ()
    assert {each.objective: Fraction(each.exact) for each in result.figures} == report.figures
    for stage in result.stages:
        sign = 1 if stage.sense == "max" else -1
        assert stage.bound is None or sign * Decimal(stage.value) <= sign * Decimal(stage.bound)


def exact(result: Result, objective: str) -> Fraction:
    """Returns one figure of a result."""
    return next(Fraction(each.exact) for each in result.figures if each.objective == objective)


def usual(seed: int, **sizes: Any) -> Scenario:
    """A random scenario without decisions, for which there is always a portfolio."""
    return draw_scenario(Seeded(seed), decisions=False, **sizes)


@modest(40)
@given(scenario=scenarios(states=3, years=3, most=4), method=st.sampled_from(["whole", "decomposition"]))
def test_checker_accepts_what_is_found(scenario: Scenario, method: str) -> None:
    """Whatever the scenario and method, a portfolio that is returned is right to the last unit."""
    assert_right(scenario, solve(scenario, QUICK.model_copy(update={"method": method})))


@modest(15)
@given(scenario=scenarios(states=3, years=4, most=5000), engine=st.sampled_from(["highs", "scip"]))
def test_checker_accepts_large_quantities(scenario: Scenario, engine: str) -> None:
    """With thousands of granules, found as real numbers, the portfolio is still in whole units and right."""
    assert_right(scenario, solve(scenario, SolveOptions(work=2, engine=engine)))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["auto", *ENGINES])
@pytest.mark.parametrize("method", ["whole", "decomposition"])
@pytest.mark.parametrize("most", [4, 300, 5000])
def test_checker_accepts_many(engine: str, method: str, most: int) -> None:
    """Under every engine and method, dozens of scenarios of every size have right answers."""
    for seed in range(30):
        scenario = draw_scenario(Seeded(seed), states=4, years=4, most=most)
        assert_right(scenario, solve(scenario, SolveOptions(work=2, engine=engine, method=method)))


@modest(15)
@given(data=st.data(), seed=st.integers(0, 99))
def test_order_of_the_input_does_not_matter(data: st.DataObject, seed: int) -> None:
    """The same scenario with its entries in another order has the same result, byte for byte."""
    document = draw_document(Drawn(data.draw), states=2, years=3, most=4)
    other = shuffled(document, Random(seed))
    results = [solve(Scenario.from_data(each), QUICK).model_dump_json() for each in (document, other)]
    assert results[0] == results[1]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("objective", ["completions", "coverage"])
def test_more_money_never_lowers_the_optimum(seed: int, objective: str) -> None:
    """Twice the money of every offer leaves room for at least what was reached before."""
    document = draw_document(Seeded(seed), states=2, years=3, most=4, decisions=False)
    document["objectives"] = {"order": [{"objective": objective}]}
    richer = deepcopy(document)
    for offer in richer["offers"].values():
        amount = offer.get("amount")
        if isinstance(amount, dict):
            offer["amount"] = {year: 2 * money for year, money in amount.items()}
        elif amount is not None:
            offer["amount"] = 2 * amount
    before = solve(Scenario.from_data(document))
    after = solve(Scenario.from_data(richer))
    bound = after.stages[0].bound
    assert bound is not None
    assert exact(before, objective) <= Fraction(bound) + Fraction(1, 10**6)


@pytest.mark.parametrize("method", ["whole", "decomposition"])
@pytest.mark.parametrize("engine", ENGINES)
def test_same_bytes_each_time_and_from_several_threads(method: str, engine: str) -> None:
    """Run again, and run in four threads at once, the same scenarios have the same results."""
    asked = SolveOptions(work=2, method=method, engine=engine)
    given_scenarios = [usual(seed, states=2, years=3, most=6) for seed in range(4)]

    def answer(scenario: Scenario) -> str:
        return solve(scenario, asked).model_dump_json()

    serial = [answer(scenario) for scenario in given_scenarios]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(answer, given_scenarios)) == serial


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Returns a list that fills with why a solve must stop, as it stands when an engine is asked something."""
    reasons: list[str | None] = []

    def noted(real: Any) -> Any:
        def solver(model: Any, objective: Any, limits: Any, clock: Clock, *more: Any) -> Any:
            reasons.append(clock.reason())
            return real(model, objective, limits, clock, *more)

        return solver

    for module, name in set(ENGINES_BY_NAME.values()):
        found = import_module(module)
        monkeypatch.setattr(found, name, noted(getattr(found, name)))
    return reasons


@pytest.mark.parametrize("method", ["whole", "decomposition"])
def test_cancelled_before_the_start_it_returns_at_once(method: str, asked: list[str | None]) -> None:
    """A solve that is cancelled before it starts only finds that no engine answers, and says what stopped it."""
    cancel = Cancel()
    cancel.cancel()
    scenario = usual(3, states=3, years=4, most=5000)
    result = solve(scenario, SolveOptions(method=method), cancel=cancel)
    assert result.stopped_by == "cancel"
    assert asked == (["cancel"] if method == "whole" else [])
    assert result.status in ("feasible", "no_portfolio")
    assert_right(scenario, result)


@pytest.mark.parametrize("method", ["whole", "decomposition"])
def test_cancelled_on_the_way_it_returns_the_best_so_far(method: str) -> None:
    """Cancelled after the first portfolio, it returns one that is right."""
    cancel = Cancel()
    scenario = hard()

    def stop(progress: Progress) -> None:
        if progress.incumbent is not None:
            cancel.cancel()

    result = solve(scenario, SolveOptions(method=method), progress=stop, cancel=cancel)
    assert result.stopped_by == "cancel"
    assert result.status == "feasible"
    assert_right(scenario, result)


def hard() -> Scenario:
    """A scenario with five objectives in order, for which there is always a portfolio."""
    document = draw_document(Seeded(8), states=3, years=4, most=5000, decisions=False)
    names = ("coverage", "worst_off", "fit", "engagements", "cost")
    document["objectives"] = {"order": [{"objective": name} for name in names]}
    return Scenario.from_data(document)


@pytest.mark.slow
def test_geneva_cancelled_from_another_thread() -> None:
    """A large solve that is cancelled after three seconds ends soon, and what it returns is right."""
    cancel, scenario = Cancel(), load(GENEVA)
    timer = Timer(3, cancel.cancel)
    timer.start()
    start = time.monotonic()
    result = solve(scenario, cancel=cancel)
    timer.join()
    assert time.monotonic() - start < 15
    assert result.stopped_by == "cancel"
    assert_right(scenario, result)


@pytest.mark.parametrize("looks", [0, 40])
@pytest.mark.parametrize("method", ["whole", "decomposition"])
def test_time_limit_is_kept(method: str, looks: int, asked: list[str | None]) -> None:
    """Engines are asked next to nothing once an objective's time is over, and what stopped the solve is said."""
    scenario = hard()
    result = solve_in_looks(scenario, looks, method=method)
    assert result.stopped_by == "time"
    assert 1 <= len(result.stages) < 5
    assert asked.count("time") <= 2 * len(result.stages)
    assert_right(scenario, result)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["whole", "decomposition"])
def test_hardly_any_time_is_hardly_overrun(method: str) -> None:
    """With hardly any time, and cancelled before the start, it returns within seconds."""
    cancel = Cancel()
    cancel.cancel()
    start = time.monotonic()
    solve(hard(), SolveOptions(method=method, time_limit=0.01))
    solve(usual(3, states=3, years=4, most=5000), SolveOptions(method=method), cancel=cancel)
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("method", ["whole", "decomposition"])
def test_progress_is_told_in_order(method: str) -> None:
    """Progress is reported for each objective, with elapsed time that never runs back."""
    reports: list[Progress] = []
    result = solve(hard(), QUICK.model_copy(update={"method": method}), progress=reports.append)
    told = [name for name, _ in groupby(report.objective for report in reports)]
    assert told == [stage.objective for stage in result.stages]
    assert told.count("coverage") == 2  # once more when all else is kept
    assert [level for level, _ in groupby(report.level for report in reports)] == list(range(1, len(told) + 1))
    assert {report.levels for report in reports} == {len(result.stages)}
    assert [each.work for each in reports] == sorted(each.work for each in reports)
    assert reports[-1].work > 0
    assert [each.elapsed for each in reports] == sorted(each.elapsed for each in reports)
    assert any(each.incumbent is not None for each in reports)


@pytest.mark.parametrize("method", ["whole", "decomposition"])
def test_what_progress_raises_ends_the_solve(method: str) -> None:
    """An exception from the caller's own callback reaches the caller as it is."""

    def fail(progress: Progress) -> None:
        raise KeyError(progress.phase)

    with pytest.raises(KeyError):
        solve(hard(), QUICK.model_copy(update={"method": method}), progress=fail)


@pytest.mark.parametrize("method", ["whole", "decomposition"])
@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_is_printed(capfd: pytest.CaptureFixture[str], method: str, engine: str) -> None:
    """Neither the engine nor the solvers beneath it write to the terminal, even when nothing is possible."""
    for seed in range(3):
        solve(
            draw_scenario(Seeded(seed), states=2, years=3, most=4), SolveOptions(work=2, engine=engine, method=method)
        )
    solve(demanding({"commitments": [COMMITMENT | {"quantity": 4}]}), SolveOptions(engine=engine, method=method))
    assert capfd.readouterr() == ("", "")


def test_absurd_numbers_are_refused() -> None:
    """Figures whose sums are beyond exact arithmetic are refused with their place, not solved wrongly."""
    document = deepcopy(PLAIN)
    document["offers"]["money"] |= {"amount": 10**12, "carry_over": Decimal("0.333333333333")}
    with pytest.raises(InvalidScenario, match=r"offers\.money\.carry_over: found carry-over: products up to 3\.33e23"):
        solve(Scenario.from_data(document))


PLAIN: dict[str, Any] = {
    "name": "plain",
    "horizon": [2015, 2016],
    "currency": {"code": "USD"},
    "capabilities": {"clearance": {"name": "Clearance", "unit": "hectare"}},
    "states": {"A": {"name": "Arland", "deadline": 2016}, "B": {"name": "Beeland", "deadline": 2016}},
    "needs": {
        "n": {"state": "A", "capability": "clearance", "quantity": 6},
        "m": {"state": "B", "capability": "clearance", "quantity": 6},
    },
    "providers": {"donor": {"name": "Donor", "kind": "donor_state"}, "ngo": {"name": "Operator", "kind": "operator"}},
    "offers": {
        "money": {"kind": "funding", "provider": "donor", "amount": 3000},
        "teams": {"kind": "technical", "provider": "ngo", "capability": "clearance", "capacity": 9, "price": 1000},
    },
    "objectives": {"order": [{"objective": "coverage"}]},
}
COMMITMENT = {"financier": "money", "implementer": "teams", "need": "n", "year": 2015, "quantity": 2}


def demanding(decisions: dict[str, Any]) -> Scenario:
    """Two States, money for 3 hectares a year, and decisions."""
    return Scenario.from_data(deepcopy(PLAIN) | {"decisions": decisions})


def quantity(result: Result, need: str, year: int) -> int:
    """Returns the units delivered for a need in a year."""
    assert result.portfolio is not None
    return sum(flow.quantity for flow in result.portfolio.flows if (flow.need, flow.year) == (need, year))


@pytest.mark.parametrize("method", ["whole", "decomposition"])
def test_commitment_is_kept_against_the_objective(method: str) -> None:
    """What is agreed is delivered, though nothing else is gained by it."""
    document = deepcopy(PLAIN) | {"decisions": {"commitments": [COMMITMENT]}}
    document["objectives"] = {"order": [{"objective": "cost"}]}
    result = solve(Scenario.from_data(document), SolveOptions(method=method))
    assert quantity(result, "n", 2015) == 2
    assert exact(result, "cost") == 2000


@pytest.mark.parametrize("method", ["whole", "decomposition"])
def test_pin_is_kept_against_the_objective(method: str) -> None:
    """A pinned offer is engaged and gives something in the years of the pin, and no more than needed."""
    document = deepcopy(PLAIN) | {"decisions": {"pins": [{"offer": "money", "state": "B", "years": [2016, 2016]}]}}
    document["objectives"] = {"order": [{"objective": "cost"}]}
    result = solve(Scenario.from_data(document), SolveOptions(method=method))
    assert quantity(result, "m", 2016) == 1
    assert exact(result, "cost") == 1000


@pytest.mark.parametrize("method", ["whole", "decomposition"])
def test_forbid_and_cap_are_kept_against_the_objective(method: str) -> None:
    """Nothing flows where it is forbidden, and no more than the cap where it is capped: 2 of 6 hectares."""
    decisions = {
        "forbids": [{"offer": "teams", "state": "B"}],
        "caps": [{"provider": "donor", "state": "A", "money": 1500, "per": "year"}],
    }
    result = solve(demanding(decisions), SolveOptions(method=method))
    assert [quantity(result, need, year) for need in "nm" for year in (2015, 2016)] == [1, 1, 0, 0]
    assert exact(result, "coverage") == Fraction(2, 6)


@pytest.mark.parametrize("method", ["whole", "decomposition"])
def test_conflict_names_the_commitment_that_cannot_be_kept(method: str) -> None:
    """Of two commitments, only the one that no money is there for is named."""
    broken = COMMITMENT | {"need": "m", "year": 2016, "quantity": 4}
    result = solve(demanding({"commitments": [COMMITMENT, broken]}), SolveOptions(method=method))
    assert result.status == "infeasible"
    assert result.portfolio is None
    assert {subject for conflict in result.conflicts for subject in conflict.subjects} >= {"money", "teams", "m"}
    assert "n" not in {subject for conflict in result.conflicts for subject in conflict.subjects}


def test_conflict_names_decisions_that_exclude_each_other() -> None:
    """Two commitments, each possible alone, are both named where the year has money for one."""
    both = [COMMITMENT, COMMITMENT | {"need": "m"}]
    result = solve(demanding({"commitments": both}))
    assert result.status == "infeasible"
    assert [each.reason for each in result.conflicts] == ["commitment", "commitment", "budget"]
    assert result.confirmed_by == "highs"


@pytest.mark.parametrize("engine", ENGINES)
def test_weighted_sum_of_objectives(engine: str) -> None:
    """A weighted sum trades one figure against another: a hectare is worth 1/6, and costs less than that or more."""
    for cost, covered in (("0.0001", 1), ("0.001", 0)):
        document = deepcopy(PLAIN)
        document["objectives"] = {
            "weights": [
                {"objective": "coverage", "weight": 1},
                {"objective": "cost", "weight": Decimal(cost)},
            ]
        }
        result = solve(Scenario.from_data(document), SolveOptions(engine=engine))
        assert (result.status, exact(result, "coverage")) == ("optimal", covered)


def test_cp_sat_cut_short_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a point CP-SAT tells a bound of 0: taken at its word, an empty portfolio would be optimal."""
    real = cpsat.solve_cpsat

    def cut_short(model: Any, objective: Any, limits: Limits, *more: Any) -> Any:
        return real(model, objective, replace(limits, work=1e-6), *more)

    monkeypatch.setattr(cpsat, "solve_cpsat", cut_short)
    result = solve(generate("tiny", 1), SolveOptions(method="whole", engine="cpsat"))
    assert (result.status, result.stopped_by) == ("feasible", "work")
    assert [stage.bound for stage in result.stages] == [None]


def _drawn(seed: int, most: int, **objectives: Any) -> Scenario:
    document = draw_scenario(Seeded(seed), states=2 + seed % 4, years=3 + seed % 3, most=most).model_dump()
    document["objectives"] |= {"order": None, "weights": None} | objectives
    return Scenario.model_validate(document)


@pytest.mark.parametrize(("seed", "most"), [(9003, 99991), (9024, 997)])
def test_a_weight_beside_one_millions_of_times_larger_is_not_overlooked(seed: int, most: int) -> None:
    """Where money weighs so much that a search cannot see what work adds, the bound makes room for it."""
    weights = {"cost": Decimal("7.3"), "coverage": Decimal(1), "completions": Decimal("0.001")}
    named = [{"objective": name, "weight": weight} for name, weight in weights.items()]
    scenario = _drawn(seed, most, weights=named, discount=Decimal("0.333"))
    (stage,) = solve(scenario, SolveOptions(work=2, method="decomposition")).stages
    assert stage.bound is not None
    assert Fraction(stage.bound) >= Fraction(stage.value)


@pytest.mark.parametrize(("seed", "most"), [(5056, 7990271), (9111, 997)])
def test_what_an_objective_reaches_is_what_later_ones_keep(seed: int, most: int) -> None:
    """Engagements that nothing asks for are dropped before they are counted, not only when they are shown."""
    order = [{"objective": name, "give_up": Decimal(0)} for name in ("engagements", "fit")]
    result = solve(_drawn(seed, most, order=order), SolveOptions(work=2, method="decomposition"))
    assert exact(result, "engagements") <= Fraction(result.stages[0].exact)


@pytest.mark.parametrize("beside", ["coverage", "completions", "cost"])
def test_weights_on_the_least_served_end(beside: str) -> None:
    """The smallest coverage has very fine steps: beside another objective they are not crept through one by one."""
    weights = [{"objective": "worst_off", "weight": 1}, {"objective": beside, "weight": 1}]
    result = solve(small_scenario({"objectives": {"weights": weights}, "needs.n.quantity": 11}), SolveOptions(work=5))
    assert result.portfolio is not None
    assert result.stages[0].bound is not None


def test_a_search_that_has_nothing_left_to_try_does_not_blame_a_limit() -> None:
    """By State alone, a knapsack's groups come to nothing long before the work is used; with less, the work ends it."""
    items = classics.knapsack(20, 1).scenario
    parted = Settings(joint=JointSettings(most_columns=0, most_exact_columns=0))
    ends = {}
    for work in (1, 10_000):
        result = solve(items, SolveOptions(method="decomposition", work=work), settings=parted)
        assert (result.status, result.repeatable) == ("feasible", True)
        ends[work] = result.stopped_by
    assert ends == {1: "work", 10_000: "search_ended"}


def test_two_private_offers_share_the_money_that_matches_them() -> None:
    """A public 72 beside each pays for a granule; two that match it one to one pay for one more between them."""
    private = {"kind": "funding", "provider": "firm", "amount": {2015: 720}, "match": 1}
    scenario = small_scenario(
        {
            "providers.trust": {"name": "A foundation", "kind": "foundation"},
            "offers.f.amount": {2015: 72},
            "offers.p": private,
            "offers.q": private | {"provider": "trust"},
            "objectives.order": [{"objective": "coverage"}],
        }
    )
    for method in ("whole", "decomposition"):
        result = solve(scenario, SolveOptions(work=5, method=method))
        assert result.portfolio is not None
        assert sum(flow.quantity for flow in result.portfolio.flows) == 2


def test_a_part_of_a_clock_keeps_what_is_reserved_later() -> None:
    """Time that is kept for the end of a solve is kept by the clocks of objectives that began before."""
    whole = Clock(1000.0)
    part = whole.part(1.0).part(0.9)
    before = part.left
    assert before is not None
    assert 890 < before <= 900
    whole.reserve = 950.0
    assert part.left is not None
    assert part.left <= 50
    whole.reserve = 2000.0
    assert part.reason() == "time"


def test_the_end_of_a_solve_is_rehearsed_under_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result is made when there is a first portfolio, and time kept as that takes; without a limit none is."""
    checks: list[float | None] = []
    limits: list[float | None] = []

    def noting(scenario: Scenario, portfolio: Any) -> Any:
        checks.append(clock.reserve)
        return verify(scenario, portfolio)

    monkeypatch.setattr("matcher.engine.solving.verify", noting)
    for limit in (None, 1000.0):
        clock = Clock(limit)
        checks.clear()
        result = solve_within(hard(), QUICK.model_copy(update={"time_limit": limit}), clock, None, Serial())
        assert_right(hard(), result)
        assert checks[0] == 0.0
        limits.append(clock.reserve)
        assert all(each == clock.reserve for each in checks[1:])
    assert limits[0] == 0.0
    assert limits[1] is not None
    assert 0.0 < limits[1] < 100.0


def test_an_engine_is_stopped_when_its_time_is_up() -> None:
    """Some look at their own limit seldom: the watcher stops them; without a limit it waits for a cancellation."""
    stopped = Event()
    with stopped_from_outside(Clock(), stopped.set, 0.01):
        assert stopped.wait(30)
    cancel, stopped = Cancel(), Event()
    with stopped_from_outside(Clock(cancel=cancel), stopped.set):
        assert not stopped.wait(0.2)
        cancel.cancel()
        assert stopped.wait(30)
