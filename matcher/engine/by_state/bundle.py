r"""Better prices by a bundle in a box: the half of the bound that rough prices leave open.

L(u) of `by_state.prices` is convex, and each point x_s^k that a block has shown bounds it from
below. The next prices are those where the model of all points so far is smallest, inside a box
around the best prices known (Marsten, Hogan and Blankenship, 1975)::

    min  u b + sum_s theta_s      theta_s >= (c - u A) x_s^k  for every point k of block s
                                  |u - best| <= tau max(|best|, a tenth of the mean)

Prices that bound better become the best ones; else the box shrinks, and the points found there make
the model better in any case. Points of which the model has no use for some steps are forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from matcher.engine.by_state.prices import Blocks, Valuation, value_blocks, whole_prices
from matcher.engine.problem import ObjectiveProblem
from matcher.formulation.plans import Plan
from matcher.solvers.effort import WorkBudget, counted
from matcher.solvers.engines import Continuous, minimum
from matcher.solvers.linear_model import UNLIMITED, Bools, Floats, Ints, LinearObjective

_COARSE, _SUM_BITS = 2.0**10, 58
"""A priced objective counts in so many whole units of the blocks at least, and its sums take so many bits at most."""
_IDLE = 1e-7
"""Relative size below which a term or a slack counts as nothing."""


@dataclass(frozen=True)
class Valued:
    """Prices, and what every State is worth at them."""

    blocks: Blocks
    valuation: Valuation

    def priced(self, state: Ints, share: float, dear: Bools | None = None, dearer: float = 1.0) -> LinearObjective:
        """Returns the objective less a share of the prices, over the States' own columns.

        Parameters
        ----------
        dear, dearer
            Linking rows with another share, and that share.
        """
        blocks = self.blocks
        shares = np.full(len(blocks.row), share)
        if dear is not None:
            shares[dear] = dearer
        charge = np.zeros(len(blocks.weight), np.float64)
        prices = self.valuation.prices / np.exp2(blocks.shift) * shares
        np.add.at(charge, blocks.term_column, prices[blocks.term_row] * blocks.term_value)
        weight = blocks.weight - charge
        weight[state < 0] = 0
        size = sum(float(np.abs(weight[each.columns]) @ each.model.upper) for each in blocks.blocks)
        coarse = max(_COARSE, 2.0 ** np.ceil(np.log2(max(size, 1.0)) - _SUM_BITS))  # the dearer, the coarser
        whole = np.rint(weight / coarse).astype(np.int64)
        return LinearObjective("priced", True, whole, max(round(blocks.denominator / coarse), 1), Fraction(0))


@dataclass
class _Cut:
    """A point of a block: what it is worth at any prices."""

    block: int
    activity: Floats
    """Of the block's linking rows, as shares of their size."""
    worth: float
    idle: int = 0


class Bundle:
    """Prices on their way to better ones; goes on where it stopped."""

    def __init__(self, task: ObjectiveProblem, blocks: Blocks, prices: Ints, plan: Plan, rough: bool = True) -> None:
        self._task, self.blocks = task, blocks
        self._size = np.maximum(blocks.size, 1.0)
        self._settings = task.settings.bundle
        self._box = self._settings.first_box
        self._parts = _parts(blocks, task.model.columns)
        self._limit = np.where(blocks.upper < UNLIMITED, blocks.upper, blocks.lower) / self._size
        self._cuts: list[_Cut] = []
        self._add({block.state: plan.point[block.columns].astype(np.float64) for block in blocks.blocks})
        self.best: Valuation | None = self._value(prices)
        self.done = self.best is None
        self.rough = rough
        """Whether the first prices were rough, so that steps are worth it."""

    @property
    def valued(self) -> Valued:
        """The best prices and what they prove."""
        assert self.best is not None
        return Valued(self.blocks, self.best)

    def _value(self, prices: Ints) -> Valuation | None:
        limits = self._task.settings.limits(self._settings.block_work)
        found = value_blocks(self._task, self.blocks, prices, limits, relaxed=True)
        if found is not None:
            self._add(found.points)
        return found

    def _add(self, points: dict[int, Floats]) -> None:
        blocks = self.blocks
        for at, block in enumerate(blocks.blocks):
            if block.state in points:
                point, part = points[block.state], self._parts[at]
                used = np.bincount(part.row, part.value * point[part.column], minlength=len(part.rows))
                worth = float(blocks.weight[block.columns].astype(np.float64) @ point) / blocks.denominator
                self._cuts.append(_Cut(at, used / self._size[part.rows], worth))

    def step(self, most: int, meter: WorkBudget) -> None:
        """Takes up to so many steps, as long as they promise something and the solve goes on."""
        for _ in range(most):
            if self.done or self.best is None or meter.empty or self._task.clock.reason():
                return
            with counted() as effort:
                promised = self._lowest(self.best)
            meter.spend(effort.work)
            if promised is None:
                self.done = True
                return
            lowest, trial = promised
            gain = float(self.best.bound) - lowest
            if gain <= self._settings.least_gain * abs(float(self.best.bound)):
                self.done = True
                return
            found = self._value(
                whole_prices(self.blocks, trial * self.blocks.denominator / self._size / self.blocks.scale)
            )
            if found is None:
                return
            meter.spend(found.work)
            won = float(self.best.bound - found.bound)
            if won > self._settings.serious_share * gain:
                self.best = found
                self._box *= self._settings.growth if won > self._settings.good_share * gain else 1.0
            else:
                self._box *= self._settings.shrinking

    def _lowest(self, best: Valuation) -> tuple[float, Floats] | None:
        """Where the model of the points is smallest in the box, and how small; None if that is too hard."""
        blocks, links = self.blocks, len(self.blocks.row)
        price = best.prices / np.exp2(blocks.shift) * self._size / blocks.denominator
        used = np.abs(price[price != 0])
        least_price = self._settings.least_price * float(used.mean() if len(used) else 1.0)
        reach = self._box * np.maximum(np.abs(price), least_price)
        lower, upper = price - reach, price + reach
        lower = np.where(blocks.lower <= -UNLIMITED, np.maximum(lower, 0.0), lower)
        upper = np.where(blocks.upper >= UNLIMITED, np.minimum(upper, 0.0), upper)
        kept = (blocks.lower > -UNLIMITED) & (blocks.upper < UNLIMITED) & (blocks.lower < blocks.upper)
        lower, upper = np.where(kept, price, lower), np.where(kept, price, upper)  # which limit counts depends on it
        sizes = [len(cut.activity) for cut in self._cuts]
        row = np.repeat(np.arange(len(sizes)), sizes)
        column = np.concatenate([self._parts[cut.block].rows for cut in self._cuts])
        value = np.concatenate([cut.activity for cut in self._cuts])
        block = np.array([cut.block for cut in self._cuts], np.int64)
        worth = np.array([cut.worth for cut in self._cuts])
        dearest = np.where(value > 0, upper[column], lower[column]) * value
        cheapest = np.where(value > 0, lower[column], upper[column]) * value
        least = np.full(len(blocks.blocks), -np.inf)
        np.maximum.at(least, block, worth - np.bincount(row, dearest, minlength=len(sizes)))
        most = np.full(len(blocks.blocks), -np.inf)  # of theta, anywhere in the box: free columns make simplex fail
        np.maximum.at(most, block, worth - np.bincount(row, cheapest, minlength=len(sizes)))
        rows, columns = np.concatenate((row, np.arange(len(sizes)))), np.concatenate((column, links + block))
        values = np.concatenate((value, np.ones(len(sizes))))
        order = np.lexsort((columns, rows))
        order = order[np.abs(values[order]) > _IDLE]
        master = Continuous(
            np.concatenate((lower, least)),
            np.concatenate((upper, most)),
            np.concatenate((np.where(price < 0, self._lower_limit, self._limit), np.ones(len(blocks.blocks)))),
            rows[order],
            columns[order],
            values[order],
            worth,
            np.full(len(sizes), np.inf),
        )
        point = minimum(master, self._task.settings.limits(self._settings.master_work), self._task.clock)
        if point is None:
            return None
        self._forget(point, row, column, value, links + block)
        return float(master.weight @ point), point[:links]

    @property
    def _lower_limit(self) -> Floats:
        return np.where(self.blocks.lower > -UNLIMITED, self.blocks.lower, self.blocks.upper) / self._size

    def _forget(self, point: Floats, row: Ints, column: Ints, value: Floats, own: Ints) -> None:
        activity = np.bincount(row, value * point[column], minlength=len(self._cuts)) + point[own]
        for cut, slack in zip(self._cuts, activity.tolist(), strict=True):
            cut.idle = 0 if slack - cut.worth <= _IDLE * max(1.0, abs(cut.worth)) else cut.idle + 1
        self._cuts = [cut for cut in self._cuts if cut.idle < self._settings.forgotten_after]


@dataclass(frozen=True)
class _Part:
    """A block's terms in linking rows."""

    rows: Ints
    """Positions of the linking rows that it has terms in."""
    row: Ints
    """Position among these of each term."""
    column: Ints
    """Column of the block of each term."""
    value: Floats


def _parts(blocks: Blocks, columns: int) -> list[_Part]:
    owner, place = np.full(columns, -1, np.int64), np.zeros(columns, np.int64)
    for at, block in enumerate(blocks.blocks):
        owner[block.columns], place[block.columns] = at, np.arange(len(block.columns))
    order = np.argsort(owner[blocks.term_column], kind="stable")
    starts = np.searchsorted(owner[blocks.term_column][order], np.arange(len(blocks.blocks) + 1))
    parts = []
    for first, last in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        terms = order[first:last]
        rows, row = np.unique(blocks.term_row[terms], return_inverse=True)
        column = place[blocks.term_column[terms]]
        parts.append(_Part(rows, row, column, blocks.term_value[terms].astype(np.float64)))
    return parts
