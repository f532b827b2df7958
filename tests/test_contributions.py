"""Why partnerships are there: what they add is counted, what binds them is broken by more, a veto is planned."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from generators import Seeded, draw_scenario
from matcher.comparison.tally import tally
from matcher.engine.replanning import near
from matcher.engine.solving import solve
from matcher.errors import InvalidOptions
from matcher.explanation.contribution_findings import Contribution
from matcher.explanation.contributions import contributions, without_flows
from matcher.io import load
from matcher.portfolio.partnerships import derive_partnerships, flows_of, forbidding
from matcher.portfolio.portfolio import Flow, Portfolio
from matcher.portfolio.result import SolveOptions
from matcher.reporting.languages import languages
from matcher.reporting.merits import MeritSpeaker
from matcher.rounds.decisions import Decision, with_decisions
from matcher.scenario import Decisions, Scenario
from matcher.units import fraction
from smallest_scenario import Changes, small_scenario

TINY = sorted(
    path for path in (Path(__file__).parents[1] / "scenarios" / "tiny").glob("*.yaml") if ".expected" not in path.name
)
TWO_OPERATORS: Changes = {
    "offers.u": {"kind": "technical", "provider": "other", "capability": "clearance", "capacity": 10, "price": 90},
    "providers.other": {"name": "Another operator", "kind": "operator"},
    "offers.f.amount": 360,
    "needs.n.completes": True,
}


def proposed(scenario: Scenario) -> Portfolio | None:
    """Returns what is proposed for a scenario."""
    return solve(scenario, SolveOptions(work=5)).portfolio


@cache
def cases() -> list[tuple[Scenario, Portfolio, tuple[Contribution, ...]]]:
    """Tiny scenarios by hand and at random, what is proposed for them, and why each partnership is there."""
    scenarios = [*map(load, TINY), *(draw_scenario(Seeded(seed), states=1 + seed % 2, years=3) for seed in range(24))]
    found = []
    for scenario in scenarios:
        portfolio = proposed(scenario)
        if portfolio is not None and portfolio.flows:
            found.append((scenario, portfolio, contributions(scenario, portfolio)))
    return found


def test_what_a_partnership_adds_binds_it_and_its_veto() -> None:
    """The cheaper operator's capacity and the donor's budget bind; without it, the dearer one does what it can."""
    scenario = small_scenario(TWO_OPERATORS)
    portfolio = proposed(scenario)
    assert portfolio is not None
    (found,) = contributions(scenario, portfolio)
    assert (found.partnership, found.state) == ("A-donor-ngo-2015", "A")
    assert found.adds is not None
    assert (found.adds.coverage, found.adds.completes, found.adds.completion_year) == (
        ("1", "0"),
        (True, False),
        (2016, None),
    )
    years = (2015, 2016)
    assert [(each.rule, each.subject, each.years) for each in found.binding] == [
        ("need", "n", ()),
        ("budget", "f", years),
        ("capacity", "t", years),
    ]
    veto = found.veto
    assert (veto.outcome, veto.proven) == ("planned", True)
    assert veto.comparison is not None
    assert veto.comparison.states[0].coverage == ("1", "4/5")
    assert [(each.financier, each.implementer, each.need, each.quantity) for each in veto.successors] == [
        ("donor", "other", "n", 8)
    ]


def test_a_decided_partnership_cannot_be_vetoed() -> None:
    """What is agreed stays; what another State's part needs is not taken from it."""
    agreed = {"financier": "f", "implementer": "t", "need": "n", "year": 2015, "quantity": 1}
    scenario = small_scenario(TWO_OPERATORS | {"decisions.commitments": [agreed]})
    portfolio = proposed(scenario)
    assert portfolio is not None
    assert contributions(scenario, portfolio)[0].veto.outcome == "decided"
    pinned = small_scenario({"decisions.pins": [{"offer": "t", "state": "A"}]})
    portfolio = proposed(pinned)
    assert portfolio is not None
    assert contributions(pinned, portfolio)[0].veto.outcome in ("decided", "impossible")


def test_only_what_is_asked_about() -> None:
    """By id, State or provider; an unknown id is refused with the nearest."""
    changes = TWO_OPERATORS | {"offers.t.capacity": 3, "offers.f.amount": 5000, "needs.n.quantity": 26}
    scenario = small_scenario(changes)
    portfolio = proposed(scenario)
    assert portfolio is not None
    every = contributions(scenario, portfolio)
    assert len(every) == 2
    assert [each.partnership for each in contributions(scenario, portfolio, providers=["ngo"])] == ["A-donor-ngo-2015"]
    assert contributions(scenario, portfolio, states=["A"]) == every
    assert contributions(scenario, portfolio, partnerships=[every[1].partnership]) == every[1:]
    with pytest.raises(InvalidOptions, match="did you mean 'A-donor-ngo-2015'"):
        contributions(scenario, portfolio, partnerships=["A-donor-ngos-2015"])


def test_what_is_added_is_what_a_count_without_it_lacks() -> None:
    """Coverage of the State in the checker's own figures, with the flows and without."""
    counted = 0
    for scenario, portfolio, found in cases():
        partnerships = {each.id: each for each in derive_partnerships(scenario, portfolio)}
        for each in found:
            gone = flows_of(scenario, portfolio, partnerships[each.partnership])
            left = without_flows(scenario, portfolio, gone)
            before, after = (tally(scenario, side).state(each.state).coverage for side in (portfolio, left))
            if each.adds is not None:
                assert tuple(map(fraction, each.adds.coverage)) == (before, after)
                counted += before > after
    assert counted > 40


def test_one_granule_more_breaks_what_binds_and_nothing_else() -> None:
    """Limits that bind are counted by hand: what is used of capacities, budgets without ledgers, needs, absorption."""
    checked = 0
    for scenario, portfolio, found in cases():
        partnerships = {each.id: each for each in derive_partnerships(scenario, portfolio)}
        for each in found:
            flows = flows_of(scenario, portfolio, partnerships[each.partnership])
            said = {(binding.rule, binding.subject, year) for binding in each.binding for year in binding.years}
            for subject, year, full in _full(scenario, portfolio, flows):
                assert (("capacity", subject, year) in said) == full
                checked += full
            for need in {flow.need for flow in flows}:
                more = max(_granule(scenario, flow) for flow in flows if flow.need == need)
                has = scenario.need(need).delivered + sum(f.quantity for f in portfolio.flows if f.need == need)
                full = has + more > scenario.need(need).quantity
                assert any((b.rule, b.subject) == ("need", need) for b in each.binding) == full
                checked += full
    assert checked > 40


def _granule(scenario: Scenario, flow: Flow) -> int:
    return scenario.capability(scenario.need(flow.need).capability).granule


def _full(scenario: Scenario, portfolio: Portfolio, flows: tuple[Flow, ...]) -> Iterator[tuple[str, int, bool]]:
    """Capacities that some flows draw on, by offer and year: whether a granule more of one flow is too much."""
    for offer, year in {(flow.implementer, flow.year) for flow in flows}:
        worker = scenario.technical_offer(offer)
        used = sum(flow.quantity for flow in portfolio.flows if (flow.implementer, flow.year) == (offer, year))
        more = max(_granule(scenario, flow) for flow in flows if (flow.implementer, flow.year) == (offer, year))
        yield offer, year, used + more > worker.capacity.at(year)


def test_a_proven_price_is_that_of_a_full_plan() -> None:
    """In scenarios of one State, planning all again under the same forbids is no better, objective by objective."""
    compared = 0
    for scenario, portfolio, found in cases():
        if len(scenario.states) > 1 or scenario.objectives.weights is not None:
            continue
        partnerships = {each.id: each for each in derive_partnerships(scenario, portfolio)}
        for each in found:
            forbids = forbidding(scenario, partnerships[each.partnership])
            decision = Decision(kind="forbid", said="x", makes=Decisions(forbids=forbids))
            changed = near(with_decisions(scenario, [decision]), portfolio)
            full = solve(changed, SolveOptions(work=20), start=portfolio)
            if each.veto.outcome in ("decided", "impossible"):
                assert full.status in ("infeasible", "no_portfolio")
            elif each.veto.proven and full.status == "optimal" and each.veto.comparison is not None:
                moved = {one.subject: fraction(one.after) for one in each.veto.comparison.objectives}
                figures = {one.objective: fraction(one.exact) for one in full.figures}
                for goal in [goal for goal in changed.order() if goal.objective in ("completions", "coverage")]:
                    value = figures[goal.objective]
                    assert abs(value - moved[goal.objective]) <= abs(value) * Fraction(12, 1000)
                compared += 1
    assert compared > 10


def test_a_dearer_partner_takes_over() -> None:
    """A hundred times the price is no reason to leave the work undone where there is money: the veto costs money."""
    scenario = small_scenario(
        {
            "offers.t.price": 1,
            "offers.t.capacity": 10,
            "offers.f.amount": 2000,
            "offers.u": {
                "kind": "technical",
                "provider": "other",
                "capability": "clearance",
                "capacity": 10,
                "price": 100,
            },
            "providers.other": {"name": "Another operator", "kind": "operator"},
        }
    )
    portfolio = proposed(scenario)
    assert portfolio is not None
    (found,) = (each for each in contributions(scenario, portfolio) if "ngo" in each.partnership)
    assert found.veto.comparison is not None
    assert found.veto.comparison.states[0].coverage == ("1", "1")
    assert [(each.implementer, each.quantity) for each in found.veto.successors] == [("other", 10)]


@pytest.mark.parametrize(
    ("name", "rule", "subject"),
    [
        ("partner-limit", "need", None),
        ("pins-and-forbids", "cap", "NLD-money"),
        ("matched-private-money", "matching", "BIH"),
    ],
)
def test_what_binds_is_so(name: str, rule: str, subject: str | None) -> None:
    """No need is said to be met that is not, and caps and matching are named where they bind."""
    path = next(each for each in TINY if each.stem == name)
    scenario = load(path)
    portfolio = proposed(scenario)
    assert portfolio is not None
    said = {(each.rule, each.subject) for merit in contributions(scenario, portfolio) for each in merit.binding}
    open_needs = {
        need.id
        for need in scenario.needs
        if sum(flow.quantity for flow in portfolio.flows if flow.need == need.id) < need.quantity
    }
    assert not {("need", need) for need in open_needs} & said
    if subject is not None:
        assert (rule, subject) in said


def test_words_in_every_language() -> None:
    """Every kind of outcome and limit is said; nothing is left unformatted."""
    for scenario, portfolio, found in cases():
        for language in languages():
            speaker = MeritSpeaker(scenario, derive_partnerships(scenario, portfolio), language)
            text = "\n".join(speaker.merits(found))
            assert all(each.partnership.replace("_", "\\_") in text for each in found)
            assert "{" not in text
