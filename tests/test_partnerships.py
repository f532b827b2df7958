"""What a portfolio's agreements hold, on one small hand-made portfolio and on random ones."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from matcher.portfolio.partnerships import derive_partnerships
from matcher.portfolio.portfolio import Partnership
from matcher.scenario import Scenario
from sample_result import ENGAGEMENTS, FLOWS, SCENARIO, Row, sample_portfolio, sample_scenario


def derived(scenario: Scenario | None = None, **parts: Any) -> dict[str, Partnership]:
    """Returns the sample's partnerships by id."""
    scenario = scenario or sample_scenario()
    return {each.id: each for each in derive_partnerships(scenario, sample_portfolio(scenario, **parts))}


def test_groups_by_state_partners_and_kind() -> None:
    """Each State, financier, implementer and kind is one agreement with a readable name, in order."""
    assert list(derived()) == [
        "AAA-fund-ngo-2026",
        "AAA-gov-gov-2026",
        "AAA-nor-ngo-2026",
        "BBB-ecu-2026",
        "BBB-fund-ngo-2026",
    ]


def test_fields_of_one_agreement() -> None:
    """An agreement names its partners, kind, needs, years and money."""
    agreement = derived()["AAA-nor-ngo-2026"]
    assert (agreement.state, agreement.financier, agreement.implementer) == ("AAA", "nor", "ngo")
    assert (agreement.kind, agreement.needs, agreement.money) == ("operator", ("A1",), 140)
    assert (agreement.years.first, agreement.years.last) == (2026, 2029)


def test_work_in_kind_has_no_financier() -> None:
    """Work in kind is an agreement without money, and only its implementer commits."""
    agreement = derived()["BBB-ecu-2026"]
    assert agreement.financier is None
    assert agreement.money == 0
    assert [commitment.role for commitment in agreement.commitments] == ["delivers"]
    assert [duty.duty for duty in agreement.responsibilities] == ["lead", "deliver"]


@pytest.mark.parametrize("gone", [None, "nor-grant", "ngo-clears"])
def test_year_without_flow_is_a_break(gone: str | None) -> None:
    """One agreement spans all years of its partners; a year between without flow is a break, engaged or not."""
    engagements = tuple(each for each in ENGAGEMENTS if each[:2] != (gone, "AAA"))
    if gone:
        engagements += ((gone, "AAA", 2026, 2027), (gone, "AAA", 2029, 2029))
    agreement = derived(engagements=engagements)["AAA-nor-ngo-2026"]
    assert [(each.year, each.amount) for each in agreement.commitments[0].amounts] == [
        (2026, 60),
        (2027, 40),
        (2029, 40),
    ]
    assert [(each.first, each.last) for each in agreement.breaks] == [(2028, 2028)]
    assert not derived(engagements=engagements)["AAA-gov-gov-2026"].breaks


def test_offers_of_the_same_partners_make_one_agreement() -> None:
    """Whichever of its offers a provider gives from, over however long a break."""
    scenario = sample_scenario(
        offers={
            **SCENARIO["offers"],
            "nor-second": {"kind": "funding", "provider": "nor", "amount": 1000},
            "ngo-second": {
                "kind": "technical",
                "provider": "ngo",
                "capability": "clearance",
                "capacity": 500,
                "price": 2,
            },
        }
    )
    flows: tuple[Row, ...] = (
        ("nor-grant", "ngo-clears", "A1", 2026, "operator", 10, 20),
        ("nor-second", "ngo-second", "A1", 2029, "operator", 10, 20),
    )
    (agreement,) = derived(scenario, flows=flows, engagements=()).values()
    assert (agreement.years.first, agreement.years.last, agreement.money) == (2026, 2029, 40)
    assert [(each.first, each.last) for each in agreement.breaks] == [(2027, 2028)]


def test_commitments_are_yearly_per_offer() -> None:
    """The financier commits money and the implementer units, per offer and year."""
    pays, delivers = derived()["AAA-nor-ngo-2026"].commitments
    assert (pays.partner, pays.offer, pays.role, pays.capability) == ("nor", "nor-grant", "finances", None)
    assert (delivers.partner, delivers.offer, delivers.role) == ("ngo", "ngo-clears", "delivers")
    assert delivers.capability == "clearance"
    assert [(each.year, each.amount) for each in delivers.amounts] == [(2026, 30), (2027, 20), (2029, 20)]


def test_responsibilities_of_plain_money() -> None:
    """The State's authority leads, the financier pays, the implementer delivers each need."""
    duties = derived()["AAA-nor-ngo-2026"].responsibilities
    assert [(duty.partner, duty.duty, duty.need) for duty in duties] == [
        ("AAA", "lead", None),
        ("nor", "finance", None),
        ("ngo", "deliver", "A1"),
    ]


def test_responsibilities_of_prefinancing() -> None:
    """Money that is paid back has a provider that prepays and one that repays, and none that finances."""
    duties = derived()["BBB-fund-ngo-2026"].responsibilities
    assert [(duty.partner, duty.duty) for duty in duties] == [
        ("BBB", "lead"),
        ("fund", "prepay"),
        ("union", "repay"),
        ("ngo", "deliver"),
    ]


def test_match_names_public_external_money_of_that_state_and_year() -> None:
    """Matched money names those who match: not the State itself, not private, not of another year."""
    extra: tuple[Row, ...] = (("union-grant", "ngo-clears", "A1", 2027, "operator", 10, 20),)
    duties = derived(flows=FLOWS + extra)["AAA-fund-ngo-2026"].responsibilities
    assert [duty.partner for duty in duties if duty.duty == "match"] == ["nor"]


def test_targets_add_up_with_people_rounded_down() -> None:
    """A target says what is delivered by the end of a year, with people in proportion, rounded down."""
    targets = derived()["AAA-nor-ngo-2026"].targets
    assert [(target.by, target.quantity) for target in targets] == [(2026, 30), (2027, 50), (2029, 70)]
    people = targets[1].beneficiaries
    assert people is not None
    assert (people.women, people.men, people.girls, people.boys) == (5, 5, 3, 2)  # 50/90 of 10, 9, 7, 5


def test_need_without_beneficiaries_has_targets_that_are_missing_in_part() -> None:
    """Targets that are not by sex and age stand there, and are named as missing."""
    agreement = derived()["BBB-ecu-2026"]
    assert agreement.targets[0].beneficiaries is None
    assert agreement.targets[0].quantity == 5
    assert agreement.missing == ("targets", "multi_year_commitment")


@pytest.mark.parametrize(
    ("per_year", "months"),
    [(1, [6]), (2, [3, 9]), (3, [2, 6, 10]), (4, [2, 5, 8, 11]), (12, list(range(1, 13)))],
)
def test_meetings_are_spread_over_the_year(per_year: int, months: list[int]) -> None:
    """Meetings fall in the middle of their shares of the year, in every year of the agreement."""
    scenario = sample_scenario(dialogue={"meetings_per_year": per_year, "format": "round table"})
    meetings = derived(scenario)["AAA-nor-ngo-2026"].dialogue
    assert [meeting.month for meeting in meetings if meeting.year == 2028] == months
    assert {meeting.year for meeting in meetings} == {2026, 2027, 2028, 2029}
    assert {meeting.format for meeting in meetings} == {"round table"}


@pytest.mark.parametrize("per_year", range(1, 13))
def test_no_two_meetings_share_a_month(per_year: int) -> None:
    """However many meetings a year has, up to twelve, each has a month of its own."""
    scenario = sample_scenario(dialogue={"meetings_per_year": per_year})
    months = [meeting.month for meeting in derived(scenario)["BBB-ecu-2026"].dialogue]
    assert len(set(months)) == per_year


def test_state_dialogue_comes_before_the_scenarios() -> None:
    """A State's own dialogue stands in place of the scenario's."""
    states = {**SCENARIO["states"], "AAA": {**SCENARIO["states"]["AAA"], "dialogue": {"meetings_per_year": 1}}}
    found = derived(sample_scenario(states=states))
    assert len(found["AAA-gov-gov-2026"].dialogue) == 1
    assert len(found["BBB-ecu-2026"].dialogue) == 2


def test_missing_parts() -> None:
    """What the scenario gives no ground for is named, in the order of the parts; the rest is not."""
    assert derived()["AAA-nor-ngo-2026"].missing == ()
    silent = derived(sample_scenario(dialogue=None))
    assert silent["AAA-nor-ngo-2026"].missing == ("dialogue",)
    assert silent["BBB-ecu-2026"].missing == ("targets", "multi_year_commitment", "dialogue")
    assert silent["BBB-ecu-2026"].dialogue == ()


def test_same_partners_in_two_kinds_have_two_names() -> None:
    """Two agreements of the same partners and first year are told apart by their kind."""
    flows: tuple[Row, ...] = (
        ("fund-match", "ngo-clears", "A1", 2026, "public-private", 10, 20),
        ("fund-loan", "ngo-clears", "A1", 2026, "operator", 10, 20),
    )
    assert list(derived(flows=flows)) == ["AAA-fund-ngo-2026-operator", "AAA-fund-ngo-2026-public-private"]


def test_names_stay_unique_where_ids_hold_hyphens() -> None:
    """Ids that run into each other do not give two agreements one name."""
    providers = {
        **SCENARIO["providers"],
        "a": {"name": "A", "kind": "donor_state"},
        "a-b": {"name": "A B", "kind": "donor_state"},
        "b-ngo": {"name": "B", "kind": "operator"},
    }
    offers = {
        "one": {"kind": "funding", "provider": "a", "amount": 100},
        "two": {"kind": "funding", "provider": "a-b", "amount": 100},
        "works": {**SCENARIO["offers"]["ngo-clears"], "provider": "b-ngo"},
        **SCENARIO["offers"],
    }
    flows: tuple[Row, ...] = (
        ("one", "works", "A1", 2026, "operator", 10, 20),
        ("two", "ngo-clears", "A1", 2026, "operator", 10, 20),
    )
    found = derived(sample_scenario(providers=providers, offers=offers), flows=flows)
    assert list(found) == ["AAA-a-b-ngo-2026-operator", "AAA-a-b-ngo-2026-operator-2"]


@pytest.mark.parametrize("seed", range(40))
def test_every_unit_and_all_money_stands_in_exactly_one_agreement(seed: int) -> None:
    """Over all agreements the commitments add up to the portfolio, per offer and year."""
    chance = random.Random(seed)
    flows, engagements = _random_flows(chance)
    scenario = sample_scenario()
    portfolio = sample_portfolio(scenario, flows, engagements)
    agreements = derive_partnerships(scenario, portfolio)
    committed: Counter[tuple[str, str, int]] = Counter()
    for agreement in agreements:
        for commitment in agreement.commitments:
            for each in commitment.amounts:
                committed[agreement.state, commitment.offer, each.year] += each.amount
    wanted: Counter[tuple[str, str, int]] = Counter()
    for flow in portfolio.flows:
        state = scenario.need(flow.need).state
        wanted[state, flow.implementer, flow.year] += flow.quantity
        if flow.financier:
            wanted[state, flow.financier, flow.year] += flow.money
    assert committed == wanted
    assert sum(agreement.money for agreement in agreements) == sum(flow.money for flow in portfolio.flows)
    assert len({agreement.id for agreement in agreements}) == len(agreements)
    assert len({(each.state, each.financier, each.implementer, each.kind) for each in agreements}) == len(agreements)


def test_order_of_the_flows_does_not_matter() -> None:
    """The same flows in another order give the same agreements."""
    assert derived() == derived(flows=FLOWS[::-1], engagements=ENGAGEMENTS[::-1])
    assert list(derived()) == list(derived(flows=FLOWS[::-1]))


def test_empty_portfolio_has_no_agreements() -> None:
    """No flows, no agreements; an engagement without flow is none."""
    assert derived(flows=()) == {}


def test_flow_paid_by_a_technical_offer_is_refused() -> None:
    """A portfolio in which a technical offer pays is an error that names the offer."""
    flows: tuple[Row, ...] = (("ngo-clears", "ngo-clears", "A1", 2026, "operator", 10, 20),)
    with pytest.raises(TypeError, match="ngo-clears"):
        derived(flows=flows)


def _random_flows(chance: random.Random) -> tuple[tuple[Row, ...], tuple[tuple[str, str, int, int], ...]]:
    """Returns random flows through the sample's options, with gaps, and random engagements."""
    options = [
        (financier, implementer, need, kind, price)
        for need in ("A1", "B1")
        for financier, implementer, kind, price in (
            ("nor-grant", "ngo-clears", "operator", 2),
            ("union-grant", "ngo-clears", "operator", 2),
            ("fund-match", "ngo-clears", "public-private", 2),
            ("fund-loan", "ngo-clears", "public-private", 2),
            ("nor-grant", "gov-clears", "bilateral", 1),
        )
    ]
    flows = [
        (financier, implementer, need, year, kind, quantity, price * quantity)
        for financier, implementer, need, kind, price in options
        for year in range(2026, 2030)
        if chance.random() < 0.4 and (quantity := 10 * chance.randint(1, 3))
    ]
    engagements = [
        (offer, state, 2026, chance.randint(2026, 2029))
        for offer in ("nor-grant", "union-grant", "fund-match", "fund-loan", "ngo-clears", "gov-clears")
        for state in ("AAA", "BBB")
        if chance.random() < 0.5
    ]
    return tuple(flows), tuple(engagements)
