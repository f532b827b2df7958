"""Who could be served at all, and by how many: limits of one State, offer and year alone, each by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from matcher.scenario.within_reach import least_of, limited_shares, payers_of, states_within_reach
from smallest_scenario import Changes, small_scenario

OWN: Changes = {"offers.g": {"kind": "funding", "provider": "gov", "amount": 300, "states": ["A"]}}
LOAN: Changes = {
    "offers.f.amount": 0,
    "offers.p": {"kind": "funding", "provider": "firm", "amount": 300, "repayment": {"offer": "f", "after": 1}},
}
PRIVATE: Changes = {"offers.p": {"kind": "funding", "provider": "firm", "amount": 300}}

REACHED: dict[str, tuple[Changes, bool]] = {
    "one granule can be paid for and done": ({}, True),
    "the last granule is left": ({"needs.n.delivered": 9}, True),
    "all was delivered before": ({"needs.n.delivered": 10}, False),
    "the need has no weight": ({"needs.n.weight": 0}, False),
    "another need has one, but no option": (
        {
            "needs.n.weight": 0,
            "capabilities.survey": {"name": "Survey", "unit": "m2"},
            "needs.m": {"state": "A", "capability": "survey", "quantity": 6},
        },
        False,
    ),
    "nothing can be used in a year": ({"needs.n.max_per_year": 0}, False),
    "less than a granule can be used in a year": (
        {
            "capabilities.clearance.granule": 5,
            "offers.t.price": 1,
            "needs.n.max_per_year": 4,
        },
        False,
    ),
    "nobody has any capacity": ({"offers.t.capacity": 0}, False),
    "capacity is below the offer's own minimum": ({"offers.t.min_per_state": 6}, False),
    "capacity is as much as the offer's own minimum": ({"offers.t.min_per_state": 5}, True),
    "capacity is below a working year": ({"least_engagement": 361}, False),  # six granules at 72
    "capacity is a working year": ({"least_engagement": 360}, True),
    "money is less than a granule costs": ({"offers.f.amount": 71}, False),
    "money is what a granule costs": ({"offers.f.amount": 72}, True),
    "money that is carried over is enough": ({"offers.f.amount": 36, "offers.f.carry_over": 1}, True),
    "money is less than its own minimum": ({"offers.f.min_per_state": 1001}, False),
    "money is as much as its own minimum": ({"offers.f.min_per_state": 1000, "needs.n.quantity": 20}, True),
    "external money cannot be absorbed": ({"states.A.absorption": 71}, False),
    "external money can be absorbed in one year": ({"states.A.absorption": {2016: 72}}, True),
    "the State's own need not be": (OWN | {"states.A.absorption": 0}, True),
    "work in kind needs no money": ({"offers.t.price": 0, "offers.f.amount": 0}, True),
    "an advance is repaid in time": (LOAN, True),
    "an advance falls due too late": (LOAN | {"offers.p.repayment.after": 2}, False),
    "an advance falls due too late in all years in which it is there": (LOAN | {"offers.p.years": [2016, 2016]}, False),
    "there is no common year": ({"offers.f.years": [2015, 2015], "offers.t.years": [2016, 2016]}, False),
    "the user forbids it": ({"decisions.forbids": [{"state": "A"}]}, False),
    "nobody offers such work": ({"offers.t": None}, False),
    "two partners are one too many": ({"states.A.max_partners": 1}, False),
    "there is room for two partners": ({"states.A.max_partners": 2}, True),
    "its own work leaves room for the donor": (
        {"states.A.max_partners": 1, "offers.t.provider": "gov", "offers.t.states": ["A"]},
        True,
    ),
    "the least that is paid is more than all costs": ({"offers.f.min_per_state": 721}, False),
    "the least that is paid is what all costs": ({"offers.f.min_per_state": 720}, True),
    "the offer may go nowhere": ({"offers.f.max_states": 0}, False),
    "nobody outside may pay any share": ({"states.A.max_share": 0}, False),
    "the least that is done is more than there is to do": (
        {"offers.t.capacity": 20, "offers.t.min_per_state": 11},
        False,
    ),
}
"""By what it says: the changes to the small scenario, and whether its State counts in the smallest coverage."""


@pytest.mark.parametrize("case", list(REACHED))
def test_a_state_counts_where_limits_taken_alone_leave_room(case: str) -> None:
    """One option and year with room for a granule and both minimum sizes is enough."""
    changes, counts = REACHED[case]
    assert states_within_reach(small_scenario(changes)) == ({"A"} if counts else set())


def test_a_second_need_is_not_asked_once_one_is_in_reach() -> None:
    """One need in reach is enough; the order of needs does not matter."""
    closed = {"state": "A", "capability": "clearance", "quantity": 3, "max_per_year": 0}
    for name in ("a", "z"):
        assert states_within_reach(small_scenario({f"needs.{name}": closed})) == {"A"}
    assert states_within_reach(small_scenario({"needs.z": closed | {"max_per_year": 1}})) == {"A"}


@pytest.mark.parametrize(
    ("offer", "changes", "least"),
    [
        ("f", {}, 1),
        ("f", {"offers.f.min_per_state": 100}, 100),
        ("f", {"least_engagement": 200}, 200),
        ("f", {"least_engagement": 900}, 720),  # no more than all that the State needs costs at its cheapest
        ("f", {"least_engagement": 200, "offers.f.min_per_state": 100}, 100),
        ("f", {"offers.f.min_per_state": 99, "offers.f.currency": "EUR", "rates": {"EUR": {"rate": 0.5}}}, 50),
        ("t", {}, 1),
        ("t", {"least_engagement": 200}, 3),
        ("t", {"least_engagement": 216}, 3),
        ("t", {"least_engagement": 217}, 4),
        ("t", {"least_engagement": 200, "offers.t.price": 0}, 1),  # work without a price has no value to reach
        ("t", {"least_engagement": 200, "offers.t.price": 0, "capabilities.clearance.reference_price": 10}, 1),
        ("t", {"least_engagement": 200, "capabilities.clearance.reference_price": 10}, 20),
        ("t", {"offers.t.min_per_state": 4, "capabilities.clearance.granule": 5, "offers.t.price": 1}, 1),
        ("t", {"offers.t.min_per_state": 6, "capabilities.clearance.granule": 5, "offers.t.price": 1}, 2),
        ("g", OWN, 0),  # the State's own may give as little as it likes
        ("g", OWN | {"least_engagement": 200}, 0),
        ("g", OWN | {"offers.g.min_per_state": 30}, 30),
        ("t", {"offers.t.provider": "gov", "least_engagement": 200}, 0),
        ("t", {"offers.t.provider": "gov", "offers.t.min_per_state": 3}, 3),
    ],
)
def test_the_least_of_a_year_is_the_one_reckoned_here(offer: str, changes: Changes, least: int) -> None:
    """Money in minor units and work in granules; an offer's own minimum goes before the scenario's."""
    scenario = small_scenario(changes)
    assert least_of(scenario, scenario.offer(offer), "A") == least


@pytest.mark.parametrize(
    ("changes", "payers"),
    [
        ({}, {"donor"}),
        (PRIVATE, {"donor", "firm"}),
        (PRIVATE | {"offers.p.provider": "donor"}, {"donor"}),
        (OWN, {"donor"}),
        ({"offers.t.price": 0}, set()),
        (PRIVATE | {"offers.p.channels": ["own_programme"]}, {"donor"}),
        (PRIVATE | {"needs.m": {"state": "A", "capability": "clearance", "quantity": 1}}, {"donor", "firm"}),
    ],
)
def test_payers_are_those_that_could_pay_for_something(changes: Changes, payers: set[str]) -> None:
    """External providers with an option, in whatever year and however little."""
    assert payers_of(small_scenario(changes)) == {"A": payers}


@pytest.mark.parametrize(
    ("changes", "share", "binds"),
    [
        ({}, None, False),
        ({}, 1, True),
        ({}, 0.5, False),
        (PRIVATE, 0.5, True),
        (PRIVATE, 0.4, False),  # three would have to share
        (PRIVATE, 0.99, True),
        ({}, 0, True),  # nobody may
    ],
)
def test_a_share_binds_where_enough_could_keep_it(changes: Changes, share: float | None, binds: bool) -> None:
    """As many payers as the limit's inverse, rounded up."""
    found = list(limited_shares(small_scenario(changes | {"states.A.max_share": share})))
    assert found == ([("A", Fraction(str(share)))] if binds else [])
