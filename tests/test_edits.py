"""The one way to change a scenario: what each edit makes different, and that nothing else is."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from matcher.engine.conflicts.limits import limits_of
from matcher.errors import InvalidEdit, InvalidScenario
from matcher.explanation.findings import Goal
from matcher.explanation.limits_against import limits_against
from matcher.formulation.formulate import formulate
from matcher.io import load
from matcher.scenario import (
    Cap,
    Commitment,
    Decisions,
    Forbid,
    FundingOffer,
    Objectives,
    Pin,
    Provider,
    Scenario,
    TechnicalOffer,
    Yearly,
    Years,
)
from matcher.scenario.edits import (
    AllowAgain,
    BetterOwnership,
    Deadline,
    Edit,
    FurtherOffer,
    LargerShare,
    Lengthen,
    LiftCap,
    MoreAbsorption,
    MorePartners,
    Only,
    OnlyStates,
    RaiseMoney,
    RaiseNeed,
    RaiseYear,
    ReplaceDecisions,
    ReplaceObjectives,
    WaiveLeastEngagement,
    WaiveLimit,
    WaiveMinimum,
    Waiver,
    WithDecisions,
    WithOffer,
    decisions_with,
    edited,
    grant,
)
from matcher.units import MAX_MONEY, MAX_QUANTITY
from smallest_scenario import Changes, small_document, small_scenario

OWNERSHIP = dict.fromkeys(
    (
        "high_level_interest",
        "empowered_entities",
        "measures_articulated",
        "challenges_planned",
        "financial_commitment",
    ),
    0.5,
)
EUROS: Changes = {"rates.EUR": {"rate": 1.5}, "offers.f.currency": "EUR", "offers.f.min_per_state": 101}
AFTER: Changes = {"needs.m": {"state": "A", "capability": "clearance", "quantity": 4, "after": [{"need": "n"}]}}
NO_N: dict[str, Any] = {"offer": "f", "need": "n"}
CAPS: list[dict[str, Any]] = [
    {"offer": "f", "state": "A", "money": 5},
    {"offer": "f", "state": "A", "share": 0.5, "per": "year"},
]
CAP = Cap(offer="f", state="A", share=Decimal("0.5"), per="year")
AGREED: dict[str, Any] = {"financier": "f", "implementer": "t", "need": "n", "year": 2015, "quantity": 2}
BEFORE: Changes = {
    "offers.f.carried_in": {2016: 20},
    "offers.f.debts": {2015: 10},
    "offers.f.ongoing": [{"state": "A", "amount": 3}],
}
"""Twenty euros left and ten owed from before the horizon, and three given then."""
NEWCOMER = Provider(id="new", name="New", kind="operator")
TEAM = TechnicalOffer(id="u", kind="technical", provider="new", capability="clearance", capacity=Yearly(3))
TEAM_WRITTEN = {"kind": "technical", "provider": "new", "capability": "clearance", "capacity": 3}

CASES: dict[str, tuple[Changes, list[Edit], Changes]] = {
    "a limit of an offer": ({"offers.f.match": 2}, [WaiveLimit("offers", "f", "match")], {"offers.f.match": None}),
    "a limit of a State": ({"states.A.max_partners": 2}, [WaiveLimit("states", "A", "max_partners")], {}),
    "a limit of a need": ({"needs.n.years": [2015, 2015]}, [WaiveLimit("needs", "n", "years")], {}),
    "a year of as many": (
        {},
        [RaiseYear("offers", "f", "amount", 2016, 7000)],
        {"offers.f.amount": {2015: 1000, 2016: 7000}},
    ),
    "a year of some, twice": (
        {"offers.t.capacity": {2015: 3}},
        [RaiseYear("offers", "t", "capacity", 2015, 2), RaiseYear("offers", "t", "capacity", 2016, 9)],
        {"offers.t.capacity": {2015: 3, 2016: 9}},
    ),
    "a need": ({}, [RaiseNeed("n", 99)], {"needs.n.quantity": 99}),
    "a need that is met as a whole": (
        {"needs.n.indivisible": True},
        [RaiseNeed("n", 99)],
        {"needs.n.indivisible": True},
    ),
    "a need that others follow": (AFTER, [RaiseNeed("n", 99)], AFTER),
    "a need that others followed": (
        AFTER,
        [WaiveLimit("needs", "m", "after"), RaiseNeed("n", 99)],
        {**AFTER, "needs.m.after": [], "needs.n.quantity": 99},
    ),
    "a cap": (
        {"decisions.caps": CAPS},
        [LiftCap(CAP, 1)],
        {"decisions.caps": [CAPS[0], {"offer": "f", "state": "A", "money": MAX_MONEY, "per": "year"}]},
    ),
    "a forbid that stands twice": (
        {"decisions.forbids": [NO_N, {"offer": "t", "need": "n"}, NO_N]},
        [AllowAgain(Forbid(offer="f", need="n"))],
        {"decisions.forbids": [{"offer": "t", "need": "n"}]},
    ),
    "partners": ({"states.A.max_partners": 2}, [MorePartners("A", 3)], {"states.A.max_partners": 5}),
    "absorption of every year": ({"states.A.absorption": 5}, [MoreAbsorption("A", 3)], {"states.A.absorption": 8}),
    "absorption of some years": (
        {"states.A.absorption": {2016: 5, 2020: 6}},
        [MoreAbsorption("A", 3)],
        {"states.A.absorption": {2015: 3, 2016: 8}},
    ),
    "a deadline": ({"states.A.deadline": 2015}, [Deadline("A", 2016)], {}),
    "ownership": (
        {"states.A.ownership": OWNERSHIP},
        [BetterOwnership("A", "empowered_entities", 250_001)],
        {"states.A.ownership": {**OWNERSHIP, "empowered_entities": 0.750001}},
    ),
    "an offer that begins earlier": (
        {"offers.f.years": [2016, 2016], "offers.f.amount": {2016: 40, 2017: 3}},
        [Lengthen("f", 2014)],
        {"offers.f.years": [2014, 2016], "offers.f.amount": {2014: 40, 2015: 40, 2016: 40, 2017: 3}},
    ),
    "an offer that ends later, with more than it says": (
        {"offers.t.years": [2015, 2015], "offers.t.capacity": {2015: 4, 2016: 1, 2017: 9}},
        [Lengthen("t", 2017)],
        {"offers.t.years": [2015, 2017], "offers.t.capacity": {2015: 4, 2016: 4, 2017: 9}},
    ),
    "an offer of the same each year": (
        {"offers.t.years": [2016, 2016]},
        [Lengthen("t", 2015)],
        {"offers.t.years": [2015, 2016]},
    ),
    "an offer that is long enough": (
        {"offers.f.years": [2015, 2016], "offers.f.amount": {2015: 1}},
        [Lengthen("f", 2016)],
        {"offers.f.years": [2015, 2016], "offers.f.amount": {2015: 1}},
    ),
    "larger money": (EUROS, [RaiseMoney("f", (0, 7))], {
        "rates.EUR": {"rate": 1.5}, "offers.f.amount": {2015: 1500, 2016: 1507}, "offers.f.min_per_state": 152,
    }),
    "an offer of somebody new": (
        {},
        [WithOffer(TEAM, NEWCOMER)],
        {"offers.u": TEAM_WRITTEN, "providers.new": {"name": "New", "kind": "operator"}},
    ),
    "an offer for some States": ({}, [OnlyStates("f", ("A",))], {"offers.f.states": ["A"]}),
    "an offer left out after all": ({}, [OnlyStates("f", ("A",)), Only("offers", frozenset("t"))], {"offers.f": None}),
    "some needs": (AFTER, [Only("needs", frozenset({"n"}))], {}),
    "more decisions": (
        {"decisions.forbids": [NO_N], "decisions.pins": [{"offer": "t", "state": "A"}]},
        [WithDecisions(Decisions(forbids=(Forbid(offer="t"),), pins=(Pin(offer="f", state="A"),)))],
        {
            "decisions.forbids": [NO_N, {"offer": "t"}],
            "decisions.pins": [{"offer": "t", "state": "A"}, {"offer": "f", "state": "A"}],
        },
    ),
    "other decisions": ({"decisions.forbids": [NO_N]}, [ReplaceDecisions(Decisions())], {}),
    "other objectives": (
        {"objectives.order": [{"objective": "cost"}]},
        [ReplaceObjectives(Objectives(discount=Decimal("0.5")))],
        {"objectives.discount": 0.5},
    ),
    "what is agreed already": (
        {"decisions.commitments": [AGREED, AGREED]},
        [WithDecisions(Decisions(commitments=(Commitment(**AGREED | {"quantity": 4}),)))],
        {"decisions.commitments": [AGREED, AGREED]},
    ),
    "more than is agreed already, twice": (
        {"decisions.commitments": [AGREED]},
        [WithDecisions(Decisions(commitments=(Commitment(**AGREED | {"quantity": 5}),)))] * 2,
        {"decisions.commitments": [AGREED, AGREED | {"quantity": 3}]},
    ),
    "the least engagement": ({"least_engagement": 5}, [WaiveLeastEngagement()], {}),
    "a minimum above the least engagement": (
        {"least_engagement": 100, "offers.f.min_per_state": 101, "offers.t.min_per_state": 2},
        [WaiveMinimum("f"), WaiveMinimum("t")],
        {"least_engagement": 100},
    ),
    "a minimum below the least engagement": (
        {"least_engagement": 200, "offers.f.min_per_state": 101, "offers.t.min_per_state": 2},
        [WaiveMinimum("f"), WaiveMinimum("t")],
        {"least_engagement": 200, "offers.f.min_per_state": 101, "offers.t.min_per_state": 2},
    ),
    "a minimum without the least engagement": (
        {"least_engagement": 200, "offers.f.min_per_state": 101},
        [WaiveLeastEngagement(), WaiveMinimum("f")],
        {},
    ),
    "a minimum of work that is worth nothing": (
        {"least_engagement": 200, "offers.t.min_per_state": 2, "offers.t.price": 0},
        [WaiveMinimum("t")],
        {"least_engagement": 200, "offers.t.price": 0},
    ),
    "a need of a State that costs less than the least engagement": (
        {"least_engagement": 721},
        [RaiseNeed("n", 99)],
        {"least_engagement": 721},
    ),
    "a need of a State that costs as much": (
        {"least_engagement": 720},
        [RaiseNeed("n", 99)],
        {"least_engagement": 720, "needs.n.quantity": 99},
    ),
    "a larger share": ({"states.A.max_share": 0.3}, [LargerShare("A", 450_000)], {"states.A.max_share": 0.75}),
    "all of it": ({"states.A.max_share": 0.3}, [LargerShare("A", 750_000)], {"states.A.max_share": 1}),
    "larger money with what is left and owed": (
        {**EUROS, **BEFORE},
        [RaiseMoney("f", (0, 7))],
        {
            "rates.EUR": {"rate": 1.5}, "offers.f.amount": {2015: 1485, 2016: 1537}, "offers.f.min_per_state": 152,
            "offers.f.ongoing": [{"state": "A", "amount": 4}],
        },
    ),
    "nothing": ({}, [], {}),
}  # fmt: skip


@pytest.mark.parametrize("case", list(CASES))
def test_an_edit_makes_the_scenario_that_a_file_would(case: str) -> None:
    """As if the file said it: the same scenario and digest; the scenario that was edited is what it was."""
    before, edits, after = CASES[case]
    scenario, wanted = small_scenario(before), small_scenario(after)
    digest = scenario.digest
    found = edited(scenario, *edits)
    assert found == wanted
    assert found.digest == wanted.digest
    assert (scenario, scenario.digest) == (small_scenario(before), digest)


FURTHER: dict[str, tuple[Changes, FurtherOffer, dict[str, Any]]] = {
    "money": (
        {**EUROS, "offers.f.min_years": 2, "offers.f.years": [2016, 2020]},
        FurtherOffer("f", "g", 10**17),
        {"kind": "funding", "provider": "donor", "years": [2016, 2020], "carry_over": 1, "amount": {2016: MAX_MONEY}},
    ),
    "money of an offer with a past": (
        {**EUROS, **BEFORE},
        FurtherOffer("f", "g", 5),
        {"kind": "funding", "provider": "donor", "carry_over": 1, "amount": {2015: 5}},
    ),
    "money beside a least engagement": (
        {"least_engagement": 300},
        FurtherOffer("f", "g", 5),
        {"kind": "funding", "provider": "donor", "carry_over": 1, "amount": {2015: 5}, "min_per_state": 1},
    ),
    "money of no year": (
        {"offers.f.years": [2020, 2020]},
        FurtherOffer("f", "g", 5),
        {"kind": "funding", "provider": "donor", "years": [2020, 2020], "carry_over": 1, "amount": {2015: 5}},
    ),
    "work": (
        {"offers.t.min_per_state": 2},
        FurtherOffer("t", "g", MAX_QUANTITY + 1),
        small_document()["offers"]["t"] | {"capacity": MAX_QUANTITY},
    ),
}


@pytest.mark.parametrize("case", list(FURTHER))
def test_a_further_offer_is_like_another_without_its_least(case: str) -> None:
    """Same earmarks and dates; money in the scenario's own currency; no more than a field can hold."""
    before, edit, wanted = FURTHER[case]
    found = edited(small_scenario(before), edit)
    assert [each.model_dump(exclude_defaults=True) for each in found.offers if each.id == "g"] == [
        Scenario.from_data(small_document({**before, "offers.g": wanted})).offer("g").model_dump(exclude_defaults=True)
        if case != "work"
        else small_scenario({"offers.g": {**wanted, "capacity": 1}})
        .offer("g")
        .model_copy(update={"capacity": Yearly(MAX_QUANTITY)})
        .model_dump(exclude_defaults=True)
    ]
    assert [each for each in found.offers if each.id != "g"] == list(small_scenario(before).offers)


def test_what_is_not_edited_stays_the_same_object() -> None:
    """A scenario is not read again for the sake of one figure."""
    scenario = small_scenario()
    found = edited(scenario, RaiseYear("offers", "f", "amount", 2015, 7))
    assert found.offer("t") is scenario.offer("t")
    assert found.states is scenario.states
    assert edited(scenario) is scenario


BROKEN: dict[str, tuple[Edit, str]] = {
    "a field": (RaiseNeed("n", 0), r"no valid scenario: needs\.n\.quantity: found 0;"),
    "a part": (BetterOwnership("A", "challenges_planned", 500_001), "no valid scenario.*challenges_planned"),
    "a yearly amount": (MoreAbsorption("A", MAX_MONEY), r"states\.A\.absorption: found 10000000000005"),
    "an id": (FurtherOffer("f", "g" * 65, 1), r"an id: a letter, then at most 63"),
    "a reference": (Only("offers", frozenset("f")), r"decisions\.forbids\[?\.?0\]?\.offer: found 't'"),
    "a decision": (WithDecisions(Decisions(forbids=(Forbid(),))), "an empty forbid would forbid everything"),
    "objectives": (ReplaceObjectives(Objectives(order=())), "at least one objective"),
}


@pytest.mark.parametrize("case", list(BROKEN))
def test_what_an_edit_leaves_invalid_is_no_fault_of_the_user(case: str) -> None:
    """Whoever asked for it erred: no error of input, whose exit code would blame the file."""
    edit, told = BROKEN[case]
    state = {"states.A.absorption": 5, "states.A.ownership": OWNERSHIP}
    scenario = small_scenario({**state, "decisions.forbids": [{"offer": "t", "state": "A"}]})
    with pytest.raises(InvalidEdit, match=f"(?s){told}"):
        edited(scenario, edit)


def test_an_edited_scenario_may_be_larger_than_a_file() -> None:
    """What is too large together is refused of a user; of an edit, whoever formulates it says so."""
    dear: Changes = {"offers.t.price": 10**9}
    with pytest.raises(InvalidScenario, match="at most"):
        small_scenario({**dear, "needs.n.quantity": MAX_QUANTITY})
    found = edited(small_scenario(dear), RaiseNeed("n", MAX_QUANTITY))
    assert found.need("n").quantity == MAX_QUANTITY


def test_ownership_that_was_scored_is_scored_again() -> None:
    """A score is worked out once for each State, not taken over with the components that have changed."""
    scenario = small_scenario({"states.A.ownership": OWNERSHIP})
    assert float(scenario.state("A").ownership_score()) == 0.5
    better = edited(scenario, BetterOwnership("A", "challenges_planned", 500_000))
    assert float(better.state("A").ownership_score()) == 0.6


def test_the_fields_of_a_grant_fit_an_offer() -> None:
    """A new offer can be made of them."""
    offer = FundingOffer(id="g", kind="funding", provider="donor", **grant(2016, 7))
    assert (offer.amount.at(2015), offer.amount.at(2016), offer.carry_over) == (0, 7, 1)


# Whose limits are.


def test_a_waiver_says_whose_limit_it_waives() -> None:
    """Collection and id: a cap stands in its State's way, whoever is capped."""
    waivers: list[Waiver] = [
        WaiveLimit("states", "A", "max_partners"),
        RaiseYear("offers", "f", "amount", 2015, 1),
        RaiseNeed("n", 1),
        LiftCap(CAP, 0),
        WaiveMinimum("f"),
        WaiveLeastEngagement(),
    ]
    owned = [("states", "A"), ("offers", "f"), ("needs", "n"), ("states", "A"), ("offers", "f"), ("scenario", "")]
    assert [each.owner for each in waivers] == owned
    scenario = small_scenario({"decisions.caps": CAPS, "needs.n.max_per_year": 3})
    owners = {limit.conflict.reason: limit.owner for limit in limits_of(scenario)}
    assert owners["cap"] == ("states", "A")
    assert owners["max_per_year"] == owners["quantity"] == ("needs", "n")
    assert owners["capacity"] == ("offers", "t")


def test_an_offer_named_like_a_need_is_no_limit_of_it() -> None:
    """Ids are of a collection: Mozambique's own experts, who work abroad, bear the id of what it needs of others."""
    scenario = load(Path(__file__).parents[1] / "scenarios" / "geneva-2015.yaml")
    assert scenario.need("MOZ-capacity").state == "MOZ"
    assert "MOZ" not in (scenario.offer("MOZ-capacity").states or ())
    stops = limits_against(scenario, Goal("MOZ", "MOZ-capacity"))
    assert ("capacity", "MOZ-capacity") not in [(each.code, each.subject) for each in stops]


# Decisions that a user writes.


def test_decisions_of_a_user_are_read_after_those_that_there_are() -> None:
    """As plain data, one kind by itself; the scenario's own come first."""
    scenario = small_scenario({"decisions.forbids": [NO_N]})
    agreed = {"implementer": "t", "financier": "f", "need": "n", "year": 2015, "quantity": 2}
    decisions, faults = decisions_with(scenario, {"forbids": [{"offer": "t"}], "commitments": [agreed]})
    assert faults == []
    assert decisions.forbids == (Forbid(offer="f", need="n"), Forbid(offer="t"))
    assert decisions.commitments == (Commitment(**agreed),)


def test_decisions_of_a_user_are_refused_with_every_fault() -> None:
    """Of fields and of contradictions alike, counted from the scenario's own on."""
    scenario = small_scenario({"decisions.forbids": [NO_N], "decisions.pins": [{"offer": "t", "state": "A"}]})
    written = {"forbids": [{"offer": "nobody"}], "pins": [{"offer": "f"}]}
    _, faults = decisions_with(scenario, written)
    assert [fault.path for fault in faults] == [("decisions", "pins", 1, "state"), ("decisions", "forbids", 1, "offer")]


def test_edits_leave_a_scenario_that_can_be_formulated() -> None:
    """What has been worked out of the scenario before is not taken over."""
    scenario = small_scenario()
    assert scenario.capacity_by_year(scenario.technical[0]) == [5, 5]
    assert scenario.needs_of("A") == scenario.needs
    found = edited(
        scenario, RaiseYear("offers", "t", "capacity", 2016, 8), WithOffer(TEAM, NEWCOMER), RaiseNeed("n", 12)
    )
    assert [each.id for each in found.technical] == ["t", "u"]
    assert found.capacity_by_year(found.technical[0]) == [5, 8]
    assert found.needs_of("A")[0].quantity == 12
    assert formulate(found).model.columns > formulate(scenario).model.columns


def test_years_are_those_of_the_field() -> None:
    """An edit writes fields of their own types."""
    scenario = small_scenario({"offers.f.years": [2016, 2016]})
    assert edited(scenario, Lengthen("f", 2015)).offer("f").years == Years(first=2015, last=2016)
