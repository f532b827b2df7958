r"""Bounds by prices: with budgets, capacities and counts priced, every State is on its own.

Rows whose columns belong to one State (or to none: the ledgers of money) are that *block*'s own;
all others *link*. For any prices u on linking rows A x <= b, with u >= 0 there (and of the right
sign elsewhere), weak duality gives for the maximum of c x::

    max c x  <=  L(u) = u b + sum over blocks s of  max { (c - u A) x_s : x_s in block s }

Each block's maximum is replaced by the bound that its search has proven when it stops, so L(u)
holds whenever it is stopped. Prices are rounded to whole numbers first, so the sum is exact. A row
with large coefficients (what an earlier objective has reached) is cheap per unit of activity: its
price counts in parts of a power of two, and what it charges a column is rounded down, which, as no
column is negative, can only make the bound weaker.
Blocks in whole numbers see what the relaxation does not (a State completes or it does not), so
even the relaxation's own prices give a better bound than the relaxation (Geoffrion, 1974).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from matcher.engine.problem import ObjectiveProblem
from matcher.portfolio.result import Clock
from matcher.solvers.effort import counted
from matcher.solvers.engines import Limits, engine
from matcher.solvers.linear_model import UNLIMITED, Floats, Ints, LinearModel, LinearObjective, Rows

_RANGE = 2**52
"""Largest size of a figure in whole numbers: leaves room for the sums of 64-bit arithmetic."""
_WIDE, _KEPT = 30, 20
"""Rows with a coefficient of more bits than the first are priced as if it had the second."""


@dataclass(frozen=True)
class Block:
    """One State's own part of the model (or the ledgers', which belong to none)."""

    state: int
    columns: Ints
    """Columns of the whole model."""
    rows: Ints
    """Rows of the whole model."""
    model: LinearModel


@dataclass(frozen=True)
class Blocks:
    """The model cut along its linking rows."""

    blocks: tuple[Block, ...]
    row: Ints
    """Linking rows (of the whole model)."""
    term_row: Ints
    """Position in `row` of each linking term."""
    term_column: Ints
    term_value: Ints
    lower: Ints
    upper: Ints
    weight: Ints
    """The objective to maximise, in whole numbers."""
    denominator: int
    """Figure = weight x / denominator."""
    scale: float
    """Whole units per unit of the objective's own sum."""
    size: Floats
    """Largest size of a term of each linking row: its coefficient times the most of its column."""
    shift: Ints
    """Of each linking row: its whole price counts in parts of two to this power; 0 for most."""

    @property
    def unit(self) -> Floats:
        """Whole prices of each linking row per unit of the objective's own sum and unit of activity."""
        return np.asarray(self.scale * np.exp2(self.shift), np.float64)


@dataclass(frozen=True)
class Valuation:
    """What prices prove, and how each block would act on them."""

    bound: Fraction
    """Valid bound on the figure (to be maximised)."""
    prices: Ints
    """Whole prices of the linking rows."""
    block_bounds: dict[int, Fraction]
    """Bound of each State's block, in figures."""
    points: dict[int, Floats]
    """Best point that each block's search found, over the block's columns."""
    work: float
    """Work that it took."""


def cut(model: LinearModel, objective: LinearObjective, state: Ints) -> Blocks:
    """Returns the model cut into blocks.

    Parameters
    ----------
    state
        State of each column, -1 for ledgers.
    """
    home = row_homes(model, state)
    linking = np.flatnonzero(home < -1)
    links = model.rows.taken(linking)
    size = float(np.abs(objective.coefficient).astype(np.float64) @ model.upper) or 1.0
    scale = max(1, int(_RANGE / size))
    largest = np.zeros(len(linking))
    np.maximum.at(largest, links.row_of_term, np.abs(links.coefficient).astype(np.float64))
    bits = np.ceil(np.log2(np.maximum(largest, 1))).astype(np.int64)
    term_size = np.zeros(len(linking))
    np.maximum.at(
        term_size,
        links.row_of_term,
        np.abs(links.coefficient).astype(np.float64) * np.maximum(model.upper[links.column], 1),
    )
    return Blocks(
        tuple(_blocks(model, state, home)),
        linking,
        links.row_of_term,
        links.column,
        links.coefficient,
        links.lower,
        links.upper,
        objective.signed * scale,
        objective.denominator * scale,
        float(scale),
        term_size,
        np.where(bits > _WIDE, bits - _KEPT, 0),
    )


def row_homes(model: LinearModel, state: Ints) -> Ints:
    """Returns the State (or -1) whose columns alone a row has, -2 for rows that link."""
    rows = model.rows
    least, most = np.full(rows.count, 2**31), np.full(rows.count, -2)
    np.minimum.at(least, rows.row_of_term, state[rows.column])
    np.maximum.at(most, rows.row_of_term, state[rows.column])
    return np.where((least == most) | (most == -2), np.where(most == -2, -1, most), -2)


def _blocks(model: LinearModel, state: Ints, home: Ints) -> Iterator[Block]:
    """Yields each block; columns and rows are sorted by State once, so that each is a slice."""
    columns = np.argsort(state, kind="stable")
    own = np.argsort(home, kind="stable")
    rows = model.rows.taken(own)
    states = np.unique(state)
    first_column, last_column = (np.searchsorted(state[columns], states, side) for side in ("left", "right"))
    first_row, last_row = (np.searchsorted(home[own], states, side) for side in ("left", "right"))
    place = np.empty(model.columns, np.int64)
    place[columns] = np.arange(model.columns) - np.repeat(first_column, last_column - first_column)
    for at, each in enumerate(states.tolist()):
        mine = columns[first_column[at] : last_column[at]]
        span = slice(first_row[at], last_row[at])
        start = rows.start[span.start : span.stop + 1]
        terms = slice(start[0], start[-1])
        part = Rows(
            start - start[0],
            place[rows.column[terms]],
            rows.coefficient[terms],
            rows.lower[span],
            rows.upper[span],
            rows.label[span],
        )
        lower, upper, scale = model.lower[mine], model.upper[mine], model.column_scale[mine]
        yield Block(
            each, mine, own[span], LinearModel(lower, upper, model.relaxable[mine], model.derived[mine], scale, part)
        )


def whole_prices(blocks: Blocks, prices: Floats) -> Ints:
    """Returns prices as whole numbers of the right sign.

    Parameters
    ----------
    prices
        Of the linking rows, in units of the (maximised) objective's own sum per unit of activity.
    """
    limit = _RANGE * np.exp2(blocks.shift) / np.maximum(blocks.size, 1.0)  # no charge for a column may pass 64 bits
    whole = np.rint(np.clip(np.nan_to_num(prices * blocks.unit), -limit, limit)).astype(np.int64)
    whole[(whole > 0) & (blocks.upper >= UNLIMITED)] = 0
    whole[(whole < 0) & (blocks.lower <= -UNLIMITED)] = 0
    return whole


def reduced_weight(blocks: Blocks, prices: Ints) -> Ints:
    """Returns what a unit of each column is worth at whole prices, at most: in whole units of the objective."""
    charge = prices[blocks.term_row] * blocks.term_value
    wide = np.flatnonzero(blocks.shift[blocks.term_row])
    if len(wide):  # products of these pass 64 bits
        row = blocks.term_row[wide]
        parts = zip(prices[row].tolist(), blocks.term_value[wide].tolist(), blocks.shift[row].tolist(), strict=True)
        charge[wide] = [price * value >> shift for price, value, shift in parts]
    reduced = blocks.weight.copy()
    np.subtract.at(reduced, blocks.term_column, charge)
    return reduced


def value_blocks(
    task: ObjectiveProblem,
    blocks: Blocks,
    prices: Ints,
    limits: Limits,
    relaxed: bool = False,
    known: Valuation | None = None,
    chosen: Collection[int] | None = None,
) -> Valuation | None:
    """Returns what whole prices prove; None if the solve was stopped before all blocks were valued.

    Parameters
    ----------
    relaxed
        Whether blocks are relaxed to real numbers: faster, and no better than the relaxation.
    known
        What the same prices are known to prove: the better of the two holds, block by block, and
        counts for blocks that were not valued in time.
    chosen
        States whose blocks are valued; all blocks if not given. Something must be known of the others.
    """
    reduced = reduced_weight(blocks, prices)
    asked = [at for at, each in enumerate(blocks.blocks) if chosen is None or each.state in chosen]
    orders = [
        _Order(each.model, reduced[each.columns], limits, relaxed or each.state < 0, task.clock.left)
        for each in (blocks.blocks[at] for at in asked)
    ]
    answers = task.executor.map(_value_block, orders, should_stop=lambda: task.clock.reason() is not None)
    found = dict(zip(asked, answers, strict=True))
    limit = np.where(prices > 0, blocks.upper, np.where(prices < 0, blocks.lower, 0))
    priced = zip(prices.tolist(), limit.tolist(), blocks.shift.tolist(), strict=True)
    total = sum((Fraction(price * each, 2**shift) for price, each, shift in priced if price), Fraction(0))
    total /= blocks.denominator
    bounds: dict[int, Fraction] = {}
    points: dict[int, Floats] = {}
    for at, block in enumerate(blocks.blocks):
        answer = found.get(at)
        proven = [] if known is None else [known.block_bounds[block.state]]
        proven += [] if answer is None else [answer.bound / blocks.denominator]
        if not proven:
            return None
        bounds[block.state] = min(proven)
        total += bounds[block.state]
        if answer is not None and answer.point is not None:
            points[block.state] = answer.point
    work = sum(answer.work for answer in answers if answer is not None)
    return Valuation(total, prices, bounds, points, work)


def signed_bound(task: ObjectiveProblem, valuation: Valuation) -> Fraction:
    """Returns what prices prove, as a bound on the objective's true figure."""
    found = task.bound(valuation.bound if task.objective.maximise else -valuation.bound)
    assert found is not None
    return found


@dataclass(frozen=True)
class _Order:
    """One block to be valued."""

    model: LinearModel
    coefficient: Ints
    limits: Limits
    relaxed: bool
    seconds: float | None


@dataclass(frozen=True)
class _Worth:
    """What a block is worth."""

    bound: Fraction
    """At most."""
    point: Floats | None
    """Best point found."""
    work: float


def _value_block(order: _Order) -> _Worth:
    """A bound on what a block can be worth, and its best point found."""
    objective = LinearObjective("block", True, order.coefficient, 1, Fraction(0))
    most = float(np.maximum(order.coefficient, 0).astype(np.float64) @ order.model.upper)
    trivial = Fraction(most) * (1 + Fraction(1, 10**9))  # every column at its most: covers the rounding of the sum
    clock = Clock(order.seconds)
    with counted() as effort:
        outcome = engine("lp" if order.relaxed else "scip")(order.model, objective, order.limits, clock)
    bound = trivial if outcome.bound is None else min(outcome.bound, trivial)
    return _Worth(bound, outcome.point, effort.work)
