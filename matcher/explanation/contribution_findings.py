"""What is found about why a partnership is there, as data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from matcher.comparison.comparison import Comparison, StateChange
from matcher.scenario.fields import Flag, Frozen, Id, Text, Year

Limiting = Literal["need", "need_per_year", "budget", "capacity", "absorption", "precedence", "matching", "cap"]
"""Limits on amounts that can keep a partnership from doing more."""


class Binding(Frozen):
    """A limit that keeps a partnership from doing more."""

    rule: Limiting
    subject: Text
    """The need, offer or State that is limited; of a cap, the offer or provider."""
    years: tuple[Year, ...] = ()
    """Years in which it is used up; empty where the limit is not about years."""
    price: Annotated[str, Strict(), Field(pattern=r"^\d+(\.\d+)?(E[+-]?\d+)?$")] | None = None
    """Units of the objective ``coverage`` (a whole need of weight 1 in a State of weight 1) per further unit in the
    year where that is most, by the prices of the relaxation: a guide, as a whole plan may gain less or, where needs
    are met as a whole, more. None where the limit has no price."""


class Successor(Frozen):
    """A pair of partners that would do more."""

    financier: Id | None
    implementer: Id
    """Providers."""
    need: Id
    """One of the partnership's needs."""
    quantity: Annotated[int, Strict(), Field(ge=1)]
    """Units more of it."""


class Veto(Frozen):
    """What happens if a partnership's providers may not work together in its State."""

    outcome: Literal["planned", "impossible", "unknown", "decided"]
    """planned: another plan stands in `comparison`. impossible: proven that none keeps all other States' parts and all
    decisions. unknown: a limit of work came first. decided: the partnership is pinned or agreed."""
    comparison: Comparison | None = None
    """Before: the portfolio. After: the best plan found without it."""
    proven: Flag = False
    """Whether no better plan without it exists, all other States' parts kept: a share of 1/10,000, what objectives may
    give up, and who pays how much (engagements, cost, risk, dependence, swings) aside."""
    successors: tuple[Successor, ...] = ()
    """Who would do more for its needs then, by share of the need; empty if nobody."""


class Contribution(Frozen):
    """Why a partnership is in a portfolio."""

    partnership: Text
    state: Id
    adds: StateChange | None
    """Its State with it, then with nothing in its place; None if it is of no consequence."""
    binding: tuple[Binding, ...] = ()
    """What keeps it from doing more, in the order of the rules; empty if nothing does."""
    veto: Veto
