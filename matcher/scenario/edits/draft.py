"""A scenario while it is edited, and what every edit is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import ValidationError

from matcher.errors import Fault, InvalidEdit
from matcher.scenario.consistency import Parts, consistency_faults
from matcher.scenario.decisions import Decisions
from matcher.scenario.entities import ById, FundingOffer, Need, State, TechnicalOffer
from matcher.scenario.fields import Yearly
from matcher.scenario.scenario import Scenario
from matcher.scenario.validation import read_decisions, read_entity

Collection = Literal["states", "needs", "providers", "offers"]
"""A collection of entities that can be edited."""
Owner = tuple[Collection | Literal["scenario"], str]
"""Whose a limit is: collection and id of an entity, or the scenario itself."""
THE_SCENARIO: Owner = ("scenario", "")
"""Whose a limit is that holds for every offer and State."""
INVALID = "a change of the engine's own left no valid scenario"


class Edit(ABC):
    """One change of a scenario."""

    @abstractmethod
    def apply(self, draft: Draft) -> None:
        """Makes the change."""


class Waiver(Edit):
    """A change that takes a limit away, so that every portfolio stays valid."""

    @property
    @abstractmethod
    def owner(self) -> Owner:
        """Whose the limit is."""


def edited(scenario: Scenario, *edits: Edit) -> Scenario:
    """Returns a scenario with some edits, each made upon what those before it left.

    What comes to be too large together is for who formulates it to say: ours is no limit to what is asked.

    Raises
    ------
    InvalidEdit
        if they leave it invalid: the user, whose file is valid, can do nothing about it.
    """
    if not edits:
        return scenario
    draft = Draft(scenario)
    try:
        for edit in edits:
            edit.apply(draft)
    except ValidationError as error:  # of a part that an edit itself makes
        raise InvalidEdit(f"{INVALID}: {error}") from error
    return draft.validated()


def decisions_with(scenario: Scenario, written: Mapping[str, Sequence[object]]) -> tuple[Decisions, list[Fault]]:
    """Returns a scenario's decisions with others that a user writes, and all that is wrong with those.

    Parameters
    ----------
    written
        Decisions as plain data by field of `Decisions`; each field's follow those that the scenario has, and that
        is how the paths of the faults count them.
    """
    before = {name: getattr(scenario.decisions, name) for name in Decisions.model_fields}
    decisions, faults = read_decisions({name: (*each, *written.get(name, ())) for name, each in before.items()})
    return decisions, faults + consistency_faults(replace(Parts.of(scenario), decisions=decisions))


class Draft:
    """A scenario being edited."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        """The scenario before all edits."""
        self.decisions = scenario.decisions
        self.objectives = scenario.objectives
        self._entities: dict[Collection, dict[str, Any]] = {}
        self.least_engagement = scenario.least_engagement
        self._changed: dict[tuple[Collection, str], None] = {}

    def entities(self, collection: Collection) -> dict[str, Any]:
        """Returns the entities of a collection by id, to be changed by those who edit."""
        if collection not in self._entities:
            self._entities[collection] = {each.id: each for each in getattr(self.scenario, collection)}
        return self._entities[collection]

    def state(self, key: str) -> State:
        """Returns a State."""
        return self.entities("states")[key]  # type: ignore[no-any-return]

    def need(self, key: str) -> Need:
        """Returns a need."""
        return self.entities("needs")[key]  # type: ignore[no-any-return]

    def offer(self, key: str) -> FundingOffer | TechnicalOffer:
        """Returns an offer."""
        return self.entities("offers")[key]  # type: ignore[no-any-return]

    def change(self, collection: Collection, key: str, **fields: Any) -> None:
        """Gives an entity other values of some fields, of their own types."""
        if (collection, key) not in self._changed:
            self.add(collection, self.entities(collection)[key])
        vars(self.entities(collection)[key]).update(fields)  # of our own copy, which nobody else has seen

    def add(self, collection: Collection, entity: Any) -> None:
        """Puts a copy of an entity in, in place of another of its id if there is one."""
        self.entities(collection)[entity.id] = entity.model_copy()
        self._changed[collection, entity.id] = None

    def validated(self) -> Scenario:
        """Returns the scenario as it now is."""
        faults: list[Fault] = []
        for collection, key in self._changed:
            entity = self.entities(collection).get(key)
            if entity is not None:  # it may have been left out since
                fields = {name: getattr(entity, name) for name in type(entity).model_fields if name != "id"}
                self._entities[collection][key], more = read_entity(collection, key, fields)
                faults += more
        if not faults:
            changed = self.scenario.model_copy(update=self._values())
            faults = consistency_faults(Parts.of(changed))
        if faults:
            raise InvalidEdit(f"{INVALID}: {'; '.join(map(str, faults))}")
        return changed

    def _values(self) -> dict[str, Any]:
        """The fields of the scenario that may be others than they were."""
        values: dict[str, Any] = {"decisions": self.decisions, "objectives": self.objectives}
        values["least_engagement"] = self.least_engagement
        for collection, entities in self._entities.items():
            values[collection] = ById(entities[key] for key in sorted(entities))
        return values


def by_year(amounts: Mapping[int, int]) -> Yearly:
    """Returns amounts by year as a scenario holds them."""
    return Yearly(None, tuple(sorted(amounts.items())))
