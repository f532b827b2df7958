"""Index arrays: true capacities of flows, relations, and portfolios without idle engagements."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.peers.assignment.arrays import Arrays, build_arrays, is_public_match
from matcher.formulation.plans import engagement_runs, pinned_years, runs_of
from matcher.scenario import Scenario
from matcher.scenario.eligibility import find_options
from smallest_scenario import Changes, small_scenario


def _arrays(changes: Changes | None = None) -> Arrays:
    return build_arrays(find_options(small_scenario(changes)))


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({}, [5, 5]),  # capacity
        ({"needs.n.quantity": 4}, [4, 4]),
        ({"needs.n.max_per_year": 2}, [2, 2]),
        ({"offers.f.amount": {2016: 200}}, [0, 2]),  # 200 / 72
        ({"offers.f.amount": {2015: 200}, "offers.f.carry_over": 0.5}, [2, 1]),
        ({"states.A.absorption": {2015: 150}}, [2, 0]),
        ({"states.A.absorption": 150, "offers.f.provider": "gov", "offers.t.provider": "gov"}, [5, 5]),
        ({"offers.t.capacity": {2016: 3}}, [0, 3]),
        ({"offers.t.price": 0}, [5, 5]),
        ({"offers.t.price": 0, "states.A.absorption": 0}, [5, 5]),
        ({"capabilities.clearance.granule": 5, "offers.t.price": 1}, [1, 1]),
    ],
)
def test_a_flow_is_bounded_by_each_limit_taken_alone(changes: Changes, most: list[int]) -> None:
    """Need, year, capacity, money and absorption each bound a flow in whole granules."""
    assert _arrays(changes).flow_upper.tolist() == most


def test_own_money_is_not_external() -> None:
    """Money of the State itself costs no absorption; everyone else's does."""
    own: Changes = {"offers.g": {"kind": "funding", "provider": "gov", "amount": 900}, "offers.t.provider": "gov"}
    arrays = _arrays(own | {"horizon": [2015, 2015]})
    assert [arrays.option_of(at).financier for at in range(arrays.flows)] == ["f", "g"]
    assert arrays.flow_external_money.tolist() == [72, 0]
    assert [(each.offer, each.external) for each in arrays.relations] == [("f", True), ("g", False), ("t", False)]
    assert arrays.offer_external.tolist() == [1, 0, 0]


def test_relations_have_the_years_of_their_offer() -> None:
    """A relation could be engaged in all of its offer's years, whether or not the need is there."""
    arrays = _arrays({"horizon": [2015, 2019], "offers.t.years": [2016, 2030], "needs.n.years": [2018, 2018]})
    work = arrays.relations[arrays.relation_index("t", "A") or 0]
    assert (work.offer, work.first, work.last) == ("t", 1, 4)
    assert arrays.flow_year.tolist() == [3]
    assert arrays.relation_index("t", "B") is None


def test_flows_of_work_in_kind_have_no_financier() -> None:
    """Work in kind stands with no financier in every array, and brings no money."""
    arrays = _arrays({"offers.t.price": 0, "horizon": [2015, 2015]})
    assert arrays.flow_financier.tolist() == [-1]
    assert arrays.flow_relations.tolist() == [[0, -1]]
    assert arrays.flow_external_money.tolist() == [0]
    assert arrays.flow_at == {("n", "", "t", 0): 0}


def test_flows_are_numbered_by_option_and_year() -> None:
    """Every flow is found by its option and year, in their order."""
    arrays = _arrays({"needs.m": {"state": "A", "capability": "clearance", "quantity": 1}})
    assert list(arrays.flow_at) == [("m", "f", "t", 0), ("m", "f", "t", 1), ("n", "f", "t", 0), ("n", "f", "t", 1)]
    assert list(arrays.flow_at.values()) == [0, 1, 2, 3]
    assert arrays.demand[arrays.flow_need].tolist() == [1, 1, 10, 10]


def test_a_scenario_without_options_has_empty_arrays() -> None:
    """Nothing eligible gives no flows and no relations, and an empty portfolio."""
    arrays = _arrays({"offers.t": None})
    assert (arrays.flows, arrays.relations) == (0, ())
    assert arrays.flow_external_money.tolist() == []
    assert engagement_runs(arrays.scenario, {}, {}) == []


def test_most_money_carries_what_is_left_each_year() -> None:
    """All of the money, spent on nothing, is carried over with its share rounded down."""
    scenario = small_scenario(
        {"horizon": [2015, 2018], "offers.f.amount": {2015: 333, 2016: 10}, "offers.f.carry_over": 0.5}
    )
    assert scenario.most_money(scenario.funding_offer("f")) == [333, 176, 88, 44]


@pytest.mark.parametrize(
    ("changes", "matches"),
    [
        ({}, True),
        ({"offers.f.provider": "firm"}, False),
        ({"offers.f.provider": "ngo"}, False),
        ({"offers.f.provider": "gov"}, False),
        ({"offers.f.match": 1}, False),
    ],
)
def test_only_external_public_money_without_match_can_match(changes: Changes, matches: bool) -> None:
    """Private, own and itself matched money does not match other money."""
    scenario = small_scenario(changes)
    assert is_public_match(scenario, scenario.funding_offer("f"), "A") is matches


def test_runs_are_maximal() -> None:
    """Years fall into unbroken runs, in order."""
    assert runs_of({2019, 2015, 2016, 2018, 2021}) == [[2015, 2016], [2018, 2019], [2021]]
    assert runs_of(set()) == []


def test_pinned_years_are_those_of_all_pins_of_a_relation() -> None:
    """Pins with years add up; pins without years name none; other relations have none."""
    pins = [
        {"offer": "f", "state": "A", "years": [2015, 2015]},
        {"offer": "f", "state": "A", "years": [2016, 2016]},
        {"offer": "t", "state": "A"},
    ]
    scenario = small_scenario({"decisions.pins": pins})
    assert pinned_years(scenario, "f", "A") == {2015, 2016}
    assert pinned_years(scenario, "t", "A") == set()


HORIZON = range(2015, 2021)


@pytest.mark.parametrize(
    ("offer", "flowing", "engaged", "runs"),
    [
        ({}, {2015, 2016}, set(), [[2015, 2016]]),
        ({}, {2015, 2017}, set(), [[2015, 2015], [2017, 2017]]),
        ({}, {2015, 2017}, {2016}, [[2015, 2015], [2017, 2017]]),  # idle inside, where each year stands alone
        ({"min_years": 2}, {2015, 2017}, {2016}, [[2015, 2017]]),  # idle inside, within the term
        ({}, {2016}, {2015, 2017, 2018}, [[2016, 2016]]),  # idle at both ends
        ({}, {2016}, {2019, 2020}, [[2016, 2016]]),  # idle run
        ({"min_years": 3}, {2015}, {2016, 2017, 2018}, [[2015, 2017]]),
        ({"min_years": 3}, {2016}, {2015, 2017}, [[2015, 2017]]),
        ({"min_years": 3}, {2020}, {2018, 2019}, [[2020, 2020]]),  # the horizon ends
        ({"min_years": 3, "years": [2015, 2017]}, {2017}, {2016}, [[2017, 2017]]),  # the offer ends
        ({"min_years": 2}, {2017}, {2016, 2018}, [[2016, 2017]]),  # cut at the end first
    ],
)
def test_idle_years_are_dropped_as_far_as_a_run_must_last(
    offer: dict[str, Any], flowing: set[int], engaged: set[int], runs: list[list[int]]
) -> None:
    """Engagements are maximal runs without idle ends, or idle years at all, but last as long as the offer asks."""
    changes = {f"offers.t.{key}": value for key, value in offer.items()} | {"horizon": [2015, 2020]}
    found = _engagements(small_scenario(changes), "t", flowing, engaged)
    assert found == runs


def test_pinned_idle_years_are_kept() -> None:
    """A year that a pin asks for stays engaged though nothing flows in it."""
    pin = {"offer": "t", "state": "A", "years": [2017, 2018]}
    scenario = small_scenario({"horizon": [2015, 2020], "decisions.pins": [pin]})
    assert _engagements(scenario, "t", {2018}, {2016, 2017, 2018, 2019}) == [[2017, 2018]]
    assert _engagements(scenario, "t", {2015, 2020}, {2016, 2017, 2018, 2019}) == [
        [2015, 2015],
        [2017, 2018],
        [2020, 2020],
    ]


def _engagements(scenario: Scenario, offer: str, flowing: set[int], engaged: set[int]) -> list[list[int]]:
    found = engagement_runs(scenario, {(offer, "A"): flowing}, {(offer, "A"): engaged})
    return [[each.years.first, each.years.last] for each in found]
