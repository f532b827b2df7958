"""More of a figure, or less of one that asks for something, and other dates."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from matcher.scenario.edits.draft import Draft, Edit, by_year
from matcher.scenario.entities import FundingOffer
from matcher.scenario.fields import Yearly, Years

MILLIONTHS = 10**6
"""Steps of an ownership component, and of a share of money, from 0 to 1."""


@dataclass(frozen=True)
class MorePartners(Edit):
    """A State with a limit of partners takes so many more."""

    state: str
    more: int

    def apply(self, draft: Draft) -> None:
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

    def apply(self, draft: Draft) -> None:
        """Raises the limit of every year of the horizon."""
        given = draft.state(self.state).absorption
        assert given is not None
        if given.every is not None:
            raised = Yearly(given.every + self.more)
        else:
            raised = by_year({year: given.at(year) + self.more for year in draft.scenario.years})
        draft.change("states", self.state, absorption=raised)


@dataclass(frozen=True)
class LargerShare(Edit):
    """A State with a limit on one provider's share of its external money accepts a larger one; all of it at most."""

    state: str
    more: int
    """Millionths of its external money."""

    def apply(self, draft: Draft) -> None:
        """Raises the limit."""
        given = draft.state(self.state).max_share
        assert given is not None
        draft.change("states", self.state, max_share=min(given + Decimal(self.more) / MILLIONTHS, Decimal(1)))


@dataclass(frozen=True)
class SmallerEngagement(Edit):
    """A scenario with a least engagement asks for less in a working year; for anything at all, at the least."""

    less: int
    """Minor units."""

    def apply(self, draft: Draft) -> None:
        """Lowers it."""
        given = draft.least_engagement
        assert given is not None
        draft.least_engagement = given - self.less if given > self.less else None


@dataclass(frozen=True)
class Deadline(Edit):
    """Another deadline of a State: the end of a year."""

    state: str
    year: int

    def apply(self, draft: Draft) -> None:
        """Sets the year."""
        draft.change("states", self.state, deadline=self.year)


@dataclass(frozen=True)
class BetterOwnership(Edit):
    """A State of which ownership is known scores higher in one component."""

    state: str
    component: str
    more: int
    """Millionths of the component."""

    def apply(self, draft: Draft) -> None:
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

    def apply(self, draft: Draft) -> None:
        """Adds the years. An amount that stands there already for one of them stays where it is more."""
        offer = draft.offer(self.offer)
        assert offer.years is not None
        first, last = offer.years.first, offer.years.last
        like, new = (first, range(self.to, first)) if self.to < first else (last, range(last + 1, self.to + 1))
        field, given = ("amount", offer.amount) if isinstance(offer, FundingOffer) else ("capacity", offer.capacity)
        if given.every is None:
            given = by_year(dict(given.amounts) | {year: max(given.at(year), given.at(like)) for year in new})
        years = Years(first=min(first, self.to), last=max(last, self.to))
        draft.change("offers", self.offer, years=years, **{field: given})


@dataclass(frozen=True)
class RaiseMoney(Edit):
    """An offer of money is itself larger, and speaks of all of it in the scenario's currency."""

    offer: str
    by_year: tuple[int, ...]
    """Minor units of the scenario's currency, shape (years,); 0 outside the offer's own years."""

    def apply(self, draft: Draft) -> None:
        """Raises each year's money."""
        offer, scenario = draft.offer(self.offer), draft.scenario
        assert isinstance(offer, FundingOffer)
        money = zip(scenario.years, scenario.money_by_year(offer), self.by_year, strict=True)
        amounts = by_year({year: now + more for year, now, more in money})
        least = scenario.converted(offer, offer.min_per_state, up=True)
        ongoing = tuple(
            each if each.amount is None else each.with_fields(amount=scenario.converted(offer, each.amount))
            for each in offer.ongoing
        )
        fresh = {"amount": amounts, "carried_in": None, "debts": None}  # a year's money already counts both
        draft.change("offers", self.offer, min_per_state=least, ongoing=ongoing, currency=None, **fresh)
