"""Why a partnership is there: what it adds, what keeps it from being larger, and what would happen without it.

What it *adds* is counted: the same portfolio without its flows, nothing in their place. What happens
*without* it is planned: its two providers are forbidden to work together in the State, whose part is then
planned again, as near to the portfolio as its objectives allow (see `matcher.engine.replanning.near`), all other
States keeping what they have. The difference is the price of a veto; whoever then does more for the
partnership's needs is the next best partner.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import get_args

from matcher.comparison.comparison import compare, state_moved
from matcher.comparison.tally import tally, units_by_partners
from matcher.engine.certificates import rule_prices
from matcher.engine.replanning import AFTER, near
from matcher.execution import Executor, Serial
from matcher.explanation.checking import check_names
from matcher.explanation.contribution_findings import Binding, Contribution, Limiting, Successor, Veto
from matcher.explanation.regrouping import regroup
from matcher.explanation.settings import DEFAULT_EXPLANATION_SETTINGS, ExplanationSettings
from matcher.formulation.formulate import formulate
from matcher.formulation.plans import plan_within, portfolio_of
from matcher.portfolio.partnerships import derive_partnerships, flows_of, forbidding
from matcher.portfolio.portfolio import Flow, Partnership, Portfolio
from matcher.scenario import Decisions, Scenario
from matcher.scenario.edits import WithDecisions, edited
from matcher.verification import verify

SPARED = AFTER
"""Objectives that a plan without a partnership is not optimised for: staying near the portfolio matters more."""
PRICED = "coverage"
"""Objective in which limits are priced."""

ORDER: tuple[Limiting, ...] = get_args(Limiting)
LIMITS: Mapping[tuple[int, bool], Limiting] = {
    (1, True): "budget",
    (2, True): "capacity",
    (3, False): "need",
    (3, True): "need_per_year",
    (4, True): "absorption",
    (5, True): "precedence",
    (8, True): "matching",
    (10, True): "cap",
    (10, False): "cap",
}
"""Limits on amounts: the rule of the model by number, and whether it is about a year."""


@dataclass(frozen=True)
class _Case:
    """A portfolio whose partnerships are to be explained, for pieces that run anywhere."""

    scenario: Scenario
    portfolio: Portfolio
    prices: Mapping[str, Sequence[Sequence[object]]]
    settings: ExplanationSettings


def contributions(
    scenario: Scenario,
    portfolio: Portfolio,
    *,
    partnerships: Collection[str] = (),
    needs: Collection[str] = (),
    states: Collection[str] = (),
    providers: Collection[str] = (),
    executor: Executor | None = None,
    settings: ExplanationSettings = DEFAULT_EXPLANATION_SETTINGS,
) -> tuple[Contribution, ...]:
    """Returns why partnerships are in a portfolio.

    Parameters
    ----------
    scenario, portfolio
        A valid portfolio of the scenario.
    partnerships, needs, states, providers
        Ids of those asked about; partnerships of any of them are explained, all where none is given.
    settings
        What the search is tuned by, for whoever studies it.

    Raises
    ------
    InvalidOptions
        if there is no partnership of that id.
    """
    found = derive_partnerships(scenario, portfolio)
    check_names(partnerships, [each.id for each in found], "partnership")
    every = not any((partnerships, needs, states, providers))
    asked = [
        each
        for each in found
        if every
        or each.id in partnerships
        or set(each.needs) & set(needs)
        or each.state in states
        or {each.financier, each.implementer} & set(providers)
    ]
    run = executor or Serial()
    prices = rule_prices(scenario, PRICED, settings.engine) if asked else {}
    case = run.share(_Case(scenario, portfolio, prices, settings))
    return tuple(run.map(merit, asked, shared=case))


def merit(case: _Case, partnership: Partnership) -> Contribution:
    """Returns why one partnership is in a portfolio."""
    scenario, portfolio = case.scenario, case.portfolio
    gone = set(flows_of(scenario, portfolio, partnership))
    left = without_flows(scenario, portfolio, gone)
    adds = state_moved(scenario, tally(scenario, portfolio), tally(scenario, left), partnership.state)
    return Contribution(
        partnership=partnership.id,
        state=partnership.state,
        adds=adds,
        binding=tuple(_binding(case, sorted(gone, key=Flow.key))),
        veto=vetoed(scenario, portfolio, partnership, case.settings),
    )


def without_flows(scenario: Scenario, portfolio: Portfolio, gone: Collection[Flow]) -> Portfolio:
    """Returns a portfolio without some flows, nor engagements of offers that gave a State nothing else."""
    left = portfolio.with_fields(flows=tuple(flow for flow in portfolio.flows if flow not in gone))
    idle = tally(scenario, portfolio).placed.keys() - tally(scenario, left).placed.keys()
    kept = tuple(each for each in portfolio.engagements if (each.offer, each.state) not in idle)
    return left.with_fields(engagements=kept)


def vetoed(
    scenario: Scenario,
    portfolio: Portfolio,
    partnership: Partnership,
    settings: ExplanationSettings = DEFAULT_EXPLANATION_SETTINGS,
) -> Veto:
    """Returns what happens if a partnership's providers may not work together in its State."""
    forbidden = _forbidden(scenario, partnership)
    ordered = forbidden.objectives.weights is None
    changed = near(forbidden, portfolio) if ordered else forbidden
    formulation = formulate(changed)
    if formulation.impossible:
        return Veto(outcome="decided")
    place = changed.index.states[partnership.state]
    found = regroup(formulation, plan_within(formulation, portfolio), [place], SPARED, settings)
    if found.plan is None:
        return Veto(outcome="impossible" if found.proven else "unknown")
    other = portfolio_of(formulation, found.plan)
    return Veto(
        outcome="planned",
        comparison=compare(scenario, portfolio, changed, other),
        proven=found.proven,
        successors=tuple(_successors(scenario, portfolio, other, partnership))[: settings.most_successors],
    )


def _forbidden(scenario: Scenario, partnership: Partnership) -> Scenario:
    return edited(scenario, WithDecisions(Decisions(forbids=forbidding(scenario, partnership))))


def _successors(
    scenario: Scenario, before: Portfolio, after: Portfolio, partnership: Partnership
) -> Iterator[Successor]:
    """Pairs of providers that do more for one of the partnership's needs, the largest share of it first."""
    more = units_by_partners(scenario, after)
    more.subtract(units_by_partners(scenario, before))

    def rank(key: tuple[str | None, str, str]) -> tuple[Fraction, str, str, str]:
        return Fraction(-more[key], scenario.need(key[2]).quantity), key[0] or "", key[1], key[2]

    for key in sorted((each for each in more if more[each] > 0 and each[2] in partnership.needs), key=rank):
        yield Successor(financier=key[0], implementer=key[1], need=key[2], quantity=more[key])


def _binding(case: _Case, flows: Sequence[Flow]) -> Iterator[Binding]:
    """Limits on amounts that the checker finds broken if one flow is a granule larger, nothing else changing."""
    years: dict[tuple[Limiting, str], set[int]] = defaultdict(set)
    for flow in flows:
        for each in verify(case.scenario, _enlarged(case, flow)).violations:
            rule = LIMITS.get((each.rule, each.year is not None))
            if rule is not None:
                years[rule, each.who[0]] |= set() if each.year is None else {each.year}
    for rule, subject in sorted(years, key=lambda key: (ORDER.index(key[0]), key[1])):
        found = tuple(sorted(years[rule, subject]))
        yield Binding(rule=rule, subject=subject, years=found, price=_price(case, rule, subject, found))


def _enlarged(case: _Case, larger: Flow) -> Portfolio:
    """The portfolio with a granule more of one flow, and the money for it."""
    found = []
    for flow in case.portfolio.flows:
        granule = case.scenario.capability(case.scenario.need(flow.need).capability).granule
        more = granule if flow == larger else 0
        money = flow.money + flow.money * more // flow.quantity
        changes = {"quantity": flow.quantity + more, "money": money}
        found.append(flow.model_copy(update=changes))  # perhaps more than a field holds: the checker is to refuse it
    return case.portfolio.with_fields(flows=tuple(found))


def _price(case: _Case, rule: Limiting, subject: str, years: tuple[int, ...]) -> str | None:
    """The largest price of a limit in some years; none of limits that are not amounts of one thing."""
    if rule in ("matching", "cap"):
        return None
    found = [
        Decimal(str(instance[-1]))
        for instance in case.prices.get(rule, ())
        if instance[0] == subject and instance[-2] in years
    ]
    price = max(found, default=Decimal(0))
    return f"{price:.5E}" if price > 0 else None
