"""Offers added, and offers and needs left out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from matcher.scenario.edits.draft import Draft, Edit, by_year
from matcher.scenario.entities import FundingOffer, Provider, TechnicalOffer
from matcher.scenario.fields import Yearly
from matcher.units import MAX_MONEY, MAX_QUANTITY


@dataclass(frozen=True)
class WithOffer(Edit):
    """A further offer, of a provider that the scenario does not know."""

    offer: FundingOffer | TechnicalOffer
    provider: Provider

    def apply(self, draft: Draft) -> None:
        """Adds both."""
        draft.add("providers", self.provider)
        draft.add("offers", self.offer)


@dataclass(frozen=True)
class FurtherOffer(Edit):
    """A further grant or team like one that there is, with no least amount or years.

    A grant is in the scenario's currency, keeps what is left of it for later years and is not paid back. It stands
    beside what the provider gives anyway, so that the scenario's least engagement does not hold for it alone.
    """

    like: str
    id: str
    """Id of the new offer."""
    amount: int
    """Minor units in all, from the first year of the offer that it is like, as that is before all edits; or units of
    work a year."""

    def apply(self, draft: Draft) -> None:
        """Adds the offer, no larger than a field can hold."""
        like = draft.offer(self.like)
        least = 0 if draft.least_engagement is None else 1
        draft.add(
            "offers", like.model_copy(update={"id": self.id, "min_per_state": least, "min_years": 1, "ongoing": ()})
        )
        if isinstance(like, FundingOffer):
            window = draft.scenario.window(draft.scenario.offer(self.like))
            first = min(window, default=draft.scenario.horizon.first)
            draft.change("offers", self.id, **grant(first, self.amount))
        else:
            draft.change("offers", self.id, capacity=Yearly(min(self.amount, MAX_QUANTITY)))


def grant(first: int, amount: int) -> dict[str, Any]:
    """Returns the fields of money in the scenario's currency, minor units, to be used in any year from the first on."""
    amounts = by_year({first: min(amount, MAX_MONEY)})
    terms = {"carry_over": Decimal(1), "repayment": None, "carried_in": None, "debts": None}
    return {"amount": amounts, "currency": None, **terms}


@dataclass(frozen=True)
class OnlyStates(Edit):
    """An offer that may be used in some States only."""

    offer: str
    states: tuple[str, ...]

    def apply(self, draft: Draft) -> None:
        """Sets the States; the offer's other filters still hold."""
        draft.change("offers", self.offer, states=self.states)


@dataclass(frozen=True)
class Only(Edit):
    """No needs, or no offers, but some; decisions that speak of others are for the caller to replace."""

    collection: Literal["needs", "offers"]
    ids: frozenset[str]

    def apply(self, draft: Draft) -> None:
        """Leaves the others out."""
        entities = draft.entities(self.collection)
        for key in entities.keys() - self.ids:
            del entities[key]
