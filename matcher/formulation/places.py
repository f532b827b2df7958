"""Where a scenario says what a row of the formulation speaks of."""

from __future__ import annotations

from matcher.errors import Path
from matcher.formulation.columns import Columns
from matcher.solvers.linear_model import RowBuilder, RowGroup

_OF_OFFERS = {"budget": "amount", "carry-over": "carry_over", "capacity": "capacity"}
_OF_NEEDS = {"need": "quantity", "need per year": "max_per_year", "completion": "quantity"}


def place_of(columns: Columns, rows: RowBuilder, row: int) -> Path:
    """Returns the path of what a row speaks of; empty where that is several things."""
    label = rows.label_of(row)
    if label[0] == "cap":
        return ("decisions", "caps", int(label[1]))
    group = next((each for each in rows.groups if each.first <= row < each.first + each.count), None)
    return () if group is None or not group.of else _place(columns, group, row - group.first)


def _place(columns: Columns, group: RowGroup, at: int) -> Path:
    scenario, first = columns.scenario, int(group.of[0][at])
    if group.rule in _OF_OFFERS:
        return ("offers", scenario.offers[first].id, _OF_OFFERS[group.rule])
    if group.rule in _OF_NEEDS:
        return ("needs", scenario.needs[first].id, _OF_NEEDS[group.rule])
    if group.rule == "precedence":
        return ("needs", scenario.needs[first].id, "after", int(group.of[1][at]))
    if group.rule == "absorption":
        return ("states", scenario.states[first].id, "absorption")
    if group.rule == "matching":
        return ("states", scenario.states[first].id)
    return ()
