"""Why a need is not met, why a State does not complete, and the smallest changes that would do it.

All answers are about one State at a time, others keeping what a portfolio gives them: what could be
had without taking from anybody. Each rests on solving the State's part of the model again under a
change of the scenario; none on a guess. Data come first (`explanation.findings`); their words are in
`matcher.reporting`.
"""

from __future__ import annotations

from matcher.explanation.comparison import Comparison, Moved, OfferMoved, StateMoved, compare
from matcher.explanation.findings import Cause, Change, Explanation, Remedy, Shortfall, Verdict
from matcher.explanation.shortfalls import explain
from matcher.explanation.tallies import StateTally, Tally, tally

__all__ = [
    "Cause",
    "Change",
    "Comparison",
    "Explanation",
    "Moved",
    "OfferMoved",
    "Remedy",
    "Shortfall",
    "StateMoved",
    "StateTally",
    "Tally",
    "Verdict",
    "compare",
    "explain",
    "tally",
]
