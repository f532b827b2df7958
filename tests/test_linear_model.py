"""The exact integer linear model: rows, submodels, objectives, and the refusal of what could overflow."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from matcher.solvers.linear_model import (
    UNLIMITED,
    Ints,
    LinearModel,
    ModelTooLarge,
    RowBuilder,
    Rows,
    objective,
    submodel,
    whole_ratio,
)

COLUMNS = 7


def _dense(rows: Rows, columns: int) -> Ints:
    matrix = np.zeros((rows.count, columns), np.int64)
    for at, row in enumerate(rows.row_of_term.tolist()):
        matrix[row, rows.column[at]] += rows.coefficient[at]
    return matrix


def _random_model(seed: int) -> tuple[LinearModel, Ints]:
    """A random model and its matrix, built apart from the model's own rows."""
    random = np.random.default_rng(seed)
    matrix = random.integers(-3, 4, (9, COLUMNS)) * random.integers(0, 2, (9, COLUMNS))
    rows = RowBuilder()
    for at, line in enumerate(matrix):
        low, high = int(random.integers(-14, -4)), int(random.integers(5, 15))
        limits = [{"lower": low}, {"upper": high}, {"lower": low, "upper": high}][at % 3]
        row = rows.row(("rule", str(at)), **limits)
        columns = random.permutation(COLUMNS)
        rows.terms(row, columns, line[columns])
    lower, upper = random.integers(-3, 1, COLUMNS), random.integers(1, 4, COLUMNS)
    relaxable = random.integers(0, 2, COLUMNS).astype(np.bool_)
    scale = np.arange(1.0, COLUMNS + 1)
    built = rows.build(np.maximum(np.abs(lower), upper))
    return LinearModel(lower, upper, relaxable, relaxable & (scale > 4), scale, built), matrix


def _keeps(model: LinearModel, matrix: Ints, point: Ints) -> bool:
    """Whether a point keeps bounds and rows, in plain numpy."""
    activity = matrix @ point
    rows = (model.rows.lower <= activity) & (activity <= model.rows.upper)
    return bool(rows.all() and (model.lower <= point).all() and (point <= model.upper).all())


def _near(random: np.random.Generator, lower: Ints, upper: Ints) -> Ints:
    """A point within bounds, but for one column that may pass them."""
    point = random.integers(lower, upper + 1)
    point[random.integers(len(point))] += random.integers(-1, 2)
    return point


@pytest.mark.parametrize("seed", range(5))
def test_rows_are_the_matrix_they_were_built_from(seed: int) -> None:
    """Terms given in any order come out sorted, merged and without zeros, and activity is A x."""
    model, matrix = _random_model(seed)
    assert (_dense(model.rows, COLUMNS) == matrix).all()
    assert (model.rows.coefficient != 0).all()
    for row in range(model.rows.count):
        columns = model.rows.column[model.rows.start[row] : model.rows.start[row + 1]]
        assert (np.diff(columns) > 0).all()
    point = np.random.default_rng(seed).integers(-9, 9, COLUMNS)
    assert (model.rows.activity(point) == matrix @ point).all()


@pytest.mark.parametrize("seed", range(5))
def test_admits_says_what_plain_numpy_says(seed: int) -> None:
    """A point is admitted exactly if it keeps all bounds and rows, and faults are the rows it breaks."""
    model, matrix = _random_model(seed)
    random = np.random.default_rng(seed)
    answers = set()
    for _ in range(300):
        point = _near(random, model.lower, model.upper)
        answers.add(model.admits(point))
        assert model.admits(point) == _keeps(model, matrix, point)
        activity = matrix @ point
        broken = np.flatnonzero((activity < model.rows.lower) | (activity > model.rows.upper))
        assert (model.faults(point) == broken).all()
    assert answers == {True, False}


@pytest.mark.parametrize("seed", range(10))
def test_a_submodel_admits_what_the_whole_admits(seed: int) -> None:
    """With columns fixed at a point of the model, the submodel admits exactly the points the whole does."""
    model, matrix = _random_model(seed)
    random = np.random.default_rng(seed)
    point = np.zeros(COLUMNS, np.int64)  # kept by every row here
    assert model.admits(point)
    for _ in range(50):
        trial = random.integers(model.lower, model.upper + 1)
        point = trial if model.admits(trial) else point
    free = random.integers(0, 2, COLUMNS).astype(np.bool_)
    free[:2] = (True, False)
    narrow = submodel(model, free, point)
    assert (narrow.widen(point[free]) == point).all()
    answers = set()
    for _ in range(200):
        inner = _near(random, model.lower[free], model.upper[free])
        whole = point.copy()
        whole[free] = inner
        assert (narrow.widen(inner) == whole).all()
        assert narrow.model.admits(inner) == _keeps(model, matrix, whole)
        answers.add(narrow.model.admits(inner))
    assert answers == {True, False}


def test_a_submodel_keeps_what_columns_and_rows_are() -> None:
    """Bounds, kinds, scales and labels follow their columns and rows; rows without free columns are gone."""
    rows = RowBuilder()
    rows.terms(rows.row(("fixed",), upper=9), 0, 1)
    rows.terms(rows.row(("open",), lower=1), np.array([0, 2]), np.array([2, 3]))
    built = rows.build(np.ones(3, np.int64))
    truth = np.array([False, False, True])
    model = LinearModel(np.arange(3), np.arange(3) + 5, truth, truth, np.arange(3) + 1.0, built)
    narrow = submodel(model, truth, np.array([4, 0, 0]))
    assert narrow.model.rows.label == (("open",),)
    assert (narrow.model.rows.lower.tolist(), narrow.model.rows.upper.tolist()) == ([1 - 8], [UNLIMITED])
    assert (narrow.model.lower.tolist(), narrow.model.upper.tolist()) == ([2], [7])
    assert (narrow.model.relaxable.tolist(), narrow.model.derived.tolist()) == ([True], [True])
    assert narrow.model.column_scale.tolist() == [3.0]


def test_a_submodel_leaves_the_point_alone() -> None:
    """Widening gives a new point each time."""
    model, _ = _random_model(0)
    base = np.zeros(COLUMNS, np.int64)
    free = np.ones(COLUMNS, np.bool_)
    submodel(model, free, base).widen(np.ones(COLUMNS, np.int64))
    assert (base == 0).all()


def test_an_objective_over_free_columns_differs_by_the_fixed_part() -> None:
    """Narrowing an objective takes away what fixed columns add, and nothing else."""
    model, _ = _random_model(1)
    terms = {at: Fraction(at + 1, 6) for at in range(COLUMNS)}
    aim = objective("aim", False, terms, np.full(COLUMNS, 9))
    free = np.arange(COLUMNS) % 2 == 0
    base = np.arange(COLUMNS)
    narrow = submodel(model, free, base)
    small = narrow.narrow(aim)
    for inner in (np.zeros(4, np.int64), np.arange(4)):
        fixed = sum(terms[at] * int(base[at]) for at in range(COLUMNS) if not free[at])
        assert aim.value(narrow.widen(inner)) == small.value(inner) + fixed
    assert (small.name, small.maximise, small.error) == ("aim", False, 0)


def test_rows_added_stand_at_the_end() -> None:
    """A model with more rows keeps the old ones where they were and leaves the old model alone."""
    model, matrix = _random_model(2)
    more = RowBuilder()
    more.terms(more.row(("more",), upper=1), np.arange(COLUMNS), 1)
    more.row(("nothing",), upper=0)
    joined = model.with_rows(more.build(np.ones(COLUMNS, np.int64)))
    assert joined.rows.label == (*model.rows.label, ("more",), ("nothing",))
    wanted = np.vstack([matrix, np.ones((1, COLUMNS), np.int64), np.zeros((1, COLUMNS), np.int64)])
    assert (_dense(joined.rows, COLUMNS) == wanted).all()
    assert joined.rows.upper[-2:].tolist() == [1, 0]
    assert model.rows.count == len(matrix)


def test_bounds_can_be_changed_without_touching_the_model() -> None:
    """A model with other bounds has them, and the old one keeps its own."""
    model, _ = _random_model(2)
    other = model.with_bounds(np.zeros(COLUMNS, np.int64), np.ones(COLUMNS, np.int64))
    assert other.upper.tolist() == [1] * COLUMNS
    assert other.rows is model.rows
    assert model.upper.tolist() != [1] * COLUMNS


def test_terms_of_one_column_add_up_and_may_cancel() -> None:
    """Terms given twice are merged; what cancels leaves no term, and the row stays."""
    rows = RowBuilder()
    row = rows.row(("sum",), upper=3)
    rows.terms(row, np.array([1, 1, 0]), np.array([2, 3, 4]))
    rows.terms(row, 0, -4)
    built = rows.build(np.ones(2, np.int64))
    assert (built.column.tolist(), built.coefficient.tolist()) == ([1], [5])
    assert built.start.tolist() == [0, 1]


def test_no_rows_are_a_model_too() -> None:
    """A builder without rows gives rows that admit everything."""
    built = RowBuilder().build(np.ones(3, np.int64))
    assert built.count == 0
    assert built.activity(np.ones(3, np.int64)).tolist() == []


def test_rows_that_could_overflow_are_refused() -> None:
    """A row whose activity could pass 64 bits is refused by name; one just below is summed exactly."""

    def built(most: int) -> Rows:
        big, rows = 2**31, RowBuilder()
        rows.terms(rows.row(("small",), upper=1), 0, 1)
        rows.terms(rows.row(("budget", "f", "2015"), upper=1), np.array([0, 1]), np.array([big, -big]))
        return rows.build(np.array([most, most]))

    with pytest.raises(ModelTooLarge, match=r"budget f 2015: .*coarser granule"):
        built(2**29)
    assert built(2**28).activity(np.array([2**28, -(2**28)])).tolist() == [2**28, 2**60]


def test_an_objective_is_exact_where_its_denominators_allow_it() -> None:
    """Fractions with a small common denominator lose nothing."""
    terms = {0: Fraction(1, 3), 2: Fraction(-5, 7), 3: Fraction(2)}
    aim = objective("aim", True, terms, np.array([10, 10, 10, 10]))
    assert (aim.error, aim.denominator) == (0, 21)
    point = np.array([4, 9, 3, 1])
    assert aim.value(point) == Fraction(4, 3) - Fraction(15, 7) + 2
    assert aim.signed.tolist() == [7, 0, -15, 42]
    assert objective("cost", False, terms, np.array([10] * 4)).signed.tolist() == [-7, 0, 15, -42]


def test_an_objective_that_must_round_knows_its_error() -> None:
    """With denominators that no common one fits, no point's figure is off by more than the error stated."""
    primes = [1009, 1013, 1019, 1021, 1031, 1033, 1039]
    terms = {at: Fraction(at + 1, prime) for at, prime in enumerate(primes)}
    upper = np.full(len(primes), 1000)
    aim = objective("aim", True, terms, upper)
    assert 0 < aim.error < Fraction(1, 10**6)
    random = np.random.default_rng(0)
    for _ in range(100):
        point = random.integers(0, upper + 1)
        true = sum(value * int(point[at]) for at, value in terms.items())
        assert abs(aim.value(point) - true) <= aim.error


def test_an_objective_stays_inside_its_range() -> None:
    """Whatever the weights, the whole sum keeps far from 64 bits."""
    terms = {0: Fraction(10**12, 7), 1: Fraction(1, 3)}
    aim = objective("aim", True, terms, np.array([1000, 10]))
    assert int(np.abs(aim.coefficient) @ np.array([1000, 10])) <= 2**56


def test_an_objective_too_large_is_refused() -> None:
    """Figures beyond the range are refused by name rather than rounded away."""
    with pytest.raises(ModelTooLarge, match="objective fit: figures up to"):
        objective("fit", True, {0: Fraction(2**50)}, np.array([2**10]))


def test_an_objective_without_terms_is_nothing() -> None:
    """No terms make a figure of 0 everywhere."""
    aim = objective("none", True, {}, np.array([5, 5]))
    assert aim.value(np.array([5, 5])) == 0


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (("1", "1/2"), (2, 1)),
        (("1/4", "1/10", "1/4"), (5, 2, 5)),
        (("1", "0"), (1, 0)),
        (("6", "4"), (3, 2)),
        (("0", "0"), (0, 0)),
        (("2/3", "-4/9"), (3, -2)),
    ],
)
def test_whole_ratio_is_the_smallest(values: tuple[str, ...], wanted: tuple[int, ...]) -> None:
    """Fractions become the smallest whole numbers in the same proportion."""
    assert whole_ratio(*(Fraction(value) for value in values)) == wanted


@pytest.mark.parametrize("seed", range(5))
def test_known_activity_changes_nothing(seed: int) -> None:
    """A submodel cut with the activity at hand is the same as one that computes it."""
    model, _ = _random_model(seed)
    point = np.random.default_rng(seed).integers(model.lower, model.upper + 1)
    free = np.arange(COLUMNS) % 2 == 0
    one, other = submodel(model, free, point), submodel(model, free, point, model.rows.activity(point))
    assert one.model.rows.label == other.model.rows.label
    for name in ("start", "column", "coefficient", "lower", "upper"):
        assert (getattr(one.model.rows, name) == getattr(other.model.rows, name)).all()


@pytest.mark.parametrize("seed", range(5))
def test_rows_can_be_taken_in_any_order(seed: int) -> None:
    """Taken rows say what they said."""
    model, matrix = _random_model(seed)
    order = np.random.default_rng(seed).permutation(model.rows.count)[:5]
    taken = model.rows.taken(order)
    assert (_dense(taken, COLUMNS) == matrix[order]).all()
    assert taken.label == tuple(model.rows.label[at] for at in order)
    assert (taken.lower == model.rows.lower[order]).all()
