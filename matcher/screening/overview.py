"""A scenario at a glance, before it is solved: counts, money, options and cautions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from matcher.formulation.need_aggregation import merge
from matcher.scenario import OptionKind, Scenario
from matcher.scenario.eligibility import OptionSet, find_options
from matcher.scenario.entities import Provenance
from matcher.screening.caution import Caution
from matcher.screening.cautions import cautions_of

COUNTED = ("states", "needs", "providers", "offers", "capabilities", "assumptions")


@dataclass(frozen=True)
class Overview:
    """What a scenario holds."""

    scenario: Scenario
    """The scenario."""
    counts: Mapping[str, int]
    """Entities by collection."""
    external_money: int
    """Money over the horizon that is not a State's own, in minor units."""
    own_money: int
    """Money over the horizon that States have for themselves, in minor units."""
    cheapest: int
    """Money that would meet every need that has an option at its cheapest option, in minor units."""
    options: Mapping[str, int]
    """Eligible options by kind."""
    confidence: Mapping[str, int]
    """Statements of provenance by confidence."""
    cautions: tuple[Caution, ...]
    """What the author may want to know."""


def overview_of(scenario: Scenario) -> Overview:
    """Returns a scenario at a glance."""
    merged = merge(scenario)  # like needs have like options: one of them stands for all
    options = find_options(merged.scenario)
    kinds = Counter[OptionKind]()
    for option in options.options:
        kinds[option.kind] += len(merged.members[option.need])
    own, external = _money(scenario)
    collections = ("capabilities", "states", "needs", "providers", "offers", "rates")
    confidence = Counter(
        statement.confidence
        for name in collections
        for entity in getattr(scenario, name)
        for statement in entity.provenance.values()
    )
    return Overview(
        scenario=scenario,
        counts={name: len(getattr(scenario, name)) for name in COUNTED},
        external_money=external,
        own_money=own,
        cheapest=_cheapest(options),
        options={kind: kinds[kind] for kind in get_args(OptionKind)},
        confidence={key: confidence[key] for key in get_args(Provenance.model_fields["confidence"].annotation)},
        cautions=cautions_of(options, merged),
    )


def _money(scenario: Scenario) -> tuple[int, int]:
    """Returns the States' own money and all other money over the horizon."""
    sums = Counter[bool]()
    for offer in scenario.funding:
        own = scenario.provider(offer.provider).state is not None
        sums[own] += sum(scenario.money_at(offer, year) for year in scenario.years)
    return sums[True], sums[False]


def _cheapest(options: OptionSet) -> int:
    """Returns what all needs would cost if each could use its cheapest option throughout."""
    total = 0
    for need in options.scenario.needs:
        prices = [option.granule_price for option in options.of_need[need.id]]
        granule = options.scenario.capability(need.capability).granule
        total += min(prices, default=0) * (need.quantity // granule)
    return total
