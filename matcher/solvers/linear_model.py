"""The contract between formulations and solvers: an exact integer linear model in plain arrays.

Every column is a whole number between whole bounds and every row has whole coefficients, so that
a point of the model can be checked, counted and stored without rounding. Engines that compute
with floats scale it for themselves (`column_scale`) and may relax the columns that are `relaxable`
(so many granules that a real number does as well), and the whole point is found afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from matcher.errors import Fault, MatcherError, Path

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

UNLIMITED = 2**62
"""A row limit of plus or minus this is no limit; no row's activity can reach it."""
WAY_OUT = f"less than {UNLIMITED // 4:.3g}: smaller amounts, ratios of fewer decimals, or a coarser granule".replace(
    "e+", "e"
)
"""What a row would have to keep to, and how it can."""
_Number = TypeVar("_Number", np.int32, np.int64)
_OBJECTIVE_RANGE = 2**55
_EXACT_DENOMINATOR = 2**50


class ModelTooLarge(MatcherError):
    """Numbers of a scenario are so large that exact 64-bit arithmetic could overflow.

    Parameters
    ----------
    found
        What is too large, and how large it can come to be.
    wanted
        What would not be.
    path
        Where the scenario says it; empty where that is not known.
    row
        Number of the row in which it was found, for whoever knows what that speaks of.
    """

    def __init__(self, found: str, wanted: str, path: Path = (), row: int | None = None) -> None:
        super().__init__(found, wanted, path, row)
        self.fault = Fault(path, found, wanted)
        self.row = row

    def at(self, path: Path) -> ModelTooLarge:
        """Returns the same, placed."""
        return ModelTooLarge(self.fault.found, self.fault.expected, path)

    def __str__(self) -> str:
        return str(self.fault)


@dataclass(frozen=True)
class Rows:
    """Sparse rows ``lower <= A x <= upper``, row by row."""

    start: Ints
    """Positions where each row's terms start, and the total at the end; shape (rows + 1,)."""
    column: Ints
    """Column of each term."""
    coefficient: Ints
    """Coefficient of each term, never 0."""
    lower: Ints
    """Least activity of each row."""
    upper: Ints
    """Most activity of each row."""
    label: tuple[tuple[str, ...], ...]
    """Rule and subjects of each row, for people and tests."""

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.lower)

    @property
    def row_of_term(self) -> Ints:
        """Row of each term."""
        return np.repeat(np.arange(self.count, dtype=np.int64), np.diff(self.start))

    @cached_property
    def by_column(self) -> tuple[Ints, Ints, Ints]:
        """The terms column by column: where each column starts (and the total), row and coefficient of each."""
        order = np.argsort(self.column, kind="stable")
        count = np.bincount(self.column, minlength=int(self.column.max(initial=-1)) + 1)
        start = np.concatenate((np.zeros(1, np.int64), np.cumsum(count))).astype(np.int64)
        return start, self.row_of_term[order], self.coefficient[order]

    def activity(self, point: Ints) -> Ints:
        """Returns ``A x`` exactly."""
        return _sum_by_row(self.start, self.coefficient * point[self.column])

    def with_upper(self, upper: Ints) -> Rows:
        """Returns the rows with other upper limits; what is known of their terms stays known."""
        rows = replace(self, upper=upper)
        rows.__dict__["by_column"] = self.by_column  # where a cached property keeps its value
        return rows

    def taken(self, number: Ints) -> Rows:
        """Returns some of the rows, in the order given."""
        count = np.diff(self.start)[number]
        start = np.concatenate((np.zeros(1, np.int64), np.cumsum(count))).astype(np.int64)
        term = np.arange(start[-1]) + np.repeat(self.start[number] - start[:-1], count)
        label = tuple(self.label[row] for row in number.tolist())
        return Rows(start, self.column[term], self.coefficient[term], self.lower[number], self.upper[number], label)


def _sum_by_row(start: Ints, terms: Ints) -> Ints:
    """Sums runs of terms; wrap-around of the running total cancels, so the sums are exact."""
    total = np.concatenate((np.zeros(1, np.int64), np.cumsum(terms, dtype=np.int64)))
    return total[start[1:]] - total[start[:-1]]


@dataclass(frozen=True)
class LinearObjective:
    """A sum over columns, exact up to `error`: figure = sum(coefficient x) / denominator."""

    name: str
    maximise: bool
    coefficient: Ints
    """Shape (columns,)."""
    denominator: int
    error: Fraction
    """Most by which the sum can differ from the true figure over the whole domain; 0 if exact."""

    def value(self, point: Ints) -> Fraction:
        """Returns the figure at a point (within `error`)."""
        return Fraction(int(self.coefficient @ point), self.denominator)

    @property
    def signed(self) -> Ints:
        """Coefficients of the equivalent maximisation."""
        return self.coefficient if self.maximise else -self.coefficient


def objective(name: str, maximise: bool, terms: dict[int, Fraction], upper: Ints) -> LinearObjective:
    """Returns an objective over ``len(upper)`` columns, exact if its denominators allow it."""
    values = list(terms.values())
    columns = np.fromiter(terms, np.int64, len(terms))
    return objective_by_value(name, maximise, values, np.arange(len(values), dtype=np.int64), columns, upper)


def objective_by_value(
    name: str, maximise: bool, values: Sequence[Fraction], which: Ints, columns: Ints, upper: Ints
) -> LinearObjective:
    """Returns an objective whose terms share few values, exact if their denominators allow it.

    Parameters
    ----------
    values
        Distinct figures per unit of a column.
    which
        Position in `values` of each term.
    columns
        Column of each term; a column may have several.
    upper
        Largest value of each column.

    Raises
    ------
    ModelTooLarge
        if the figures are too large for exact 64-bit arithmetic.
    """
    total = np.zeros(len(values), np.float64)
    np.add.at(total, which, upper[columns].astype(np.float64))
    weight = [int(each) for each in total.tolist()]  # a sum over many columns: good to a relative 1e-10
    size = sum((abs(value) * each for value, each in zip(values, weight, strict=True)), Fraction(0))
    common = 1
    for value, each in zip(values, weight, strict=True):
        common = lcm(common, value.denominator) if each else common
        if common > _EXACT_DENOMINATOR:
            break
    exact = common <= _EXACT_DENOMINATOR and size * common < _OBJECTIVE_RANGE
    scale = common if exact else _OBJECTIVE_RANGE // max(1, int(size) + 1)
    if scale < 1:
        raise ModelTooLarge(
            f"objective {name}: figures up to {_written(size)}",
            f"at most {_written(_OBJECTIVE_RANGE)}: smaller weights, prices or amounts, or a coarser granule",
        )
    whole = [round(value * scale) for value in values]
    coefficient = np.zeros(len(upper), np.int64)
    np.add.at(coefficient, columns, np.array(whole, np.int64)[which])
    error = sum(
        (
            abs(value - Fraction(near, scale)) * (each + 1)
            for value, near, each in zip(values, whole, weight, strict=True)
        ),
        Fraction(0),
    )
    return LinearObjective(
        name, maximise, coefficient, scale, Fraction(0) if exact else error * (1 + Fraction(1, 10**9))
    )


@dataclass(frozen=True)
class LinearModel:
    """Columns with bounds, and rows."""

    lower: Ints
    """Least value of each column."""
    upper: Ints
    """Most value of each column."""
    relaxable: Bools
    """Columns that an engine with floats may relax to real numbers."""
    derived: Bools
    """Fine columns that follow from the others: ledgers and the smallest coverage."""
    column_scale: Floats
    """Size of a sensible unit of each column (1 for all that are not fine)."""
    rows: Rows

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.lower)

    def faults(self, point: Ints) -> Ints:
        """Returns the rows that a point breaks."""
        activity = self.rows.activity(point)
        return np.flatnonzero((activity < self.rows.lower) | (activity > self.rows.upper))

    def admits(self, point: Ints) -> bool:
        """Returns whether a point keeps all bounds and rows."""
        inside = bool(((self.lower <= point) & (point <= self.upper)).all())
        return inside and not len(self.faults(point))

    def with_rows(self, more: Rows) -> LinearModel:
        """Returns the model with rows added at the end."""
        rows = self.rows
        joined = Rows(
            np.concatenate((rows.start, more.start[1:] + rows.start[-1])),
            np.concatenate((rows.column, more.column)),
            np.concatenate((rows.coefficient, more.coefficient)),
            np.concatenate((rows.lower, more.lower)),
            np.concatenate((rows.upper, more.upper)),
            rows.label + more.label,
        )
        return replace(self, rows=joined)

    def with_bounds(self, lower: Ints, upper: Ints) -> LinearModel:
        """Returns the model with other column bounds."""
        return replace(self, lower=lower, upper=upper)

    def with_row_upper(self, upper: Ints) -> LinearModel:
        """Returns the model with other upper limits of rows."""
        return replace(self, rows=self.rows.with_upper(upper))


@dataclass(frozen=True)
class SubModel:
    """A model in which some columns are fixed at a point, and the way back to the whole."""

    model: LinearModel
    free: Ints
    """Columns of the whole model that are columns here, in order."""
    base: Ints
    """The point of the whole model at which the others are fixed."""

    def widen(self, point: Ints) -> Ints:
        """Returns the point of the whole model."""
        whole = self.base.copy()
        whole[self.free] = point
        return whole

    def narrow(self, objective: LinearObjective) -> LinearObjective:
        """Returns an objective over the free columns (without its constant part)."""
        return LinearObjective(
            objective.name, objective.maximise, objective.coefficient[self.free], objective.denominator, objective.error
        )


def submodel(model: LinearModel, free: Bools, point: Ints, activity: Ints | None = None) -> SubModel:
    """Returns the model over the free columns, all others fixed at the point, rows without them gone.

    Parameters
    ----------
    activity
        Activity of all rows at the point, where it is known: what remains costs only the free columns' terms.
    """
    rows = model.rows
    activity = rows.activity(point) if activity is None else activity
    columns = np.flatnonzero(free)
    starts, row_of, coefficient_of = rows.by_column
    first = starts[np.minimum(columns, len(starts) - 1)]
    count = starts[np.minimum(columns + 1, len(starts) - 1)] - first
    term = np.arange(count.sum()) + np.repeat(first - (np.cumsum(count) - count), count)
    column = np.repeat(np.arange(len(columns)), count)
    row, coefficient = row_of[term], coefficient_of[term]
    order = np.argsort(row, kind="stable")
    row, column, coefficient = row[order], column[order], coefficient[order]
    new = np.flatnonzero(np.diff(row, prepend=-1))
    kept_row = row[new]
    start = np.append(new, len(row))
    shift = activity[kept_row] - _sum_by_row(start, coefficient * point[columns[column]])
    lower, upper = rows.lower[kept_row], rows.upper[kept_row]
    sub = Rows(
        start,
        column,
        coefficient,
        np.where(lower <= -UNLIMITED, lower, lower - shift),
        np.where(upper >= UNLIMITED, upper, upper - shift),
        tuple(rows.label[at] for at in kept_row.tolist()),
    )
    narrow = LinearModel(
        model.lower[columns],
        model.upper[columns],
        model.relaxable[columns],
        model.derived[columns],
        model.column_scale[columns],
        sub,
    )
    return SubModel(narrow, columns, point)


def _emptied(parts: list[NDArray[_Number]]) -> NDArray[_Number]:
    """The parts as one array; the list is left empty."""
    if not parts:
        return np.zeros(0, np.int64)
    whole = np.concatenate(parts)
    parts.clear()
    return whole


@dataclass(frozen=True)
class RowGroup:
    """Rows of one rule, one after another."""

    rule: str
    first: int
    """Number of the first one."""
    count: int
    of: tuple[Ints, ...]
    """What each is about, by position in whatever its rule names; empty where nobody asks."""


class RowBuilder:
    """Collects rows group by group, in numpy."""

    def __init__(self) -> None:
        self._row: list[NDArray[np.int32]] = []
        self._column: list[NDArray[np.int32]] = []
        self._coefficient: list[Ints] = []
        self._lower: list[Ints] = []
        self._upper: list[Ints] = []
        self._label: list[tuple[str, ...]] = []
        self.groups: list[RowGroup] = []
        """Rows of one rule, opened together."""

    def row(self, label: tuple[str, ...], *, lower: int = -UNLIMITED, upper: int = UNLIMITED) -> int:
        """Opens a row and returns its number."""
        self._lower.append(np.array([lower], np.int64))
        self._upper.append(np.array([upper], np.int64))
        self._label.append(label)
        return len(self._label) - 1

    def label_of(self, row: int) -> tuple[str, ...]:
        """Returns rule and subjects of an opened row."""
        return self._label[row]

    def many(self, rule: str, lower: Ints | int, upper: Ints | int, count: int, *of: Ints) -> Ints:
        """Opens many rows of one rule and returns their numbers.

        Parameters
        ----------
        of
            What each row is about, by position: told in `groups`.
        """
        first = len(self._label)
        self.groups.append(RowGroup(rule, first, count, of))
        self._lower.append(np.broadcast_to(np.asarray(lower, np.int64), (count,)))
        self._upper.append(np.broadcast_to(np.asarray(upper, np.int64), (count,)))
        self._label += [(rule,)] * count
        return np.arange(first, first + count, dtype=np.int64)

    def terms(self, rows: Sequence[int] | Ints | int, columns: Ints | int, coefficients: Ints | int) -> None:
        """Adds terms to opened rows; all three broadcast against each other."""
        row, column, value = np.broadcast_arrays(
            np.asarray(rows, np.int64), np.asarray(columns, np.int64), np.asarray(coefficients, np.int64)
        )
        self._row.append(row.ravel().astype(np.int32))
        self._column.append(column.ravel().astype(np.int32))
        self._coefficient.append(value.ravel())

    def build(self, magnitude: Ints, most: int = UNLIMITED // 2) -> Rows:
        """Returns the rows, terms merged and sorted by column; the terms are then gone from here.

        Parameters
        ----------
        magnitude
            Largest absolute value of each column.
        most
            Rows whose activity could come to so much or more are refused.

        Raises
        ------
        ModelTooLarge
            if an activity could come to the most.
        """
        count = len(self._label)
        width = max(len(magnitude), 1)
        place = _emptied(self._row).astype(np.int64) * width  # each array goes as soon as the next one is there
        place += _emptied(self._column)
        value = _emptied(self._coefficient)
        order = np.argsort(place, kind="stable")
        place, value = place[order], value[order]
        del order
        first = np.flatnonzero(np.diff(place, prepend=-1))
        value = np.add.reduceat(value, first) if len(first) else value
        place = place[first]
        row = place // width
        column = place - row * width
        del place, first
        kept = value != 0
        row, column, value = row[kept], column[kept], value[kept]
        start = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.bincount(row, minlength=count)))).astype(np.int64)
        self._refuse_overflow(row, np.abs(value.astype(np.float64)) * magnitude[column], count, most)
        return Rows(start, column, value, _emptied(self._lower), _emptied(self._upper), tuple(self._label))

    def _refuse_overflow(self, row: Ints, term: Floats, count: int, most: int) -> None:
        size = np.bincount(row, term, minlength=count)
        worst = int(np.argmax(size)) if count else 0
        if count and size[worst] >= most:
            name = " ".join(self._label[worst])
            raise ModelTooLarge(f"{name}: sums up to {_written(int(size[worst]))}", WAY_OUT, row=worst)


def times(factor: int, amounts: Ints, what: str, path: Path = ()) -> Ints:
    """Returns amounts times a whole number.

    Parameters
    ----------
    what, path
        What is multiplied, in words, and where the scenario says it.

    Raises
    ------
    ModelTooLarge
        if a product could pass 64 bits.
    """
    most = abs(factor) * int(np.abs(amounts).max(initial=0))
    if most >= UNLIMITED // 2:
        raise ModelTooLarge(f"{what}: products up to {_written(most)}", WAY_OUT, path)
    return factor * amounts


def _written(size: int | Fraction) -> str:
    """A size to three digits, however large."""
    return f"{Decimal(int(size)):.3g}".replace("e+", "e")


def whole_ratio(*values: Fraction, what: str = "ratio", path: Path = ()) -> tuple[int, ...]:
    """Returns the smallest whole numbers in the same proportion as the values.

    Parameters
    ----------
    what, path
        What the ratio is of, in words, and where the scenario says it.

    Raises
    ------
    ModelTooLarge
        if one of them could pass 64 bits.
    """
    common = lcm(*(value.denominator for value in values))
    whole = [int(value * common) for value in values]
    divisor = gcd(*whole) or 1
    if max(map(abs, whole), default=0) // divisor >= UNLIMITED // 2:
        raise ModelTooLarge(
            f"{what}: in whole numbers up to {_written(max(map(abs, whole)) // divisor)}", WAY_OUT, path
        )
    return tuple(value // divisor for value in whole)
