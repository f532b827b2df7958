"""Equals share by lot: who is equal but for the name, what tells them apart, and that the split is of no alphabet."""

from __future__ import annotations

from hashlib import sha256

import pytest

from matcher.engine.lots import by_lot
from matcher.engine.solving import solve
from matcher.portfolio.result import SolveOptions
from matcher.scenario.likeness import Alike, classes_of
from matcher.verification import verify
from smallest_scenario import Changes, small_scenario

EQUAL_STATES: Changes = {
    "providers.gov": None,
    "states.B": {"name": "Belmark", "deadline": 2016},
    "needs.m": {"state": "B", "capability": "clearance", "quantity": 10},
}
STATES = Alike("states", ("A", "B"), (("n",), ("m",)))
EQUAL_DONORS: Changes = {
    "providers.friend": {"name": "Another donor", "kind": "donor_state"},
    "offers.f2": {"kind": "funding", "provider": "friend", "amount": 1000},
}
DONORS = Alike("providers", ("donor", "friend"), (("f",), ("f2",)))
IN_KIND = {"kind": "technical", "provider": "firm", "capability": "clearance", "capacity": 1}
PUBLIC_LOAN = {"kind": "funding", "provider": "firm", "amount": 9, "repayment": {"offer": "f", "after": 1}}


def test_states_and_providers_are_equal_but_for_their_names() -> None:
    """Both kinds of class are found at once."""
    assert classes_of(small_scenario(EQUAL_STATES | EQUAL_DONORS)) == (STATES, DONORS)


def test_the_smallest_scenario_has_nobody_twice() -> None:
    """No class has one member."""
    assert classes_of(small_scenario()) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"states.B.provenance": {"deadline": {"source": "a report", "confidence": "page"}}},
        {"offers.f.states": ["A", "B"]},
        {"offers.f.fit": {"A": 0.5, "B": 0.5}},
        {"offers.f.fit": {"A": 1}},  # as any other State
        {"offers.f.ongoing": [{"state": "A"}, {"state": "B"}]},
        {"decisions.forbids": [{"kind": "bilateral"}]},
    ],
)
def test_what_names_both_alike_tells_no_states_apart(changes: Changes) -> None:
    """Neither words about sources nor what is said of both."""
    assert classes_of(small_scenario(EQUAL_STATES | changes)) == (STATES,)


@pytest.mark.parametrize(
    "changes",
    [
        {"states.B.deadline": 2015},
        {"states.B.weight": 2},
        {"states.B.region": "north"},
        {"needs.m.quantity": 11},
        {"needs.m.delivered": 1},
        {"needs.k": {"state": "B", "capability": "clearance", "quantity": 1}},
        {"offers.f.states": ["A"], "offers.t.states": ["A"]},
        {"offers.f.fit": {"A": 0.5}},
        {"offers.f.ongoing": [{"state": "A"}]},
        {"offers.f.ongoing": [{"state": "A", "amount": 1}, {"state": "B", "amount": 2}]},
        {"providers.gov": {"name": "Arland", "kind": "affected_state", "state": "A"}},
        {"decisions.forbids": [{"state": "A", "kind": "bilateral"}]},
        {"decisions.pins": [{"offer": "f", "state": "B"}]},
        {"decisions.commitments": [{"financier": "f", "implementer": "t", "need": "n", "year": 2015, "quantity": 1}]},
        {"decisions.earlier": [{"offer": "f", "state": "B", "amounts": 5}]},
    ],
)
def test_whatever_names_one_of_two_states_tells_them_apart(changes: Changes) -> None:
    """A figure, an offer's filter, what was before, a provider of their own or a decision."""
    assert classes_of(small_scenario(EQUAL_STATES | changes)) == ()


def test_needs_in_an_order_are_like_needs_in_the_same_order() -> None:
    """Which need comes first counts, not its id; needs that could be mixed up tell their States apart."""
    ordered = {
        f"needs.{need}2": {"state": state, "capability": "clearance", "quantity": 1, "after": [{"need": need}]}
        for state, need in (("A", "n"), ("B", "m"))
    }
    (found,) = classes_of(small_scenario(EQUAL_STATES | ordered))
    assert [set(parts) for parts in found.parts] == [{"n", "n2"}, {"m", "m2"}]
    other = ordered | {"needs.m2": {**ordered["needs.m2"], "after": []}}
    assert classes_of(small_scenario(EQUAL_STATES | other)) == ()
    mixed = ordered | {f"{key[:-1]}3": {**each, "after": []} for key, each in ordered.items()}
    mixed |= {f"{key[:-1]}4": each for key, each in ordered.items()}
    assert classes_of(small_scenario(EQUAL_STATES | mixed)) == ()


def programme(state: str, capacity: int = 5) -> Changes:
    """A programme of a State's own, which pays and works for it alone."""
    key = state.lower()
    return {
        f"providers.{key}-own": {"name": state, "kind": "affected_state", "state": state},
        f"offers.{key}-money": {"kind": "funding", "provider": f"{key}-own", "amount": 7, "states": [state]},
        f"offers.{key}-work": {
            "kind": "technical", "provider": f"{key}-own", "capability": "clearance", "capacity": capacity,
            "price": 72, "fit": {state: 1}, "states": [state],
        },
    }  # fmt: skip


def test_states_with_like_programmes_are_alike() -> None:
    """Programmes and their offers take each other's places; a stronger one tells its State apart."""
    (found,) = classes_of(small_scenario(EQUAL_STATES | programme("A") | programme("B")))
    assert found.parts == (("n", "a-money", "a-work", "a-own"), ("m", "b-money", "b-work", "b-own"))
    assert classes_of(small_scenario(EQUAL_STATES | programme("A") | programme("B", 6))) == ()
    named = {"decisions.caps": [{"offer": "a-money", "state": "A", "money": 5}]}
    assert classes_of(small_scenario(EQUAL_STATES | programme("A") | programme("B") | named)) == ()


def test_help_for_one_of_two_neighbours_tells_them_apart() -> None:
    """A third State's programme that goes to A alone is no programme at home."""
    help_ = {"kind": "technical", "provider": "c-own", "capability": "clearance", "capacity": 5, "price": 0}
    third: Changes = {
        "states.C": {"name": "Carland", "deadline": 2016, "weight": 2},
        "providers.c-own": {"name": "Carland", "kind": "affected_state", "state": "C"},
    }
    assert classes_of(small_scenario(EQUAL_STATES | third | {"offers.h": help_})) == (STATES,)
    assert classes_of(small_scenario(EQUAL_STATES | third | {"offers.h": help_ | {"states": ["A"]}})) == ()
    assert classes_of(small_scenario(EQUAL_STATES | third | {"offers.h": help_ | {"fit": {"A": 1, "B": 0}}})) == ()


def test_a_programme_that_goes_abroad_is_like_none() -> None:
    """Nor are two programmes of one State."""
    abroad = programme("A") | programme("B")
    for key in "ab":
        abroad[f"offers.{key}-work"] = {**abroad[f"offers.{key}-work"], "states": None, "fit": {}}
    assert classes_of(small_scenario(EQUAL_STATES | abroad)) == ()
    second = {f"providers.{key}2": {"name": key, "kind": "affected_state", "state": key.upper()} for key in "ab"}
    assert classes_of(small_scenario(EQUAL_STATES | programme("A") | programme("B") | second)) == ()


def test_needs_alike_but_for_what_they_come_after_tell_their_states_apart() -> None:
    """R comes after P1, which comes after S, or after P2, which comes after nothing: not the same."""
    changes: Changes = {}
    for state, key in (("A", "n"), ("B", "m")):
        need = {"state": state, "capability": "clearance", "quantity": 2}
        first = "1" if state == "A" else "2"
        changes |= {f"needs.{key}1": need | {"after": [{"need": key}]}, f"needs.{key}2": need}
        changes |= {f"needs.{key}r": need | {"quantity": 3, "after": [{"need": key + first}]}}
    assert classes_of(small_scenario(EQUAL_STATES | changes)) == ()


def test_states_without_needs_have_nothing_to_share() -> None:
    """A class in which nobody seeks anything is none."""
    empty = {"states.B": {"name": "Belmark", "deadline": 2016}, "states.C": {"name": "Corvia", "deadline": 2016}}
    assert classes_of(small_scenario(empty)) == ()


def test_needs_of_equal_states_take_each_others_places() -> None:
    """Each need goes with its like, whatever their ids: the larger with the larger."""
    more = {
        "needs.a": {"state": "B", "capability": "clearance", "quantity": 3},
        "needs.z": {"state": "A", "capability": "clearance", "quantity": 3},
    }
    (alike,) = classes_of(small_scenario(EQUAL_STATES | more))
    assert alike.members == ("A", "B")
    assert {frozenset(pair) for pair in zip(*alike.parts, strict=True)} == {frozenset("nm"), frozenset("za")}


@pytest.mark.parametrize(
    "changes",
    [
        {"providers.friend.kind": "foundation"},
        {"offers.f2.amount": 999},
        {"offers.f2.firmness": 0.5},
        {"offers.f3": {"kind": "funding", "provider": "friend", "amount": 1}},
        {"offers.l": PUBLIC_LOAN},
        {"decisions.caps": [{"provider": "friend", "state": "A", "money": 5}]},
        {"decisions.forbids": [{"offer": "f", "state": "A"}]},
    ],
)
def test_whatever_names_one_of_two_providers_tells_them_apart(changes: Changes) -> None:
    """A figure of theirs or of an offer, an advance that one repays, or a decision."""
    assert classes_of(small_scenario(EQUAL_DONORS | changes)) == ()


def test_who_advances_money_is_like_nobody() -> None:
    """Two firms that lend to one donor are not exchanged: the debts that they make are told by offer."""
    twice = {
        "providers.firm2": {"name": "Another company", "kind": "company"},
        "offers.l": PUBLIC_LOAN,
        "offers.l2": PUBLIC_LOAN | {"provider": "firm2"},
    }
    assert classes_of(small_scenario(twice)) == ()


def test_lots_are_hashes_of_the_seed_and_the_id() -> None:
    """By hand: the smaller hash takes the first role. Of ten seeds, each of two comes first at times."""
    winners = set()
    for seed in range(10):
        first, second = sorted(STATES.members, key=lambda key: sha256(f"{seed}:{key}".encode()).hexdigest())
        needs = {"A": "n", "B": "m"}
        assert STATES.drawn(seed) == {"A": first, "B": second, "n": needs[first], "m": needs[second]}
        winners.add(first)
    assert winners == {"A", "B"}


def test_the_split_of_two_equal_states_is_by_lot() -> None:
    """Where there is work for one State alone, the seed says which, and no figure is another."""
    changes = EQUAL_STATES | {"offers.t.max_states": 1, "objectives.order": [{"objective": "coverage"}]}
    winners, figures = set(), set()
    for seed in range(6):
        scenario = small_scenario(changes | {"seed": seed})
        result = solve(scenario, SolveOptions(work=2))
        assert result.portfolio is not None
        assert verify(scenario, result.portfolio).ok
        served = {scenario.need(flow.need).state for flow in result.portfolio.flows if flow.year == 2015}
        assert {each.state for each in result.portfolio.engagements if 2015 in each.years.range()} == served
        winners |= served
        figures.add(tuple(each.exact for each in result.figures))
        assert [(each.kind, each.members) for each in result.lots] == [("states", ("A", "B"))]
    assert winners == {"A", "B"}
    assert len(figures) == 1


def test_equal_donors_pay_by_lot() -> None:
    """Flows and engagements of one go to the other, and money in kind stays in kind."""
    scenario = small_scenario(EQUAL_DONORS | {"seed": 3, "offers.k": IN_KIND})
    result = solve(scenario, SolveOptions(work=2))
    assert result.portfolio is not None
    swapped = Alike("providers", ("donor", "friend"), (("f",), ("f2",)))
    seed = next(each for each in range(9) if swapped.drawn(each)["donor"] == "friend")
    moved = by_lot(scenario.with_fields(seed=seed), result.portfolio, (swapped,))
    places = {"f": "f2", "f2": "f"}
    assert {(each.financier, each.need, each.year, each.quantity) for each in moved.flows} == {
        (places.get(each.financier or "", each.financier), each.need, each.year, each.quantity)
        for each in result.portfolio.flows
    }
    assert {"f", "f2"} & {each.financier for each in moved.flows}
    assert None in {each.financier for each in moved.flows}
    assert {each.offer for each in moved.engagements} == {
        places.get(each.offer, each.offer) for each in result.portfolio.engagements
    }
    assert by_lot(scenario, result.portfolio, ()) is result.portfolio
