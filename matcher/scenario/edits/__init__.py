"""The one way to change a scenario for purposes of the engine's own: edits, made in order, then validated once.

An edit says in a word what becomes different. Whatever it touches is read again as a file would be, field by field,
and the whole is checked for contradictions; the rest stays the very same objects. What an edit leaves invalid is an
error of whoever asked for it, never of the user, whose scenario was valid.
"""

from __future__ import annotations

from matcher.scenario.edits.decided import ReplaceDecisions, ReplaceObjectives, WithDecisions
from matcher.scenario.edits.draft import THE_SCENARIO, Collection, Edit, Owner, Waiver, decisions_with, edited
from matcher.scenario.edits.offers import FurtherOffer, Only, OnlyStates, WithOffer, grant
from matcher.scenario.edits.raises import (
    MILLIONTHS,
    BetterOwnership,
    Deadline,
    LargerShare,
    Lengthen,
    MoreAbsorption,
    MorePartners,
    RaiseMoney,
    SmallerEngagement,
)
from matcher.scenario.edits.waivers import (
    AllowAgain,
    LiftCap,
    RaiseNeed,
    RaiseYear,
    WaiveLeastEngagement,
    WaiveLimit,
    WaiveMinimum,
)

__all__ = [
    "MILLIONTHS",
    "THE_SCENARIO",
    "AllowAgain",
    "BetterOwnership",
    "Collection",
    "Deadline",
    "Edit",
    "FurtherOffer",
    "LargerShare",
    "Lengthen",
    "LiftCap",
    "MoreAbsorption",
    "MorePartners",
    "Only",
    "OnlyStates",
    "Owner",
    "RaiseMoney",
    "RaiseNeed",
    "RaiseYear",
    "ReplaceDecisions",
    "ReplaceObjectives",
    "SmallerEngagement",
    "WaiveLeastEngagement",
    "WaiveLimit",
    "WaiveMinimum",
    "Waiver",
    "WithDecisions",
    "WithOffer",
    "decisions_with",
    "edited",
    "grant",
]
