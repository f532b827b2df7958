"""What the user has decided already, and what is sought: decisions and objectives of a scenario.

Money is in whole minor units of the scenario's currency; quantities are in whole units of the capability.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, SerializerFunctionWrapHandler, model_serializer

from matcher.scenario.fields import Frozen, Id, Money, OptionKind, Quantity, Ratio, Share, Year, Yearly, Years
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


class Part(Frozen):
    """One objective in a blend."""

    objective: ObjectiveName
    """Which figure."""
    weight: Ratio = Decimal(1)
    """Weight per unit of the figure."""


class Goal(Frozen):
    """One entry of a lexicographic order: an objective, or a blend of several of the same sense."""

    objective: ObjectiveName | None = None
    """Which figure (either this or `blend`)."""
    blend: tuple[Part, ...] | None = None
    """Weighted sum of figures, all of them to be made large or all to be made small."""
    tolerance: Annotated[Share, Field(validation_alias=AliasChoices("tolerance", "give_up"))] = Decimal(0)
    """Share of the best value found that later entries may give up (files of the first edition: ``give_up``). For
    `waiting`, of the value less what stays open in any plan."""
    tolerance_amount: Ratio | None = None
    """Most that later entries may give up, in units of the figure, instead of a share."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """Objectives with their weights: of one objective, itself."""
        return self.blend or ((Part(objective=self.objective),) if self.objective is not None else ())

    @property
    def name(self) -> str:
        """Name of what is pursued: the objective, or the sum of the blend's parts as ``cost + 0.5 swings``."""
        if self.objective is not None:
            return self.objective
        return " + ".join(f"{each.weight.normalize():f} {each.objective}".removeprefix("1 ") for each in self.parts)

    def figure(self, figures: Mapping[str, Fraction]) -> Fraction:
        """Returns the entry's figure, of figures by objective; one that is absent counts as 0."""
        return sum((Fraction(each.weight) * figures.get(each.objective, 0) for each in self.parts), Fraction(0))


class Weight(Frozen):
    """One objective in a weighted sum."""

    objective: ObjectiveName
    """Which figure."""
    weight: Ratio
    """Weight per unit of the figure; a figure that is minimised counts against."""


DEFAULT_ORDER: tuple[Goal, ...] = (
    Goal(objective="completions"),
    Goal(objective="late_completions"),
    Goal(objective="coverage", tolerance=Decimal("0.0005")),
    Goal(objective="worst_off", tolerance=Decimal("0.01")),
    Goal(objective="turnover", tolerance=Decimal("0.05")),
    Goal(objective="waiting", tolerance=Decimal("0.10")),
    Goal(
        blend=(
            Part(objective="cost"),
            Part(objective="at_risk", weight=Decimal(2)),
            Part(objective="dependence", weight=Decimal("0.5")),
            Part(objective="swings", weight=Decimal("0.5")),
        ),
        tolerance=Decimal("0.02"),
    ),
)
"""The model's default order. `waiting` alone would serve small needs one after another and so bring on-off money
back: that is why it stands below `turnover` and is loose. What the last entry leaves is used to close what is
still open (see `closing`).

In the blend, risk counts twice and dependence half: a dollar above one provider's half of a State's money is worth
moving to another only if that one is firmer than 0.75. With weights of 1, an even split with money that almost never
comes would be as good as one donor who is sure to pay."""
CLOSING: tuple[ObjectiveName, ...] = ("coverage", "waiting")
"""What is pursued once more after the last entry, with all else held: no crumb stays open that costs nothing."""


class Objectives(Frozen):
    """What is sought: an order or weights, never both."""

    order: tuple[Goal, ...] | None = None
    """Lexicographic order; none, with no weights, is the default order."""
    weights: tuple[Weight, ...] | None = None
    """Weighted sum."""
    discount: Share = Decimal(1)
    """Factor per year after the first by which a delivered share counts in `coverage`."""
    dependence_share: Share = Decimal("0.5")
    """Share of a State's external money above which one provider's money counts in `dependence`."""
