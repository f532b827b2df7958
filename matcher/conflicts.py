"""Why there is no portfolio: a smallest set of the user's decisions that cannot all be met.

Without commitments and pins the empty portfolio is always right, so only these can conflict. Each
is dropped in turn while the rest stays impossible (deletion filter: Chinneck and Dravnieks, 1991).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from matcher.formulations.compact import Compact
from matcher.formulations.compact.decisions import committed_columns, relation_of
from matcher.linear_model import Ints, LinearModel, LinearObjective, Rows
from matcher.result import Clock, Conflict
from matcher.solvers import Limits, engine

SMALL = 4000
"""A model of at most this many columns is decided by CP-SAT, in whole numbers."""
WORK = 20.0
"""Deterministic work of each trial."""


def conflicts_of(compact: Compact, clock: Clock) -> tuple[Conflict, ...]:
    """Returns one conflict per decision of a smallest impossible set."""
    needed = [*_commitments(compact), *_pins(compact)]
    kept = list(needed)
    for each in needed:
        trial = [other for other in kept if other is not each]
        if clock.reason() is None and not _possible(compact, trial, clock):
            kept = trial
    return tuple(Conflict(reason=reason, subjects=subjects, detail=detail) for reason, subjects, detail, _, _ in kept)


_Decision = tuple[str, tuple[str, ...], str, dict[int, int], frozenset[int]]
"""Reason, subjects, sentence, lower bounds that it sets, rows that it adds."""


def _commitments(compact: Compact) -> list[_Decision]:
    columns, scenario = compact.columns, compact.scenario
    found: list[_Decision] = []
    for each in scenario.decisions.commitments:
        pair = committed_columns(columns, each)
        assert pair is not None  # what no option can meet is told before any search
        work, money = pair
        granules = each.quantity // scenario.capability(scenario.need(each.need).capability).granule
        bounds = {work: granules}
        if money is not None:
            bounds[money] = granules * int(columns.work_price[work]) // int(columns.money_unit[money - columns.works])
        subjects = (each.financier or "none", each.implementer, each.need, str(each.year))
        detail = (
            f"{each.quantity} units for {each.need} in {each.year} cannot be kept beside the other decisions and limits"
        )
        found.append(("commitment", subjects, detail, bounds, frozenset()))
    return found


def _pins(compact: Compact) -> list[_Decision]:
    columns, scenario = compact.columns, compact.scenario
    rows = [row for row, label in enumerate(compact.model.rows.label) if label[0] == "pin"]
    found: list[_Decision] = []
    for row, each in zip(rows, scenario.decisions.pins, strict=True):
        at = relation_of(columns, each)
        years = each.years.range() if each.years is not None else ()
        lower = {int(columns.engaged[at, year - scenario.horizon.first]): 1 for year in years}
        detail = f"{each.offer} cannot be engaged in {each.state} beside the other decisions and limits"
        found.append(("pin", (each.offer, each.state), detail, lower, frozenset({row})))
    return found


def _possible(compact: Compact, decisions: list[_Decision], clock: Clock) -> bool:
    """Whether a portfolio meets these decisions (undecided within the work counts as possible)."""
    model = compact.model
    lower = np.zeros(model.columns, np.int64)
    for _, _, _, bounds, _ in decisions:
        for column, least in bounds.items():
            lower[column] = max(int(lower[column]), least)
    wanted = frozenset[int]().union(*(rows for *_, rows in decisions))
    trial = replace(model, lower=lower, rows=_without_pins(model, wanted))
    aim = LinearObjective("nothing", True, np.zeros(model.columns, np.int64), 1, Fraction(0))
    name = "cpsat" if model.columns <= SMALL else "scip"
    return engine(name)(trial, aim, Limits(WORK), clock).status != "infeasible"


def _without_pins(model: LinearModel, kept: frozenset[int]) -> Rows:
    """The rows with the limits of pins lifted, but for those kept."""
    dropped: Ints = np.array(
        [at for at, e in enumerate(model.rows.label) if e[0] == "pin" and at not in kept], np.int64
    )
    lower = model.rows.lower.copy()
    lower[dropped] = 0
    return replace(model.rows, lower=lower)
