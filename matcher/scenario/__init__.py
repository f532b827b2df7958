"""INPUT: what is needed, offered and decided, and what it means.

`fields` holds the strict types, `entities` the things, `decisions` what is decided and sought,
`scenario` the whole, `index` the position of each id, `consistency` the rules between things, `validation` the
reading of plain data with all faults at once, `edits` the changes that the engine makes of a scenario for questions
of its own.

Readings of the model where its page leaves room:

* The ownership score of a State is the plain mean of its five components; unknown scores 0.
* An offer's filters (states, regions, capabilities, years, floor) must all hold at once.
* A provider that *is* a State of the scenario makes national offers there and foreign offers
  elsewhere; "external" means that the provider is not the State itself.
* Carried-over money is rounded down, a year's repayment rounded up, to whole minor units; foreign
  money is rounded down, foreign prices per granule and foreign minimum amounts rounded up.
* Precedence ties needs of one State.
"""

from matcher.scenario.decisions import (
    DEFAULT_ORDER,
    Cap,
    Commitment,
    Decisions,
    Earlier,
    Forbid,
    Goal,
    Objectives,
    Pin,
    Weight,
)
from matcher.scenario.entities import (
    PRIVATE_KINDS,
    PUBLIC_KINDS,
    Assumption,
    Beneficiaries,
    ById,
    Capability,
    Channel,
    Currency,
    Dialogue,
    FundingOffer,
    Need,
    Offer,
    Ongoing,
    Ownership,
    Precedence,
    Provenance,
    Provider,
    ProviderKind,
    Rate,
    Repayment,
    State,
    TechnicalOffer,
)
from matcher.scenario.fields import Frozen, OptionKind, Yearly, Years
from matcher.scenario.objectives import ObjectiveName
from matcher.scenario.scenario import Scenario

__all__ = [
    "DEFAULT_ORDER",
    "PRIVATE_KINDS",
    "PUBLIC_KINDS",
    "Assumption",
    "Beneficiaries",
    "ById",
    "Cap",
    "Capability",
    "Channel",
    "Commitment",
    "Currency",
    "Decisions",
    "Dialogue",
    "Earlier",
    "Forbid",
    "Frozen",
    "FundingOffer",
    "Goal",
    "Need",
    "ObjectiveName",
    "Objectives",
    "Offer",
    "Ongoing",
    "OptionKind",
    "Ownership",
    "Pin",
    "Precedence",
    "Provenance",
    "Provider",
    "ProviderKind",
    "Rate",
    "Repayment",
    "Scenario",
    "State",
    "TechnicalOffer",
    "Weight",
    "Yearly",
    "Years",
]
