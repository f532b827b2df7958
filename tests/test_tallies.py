"""What a portfolio comes to for each State and in all, counted by hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from matcher.comparison.tally import ABSENT, StateTally, tally, units_by_partners
from matcher.portfolio.portfolio import Engagement, Flow, Portfolio
from matcher.scenario import Scenario, Years
from smallest_scenario import small_scenario

PEOPLE = {"women": 10, "men": 9, "girls": 3, "boys": 0}


def flow(need: str = "n", year: int = 2015, quantity: int = 3, **changes: Any) -> Flow:
    """Returns what the donor pays the operator for, at 72 a unit."""
    fields = {"financier": "f", "implementer": "t", "kind": "operator", "money": 72 * quantity} | changes
    return Flow(need=need, year=year, quantity=quantity, **fields)


def portfolio_of(scenario: Scenario, *flows: Flow, engaged: tuple[str, ...] = ("f", "t")) -> Portfolio:
    """Returns flows, and offers engaged in Arland in both years."""
    runs = tuple(Engagement(offer=offer, state="A", years=Years(first=2015, last=2016)) for offer in engaged)
    return Portfolio(scenario="small", scenario_hash=scenario.digest, flows=flows, engagements=runs)


def counted(scenario: Scenario, *flows: Flow) -> StateTally:
    """Returns what flows come to for Arland."""
    return tally(scenario, portfolio_of(scenario, *flows)).state("A")


def test_a_portfolio_is_counted() -> None:
    """Part of a need: money, partners, and people rounded down; no year of completion yet."""
    scenario = small_scenario({"needs.n.completes": True, "needs.n.beneficiaries": PEOPLE})
    found = tally(scenario, portfolio_of(scenario, flow()))
    state = found.state("A")
    assert (state.completes, state.completion_year, state.coverage) == (False, None, Fraction(3, 10))
    assert (state.external, state.own, state.partners) == (216, 0, {"donor", "ngo"})
    assert dict(state.people) == {"women": 3, "men": 2, "girls": 0, "boys": 0}
    assert (dict(found.given), dict(found.placed)) == ({"f": 216, "t": 3}, {("f", "A"): 216, ("t", "A"): 3})
    assert dict(found.yearly) == {("f", "A", 2015): 216, ("t", "A", 2015): 3}
    assert (found.needs["n"].delivered, found.needs["n"].open, found.needs["n"].met) == (3, 7, Fraction(3, 10))
    assert found.state("Z") is ABSENT


def test_all_states_together() -> None:
    """By weight of State and need; of shares, the least; of money, that of others and the States' own."""
    second = {"needs.b": {"state": "B", "capability": "clearance", "quantity": 4, "weight": 3, "completes": True}}
    own = {"kind": "funding", "provider": "gov", "amount": 1000}
    scenario = small_scenario(
        {"states.B": {"name": "Belmark", "deadline": 2016, "weight": 2}, "offers.own": own}
        | {"needs.n.beneficiaries": PEOPLE, "states.C": {"name": "Cornia", "deadline": 2016}}
        | second
    )
    flows = flow(), flow("b", quantity=4), flow(quantity=2, financier="own", kind="national")
    found = tally(scenario, portfolio_of(scenario, *flows, engaged=("f", "t", "own"))).totals
    assert (found.completions, found.coverage, found.worst_off) == (2, Fraction(1, 2) + 2 * 3, Fraction(1, 2))
    assert (found.external, found.own, found.partners, found.people) == (216 + 288, 144, {"donor", "ngo"}, 5 + 4 + 1)


def test_a_partner_is_who_is_engaged() -> None:
    """With flows or without, as the limit on a State's partners counts; a State is no partner of its own."""
    scenario = small_scenario({"offers.own": {"kind": "funding", "provider": "gov", "amount": 5}})
    found = tally(scenario, portfolio_of(scenario, flow(), engaged=("f", "own")))
    assert found.state("A").partners == {"donor"}


@pytest.mark.parametrize("discount", [Decimal(1), Decimal("0.5")])
def test_later_counts_no_less(discount: Decimal) -> None:
    """Needs are met in quantities, whatever the discount of the objectives."""
    scenario = small_scenario({"objectives.discount": discount})
    found = tally(scenario, portfolio_of(scenario, flow(year=2016, quantity=5)))
    assert found.state("A").coverage == found.totals.coverage == found.totals.worst_off == Fraction(1, 2)


def test_the_year_of_completion_is_the_last_of_the_needs_that_count() -> None:
    """The year in which the sum reaches what is sought, need by need; none where one is never met or none counts."""
    sought = {"state": "A", "capability": "clearance", "completes": True}
    changes = {"needs.n.completes": True, "needs.m": sought | {"quantity": 4}, "needs.o.quantity": 99}
    scenario = small_scenario(changes | {"needs.o.state": "A", "needs.o.capability": "clearance"})
    in_part, met = flow(quantity=4), (flow("m", quantity=4), flow("o", 2016, 99))
    ends = [counted(scenario, *flows) for flows in ((in_part, flow(year=2016, quantity=6), *met), (in_part, *met))]
    assert [(each.completes, each.completion_year) for each in ends] == [(True, 2016), (False, None)]
    assert counted(scenario, flow(quantity=10), *met).completion_year == 2015
    late = small_scenario(changes | {"states.A.deadline": 2015, "needs.o": None})
    found = counted(late, in_part, flow(year=2016, quantity=6), met[0])
    assert (found.completes, found.completion_year) == (False, 2016)
    assert counted(small_scenario(), flow(quantity=10)).completes is None


def test_a_state_without_weights_has_no_share() -> None:
    """That is not the same as nothing met."""
    scenario = small_scenario({"needs.n.weight": 0})
    found = tally(scenario, portfolio_of(scenario, flow()))
    assert (found.state("A").coverage, found.totals.coverage, found.totals.worst_off) == (None, 0, 0)


def test_work_by_partners() -> None:
    """Units by who pays and who works, over the years."""
    scenario = small_scenario()
    free = flow(quantity=1, financier=None, money=0)
    found = units_by_partners(scenario, portfolio_of(scenario, flow(), flow(year=2016), free))
    assert dict(found) == {("donor", "ngo", "n"): 6, (None, "ngo", "n"): 1}
