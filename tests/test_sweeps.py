"""Sweeps at prices: what earlier objectives have reached is opened, charged, and kept again afterwards."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from benchmarks.instances import generate
from matcher.engine import by_state
from matcher.engine.by_state import relaxing
from matcher.engine.by_state.bundle import Bundle
from matcher.engine.by_state.prices import cut, whole_prices
from matcher.engine.by_state.search import opened
from matcher.engine.by_state.sweeps import Sweeps, kept_rows
from matcher.engine.lexicographic import Pursuit, levels_of
from matcher.engine.problem import ObjectiveProblem, better
from matcher.engine.settings import NeighbourhoodSettings, Settings, SweepSettings
from matcher.formulation.formulate import formulate
from matcher.formulation.plans import Plan
from matcher.scenario import Scenario
from matcher.solvers.effort import WorkBudget
from matcher.solvers.engines import engine
from matcher.solvers.linear_model import UNLIMITED

ORDER = [{"objective": "coverage"}, {"objective": "cost"}]


@cache
def second_level(seed: int) -> tuple[ObjectiveProblem, Plan, Bundle]:
    """The least cost at a coverage that was reached, the plan that reached it, and the relaxation's prices."""
    data = generate("tiny", seed).model_dump(mode="json", exclude_none=True) | {"objectives": {"order": ORDER}}
    formulation = formulate(Scenario.model_validate(data))
    first, second, *_ = levels_of(formulation)
    pursuit = Pursuit(formulation, [first.objective, second.objective])
    found = by_state.pursue(pursuit.problem(first.objective), None, WorkBudget(4.0)).plan
    assert found is not None
    pursuit.keep(first, first.objective.value(found.point))
    task = pursuit.problem(second.objective)
    _, relaxed, _ = relaxing.relaxation(task, WorkBudget(100.0), WorkBudget(0.0))
    assert relaxed.prices is not None
    blocks = cut(task.model, task.objective, task.columns.state)
    return task, found, Bundle(task, blocks, whole_prices(blocks, -relaxed.prices[blocks.row]), found, rough=False)


def test_what_is_kept_and_has_a_price_is_opened_and_nothing_else() -> None:
    """Of all rows that tie States only the one of the coverage reached opens, on both sides."""
    task, _, priced = second_level(1)
    rows = priced.blocks.row[kept_rows(task, priced.valued)]
    assert [task.model.rows.label[row] for row in rows] == [("kept", "coverage")]
    loose = opened(task, rows).model.rows
    changed = np.flatnonzero((loose.lower != task.model.rows.lower) | (loose.upper != task.model.rows.upper))
    assert changed.tolist() == rows.tolist()
    assert (loose.lower[rows[0]], loose.upper[rows[0]]) == (-UNLIMITED, UNLIMITED)


def test_completions_stay_kept() -> None:
    """A completion is all or nothing: its row is never opened, whatever its price."""
    task, _, priced = second_level(1)
    label = tuple(("kept", "completions") if each == ("kept", "coverage") else each for each in task.model.rows.label)
    other = replace(task, model=replace(task.model, rows=replace(task.model.rows, label=label)))
    assert not kept_rows(other, priced.valued).any()


def test_a_relaxation_leaves_out_what_links_have_come_to() -> None:
    """Its bound is the one without that row, which holds with it, too; other rows that keep something stay."""
    task, _, priced = second_level(1)
    rows = priced.blocks.row[kept_rows(task, priced.valued)]
    label = tuple(("kept", "turnover") if each == ("kept", "coverage") else each for each in task.model.rows.label)
    named = replace(task, model=replace(task.model, rows=replace(task.model.rows, label=label)))
    bounds = [
        relaxing.relaxation(each, WorkBudget(100.0), WorkBudget(0.0))[1].bound
        for each in (task, named, opened(task, rows))
    ]
    kept, left_out, without = (None if bound is None else float(bound) for bound in bounds)
    assert kept is not None
    assert left_out == without
    assert left_out is not None
    assert left_out < kept - 1.0


@pytest.mark.parametrize("kept_share", [0.0, 1.0, 16.0])
def test_a_sweep_keeps_what_was_reached_at_any_price(kept_share: float) -> None:
    """Charged nothing, a sweep gives coverage up; what it returns keeps all rows and is as good or better."""
    task, start, priced = second_level(2)
    task = replace(task, settings=Settings(sweeps=SweepSettings(kept_share=kept_share)))
    sweeps = Sweeps(task, WorkBudget(20.0))
    found = sweeps.at_prices(start, start, priced, (0.85, 0.7, 0.85))
    assert task.model.admits(found.point)
    assert not better(task.objective, task.value(start), task.value(found))


def test_what_is_lost_for_good_is_dropped() -> None:
    """Where coverage costs nothing even at the dearer price, all of it is given up, and the best plan stays."""
    task, start, priced = second_level(2)
    task = replace(task, settings=Settings(sweeps=SweepSettings(kept_share=0.0)))
    sweeps = Sweeps(task, WorkBudget(20.0))
    assert sweeps.once(start, start, priced.valued, 0.85) is start


def test_prices_win_what_single_states_cannot() -> None:
    """The row of coverage lets a State alone move only what it gives back itself: at its price more is won."""
    wins = []
    for seed in (1, 2):
        task, start, priced = second_level(seed)
        alone, dear = Sweeps(task, WorkBudget(20.0)), Sweeps(task, WorkBudget(20.0))
        single = alone.alone(alone.alone(start))
        found = dear.at_prices(start, start, priced, (0.85, 0.7))
        wins.append(better(task.objective, task.value(found), task.value(single)))
    assert any(wins)


@pytest.mark.parametrize("dearer", [1.0, 2.0**20, 2.0**40])
def test_dear_prices_stay_within_64_bits(dearer: float) -> None:
    """However dear, the largest sum of a priced objective can be counted, and what is dear leads it."""
    task, _, priced = second_level(1)
    valued = priced.valued
    objective = valued.priced(task.columns.state, 0.85, kept_rows(task, valued), dearer)
    assert float(np.abs(objective.coefficient).astype(np.float64) @ task.model.upper) <= 2.0**59
    assert objective.coefficient.any()


def test_groups_that_win_nothing_leave_their_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of the work without a win ends the search; a win in between starts the count anew."""
    task, start, _ = second_level(1)
    task = replace(task, settings=Settings(neighbourhoods=NeighbourhoodSettings(patience=0.25)))
    wins = iter([False, True, *[False] * 1000])

    def barren(self: Sweeps, plan: Plan, *_: object) -> tuple[Plan, list[bool]]:
        self.meter.spend(1.0)
        return plan, [next(wins)]

    monkeypatch.setattr(Sweeps, "_free", barren)
    sweeps = Sweeps(task, WorkBudget(20.0))
    sweeps.improve(start, None)
    assert sweeps.meter.used == 2 + 6  # the win, then all that is more than 5


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_simplex_methods_prove_the_same(seed: int) -> None:
    """The relaxation has one value, whichever side it is reached from."""
    task, _, _ = second_level(seed)
    primal, dual = (
        engine(name)(task.model, task.objective, task.settings.limits(50.0), task.clock) for name in ("primal", "lp")
    )
    assert primal.bound is not None
    assert dual.bound is not None
    assert float(primal.bound) == pytest.approx(float(dual.bound), rel=1e-6)
