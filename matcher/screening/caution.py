"""One odd thing about a scenario as data: what kind it is, what it is about, and the figures that show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from matcher.scenario import ObjectiveName, Years
from matcher.scenario.eligibility import Reason
from matcher.screening.unit_slips import Slip

CautionCode = Literal[
    "commitment_impossible",
    "need_alone",
    "need_unserved",
    "no_reference_price",
    "offer_alone",
    "offer_empty",
    "offer_unused",
    "pin_impossible",
    "provenance_missing",
    "share_unbound",
    "state_late",
    "state_short",
    "unit_slip",
    "window_outside",
]


@dataclass(frozen=True)
class Caution:
    """Something odd about a scenario that is no fault: a code, a subject, and data by kind; never a sentence."""

    code: ClassVar[CautionCode]
    """Which kind it is."""
    subject: str
    """What it is about: an id, a collection, or a path of keys joined by points."""


@dataclass(frozen=True)
class OfferUnused(Caution):
    """An offer that no option uses."""

    code = "offer_unused"
    need: str
    """Need that it comes nearest to serving."""
    reasons: tuple[Reason, ...]
    """Why it does not."""


@dataclass(frozen=True)
class OfferAlone(Caution):
    """An offer for which there is no partner or need at all."""

    code = "offer_alone"


@dataclass(frozen=True)
class OfferEmpty(Caution):
    """An offer with nothing to give in any year of the horizon."""

    code = "offer_empty"


@dataclass(frozen=True)
class NeedUnserved(Caution):
    """A need without any option."""

    code = "need_unserved"
    reasons: tuple[Reason, ...]
    """Why the nearest pair of offers does not serve it."""


@dataclass(frozen=True)
class NeedAlone(Caution):
    """A need of which nobody offers the capability."""

    code = "need_alone"
    capability: str
    """The capability."""


@dataclass(frozen=True)
class WindowOutside(Caution):
    """A need or offer whose own years lie outside the horizon."""

    code = "window_outside"
    collection: Literal["need", "offer"]
    """Which of the two it is."""
    years: Years
    """Its own years."""
    horizon: Years
    """The years of the scenario."""


@dataclass(frozen=True)
class ShareUnbound(Caution):
    """A State whose limit on one provider's share of its external money does not bind: too few could pay."""

    code = "share_unbound"
    share: str
    """The limit, as it is written."""
    payers: int
    """External providers that could pay for something there, in whatever year."""
    wanted: int
    """Providers with which each could keep the limit."""


@dataclass(frozen=True)
class StateLate(Caution):
    """A State whose deadline is before the horizon."""

    code = "state_late"
    deadline: int | str
    """Year or date by which it is to complete, as it is written."""


@dataclass(frozen=True)
class StateShort(Caution):
    """A State that cannot have all of a need by its deadline, whatever is chosen."""

    code = "state_short"
    deadline: int | str
    """Year or date by which it is to complete, as it is written."""
    need: str
    """The need."""
    most: int
    """Units of it that can be delivered by then at most."""
    quantity: int
    """Units of it that are sought."""
    unit: str
    """What its capability is counted in."""


@dataclass(frozen=True)
class NoReferencePrice(Caution):
    """A capability of which work in kind weighs nothing in an objective."""

    code = "no_reference_price"
    objectives: tuple[ObjectiveName, ...]
    """The objectives."""


@dataclass(frozen=True)
class CommitmentImpossible(Caution):
    """A commitment that no option can honour."""

    code = "commitment_impossible"
    year: int
    """Year of the commitment."""


@dataclass(frozen=True)
class PinImpossible(Caution):
    """A pin that no option can honour."""

    code = "pin_impossible"
    offer: str
    """Offer that is pinned."""
    state: str
    """State that it is pinned to."""


@dataclass(frozen=True)
class UnitSlip(Caution):
    """A figure that was probably written in another unit."""

    code = "unit_slip"
    slip: Slip
    """The figure, what it is compared with, and what was probably meant."""


@dataclass(frozen=True)
class ProvenanceMissing(Caution):
    """A collection in which entities say nothing about where their figures come from."""

    code = "provenance_missing"
    count: int
    """How many say nothing."""
    total: int
    """How many there are."""
