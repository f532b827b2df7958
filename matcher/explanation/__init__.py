"""Why a portfolio is as it is, why not otherwise, and what it would take.

`account` puts together what `merits` (why a partnership is there), `shortfalls` (why not, and the
`ledger` of smallest changes), `idle` (why an offer is not used), `clocks` and `curves` (by when, and what
more would be worth) find. `comparison` and `tallies` lay portfolios side by side.

Answers are about one State at a time, others keeping what a portfolio gives them: what could be had
without taking from anybody. Each rests on a count, on the checker, or on solving the State's part of the
model again under a change of the scenario; none on a guess. Data come first; their words are in
`matcher.reporting`.
"""

from __future__ import annotations

from matcher.explanation.account import PARTS, Account, Asked, Part, explain
from matcher.explanation.clock_findings import Clock, Curve, CurvePoint, Curves, Earliest
from matcher.explanation.comparison import Comparison, Moved, OfferMoved, StateMoved, compare
from matcher.explanation.findings import Cause, Change, Explanation, Remedy, Shortfall, Verdict
from matcher.explanation.idle import Idle, IdleReason, idle_offers
from matcher.explanation.merits import Binding, Merit, Successor, Veto, merits_of
from matcher.explanation.shortfalls import remaining
from matcher.explanation.tallies import StateTally, Tally, tally

__all__ = [
    "PARTS",
    "Account",
    "Asked",
    "Binding",
    "Cause",
    "Change",
    "Clock",
    "Comparison",
    "Curve",
    "CurvePoint",
    "Curves",
    "Earliest",
    "Explanation",
    "Idle",
    "IdleReason",
    "Merit",
    "Moved",
    "OfferMoved",
    "Part",
    "Remedy",
    "Shortfall",
    "StateMoved",
    "StateTally",
    "Successor",
    "Tally",
    "Verdict",
    "Veto",
    "compare",
    "explain",
    "idle_offers",
    "merits_of",
    "remaining",
    "tally",
]
