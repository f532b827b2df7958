"""Limits taken out of a scenario, so that every portfolio stays valid."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from matcher.scenario.decisions import Cap, Forbid
from matcher.scenario.edits.draft import THE_SCENARIO, Collection, Draft, Edit, Owner, Waiver, by_year
from matcher.scenario.entities import FundingOffer
from matcher.scenario.fields import Yearly
from matcher.units import MAX_MONEY


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

    def apply(self, draft: Draft) -> None:
        """Gives the field its default."""
        entity = draft.entities(self.collection)[self.subject]
        default = type(entity).model_fields[self.field].get_default()
        draft.change(self.collection, self.subject, **{self.field: default})


@dataclass(frozen=True)
class WaiveMinimum(Waiver):
    """An offer without its own minimum in a State and year, where the scenario's least engagement then asks for less.

    Elsewhere it is left as it is: what then holds in its place would make it no easier.
    """

    offer: str

    @property
    def owner(self) -> Owner:
        return "offers", self.offer

    def apply(self, draft: Draft) -> None:
        """Takes the minimum away, unless the scenario as edited so far asks for as much anyway."""
        least, offer, scenario = draft.least_engagement, draft.offer(self.offer), draft.scenario
        if isinstance(offer, FundingOffer):
            value, own = Fraction(1), scenario.converted(offer, offer.min_per_state, up=True)
        else:
            value = scenario.granule_value(offer)
            own = -(-offer.min_per_state // scenario.capability(offer.capability).granule)
        if least is None or not value or own * value > least:
            draft.change("offers", self.offer, min_per_state=0)


@dataclass(frozen=True)
class WaiveLeastEngagement(Waiver):
    """A scenario in which a working year may bring as little as there is."""

    @property
    def owner(self) -> Owner:
        return THE_SCENARIO

    def apply(self, draft: Draft) -> None:
        """Takes the least engagement away."""
        draft.least_engagement = None


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

    def apply(self, draft: Draft) -> None:
        """Raises the figure of the year, and of no other."""
        given: Yearly = getattr(draft.entities(self.collection)[self.subject], self.field)
        amounts = dict(given.amounts) if given.every is None else dict.fromkeys(draft.scenario.years, given.every)
        amounts[self.year] = max(self.least, given.at(self.year))
        draft.change(self.collection, self.subject, **{self.field: by_year(amounts)})


@dataclass(frozen=True)
class RaiseNeed(Waiver):
    """A need of another quantity, where more of it is not harder to meet.

    It is left as it is where it is met as a whole or not at all, or where others follow it by its share; and where all
    that the State needs costs less than the scenario's least engagement, since more of it would ask for more at once.
    """

    need: str
    quantity: int

    @property
    def owner(self) -> Owner:
        return "needs", self.need

    def apply(self, draft: Draft) -> None:
        """Sets the quantity, unless the need as edited so far forbids it."""
        followed = any(first.need == self.need for each in draft.entities("needs").values() for first in each.after)
        need, least = draft.need(self.need), draft.least_engagement
        small = least is not None and draft.scenario.cheapest_cost(need.state) < least
        if not followed and not small and not need.indivisible:
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

    def apply(self, draft: Draft) -> None:
        """Lifts it, and leaves it in its place."""
        caps = list(draft.decisions.caps)
        caps[self.at] = self.cap.with_fields(money=MAX_MONEY, share=None)
        draft.decisions = draft.decisions.with_fields(caps=tuple(caps))


@dataclass(frozen=True)
class AllowAgain(Edit):
    """Without a forbid, as often as it stands among the decisions."""

    forbid: Forbid

    def apply(self, draft: Draft) -> None:
        """Leaves it out."""
        left = tuple(each for each in draft.decisions.forbids if each != self.forbid)
        draft.decisions = draft.decisions.with_fields(forbids=left)
