"""What is found about an offer that is not used in full, as data."""

from __future__ import annotations

from typing import Literal

from matcher.scenario.fields import Frozen, Id, Text, Total


class IdleReason(Frozen):
    """A limit that alone keeps an offer from doing more in a State."""

    code: Text
    """Kind of limit: of the offer itself, the State, its needs, or of other offers."""
    gain: Total
    """What more of the offer could be used there without it: minor units, or units of work."""


class Idle(Frozen):
    """An offer that is not used in full, and why."""

    offer: Id
    total: Total
    """What it holds over its years: minor units of money, or units of work."""
    used: Total
    """What it gives, and repays for others with their premium."""
    outcome: Literal["barred", "needs_met", "at_hand", "held", "together", "unknown"]
    """barred: no rule lets it serve any need. needs_met: all needs that it may serve are met in full. at_hand: more of
    it could be used as things are. held: limits that each alone stand against it are in `reasons`. together: proven
    that no single kind of limit does. unknown: a limit of work came first."""
    nearest: Id | None = None
    """Of a barred offer: the need that fewest rules keep it from; ties go to the larger need, then by id."""
    rules: tuple[Text, ...] = ()
    """The rules that keep it from that need."""
    state: Id | None = None
    """The State in which it was tried: the one with most left of what it may serve."""
    more: Total = 0
    """What more of it could be used there as things are."""
    reasons: tuple[IdleReason, ...] = ()
    """Limits that alone stand against it, most first."""
