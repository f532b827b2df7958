"""What the user has decided already, and what is sought: decisions and objectives of a scenario.

Money is in whole minor units of the scenario's currency; quantities are in whole units of the capability.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from matcher.scenario.entities import OptionKind
from matcher.scenario.fields import Frozen, Id, Money, Quantity, Ratio, Share, Year, Yearly, Years
from matcher.scenario.objectives import ObjectiveName


class Commitment(Frozen):
    """A flow already agreed, that a portfolio must contain (more may flow, not less)."""

    financier: Id | None = None
    """Funding offer that pays; none for work in kind."""
    implementer: Id
    """Technical offer that delivers."""
    need: Id
    """Need that is served."""
    year: Year
    """Year of the flow."""
    quantity: Annotated[Quantity, Field(ge=1)]
    """Least units delivered."""


class Pin(Frozen):
    """An engagement that a portfolio must contain."""

    offer: Id
    """Offer to be engaged."""
    state: Id
    """State in which it is engaged."""
    years: Years | None = None
    """Years in each of which it must be engaged; none means at least one year of the horizon."""


class Forbid(Frozen):
    """Options that a portfolio must not use: those that match every field given (at least one)."""

    kind: OptionKind | None = None
    """Kind of option."""
    provider: Id | None = None
    """Provider on either side."""
    offer: Id | None = None
    """Offer on either side."""
    partner: Id | None = None
    """Offer on the other side of `offer`: together they name a pair of offers."""
    state: Id | None = None
    """State of the need."""
    need: Id | None = None
    """The need."""
    years: Years | None = None
    """Years concerned; none means all."""


class Cap(Frozen):
    """A limit on the money of one offer or provider in one State."""

    offer: Id | None = None
    """Funding offer that is capped (either this or `provider`)."""
    provider: Id | None = None
    """Provider that is capped, over all of its funding offers."""
    state: Id
    """State concerned."""
    money: Money | None = None
    """Most money, in minor units (either this or `share`)."""
    share: Share | None = None
    """Most share of the external money spent in the State."""
    per: Literal["year", "horizon"] = "horizon"
    """Whether the limit holds in each year or over the horizon."""


class Earlier(Frozen):
    """What an offer gave a State in an earlier portfolio: a new one may differ, which counts as disruption."""

    offer: Id
    """Offer that gave it."""
    state: Id
    """State that it was given to."""
    amounts: Yearly
    """Money in minor units of the scenario's currency, or whole granules of work in units, by year."""


class Decisions(Frozen):
    """What the user has already decided."""

    commitments: tuple[Commitment, ...] = ()
    """Flows already agreed."""
    pins: tuple[Pin, ...] = ()
    """Engagements that must be there."""
    forbids: tuple[Forbid, ...] = ()
    """Options that must not be used."""
    caps: tuple[Cap, ...] = ()
    """Limits on money."""
    earlier: tuple[Earlier, ...] = ()
    """What an earlier portfolio gave, from which the objective ``disruption`` measures the distance."""

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leaves out an earlier portfolio that there is not: most scenarios know of none."""
        found: dict[str, Any] = handler(self)
        if not self.earlier:
            found.pop("earlier", None)
        return found


class Goal(Frozen):
    """One objective in a lexicographic order."""

    objective: ObjectiveName
    """Which figure."""
    give_up: Share = Decimal(0)
    """Share of the best value found that later objectives may give up."""


class Weight(Frozen):
    """One objective in a weighted sum."""

    objective: ObjectiveName
    """Which figure."""
    weight: Ratio
    """Weight per unit of the figure; a figure that is minimised counts against."""


DEFAULT_ORDER: tuple[Goal, ...] = (
    Goal(objective="completions"),
    Goal(objective="coverage", give_up=Decimal("0.01")),
    Goal(objective="worst_off", give_up=Decimal("0.01")),
    Goal(objective="engagements"),
    Goal(objective="cost"),
)
"""The model's default order. Coverage and worst_off may each give up 1 %: with nothing to give up,
the objectives after them could only choose among portfolios that are equal to the last granule."""


class Objectives(Frozen):
    """What is sought: an order or weights, never both."""

    order: tuple[Goal, ...] | None = None
    """Lexicographic order; none, with no weights, is the default order."""
    weights: tuple[Weight, ...] | None = None
    """Weighted sum."""
    discount: Share = Decimal(1)
    """Factor per year after the first by which a delivered share counts in `coverage` and `worst_off`."""
