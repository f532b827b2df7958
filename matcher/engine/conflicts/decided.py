"""A smallest set of the user's decisions that cannot all be met.

Without commitments and pins the empty portfolio is always right, so only these can conflict. Each
is dropped in turn while the rest stays impossible (deletion filter: Chinneck and Dravnieks, 1991).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from matcher.engine.conflicts.trial import is_impossible
from matcher.engine.settings import DEFAULT_SETTINGS, Settings
from matcher.formulation.decisions import committed_columns, relation_of
from matcher.formulation.formulation import Formulation
from matcher.portfolio.result import Clock, Conflict, Figures
from matcher.scenario import Commitment, Pin
from matcher.solvers.linear_model import Ints, LinearModel, Rows


@dataclass(frozen=True)
class Decided:
    """A decision of the user, as the formulation has it."""

    decision: Commitment | Pin
    conflict: Conflict
    """The decision as a conflict."""
    lower: dict[int, int]
    """What it adds to lower bounds: what is agreed twice adds up."""
    rows: frozenset[int]
    """Rows that it adds."""


def decided_conflict(
    formulation: Formulation, clock: Clock, settings: Settings = DEFAULT_SETTINGS
) -> tuple[Decided, ...]:
    """Returns a smallest set of commitments and pins that cannot all be met."""
    needed = decisions_of(formulation)
    kept = list(needed)
    for each in needed:
        trial = [other for other in kept if other is not each]
        if clock.reason() is None and not _possible(formulation, trial, clock, settings):
            kept = trial
    return tuple(kept)


def decisions_of(formulation: Formulation) -> list[Decided]:
    """Returns every commitment and pin of a formulation that says of none that it is impossible alone."""
    return [*_commitments(formulation), *_pins(formulation)]


def _commitments(formulation: Formulation) -> Iterator[Decided]:
    columns, scenario = formulation.columns, formulation.scenario
    for each in scenario.decisions.commitments:
        pair = committed_columns(columns, each)
        assert pair is not None  # what no option can meet is told before any search
        work, money = pair
        capability = scenario.capability(scenario.need(each.need).capability)
        granules = each.quantity // capability.granule
        bounds = {work: granules}
        if money is not None:
            bounds[money] = granules * int(columns.work_price[work]) // int(columns.money_unit[money - columns.works])
        subjects = (each.financier or "none", each.implementer, each.need, str(each.year))
        figures: Figures = {"quantity": each.quantity, "unit": capability.unit}
        conflict = Conflict(reason="commitment", subjects=subjects, figures=figures)
        yield Decided(each, conflict, bounds, frozenset())


def _pins(formulation: Formulation) -> Iterator[Decided]:
    columns, scenario = formulation.columns, formulation.scenario
    rows: dict[int, set[int]] = {}
    for row, label in enumerate(formulation.model.rows.label):
        if label[0] == "pin":
            rows.setdefault(int(label[1]), set()).add(row)
    for nth, each in enumerate(scenario.decisions.pins):
        at = relation_of(columns, each)
        years = each.years.range() if each.years is not None else ()
        lower = {int(columns.engaged[at, year - scenario.horizon.first]): 1 for year in years}
        conflict = Conflict(reason="pin", subjects=(each.offer, each.state))
        yield Decided(each, conflict, lower, frozenset(rows[nth]))


def _possible(formulation: Formulation, decisions: list[Decided], clock: Clock, settings: Settings) -> bool:
    """Whether a portfolio meets these decisions (undecided within the work counts as possible)."""
    model = formulation.model
    lower = np.zeros(model.columns, np.int64)
    for each in decisions:
        for column, least in each.lower.items():
            lower[column] += least
    lower = np.minimum(lower, model.upper)  # several pins may ask for the same year
    wanted = frozenset[int]().union(*(each.rows for each in decisions))
    trial = replace(model, lower=lower, rows=_without_pins(model, wanted))
    return not is_impossible(trial, clock, settings=settings)


def _without_pins(model: LinearModel, kept: frozenset[int]) -> Rows:
    """The rows with the limits of pins lifted, but for those kept."""
    dropped: Ints = np.array(
        [at for at, e in enumerate(model.rows.label) if e[0] == "pin" and at not in kept], np.int64
    )
    lower = model.rows.lower.copy()
    lower[dropped] = 0
    return replace(model.rows, lower=lower)
