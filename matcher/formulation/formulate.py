r"""The formulation: the rules of the model as linear rows. The mathematics stands here, once.

Sets: States s, needs n, offers o (financiers f, implementers h), providers v, payment classes c (see
`matcher.formulation.payment_classes`), years t. Data: see the scenario; prices in minor units per granule,
D in granules.

Columns (all whole)::

    x[h,c,t] granules by implementer h in class c      m[f,c,t] money of financier f in class c,
             (or in kind) in year t                             in units of q[c] minor units
    y[o,s,t] offer engaged in State                    c[f,t]   money carried into t
    b[o,s,t] engagement begins                         r[f,t]   repayment due for what f paid in t
    z[v,s,t] provider engaged through any offer        s[f,t]   money spent, where it is carried over
    e[s]     State completes                           u[n]     indivisible need is met
    w        smallest State coverage                   X[n,t]   granules delivered by the end of t,
    l, g     lost and gained against an earlier portfolio       where a precedence asks for them
    k[o,s,t] offer works in State (y, where idle       d[s]     State completes, but late
             years are not allowed)                    v+, v-   move of a link's money from year to year
    L[v,s,t] link works through any offer              a[v,s]   money of a link above its share
    n[v,s,t] link starts                               M[s]     external money over the horizon

Rows, one function each (`rules`, `decisions`)::

    balance       sum_f q[c] m[f,c,t] = sum_h price[h] x[h,c,t]     for every class and year
    budget        s[f,t] + sum r (due in t) <= Q[f,t] + c[f,t];  s[f,t] = sum q m
    carry-over    c[f,t+1] <= gamma (Q[f,t] + c[f,t] - s[f,t] - due[f,t])
    repayment     r[f,t] >= (1 + premium) paid[f,t]
    capacity      sum x <= Q[h,t]
    need          sum x <= D[n] (or = D[n] u[n]);  sum x in t <= per-year limit
    absorption    sum external q m <= A[s,t]
    delivered     X[n,t] = X[n,t-1] + sum x
    precedence    X[n,t] / D[n] <= head start + X[n',t-lag] / D[n'], of years before the horizon
                  what was delivered then
    engagement    sum_n q m of f in s, t <= min(most money, absorption) y[f,s,t], and need by need
                  q m <= most the need can take y, where that is less; likewise for capacity;
                  sum of o in s, t >= least y
    minimum years y[t] - y[t-1] <= b[t];  sum of the last k starts <= y[t]
    counts        sum_s y <= max_states;  y <= z;  sum_v z <= max_partners
    matching      sum public q m >= sum rho q m of f that asks
    completion    sum_{t <= L} x >= D[n] e[s];  sum x >= D[n] (e[s] + d[s]);  e + d <= 1;
                  sum_{n, t <= L} x <= sum_n D[n] - d[s]
    working       k <= y;  least k <= sum x of o in s, t <= most k
    ongoing       y[first] <= y[t] while the minimum of years is not served
    link          k <= L;  L <= sum_o k;  L[t] - L[t-1] <= n[t]
    swing         sum q m of v in s, t less that of t-1 = v+ - v-
    external      M[s] = sum external q m in s
    excess        sum q m of v in s - share M[s] <= a
    max share     sum q m of v in s <= share M[s]
    earlier       given = earlier - l + g
    decisions     commitments as lower bounds, pins, caps (forbids have no columns)

Written with "<=", carry-over admits the empty portfolio: as an equality, solvers found nothing in minutes.
Minimum lengths use the tight formulation of minimum up times (Rajan and Takriti, 2005).

Money and work are apart: F + H columns a need and year, where one column for each option would be F H. A
plan by options maps to a point of this by adding up; the way back is `matcher.formulation.pairing`. In the needs
that are counted in few granules the two have the same whole points; in the others the same real ones.
"""

from __future__ import annotations

import numpy as np

from matcher.formulation import lasting, rules
from matcher.formulation.columns import build_columns
from matcher.formulation.coverage_shares import Reachable
from matcher.formulation.decisions import caps, commitments, pins
from matcher.formulation.formulation import Formulation
from matcher.formulation.payment_classes import find_payments
from matcher.formulation.places import place_of
from matcher.scenario import Scenario
from matcher.solvers.linear_model import UNLIMITED, LinearModel, ModelTooLarge, RowBuilder


def formulate(
    scenario: Scenario,
    most: int = UNLIMITED // 2,
    sought: frozenset[str] | None = None,
    known: Reachable | None = None,
) -> Formulation:
    """Returns the formulation of a scenario.

    Parameters
    ----------
    most
        What no sum of a rule may come to.
    sought
        Names of the objectives that will be asked for; none takes all of the scenario's. Links, swings and shares
        have columns only where an objective needs them.
    known
        What the smallest coverage can be of each State, where a formulation of the same scenario has it already.

    Raises
    ------
    ModelTooLarge
        if a sum could come to the most, or exact 64-bit arithmetic could overflow.
    """
    columns = build_columns(find_payments(scenario), scenario.sought if sought is None else sought, known)
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
    lasting.working(columns, rows)
    lasting.ongoing_terms(columns, rows)
    lasting.links(columns, rows)
    lasting.swings(columns, rows)
    lasting.external_money(columns, rows)
    lasting.excess(columns, rows)
    lasting.max_share(columns, rows)
    lasting.late_completion(columns, rows)
    rules.earlier(columns, rows)
    caps(columns, rows)
    impossible = [*commitments(columns), *pins(columns, rows)]
    try:
        built = rows.build(np.maximum(columns.upper, 1), most)
    except ModelTooLarge as error:
        raise error if error.row is None else error.at(place_of(columns, rows, error.row)) from error
    model = LinearModel(columns.lower, columns.upper, columns.relaxable, columns.derived, columns.scale, built)
    return Formulation(columns, model, tuple(rows.groups), tuple(impossible))
