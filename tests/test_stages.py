"""Objectives in their order: what each leaves to the next, what closes the order, and in which model each is sought."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from lasting_fields import draw_lasting_scenario
from matcher.engine import solving
from matcher.engine.lexicographic import GUIDES, Level, Pursuit, Stages, formulated, levels_of
from matcher.engine.solving import solve
from matcher.formulation.columns import WORST_SCALE
from matcher.formulation.coverage_shares import Reachable, reachable
from matcher.formulation.formulate import formulate
from matcher.formulation.objectives import linear_objective
from matcher.formulation.plans import NO_PAIRS, Pairs, with_derived_columns
from matcher.portfolio.result import Result, SolveOptions
from matcher.scenario import Scenario
from matcher.solvers.linear_model import Ints, LinearObjective, Rows
from matcher.verification import verify
from matcher.verification.documents import completed, fractional
from matcher.verification.limits import ScenarioLimits
from matcher.verification.order import order_of, single
from smallest_scenario import Changes, small_scenario

COSTS = "cost + 2 at_risk + 0.5 dependence + 0.5 swings"
DEFAULT = ["completions", "late_completions", "coverage", "worst_off", "turnover", "waiting", COSTS]


def _level(*, maximise: bool, **terms: Fraction) -> Level:
    figure = LinearObjective("figure", maximise, np.array([1], np.int64), 1, Fraction(0))
    return Level(figure, frozenset({"figure"}), **terms)


@pytest.mark.parametrize(
    ("level", "value", "kept"),
    [
        (_level(maximise=True), 8, 8),
        (_level(maximise=True, tolerance=Fraction(1, 4)), 8, 6),
        (_level(maximise=False, tolerance=Fraction(1, 4)), 8, 10),
        (_level(maximise=True, amount=Fraction(3)), 8, 5),
        (_level(maximise=False, amount=Fraction(3)), 8, 11),
        (_level(maximise=False, tolerance=Fraction(1, 4), amount=Fraction(0)), 8, 8),  # an amount goes before a share
        (_level(maximise=False, tolerance=Fraction(1, 4), floor=Fraction(4)), 8, 9),  # a share of what is no floor
        (_level(maximise=False, tolerance=Fraction(1, 4), floor=Fraction(8)), 8, 8),
        (_level(maximise=False, amount=Fraction(2), floor=Fraction(4)), 8, 10),
        (_level(maximise=True, tolerance=Fraction(1, 4)), -8, -10),  # a weighted sum may be negative
    ],
)
def test_later_objectives_may_take_a_share_or_an_amount(level: Level, value: int, kept: int) -> None:
    """Of a maximised figure less must stay, of a minimised one more may be."""
    assert level.kept(Fraction(value)) == kept


def _names(changes: Changes) -> list[tuple[str, bool]]:
    found = formulated(small_scenario(changes)).levels
    assert [level.name for level in found] == [level.objective.name for level in found]
    return [(level.name, level.closing) for level in found]


def test_the_default_order_is_closed_by_coverage_and_waiting() -> None:
    """Seven entries, the last a blend, and two that are pursued once more with all entries kept."""
    closing = [("coverage", True), ("waiting", True)]
    assert _names({}) == [*((name, False) for name in DEFAULT), *closing]
    order = [{"objective": "cost"}, {"objective": "fit"}]
    assert _names({"objectives.order": order}) == [("cost", False), ("fit", False), *closing]


def test_one_entry_and_weights_close_nothing() -> None:
    """Where nothing may be taken there is nothing to close."""
    assert _names({"objectives.order": [{"objective": "cost"}]}) == [("cost", False)]
    weights = [{"objective": "cost", "weight": 1}, {"objective": "coverage", "weight": 1}]
    assert _names({"objectives.weights": weights}) == [("weighted", False)]


def test_levels_end_where_columns_are_missing() -> None:
    """Of a formulation for fewer objectives, the levels up to the first that it has no columns for."""
    scenario = small_scenario()
    lean = formulate(scenario, sought=frozenset({"completions", "late_completions", "coverage"}))
    assert [level.name for level in levels_of(lean)] == DEFAULT[:3]
    order = [{"objective": "coverage"}, {"objective": "cost"}]
    partly = formulate(small_scenario({"objectives.order": order}), sought=frozenset({"coverage", "cost"}))
    assert [level.name for level in levels_of(partly)] == ["coverage", "cost", "coverage"]  # waiting has no columns


def test_tolerances_of_the_default_order_are_the_models() -> None:
    """Shares as the model fixes them; the floor is that of waiting alone."""
    levels = formulated(small_scenario()).levels
    shares = ["0", "0", "0.0005", "0.01", "0.05", "0.1", "0.02", "0", "0"]
    assert [level.tolerance for level in levels] == [Fraction(each) for each in shares]
    assert {level.name for level in levels if level.floor} == {"waiting"}


@pytest.mark.parametrize("seed", range(30))
def test_what_is_kept_is_the_checkers(seed: int) -> None:
    """Names, senses, shares, amounts and floors of random orders: as the checker reads them."""
    scenario = draw_lasting_scenario(seed, states=1 + seed % 3, years=3)
    full = completed(scenario.model_dump())
    floor = ScenarioLimits(fractional(full)).waiting_floor
    for level, entry in zip(formulated(scenario).levels, order_of(full), strict=False):
        assert (level.name, 1 if level.objective.maximise else -1) == (entry.name, entry.sense)
        known = replace(entry, floor=floor) if entry.name == "waiting" else entry
        assert level.kept(Fraction(70, 3)) == known.level(Fraction(70, 3))
        assert level.floor == known.floor


def _sums(rows: Rows, label: str) -> list[tuple[int, int]]:
    """Lower and upper limits of the rows that keep an objective."""
    at = [row for row, each in enumerate(rows.label) if each[:2] == ("kept", label)]
    return [(int(rows.lower[row]), int(rows.upper[row])) for row in at]


def test_each_level_has_a_model_with_what_it_asks_for() -> None:
    """Links come when turnover does, with all that is kept so far, and the plan moves along."""
    stages = Stages(formulated(small_scenario({"needs.n.completes": True})))
    columns = stages.pursuit.formulation.columns
    plan = with_derived_columns(columns, NO_PAIRS, np.zeros(columns.count, np.int64))
    sought, sizes = [], []
    for value in (1, 0, Fraction(9, 10), Fraction(1, 2), 0, 1, 300, 1):
        sought.append(stages.pursuit.formulation.columns.sought)
        sizes.append(stages.pursuit.formulation.columns.count)
        stages.keep(Fraction(value))
        level, plan = stages.advance(plan)
        assert len(plan.point) == stages.pursuit.formulation.columns.count
    assert level.name == "waiting"
    assert level.closing
    assert sought[0] == frozenset({"completions"}) | GUIDES
    assert "turnover" not in sought[3]
    assert "turnover" in sought[4]
    assert sizes == sorted(sizes)
    rows = stages.pursuit.model.rows
    assert [low for low, _ in _sums(rows, "completions")] == [1]
    coverage = linear_objective(stages.pursuit.formulation.columns, "coverage")
    kept = -(-Fraction(9, 10) * (1 - Fraction(5, 10_000)) * coverage.denominator // 1)
    assert [low for low, _ in _sums(rows, "coverage")] == [kept, coverage.denominator]
    assert [low for low, _ in _sums(rows, "worst_off")] == [-(-WORST_SCALE * 99 // 200)]
    (costs,) = (each.objective for each in stages.levels if each.name == COSTS)
    assert [high for _, high in _sums(rows, COSTS)] == [306 * costs.denominator]


def test_an_idle_year_does_not_come_along_to_a_model_with_links() -> None:
    """Engaged in 2016 without a flow, as a model without links may have it: with links, that bridges no gap.

    Work and money of 2015 and 2017 start twice, whatever a search for coverage left between them.
    """
    order = [{"objective": name} for name in ("coverage", "turnover", "cost")]
    stages = Stages(formulated(small_scenario({"horizon": [2015, 2017], "objectives.order": order})))
    columns = stages.pursuit.formulation.columns
    engaged = np.zeros(columns.count, np.int64)
    engaged[columns.engaged] = 1
    work = np.flatnonzero(columns.flow_year[: columns.works] != 1)
    money = columns.works + np.flatnonzero(columns.flow_year[columns.works : columns.flows] != 1)
    plan = with_derived_columns(columns, Pairs(work, money, np.array([5, 5])), engaged)
    assert stages.pursuit.model.admits(plan.point)
    stages.keep(Fraction(1))
    level, plan = stages.advance(plan)
    assert stages.pursuit.model.admits(plan.point)
    assert level.objective.value(plan.point) == 2


def test_the_smallest_coverage_is_kept_with_what_was_delivered_before() -> None:
    """Of 10, 4 were delivered: to keep a half of it asks for one more, and for no more than that."""
    formulation = formulate(small_scenario({"needs.n.delivered": 4}), sought=frozenset({"worst_off"}))
    worst = linear_objective(formulation.columns, "worst_off")
    pursuit = Pursuit(formulation, [worst])
    pursuit.keep(Level(worst, frozenset({"worst_off"})), Fraction(1, 2))
    (row,) = (at for at, label in enumerate(pursuit.model.rows.label) if label[0] == "kept")
    terms = slice(int(pursuit.model.rows.start[row]), int(pursuit.model.rows.start[row + 1]))
    assert set(pursuit.model.rows.coefficient[terms].tolist()) == {WORST_SCALE // 10}
    assert int(pursuit.model.rows.lower[row]) == WORST_SCALE // 2 - WORST_SCALE * 4 // 10


def _stages(order: list[dict[str, object]], changes: Changes | None = None) -> Result:
    scenario = small_scenario({"objectives.order": order, **(changes or {})})
    result = solve(scenario, SolveOptions(method="whole"))
    assert all(stage.solved for stage in result.stages)
    assert verify(scenario, result).ok
    return result


def _values(result: Result) -> list[tuple[str, Fraction]]:
    return [(stage.objective, Fraction(stage.exact)) for stage in result.stages]


def test_a_tolerance_as_an_amount_is_what_later_ones_take() -> None:
    """Of a coverage of 1 they may take 0.3: 7 granules at 72 are left, and nothing closes what costs."""
    result = _stages([{"objective": "coverage", "tolerance_amount": 0.3}, {"objective": "cost"}])
    assert _values(result) == [
        ("coverage", Fraction(1)),
        ("cost", Fraction(504)),
        ("coverage", Fraction(7, 10)),
        ("waiting", Fraction(4, 5)),  # half is open at the end of the first year, three tenths at the end
    ]
    assert [stage.closing for stage in result.stages] == [False, False, True, True]


def test_the_last_entry_leaves_its_tolerance_to_the_close() -> None:
    """Of a cost of 504 a fifth may be spent once more: 604 pays for one granule more."""
    last = {"objective": "cost", "tolerance": 0.2}
    result = _stages([{"objective": "coverage", "tolerance_amount": 0.3}, last])
    assert _values(result)[2:] == [("coverage", Fraction(8, 10)), ("waiting", Fraction(7, 10))]


def test_a_share_of_waiting_is_of_what_somebody_could_spare() -> None:
    """Half a need-year stays open in any plan: any share of the rest is nothing, and an amount is what it is."""
    shared = _stages([{"objective": "waiting", "tolerance": 1}, {"objective": "cost"}])
    assert _values(shared)[:2] == [("waiting", Fraction(1, 2)), ("cost", Fraction(720))]
    assert shared.stages[0].gap == 0
    given = _stages([{"objective": "waiting", "tolerance_amount": 0.5}, {"objective": "cost"}])
    assert _values(given)[:2] == [("waiting", Fraction(1, 2)), ("cost", Fraction(360))]


def test_a_blend_is_the_weighted_sum_of_its_figures() -> None:
    """Five granules agreed at 72, all by one donor: 360 of cost, 180 above its half, and half of the fall of 360."""
    agreed = [{"financier": "f", "implementer": "t", "need": "n", "year": 2015, "quantity": 5}]
    parts = [{"objective": "cost"}, {"objective": "dependence"}, {"objective": "swings", "weight": 0.5}]
    result = _stages([{"blend": parts}], {"decisions.commitments": agreed})
    assert _values(result) == [("cost + dependence + 0.5 swings", Fraction(360 + 180 + 180))]
    assert result.stages[0].sense == "min"


@pytest.mark.parametrize(
    ("name", "value", "bound", "gap"),
    [
        ("turnover", 2, 0, 2),
        ("turnover", 9, 8, 1),
        ("turnover", 10, 8, Fraction(1, 5)),
        ("turnover", 0, 0, 0),
        ("late_completions", 1, 3, 2),
        ("completions", 19, 20, Fraction(1, 20)),
        ("engagements", 3, 2, 1),
        ("cost", 2, 0, 1),
        ("waiting", 2, 1, Fraction(1, 2)),
    ],
)
def test_a_gap_of_counts_near_zero_is_absolute(name: str, value: int, bound: int, gap: Fraction | int) -> None:
    """A count below ten is so many from the best; all else a share. The checker says the same."""
    level = Level(
        linear_objective(formulate(small_scenario(), sought=frozenset({name})).columns, name), frozenset({name})
    )
    assert solving._gap(level, Fraction(value), Fraction(bound)) == gap
    assert single(name).gap(Fraction(value), Fraction(bound)) == gap


def test_an_asked_gap_of_counts_is_within_reach_of_the_engine() -> None:
    """Half of one is the most that an engine may leave open of a count below ten, whatever gap is asked for."""
    formulation = formulate(small_scenario(), sought=frozenset({"completions", "cost"}))
    pursuit = Pursuit(formulation, [])
    asked = SolveOptions(gap=Decimal("0.5"))
    left = {
        name: pursuit.problem(linear_objective(formulation.columns, name), asked).options.gap
        for name in ("completions", "cost")
    }
    assert left == {"completions": Decimal("0.05"), "cost": Decimal("0.5")}


def test_what_each_state_could_have_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many models its levels are solved in; with what is known each is what it would be without."""
    asked: list[str] = []

    def counting(scenario: Scenario, demand: Ints) -> Reachable:
        asked.append(scenario.name)
        return reachable(scenario, demand)

    monkeypatch.setattr("matcher.formulation.columns.reachable", counting)
    stages = Stages(formulated(small_scenario({"needs.n.completes": True})))
    columns = stages.pursuit.formulation.columns
    plan = with_derived_columns(columns, NO_PAIRS, np.zeros(columns.count, np.int64))
    models = {columns.count}
    for _ in range(6):
        stages.keep(Fraction(0))
        _, plan = stages.advance(plan)
        columns = stages.pursuit.formulation.columns
        models.add(columns.count)
    assert len(models) > 2
    assert asked == ["small"]
    anew = reachable(columns.scenario, columns.payments.demand)
    assert [each.tolist() for each in vars(columns.reachable).values()] == [
        each.tolist() for each in vars(anew).values()
    ]
