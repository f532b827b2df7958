"""Which options there are, of which kind, and why any other pair is not one."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args

import pytest

from matcher.scenario import FundingOffer, OptionKind, Scenario
from matcher.scenario import eligibility as options
from matcher.scenario.eligibility import channel_of, find_options, reach
from matcher.scenario.entities import ReasonCode
from matcher.verification import eligibility
from matcher.verification.documents import completed, fractional
from matcher.verification.facts import Setting
from smallest_scenario import Changes, small_scenario

WHO: dict[str, dict[str, Any]] = {
    "own": {"name": "Arland", "kind": "affected_state", "state": "A"},
    "own-donor": {"name": "Arland, as a donor", "kind": "donor_state", "state": "A"},
    "donor": {"name": "Norland", "kind": "donor_state"},
    "peer": {"name": "Ecuria", "kind": "affected_state"},
    "neighbour": {"name": "Belmark", "kind": "affected_state", "state": "B"},
    "operator": {"name": "Clear Paths", "kind": "operator"},
    "agency": {"name": "Mine Service", "kind": "un_agency"},
    "union": {"name": "Union", "kind": "regional_organisation"},
    "company": {"name": "Digger", "kind": "company"},
    "foundation": {"name": "Mine Fund", "kind": "foundation"},
}
"""One provider of every kind, and those that are a State of the scenario."""
PUBLIC = ("donor", "peer", "agency", "union")


@pytest.fixture(scope="module")
def everyone() -> Scenario:
    """A scenario where everyone offers money, money to be matched, priced work and work in kind."""
    offers: Changes = {"f": None, "t": None}
    for who in WHO:
        offers[f"{who}.pays"] = {"kind": "funding", "provider": who, "amount": 10}
        offers[f"{who}.matches"] = {"kind": "funding", "provider": who, "amount": 10, "match": 1}
        offers[f"{who}.works"] = {
            "kind": "technical",
            "provider": who,
            "capability": "clearance",
            "capacity": 10,
            "price": 1,
        }
        offers[f"{who}.gives"] = {"kind": "technical", "provider": who, "capability": "clearance", "capacity": 10}
    everything = {key: value for key, value in offers.items() if value is not None}
    states = {"A": {"name": "Arland", "deadline": 2016}, "B": {"name": "Belmark", "deadline": 2016}}
    return small_scenario({"states": states, "providers": WHO, "offers": everything})


KINDS = [
    ("national", "own", "own"),
    ("national", "own", None),
    ("bilateral", "donor", "own"),
    ("bilateral", "donor", "donor"),
    ("bilateral", None, "donor"),
    *(("operator", payer, "operator") for payer in (*PUBLIC, "own")),
    ("operator", None, "operator"),
    *(("multilateral", payer, "agency") for payer in PUBLIC),
    *(("multilateral", payer, "union") for payer in PUBLIC),
    ("multilateral", None, "agency"),
    ("multilateral", "agency", "own"),
    ("multilateral", "union", "own"),
    ("south-south", None, "peer"),
    ("south-south", "peer", "peer"),
    ("south-south", "neighbour", "neighbour"),
    *(("triangular", payer, "peer") for payer in ("donor", "agency", "union", "foundation")),
    *(("public-private", payer, "own") for payer in ("company", "foundation")),
    *(("public-private", payer, "operator") for payer in ("company", "foundation")),
    ("public-private", "company", "peer"),
    ("public-private", "donor", "company"),
    ("public-private", None, "foundation"),
    (None, "own", "peer"),
    (None, "peer", "own"),
    (None, "neighbour", "own"),
    (None, "neighbour", "peer"),
    (None, "operator", "operator"),
    (None, "operator", "own"),
    (None, "operator", "agency"),
    (None, "agency", "donor"),
    (None, "own", "donor"),
]
"""The table of kinds, row by row: kind, who pays, who works (in Arland)."""


@pytest.mark.parametrize(("kind", "payer", "worker"), KINDS)
def test_kind_follows_from_who_takes_part(
    everyone: Scenario, kind: str | None, payer: str | None, worker: str | None
) -> None:
    """Each row of the table of kinds, where None works as the State's own programme in kind."""
    work = f"{worker or 'own'}.{'gives' if payer is None else 'works'}"
    money = None if payer is None else everyone.funding_offer(f"{payer}.pays")
    assert options.kind_of(everyone, money, everyone.technical_offer(work), "A") == kind


def test_all_kinds_are_in_the_table() -> None:
    """No kind of the model is left out of the table above."""
    assert {kind for kind, _, _ in KINDS} - {None} == set(get_args(OptionKind))


@pytest.mark.parametrize(("payer", "kind"), [("donor", "public-private"), ("own", "national"), ("peer", "south-south")])
def test_money_to_be_matched_is_public_private_unless_an_earlier_row_fits(
    everyone: Scenario, payer: str, kind: str
) -> None:
    """Matched money makes a partnership public-private after national, south-south and triangular."""
    worker = {"donor": "operator", "own": "own", "peer": "peer"}[payer]
    found = options.kind_of(
        everyone, everyone.funding_offer(f"{payer}.matches"), everyone.technical_offer(f"{worker}.works"), "A"
    )
    assert found == kind


def test_the_checker_finds_the_same_kinds(everyone: Scenario) -> None:
    """Engine and checker, which share no code, agree on the kind of every pair in every State."""
    setting = Setting(fractional(completed(everyone.model_dump())))
    payers: list[FundingOffer | None] = [None, *everyone.funding]
    disagreements = []
    for payer, worker, state in product(payers, everyone.technical, ("A", "B")):
        ours = options.kind_of(everyone, payer, worker, state)
        theirs = eligibility.kind_of(setting, payer.id if payer else None, worker.id, state)
        if ours != theirs:
            disagreements.append((payer and payer.id, worker.id, state, ours, theirs))
    assert disagreements == []


def test_the_checker_finds_the_same_channels(everyone: Scenario) -> None:
    """Engine and checker agree through whom money for a worker in a State flows."""
    setting = Setting(fractional(completed(everyone.model_dump())))
    for worker, state in product(everyone.technical, ("A", "B")):
        ours = channel_of(everyone.provider(worker.provider), state)
        assert ours == eligibility.channel_of(setting, worker.id, state)


def test_every_pair_is_an_option_or_has_reasons(everyone: Scenario) -> None:
    """Options and refusals together are all pairs, and never both."""
    found = find_options(everyone)
    pairs = set(product([None, *(offer.id for offer in everyone.funding)], [each.id for each in everyone.technical]))
    refused = found.refusals("n")
    taken = {(option.financier, option.implementer) for option in found.of_need["n"]}
    assert taken
    assert not taken & set(refused)
    assert taken | set(refused) == pairs


REASONS: dict[str, tuple[Changes, str | None, str | None]] = {
    "other_capability": (
        {"capabilities.advice": {"name": "Advice", "unit": "month"}, "offers.t.capability": "advice"},
        "f",
        "t",
    ),
    "state_not_in_reach": ({"states.B": {"name": "B", "deadline": 2016}, "offers.f.states": ["B"]}, "f", "f"),
    "region_not_in_reach": (
        {"states.B": {"name": "B", "deadline": 2016, "region": "north"}, "offers.t.regions": ["north"]},
        "f",
        "t",
    ),
    "ownership_below_floor": ({"offers.f.ownership_floor": 0.1}, "f", "f"),
    "capability_not_funded": (
        {"capabilities.advice": {"name": "Advice", "unit": "month"}, "offers.f.capabilities": ["advice"]},
        "f",
        "f",
    ),
    "channel_closed": ({"offers.f.channels": ["own_programme", "un_agency"]}, "f", "f"),
    "work_needs_money": ({}, None, "t"),
    "work_is_in_kind": ({"offers.t.price": 0}, "f", "t"),
    "no_kind": ({"offers.f.provider": "ngo"}, "f", None),
    "no_common_year": ({"offers.f.years": [2015, 2015], "needs.n.years": [2016, 2016]}, "f", None),
    "forbidden": ({"decisions.forbids": [{"kind": "operator"}]}, "f", None),
}
"""By code: what to change in the small scenario, the financier asked for, and the offer that is named."""


@pytest.mark.parametrize("code", list(REASONS))
def test_each_reason_is_told_alone(code: str) -> None:
    """One thing in the way gives one reason, that names the offer, what was found and what is wanted."""
    changes, financier, named = REASONS[code]
    found = find_options(small_scenario(changes))
    (reason,) = found.why_not(financier, "t", "n")
    assert (reason.code, reason.offer) == (code, named)
    assert bool(reason.found) == (code not in {"no_common_year", "forbidden"})  # codes that say it all
    assert bool(reason.wanted) == (code not in {"no_common_year", "forbidden", "no_kind", "work_is_in_kind"})
    assert (financier, "t") not in {(option.financier, option.implementer) for option in found.options}


def test_every_reason_code_is_reached() -> None:
    """No reason code is dead."""
    assert set(REASONS) == set(get_args(ReasonCode))


def test_all_reasons_are_told_at_once() -> None:
    """Several things in the way are all named."""
    changes = {"offers.f.ownership_floor": 0.1, "offers.f.channels": ["un_agency"], "offers.t.years": [2020, 2021]}
    reasons = find_options(small_scenario(changes)).why_not("f", "t", "n")
    assert [reason.code for reason in reasons] == ["ownership_below_floor", "channel_closed", "no_common_year"]


def test_an_option_has_no_reasons_against_it() -> None:
    """The option of the small scenario is one, with its kind, years and price."""
    found = find_options(small_scenario())
    assert found.why_not("f", "t", "n") == ()
    (option,) = found.options
    assert (option.key(), option.state, option.kind) == (("n", "f", "t"), "A", "operator")
    assert (option.years, option.granule_price) == ((2015, 2016), 72)


@pytest.mark.parametrize("pair", [("t", "t"), ("f", "f"), (None, "f")])
def test_why_not_refuses_offers_of_the_wrong_kind(pair: tuple[str | None, str]) -> None:
    """Asking why money does not work, or work does not pay, is an error."""
    with pytest.raises(TypeError, match=r"offers (work, not money|money, not work)"):
        find_options(small_scenario()).why_not(*pair, "n")


@pytest.mark.parametrize(
    ("changes", "years"),
    [
        ({"needs.n.years": [2014, 2015]}, (2015,)),
        ({"offers.f.years": [2016, 2030]}, (2016,)),
        ({"offers.t.years": [2016, 2016]}, (2016,)),
        ({"decisions.forbids": [{"offer": "t", "years": [2015, 2015]}]}, (2016,)),
    ],
)
def test_an_option_has_the_years_that_all_share(changes: Changes, years: tuple[int, ...]) -> None:
    """Years of need, financier and implementer are cut to the horizon and to what is not forbidden."""
    (option,) = find_options(small_scenario(changes)).options
    assert option.years == years


PAIRS: Changes = {
    "needs.m": {"state": "A", "capability": "clearance", "quantity": 1},
    "states.B": {"name": "Belmark", "deadline": 2016},
    "needs.b": {"state": "B", "capability": "clearance", "quantity": 1},
    "offers.p": {"kind": "funding", "provider": "firm", "amount": 10},
    "offers.u": {
        "kind": "technical",
        "provider": "gov",
        "capability": "clearance",
        "capacity": 10,
        "price": 1,
        "states": ["A"],
    },
}
"""Two payers and two workers for three needs; ``u`` works in Arland alone."""


@pytest.mark.parametrize(
    ("forbid", "gone"),
    [
        ({"kind": "bilateral"}, {"f u m", "f u n"}),
        ({"provider": "gov"}, {"f u m", "f u n", "p u m", "p u n"}),
        ({"provider": "donor"}, {"f t b", "f t m", "f t n", "f u m", "f u n"}),
        ({"offer": "u"}, {"f u m", "f u n", "p u m", "p u n"}),
        ({"offer": "p"}, {"p t b", "p t m", "p t n", "p u m", "p u n"}),
        ({"offer": "p", "partner": "u"}, {"p u m", "p u n"}),
        ({"offer": "u", "partner": "p"}, {"p u m", "p u n"}),
        ({"state": "B"}, {"f t b", "p t b"}),
        ({"need": "m"}, {"f t m", "f u m", "p t m", "p u m"}),
        ({"need": "m", "kind": "operator"}, {"f t m"}),
        ({"need": "m", "years": [2015, 2015]}, set()),
        ({"need": "m", "years": [2015, 2016]}, {"f t m", "f u m", "p t m", "p u m"}),
    ],
)
def test_a_forbid_takes_away_what_matches_every_field(forbid: dict[str, Any], gone: set[str]) -> None:
    """Options that match all fields of a forbid are gone, and no others."""
    before = _listed(small_scenario(PAIRS))
    assert len(before) == 10
    assert before - _listed(small_scenario(PAIRS | {"decisions.forbids": [forbid]})) == gone


def test_several_forbids_add_up_over_years() -> None:
    """Two forbids that each take a year leave none, and the reason says so."""
    forbids = [{"offer": "f", "years": [2015, 2015]}, {"provider": "ngo", "years": [2016, 2016]}]
    found = find_options(small_scenario({"decisions.forbids": forbids}))
    assert found.options == ()
    assert found.of_need == {"n": ()}
    assert [reason.code for reason in found.why_not("f", "t", "n")] == ["forbidden"]


def test_options_do_not_depend_on_the_order_in_the_file() -> None:
    """Collections written the other way round give the same options in the same order."""
    scenario = small_scenario(PAIRS)
    document = scenario.model_dump(mode="json")
    for name in ("states", "needs", "providers", "offers"):
        document[name] = dict(reversed(list(document[name].items())))
    assert find_options(Scenario.from_data(document)).options == find_options(scenario).options
    assert [each.key() for each in find_options(scenario).options] == sorted(
        each.key() for each in find_options(scenario).options
    )


def test_reach_leads_from_offers_to_the_needs_that_their_filters_allow() -> None:
    """The graph of reach has an edge for every offer that its own filters let serve a need."""
    graph = reach(small_scenario(PAIRS))
    assert set(graph.successors("u")) == {"need:m", "need:n"}
    assert set(graph.predecessors("need:b")) == {"f", "p", "t"}


def _listed(scenario: Scenario) -> set[str]:
    return {f"{each.financier or '-'} {each.implementer} {each.need}" for each in find_options(scenario).options}
