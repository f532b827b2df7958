"""From an engine's point in real numbers to a point in whole units that breaks no row.

Rounding afterwards is ruinous: a State that needs every granule loses its completion to one.
So all yes-or-no columns are kept, the fine columns may move by a few granules around the
engine's values, and CP-SAT finds the best whole point among these. If there is none, the
relaxation is solved again with every row tightened by what rounding can cost it, and its
neighbourhood is searched.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from matcher.portfolio.result import Clock
from matcher.solvers.engines import Limits, engine
from matcher.solvers.linear_model import UNLIMITED, Floats, Ints, LinearModel, LinearObjective, Rows, SubModel, submodel
from matcher.solvers.settings import DEFAULT_SOLVER_SETTINGS, SolverSettings

_ZERO = 1e-7
"""A fine column below this many units counts as zero in an engine's point."""


def whole_point(
    model: LinearModel,
    point: Floats,
    objective: LinearObjective,
    clock: Clock,
    *,
    thorough: bool = True,
    settings: SolverSettings = DEFAULT_SOLVER_SETTINGS,
) -> Ints | None:
    """Returns a whole point of the model near an engine's point, or None if none was found.

    Parameters
    ----------
    thorough
        Whether to reach further, and to search anew with rows tightened, where the first try fails.
    settings
        How far and how long to search.
    """
    repair = settings.repair
    near = np.clip(np.rint(point), model.lower, model.upper).astype(np.int64)
    if not model.relaxable.any():
        return (
            near
            if model.admits(near)
            else _search(model, point, near, objective, clock, repair.reach[0], repair.work[1], settings)
        )
    for reach, work in zip(repair.reach, repair.work, strict=True):
        found = _search(model, point, near, objective, clock, reach, work, settings)
        if found is not None or not thorough:
            return found
    roomy = _with_room(model, point, near, objective, clock, settings)
    if roomy is None:
        return None
    return _search(model, roomy, near, objective, clock, repair.reach[1], repair.work[1], settings)


def _search(
    model: LinearModel,
    point: Floats,
    near: Ints,
    objective: LinearObjective,
    clock: Clock,
    reach: int,
    work: float,
    settings: SolverSettings,
) -> Ints | None:
    """The best whole point whose fine columns lie within reach of the engine's, all others kept."""
    moving = model.derived | (model.relaxable & (point > _ZERO))
    lower, upper = near.copy(), near.copy()
    inner = moving & ~model.derived
    lower[inner] = np.maximum(model.lower[inner], np.floor(point[inner]).astype(np.int64) - reach)
    upper[inner] = np.minimum(model.upper[inner], np.ceil(point[inner]).astype(np.int64) + reach)
    lower[model.derived], upper[model.derived] = model.lower[model.derived], model.upper[model.derived]
    narrow = submodel(model.with_bounds(lower, np.maximum(upper, lower)), moving, near)
    asking = _asking(narrow.model)
    if asking is None:
        return None
    narrowed = narrow.narrow(objective)
    whole, moved = abs(objective.value(near)), abs(narrowed.value(near[narrow.free]))
    gap = settings.repair.near_enough * float(whole / moved) if moved else 1.0  # what does not move counts, too
    outcome = engine("cpsat")(
        asking, narrowed, Limits(work, min(gap, 1.0), rates=settings.rates, effort=settings.effort), clock
    )
    if outcome.point is None:
        return None
    found = narrow.widen(np.rint(outcome.point).astype(np.int64))
    return found if model.admits(found) else None


def _asking(model: LinearModel) -> LinearModel | None:
    """The model without the rows that no point within the bounds can break; None if some row cannot be met."""
    rows = model.rows
    low = np.where(rows.coefficient > 0, model.lower[rows.column], model.upper[rows.column])
    high = np.where(rows.coefficient > 0, model.upper[rows.column], model.lower[rows.column])
    least = Rows.activity(replace(rows, column=np.arange(len(low))), low)
    most = Rows.activity(replace(rows, column=np.arange(len(high))), high)
    if ((least > rows.upper) | (most < rows.lower)).any():
        return None
    return replace(model, rows=rows.taken(np.flatnonzero((least < rows.lower) | (most > rows.upper))))


def _with_room(
    model: LinearModel, point: Floats, near: Ints, objective: LinearObjective, clock: Clock, settings: SolverSettings
) -> Floats | None:
    """The relaxation with yes-or-no columns kept and each row tightened by one granule per moving term."""
    moving = model.derived | (model.relaxable & (point > _ZERO))
    narrow = submodel(model, moving, near)
    rows = narrow.model.rows
    room = np.zeros(rows.count, np.int64)
    np.add.at(room, rows.row_of_term, np.abs(rows.coefficient))
    exact = np.array([label[0] in ("completion", "need") for label in rows.label], np.bool_) | (
        rows.lower == rows.upper
    )
    room[exact] = 0  # demand is met to the granule: rounding must balance there, not give way
    return relaxed_with_room(narrow, room, objective, clock, settings)


def relaxed_with_room(
    narrow: SubModel,
    room: Ints,
    objective: LinearObjective,
    clock: Clock,
    settings: SolverSettings = DEFAULT_SOLVER_SETTINGS,
) -> Floats | None:
    """Returns the best real point of a part with its rows tightened, as a point of the whole model.

    None if there is none, or a row is too narrow for its room.
    """
    rows = narrow.model.rows
    upper = np.where(rows.upper >= UNLIMITED, rows.upper, rows.upper - room)
    lower = np.where(rows.lower <= -UNLIMITED, rows.lower, rows.lower + room)
    if (lower > upper).any():
        return None
    roomy = replace(narrow.model, rows=replace(rows, lower=lower, upper=upper))
    limits = Limits(settings.repair.relaxation_work, rates=settings.rates, effort=settings.effort)
    outcome = engine("lp")(roomy, narrow.narrow(objective), limits, clock)
    if outcome.point is None:
        return None
    whole = narrow.base.astype(np.float64)
    whole[narrow.free] = outcome.point
    return whole
