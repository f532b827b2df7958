"""What an earlier plan leaves behind where the horizon moves on, each figure by hand."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.portfolio.handover import taken_over
from matcher.portfolio.portfolio import Engagement, Flow, Portfolio
from matcher.scenario import FundingOffer, Ongoing, Scenario, Years
from smallest_scenario import Changes, small_scenario

LATER: Changes = {"horizon": [2017, 2018], "states.A.deadline": 2018}
LOAN: Changes = {
    "offers.p": {
        "kind": "funding",
        "provider": "firm",
        "amount": 500,
        "repayment": {"offer": "f", "after": 1, "premium": 0.1},
    }
}
EUROS: Changes = {"rates": {"EUR": {"rate": 0.5}}, "offers.f.currency": "EUR", "offers.f.amount": 2000}


def _plan(scenario: Scenario, *flows: tuple[str, int, int], runs: tuple[tuple[int, int], ...] = ()) -> Portfolio:
    """A plan of the operator's work for need n: who pays, the year and the granules; engagements by run of years."""
    return Portfolio(
        scenario=scenario.name,
        scenario_hash=scenario.digest,
        flows=tuple(
            Flow(
                financier=payer,
                implementer="t",
                need="n",
                year=year,
                kind="operator",
                quantity=granules,
                money=72 * granules,
            )
            for payer, year, granules in flows
        ),
        engagements=tuple(
            Engagement(offer=offer, state="A", years=Years(first=first, last=last))
            for offer in ("f", "t")
            for first, last in runs
        ),
    )


def _taken(before: Changes, later: Changes, *flows: tuple[str, int, int], runs: Any = ((2015, 2016),)) -> Scenario:
    earlier = small_scenario(before)
    return taken_over(small_scenario(before | LATER | later), earlier, _plan(earlier, *flows, runs=runs))


def _money(scenario: Scenario) -> FundingOffer:
    return scenario.funding_offer("f")


@pytest.mark.parametrize("horizon", [[2015, 2016], [2014, 2018]])
def test_nothing_is_taken_over_within_the_same_horizon(horizon: list[int]) -> None:
    """A horizon that begins no later has nothing before it."""
    earlier, scenario = small_scenario(), small_scenario({"horizon": horizon})
    assert taken_over(scenario, earlier, _plan(earlier, ("f", 2015, 5))) is scenario


def test_what_was_delivered_before_the_horizon_is_delivered() -> None:
    """Of 2 in 2015 and 3 in 2016, a horizon from 2016 knows the 2, and one from 2017 all 5."""
    flows = (("f", 2015, 2), ("f", 2016, 3))
    assert _taken({}, {}, *flows).need("n").delivered == 5
    assert _taken({}, {"horizon": [2016, 2017]}, *flows).need("n").delivered == 2
    assert _taken({"needs.n.delivered": 1}, {"needs.n.delivered": 0}, *flows).need("n").delivered == 6


@pytest.mark.parametrize(
    ("changes", "need", "delivered"),
    [
        ({"needs.n.delivered": 4}, "n", 4),  # what a file states stands
        ({"needs.n.quantity": 8}, "n", 0),  # another quantity says what is left
        ({"needs.m": {"state": "A", "capability": "clearance", "quantity": 10}}, "m", 0),  # a need that is new
    ],
)
def test_what_a_file_says_of_a_need_stands(changes: Changes, need: str, delivered: int) -> None:
    """Nothing is reckoned into what is stated, sought anew or unknown."""
    assert _taken({}, changes, ("f", 2015, 2), ("f", 2016, 3)).need(need).delivered == delivered


def test_who_worked_in_the_last_year_is_ongoing() -> None:
    """Since when, and with the money of the last year; work has no amount of money."""
    scenario = _taken({}, {}, ("f", 2015, 2), ("f", 2016, 3))
    assert scenario.offer("f").ongoing == (Ongoing(state="A", since=2015, amount=216),)
    assert scenario.offer("t").ongoing == (Ongoing(state="A", since=2015),)


def test_who_did_nothing_in_the_last_year_is_not() -> None:
    """A link that stopped, or that began after the horizon's first year, is not ongoing."""
    assert _taken({}, {}, ("f", 2015, 2), runs=((2015, 2015),)).offer("f").ongoing == ()
    later = _taken({}, {"horizon": [2016, 2017]}, ("f", 2016, 2), runs=((2016, 2016),))
    assert later.offer("f").ongoing == ()


def test_a_stretch_begins_after_its_last_gap() -> None:
    """Of two runs, the one that holds the last year counts; without any engagement, the last year itself."""
    before: Changes = {"horizon": [2013, 2016]}
    flows = (("f", 2013, 1), ("f", 2016, 1))
    assert _taken(before, {}, *flows, runs=((2013, 2013), (2015, 2016))).offer("t").ongoing[0].since == 2015
    assert _taken(before, {}, *flows, runs=()).offer("t").ongoing[0].since == 2016


@pytest.mark.parametrize(
    ("known", "since"), [({"state": "A", "since": 2009}, 2009), ({"state": "A"}, None), (None, 2015)]
)
def test_a_stretch_may_be_older_than_the_earlier_horizon(known: dict[str, Any] | None, since: int | None) -> None:
    """What was ongoing then, and went on, began when it says; or it has served its term."""
    before = {"offers.t.ongoing": [known]} if known else {}
    scenario = _taken(before, {"offers.t.ongoing": []}, ("f", 2015, 2), ("f", 2016, 3))
    assert [each.since for each in scenario.offer("t").ongoing] == [since]


def test_a_stretch_that_began_later_is_not_older() -> None:
    """What was ongoing, stopped and began again counts from when it began again."""
    before: Changes = {"offers.t.ongoing": [{"state": "A", "since": 2009}]}
    scenario = _taken(before, {"offers.t.ongoing": []}, ("f", 2016, 3), runs=((2016, 2016),))
    assert scenario.offer("t").ongoing == (Ongoing(state="A", since=2016),)


def test_what_a_file_says_of_an_offer_stands() -> None:
    """Ongoing work, money left and debts are not reckoned where they are stated, in part or not."""
    stated = {
        "offers.f.ongoing": [{"state": "A", "since": 2001, "amount": 9}],
        "offers.f.carried_in": {2017: 1},
        "offers.f.debts": {2018: 2},
    }
    money = _money(_taken(LOAN | {"offers.f.carry_over": 1}, stated, ("p", 2016, 2), ("f", 2016, 1)))
    assert money.ongoing == (Ongoing(state="A", since=2001, amount=9),)
    assert money.carried_in is not None
    assert money.debts is not None
    assert [money.carried_in.at(year) for year in (2017, 2018)] == [1, 0]
    assert [money.debts.at(year) for year in (2017, 2018)] == [0, 2]


def test_what_both_files_say_is_of_the_earlier_horizon() -> None:
    """Where only the horizon moves on in a file, its starting state is the earlier one, and the plan's years add to it.

    4 + 5 are delivered; 159 of a loan are owed beside the 10 that were; 1,000 - 216 are left, and 7 were, to 2018.
    """
    stated: Changes = LOAN | {
        "needs.n.delivered": 4,
        "offers.f.ongoing": [{"state": "A", "since": 2001, "amount": 9}],
        "offers.f.carried_in": {2016: 50, 2018: 7},
        "offers.f.debts": {2016: 50, 2017: 10},
        "offers.f.carry_over": 1,
        "offers.f.amount": {2016: 1000},
    }
    scenario = _taken(stated, {}, ("p", 2016, 2), ("f", 2016, 3))
    money = _money(scenario)
    assert scenario.need("n").delivered == 9
    assert money.ongoing == (Ongoing(state="A", amount=216, since=2001),)
    assert money.debts is not None
    assert [money.debts.at(year) for year in (2017, 2018)] == [169, 0]
    assert money.carried_in is not None
    assert [money.carried_in.at(year) for year in (2017, 2018)] == [784, 7]
    stopped = _taken(stated, {}, ("f", 2015, 3), runs=((2015, 2015),))
    assert _money(stopped).ongoing == ()


def test_a_need_of_other_work_is_another_need() -> None:
    """What was cleared of a need is not surveyed of another by its name."""
    other: Changes = {
        "capabilities.survey": {"name": "Survey", "unit": "m2"},
        "needs.n.capability": "survey",
    }
    assert _taken({}, other, ("f", 2016, 3)).need("n").delivered == 0


def test_rates_that_move_change_nothing_of_what_is_owed_or_left() -> None:
    """100 euros owed are 100 euros. At half a dollar, 2,000 less 432 were left, and half carried, at any rate now."""
    before = EUROS | {"offers.f.debts": {2017: 100}, "offers.f.carry_over": 0.5}
    later = {"offers.f.debts": None, "rates": {"EUR": {"rate": 0.6}}}
    money = _money(_taken(before, later, ("f", 2016, 3), runs=((2016, 2016),)))
    assert money.debts is not None
    assert money.debts.at(2017) == 100
    assert money.carried_in is not None
    assert money.carried_in.at(2017) == 2 * ((500 + 1000 - 216) // 2)
    assert money.ongoing == (Ongoing(state="A", since=2016, amount=432),)


def test_money_in_another_currency_than_before_is_converted() -> None:
    """100 euros owed at half a dollar are 50 dollars where the offer is in dollars now."""
    before = EUROS | {"offers.f.debts": {2017: 100}}
    money = _money(_taken(before, {"offers.f.debts": None, "offers.f.currency": None, "rates": None}))
    assert money.debts is not None
    assert money.debts.at(2017) == 50


def test_a_state_or_an_offer_that_is_gone_is_not_taken_over() -> None:
    """A State that the scenario no longer has, a new offer and one of another kind have nothing before them."""
    earlier = small_scenario()
    plan = _plan(earlier, ("f", 2016, 3), runs=((2016, 2016),))
    moved: Changes = {"states.A": None, "providers.gov": None, "states.B": {"name": "Belmark", "deadline": 2018}}
    gone = small_scenario(LATER | moved | {"needs.n.state": "B", "needs.n.quantity": 9})
    assert taken_over(gone, earlier, plan) == gone
    new = small_scenario(LATER | {"offers.x": {"kind": "funding", "provider": "donor", "amount": 5}})
    assert taken_over(new, earlier, plan).offer("x") == new.offer("x")
    work = {"kind": "technical", "provider": "donor", "capability": "clearance", "capacity": 1}
    changed = small_scenario(LATER | {"offers.f": work})
    assert taken_over(changed, earlier, plan).offer("f") == changed.offer("f")


def test_money_that_is_left_is_carried_in_as_far_as_the_offer_carries_it() -> None:
    """Half of 1,000 - 144 is carried, and half of 1,428 - 216 once more: 606. Without carrying over nothing is."""
    flows = (("f", 2015, 2), ("f", 2016, 3))
    money = _money(_taken({"offers.f.carry_over": 0.5}, {}, *flows))
    assert money.carried_in is not None
    assert [money.carried_in.at(year) for year in (2017, 2018)] == [606, 0]
    assert _money(_taken({}, {}, *flows)).carried_in is None
    spent = _taken({"offers.f.carry_over": 0.5, "offers.f.amount": {2016: 216}}, {}, ("f", 2016, 3))
    assert _money(spent).carried_in is None


def test_money_is_left_up_to_the_horizon_alone() -> None:
    """From 2016 on, what is left of 2015 counts: 428. What was planned for 2016 is planned anew."""
    money = _money(_taken({"offers.f.carry_over": 0.5}, {"horizon": [2016, 2017]}, ("f", 2015, 2), ("f", 2016, 3)))
    assert money.carried_in is not None
    assert money.carried_in.at(2016) == 428


def test_money_that_is_left_shrinks_in_the_years_between_two_plans() -> None:
    """606 are left to 2017, of which two years that nobody has planned pass on half each: 303, then 151."""
    flows = (("f", 2015, 2), ("f", 2016, 3))
    money = _money(_taken({"offers.f.carry_over": 0.5}, {"horizon": [2019, 2020]}, *flows))
    assert money.carried_in is not None
    assert money.carried_in.at(2019) == 151


def test_what_was_lent_is_owed_with_its_premium() -> None:
    """144 lent in 2016 fall due in 2017 as 158.4, rounded up; what was lent in 2015 is repaid, out of 2016."""
    money = _money(_taken(LOAN | {"offers.f.carry_over": 1}, {}, ("p", 2015, 1), ("p", 2016, 2)))
    assert money.debts is not None
    assert [money.debts.at(year) for year in (2017, 2018)] == [159, 0]
    assert money.carried_in is not None
    assert money.carried_in.at(2017) == 2000 - 80  # 72 and a tenth, rounded up


def test_what_was_owed_before_is_still_owed() -> None:
    """Debts of the earlier scenario that fall due in the horizon add to those that its plan made."""
    before: Changes = LOAN | {"offers.f.debts": {2016: 5, 2017: 10, 2018: 20}}
    money = _money(_taken(before, {"offers.f.debts": None}, ("p", 2016, 2)))
    assert money.debts is not None
    assert [money.debts.at(year) for year in (2017, 2018)] == [169, 20]


def test_money_of_another_currency_is_told_in_it() -> None:
    """A dollar buys two euros: what was given and is left is rounded down, what is owed is rounded up."""
    money = _money(
        _taken(EUROS | LOAN | {"offers.f.carry_over": 0.5}, {}, ("f", 2015, 2), ("f", 2016, 3), ("p", 2016, 1))
    )
    assert money.ongoing == (Ongoing(state="A", since=2015, amount=432),)
    assert money.carried_in is not None
    assert money.carried_in.at(2017) == 2 * 606
    assert money.debts is not None
    assert money.debts.at(2017) == 2 * 80


def test_odd_rates_are_rounded_for_nobodys_gain() -> None:
    """At 3 dollars for a euro, 216 given are 72, and 80 owed are 27: no less than what is due."""
    changes = EUROS | LOAN | {"rates": {"EUR": {"rate": 3}}, "offers.f.amount": 400, "offers.f.carry_over": 0.5}
    money = _money(_taken(changes, {}, ("f", 2016, 3), ("p", 2016, 1), runs=((2016, 2016),)))
    assert money.ongoing[0].amount == 72
    assert money.carried_in is not None
    assert money.carried_in.at(2017) == (600 + 1200 - 216) // 2 // 3
    assert money.debts is not None
    assert money.debts.at(2017) == 27


def test_what_a_file_repeats_from_before_several_plans_is_no_news() -> None:
    """The second plan began with 4 delivered and 9 owed; the file still says 1 and 3, as it was at the very first."""
    second: Changes = {"needs.n.delivered": 4, "offers.f.debts": {2018: 9}, "offers.f.carried_in": {2018: 9}}
    first: Changes = {"needs.n.delivered": 1, "offers.f.debts": {2018: 3}, "offers.f.carried_in": {2018: 3}}
    scenario = _taken(second, first, ("f", 2016, 3))
    money = _money(scenario)
    assert scenario.need("n").delivered == 7
    assert money.debts is not None
    assert money.debts.at(2018) == 9
    assert money.carried_in is not None
    assert money.carried_in.at(2018) == 9
    later = _taken(second, first | {"needs.n.delivered": 5, "offers.f.debts": {2018: 10}}, ("f", 2016, 3))
    assert later.need("n").delivered == 5
    debts = _money(later).debts
    assert debts is not None
    assert debts.at(2018) == 10


def test_what_is_kept_for_a_debt_is_left_to_pay_it() -> None:
    """1,000 a year are carried over for 1,500 owed in 2017: all of 2016's is left, and the debt stands beside it."""
    stated: Changes = {"offers.f.carry_over": 1, "offers.f.debts": {2017: 1500}, "horizon": [2015, 2018]}
    before = small_scenario(stated)
    assert before.money_by_year(before.funding_offer("f")) == [1000, 500, 0, 1000]
    money = _money(_taken(stated, {}))
    assert money.carried_in is not None
    assert money.carried_in.at(2017) == 2000
    assert money.debts is not None
    assert money.debts.at(2017) == 1500


def test_debts_beyond_the_horizon_come_back_beside_what_is_owed() -> None:
    """2019 lay beyond the second horizon: the file's 500 of it do not take the place of what was lent in between."""
    second: Changes = LOAN | {"offers.f.debts": {2018: 40}}
    later: Changes = {"offers.f.debts": {2019: 500}, "horizon": [2017, 2019]}
    debts = _money(_taken(second, later, ("p", 2016, 2))).debts
    assert debts is not None
    assert [debts.at(year) for year in (2017, 2018, 2019)] == [159, 40, 500]
