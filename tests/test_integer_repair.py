"""Whole points near an engine's real one: yes-or-no columns kept, no row broken, none where there is none."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from matcher.portfolio.result import Clock
from matcher.solvers.engines import Outcome, Solver, engine
from matcher.solvers.integer_repair import whole_point
from matcher.solvers.linear_model import Ints, LinearModel, LinearObjective, RowBuilder, objective
from matcher.solvers.settings import DEFAULT_SOLVER_SETTINGS, RepairSettings, SolverSettings

Line = tuple[dict[int, int], int | None, int | None]


def _model(lines: list[Line], upper: list[int], relaxable: list[bool], derived: list[int] | None = None) -> LinearModel:
    """A model of (coefficients by column, lower, upper) lines."""
    rows = RowBuilder()
    for terms, low, high in lines:
        limits = {"lower": low} if high is None else {"upper": high} if low is None else {"lower": low, "upper": high}
        rows.terms(rows.row(("rule",), **limits), np.array(list(terms)), np.array(list(terms.values())))
    follows = np.zeros(len(upper), np.bool_)
    follows[derived or []] = True
    most = np.array(upper, np.int64)
    return LinearModel(np.zeros_like(most), most, np.array(relaxable), follows, np.ones(len(upper)), rows.build(most))


def _aim(terms: dict[int, int], upper: Ints) -> LinearObjective:
    return objective("aim", True, {at: Fraction(value) for at, value in terms.items()}, upper)


def _found(model: LinearModel, point: list[float], terms: dict[int, int]) -> list[int] | None:
    found = whole_point(model, np.array(point), _aim(terms, model.upper), Clock())
    return None if found is None else found.tolist()


def test_a_coarse_point_is_rounded_to_what_the_engine_meant() -> None:
    """Without fine columns, engines' small errors are rounded away."""
    model = _model([({0: 1, 1: 1}, None, 4)], [3, 3], [False, False])
    assert _found(model, [2.9999999, 1.0000001], {0: 1, 1: 1}) == [3, 1]


def test_a_coarse_point_that_breaks_a_row_is_no_point() -> None:
    """Without fine columns, a point that cannot be rounded right is refused."""
    model = _model([({0: 2, 1: 1}, None, 4)], [3, 3], [False, False])
    assert _found(model, [1.5, 1.5], {0: 1, 1: 1}) is None


def test_the_best_whole_point_in_reach_is_found() -> None:
    """Rounding alone would break the row or waste it; the search does neither."""
    model = _model([({0: 3, 1: 5}, None, 1000)], [300, 300], [True, True])
    found = _found(model, [100.5, 139.7], {0: 3, 1: 5})
    assert found is not None
    assert 3 * found[0] + 5 * found[1] == 1000


def test_a_need_is_met_to_the_last_granule() -> None:
    """Shares that add up to a whole need in real numbers add up to it in whole ones."""
    model = _model([({0: 1, 1: 1, 2: 1}, 1000, 1000)], [1000] * 3, [True] * 3)
    found = _found(model, [333.333333, 333.333333, 333.333334], {})
    assert found is not None
    assert sum(found) == 1000
    assert all(abs(each - 333) <= DEFAULT_SOLVER_SETTINGS.repair.reach[0] + 1 for each in found)


def test_columns_of_yes_or_no_are_kept() -> None:
    """A better point with another decision is not taken; fine columns at nothing stay at nothing."""
    model = _model([({0: 1, 1: -500}, None, 0), ({0: 1, 2: 1}, None, 400)], [500, 1, 500], [True, False, True])
    found = _found(model, [399.5, 1.0, 0.0], {0: 1, 1: -1000, 2: 5})
    assert found == [400, 1, 0]


def test_the_second_try_reaches_further() -> None:
    """Where the nearest whole point is a few granules off, the wider search finds it."""
    off = DEFAULT_SOLVER_SETTINGS.repair.reach[0] + 3
    model = _model([({0: 1, 1: -20}, 0, 0)], [500, 25], [True, False])
    assert _found(model, [100.0 + off, 5.0], {0: 1}) == [100, 5]


def test_settings_say_how_far_the_search_reaches() -> None:
    """With no reach in either try the same point has no whole one near it."""
    model = _model([({0: 1, 1: -20}, 0, 0)], [500, 25], [True, False])
    still = SolverSettings(repair=RepairSettings(reach=(0, 0)))
    point, aim = np.array([105.0, 5.0]), _aim({0: 1}, model.upper)
    assert whole_point(model, point, aim, Clock(), thorough=True) is not None
    assert whole_point(model, point, aim, Clock(), thorough=False, settings=still) is None


def test_implied_columns_move_as_far_as_they_must() -> None:
    """A ledger follows its flows however far the engine's ledger was off."""
    model = _model([({0: 72, 1: -1}, 0, 0)], [500, 72 * 500], [True, True], derived=[1])
    found = _found(model, [100.4, 0.0], {0: -1})
    assert found is not None
    assert found[1] == 72 * found[0]


def test_no_whole_point_is_no_point() -> None:
    """Where no whole point exists nothing is made up."""
    model = _model([({0: 2, 1: 2}, 401, 401)], [500, 500], [True, True])
    assert _found(model, [100.25, 100.25], {0: 1}) is None


def test_rows_that_bounds_alone_break_cost_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hopeless neighbourhoods are not searched: the first engine asked is the relaxation."""
    asked: list[str] = []

    def listening(name: str) -> Solver:
        asked.append(name)
        return engine(name)

    monkeypatch.setattr("matcher.solvers.integer_repair.engine", listening)
    model = _model([({0: 1}, 400, None)], [500], [True])
    assert _found(model, [100.0], {0: 1}) is not None
    assert asked == ["lp", "cpsat"]


def test_a_point_far_from_any_whole_one_is_moved_by_the_relaxation() -> None:
    """Where both searches fail, the tightened relaxation is solved and searched around."""
    model = _model([({0: 1, 1: 1}, 600, None), ({0: 1}, None, 290)], [500, 500], [True, True])
    found = _found(model, [100.0, 100.0], {0: 1, 1: -1})
    assert found is not None
    assert model.admits(np.array(found))


def test_the_whole_point_is_admitted_whatever_the_numbers() -> None:
    """Random knapsacks with a decision each: what is found is whole, admitted, and keeps the decision."""
    random = np.random.default_rng(3)
    for _ in range(10):
        price = random.integers(1, 90, 4)
        lines: list[Line] = [({at: int(price[at]) for at in range(4)}, None, 20_000), ({0: 1, 4: -300}, None, 0)]
        model = _model(lines, [300, 300, 300, 300, 1], [True] * 4 + [False])
        point = random.uniform(0, 60, 5)
        point[4] = 1.0
        found = _found(model, point.tolist(), dict.fromkeys(range(4), 1))
        assert found is not None
        assert model.admits(np.array(found))
        assert found[4] == 1


def test_the_model_given_is_left_alone() -> None:
    """Searching changes no bounds of the model."""
    model = _model([({0: 3, 1: 5}, None, 1000)], [300, 300], [True, True])
    before = replace(model, lower=model.lower.copy(), upper=model.upper.copy())
    _found(model, [100.5, 139.7], {0: 1})
    assert (model.lower == before.lower).all()
    assert (model.upper == before.upper).all()


def _crowd() -> tuple[LinearModel, list[float]]:
    """Sixty columns under one budget that they use to the last unit, a ledger beside them; and a real point."""
    random = np.random.default_rng(5)
    price = [int(each) for each in random.integers(20, 90, 60)]
    real = [float(each) for each in random.uniform(5, 50, 60)]
    spent = int(sum(a * b for a, b in zip(price, real, strict=True)))
    lines: list[Line] = [
        ({at: price[at] for at in range(60)}, spent, spent),
        ({at: price[at] for at in range(60)} | {60: -1}, 0, 0),
    ]
    model = _model(lines, [100] * 60 + [10**6], [True] * 61, derived=[60])
    return model, [*real, 0.0]


@pytest.mark.parametrize("few", [0, 100])
def test_many_columns_that_share_a_tight_row_are_branched_for(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole point is found by either search; what follows from the others is exact, whatever the engine rounds."""
    asked: list[str] = []

    def listening(name: str) -> Solver:
        asked.append(name)
        return engine(name)

    monkeypatch.setattr("matcher.solvers.integer_repair.engine", listening)
    model, point = _crowd()
    aim = _aim({at: 1 + at % 7 for at in range(60)}, model.upper)
    settings = SolverSettings(repair=RepairSettings(few_columns=few))
    found = whole_point(model, np.array(point), aim, Clock(), settings=settings)
    assert found is not None
    assert model.admits(found)
    assert found[60] == model.rows.lower[0]
    assert np.abs(found[:60] - point[:60]).max() <= 13
    assert asked[0] == ("highs" if few == 0 else "cpsat")


def test_a_point_that_rounding_breaks_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines are right within tolerances: a point that breaks a row by one unit is no point."""
    model, point = _crowd()

    def off_by_one(name: str) -> Solver:
        def solve(*arguments: object) -> Outcome:
            outcome = engine(name)(*arguments)  # type: ignore[arg-type]
            if name != "highs" or outcome.point is None:
                return outcome
            wrong = outcome.point.copy()
            wrong[0] -= 1
            return replace(outcome, point=wrong)

        return solve

    monkeypatch.setattr("matcher.solvers.integer_repair.engine", off_by_one)
    settings = SolverSettings(repair=RepairSettings(few_columns=0))
    aim = _aim({0: 1}, model.upper)
    assert whole_point(model, np.array(point), aim, Clock(), thorough=False, settings=settings) is None


def test_where_branching_finds_no_whole_point_there_is_none() -> None:
    """An odd sum of even terms, asked of branch and bound alone."""
    model = _model([({0: 2, 1: 2}, 401, 401)], [500, 500], [True, True])
    settings = SolverSettings(repair=RepairSettings(few_columns=0))
    point, aim = np.array([100.25, 100.25]), _aim({0: 1}, model.upper)
    assert whole_point(model, point, aim, Clock(), settings=settings) is None
