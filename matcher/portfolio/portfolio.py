"""OUTPUT: yearly flows through options, the engagements they imply, and the partnerships they form.

Plain frozen data. A portfolio says what is proposed; whether it is right is for
`matcher.verification` to say.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal, Self

from pydantic import Field, Strict, model_validator

from matcher.scenario import Frozen, OptionKind, Years
from matcher.scenario.fields import Count, Id, Quantity, Text, Total, Year

PORTFOLIO_FORMAT = 1
"""Version of the portfolio format."""


class Flow(Frozen):
    """What one option delivers in one year."""

    financier: Id | None = None
    """Funding offer that pays; none for work in kind."""
    implementer: Id
    """Technical offer that delivers."""
    need: Id
    """Need that is served."""
    year: Year
    """Year of delivery and payment."""
    kind: OptionKind
    """Kind of partnership, by who takes part."""
    quantity: Annotated[Quantity, Field(ge=1)]
    """Units of the capability delivered: whole granules."""
    money: Total
    """Money paid, in minor units: the quantity in granules times the price of a granule."""

    def key(self) -> tuple[str, str, str, int]:
        """Returns what tells this flow from all others, and orders flows."""
        return (self.need, self.financier or "", self.implementer, self.year)


class Engagement(Frozen):
    """An unbroken run of years in which one offer is engaged in one State."""

    offer: Id
    """Offer engaged."""
    state: Id
    """State in which it is engaged."""
    years: Years
    """First and last year of the run."""

    def key(self) -> tuple[str, str, int]:
        """Returns what tells this engagement from all others, and orders engagements."""
        return (self.state, self.offer, self.years.first)


class Portfolio(Frozen):
    """All flows and engagements of a proposal, in a fixed order."""

    portfolio: Annotated[int, Strict(), Field(ge=1, le=1)] = PORTFOLIO_FORMAT
    """Version of the portfolio format."""
    scenario: Id
    """Name of the scenario it answers."""
    scenario_hash: Annotated[str, Strict(), Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of the resolved scenario it answers."""
    flows: tuple[Flow, ...] = ()
    """Yearly flows, sorted by need, financier, implementer and year."""
    engagements: tuple[Engagement, ...] = ()
    """Engagements, sorted by State, offer and first year."""

    @property
    def digest(self) -> str:
        """SHA-256 of the portfolio as canonical JSON: sorted keys, no spaces."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        object.__setattr__(self, "flows", tuple(sorted(self.flows, key=Flow.key)))
        object.__setattr__(self, "engagements", tuple(sorted(self.engagements, key=Engagement.key)))
        return self


class YearlyAmount(Frozen):
    """An amount in one year."""

    year: Year
    """The year."""
    amount: Total
    """Money in minor units, or units of a capability: the holder says which."""


class PartnerCommitment(Frozen):
    """What one partner commits, year by year."""

    partner: Id
    """Provider that commits."""
    offer: Id
    """Offer that it draws on."""
    role: Literal["finances", "delivers"]
    """Whether it pays or does the work."""
    capability: Id | None = None
    """Capability delivered; none for money."""
    amounts: tuple[YearlyAmount, ...]
    """Money in minor units (finances) or units of the capability (delivers), per year."""


class Responsibility(Frozen):
    """What one partner answers for; words are made from the code by the reports."""

    partner: Id
    """Provider, or the State."""
    duty: Literal["finance", "deliver", "lead", "prepay", "repay", "match"]
    """finance: pay as committed; deliver: do the work to standard; lead: task, accredit and
    accept the work as the national authority; prepay: pay first and be repaid; repay: pay back;
    match: put public money beside private money."""
    need: Id | None = None
    """Need concerned, if one."""


class BeneficiaryTarget(Frozen):
    """People expected to have benefited by the end of a year, rounded down."""

    women: Count
    """Women."""
    men: Count
    """Men."""
    girls: Count
    """Girls."""
    boys: Count
    """Boys."""


class Target(Frozen):
    """What is to be delivered of one need by the end of one year, by this partnership."""

    need: Id
    """Need concerned."""
    by: Year
    """Year by whose end it is to be delivered."""
    quantity: Quantity
    """Units delivered by then, cumulative."""
    beneficiaries: BeneficiaryTarget | None = None
    """People by sex and age, in proportion; none where the need states no beneficiaries."""


class Meeting(Frozen):
    """One meeting of the partners."""

    year: Year
    """Year of the meeting."""
    month: Annotated[int, Strict(), Field(ge=1, le=12)]
    """Month of the meeting."""
    format: Text
    """What kind of meeting it is."""


Part = Literal["responsibilities", "targets", "multi_year_commitment", "dialogue"]
"""The four parts that a partnership for completion needs (Maputo Action Plan, 2014, Action 21)."""


class Partnership(Frozen):
    """All flows that tie one group of partners to one State, as one agreement."""

    id: Text
    """Name of the partnership, unique in the portfolio."""
    state: Id
    """State that is supported."""
    kind: OptionKind
    """Kind of partnership."""
    financier: Id | None
    """Provider that pays, if any."""
    implementer: Id
    """Provider that delivers."""
    needs: tuple[Id, ...]
    """Needs served."""
    years: Years
    """First and last year."""
    breaks: tuple[Years, ...] = ()
    """Runs of years between them in which nothing flows."""
    money: Total
    """Money over all years, in minor units."""
    commitments: tuple[PartnerCommitment, ...]
    """Yearly commitments by each partner."""
    responsibilities: tuple[Responsibility, ...]
    """Who answers for what."""
    targets: tuple[Target, ...]
    """Time-bound targets."""
    dialogue: tuple[Meeting, ...]
    """Schedule of meetings."""
    missing: tuple[Part, ...]
    """Parts that the scenario gives no ground for: they are for the partners to agree."""
