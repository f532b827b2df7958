"""From points of the formulation back to pairs: who pays whom, in whole granules.

Within a payment class every financier can pay every implementer, so any way of matching the money
paid in a year with the price of the work done is right; the north-west corner rule takes the one
with fewest pairs. In whole granules the pairs are found by the search for a whole point
(`matcher.solvers.integer_repair`) over a *lifted* model, in which each column of work and money is the sum of
its pairs: its rows are the compact ones, so that a whole point keeps them exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from matcher.formulation.columns import Columns
from matcher.formulation.plans import NO_PAIRS, Pairs
from matcher.portfolio.result import Clock
from matcher.solvers.integer_repair import relaxed_with_room, whole_point
from matcher.solvers.linear_model import Bools, Floats, Ints, LinearModel, LinearObjective, Rows, submodel
from matcher.solvers.settings import DEFAULT_SOLVER_SETTINGS, SolverSettings

_ZERO = 1e-7
"""Granules below which an engine's flow counts as none."""


@dataclass(frozen=True)
class Flows:
    """What recovery must know of the columns of a part of the compact model."""

    column: Ints
    """Number in the whole model of each column of the part."""
    cell: Ints
    """Payment class and year of each column of work and money that is balanced; -1 for all others."""
    money: Bools
    """Whether it is a column of money."""
    worth: Ints
    """Minor units per unit of a balanced column: price of work, unit of money; 0 for all others."""
    in_kind: Bools
    """Whether it is work in kind."""


def flows_of(columns: Columns, part: Ints) -> Flows:
    """Returns what recovery must know of some columns of the compact model."""
    cell, worth = np.full(len(part), -1, np.int64), np.zeros(len(part), np.int64)
    inside = np.flatnonzero(part < columns.flows)
    flow = part[inside]
    years = len(columns.scenario.years)
    name = columns.flow_class[flow]
    cell[inside] = np.where(name >= 0, name * years + columns.flow_year[flow], -1)
    money = (part >= columns.works) & (part < columns.flows)
    worth[money] = columns.money_unit[part[money] - columns.works]
    work = part < columns.works
    worth[work] = columns.work_price[part[work]]
    return Flows(part, cell, money, np.where(cell >= 0, worth, 0), work & (cell < 0))


@dataclass(frozen=True)
class Lifted:
    """A part of the compact model over pairs instead of flows."""

    model: LinearModel
    point: Floats
    kept: Ints
    """Columns of the part that are not balanced flows; they come first."""
    work: Ints
    """Column (of the part) of work of each pair; pairs come after the kept columns."""
    money: Ints
    """Column (of the part) of money of each pair."""
    times: Ints
    """Units of money per granule of each pair."""

    def narrow(self, objective: LinearObjective) -> LinearObjective:
        """Returns an objective over the lifted columns."""
        pairs = objective.coefficient[self.work] + objective.coefficient[self.money] * self.times
        return replace(objective, coefficient=np.concatenate((objective.coefficient[self.kept], pairs)))


def whole_pairs(
    model: LinearModel,
    flows: Flows,
    point: Floats,
    objective: LinearObjective,
    clock: Clock,
    settings: SolverSettings = DEFAULT_SOLVER_SETTINGS,
) -> tuple[Pairs, Ints] | None:
    """Returns pairs near an engine's point of a part of the compact model, and its other columns, whole.

    The pairs are numbered as in the whole model; None if no whole point was found nearby.
    """
    found = _pairs_near(model, flows, point, objective, clock, settings)
    for share in settings.repair.room_shares:
        if found is None:
            roomy = _with_room(model, flows, point, objective, clock, share, settings)
            if roomy is not None:
                found = _pairs_near(model, flows, roomy, objective, clock, settings)
    return _pairs_near(model, flows, point, objective, clock, settings, tightened=True) if found is None else found


def _pairs_near(
    model: LinearModel,
    flows: Flows,
    point: Floats,
    objective: LinearObjective,
    clock: Clock,
    settings: SolverSettings,
    *,
    tightened: bool = False,
) -> tuple[Pairs, Ints] | None:
    """Pairs near a point, or else, where those are known to be none, near the point of tightened rows."""
    lifted = lift(model, flows, point)
    objective = lifted.narrow(objective)
    found = whole_point(
        lifted.model, lifted.point, objective, clock, thorough=tightened, tried=tightened, settings=settings
    )
    if found is None:
        return None
    others = np.zeros(model.columns, np.int64)
    others[lifted.kept] = found[: len(lifted.kept)]
    granules = found[len(lifted.kept) :]
    kind = np.flatnonzero(flows.in_kind & (others > 0))
    work = np.concatenate((flows.column[lifted.work], flows.column[kind]))
    money = np.concatenate((flows.column[lifted.money], np.full(len(kind), -1, np.int64)))
    return NO_PAIRS.joined(Pairs(work, money, np.concatenate((granules, others[kind])))), others


def _with_room(
    model: LinearModel,
    flows: Flows,
    point: Floats,
    objective: LinearObjective,
    clock: Clock,
    share: float,
    settings: SolverSettings,
) -> Floats | None:
    """The relaxation with yes-or-no columns kept and rows tightened by what whole granules can cost them.

    Where every dollar of those who pay is used, rounding needs somebody else to pay the last
    granule: unlike the search for a whole point, this may use columns that the point does not.
    """
    near = np.clip(np.rint(point), model.lower, model.upper).astype(np.int64)
    narrow = submodel(model, model.relaxable | model.derived, near)
    rows = narrow.model.rows
    step = np.where(point > _ZERO, _steps(flows), 0)[narrow.free]
    size = np.abs(rows.coefficient) * step[rows.column]
    room = np.bincount(rows.row_of_term, size, minlength=rows.count)
    ledger = narrow.model.derived[rows.column] & (rows.lower == rows.upper)[rows.row_of_term]
    step = step.astype(np.float64)
    np.maximum.at(step, rows.column[ledger], (room[rows.row_of_term] / np.abs(rows.coefficient))[ledger])
    room = np.bincount(rows.row_of_term, np.abs(rows.coefficient) * step[rows.column], minlength=rows.count)
    exact = np.array([label[0] in ("completion", "need", "balance") for label in rows.label], np.bool_)
    room[exact | (rows.lower == rows.upper)] = 0  # met to the granule: rounding must balance there, not give way
    return relaxed_with_room(narrow, np.ceil(room * share).astype(np.int64), objective, clock, settings)


def _steps(flows: Flows) -> Ints:
    """Units by which rounding the work to whole granules can move each column of money: the dearest granule.

    Columns of work have none: their limits are whole granules already.
    """
    dearest = np.zeros(int(flows.cell.max(initial=-1)) + 2, np.int64)
    work = (flows.cell >= 0) & ~flows.money
    np.maximum.at(dearest, flows.cell[work], flows.worth[work])
    price = np.where(flows.money & (flows.cell >= 0), dearest[flows.cell], 0)
    return -(-price // np.maximum(flows.worth, 1))


def lift(model: LinearModel, flows: Flows, point: Floats) -> Lifted:
    """Returns a part of the compact model over the pairs that a point of it uses."""
    work, money, granules = _north_west(flows, point, model.lower)
    times = flows.worth[work] // np.maximum(flows.worth[money], 1)
    kept = np.flatnonzero(flows.cell < 0)
    upper = np.minimum(model.upper[work], model.upper[money] // np.maximum(times, 1))
    lifted = LinearModel(
        np.concatenate((model.lower[kept], model.lower[work])),
        np.concatenate((model.upper[kept], upper)),
        np.concatenate((model.relaxable[kept], model.relaxable[work])),
        np.concatenate((model.derived[kept], np.zeros(len(work), np.bool_))),
        np.concatenate((model.column_scale[kept], model.column_scale[work])),
        _lifted_rows(model, kept, work, money, times),
    )
    return Lifted(lifted, np.concatenate((point[kept], granules)), kept, work, money, times)


def _north_west(flows: Flows, point: Floats, lower: Ints) -> tuple[Ints, Ints, Floats]:
    """Pairs of each payment class and year, by the north-west corner rule: work, money, granules.

    A class of one committed pair has a least flow and is kept even where the point has none.
    """
    active = np.flatnonzero((flows.cell >= 0) & ((point > _ZERO) | (lower > 0)))
    order = active[np.lexsort((active, flows.money[active], flows.cell[active]))]
    cells = np.flatnonzero(np.diff(flows.cell[order], prepend=-2))
    pairs: list[tuple[int, int, float]] = []
    for first, last in zip(cells, [*cells[1:], len(order)], strict=False):
        members = order[first:last]
        pairs += _pair(members[~flows.money[members]].tolist(), members[flows.money[members]].tolist(), flows, point)
    work = np.array([pair[0] for pair in pairs], np.int64)
    money = np.array([pair[1] for pair in pairs], np.int64)
    return work, money, np.array([pair[2] for pair in pairs], np.float64)


def _pair(works: list[int], monies: list[int], flows: Flows, point: Floats) -> list[tuple[int, int, float]]:
    """Matches the work of one class and year with its money, in order."""
    found: list[tuple[int, int, float]] = []
    at = 0
    left = float(point[monies[0]] * flows.worth[monies[0]]) if monies else 0.0
    for work in works:
        wanted = float(point[work] * flows.worth[work])
        price = float(flows.worth[work])
        while monies and wanted > 0:
            last = at == len(monies) - 1
            paid = wanted if last else min(wanted, left)  # the last pays what rounding has left over
            if paid > 0 or last:
                found.append((work, monies[at], paid / price))
            wanted, left = wanted - paid, left - paid
            if wanted > 0 and not last:
                at += 1
                left = float(point[monies[at]] * flows.worth[monies[at]])
        if monies and not found:
            found.append((work, monies[at], 0.0))
    return found


def _lifted_rows(model: LinearModel, kept: Ints, work: Ints, money: Ints, times: Ints) -> Rows:
    """The rows with each balanced flow written as the sum of its pairs."""
    rows, pairs = model.rows, len(work)
    side = np.concatenate((work, money))
    member = np.concatenate((np.arange(pairs), np.arange(pairs))) + len(kept)
    factor = np.concatenate((np.ones(pairs, np.int64), times))
    order = np.argsort(side, kind="stable")
    starts = np.searchsorted(side[order], np.arange(model.columns + 1))
    place = np.full(model.columns, -1, np.int64)
    place[kept] = np.arange(len(kept))
    row = rows.row_of_term
    stays = place[rows.column] >= 0
    moved = np.flatnonzero(~stays)
    count = np.diff(starts)[rows.column[moved]]
    term = np.repeat(moved, count)
    offset = np.arange(len(term)) - np.repeat(np.cumsum(count) - count, count)
    which = order[starts[rows.column[term]] + offset]
    all_rows = np.concatenate((row[stays], row[term]))
    columns = np.concatenate((place[rows.column[stays]], member[which]))
    values = np.concatenate((rows.coefficient[stays], rows.coefficient[term] * factor[which]))
    shared = np.unique(side)[np.diff(starts)[np.unique(side)] > 1]  # a sum of pairs keeps its column's bounds
    number = np.full(model.columns, -1, np.int64)
    number[shared] = np.arange(rows.count, rows.count + len(shared))
    bound = number[side] >= 0
    rows = replace(
        rows,
        lower=np.concatenate((rows.lower, model.lower[shared])),
        upper=np.concatenate((rows.upper, model.upper[shared])),
        label=rows.label + (("bound",),) * len(shared),
    )
    all_rows = np.concatenate((all_rows, number[side[bound]]))
    columns = np.concatenate((columns, member[bound]))
    values = np.concatenate((values, factor[bound]))
    return _merged(rows, all_rows, columns, values, len(kept) + pairs)


def _merged(rows: Rows, row: Ints, column: Ints, value: Ints, columns: int) -> Rows:
    """Rows with terms of the same column added up, and none of 0."""
    key, inverse = np.unique(row * max(columns, 1) + column, return_inverse=True)
    total = np.zeros(len(key), np.int64)
    np.add.at(total, inverse, value)
    key, total = key[total != 0], total[total != 0]
    counts = np.bincount(key // max(columns, 1), minlength=rows.count)
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts))).astype(np.int64)
    return replace(rows, start=start, column=key % max(columns, 1), coefficient=total)
