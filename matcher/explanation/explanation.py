"""What is asked about a portfolio, and what is explained of it, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field, Strict

from matcher.explanation.clock_findings import Clock, Curves
from matcher.explanation.contribution_findings import Contribution
from matcher.explanation.findings import Shortfall
from matcher.explanation.idle_findings import Idle
from matcher.scenario.fields import Frozen, Id, Text
from matcher.scenario.scenario import Scenario

Part = Literal["why", "why_not", "idle", "clock", "curves"]
"""why: what partnerships add, what binds them, what a veto costs. why_not: what remains, why, and what it would take.
idle: offers that are not used. clock: years of completion. curves: what ever more of something is worth."""
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True)
class Question:
    """What is to be explained."""

    states: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    partnerships: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    """None are all that speak of what is asked about."""
    ledger: bool = True
    """Whether `why_not` also looks for the smallest changes."""

    def wanted(self) -> frozenset[Part]:
        """Returns the parts to be made."""
        if self.parts:
            return frozenset(self.parts)
        if self.states or not (self.providers or self.partnerships or self.needs):
            return frozenset(PARTS)
        if self.providers:
            return frozenset[Part](("why", "why_not", "idle"))
        asked: tuple[tuple[Part, tuple[str, ...]], ...] = (("why", self.partnerships), ("why_not", self.needs))
        return frozenset(part for part, names in asked if names)

    def of_state(self, scenario: Scenario, state: str) -> bool:
        """Returns whether a State's clock and curves are asked for: one that has needs."""
        mine = self.where(scenario)
        return bool(scenario.needs_of(state)) and (not mine or state in mine)

    def where(self, scenario: Scenario) -> tuple[str, ...]:
        """Returns the States that are asked about, those of needs among them; empty for all."""
        homes = (scenario.need(need).state for need in self.needs)
        return tuple(dict.fromkeys((*self.states, *homes)))


class Explanation(Frozen):
    """What is explained of a portfolio; parts that were not asked for are empty."""

    account: Annotated[int, Strict(), Field(ge=1, le=1)] = 1
    """Version of the format."""
    scenario: Id
    """Name of the scenario."""
    scenario_hash: Text
    """SHA-256 of the resolved scenario."""
    portfolio: Text
    """SHA-256 of the portfolio."""
    parts: tuple[Part, ...]
    """Parts that were made."""
    why: tuple[Contribution, ...] = ()
    """By State, then partnership."""
    why_not: tuple[Shortfall, ...] = ()
    """By State, completing first, then by need."""
    idle: tuple[Idle, ...] = ()
    """By offer."""
    clocks: tuple[Clock, ...] = ()
    """By State."""
    curves: tuple[Curves, ...] = ()
    """By State."""
