"""What an explanation says, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field, Strict

from matcher.comparison.comparison import FigureChange
from matcher.scenario import Frozen
from matcher.scenario.fields import Id, Text, Total

ChangeKind = Literal[
    "partners",
    "absorption",
    "share",
    "least_engagement",
    "deadline",
    "ownership",
    "earmark",
    "start",
    "raise",
    "money",
    "capacity",
    "more_money",
    "more_work",
]
"""What can be changed, in the order of who has to agree: the State itself (one partner more, more
absorption, a larger share of one provider, a later deadline, better ownership); one provider (a waived earmark, an
earlier start); one provider with more than it offers (an offer raised, a further grant, a further team); and anybody
(money, work)."""

KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)
"""Kinds of change in their order."""

Verdict = Literal["found", "not_enough", "unknown"]
"""found: some change is enough; not_enough: proven that none of the kind is; unknown: a limit came first."""


@dataclass(frozen=True)
class Goal:
    """What is sought for a State: to complete, or one need met in full."""

    state: str
    need: str | None = None


class Change(Frozen):
    """One change of a scenario."""

    kind: ChangeKind
    """What is changed."""
    subject: Text
    """Whose figure it is: a State, an offer, the scenario, or ``anybody``."""
    field: Text = ""
    """Which of several figures or rules of the subject, where there are several."""
    amount: Annotated[int, Strict(), Field(ge=0)]
    """By how much: partners, years, minor units of money (a year for absorption; less of the least engagement), units
    of work, or millionths (of ownership, or of a State's external money)."""
    by_year: tuple[Annotated[int, Strict(), Field(ge=0)], ...] = ()
    """Of an offer raised: how much of it in each year of the horizon."""


class Remedy(Frozen):
    """Changes that together would reach a goal: of two, the least of the first with all there is of the second, and
    then the least of the second."""

    changes: tuple[Change, ...]
    """One change, or two where no single one is enough."""
    least: Annotated[int, Strict(), Field(ge=0)]
    """No smaller amount of the first change is enough, proven; of two, 0 unless the second is proven least too."""

    @property
    def smallest(self) -> bool:
        """Whether it is proven that nothing smaller is enough."""
        return self.least == self.changes[0].amount


class Cause(Frozen):
    """A limit that stands against meeting more of a need."""

    code: Text
    """Kind of limit."""
    subjects: tuple[Text, ...]
    """Ids of what is limited."""
    gain: Annotated[int, Strict(), Field(ge=0)]
    """Units of the need that could be met without the limit, beyond all that could be with it."""
    users: tuple[Text, ...] = ()
    """States that use what is limited instead, those that use most first."""


class Shortfall(Frozen):
    """A State that does not complete, or a need that is not met in full."""

    state: Id
    """The State."""
    need: Id | None
    """The need; None where it is about completing."""
    missing: Total
    """Units of the need that are not met; States not completed (1)."""
    at_hand: Total = 0
    """Units that could be met beyond the portfolio as things are, taking nothing from others."""
    traded: tuple[FigureChange, ...] = ()
    """Where that is not nothing: the scenario's objectives that are less good in the plan that has it."""
    causes: tuple[Cause, ...] = ()
    """What stands against it alone, most first; nothing of which less than a thousandth of what is missing depends."""
    together: tuple[Cause, ...] = ()
    """Where nothing does alone: a smallest set of limits that must all give way for anything to be gained."""
    known: bool = True
    """Whether that is all that stands against it; False where a limit of work came first."""
    barred: tuple[Cause, ...] = ()
    """Rules that keep providers from the need, each with the nearest offer that it keeps away: the one with fewest
    rules against it, then the larger, then by name. Gain is the number of offers that the rule alone keeps away; 0
    where nobody is eligible and it takes several rules to keep even the nearest away: then these are its rules."""
    remedies: tuple[Remedy, ...] = ()
    """Smallest changes that would reach it, in order of who has to agree, then of size."""
    insufficient: tuple[tuple[ChangeKind, Verdict], ...] = ()
    """Kinds of change of which no single one is enough, or none is known to be."""


class Shortfalls(Frozen):
    """Why a portfolio leaves what it leaves, and what it would take."""

    explanation: Annotated[int, Strict(), Field(ge=1, le=1)] = 1
    """Version of the format."""
    scenario: Id
    """Name of the scenario."""
    scenario_hash: Text
    """SHA-256 of the resolved scenario."""
    shortfalls: tuple[Shortfall, ...]
    """By State, completing first, then by need."""
