r"""The compact formulation: money and work apart, balanced class by class.

Sets: States s, needs n, offers (financiers f, implementers h), payment classes c (see
`matcher.payments`), years t. Data: see the scenario; prices in minor units per granule.

Columns (all whole)::

    x[h,c,t] granules by implementer h in class c      m[f,c,t] money of financier f in class c,
             (or in kind) in year t                             in units of q[c] minor units
    y, b, z, e, u, c, r, s, X, w  as in the assignment formulation (`formulations.assignment`)

Rows, one function each; with q m for money wherever the assignment formulation has price x::

    balance       sum_f q[c] m[f,c,t] = sum_h price[h] x[h,c,t]     for every class and year
    engagement    sum_n q m of f in s, t <= min(most money, absorption) y[f,s,t], and need by need
                  q m <= most the need can take y, where that is less; likewise for capacity
    all others    as in the assignment formulation

F + H columns a need and year instead of F H. A point of the assignment formulation maps to one of
this by adding up; the way back is `matcher.recovery`. In the needs that are counted in few
granules the two have the same whole points; in the others the same real ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.formulations.compact import rules
from matcher.formulations.compact.columns import Columns, build_columns
from matcher.formulations.compact.decisions import caps, commitments, pins
from matcher.formulations.compact.places import place_of
from matcher.formulations.decisions import Impossible
from matcher.linear_model import UNLIMITED, LinearModel, ModelTooLarge, RowBuilder, RowGroup
from matcher.payments import find_payments
from matcher.scenario import Scenario


@dataclass(frozen=True)
class Compact:
    """A scenario as a compact linear model, with the meaning of its columns."""

    columns: Columns
    model: LinearModel
    groups: tuple[RowGroup, ...]
    """What the rows are about: see where each rule is formulated."""
    impossible: tuple[Impossible, ...]
    """Decisions that cannot be met; the model is only of use when there are none."""

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self.columns.scenario


def formulate_compact(scenario: Scenario, most: int = UNLIMITED // 2) -> Compact:
    """Returns the compact formulation of a scenario.

    Parameters
    ----------
    most
        What no sum of a rule may come to.

    Raises
    ------
    ModelTooLarge
        if a sum could come to the most, or exact 64-bit arithmetic could overflow.
    """
    columns = build_columns(find_payments(scenario))
    rows = RowBuilder()
    rules.balance(columns, rows)
    rules.budget(columns, rows)
    rules.carry_over(columns, rows)
    rules.repayment(columns, rows)
    rules.capacity(columns, rows)
    rules.need(columns, rows)
    rules.absorption(columns, rows)
    rules.delivered(columns, rows)
    rules.precedence(columns, rows)
    rules.engagement(columns, rows)
    rules.idle_years(columns)
    rules.minimum_years(columns, rows)
    rules.counts(columns, rows)
    rules.matching(columns, rows)
    rules.completion(columns, rows)
    rules.earlier(columns, rows)
    caps(columns, rows)
    impossible = [*commitments(columns), *pins(columns, rows)]
    try:
        built = rows.build(np.maximum(columns.upper, 1), most)
    except ModelTooLarge as error:
        raise error if error.row is None else error.at(place_of(columns, rows, error.row)) from error
    model = LinearModel(columns.lower, columns.upper, columns.fine, columns.implied, columns.scale, built)
    return Compact(columns, model, tuple(rows.groups), tuple(impossible))
