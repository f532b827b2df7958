"""What makes a partnership last, counted by hand: terms, links, waiting, shares, and what was there before."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from matcher.verification.documents import completed, fractional, last_full_year
from matcher.verification.facts import Setting
from matcher.verification.limits import ScenarioLimits
from matcher.verification.report import Obligation
from tiny_portfolios import TINY, Found, answer, changed, flow, found

Runs = dict[tuple[str, str], list[list[int]]]


def figure(name: str, changes: dict[str, Any], flows: list[dict[str, Any]], runs: Runs | None = None) -> Fraction:
    """Returns one figure of a right portfolio."""
    report = answer(changed(TINY, **changes), flows, runs)
    assert found(report) == []
    return report.figures[name]


def limits(**changes: Any) -> ScenarioLimits:
    """Returns the limits of the tiny scenario with fields changed."""
    return ScenarioLimits(fractional(completed(changed(TINY, **changes))))


# The deadline


@pytest.mark.parametrize(
    ("deadline", "year"),
    [(2021, 2021), ("2021-12-31", 2021), ("2021-12-30", 2020), ("2021-01-01", 2020), ("2021-11-30", 2020)],
)
def test_the_last_year_that_ends_by_a_deadline(deadline: int | str, year: int) -> None:
    """A year is its own end; a date counts the year that it ends."""
    assert last_full_year(deadline) == year


@pytest.mark.parametrize(
    ("deadline", "completes", "late"),
    [
        (2021, True, False),
        ("2021-12-31", True, False),
        ("2021-12-30", False, True),
        (2020, False, True),
        (1999, False, True),
        (2099, True, False),
    ],
)
def test_completions_in_time_and_late(deadline: int | str, completes: bool, late: bool) -> None:
    """All 100 are there at the end of 2021: in time, or within the horizon of 2023."""
    scenario = changed(TINY, needs__N__completes=True, states__S__deadline=deadline, states__S__weight=3)
    report = answer(scenario, [flow(2020, 50), flow(2021, 50)])
    assert (report.states["S"].completes, report.states["S"].completes_late) == (completes, late)
    assert (report.figures["completions"], report.figures["late_completions"]) == (3 * completes, 3 * late)
    short = answer(scenario, [flow(2020, 50), flow(2021, 40)])
    assert (short.states["S"].completes, short.states["S"].completes_late) == (False, False)


# What was delivered before


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [(70, []), (80, [(3, ("N",), None, 10)])],
)
def test_no_more_is_sought_than_is_left(quantity: int, expected: Found) -> None:
    """Of 100, 30 are there."""
    assert found(answer(changed(TINY, needs__N__delivered=30), [flow(2020, quantity)])) == expected


@pytest.mark.parametrize(("flows", "excess"), [([], None), ([flow(2020, 70)], None), ([flow(2020, 60)], 10)])
def test_the_rest_of_an_indivisible_need(flows: list[dict[str, Any]], excess: int | None) -> None:
    """All of what is left, or nothing."""
    scenario = changed(TINY, needs__N__delivered=30, needs__N__indivisible=True)
    assert found(answer(scenario, flows)) == ([] if excess is None else [(3, ("N",), None, excess)])


def test_what_was_delivered_counts_in_full() -> None:
    """In coverage without any discount, in completion, and in what waits."""
    changes = {
        "needs__N__delivered": 60,
        "needs__N__completes": True,
        "needs__M__weight": 0,
        "needs__K__weight": 0,
        "objectives__discount": Decimal("0.5"),
    }
    report = answer(changed(TINY, **changes), [flow(2021, 40)])
    assert report.ok
    assert report.figures["coverage"] == Fraction(60, 100) + Fraction(40, 200)
    assert report.figures["completions"] == 1
    assert report.states["S"].coverage == 1
    assert report.figures["waiting"] == Fraction(40, 100)
    done = answer(changed(TINY, **changes | {"needs__N__delivered": 100, "states__S__deadline": 2010}), [])
    assert (done.figures["completions"], done.figures["coverage"]) == (1, 1)


@pytest.mark.parametrize(
    ("before", "lag", "expected"),
    [
        ((0, 0), 0, [(5, ("M", "N"), 2020, Fraction(1, 5))]),
        ((20, 0), 0, []),
        ((10, 0), 0, [(5, ("M", "N"), 2020, Fraction(1, 10))]),
        ((20, 0), 3, []),
        ((20, 0), 9, []),
        ((20, 10), 1, [(5, ("M", "N"), year, Fraction(1, 5)) for year in range(2020, 2024)]),
    ],
)
def test_precedence_counts_what_was_delivered(before: tuple[int, int], lag: int, expected: Found) -> None:
    """A fifth of M in 2020, with so much of N's 100 and of M's 50 there from the start."""
    after = [{"need": "N", "lag": lag}]
    scenario = changed(TINY, needs__N__delivered=before[0], needs__M__delivered=before[1], needs__M__after=after)
    broken = found(answer(scenario, [flow(2020, 10, need="M")]))
    assert broken[: len(expected)] == expected if expected else broken == []


@pytest.mark.parametrize(
    ("changes", "new"),
    [
        ({}, [1000, 1000, 1000, 1000]),
        ({"carried_in": 5}, [1005, 1005, 1005, 1005]),
        ({"carried_in": {2021: 5}, "debts": {2022: 7}}, [1000, 1005, 993, 1000]),
        ({"debts": {2020: 1001}}, [0, 1000, 1000, 1000]),
        ({"carried_in": 5, "debts": 7, "years": [2021, 2022]}, [0, 998, 998, 0]),
        # 67 and 5 EUR are 100.5 and 7.5 USD, each rounded down; 3 EUR that are owed 4.5, rounded up
        ({"amount": 67, "carried_in": 5, "debts": 3, "currency": "EUR"}, [102] * 4),
    ],
    ids=str,
)
def test_new_money(changes: dict[str, Any], new: list[int]) -> None:
    """With what is left from before the horizon, less what is owed; a debt is paid only as far as there is money."""
    world = limits(**{f"offers__grant__{name}": value for name, value in changes.items()})
    assert [world.new_money(world.funding["grant"], year) for year in world.years] == new


# Working years


@pytest.mark.parametrize(
    ("changes", "least"),
    [
        ({}, (1, 10, 1)),
        ({"least_engagement": 0}, (1, 10, 1)),
        ({"least_engagement": 90}, (90, 50, 12)),  # 5 granules at 20, 12 months at 7.5
        ({"least_engagement": 100}, (100, 50, 14)),
        ({"least_engagement": 101}, (101, 60, 14)),
        ({"least_engagement": 10**6}, (300, 150, 133334)),  # all needs of S: 15 granules; of advice nothing is paid
        ({"least_engagement": 90, "offers__grant__min_per_state": 7, "offers__team__min_per_state": 5}, (7, 5, 12)),
        ({"least_engagement": 90, "offers__grant__min_per_state": 7, "offers__grant__currency": "EUR"}, (11, 50, 12)),
        ({"least_engagement": 90, "capabilities__clearance__reference_price": 3}, (90, 30, 12)),
        ({"least_engagement": 90, "capabilities__clearance__reference_price": 0}, (90, 10, 12)),
    ],
    ids=str,
)
def test_the_least_of_a_working_year(changes: dict[str, Any], least: tuple[int, int, int]) -> None:
    """An offer's own minimum; else what the scenario says, in money or in whole granules, up to all that S costs."""
    world = limits(**changes, needs__A={"state": "Z", "capability": "clearance", "quantity": 10**6})
    assert (world.least_working("grant", "S"), world.least_working("team", "S")) == least[:2]
    assert world.least_working("free", "Z") == least[2]


def test_all_needs_of_a_state_at_their_cheapest() -> None:
    """Work in kind is not the cheapest, nor is any that nobody offers."""
    cheap = TINY["offers"]["team"] | {"price": 1}
    assert limits().cheapest == {"S": 300, "Z": 0}
    assert limits(offers__cheap=cheap).cheapest == {"S": 150, "Z": 0}
    assert limits(offers__cheap=cheap, offers__a=cheap | {"price": 3}).cheapest["S"] == 150
    assert limits(offers__cheap=cheap | {"price": 0}, needs__N__delivered=50).cheapest["S"] == 300


LEAST = {"least_engagement": 100}


@pytest.mark.parametrize(
    ("flows", "expected"),
    [
        ([flow(2020, 50)], []),
        ([flow(2020, 40)], [(6, ("grant", "S"), 2020, 20), (6, ("team", "S"), 2020, 10)]),
        ([flow(2020, 30), flow(2020, 20, "budget")], [(6, ("grant", "S"), 2020, 40)]),  # its own money may be less
        ([flow(2020, 30), flow(2020, 20, need="M")], []),
    ],
)
def test_an_external_year_carries_nothing_or_enough(flows: list[dict[str, Any]], expected: Found) -> None:
    """Of money 100, of work 50."""
    assert found(answer(changed(TINY, **LEAST), flows)) == expected
    assert found(answer(changed(TINY, **LEAST), flows, {("other", "S"): [[2020, 2023]]})) == expected


@pytest.mark.parametrize(
    ("years", "granules", "expected"),
    [
        ([2020, 2021], 5, []),
        ([2020, 2021], 4, [(10, ("budget", "S"), 2020, 2)]),
        ([2020, 2022], 5, [(10, ("budget", "S"), 2022, 1)]),
        (None, 5, []),
        (None, 4, [(10, ("budget", "S"), 2020, 1)]),
    ],
)
def test_a_pin_holds_by_working_years(years: list[int] | None, granules: int, expected: Found) -> None:
    """In each year named, or in some year; also of the State's own money."""
    pin = {"offer": "budget", "state": "S"} | ({} if years is None else {"years": years})
    scenario = changed(TINY, **LEAST, decisions__pins=[pin], offers__team__min_per_state=1)
    flows = [flow(year, 10 * granules, "budget") for year in (2020, 2021)]
    report = answer(scenario, flows, {("budget", "S"): [[2020, 2022]]})
    assert found(report) == expected
    assert {each.detail for each in report.violations} <= {"pinned, but gives nothing, or too little"}


# Terms and obligations


@pytest.mark.parametrize(
    ("changes", "years", "missing", "owed"),
    [
        ({"min_years": 3}, [2020, 2022], 0, 0),
        ({"min_years": 3}, [2020, 2021], 1, 0),
        ({"min_years": 3}, [2022, 2023], 0, 1),
        ({"min_years": 9}, [2021, 2023], 0, 6),
        ({"min_years": 9}, [2021, 2022], 1, 0),
        # its own years end first, be it within the horizon or after it
        ({"min_years": 9, "years": [2019, 2022]}, [2021, 2022], 0, 0),
        ({"min_years": 9, "years": [2019, 2025]}, [2021, 2023], 0, 2),
        # who was there before and goes on has served its term, or serves what is left of it
        ({"min_years": 9, "ongoing": [{"state": "S"}]}, [2020, 2020], 0, 0),
        ({"min_years": 9, "ongoing": [{"state": "S"}]}, [2020, 2023], 0, 0),
        ({"min_years": 9, "ongoing": [{"state": "S"}]}, [2021, 2023], 0, 6),
        ({"min_years": 4, "ongoing": [{"state": "S", "since": 2018}]}, [2020, 2021], 0, 0),
        ({"min_years": 4, "ongoing": [{"state": "S", "since": 2018}]}, [2020, 2020], 1, 0),
        ({"min_years": 4, "ongoing": [{"state": "S", "since": 2010}]}, [2020, 2020], 0, 0),
        ({"min_years": 9, "ongoing": [{"state": "S", "since": 2018}]}, [2020, 2023], 0, 3),
        ({"min_years": 9, "ongoing": [{"state": "Z"}]}, [2020, 2023], 0, 5),
    ],
    ids=str,
)
def test_terms_and_what_is_owed_beyond_the_horizon(
    changes: dict[str, Any], years: list[int], missing: int, owed: int
) -> None:
    """Years that an engagement is too short of; years, and their least money, that it owes after 2023."""
    fields = {f"offers__grant__{name}": value for name, value in changes.items()}
    scenario = changed(TINY, **fields, offers__grant__currency="EUR", offers__grant__min_per_state=13)
    flows = [flow(year, 10) for year in range(years[0], years[1] + 1)]
    report = answer(scenario, flows)
    assert found(report) == ([(6, ("grant", "S"), years[0], missing)] if missing else [])
    assert report.obligations == ((Obligation("grant", "S", owed, 20 * owed),) if owed else ())
    assert report.figures["engagements"] == 2 * len(flows) + owed
    assert report.figures["cost"] == 20 * len(flows) + 20 * owed


def test_obligations_of_work_and_of_the_states_own_cost_nothing_more() -> None:
    """Work owes years and no money; what a State owes itself is listed, and counted in no figure."""
    own = TINY["offers"]["team"] | {"provider": "home", "states": ["S"], "min_years": 4}
    scenario = changed(TINY, offers__team__min_years=3, offers__team__min_per_state=10, offers__crew=own)
    scenario = changed(scenario, offers__budget__min_years=2, offers__budget__min_per_state=20)
    flows = [flow(2023, 10), flow(2023, 10, "budget", implementer="crew", kind="national")]
    report = answer(scenario, flows)
    assert found(report) == []
    assert report.obligations == (
        Obligation("budget", "S", 1, 20),
        Obligation("crew", "S", 3, 0),
        Obligation("team", "S", 2, 0),
    )
    assert (report.figures["engagements"], report.figures["cost"]) == (2 + 2, 20)


# Links


MONEY = {"offers__gift__ongoing": [{"state": "Z"}]}
"""Money says which links are ongoing: the foundation's with Z, which then stops."""


@pytest.mark.parametrize(
    ("changes", "years", "turnover"),
    [
        ({}, (2020, 2021, 2022), 0),  # of the first year nothing is known
        ({}, (2021, 2022), 2),  # the donor and the NGO
        ({}, (2020, 2022), 2),
        ({}, (2021, 2023), 4),
        (MONEY, (2020, 2021), 1 + 1),  # the donor starts, and the foundation is gone
        (MONEY, (2021,), 2 + 1),
        ({"offers__grant__ongoing": [{"state": "S"}]}, (2020,), 0),
        ({"offers__grant__ongoing": [{"state": "S"}]}, (2021,), 1 + 2),
        ({"offers__grant__ongoing": [{"state": "S"}], "offers__team__ongoing": [{"state": "S"}]}, (2020,), 0),
        ({"offers__grant__ongoing": [{"state": "S"}], "offers__free__ongoing": [{"state": "Z"}]}, (2020,), 1 + 1),
        # what a State's own money did is no link, and says nothing of any
        ({"offers__budget__ongoing": [{"state": "S"}]}, (2020,), 0),
        # of two offers of one donor, one link
        ({"offers__other__provider": "donor", "offers__other__ongoing": [{"state": "S"}]}, (2020,), 0),
    ],
    ids=str,
)
def test_turnover(changes: dict[str, Any], years: tuple[int, ...], turnover: int) -> None:
    """Starts, with those of the first year where their side says what was ongoing; and ongoing links that stop."""
    assert figure("turnover", changes, [flow(year, 10) for year in years]) == turnover


def test_empty_years_bridge_nothing() -> None:
    """Engaged without a gift in 2021, both start again in 2022; two offers of one donor that take turns do not."""
    runs: Runs = {("grant", "S"): [[2020, 2022]], ("team", "S"): [[2020, 2022]]}
    assert figure("turnover", {}, [flow(2020, 10), flow(2022, 10)], runs) == 2
    assert figure("turnover", {}, [flow(2020, 10), flow(2021, 10, "other"), flow(2022, 10)]) == 2
    one = {"offers__other__provider": "donor"}
    assert figure("turnover", one, [flow(2020, 10), flow(2021, 10, "other"), flow(2022, 10)]) == 0


def test_what_a_state_does_itself_is_no_link() -> None:
    """Its own money starts nothing and swings nothing."""
    flows = [flow(2020, 10), flow(2021, 20, "budget"), flow(2022, 10), flow(2023, 10)]
    assert figure("turnover", {}, flows) == 1  # the donor, again
    assert figure("swings", {}, flows) == 20 + 20
    assert figure("dependence", {}, flows) == 30


AMOUNT = {"offers__grant__ongoing": [{"state": "S", "amount": 67}], "offers__grant__currency": "EUR"}


@pytest.mark.parametrize(
    ("changes", "paid", "swings"),
    [
        ({}, dict.fromkeys(range(2020, 2024), 20), 0),
        ({}, {2020: 50}, 100),
        ({}, {2023: 50}, 100),
        ({}, {2021: 50}, 200),
        ({}, {2020: 50, 2021: 20, 2022: 30}, 60 + 20 + 60),
        (AMOUNT, {2020: 50}, 0 + 100),  # 67 EUR are 100 USD
        (AMOUNT, {}, 100),
        (AMOUNT, {2021: 50}, 100 + 100 + 100),
        ({"offers__grant__ongoing": [{"state": "S"}]}, {2020: 50}, 100),
        ({"offers__grant__ongoing": [{"state": "S", "amount": 0}]}, {2020: 50}, 200),
        # work has no money, and a link whose State has nothing to be met does not move
        ({"offers__team__ongoing": [{"state": "S", "amount": 70}]}, {2020: 50}, 100),
        ({"offers__grant__ongoing": [{"state": "Z", "amount": 70}]}, {}, 70),
        ({"offers__grant__ongoing": [{"state": "Z", "amount": 70}], "needs__K__years": [2021, 2022]}, {}, 0),
        # of two offers, what is known of either
        (
            {
                "offers__grant__ongoing": [{"state": "S", "amount": 60}],
                "offers__other__ongoing": [{"state": "S", "amount": 40}],
                "offers__other__provider": "donor",
            },
            {2020: 50},
            0 + 100,
        ),
        # who may not pay any more falls all the same
        ({"offers__grant__ongoing": [{"state": "Z", "amount": 70}], "offers__grant__states": ["S"]}, {2020: 50}, 170),
    ],
    ids=str,
)
def test_swings(changes: dict[str, Any], paid: dict[int, int], swings: int) -> None:
    """Changes of the donor's money from year to year; into the first year, where that before is known."""
    assert figure("swings", changes, [flow(year, quantity) for year, quantity in paid.items()]) == swings


def test_money_swings_only_while_needs_can_be_met() -> None:
    """From 100 to nothing after the last year of all needs: no fall that anybody chose."""
    windows = {"needs__N__years": [2020, 2021], "needs__M__years": [2019, 2020]}
    assert figure("swings", windows, [flow(2020, 50), flow(2021, 50)]) == 0
    assert figure("swings", windows, [flow(2020, 50)]) == 100
    assert figure("swings", windows | {"needs__M__years": [2023, 2030]}, [flow(2020, 50), flow(2021, 50)]) == 0


@pytest.mark.parametrize(
    ("share", "dependence"),
    [(None, 20), ("0.5", 20), ("0.6", 4), ("0.7", 0), ("0", 160), ("1", 0), ("0.3", 52 + 12)],
)
def test_dependence(share: str | None, dependence: int) -> None:
    """100 of one donor and 60 of another, over the years; own money does not count."""
    changes = {} if share is None else {"objectives__dependence_share": Decimal(share)}
    flows = [flow(2020, 30), flow(2021, 20), flow(2021, 30, "other", "M"), flow(2022, 20, "budget")]
    assert figure("dependence", changes, flows) == dependence


def test_at_risk() -> None:
    """What others give, by the chance that it does not come; own money is no such risk."""
    firm = {"offers__grant__firmness": Decimal("0.9"), "offers__budget__firmness": 0, "offers__team__firmness": 1}
    flows = [flow(2020, 50), flow(2021, 20, "budget"), flow(2020, 4, None, "K")]
    assert figure("at_risk", firm, flows) == 10
    assert figure("at_risk", firm | {"offers__free__firmness": Decimal("0.5")}, flows) == 10 + 15
    assert figure("at_risk", firm | {"offers__team__firmness": Decimal("0.5")}, flows) == 10 + 70


# Waiting


@pytest.mark.parametrize(
    ("changes", "flows", "waiting"),
    [
        ({}, [], 4),
        ({"states__S__weight": 3}, [], 12),
        ({"needs__N__weight": 3, "states__S__weight": 2}, [], 24),
        ({}, [flow(2020, 100)], 0),
        ({}, [flow(2021, 50)], 1 + 3 * Fraction(1, 2)),
        ({}, [flow(2023, 100)], 3),
        ({"needs__N__years": [2022, 2022]}, [], 2),
        ({"needs__N__years": [2022, 2022]}, [flow(2022, 50)], 1),
        ({"needs__N__years": [2010, 2012]}, [], 4),
        ({"needs__N__years": [2030, 2031]}, [], 0),
        ({"objectives__discount": Decimal("0.5")}, [flow(2021, 50)], 1 + 3 * Fraction(1, 2)),
    ],
    ids=str,
)
def test_waiting(changes: dict[str, Any], flows: list[dict[str, Any]], waiting: Fraction) -> None:
    """The share open at the end of each year from the need's first on, without any discount."""
    alone = {"needs__M__weight": 0, "needs__K__weight": 0}
    assert figure("waiting", alone | changes, flows) == waiting


@pytest.mark.parametrize(
    ("changes", "floor"),
    [
        ({}, 0),  # 100 can be done at once
        ({"offers__team__capacity": 45}, Fraction(60 + 20, 100)),  # in whole granules, 40 a year
        ({"offers__team__capacity": 45, "needs__N__weight": 2, "states__S__weight": 3}, 6 * Fraction(60 + 20, 100)),
        ({"offers__team__capacity": 45, "needs__N__delivered": 20}, Fraction(40, 100)),
        ({"needs__N__max_per_year": 55}, Fraction(50, 100)),
        ({"needs__N__years": [2021, 2022], "offers__team__capacity": 40}, Fraction(60 + 20 + 20, 100)),
        ({"offers__team__years": [2021, 2021], "offers__team__capacity": 40}, 1 + 3 * Fraction(60, 100)),
        ({"offers__crew": TINY["offers"]["team"] | {"capacity": 30}, "offers__team__capacity": 40}, Fraction(30, 100)),
        ({"offers__team__states": ["Z"]}, 4),
        ({"needs__N__years": [2030, 2031]}, 0),
    ],
    ids=str,
)
def test_what_waits_in_any_plan(changes: dict[str, Any], floor: Fraction) -> None:
    """Each need alone, with all who can work for it."""
    assert limits(**{"needs__M__weight": 0, "needs__K__weight": 0} | changes).waiting_floor == floor


# The smallest coverage


GONE = {"offers__free__states": ["S"]}


@pytest.mark.parametrize(
    ("changes", "aside"),
    [
        ({}, ()),
        (GONE, ("Z",)),
        (GONE | {"needs__K__weight": 0}, ()),
        ({"needs__K__years": [2030, 2031]}, ("Z",)),
        ({"needs__K__delivered": 10}, ()),  # it has everything, and counts no more
        ({"needs__K__max_per_year": 0}, ("Z",)),
        ({"offers__free__min_per_state": 10}, ()),
        ({"offers__free__min_per_state": 11}, ("Z",)),
        ({"offers__free__capacity": 0}, ("Z",)),
        # a need without a weight admits work, but for nothing
        (GONE | {"needs__A": {"state": "Z", "capability": "clearance", "quantity": 10, "weight": 0}}, ("Z",)),
        (GONE | {"needs__A": {"state": "Z", "capability": "clearance", "quantity": 10}}, ()),
        ({"offers__team__years": [2030, 2031]}, ("S",)),
        ({"states__S__absorption": 19}, ()),  # it pays itself
        ({"states__S__absorption": 19, "offers__budget__amount": 19}, ("S",)),
        ({"states__S__absorption": {2022: 20}, "offers__budget__amount": 19}, ()),
        ({"states__S__absorption": 99, "least_engagement": 100, "offers__budget__amount": 19}, ("S",)),
        ({"states__S__absorption": 99, "least_engagement": 100, "offers__budget__amount": 20}, ()),
        ({"least_engagement": 100, "offers__team__capacity": 40}, ("S",)),
        ({"decisions__forbids": [{"state": "S"}]}, ("S",)),
        ({"decisions__forbids": [{"state": "S", "years": [2020, 2022]}]}, ()),
        ({"decisions__forbids": [{"offer": "team"}]}, ("S",)),
    ],
    ids=str,
)
def test_states_that_nothing_can_serve_are_set_aside(changes: dict[str, Any], aside: tuple[str, ...]) -> None:
    """By the limits of State, offer and year alone; they are named, and the others' smallest coverage counts."""
    report = answer(changed(TINY, **changes), [])
    assert report.set_aside == aside
    assert limits(**changes).set_aside == aside


def test_the_smallest_coverage_is_of_those_that_count() -> None:
    """Z has nothing, and can have nothing; where nobody counts, the figure is 0."""
    flows = [flow(2023, 50)]
    assert figure("worst_off", {}, flows) == 0
    assert figure("worst_off", GONE | {"objectives__discount": Decimal("0.5")}, flows) == Fraction(1, 4)
    assert figure("worst_off", GONE | {"decisions__forbids": [{"state": "S"}]}, []) == 0


# Shares and commitments


@pytest.mark.parametrize(
    ("share", "quantity", "excess"),
    [
        ("0.5", 40, None),
        ("0.5", 50, 10),
        ("0.4", 20, None),
        ("0.4", 30, 4),
        ("0.3", 90, None),  # four would have to pay
        ("0.34", 20, None),
        ("0.34", 30, Fraction("12.4")),
        ("1", 90, None),
        ("0", 10, 20),
    ],
)
def test_a_share_binds_where_enough_could_pay(share: str, quantity: int, excess: Fraction | int | None) -> None:
    """The donor's money against 40 each of two others; own money counts on neither side."""
    scenario = changed(TINY, states__S__max_share=Decimal(share))
    others = [] if share == "0" else [flow(2021, 20, "other", "M"), flow(2022, 20, "gift", "M")]
    report = answer(scenario, [flow(2020, quantity), *others, flow(2023, 10, "budget")])
    expected = [] if excess is None else [(12, ("donor", "S"), None, excess)]
    assert [each for each in found(report) if each[1][0] == "donor"] == expected
    assert Setting(fractional(completed(scenario))).states["S"]["max_share"] == Fraction(share)


@pytest.mark.parametrize(
    ("changes", "binds"),
    [
        ({}, True),
        ({"offers__gift__states": ["Z"]}, False),
        ({"offers__gift__provider": "donor"}, False),
        ({"offers__gift__channels": ["un_agency"]}, False),
        ({"offers__gift__years": [2030, 2031]}, False),  # in no year of the horizon: no option
        ({"providers__fund__kind": "operator"}, False),  # money of an operator makes no kind of partnership
    ],
    ids=str,
)
def test_who_could_pay(changes: dict[str, Any], binds: bool) -> None:
    """Three providers of eligible money keep to a third and a bit; two could not."""
    third = {"states__S__max_share": Decimal("0.34"), "states__Z__max_share": Decimal("0.5")}
    assert limits(**third, **changes).shares == ({"S": Fraction("0.34")} if binds else {})


@pytest.mark.parametrize(("quantity", "excess"), [(50, None), (40, 10)])
def test_commitments_add_up(quantity: int, excess: int | None) -> None:
    """20 and 30 of the same are 50; of another year they are their own."""
    agreed = {"financier": "grant", "implementer": "team", "need": "N", "year": 2020}
    listed = [agreed | {"quantity": 20}, agreed | {"quantity": 30}, agreed | {"year": 2021, "quantity": 10}]
    report = answer(changed(TINY, decisions__commitments=listed), [flow(2020, quantity), flow(2021, 10)])
    assert found(report) == ([] if excess is None else [(10, ("grant", "team", "N"), 2020, excess)])
