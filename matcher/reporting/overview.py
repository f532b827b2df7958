"""A scenario at a glance, before it is solved: counts, money, options and cautions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from matcher.formulation.need_aggregation import merge
from matcher.portfolio.result import scenario_hash
from matcher.reporting import amounts, words
from matcher.reporting.cautions import Caution, cautions_of
from matcher.reporting.layout import clean, section, text_table
from matcher.scenario import OptionKind, Scenario
from matcher.scenario.eligibility import OptionSet, find_options

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
        confidence={key: confidence[key] for key in words.CONFIDENCE},
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


def overview_text(seen: Overview) -> str:
    """Returns a scenario at a glance as text."""
    scenario, currency = seen.scenario, seen.scenario.currency
    lines = [f"{clean(scenario.title) or scenario.name}: valid, {amounts.years(scenario.horizon)}", ""]
    lines += [f"{count:6,} {name}" for name, count in seen.counts.items()]
    money = [
        ("external money over the horizon", amounts.money(seen.external_money, currency)),
        ("own money over the horizon", amounts.money(seen.own_money, currency)),
        ("all needs at their cheapest options", amounts.money(seen.cheapest, currency)),
    ]
    lines += section("Money", text_table(("what", "amount"), money, frozenset({1})))
    kinds = [(words.KINDS[kind], f"{count:,}") for kind, count in seen.options.items()]
    total = f"Options ({sum(seen.options.values()):,})"
    lines += section(total, text_table(("kind", "options"), kinds, frozenset({1})))
    lines += section("Provenance", [f"{count:6,} {words.CONFIDENCE[key]}" for key, count in seen.confidence.items()])
    return "\n".join(lines) + "\n"


def overview_document(seen: Overview) -> dict[str, object]:
    """Returns a scenario at a glance as plain data."""
    scenario = seen.scenario
    return {
        "scenario": scenario.name,
        "scenario_hash": scenario_hash(scenario),
        "title": scenario.title,
        "horizon": [scenario.horizon.first, scenario.horizon.last],
        "currency": scenario.currency.code,
        "counts": dict(seen.counts),
        "money": {"external": seen.external_money, "own": seen.own_money, "needs_at_cheapest": seen.cheapest},
        "options": dict(seen.options),
        "provenance": dict(seen.confidence),
        "warnings": [
            {"code": each.code, "subject": each.subject, **dict(each.details), "text": each.text}
            for each in seen.cautions
        ],
    }
