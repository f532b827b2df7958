"""Prices of single rules and the worths of objectives, reckoned by hand on one small scenario."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from matcher.scenario import Scenario
from matcher.verification.documents import completed, fractional, plain
from matcher.verification.limits import ScenarioLimits
from matcher.verification.objectives import add_objective
from matcher.verification.worths import RULES, ReducedCosts
from priced_scenario import SMALL, document


def world(**changes: dict[str, Any]) -> ScenarioLimits:
    """Returns the small scenario as bounds look at it."""
    return ScenarioLimits(fractional(document(**changes)))


def told(worths: ReducedCosts) -> dict[str, Any]:
    """Returns everything that is worth something."""
    found: dict[str, Any] = {}
    for each in fields(worths):
        value = getattr(worths, each.name)
        if each.name in ("constant", "worst", "worst_kept", "all_short"):
            found |= {each.name: str(value)} if value else {}
        elif each.name != "world":
            table = {
                " ".join(map(str, (key if isinstance(key, tuple) else (key,)))): str(v) for key, v in value.items() if v
            }
            found |= {each.name: table} if table else {}
    return found


YEARS = (2020, 2021, 2022)
RULE_WORTHS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    (
        ("budget", "grant", 2020),
        {"constant": "6000", "spent": {"grant 2020": "-6", "loan 2019": "-33/5"}, "carried": {"grant 2020": "6"}},
    ),
    (("budget", "loan", 2021), {"constant": "1800", "spent": {"loan 2021": "-6"}, "carried": {"loan 2021": "6"}}),
    (
        ("budget", "grant", 2021),
        {"constant": "6000", "spent": {"grant 2021": "-6", "loan 2020": "-33/5"}, "carried": {"grant 2021": "6"}},
    ),
    (
        ("carry_over", "grant", 2021),
        {
            "constant": "3000",
            "spent": {"grant 2020": "-3", "loan 2019": "-33/10"},
            "carried": {"grant 2020": "3", "grant 2021": "-6"},
        },
    ),
    (
        ("carry_over", "grant", 2022),
        {
            "constant": "3000",
            "spent": {"grant 2021": "-3", "loan 2020": "-33/10"},
            "carried": {"grant 2021": "3", "grant 2022": "-6"},
        },
    ),
    (("capacity", "team", 2020), {"constant": "48", "worked": {"team 2020": "-6"}}),
    (("capacity", "team", 2022), {"worked": {"team 2022": "-6"}}),
    (("need_per_year", "M", 2020), {"constant": "24", "delivered": {"M 2020": "-6"}}),
    (("need_per_year", "N", 2020), {"constant": "60", "delivered": {"N 2020": "-6"}}),
    (("indivisible", "K"), {"delivered": {"K 2020": "-6", "K 2021": "-6", "K 2022": "-6"}, "whole": {"K": "24"}}),
    (("absorption", "S", 2020), {"constant": "3000", "external": {"S 2020": "-6"}}),
    (("absorption", "S", 2022), {"external": {"S 2022": "-6"}}),
    (("precedence", "M", 0, 2021), {"constant": "3/2", "delivered": {"M 2020": "-1", "M 2021": "-1", "N 2020": "3/5"}}),
    (("precedence", "M", 0, 2020), {"constant": "3/2", "delivered": {"M 2020": "-1"}}),
    (("engagement", "grant", "S", 2020), {"given": {"grant S 2020": "-6"}, "working": {"grant S 2020": "3000"}}),
    (("engagement", "budget", "S", 2020), {"given": {"budget S 2020": "-6"}, "engaged": {"budget S 2020": "420"}}),
    (("engagement", "team", "S", 2021), {"given": {"team S 2021": "-6"}, "working": {"team S 2021": "48"}}),
    (("engagement_for", "team", "M", 2020), {"given_to": {"team M 2020": "-6"}, "working": {"team S 2020": "24"}}),
    (("engagement_for", "grant", "M", 2020), {"given_to": {"grant M 2020": "-6"}, "working": {"grant S 2020": "480"}}),
    (("engagement_for", "loan", "K", 2020), {"given_to": {"loan K 2020": "-6"}}),
    (("minimum", "grant", "S", 2020), {"given": {"grant S 2020": "6"}, "engaged": {"grant S 2020": "-600"}}),
    (("minimum", "team", "S", 2020), {"given": {"team S 2020": "6"}, "engaged": {"team S 2020": "-12"}}),
    (("start", "grant", "S", 2020), {"engaged": {"grant S 2020": "-6"}, "started": {"grant S 2020": "6"}}),
    (
        ("start", "grant", "S", 2021),
        {"engaged": {"grant S 2020": "6", "grant S 2021": "-6"}, "started": {"grant S 2021": "6"}},
    ),
    (("lasting", "grant", "S", 2020), {"engaged": {"grant S 2020": "6"}, "started": {"grant S 2020": "-6"}}),
    (
        ("lasting", "grant", "S", 2022),
        {"engaged": {"grant S 2022": "6"}, "started": {"grant S 2021": "-6", "grant S 2022": "-6"}},
    ),
    (("lasting", "team", "S", 2021), {"engaged": {"team S 2021": "6"}, "started": {"team S 2021": "-6"}}),
    (("max_states", "grant", 2020), {"constant": "6", "engaged": {"grant S 2020": "-6", "grant Z 2020": "-6"}}),
    (
        ("max_partners", "S", 2021),
        {
            "constant": "12",
            "partner": {"bank S 2021": "-6", "donor S 2021": "-6", "fund S 2021": "-6", "ngo S 2021": "-6"},
        },
    ),
    (("partner", "team", "S", 2020), {"engaged": {"team S 2020": "-6"}, "partner": {"ngo S 2020": "6"}}),
    (("matching", "S", 2020), {"given": {"gift S 2020": "-3", "grant S 2020": "6"}}),
    (("completion", "N"), {"delivered": {"N 2020": "6", "N 2021": "6"}, "complete": {"S": "-60"}}),
    (
        ("smallest", "S"),
        {
            "delivered": {
                "M 2020": "1/4",
                "M 2021": "1/4",
                "M 2022": "1/4",
                "N 2020": "9/20",
                "N 2021": "9/20",
                "N 2022": "9/20",
            },
            "worst": "-6",
        },
    ),
]

OBJECTIVE_WORTHS: dict[str, dict[str, Any]] = {
    "completions": {"complete": {"S": "8"}},
    "coverage": {
        "delivered": {
            "M 2020": "4/3",
            "M 2021": "2/3",
            "M 2022": "1/3",
            "N 2020": "12/5",
            "N 2021": "6/5",
            "N 2022": "3/5",
        }
    },
    "worst_off": {"worst": "4"},
    "fit": {
        "given": {
            "budget S 2020": "4",
            "budget S 2021": "4",
            "budget S 2022": "4",
            "free Z 2020": "60",
            "free Z 2021": "60",
            "free Z 2022": "60",
            "gift S 2020": "4",
            "gift S 2021": "4",
            "gift S 2022": "4",
            "grant S 2020": "3",
            "grant S 2021": "3",
            "grant S 2022": "3",
            "grant Z 2020": "1",
            "grant Z 2021": "1",
            "grant Z 2022": "1",
            "loan S 2020": "4",
            "loan S 2021": "4",
            "loan S 2022": "4",
            "team S 2020": "80",
            "team S 2021": "80",
        }
    },
    "firmness": {
        "given": {
            "budget S 2020": "4",
            "budget S 2021": "4",
            "budget S 2022": "4",
            "free Z 2020": "60",
            "free Z 2021": "60",
            "free Z 2022": "60",
            "gift S 2020": "4",
            "gift S 2021": "4",
            "gift S 2022": "4",
            "grant S 2020": "2",
            "grant S 2021": "2",
            "grant S 2022": "2",
            "grant Z 2020": "2",
            "grant Z 2021": "2",
            "grant Z 2022": "2",
            "loan S 2020": "4",
            "loan S 2021": "4",
            "loan S 2022": "4",
            "team S 2020": "80",
            "team S 2021": "80",
        }
    },
    "engagements": {
        "engaged": {
            "free Z 2020": "4",
            "free Z 2021": "4",
            "free Z 2022": "4",
            "gift S 2020": "4",
            "gift S 2021": "4",
            "gift S 2022": "4",
            "grant S 2020": "4",
            "grant S 2021": "4",
            "grant S 2022": "4",
            "grant Z 2020": "4",
            "grant Z 2021": "4",
            "grant Z 2022": "4",
            "loan S 2020": "4",
            "loan S 2021": "4",
            "loan S 2022": "4",
            "team S 2020": "4",
            "team S 2021": "4",
        },
        # a start in the last year of two lasts for one more
        "started": {"grant S 2022": "4", "grant Z 2022": "4"},
    },
    "cost": {
        "external": {"S 2020": "4", "S 2021": "4", "S 2022": "4", "Z 2020": "4", "Z 2021": "4", "Z 2022": "4"},
        "started": {"grant S 2022": "400", "grant Z 2022": "400"},
    },
}


@pytest.mark.parametrize(("instance", "expected"), RULE_WORTHS, ids=lambda each: " ".join(map(str, each)))
def test_a_rule_at_a_price(instance: tuple[Any, ...], expected: dict[str, Any]) -> None:
    """At 3, subtracted twice: what its limit is worth, and what everything under it is worth less."""
    worths = ReducedCosts(world())
    rule, *key = instance
    for _ in range(2):
        RULES[rule][0](worths, Fraction(3), *key)
    assert told(worths) == expected


@pytest.mark.parametrize("objective", OBJECTIVE_WORTHS)
def test_an_objective_at_a_factor(objective: str) -> None:
    """At 2, added twice: what everything is worth to it."""
    worths = ReducedCosts(world())
    for _ in range(2):
        add_objective(worths, objective, Fraction(2))
    assert told(worths) == OBJECTIVE_WORTHS[objective]


LASTING: dict[str, Any] = {
    "states": {"S": {"deadline": 2020, "max_share": Decimal("0.4")}},
    "needs": {"N": {"delivered": 20}},
    "offers": {"grant": {"ongoing": [{"state": "S", "since": 2019, "amount": 40}], "min_years": 5}},
}
"""A fifth of N is there; the grant goes on in S until 2023, where three can pay and none more than two fifths."""

LASTING_RULES: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    (
        ("precedence", "M", 0, 2021),
        {"constant": "27/10", "delivered": {"M 2020": "-1", "M 2021": "-1", "N 2020": "3/5"}},
    ),
    (("minimum", "grant", "S", 2020), {"given": {"grant S 2020": "6"}, "engaged": {"grant S 2020": "-600"}}),
    (("minimum", "loan", "S", 2020), {"given": {"loan S 2020": "6"}, "working": {"loan S 2020": "-6"}}),
    (("minimum", "budget", "S", 2020), {"given": {"budget S 2020": "6"}}),
    (
        ("start", "grant", "S", 2020),
        {"constant": "6", "engaged": {"grant S 2020": "-6"}, "started": {"grant S 2020": "6"}},
    ),
    (("start", "grant", "Z", 2020), {"engaged": {"grant Z 2020": "-6"}, "started": {"grant Z 2020": "6"}}),
    (("ongoing_term", "grant", "S", 2022), {"engaged": {"grant S 2020": "-6", "grant S 2022": "6"}}),
    (("completion", "N"), {"delivered": {"N 2020": "6"}, "complete": {"S": "-48"}}),
    (
        ("late", "N"),
        {"delivered": {"N 2020": "6", "N 2021": "6", "N 2022": "6"}, "complete": {"S": "-48"}, "late": {"S": "-48"}},
    ),
    (
        ("max_share", "donor", "S"),
        {
            "given": {"grant S 2020": "-6", "grant S 2021": "-6", "grant S 2022": "-6"},
            "external": {"S 2020": "12/5", "S 2021": "12/5", "S 2022": "12/5"},
        },
    ),
    (
        ("excess", "donor", "S"),
        {
            "given": {"grant S 2020": "-6", "grant S 2021": "-6", "grant S 2022": "-6"},
            "external": {"S 2020": "3", "S 2021": "3", "S 2022": "3"},
            "excess": {"donor S": "6"},
        },
    ),
    (("link", "grant", "S", 2021), {"working": {"grant S 2021": "-6"}, "link": {"donor S 2021": "6"}}),
    (("works", "ngo", "S", 2021), {"working": {"team S 2021": "6"}, "link": {"ngo S 2021": "-6"}}),
    (("works", "ngo", "S", 2022), {"link": {"ngo S 2022": "-6"}}),
    (
        ("link_start", "ngo", "S", 2021),
        {"link": {"ngo S 2020": "6", "ngo S 2021": "-6"}, "link_start": {"ngo S 2021": "6"}},
    ),
    (("first_start", "loan", "S"), {"working": {"loan S 2020": "-6"}, "link_start": {"bank S 2020": "6"}}),
    (
        ("swing", "donor", "S", 2020),
        {
            "constant": "240",
            "given": {"grant S 2020": "-6"},
            "up": {"donor S 2020": "6"},
            "down": {"donor S 2020": "-6"},
        },
    ),
    (
        ("swing", "donor", "S", 2021),
        {
            "given": {"grant S 2020": "6", "grant S 2021": "-6"},
            "up": {"donor S 2021": "6"},
            "down": {"donor S 2021": "-6"},
        },
    ),
    (
        ("smallest", "S"),
        {
            "constant": "9/10",
            "delivered": {f"{need} {year}": at for need, at in (("M", "1/4"), ("N", "9/20")) for year in YEARS},
            "worst": "-6",
        },
    ),
]


@pytest.mark.parametrize(("instance", "expected"), LASTING_RULES, ids=lambda each: " ".join(map(str, each)))
def test_a_rule_of_what_lasts_at_a_price(instance: tuple[Any, ...], expected: dict[str, Any]) -> None:
    """At 3, subtracted twice, where some things were there before the horizon."""
    worths = ReducedCosts(world(**LASTING))
    rule, *key = instance
    for _ in range(2):
        RULES[rule][0](worths, Fraction(3), *key)
    assert told(worths) == expected


def _each(*keys: str, worth: str = "4") -> dict[str, str]:
    return dict.fromkeys(keys, worth)


def _years(*links: str, first: int = 2020) -> list[str]:
    return [f"{link} {year}" for link in links for year in range(first, 2023)]


MOVING = [*_years("bank S", "donor Z", "fund S", first=2021), *_years("donor S")]
OWED = {"grant S 2021": 3, "grant S 2022": 4, "grant Z 2020": 2, "grant Z 2021": 3, "grant Z 2022": 4}
"""Years after 2022 that a start of five years owes."""
LASTING_OBJECTIVES: dict[str, dict[str, Any]] = {
    "late_completions": {"late": {"S": "8"}},
    "coverage": OBJECTIVE_WORTHS["coverage"] | {"constant": "24/5"},
    # N: 24 for each year, of which four fifths wait; M: 8 for each year
    "waiting": {
        "constant": "408/5",
        "delivered": {
            "M 2020": "-4",
            "M 2021": "-8/3",
            "M 2022": "-4/3",
            "N 2020": "-36/5",
            "N 2021": "-24/5",
            "N 2022": "-12/5",
        },
    },
    # money says what was ongoing, and work does not: of the first year, only money starts
    "turnover": {
        "constant": "4",
        "link": {"donor S 2020": "-4"},
        "link_start": _each(
            *_years("bank S", "donor Z", "fund S"), *_years("donor S", "ngo Z", first=2021), "ngo S 2021"
        ),
    },
    "dependence": {"excess": _each("bank S", "donor S", "donor Z", "fund S", "ngo S", "ngo Z")},
    "swings": {"up": _each(*MOVING), "down": _each(*MOVING)},
    "at_risk": {"given": _each(*_years("grant S", "grant Z"), worth="2")},
    "cost": {
        "external": _each(*_years("S", "Z")),
        "engaged": {"grant S 2020": "400"},
        "started": {key: str(400 * years) for key, years in OWED.items()},
    },
    "engagements": {
        "engaged": OBJECTIVE_WORTHS["engagements"]["engaged"] | {"grant S 2020": "8"},
        "started": {key: str(4 * years) for key, years in OWED.items()},
    },
}


@pytest.mark.parametrize("objective", LASTING_OBJECTIVES)
def test_an_objective_of_what_lasts_at_a_factor(objective: str) -> None:
    """At 2, added twice, where some things were there before the horizon."""
    worths = ReducedCosts(world(**LASTING))
    for _ in range(2):
        add_objective(worths, objective, Fraction(2))
    assert told(worths) == LASTING_OBJECTIVES[objective]


def test_a_link_that_can_pay_nothing_any_more() -> None:
    """It falls and ends whatever is done: its money, if known and if anything can be met, and one link."""
    gone: dict[str, Any] = {"grant": {"states": ["Z"], "ongoing": [{"state": "S", "amount": 40}]}}
    for changes, constants in (
        ({}, ("160", "4")),
        ({"N": {"years": [2021, 2022]}, "M": {"years": [2021, 2022], "after": []}}, (None, "4")),
    ):
        for objective, constant in zip(("swings", "turnover"), constants, strict=True):
            worths = ReducedCosts(world(offers=gone, needs=changes))
            add_objective(worths, objective, Fraction(4))
            assert told(worths).get("constant") == constant
    unknown: dict[str, Any] = {"team": {"states": ["Z"], "ongoing": [{"state": "S"}]}}
    worths = ReducedCosts(world(offers=unknown))
    add_objective(worths, "swings", Fraction(4))
    assert worths.constant == 0


def test_windows_of_needs_say_where_they_wait_and_what_moves() -> None:
    """N can be met in 2021 and waits until 2022; K never waits."""
    worths = ReducedCosts(world(needs={"N": {"years": [2021, 2021]}, "M": {"weight": 0, "years": [2022, 2022]}}))
    add_objective(worths, "waiting", Fraction(1))
    assert told(worths) == {"constant": "12", "delivered": {"N 2021": "-6/5"}}
    late = world(needs={"N": {"years": [2019, 2020]}, "M": {"years": [2023, 2023], "after": []}})
    assert late.open_years == {"S": {2020}, "Z": {2020, 2021, 2022}}
    worths = ReducedCosts(late)
    add_objective(worths, "swings", Fraction(1))
    assert told(worths) == {"up": _each(*_years("donor Z", first=2021), worth="1")} | {
        "down": _each(*_years("donor Z", first=2021), worth="1")
    }


def test_completions_are_late_only_before_the_horizon_ends() -> None:
    """What is delivered by the end of a later deadline is in time."""
    for deadline in (2022, 2030):
        worths = ReducedCosts(world(states={"S": {"deadline": deadline}}))
        add_objective(worths, "late_completions", Fraction(1))
        assert told(worths) == {}


@pytest.mark.parametrize(
    ("instance", "why"),
    [
        (("ongoing_term", "grant", "S", 2020), "grant has no term to serve in S in 2020"),
        (("ongoing_term", "grant", "Z", 2021), "grant has no term to serve in Z in 2021"),
        (("ongoing_term", "loan", "S", 2021), "loan has no term to serve in S in 2021"),
        (("late", "M"), "M does not complete its State"),
        (("max_share", "donor", "Z"), "Z has no limit on shares that binds"),
        (("link", "budget", "S", 2020), "budget is not external to S"),
        (("link_start", "ngo", "S", 2020), "ngo has no link with S that starts in 2020, after the first year"),
        (("link_start", "home", "S", 2021), "home has no link with S that starts in 2021, after the first year"),
        (("first_start", "grant", "S"), "grant starts nothing in S in the first year that counts"),
        (("first_start", "team", "S"), "team starts nothing in S in the first year that counts"),
        (("first_start", "budget", "S"), "budget starts nothing in S in the first year that counts"),
        (("swing", "bank", "S", 2020), "what bank pays in S does not move into 2020"),
    ],
)
def test_what_a_scenario_says_nothing_of_has_no_price(instance: tuple[Any, ...], why: str) -> None:
    """Terms, links and moves that do not count cannot be priced."""
    rule, *key = instance
    with pytest.raises(ValueError, match=f"^{why}$"):
        RULES[rule][0](ReducedCosts(world(**LASTING)), Fraction(1), *key)


def test_a_served_term_cannot_be_priced() -> None:
    """Of an offer that goes on and has served its minimum, or serves it until 2021."""
    for since, last in ((None, 2020), (2017, 2021)):
        ongoing = [{"state": "S"} | ({} if since is None else {"since": since})]
        worths = ReducedCosts(world(offers={"grant": {"ongoing": ongoing, "min_years": 5}}))
        with pytest.raises(ValueError, match=r"^grant has no term to serve in S in "):
            RULES["ongoing_term"][0](worths, Fraction(1), "grant", "S", last + 1)
    RULES["ongoing_term"][0](worths, Fraction(1), "grant", "S", 2021)


@pytest.mark.parametrize(
    ("instance", "why"),
    [
        (("indivisible", "N"), "N is not indivisible"),
        (("absorption", "Z", 2020), "Z has no limit on absorption"),
        (("lasting", "team", "S", 2022), "team has no offer in 2022"),
        (("max_states", "team", 2020), "team has no limit on its States"),
        (("max_partners", "Z", 2020), "Z has no limit on its partners"),
        (("partner", "budget", "S", 2020), "budget is not external to S"),
        (("completion", "M"), "M does not complete its State"),
        (("smallest", "Z"), "Z does not count in the smallest coverage"),
    ],
)
def test_a_rule_that_a_scenario_does_not_have_has_no_price(instance: tuple[Any, ...], why: str) -> None:
    """A limit that is not there cannot be priced."""
    rule, *key = instance
    with pytest.raises(ValueError, match=f"^{why}$"):
        RULES[rule][0](ReducedCosts(world()), Fraction(1), *key)


def test_an_objective_that_does_not_exist_is_worth_nothing() -> None:
    """It is refused by its name."""
    with pytest.raises(ValueError, match=r"^no objective 'luck'$"):
        add_objective(ReducedCosts(world()), "luck", Fraction(1))


# The scenario as bounds look at it


def test_who_can_work_for_whom_and_who_can_pay() -> None:
    """Offers by State, payers by need and worker, and work in kind."""
    small = world()
    assert small.reach == {"S": (["budget", "gift", "grant", "loan"], ["team"]), "Z": (["grant"], ["free"])}
    paying = ("budget", "gift", "grant", "loan")
    assert small.payers == {("M", "team"): paying, ("N", "team"): paying}
    assert {need: small.place(need)[0] for need in small.needs} == {"K": ["free"], "M": [], "N": []}
    assert small.dearest == {(payer, need): 20 for payer in paying for need in ("M", "N")}
    assert small.lenders == {"grant": [("loan", 1, Fraction(11, 10))]}


def test_the_dearest_work_that_money_can_pay() -> None:
    """Of all workers, whichever comes first."""
    for key in ("crew", "zeal"):
        dear = world(offers={key: SMALL["offers"]["team"] | {"price": 3}})
        assert {dear.dearest["grant", need] for need in ("M", "N")} == {30}


def test_who_makes_no_kind_of_partnership_pays_for_nothing() -> None:
    """Money of operators makes no partnership with operators; where nobody can pay, nobody works for money."""
    changes: dict[str, Any] = {"providers": {"bank": {"kind": "operator"}}}
    assert world(**changes).payers == {(need, "team"): ("budget", "gift", "grant") for need in ("M", "N")}
    elsewhere = {key: {"states": ["Z"]} for key in ("budget", "gift", "grant")}
    assert world(**changes, offers=elsewhere).payers == {}


@pytest.mark.parametrize(
    ("changes", "need", "year", "workers"),
    [
        ({}, "N", 2019, {}),
        ({}, "N", 2020, {"team": ("budget", "gift", "grant", "loan")}),
        ({}, "N", 2022, {}),
        ({}, "K", 2022, {"free": None}),
        # a loan in the last year would be repaid past the horizon
        (
            {"offers": {"team": {"years": [2020, 2022]}}, "states": {"S": {"absorption": None}}},
            "N",
            2022,
            {"team": ("budget", "gift", "grant")},
        ),
        ({"offers": {"team": {"years": [2020, 2022]}}}, "N", 2022, {"team": ("budget",)}),  # nothing can be absorbed
        (
            {"offers": {"budget": {"amount": 0}, "gift": {"years": [2021, 2022]}}},
            "N",
            2020,
            {"team": ("grant", "loan")},
        ),
        (
            {"offers": {"grant": {"amount": {2021: 5}, "states": ["Z"]}}},
            "N",
            2020,
            {"team": ("budget", "gift", "loan")},
        ),
        ({"states": {"S": {"absorption": 0}}}, "N", 2020, {"team": ("budget",)}),
        ({"states": {"S": {"absorption": 0}}, "offers": {"budget": {"amount": 0}}}, "N", 2020, {}),
        ({"decisions": {"forbids": [{"offer": "team", "years": [2020, 2020]}]}}, "N", 2020, {}),
        (
            {"decisions": {"forbids": [{"offer": "team", "years": [2020, 2020]}]}},
            "N",
            2021,
            {"team": ("budget", "gift", "grant", "loan")},
        ),
        ({"decisions": {"forbids": [{"provider": "fund"}]}}, "N", 2020, {"team": ("budget", "grant", "loan")}),
        ({"decisions": {"forbids": [{"need": "K"}]}}, "K", 2020, {}),
    ],
)
def test_who_works_in_a_year(changes: dict[str, Any], need: str, year: int, workers: dict[str, Any]) -> None:
    """Whoever stands in that year and is not forbidden, with whoever can pay then."""
    base = {"decisions": {}} | changes
    copy = deepcopy(SMALL) | {"decisions": base.pop("decisions")}
    for part, each in base.items():
        for key, value in each.items():
            copy[part][key] |= value
    full = completed(plain(Scenario.from_data(copy)))
    assert ScenarioLimits(fractional(full)).workers(need, year) == workers


def test_the_most_of_everything() -> None:
    """Money with all carried over, work in whole granules, and what a State or a need can take of either."""
    small = world()
    assert [small.most_money["grant", year] for year in small.years] == [1000, 1500, 1750]
    late = world(offers={"grant": {"years": [2021, 2021]}, "free": {"years": [2021, 2021]}})
    assert [late.new_money(late.funding["grant"], year) for year in (2020, 2021, 2022)] == [0, 1000, 0]
    assert [late.capacity(late.technical["free"], year) for year in (2020, 2021, 2022)] == [0, 6, 0]
    saved = world(offers={"grant": {"carry_over": 1}})
    assert [saved.most_money["grant", year] for year in saved.years] == [1000, 2000, 3000]
    assert [small.most_money["loan", year] for year in small.years] == [300, 300, 300]
    assert [small.most("grant", "S", year) for year in small.years] == [500, 300, 0]
    assert [small.most("grant", "Z", year) for year in small.years] == [1000, 1500, 1750]
    assert [small.most("budget", "S", year) for year in small.years] == [70, 70, 70]
    assert [small.most("team", "S", year) for year in small.years] == [8, 8, 0]
    assert [small.most_work("team", need, 2020) for need in ("N", "M")] == [8, 4]
    assert [small.most_for(*each, 2020) for each in (("team", "M"), ("grant", "M"), ("grant", "N"), ("loan", "K"))] == [
        *(4, 80, 200, 0)
    ]
    assert (small.demand, small.year_cap) == ({"K": 4, "M": 6, "N": 10}, {"K": 4, "M": 4, "N": 10})
    pairs = (("grant", "S"), ("team", "S"), ("free", "Z"), ("loan", "S"), ("budget", "S"))
    assert [small.least_given(*pair) for pair in pairs] == [100, 2, 1, 1, 0]
    assert [small.discount(year) for year in small.years] == [1, Fraction(1, 2), Fraction(1, 4)]
    assert [small.timely(state) for state in ("S", "Z")] == [range(2020, 2022), range(2020, 2023)]
    assert [small.can_pay("loan", year) for year in (2019, 2020, 2021, 2022)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("need", "completes"),
    [
        ({"quantity": 160}, True),  # eight granules in each of two years
        ({"quantity": 170}, False),
        ({"quantity": 100, "max_per_year": 50}, True),
        ({"quantity": 100, "max_per_year": 40}, False),
        ({"quantity": 80, "years": [2021, 2022]}, True),
        ({"quantity": 90, "years": [2021, 2022]}, False),
        ({"completes": False, "quantity": 170}, True),
    ],
)
def test_a_state_completes_if_each_need_alone_could(need: dict[str, Any], completes: bool) -> None:
    """By its deadline, in its years, with all who can work for it."""
    small = world(needs={"N": need})
    assert small.can_complete("S", small.timely("S")) is completes
