"""What a round leaves behind: what stands, how it was planned, and what each new decision costs."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

from pydantic import Field, Strict

from matcher.comparison.comparison import Comparison
from matcher.portfolio.result import SolveOptions
from matcher.rounds.decisions import Decision
from matcher.scenario import Frozen
from matcher.scenario.fields import Flag, Id

Mode = Literal["plan", "repair", "replan"]
"""plan: from nothing, the first round. repair: what is no longer allowed goes, at most as much again is put in its
place, nothing else changes. replan: everything may change if a figure that matters more gets better, and otherwise
as little as possible does."""

Hash = Annotated[str, Strict(), Field(pattern=r"^[0-9a-f]{64}$")]
Number = Annotated[int, Strict(), Field(ge=1, le=9999)]


class DecisionInForce(Frozen):
    """A decision that holds in a round."""

    number: Number
    """Number of the decision in its session: the first is 1, and no number comes again."""
    round: Number
    """Round in which it was made."""
    decision: Decision


class Price(Frozen):
    """What a decision costs: the plan with it, beside the best plan found without it and with all others."""

    number: Number
    """Number of the decision."""
    comparison: Comparison
    """Before: without the decision. After: with it."""
    proven: Flag
    """Whether both plans were solved within the gap asked; else a longer search may change the price."""


class Record(Frozen):
    """One round of a session."""

    record: Annotated[int, Strict(), Field(ge=1, le=1)] = 1
    """Version of the format."""
    number: Number
    """Number of the round, from 1."""
    previous: Hash | None
    """SHA-256 of the record of the round before."""
    scenario: Id
    """Name of the scenario."""
    base_hash: Hash
    """SHA-256 of the scenario without the decisions of the session."""
    scenario_hash: Hash
    """SHA-256 of the scenario that was solved."""
    mode: Mode
    """How it was planned: from nothing, with the least change, or anew."""
    options: SolveOptions
    """How it was solved."""
    taken_back: tuple[Number, ...] = ()
    """Decisions of earlier rounds that no longer hold."""
    standing: tuple[DecisionInForce, ...] = ()
    """All decisions that hold."""
    started_from: Hash | None
    """SHA-256 of the portfolio that the search started from."""
    result_hash: Hash
    """SHA-256 of the result document as saved."""
    prices: tuple[Price, ...] = ()
    """Of each decision that is new in this round, if they were asked for."""

    @property
    def digest(self) -> str:
        """SHA-256 of the record as canonical JSON: sorted keys, no spaces."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def fresh(self) -> tuple[DecisionInForce, ...]:
        """Decisions that were made in this round."""
        return tuple(each for each in self.standing if each.round == self.number)
