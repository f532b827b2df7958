"""The fields of a scenario: what a file may say."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Strict

from matcher.scenario.decisions import Decisions, Objectives
from matcher.scenario.entities import (
    Assumption,
    ById,
    Capability,
    Currency,
    Dialogue,
    Need,
    Offer,
    Provider,
    Rate,
    State,
)
from matcher.scenario.fields import Count, Frozen, Id, Money, Text, Years


class ScenarioFields(Frozen):
    """The fields of a scenario; `matcher.scenario.Scenario` adds what is looked up in them."""

    matcher: Annotated[int, Strict(), Field(ge=1, le=2)] = 2
    """Version of the scenario format; files of version 1 are read with the meaning of version 2."""
    seed: Count = 0
    """Seed of the lots that decide between States, or offers, that are equal but for their names."""
    name: Id
    """Short name; output folders are named after it."""
    title: Text = ""
    """One line that says what the scenario is."""
    description: Text = ""
    """What a reader should know first."""
    horizon: Years
    """Years that are planned, [first, last]."""
    currency: Currency
    """Currency of all money."""
    rates: ById[Rate] = Field(default_factory=ById)
    """Exchange rates by foreign currency code."""
    capabilities: ById[Capability]
    """Kinds of work."""
    states: ById[State]
    """Affected States."""
    needs: ById[Need]
    """What States seek."""
    providers: ById[Provider]
    """Who offers."""
    offers: ById[Offer]
    """What is on the table."""
    least_engagement: Money | None = None
    """Least that an offer without a minimum of its own gives in a working year, in minor units (work at its reference
    price, else its own); none is one minor unit or granule. Never more than all of a State's needs cost."""
    decisions: Decisions = Decisions()
    """What the user has already decided."""
    objectives: Objectives = Objectives()
    """What is sought."""
    dialogue: Dialogue | None = None
    """Dialogue of partners in States that state none of their own."""
    assumptions: ById[Assumption] = Field(default_factory=ById)
    """What had to be assumed, and why."""
