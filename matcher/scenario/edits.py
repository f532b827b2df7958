"""The one way to change a scenario for purposes of the engine's own: edits, made in order, then validated once.

An edit says in a word what becomes different. Whatever it touches is read again as a file would be, field by field,
and the whole is checked for contradictions; the rest stays the very same objects. What an edit leaves invalid is an
error of whoever asked for it, never of the user, whose scenario was valid.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from pydantic import ValidationError

from matcher.errors import Fault, InvalidEdit
from matcher.scenario.consistency import Parts, consistency_faults
from matcher.scenario.decisions import Cap, Decisions, Forbid, Objectives
from matcher.scenario.entities import ById, FundingOffer, Need, Provider, State, TechnicalOffer
from matcher.scenario.fields import Yearly, Years
from matcher.scenario.scenario import Scenario
from matcher.scenario.validation import read_decisions, read_entity
from matcher.units import MAX_MONEY, MAX_QUANTITY

Collection = Literal["states", "needs", "providers", "offers"]
"""A collection of entities that can be edited."""
Owner = tuple[Collection, str]
"""Whose a limit is: collection and id of an entity."""
INVALID = "a change of the engine's own left no valid scenario"
MILLIONTHS = 10**6
"""Steps of an ownership component, from 0 to 1."""


class Edit(ABC):
    """One change of a scenario."""

    @abstractmethod
    def apply(self, draft: _Draft) -> None:
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
    draft = _Draft(scenario)
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


class _Draft:
    """A scenario being edited."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        """The scenario before all edits."""
        self.decisions = scenario.decisions
        self.objectives = scenario.objectives
        self._entities: dict[Collection, dict[str, Any]] = {}
        self._changed: dict[Owner, None] = {}

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
        for collection, entities in self._entities.items():
            values[collection] = ById(entities[key] for key in sorted(entities))
        return values


# Limits waived.


@dataclass(frozen=True)
class WaiveLimit(Waiver):
    """An entity without one of its limits, as if its file did not speak of it."""

    collection: Collection
    subject: str
    field: str
    """A field whose default is no limit."""

    @property
    def owner(self) -> Owner:
        return self.collection, self.subject

    def apply(self, draft: _Draft) -> None:
        """Gives the field its default."""
        entity = draft.entities(self.collection)[self.subject]
        default = type(entity).model_fields[self.field].get_default()
        draft.change(self.collection, self.subject, **{self.field: default})


@dataclass(frozen=True)
class RaiseYear(Waiver):
    """A yearly figure of an entity, at least so large in one year."""

    collection: Collection
    subject: str
    field: str
    year: int
    least: int

    @property
    def owner(self) -> Owner:
        return self.collection, self.subject

    def apply(self, draft: _Draft) -> None:
        """Raises the figure of the year, and of no other."""
        given: Yearly = getattr(draft.entities(self.collection)[self.subject], self.field)
        amounts = dict(given.amounts) if given.every is None else dict.fromkeys(draft.scenario.years, given.every)
        amounts[self.year] = max(self.least, given.at(self.year))
        draft.change(self.collection, self.subject, **{self.field: _by_year(amounts)})


@dataclass(frozen=True)
class RaiseNeed(Waiver):
    """A need of another quantity, where more of it is not harder to meet.

    It is left as it is where it is met as a whole or not at all, or where others follow it by its share.
    """

    need: str
    quantity: int

    @property
    def owner(self) -> Owner:
        return "needs", self.need

    def apply(self, draft: _Draft) -> None:
        """Sets the quantity, unless the need as edited so far forbids it."""
        followed = any(first.need == self.need for each in draft.entities("needs").values() for first in each.after)
        if not followed and not draft.need(self.need).indivisible:
            draft.change("needs", self.need, quantity=self.quantity)


@dataclass(frozen=True)
class LiftCap(Waiver):
    """A cap of the user's, raised to all the money that a scenario can speak of; it is a limit of its State."""

    cap: Cap
    at: int
    """Its position among the caps."""

    @property
    def owner(self) -> Owner:
        return "states", self.cap.state

    def apply(self, draft: _Draft) -> None:
        """Lifts it, and leaves it in its place."""
        caps = list(draft.decisions.caps)
        caps[self.at] = self.cap.with_fields(money=MAX_MONEY, share=None)
        draft.decisions = draft.decisions.with_fields(caps=tuple(caps))


@dataclass(frozen=True)
class AllowAgain(Edit):
    """Without a forbid, as often as it stands among the decisions."""

    forbid: Forbid

    def apply(self, draft: _Draft) -> None:
        """Leaves it out."""
        left = tuple(each for each in draft.decisions.forbids if each != self.forbid)
        draft.decisions = draft.decisions.with_fields(forbids=left)


# More of a figure.


@dataclass(frozen=True)
class MorePartners(Edit):
    """A State with a limit of partners takes so many more."""

    state: str
    more: int

    def apply(self, draft: _Draft) -> None:
        """Raises the limit."""
        most = draft.state(self.state).max_partners
        assert most is not None
        draft.change("states", self.state, max_partners=most + self.more)


@dataclass(frozen=True)
class MoreAbsorption(Edit):
    """A State with a limit of external money can absorb so much more in each year."""

    state: str
    more: int
    """Minor units."""

    def apply(self, draft: _Draft) -> None:
        """Raises the limit of every year of the horizon."""
        given = draft.state(self.state).absorption
        assert given is not None
        if given.every is not None:
            raised = Yearly(given.every + self.more)
        else:
            raised = _by_year({year: given.at(year) + self.more for year in draft.scenario.years})
        draft.change("states", self.state, absorption=raised)


@dataclass(frozen=True)
class Deadline(Edit):
    """Another deadline of a State."""

    state: str
    year: int

    def apply(self, draft: _Draft) -> None:
        """Sets the year."""
        draft.change("states", self.state, deadline=self.year)


@dataclass(frozen=True)
class BetterOwnership(Edit):
    """A State of which ownership is known scores higher in one component."""

    state: str
    component: str
    more: int
    """Millionths of the component."""

    def apply(self, draft: _Draft) -> None:
        """Raises the component."""
        ownership = draft.state(self.state).ownership
        assert ownership is not None
        better = getattr(ownership, self.component) + Decimal(self.more) / MILLIONTHS
        draft.change("states", self.state, ownership=ownership.with_fields(**{self.component: better}))


@dataclass(frozen=True)
class Lengthen(Edit):
    """An offer with years of its own reaches to a year; each new year gives as much as the nearest that it had."""

    offer: str
    to: int

    def apply(self, draft: _Draft) -> None:
        """Adds the years. An amount that stands there already for one of them stays where it is more."""
        offer = draft.offer(self.offer)
        assert offer.years is not None
        first, last = offer.years.first, offer.years.last
        like, new = (first, range(self.to, first)) if self.to < first else (last, range(last + 1, self.to + 1))
        field, given = ("amount", offer.amount) if isinstance(offer, FundingOffer) else ("capacity", offer.capacity)
        if given.every is None:
            given = _by_year(dict(given.amounts) | {year: max(given.at(year), given.at(like)) for year in new})
        years = Years(first=min(first, self.to), last=max(last, self.to))
        draft.change("offers", self.offer, years=years, **{field: given})


@dataclass(frozen=True)
class RaiseMoney(Edit):
    """An offer of money is itself larger, and speaks of all of it in the scenario's currency."""

    offer: str
    by_year: tuple[int, ...]
    """Minor units of the scenario's currency, shape (years,); 0 outside the offer's own years."""

    def apply(self, draft: _Draft) -> None:
        """Raises each year's money."""
        offer, scenario = draft.offer(self.offer), draft.scenario
        assert isinstance(offer, FundingOffer)
        money = zip(scenario.years, scenario.money_by_year(offer), self.by_year, strict=True)
        amounts = _by_year({year: now + more for year, now, more in money})
        least = scenario.converted(offer, offer.min_per_state, up=True)
        draft.change("offers", self.offer, amount=amounts, min_per_state=least, currency=None)


# Offers added and narrowed.


@dataclass(frozen=True)
class WithOffer(Edit):
    """A further offer, of a provider that the scenario does not know."""

    offer: FundingOffer | TechnicalOffer
    provider: Provider

    def apply(self, draft: _Draft) -> None:
        """Adds both."""
        draft.add("providers", self.provider)
        draft.add("offers", self.offer)


@dataclass(frozen=True)
class FurtherOffer(Edit):
    """A further grant or team like one that there is, with no least amount or years.

    A grant is in the scenario's currency, keeps what is left of it for later years and is not paid back.
    """

    like: str
    id: str
    """Id of the new offer."""
    amount: int
    """Minor units in all, from the first year of the offer that it is like, as that is before all edits; or units of
    work a year."""

    def apply(self, draft: _Draft) -> None:
        """Adds the offer, no larger than a field can hold."""
        like = draft.offer(self.like)
        draft.add("offers", like.model_copy(update={"id": self.id, "min_per_state": 0, "min_years": 1}))
        if isinstance(like, FundingOffer):
            window = draft.scenario.window(draft.scenario.offer(self.like))
            first = min(window, default=draft.scenario.horizon.first)
            draft.change("offers", self.id, **grant(first, self.amount))
        else:
            draft.change("offers", self.id, capacity=Yearly(min(self.amount, MAX_QUANTITY)))


def grant(first: int, amount: int) -> dict[str, Any]:
    """Returns the fields of money in the scenario's currency, minor units, to be used in any year from the first on."""
    amounts = _by_year({first: min(amount, MAX_MONEY)})
    return {"amount": amounts, "carry_over": Decimal(1), "repayment": None, "currency": None}


@dataclass(frozen=True)
class OnlyStates(Edit):
    """An offer that may be used in some States only."""

    offer: str
    states: tuple[str, ...]

    def apply(self, draft: _Draft) -> None:
        """Sets the States; the offer's other filters still hold."""
        draft.change("offers", self.offer, states=self.states)


@dataclass(frozen=True)
class Only(Edit):
    """No needs, or no offers, but some; decisions that speak of others are for the caller to replace."""

    collection: Literal["needs", "offers"]
    ids: frozenset[str]

    def apply(self, draft: _Draft) -> None:
        """Leaves the others out."""
        entities = draft.entities(self.collection)
        for key in entities.keys() - self.ids:
            del entities[key]


# Decisions and objectives.


@dataclass(frozen=True)
class WithDecisions(Edit):
    """Further decisions, each kind after those that there are."""

    more: Decisions

    def apply(self, draft: _Draft) -> None:
        """Adds them."""
        both = {name: (*getattr(draft.decisions, name), *getattr(self.more, name)) for name in Decisions.model_fields}
        draft.decisions = draft.decisions.with_fields(**both)


@dataclass(frozen=True)
class ReplaceDecisions(Edit):
    """Other decisions."""

    decisions: Decisions

    def apply(self, draft: _Draft) -> None:
        """Takes them in place of all that there are."""
        draft.decisions = self.decisions


@dataclass(frozen=True)
class ReplaceObjectives(Edit):
    """Other objectives."""

    objectives: Objectives

    def apply(self, draft: _Draft) -> None:
        """Takes them in place of all that there are."""
        draft.objectives = self.objectives


def _by_year(amounts: Mapping[int, int]) -> Yearly:
    return Yearly(None, tuple(sorted(amounts.items())))
