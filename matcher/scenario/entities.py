"""The things a scenario is made of: States, needs, providers, offers.

Every field says its unit. Money is in whole minor units of the scenario's currency unless the
offer names another; quantities are in whole units of the capability.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from matcher.scenario.fields import (
    Count,
    Deadline,
    Flag,
    Frozen,
    Id,
    Ids,
    Money,
    Quantity,
    Ratio,
    Share,
    Text,
    Year,
    Yearly,
    Years,
    last_full_year,
)

ProviderKind = Literal[
    "donor_state", "affected_state", "operator", "un_agency", "regional_organisation", "company", "foundation"
]
Channel = Literal[
    "own_programme",
    "affected_state",
    "donor_state",
    "operator",
    "un_agency",
    "regional_organisation",
    "company",
    "foundation",
]
ReasonCode = Literal[
    "other_capability",
    "state_not_in_reach",
    "region_not_in_reach",
    "ownership_below_floor",
    "capability_not_funded",
    "channel_closed",
    "work_needs_money",
    "work_is_in_kind",
    "no_kind",
    "no_common_year",
    "forbidden",
]
"""Rules that can keep an offer or a pair from a need."""

PUBLIC_KINDS: frozenset[str] = frozenset({"donor_state", "affected_state", "un_agency", "regional_organisation"})
"""Kinds of provider whose money is public: it can match other money and repay pre-financing."""
PRIVATE_KINDS: frozenset[str] = frozenset({"company", "foundation"})
"""Kinds of provider that make a partnership public-private."""


class Provenance(Frozen):
    """Where a figure came from and how far to trust it."""

    source: Text
    """Document, page or person that states the figure, or the rule by which it was derived."""
    confidence: Literal["page", "recall", "estimate", "assumption"]
    """page: seen in a published source; recall: from memory; estimate: derived from other figures;
    assumption: chosen, for a reason that `note` or the scenario's assumptions state."""
    as_of: Annotated[str, Strict(), Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")] | None = None
    """Date that the figure speaks of: YYYY, YYYY-MM or YYYY-MM-DD."""
    note: Text | None = None
    """Anything a reader should know about the figure."""


class Entity(Frozen):
    """Something with an id: the key under which it stands in its collection."""

    id: SkipJsonSchema[Annotated[str, Strict()]] = Field(default="", exclude=True)
    """Key of the entity in its collection (never written inside the entity)."""
    provenance: dict[Annotated[str, Strict()], Provenance] = Field(default_factory=dict)
    """Source and confidence by field name of this entity; the key ``*`` speaks for all others."""


EntityT = TypeVar("EntityT", bound=Entity)


class ById(tuple[EntityT, ...], Generic[EntityT]):
    """Entities sorted by id; a file writes them as a mapping from id to fields."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        (entity,) = source.__args__
        inner = core_schema.dict_schema(handler.generate_schema(Id), handler.generate_schema(entity))

        def read(value: object) -> object:
            if isinstance(value, Mapping):
                return {key: _with_id(key, fields) for key, fields in value.items()}
            if isinstance(value, list | tuple):
                keyed = {getattr(each, "id", ""): each for each in value}
                if len(keyed) != len(value) or any(not isinstance(each, Entity) for each in value):
                    raise PydanticCustomError("by_id", "expected entities with ids of their own")
                return keyed
            return value

        def collect(value: dict[str, EntityT]) -> ById[EntityT]:
            return cls(sorted(value.values(), key=lambda each: each.id))

        return core_schema.no_info_after_validator_function(
            collect,
            core_schema.no_info_before_validator_function(read, inner),
            serialization=core_schema.wrap_serializer_function_ser_schema(
                lambda value, nxt: nxt({each.id: each for each in value}), schema=inner
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(schema)


def _with_id(key: object, fields: object) -> object:
    if isinstance(fields, Entity):
        return fields.model_copy(update={"id": key})
    if isinstance(fields, Mapping):
        if "id" in fields:
            raise PydanticCustomError("by_id", "expected no field 'id': the key is the id")
        return {**fields, "id": key}
    return fields


class Currency(Frozen):
    """The currency of all money in the scenario."""

    code: Annotated[str, Strict(), Field(pattern=r"^[A-Z]{3}$")]
    """ISO 4217 code."""
    decimals: Annotated[int, Strict(), Field(ge=0, le=4)] = 0
    """Decimal places of the minor unit: 0 if money is in whole currency units, 2 if in hundredths."""


class Rate(Entity):
    """An exchange rate; the id is the ISO 4217 code of the foreign currency."""

    rate: Ratio
    """Minor units of the scenario's currency that one minor unit of the foreign currency buys."""


class Capability(Entity):
    """A kind of work that can be needed and offered."""

    name: Text
    """Name for people, in the words of IMAS where it has one."""
    unit: Text
    """What one unit is: m2, expert-month, training place, ..."""
    granule: Annotated[int, Strict(), Field(ge=1, le=10**9)] = 1
    """Units in one granule: amounts are delivered in whole granules."""
    reference_price: Ratio | None = None
    """Minor currency units per unit at which work is valued in `fit` and `firmness`, so that work
    in kind weighs something; without it, work is valued at the offer's own price."""


class Ownership(Frozen):
    """The five components of national ownership, each scored 0 to 1 (Cartagena Action Plan; Maputo)."""

    high_level_interest: Share
    """Interest in fulfilling the Convention's obligations is maintained at a high level."""
    empowered_entities: Share
    """State entities are empowered and given the human, financial and material capacity."""
    measures_articulated: Share
    """The measures that State entities will undertake are articulated, inclusively and efficiently."""
    challenges_planned: Share
    """There are plans to overcome the challenges that need to be addressed."""
    financial_commitment: Share
    """The State makes a regular, significant financial commitment to its own programme."""

    def score(self) -> Fraction:
        """Returns the plain mean of the five components, 0 to 1."""
        return self._score

    @cached_property
    def _score(self) -> Fraction:
        parts = (
            self.high_level_interest,
            self.empowered_entities,
            self.measures_articulated,
            self.challenges_planned,
            self.financial_commitment,
        )
        return sum((Fraction(part) for part in parts), Fraction(0)) / len(parts)


class Dialogue(Frozen):
    """How often the partners of one State meet."""

    meetings_per_year: Annotated[int, Strict(), Field(ge=1, le=12)]
    """Meetings of all partners in a year, spread evenly over its months."""
    format: Text = "country coalition meeting"
    """What kind of meeting it is."""


class State(Entity):
    """An affected State with obligations under Article 5."""

    name: Text
    """Name for people."""
    region: Id | None = None
    """Region, as offers may name it."""
    deadline: Deadline
    """Article 5 deadline: a year (its end) or a date, YYYY-MM-DD. Work counts only if its whole year ends by then."""
    weight: Ratio = Decimal(1)
    """Weight in `completions` and `coverage`."""
    absorption: Yearly | None = None
    """Most external money the State can absorb in a year, in minor units; none means no limit."""
    max_partners: Count | None = None
    """Most external providers engaged in one year; none means no limit."""
    max_share: Share | None = None
    """Most share of the State's external money, over the horizon, from one provider; none means no limit. It binds
    only where enough providers could pay to keep it."""
    ownership: Ownership | None = None
    """Five components of national ownership; none scores 0."""
    dialogue: Dialogue | None = None
    """Dialogue of this State with its partners; none takes the scenario's."""

    @property
    def last_year(self) -> int:
        """The last year whose work counts for completion."""
        return last_full_year(self.deadline)

    def ownership_score(self) -> Fraction:
        """Returns the ownership score, 0 to 1; 0 where nothing is known."""
        return self.ownership.score() if self.ownership else Fraction(0)


class Precedence(Frozen):
    """The share delivered of a need may not run ahead of another need of the same State."""

    need: Id
    """The need that comes first."""
    lag: Annotated[int, Strict(), Field(ge=0, le=50)] = 0
    """Whole years that must pass between the first need's delivery and this one's."""
    head_start: Share = Decimal(0)
    """Share of this need that may be delivered before anything of the first need."""


class Beneficiaries(Frozen):
    """People expected to benefit once the need is met in full."""

    women: Count
    """Women expected to benefit."""
    men: Count
    """Men expected to benefit."""
    girls: Count
    """Girls expected to benefit."""
    boys: Count
    """Boys expected to benefit."""


class Need(Entity):
    """A quantity of one capability that one State seeks."""

    name: Text | None = None
    """Name for people; none takes the capability's."""
    state: Id
    """State that seeks it."""
    capability: Id
    """Capability sought."""
    quantity: Annotated[Quantity, Field(ge=1)]
    """Units sought in all, with what was delivered before the horizon: a whole number of granules."""
    delivered: Quantity = 0
    """Units of it that were delivered before the horizon: a whole number of granules. Shares are of `quantity`."""
    years: Years | None = None
    """Years in which it can be met; none means the whole horizon."""
    weight: Ratio = Decimal(1)
    """Weight among the needs in `coverage`."""
    completes: Flag = False
    """Whether Article 5 completion requires this need in full by the State's deadline."""
    max_per_year: Quantity | None = None
    """Most units that can be used in one year; none means no limit."""
    indivisible: Flag = False
    """Whether only the whole quantity is of any use: all or nothing."""
    after: tuple[Precedence, ...] = ()
    """Needs of the same State that come first."""
    beneficiaries: Beneficiaries | None = None
    """People expected to benefit, by sex and age."""


class Provider(Entity):
    """Whoever offers."""

    name: Text
    """Name for people."""
    kind: ProviderKind
    """What the provider is; affected_state covers formerly affected States."""
    state: Id | None = None
    """State of this scenario that the provider *is*, if it is one: then its offers there are national."""


class Ongoing(Frozen):
    """A State in which an offer worked in the year before the horizon."""

    state: Id
    """The State."""
    since: Year | None = None
    """First year of the unbroken stretch; none means that the minimum of years has been served."""
    amount: Money | None = None
    """What it gave in the year before the horizon, in minor units of the offer's currency; none if it is not known."""


class _Offer(Entity):
    """What a provider puts on the table."""

    name: Text | None = None
    """Name for people; none takes the provider's."""
    provider: Id
    """Who offers."""
    states: Ids | None = None
    """States in which it may be used; none means all. All filters of an offer must hold at once."""
    regions: Ids | None = None
    """Regions in which it may be used; none means all."""
    years: Years | None = None
    """The offer's own years; none means the whole horizon."""
    max_states: Count | None = None
    """Most States in which the offer is engaged in one year; none means no limit."""
    min_years: Annotated[int, Strict(), Field(ge=1, le=100)] = 1
    """Consecutive years for which an engagement lasts, once started."""
    ownership_floor: Share = Decimal(0)
    """Least ownership score of a State in which the offer may be used."""
    firmness: Share = Decimal(1)
    """Chance that the offer materialises."""
    fit: dict[Id, Share] = Field(default_factory=dict)
    """Fit with each State: shared language, existing relationship, region, stated preference."""
    fit_otherwise: Share = Decimal(1)
    """Fit with the States that `fit` does not name."""
    ongoing: tuple[Ongoing, ...] = ()
    """States in which it worked in the year before the horizon."""
    currency: Annotated[str, Strict(), Field(pattern=r"^[A-Z]{3}$")] | None = None
    """ISO 4217 code of this offer's money; none is the scenario's currency."""


class Repayment(Frozen):
    """Pre-financing: who pays the money back, when, and how much more."""

    offer: Id
    """Public funding offer that is charged."""
    after: Annotated[int, Strict(), Field(ge=1, le=50)]
    """Whole years between the payment and its repayment."""
    premium: Ratio = Decimal(0)
    """Extra money repaid per unit of money paid; the year's total is rounded up to a minor unit."""


class FundingOffer(_Offer):
    """Money per year."""

    kind: Literal["funding"]
    """Always ``funding``."""
    capabilities: Ids | None = None
    """Capabilities that the money may pay for; none means all."""
    amount: Yearly
    """Money in each year, in minor units of the offer's currency."""
    min_per_state: Money = 0
    """Least money in each engaged year in a State, in minor units of the offer's currency."""
    channels: tuple[Channel, ...] | None = None
    """Kinds of implementer that the money may pay; none means all."""
    carry_over: Share = Decimal(0)
    """Share of the year's unspent money that moves to the next year, rounded down to a minor unit."""
    carried_in: Yearly | None = None
    """Money left from before the horizon, by the year in which it can first be spent, in the offer's currency."""
    debts: Yearly | None = None
    """Money owed for what was pre-financed before the horizon, by the year in which it falls due."""
    match: Ratio = Decimal(0)
    """Other external public money needed per unit of this money, in the same State and year."""
    repayment: Repayment | None = None
    """Pre-financing terms, if the money is to be paid back."""


class TechnicalOffer(_Offer):
    """Units of one capability per year, at a unit price."""

    kind: Literal["technical"]
    """Always ``technical``."""
    capability: Id
    """Capability offered."""
    capacity: Yearly
    """Units that can be delivered in each year, over all States."""
    min_per_state: Quantity = 0
    """Least units in each engaged year in a State."""
    price: Ratio = Decimal(0)
    """Minor units of the offer's currency per unit of the capability; 0 is in kind. The price of a
    granule must be whole minor units; a price in a foreign currency is converted per granule and
    rounded up."""


Offer = Annotated[FundingOffer | TechnicalOffer, Field(discriminator="kind")]


class Assumption(Entity):
    """Something that had to be assumed, and why."""

    text: Text
    """What is assumed."""
    reason: Text
    """Why, and what would replace it."""
    affects: tuple[Text, ...] = ()
    """Paths of the figures that rest on it."""
