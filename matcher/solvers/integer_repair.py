"""From an engine's point in real numbers to a point in whole units that breaks no row.

Rounding afterwards is ruinous: a State that needs every granule loses its completion to one.
So all yes-or-no columns are kept, the fine columns may move by a few granules around the
engine's values, and the best whole point among these is sought: by CP-SAT where few columns
move, by branch and bound where many share tight rows. If there is none, the relaxation is
solved again with every row tightened by what rounding can cost it, and its neighbourhood is
searched.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from matcher.portfolio.result import Clock
from matcher.solvers.engines import Limits, Outcome, engine
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
    tried: bool = False,
    settings: SolverSettings = DEFAULT_SOLVER_SETTINGS,
) -> Ints | None:
    """Returns a whole point of the model near an engine's point, or None if none was found.

    Parameters
    ----------
    thorough
        Whether to search anew with rows tightened where the first tries fail.
    tried
        Whether those are known to fail: they are left out.
    settings
        How far and how long to search.
    """
    repair = settings.repair
    near = np.clip(np.rint(point), model.lower, model.upper).astype(np.int64)
    if not model.relaxable.any():
        return near if model.admits(near) else _search(model, point, near, objective, clock, 1, settings)
    for reach in range(0 if tried else len(repair.reach)):
        found = _search(model, point, near, objective, clock, reach, settings)
        if found is not None:
            return found
    if not thorough:
        return None
    roomy = _with_room(model, point, near, objective, clock, settings)
    if roomy is None:
        return None
    return _search(model, roomy, near, objective, clock, 1, settings)


def _search(
    model: LinearModel,
    point: Floats,
    near: Ints,
    objective: LinearObjective,
    clock: Clock,
    attempt: int,
    settings: SolverSettings,
) -> Ints | None:
    """The best whole point whose fine columns lie within an attempt's reach of the engine's, all others kept."""
    repair = settings.repair
    reach = repair.reach[attempt]
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
    gap = repair.near_enough[attempt] * float(whole / moved) if moved else 1.0  # what does not move counts, too
    limits = Limits(repair.work[attempt], min(gap, 1.0), True, settings.rates, settings.effort, settings.seed)
    many = np.count_nonzero(~asking.derived & (asking.upper > asking.lower)) > repair.few_columns
    searches = (_branched,) if many else (_propagated, _branched)
    for search in searches:
        outcome = search(asking, narrowed, limits, clock)
        if outcome.status == "infeasible":
            return None
        if outcome.point is not None:
            found = narrow.widen(np.rint(outcome.point).astype(np.int64))
            if model.admits(found):
                return found
    return None


def _propagated(model: LinearModel, objective: LinearObjective, limits: Limits, clock: Clock) -> Outcome:
    """The best whole point by CP-SAT: exact, and soon found where few columns move."""
    return engine("cpsat")(model, objective, limits, clock)


def _branched(model: LinearModel, objective: LinearObjective, limits: Limits, clock: Clock) -> Outcome:
    """The best whole point by branch and bound: where many columns share tight rows, CP-SAT finds none in long.

    What follows from the others is worked out by CP-SAT from these: engines are right within tolerances only.
    """
    scale = np.where(model.derived, model.column_scale, 1.0)
    outcome = engine("highs")(replace(model, relaxable=model.derived, column_scale=scale), objective, limits, clock)
    if outcome.point is None:
        return outcome
    whole = np.rint(outcome.point).astype(np.int64)
    lower = np.where(model.derived, model.lower, np.clip(whole, model.lower, model.upper))
    upper = np.where(model.derived, model.upper, lower)
    found = engine("cpsat")(model.with_bounds(lower, upper), objective, limits, clock)
    return found if found.point is not None else Outcome("limit", None, None)


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
    limits = Limits(settings.repair.relaxation_work, 0.0, False, settings.rates, settings.effort, settings.seed)
    outcome = engine("lp")(roomy, narrow.narrow(objective), limits, clock)
    if outcome.point is None:
        return None
    whole = narrow.base.astype(np.float64)
    whole[narrow.free] = outcome.point
    return whole
