"""Why offers are not used in full: each answer is tried out on the scenario itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.peers.assignment.arrays import build_arrays
from benchmarks.peers.assignment.formulation import formulate
from generators import Seeded, draw_scenario
from matcher.comparison.tally import tally
from matcher.engine.conflicts.limits import limits_of
from matcher.engine.solving import solve
from matcher.explanation.idle import idle_offers
from matcher.explanation.idle_findings import Idle
from matcher.io import load
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Clock, SolveOptions
from matcher.reporting.idle import IdleSpeaker
from matcher.reporting.languages import languages, table_of
from matcher.scenario import FundingOffer, Scenario
from matcher.scenario.edits import edited
from matcher.scenario.eligibility import find_options
from matcher.solvers.engines import Limits, engine
from matcher.solvers.linear_model import UNLIMITED, LinearObjective, RowBuilder
from smallest_scenario import Changes, small_scenario

TINY = sorted(
    path for path in (Path(__file__).parents[1] / "scenarios" / "tiny").glob("*.yaml") if ".expected" not in path.name
)
OPTIONS = SolveOptions(work=5)


def told(changes: Changes) -> dict[str, Idle]:
    """Returns what is told of the idle offers of a small scenario, by offer."""
    scenario = small_scenario(changes)
    portfolio = solve(scenario, OPTIONS).portfolio
    assert portfolio is not None
    return {each.offer: each for each in idle_offers(scenario, portfolio)}


@cache
def cases() -> list[tuple[Scenario, Portfolio, tuple[Idle, ...]]]:
    """Tiny scenarios by hand and at random, what is proposed for them, and their idle offers."""
    scenarios = [*map(load, TINY), *(draw_scenario(Seeded(seed), states=1 + seed % 3, years=3) for seed in range(24))]
    found = []
    for scenario in scenarios:
        portfolio = solve(scenario, OPTIONS).portfolio
        if portfolio is not None:
            found.append((scenario, portfolio, idle_offers(scenario, portfolio)))
    return found


def test_what_is_met_needs_no_more() -> None:
    """Money that is left where all needs are met."""
    found = told({})
    assert (found["f"].outcome, found["f"].total, found["f"].used) == ("needs_met", 2000, 720)
    assert "t" not in found  # used in full


def test_the_capacity_of_others_holds_money() -> None:
    """With one unit a year less than is needed, only the operator's capacity stands in the way."""
    found = told({"needs.n.quantity": 12})
    assert found["f"].outcome == "held"
    assert [(each.code, each.gain) for each in found["f"].reasons] == [("capacity", 144)]
    assert found["f"].state == "A"


def test_the_money_of_others_holds_work() -> None:
    """A poor donor leaves half of the work undone."""
    found = told({"offers.f.amount": 360, "offers.t.capacity": 9, "needs.n.quantity": 18})
    assert [(each.code, each.gain) for each in found["t"].reasons] == [("budget", 8)]


def test_what_could_be_used_as_things_are() -> None:
    """Where the objectives seek only few engagements, work and money are at hand."""
    changes: Changes = {"objectives": {"order": [{"objective": "cost"}]}}
    found = told(changes)
    assert (found["f"].outcome, found["f"].more) == ("at_hand", 720)
    assert (found["t"].outcome, found["t"].more) == ("at_hand", 10)


def test_who_may_serve_nothing_is_told_the_nearest_need() -> None:
    """Fewest rules first, then the larger need."""
    changes: Changes = {
        "states.B": {"name": "Belmark", "deadline": 2016, "region": "west"},
        "needs.b": {"state": "B", "capability": "clearance", "quantity": 99},
        "offers.far": {"kind": "funding", "provider": "donor", "amount": 5, "states": ["B"], "ownership_floor": 0.5},
        "offers.odd": {"kind": "technical", "provider": "ngo", "capability": "advice", "capacity": 1},
        "capabilities.advice": {"name": "Advice", "unit": "month"},
    }
    found = told(changes)
    assert (found["far"].outcome, found["far"].nearest, found["far"].rules) == (
        "barred",
        "b",
        ("ownership_below_floor",),
    )
    assert (found["odd"].outcome, found["odd"].nearest, found["odd"].rules) == ("barred", None, ())


def _agreed(scenario: Scenario, portfolio: Portfolio, more: dict[str, Any] | None) -> Scenario:
    """The scenario in which all that a portfolio does is agreed, and perhaps a granule more."""
    document = scenario.model_dump()
    flows = [
        flow.model_dump(include={"financier", "implementer", "need", "year", "quantity"}) for flow in portfolio.flows
    ]
    if more is not None:
        key = {name: more[name] for name in ("financier", "implementer", "need", "year")}
        same = [flow for flow in flows if {name: flow[name] for name in key} == key]
        flows = [flow for flow in flows if flow not in same]
        flows.append({**key, "quantity": more["quantity"] + sum(flow["quantity"] for flow in same)})
    document["decisions"] |= {"commitments": tuple(flows), "caps": document["decisions"]["caps"]}
    return Scenario.from_data(document)


def test_where_nothing_is_at_hand_no_granule_can_be_added() -> None:
    """With all flows agreed, a granule more of the offer in its State is impossible, in every year and option."""
    tried = 0
    for scenario, portfolio, found in cases():
        for each in found:
            if each.outcome not in ("held", "together"):
                continue
            for option in find_options(scenario).options:
                if each.offer not in (option.financier, option.implementer) or option.state != each.state:
                    continue
                granule = scenario.capability(scenario.need(option.need).capability).granule
                for year in option.years:
                    flow = {"financier": option.financier, "implementer": option.implementer, "need": option.need}
                    agreed = _agreed(scenario, portfolio, {**flow, "year": year, "quantity": granule})
                    assert solve(agreed, OPTIONS).status == "infeasible", (scenario.name, each, option, year)
                    tried += 1
    assert tried > 50


def _most(scenario: Scenario, portfolio: Portfolio, offer: str) -> Fraction:
    """The most that can be used of an offer in a scenario of one State, by the other formulation and CP-SAT.

    No need gets less than in the portfolio, and no other offer gives less.
    """
    built = formulate(build_arrays(find_options(scenario)))
    arrays, model = built.layout.arrays, built.model
    options = [arrays.option_of(flow) for flow in range(arrays.flows)]
    kept: Counter[str] = Counter()
    terms: dict[str, dict[int, int]] = defaultdict(dict)
    for at, option in enumerate(options):
        granule = scenario.capability(scenario.need(option.need).capability).granule
        terms[f"need {option.need}"][at] = terms[option.implementer][at] = granule
        if option.financier is not None:
            terms[option.financier][at] = option.granule_price
    for flow in portfolio.flows:
        kept[f"need {flow.need}"] += flow.quantity
        kept[flow.implementer] += flow.quantity
        kept[str(flow.financier)] += flow.money
    rows = RowBuilder()
    for key, least in kept.items():
        if key != offer and least:
            row = rows.row(("kept",), lower=least, upper=UNLIMITED)
            rows.terms(row, np.array(list(terms[key])), np.array(list(terms[key].values())))
    lower = model.lower.copy()
    (state,) = scenario.states
    if tally(scenario, portfolio).state(state.id).completes:
        lower[built.layout.complete[state.id]] = 1
    bounded = model.with_bounds(lower, model.upper).with_rows(rows.build(np.maximum(model.upper, 1)))
    coefficient = np.zeros(model.columns, np.int64)
    coefficient[list(terms[offer])] = list(terms[offer].values())
    outcome = engine("cpsat")(bounded, LinearObjective("use", True, coefficient, 1, Fraction(0)), Limits(50.0), Clock())
    assert outcome.status == "optimal"
    assert outcome.bound is not None
    return outcome.bound


def test_gains_are_those_of_another_formulation_and_engine() -> None:
    """What is at hand, and what more without each kind of limit, in scenarios of one State."""
    tried = 0
    for scenario, portfolio, found in cases():
        if len(scenario.states) > 1:
            continue
        for each in found:
            if each.outcome in ("at_hand", "held", "together"):
                assert _most(scenario, portfolio, each.offer) == each.used + each.more
            for reason in each.reasons:
                owned = ("offers", each.offer) if reason.code in ("budget", "capacity") else None
                others = [limit for limit in limits_of(scenario) if limit.owner != owned]
                waivers = [limit.waiver for limit in others if limit.conflict.reason == reason.code]
                assert _most(edited(scenario, *waivers), portfolio, each.offer) == each.used + reason.gain
                tried += 1
    assert tried > 10


def test_offers_that_are_used_in_full_are_not_told() -> None:
    """Every offer with something left, and no other; only those asked about."""
    for scenario, portfolio, found in cases():
        used = {offer.id: 0 for offer in scenario.offers}
        for flow in portfolio.flows:
            used[flow.implementer] += flow.quantity
            if flow.financier is not None:
                used[flow.financier] += flow.money
                terms = scenario.offer(flow.financier).repayment
                if terms is not None:  # in whole units, one flow a year
                    used[terms.offer] += -(-flow.money * (1 + Fraction(terms.premium)) // 1)
        for offer in scenario.offers:
            if isinstance(offer, FundingOffer):
                left = sum(scenario.money_by_year(offer)) - used[offer.id]
            else:
                granule = scenario.capability(offer.capability).granule
                left = sum(scenario.capacity_by_year(offer)) * granule - used[offer.id]
            mine = [each for each in found if each.offer == offer.id]
            assert [each.total - each.used for each in mine] == ([left] if left else [])
    scenario, portfolio, found = cases()[0]
    assert idle_offers(scenario, portfolio, offers=[found[0].offer]) == found[:1]


def test_words_in_every_language() -> None:
    """Every outcome and rule is said, with amounts in their units."""
    outcomes = set()
    for scenario, _, found in cases():
        outcomes |= {each.outcome for each in found}
        for language in languages():
            text = "\n".join(IdleSpeaker(scenario, language).offers(found))
            assert "{" not in text
            assert all(f"({each.offer})".replace("_", "\\_") in text for each in found)
    assert {"needs_met", "held", "at_hand"} <= outcomes
    for language in languages():
        reasons = {limit.conflict.reason for scenario, _, _ in cases() for limit in limits_of(scenario)}
        assert reasons - {"quantity"} <= set(table_of(language)["idle"]["limits"])


@pytest.mark.parametrize("language", languages())
def test_barred_offers_in_words(language: str) -> None:
    """With the nearest need and the rules, or nothing near."""
    scenario = small_scenario({"offers.far": {"kind": "funding", "provider": "donor", "amount": 5, "states": []}})
    found = Idle(offer="far", total=5, used=0, outcome="barred", nearest="n", rules=("state_not_in_reach",))
    table = table_of(language)["idle"]
    first = list(IdleSpeaker(scenario, language).offers([found]))
    assert table["rules"]["state_not_in_reach"] in first[1]
    nothing = Idle(offer="far", total=5, used=0, outcome="barred")
    assert table["nothing_near"] in list(IdleSpeaker(scenario, language).offers([nothing]))[1]
