"""The checker: every rule by hand, hundreds of single slips, figures, documents, and the program."""

from __future__ import annotations

import ast
import io
import json
import shutil
import subprocess
import sys
from copy import deepcopy
from decimal import Decimal
from fractions import Fraction
from math import isqrt
from pathlib import Path
from typing import Any

import pytest

import matcher.verification as verification
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result, SolveOptions, scenario_hash
from matcher.scenario import Scenario
from matcher.units import plain
from matcher.verification import canonical_hash, verify
from matcher.verification.__main__ import main
from matcher.verification.documents import completed, fractional
from matcher.verification.facts import Facts
from matcher.verification.figures import state_figures
from matcher.verification.report import RULES, shown
from mutants import FAULTS, OWNERSHIP, Fault, mutant
from smallest_scenario import small_scenario
from tiny_portfolios import TINY, Found, answer, changed, flow, found

FOLDER = Path(verification.__file__).parent
SEEDS = range(3)

# Single slips


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_single_slips_are_named(fault: Fault, seed: int) -> None:
    """A valid portfolio is accepted; with one slip it is rejected, and the rule broken is the first named."""
    made = mutant(fault, seed)
    assert verify(made.scenario, made.valid).violations == ()
    report = verify(made.scenario, made.spoilt)
    assert not report.ok
    assert report.violations[0].rule == fault.rule
    assert {each.rule for each in report.violations} == {fault.rule} | fault.also
    assert all(each.excess > 0 for each in report.violations)


def test_slips_are_many_and_cover_every_rule() -> None:
    """At least two hundred mutants, and each rule of the model is broken by some."""
    assert len(FAULTS) * len(SEEDS) >= 200
    assert {fault.rule for fault in FAULTS} == set(RULES)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_documents_with_and_without_defaults_are_judged_alike(fault: Fault) -> None:
    """Model, full dump, dump without defaults and JSON of either give one report."""
    made = mutant(fault, 11)
    report = verify(made.scenario, made.spoilt)
    bare = made.scenario.model_dump(exclude_defaults=True)
    assert "absorption" not in bare["states"]["CCC"]
    texts = [made.scenario.model_dump_json(), made.scenario.model_dump_json(exclude_defaults=True)]
    read = [json.loads(text, parse_float=Decimal) for text in texts]
    spoilt = json.loads(json.dumps(made.spoilt))
    for document in (made.scenario.model_dump(), bare, *read):
        assert verify(document, spoilt) == report


# Each rule by hand


def test_a_right_portfolio_is_accepted() -> None:
    """Nothing is wrong with two flows within all limits, nor with no flow at all."""
    assert answer(TINY, [flow(2020, 50), flow(2021, 50), flow(2022, 5, None, "K")]).ok
    assert answer(TINY, []).ok


ZERO: list[tuple[dict[str, Any], int]] = [
    ({"money": 101}, 1),
    ({"quantity": 55, "money": 110}, 5),
    ({"quantity": 0, "money": 0}, 1),
    ({"kind": "bilateral"}, 1),
    ({"financier": "none-such"}, 1),
    ({"financier": "team"}, 1),
    ({"implementer": "grant"}, 1),
    ({"need": "none-such"}, 1),
    ({"financier": None}, 50),
]


@pytest.mark.parametrize(("change", "excess"), ZERO)
def test_flows_stated_wrongly_break_rule_0_alone(change: dict[str, Any], excess: int) -> None:
    """A wrong statement is one violation of rule 0, in its year, by what is off."""
    wrong = flow(2020, 50) | change
    runs = {("grant", "S"): [[2020, 2020]], ("team", "S"): [[2020, 2020]]}
    model = Scenario.from_data(TINY)
    engagements = [{"offer": offer, "state": state, "years": years[0]} for (offer, state), years in runs.items()]
    names = {"scenario": "tiny", "scenario_hash": scenario_hash(model)}
    report = verify(model, {**names, "flows": [wrong], "engagements": engagements})
    assert [(rule, year, by) for rule, _, year, by in found(report)] == [(0, 2020, excess)]


def test_every_reason_against_an_option_is_told() -> None:
    """Reach, capability, channel, kind and years each give a violation of rule 0."""
    scenario = changed(
        TINY,
        offers__grant__states=["Z"],
        offers__grant__ownership_floor=Decimal("0.1"),
        offers__grant__capabilities=["advice"],
        offers__grant__channels=["un_agency"],
        offers__grant__years=[2021, 2023],
        offers__team__regions=["north"],
        states__Z__region="north",
    )
    report = answer(scenario, [flow(2020, 10)])
    details = [each.detail for each in report.violations if each.rule == 0]
    assert details == [
        "team is not for the region of S",
        "grant is not for S",
        "grant asks for more national ownership than S has",
        "grant does not pay for clearance",
        "grant does not pay through operator",
        "grant has no offer in 2020",
    ]


def test_one_option_and_year_is_one_flow() -> None:
    """The same option twice in a year breaks rule 0 once."""
    assert found(answer(TINY, [flow(2020, 50), flow(2020, 50)])) == [(0, ("grant", "team", "N"), 2020, 1)]


def test_unknown_names_do_not_cascade() -> None:
    """A flow and an engagement of strangers are two violations, one per name."""
    report = answer(TINY, [], {("ghost", "S"): [[2020, 2020]], ("grant", "Atlantis"): [[2020, 2020]]})
    assert found(report) == [(0, ("ghost",), None, 1), (0, ("Atlantis",), None, 1)]


BUDGET: list[tuple[dict[str, Any], list[dict[str, Any]], Found]] = [
    ({"offers__grant__amount": 100}, [flow(2020, 50)], []),
    ({"offers__grant__amount": 99}, [flow(2020, 50)], [(1, ("grant",), 2020, Fraction(1))]),
    ({"offers__grant__amount": {2021: 100}}, [flow(2020, 50)], [(1, ("grant",), 2020, Fraction(100))]),
    # 200 in 2020, 100 unspent, half of it moves: 50 in 2021, again half: 25 in 2022, beside nothing new.
    (
        {"offers__grant__amount": {2020: 200}, "offers__grant__carry_over": Decimal("0.5")},
        [flow(2020, 50), flow(2022, 10)],
        [],
    ),
    (
        {"offers__grant__amount": {2020: 200}, "offers__grant__carry_over": Decimal("0.5")},
        [flow(2020, 50), flow(2022, 20)],
        [(1, ("grant",), 2022, Fraction(15))],
    ),
    # A third of 100 is rounded down to 33, of a first year overspent nothing remains.
    (
        {"offers__grant__amount": {2020: 100}, "offers__grant__carry_over": Decimal("0.333333")},
        [flow(2021, 20)],
        [(1, ("grant",), 2021, Fraction(7))],
    ),
    (
        {"offers__grant__amount": 90, "offers__grant__carry_over": 1},
        [flow(2020, 50), flow(2021, 50)],
        [(1, ("grant",), 2020, Fraction(10)), (1, ("grant",), 2021, Fraction(10))],
    ),
    # 67 EUR are 100.5 USD, rounded down.
    ({"offers__grant__amount": 67, "offers__grant__currency": "EUR"}, [flow(2020, 50)], []),
    (
        {"offers__grant__amount": 66, "offers__grant__currency": "EUR"},
        [flow(2020, 50)],
        [(1, ("grant",), 2020, Fraction(1))],
    ),
]


@pytest.mark.parametrize(("changes", "flows", "expected"), BUDGET)
def test_budget(changes: dict[str, Any], flows: list[dict[str, Any]], expected: Found) -> None:
    """1: spending stays within new and carried money, to the minor unit."""
    assert found(answer(changed(TINY, **changes), flows)) == expected


@pytest.mark.parametrize(
    ("year", "amount", "expected"),
    [
        (2020, 111, []),
        (2020, 110, [(1, ("other",), 2022, 1)]),
        (2022, 111, [(1, ("gift", "other"), 2022, 111)]),
    ],
)
def test_repayment(year: int, amount: int, expected: Found) -> None:
    """1: 100 paid come back as 111 (a tenth and a bit more, rounded up) two years later, within the horizon."""
    terms = {"offer": "other", "after": 2, "premium": Decimal("0.101")}
    scenario = changed(TINY, offers__gift__repayment=terms, offers__other__amount=amount)
    assert found(answer(scenario, [flow(year, 50, "gift")])) == expected


@pytest.mark.parametrize(("capacity", "excess"), [(50, None), (59, None), (49, 10), ({2021: 50}, 50)])
def test_capacity(capacity: object, excess: int | None) -> None:
    """2: what one implementer delivers in all needs stays within its whole granules of the year."""
    scenario = changed(TINY, offers__team__capacity=capacity)
    expected = [] if excess is None else [(2, ("team",), 2020, excess)]
    assert found(answer(scenario, [flow(2020, 20), flow(2020, 30, "other", "M")])) == expected


@pytest.mark.parametrize(
    ("changes", "flows", "expected"),
    [
        ({}, [flow(2020, 60), flow(2021, 40)], []),
        ({}, [flow(2020, 60), flow(2021, 50)], [(3, ("N",), None, 10)]),
        ({"needs__N__max_per_year": 50}, [flow(2020, 50), flow(2021, 50)], []),
        ({"needs__N__max_per_year": 49}, [flow(2020, 50), flow(2021, 40)], [(3, ("N",), 2020, 1)]),
        ({"needs__N__years": [2021, 2030]}, [flow(2021, 50)], []),
        ({"needs__N__years": [2021, 2030]}, [flow(2020, 50)], [(3, ("N",), 2020, 50)]),
        ({"needs__N__indivisible": True}, [flow(2020, 60), flow(2021, 40)], []),
        ({"needs__N__indivisible": True}, [flow(2020, 60), flow(2021, 30)], [(3, ("N",), None, 10)]),
        ({"needs__N__indivisible": True}, [], []),
    ],
)
def test_need(changes: dict[str, Any], flows: list[dict[str, Any]], expected: Found) -> None:
    """3: no more than sought, per year and in all, in the need's years, and all or nothing where it is indivisible."""
    assert found(answer(changed(TINY, **changes), flows)) == expected


@pytest.mark.parametrize(("limit", "excess"), [(200, None), (199, 1), ({2021: 500}, 200), ({2020: 200}, None)])
def test_absorption(limit: object, excess: int | None) -> None:
    """4: external money of all financiers counts, the State's own does not."""
    flows = [flow(2020, 50), flow(2020, 50, "other", "M"), flow(2020, 10, "budget")]
    scenario = changed(TINY, states__S__absorption=limit, providers__ngo__kind="affected_state")
    for each in flows:
        each["kind"] = "triangular"
    flows.pop()  # money of the State to another affected State is no option
    expected = [] if excess is None else [(4, ("S",), 2020, excess)]
    assert found(answer(scenario, flows)) == expected


def test_absorption_leaves_the_states_own_money_aside() -> None:
    """4: what the State itself pays its own programme is not external."""
    own = {"kind": "technical", "provider": "home", "capability": "clearance", "capacity": 100, "price": 2}
    scenario = changed(TINY, states__S__absorption=0, offers__own=own)
    national = flow(2020, 50, "budget", implementer="own", kind="national")
    assert answer(scenario, [national]).ok


@pytest.mark.parametrize(
    ("terms", "flows", "expected"),
    [
        ({}, [flow(2020, 20, need="M"), flow(2020, 40)], []),
        (
            {},
            [flow(2020, 20, need="M"), flow(2020, 50)],
            [(5, ("N", "M"), year, Fraction(1, 10)) for year in range(2020, 2024)],
        ),
        ({"head_start": Decimal("0.1")}, [flow(2020, 20, need="M"), flow(2020, 50)], []),
        ({"lag": 1}, [flow(2020, 50, need="M"), flow(2021, 100)], []),
        (
            {"lag": 1},
            [flow(2020, 50, need="M"), flow(2020, 10), flow(2021, 90)],
            [(5, ("N", "M"), 2020, Fraction(1, 10))],
        ),
        ({"lag": 2}, [flow(2020, 50, need="M"), flow(2021, 100)], [(5, ("N", "M"), 2021, Fraction(1))]),
    ],
)
def test_precedence(terms: dict[str, Any], flows: list[dict[str, Any]], expected: Found) -> None:
    """5: of 100 after 50, the share delivered keeps behind with lag and head start, in each year."""
    scenario = changed(TINY, needs__N__after=[{"need": "M", **terms}])
    assert found(answer(scenario, flows)) == expected


def test_precedence_does_not_repeat_that_a_need_is_passed() -> None:
    """5: what is delivered over a need counts as all of it; that it is too much is for rule 3 to say."""
    scenario = changed(TINY, needs__N__after=[{"need": "M"}])
    report = answer(scenario, [flow(2020, 50, need="M"), flow(2020, 110)])
    assert found(report) == [(3, ("N",), None, 10)]


ENGAGEMENT: list[tuple[dict[str, Any], list[list[int]], Found]] = [
    ({}, [[2020, 2021]], []),
    ({}, [[2020, 2023]], []),
    ({}, [], [(6, ("grant", "S"), 2020, Fraction(100)), (6, ("grant", "S"), 2021, Fraction(40))]),
    ({}, [[2021, 2022]], [(6, ("grant", "S"), 2020, Fraction(100))]),
    ({"min_per_state": 40}, [[2020, 2021]], []),
    ({"min_per_state": 41}, [[2020, 2021]], [(6, ("grant", "S"), 2021, Fraction(1))]),
    ({"min_per_state": 40}, [[2020, 2022]], [(6, ("grant", "S"), 2022, Fraction(40))]),
    # 27 EUR are 40.5 USD, rounded up to 41.
    ({"min_per_state": 27, "currency": "EUR"}, [[2020, 2021]], [(6, ("grant", "S"), 2021, Fraction(1))]),
    ({"min_years": 2}, [[2020, 2021]], []),
    ({"min_years": 4}, [[2020, 2021]], [(6, ("grant", "S"), 2020, Fraction(2))]),
    ({"min_years": 9}, [[2020, 2023]], []),
    ({"min_years": 9, "years": [2019, 2021]}, [[2020, 2021]], []),
    ({"min_years": 2, "years": [2020, 2021]}, [[2020, 2023]], [(6, ("grant", "S"), 2022, Fraction(2))]),
    ({"min_years": 2}, [[2020, 2020], [2021, 2021]], [(6, ("grant", "S"), 2021, Fraction(1))]),
    ({"min_years": 2}, [[2020, 2021], [2020, 2021]], [(6, ("grant", "S"), 2020, Fraction(3))]),
    ({}, [[2020, 2021], [2023, 2023]], []),
    ({"min_years": 2}, [[2020, 2021], [2023, 2023]], []),
    ({"min_years": 2}, [[2020, 2021], [2022, 2020]], [(6, ("grant", "S"), 2022, Fraction(2))]),
    ({"min_years": 2}, [[2020, 2018], [2020, 2021]], [(6, ("grant", "S"), 2020, Fraction(2))]),
]


@pytest.mark.parametrize(("changes", "runs", "expected"), ENGAGEMENT)
def test_engagement(changes: dict[str, Any], runs: list[list[int]], expected: Found) -> None:
    """6: flows lie in runs of engaged years that are large, long and apart enough."""
    scenario = changed(TINY, **{f"offers__grant__{name}": value for name, value in changes.items()})
    report = answer(scenario, [flow(2020, 50), flow(2021, 20)], {("grant", "S"): runs})
    assert [each for each in found(report) if each[0] != 1] == expected


def test_engagement_of_work_is_measured_in_units() -> None:
    """6: an implementer's least per State is in its own units."""
    scenario = changed(TINY, offers__team__min_per_state=55)
    assert found(answer(scenario, [flow(2020, 50)])) == [(6, ("team", "S"), 2020, 5)]


@pytest.mark.parametrize(("limit", "excess"), [(None, None), (2, None), (1, 1), (0, 2)])
def test_states_at_once(limit: int | None, excess: int | None) -> None:
    """7: an offer is engaged in no more States at once than it allows, with or without flow."""
    scenario = changed(TINY, offers__grant__max_states=limit)
    runs = {("grant", "S"): [[2020, 2021]], ("grant", "Z"): [[2021, 2022]]}
    expected = [] if excess is None else [(7, ("grant",), 2021, excess)]
    assert [each for each in found(answer(scenario, [], runs)) if each[2] == 2021] == expected


@pytest.mark.parametrize(("limit", "excess"), [(2, None), (1, 1)])
def test_partners_at_once(limit: int, excess: int | None) -> None:
    """7: external providers are counted once each, the State itself never."""
    scenario = changed(TINY, states__S__max_partners=limit)
    runs = {(offer, "S"): [[2020, 2020]] for offer in ("grant", "team", "free", "budget")}
    expected = [] if excess is None else [(7, ("S",), 2020, excess)]
    assert found(answer(scenario, [], runs)) == expected


@pytest.mark.parametrize(
    ("match", "beside", "excess"),
    [
        (1, [flow(2020, 50)], None),
        (Decimal("0.5"), [flow(2020, 20)], Fraction(10)),
        (1, [flow(2020, 20), flow(2020, 30, "other", "M")], None),
        (1, [flow(2021, 50)], Fraction(100)),
        (1, [flow(2020, 50, "budget")], Fraction(100)),
    ],
)
def test_matching(match: Decimal, beside: list[dict[str, Any]], excess: Fraction | None) -> None:
    """8: a foundation's 100 find their match in external public money of the State and year."""
    own = {"kind": "technical", "provider": "home", "capability": "clearance", "capacity": 100, "price": 2}
    scenario = changed(TINY, offers__gift__match=match, offers__own=own)
    for each in beside:
        if each["financier"] == "budget":
            each.update(implementer="own", kind="national")
    expected = [] if excess is None else [(8, ("S",), 2020, excess)]
    assert found(answer(scenario, [flow(2020, 50, "gift"), *beside])) == expected


def test_a_dollar_matches_once() -> None:
    """8: what two offers ask of the same public money adds up: 100 and 50 are asked, 80 is there."""
    other = {"kind": "funding", "provider": "fund", "amount": 100, "match": Decimal("0.5")}
    scenario = changed(
        TINY, needs__N__quantity=1000, offers__team__capacity=1000, offers__gift__match=1, offers__two=other
    )
    flows = [flow(2020, 40), flow(2020, 50, "gift"), flow(2020, 50, "two", kind="public-private")]
    assert (8, ("S",), 2020, 70) in found(answer(scenario, flows))


def test_an_advance_matches_nothing() -> None:
    """8: a public donor's money that is to be repaid is no match."""
    terms = {"offer": "other", "after": 1, "premium": 0}
    scenario = changed(TINY, offers__gift__match=1, offers__grant__repayment=terms)
    assert (8, ("S",), 2020, 100) in found(answer(scenario, [flow(2020, 50), flow(2020, 50, "gift")]))


def test_money_that_needs_a_match_matches_nothing() -> None:
    """8: two offers that ask for a match do not match each other, public or not."""
    scenario = changed(TINY, offers__gift__match=1, offers__grant__match=1)
    flows = [flow(2020, 50, "gift"), flow(2020, 50, kind="public-private")]
    assert found(answer(scenario, flows)) == [(8, ("S",), 2020, 200)]


@pytest.mark.parametrize(
    ("flows", "completes"),
    [
        ([flow(2020, 100)], True),
        ([flow(2020, 60), flow(2022, 40)], True),
        ([flow(2020, 60), flow(2023, 40)], False),
        ([flow(2020, 90)], False),
    ],
)
def test_completion(flows: list[dict[str, Any]], completes: bool) -> None:
    """9: a State completes with all it must by its deadline's end; a State that must do nothing has no answer."""
    scenario = changed(TINY, needs__N__completes=True, states__S__weight=3)
    report = answer(scenario, flows)
    assert report.states["S"].completes is completes
    assert report.states["Z"].completes is None
    assert report.figures["completions"] == (3 if completes else 0)


def test_completion_of_a_deadline_past_the_horizon() -> None:
    """9: a deadline after the horizon asks for delivery by the horizon's end."""
    scenario = changed(TINY, needs__N__completes=True, states__S__deadline=2050)
    assert answer(scenario, [flow(2023, 100)]).states["S"].completes is True
    assert answer(scenario, [flow(2023, 90)]).states["S"].completes is False


def test_claims_of_a_result() -> None:
    """9: figures of a result are those of its portfolio, and of known objectives."""
    model = Scenario.from_data(TINY)
    portfolio = {"scenario": "tiny", "scenario_hash": scenario_hash(model)}
    figures = [
        {"objective": "cost", "exact": "0"},
        {"objective": "coverage", "exact": "1/3"},
        {"objective": "glory", "exact": "1"},
    ]
    result = {"result": 1, "portfolio": portfolio, "figures": figures}
    expected = [(9, ("coverage",), None, Fraction(1, 3)), (9, ("glory",), None, 1)]
    assert found(verify(model, result)) == expected
    with pytest.raises(ValueError, match="no portfolio"):
        verify(model, {**result, "portfolio": None})


PAIR = {"financier": "grant", "implementer": "team"}
DECISIONS: list[tuple[str, dict[str, Any], Found]] = [
    ("commitments", {**PAIR, "need": "N", "year": 2020, "quantity": 50}, []),
    (
        "commitments",
        {**PAIR, "need": "N", "year": 2020, "quantity": 60},
        [(10, ("grant", "team", "N"), 2020, Fraction(10))],
    ),
    (
        "commitments",
        {**PAIR, "need": "N", "year": 2022, "quantity": 10},
        [(10, ("grant", "team", "N"), 2022, Fraction(10))],
    ),
    ("commitments", {"implementer": "free", "need": "K", "year": 2020, "quantity": 5}, []),
    (
        "commitments",
        {"implementer": "free", "need": "K", "year": 2020, "quantity": 6},
        [(10, ("free", "K"), 2020, Fraction(1))],
    ),
    ("pins", {"offer": "grant", "state": "S"}, []),
    ("pins", {"offer": "grant", "state": "S", "years": [2020, 2021]}, []),
    ("pins", {"offer": "grant", "state": "S", "years": [2020, 2023]}, [(10, ("grant", "S"), 2022, Fraction(2))]),
    ("pins", {"offer": "gift", "state": "S"}, [(10, ("gift", "S"), 2020, Fraction(1))]),
    ("pins", {"offer": "other", "state": "Z", "years": [2023, 2023]}, [(10, ("other", "Z"), 2023, Fraction(1))]),
    ("forbids", {"offer": "gift"}, []),
    ("forbids", {"offer": "team", "partner": "other"}, []),
    ("forbids", {"offer": "team", "partner": "grant", "years": [2022, 2023]}, []),
    (
        "forbids",
        {"offer": "team", "partner": "grant", "years": [2021, 2023]},
        [(10, ("grant", "team", "N"), 2021, Fraction(20))],
    ),
    ("forbids", {"kind": "operator", "state": "Z"}, [(10, ("free", "K"), 2020, Fraction(5))]),
    ("forbids", {"provider": "ngo", "need": "K"}, [(10, ("free", "K"), 2020, Fraction(5))]),
    ("forbids", {"provider": "donor", "need": "K"}, []),
    ("forbids", {"kind": "national"}, []),
    ("caps", {"offer": "grant", "state": "S", "money": 140}, []),
    ("caps", {"offer": "grant", "state": "S", "money": 139}, [(10, ("grant", "S"), None, Fraction(1))]),
    ("caps", {"offer": "grant", "state": "Z", "money": 0}, []),
    (
        "caps",
        {"provider": "donor", "state": "S", "money": 99, "per": "year"},
        [(10, ("donor", "S"), 2020, Fraction(1))],
    ),
    ("caps", {"provider": "donor", "state": "S", "share": 1}, []),
    ("caps", {"provider": "donor", "state": "S", "share": Decimal("0.9")}, [(10, ("donor", "S"), None, Fraction(14))]),
]


@pytest.mark.parametrize(("name", "decision", "expected"), DECISIONS)
def test_decisions(name: str, decision: dict[str, Any], expected: Found) -> None:
    """10: commitments, pins, forbids and caps are met by 100 and 40 of money in S and five months in Z."""
    scenario = changed(TINY, **{f"decisions__{name}": [decision]})
    flows = [flow(2020, 50), flow(2021, 20), flow(2020, 5, None, "K")]
    assert found(answer(scenario, flows, {("other", "Z"): [[2023, 2023]]})) == expected


def test_caps_by_share_count_external_money_only() -> None:
    """10: half of the external money, the State's own left aside, is 50 of 100."""
    own = {"kind": "technical", "provider": "home", "capability": "clearance", "capacity": 100, "price": 2}
    cap = {"offer": "grant", "state": "S", "share": Decimal("0.5"), "per": "year"}
    scenario = changed(TINY, offers__own=own, decisions__caps=[cap])
    national = flow(2020, 20, "budget", implementer="own", kind="national")
    assert answer(scenario, [flow(2020, 20), flow(2020, 20, "other"), national]).ok
    report = answer(scenario, [flow(2020, 30), flow(2020, 20, "other"), national])
    assert found(report) == [(10, ("grant", "S"), 2020, 10)]


# Kinds


KINDS: list[tuple[str | None, str, str | None]] = [
    ("home", "home", "national"),
    (None, "home", "national"),
    (None, "near", "south-south"),
    ("near", "near", "south-south"),
    ("donor_state", "near", "triangular"),
    ("foundation", "near", "triangular"),
    ("un_agency", "near", "triangular"),
    ("company", "near", "public-private"),
    ("far", "near", None),
    ("home", "near", None),
    ("company", "home", "public-private"),
    ("donor_state", "company", "public-private"),
    ("operator", "foundation", "public-private"),
    ("matched", "operator", "public-private"),
    ("donor_state", "home", "bilateral"),
    (None, "donor_state", "bilateral"),
    ("donor_state", "donor_state", "bilateral"),
    ("un_agency", "donor_state", None),
    (None, "operator", "operator"),
    ("home", "operator", "operator"),
    ("donor_state", "operator", "operator"),
    ("operator", "operator", None),
    (None, "un_agency", "multilateral"),
    ("donor_state", "regional_organisation", "multilateral"),
    ("operator", "un_agency", None),
    ("un_agency", "home", "multilateral"),
    ("regional_organisation", "home", "multilateral"),
    ("near", "home", None),
    ("operator", "home", None),
]


@pytest.mark.parametrize(("payer", "doer", "kind"), KINDS)
def test_kinds(payer: str | None, doer: str, kind: str | None) -> None:
    """0: the kind follows from who pays and who delivers, by the first row that fits."""
    scenario = deepcopy(TINY)
    kinds = {"home": "affected_state", "near": "affected_state", "far": "affected_state", "matched": "donor_state"}
    for name in {payer, doer} - {None, "home"}:
        assert name is not None
        scenario["providers"][name] = {"name": name, "kind": kinds.get(name, name)}
    scenario["offers"]["team"] |= {"provider": doer, "price": 0 if payer is None else 2}
    if payer is not None:
        scenario["offers"]["grant"] |= {"provider": payer, "match": 1 if payer == "matched" else 0}
    stated = flow(2020, 10, None if payer is None else "grant", money=0 if payer is None else 20)
    report = answer(scenario, [{**stated, "kind": kind or "national"}])
    assert [each.rule for each in report.violations if each.rule == 0] == ([] if kind else [0])
    wrong = answer(scenario, [{**stated, "kind": "operator" if kind != "operator" else "national"}])
    assert wrong.violations[0].detail.startswith(f"the kind is {kind or 'none'}, not ")


@pytest.mark.parametrize(("channel", "own"), [("own_programme", True), ("affected_state", False)])
def test_channel_of_the_states_own_programme(channel: str, own: bool) -> None:
    """0: a State's own programme is a channel of its own, whatever kind of provider the State is."""
    scenario = changed(TINY, offers__team__provider="home", offers__grant__channels=[channel])
    assert answer(scenario, [flow(2020, 10, kind="bilateral")]).ok is own


def test_ownership_is_the_mean_of_five_components() -> None:
    """0: 0.5, 0.5, 0.5, 0.5 and 1 make 0.6: a floor of 0.6 is met, 0.61 is not."""
    parts = {**dict.fromkeys(OWNERSHIP, Decimal("0.5")), "financial_commitment": 1}
    for floor, ok in ((Decimal("0.6"), True), (Decimal("0.61"), False)):
        scenario = changed(TINY, states__S__ownership=parts, offers__grant__ownership_floor=floor)
        assert answer(scenario, [flow(2020, 10)]).ok is ok


def test_foreign_prices_are_rounded_up_per_granule() -> None:
    """0: a granule of 10 at 0.25 EUR costs 3.75 USD, rounded up to 4, three of them 12."""
    scenario = changed(TINY, offers__team__price=Decimal("0.25"), offers__team__currency="EUR")
    assert answer(scenario, [flow(2020, 30, money=12)]).ok
    assert found(answer(scenario, [flow(2020, 30, money=11)])) == [(0, ("grant", "team", "N"), 2020, 1)]


# Figures


def test_figures_by_hand() -> None:
    """All objectives of five flows in two States, discounted by a half a year."""
    scenario = changed(
        TINY,
        objectives__discount=Decimal("0.5"),
        states__S__weight=2,
        needs__M__weight=3,
        offers__grant__fit={"S": Decimal("0.5")},
        offers__team__fit_otherwise=Decimal("0.1"),
        offers__grant__firmness=Decimal("0.9"),
        offers__free__firmness=Decimal("0.4"),
    )
    flows = [flow(2020, 50), flow(2021, 20), flow(2022, 20, "other", "M"), flow(2021, 4, None, "K")]
    report = answer(scenario, flows, {("grant", "S"): [[2020, 2022]], ("budget", "S"): [[2020, 2020]]})
    assert report.ok
    shares = {"N": Fraction(1, 2) + Fraction(1, 10), "M": Fraction(1, 10), "K": Fraction(1, 5)}
    assert report.figures == {
        "completions": 0,
        "late_completions": 0,
        "coverage": 2 * shares["N"] + 2 * 3 * shares["M"] + shares["K"],
        "worst_off": Fraction(2, 5),
        "turnover": 2,  # the second donor and the NGO's advice start in 2022 and 2021; of 2020 nothing is known
        # N: 50 and three times 30 open of 100, weight 2; M: twice 50 and twice 30 of 50, weight 6; K: 10, then 6 of 10
        "waiting": 2 * Fraction(140, 100) + 6 * Fraction(160, 50) + Fraction(28, 10),
        "fit": Fraction(140, 2) + 40 + Fraction(180, 10) + 30,
        "firmness": Fraction(140 * 9, 10) + 40 + 180 + Fraction(30 * 4, 10),
        "engagements": 3 + 3 + 1 + 1,
        "dependence": 140 - Fraction(180, 2),
        "swings": (60 + 40) + (40 + 40),  # 100, 40, nothing, nothing; nothing, nothing, 40, nothing
        "at_risk": Fraction(140, 10) + Fraction(30 * 6, 10),
        "cost": 180,
    }
    assert report.states["S"].coverage == (Fraction(70, 100) + 3 * Fraction(20, 50)) / 4
    assert report.states["Z"].coverage == Fraction(2, 5)
    assert all(type(value) is Fraction for value in report.figures.values())


def test_worst_off_looks_at_states_with_weighty_needs() -> None:
    """A State whose needs weigh nothing is not the worst off; where none weighs anything, the figure is 0."""
    scenario = changed(TINY, needs__K__weight=0)
    assert answer(scenario, [flow(2020, 50)]).figures["worst_off"] == Fraction(1, 4)
    scenario = changed(scenario, needs__N__weight=0, needs__M__weight=0)
    report = answer(scenario, [flow(2020, 50)])
    assert report.figures["worst_off"] == 0
    assert report.states["S"].coverage == 0


def test_discount_of_nothing_counts_the_first_year_only() -> None:
    """A discount of 0 leaves the first year's delivery and nothing else."""
    scenario = changed(TINY, objectives__discount=0)
    assert answer(scenario, [flow(2020, 50), flow(2021, 20)]).figures["coverage"] == Fraction(1, 2)


# Documents


def test_a_portfolio_answers_one_scenario() -> None:
    """0: by name, and by hash."""
    model = Scenario.from_data(TINY)
    right = {"scenario": "tiny", "scenario_hash": scenario_hash(model)}
    assert verify(model, right).ok
    assert found(verify(model, {**right, "scenario": "other"})) == [(0, ("tiny",), None, 1)]
    assert found(verify(model, {**right, "scenario_hash": "0" * 64})) == [(0, ("tiny",), None, 1)]
    assert found(verify(model, {})) == [(0, ("tiny",), None, 1)]
    changed_model = Scenario.from_data(changed(TINY, offers__grant__amount=999))
    assert found(verify(changed_model, right)) == [(0, ("tiny",), None, 1)]


def rich_scenario() -> Scenario:
    """Returns a scenario that has every nested part, so that every default inside one is at stake."""
    parts = dict.fromkeys(OWNERSHIP, Decimal("0.123456789012"))
    return Scenario.from_data(
        changed(
            TINY,
            title='Zu zweit \u2013 "ganz" klein',
            horizon=[2020, 2029],
            states__S__ownership=parts,
            states__S__dialogue={"meetings_per_year": 2},
            states__S__provenance={"weight": {"source": "a page", "confidence": "page"}},
            states__S__weight=Decimal("0.00001"),
            states__Z__weight=Decimal("1e15") - 1,
            needs__N__after=[{"need": "M"}],
            needs__N__weight=Decimal("0.000000000012"),
            needs__M__beneficiaries={"women": 1, "men": 2, "girls": 3, "boys": 4},
            offers__grant__amount={2021: 5, 2020: 7},
            offers__grant__fit={"S": Decimal("0.30")},
            offers__gift__repayment={"offer": "grant", "after": 1},
            decisions={
                "commitments": [{"implementer": "free", "need": "K", "year": 2020, "quantity": 1}],
                "pins": [{"offer": "grant", "state": "S"}],
                "forbids": [{"kind": "national"}],
                "caps": [{"offer": "grant", "state": "S", "money": 5}],
            },
            objectives={"order": [{"objective": "cost"}], "discount": Decimal("0.97")},
            dialogue={"meetings_per_year": 1},
            assumptions={"a": {"text": "t", "reason": "r"}},
        )
    )


def test_hash_is_that_of_results() -> None:
    """Whatever form a scenario comes in, and with or without defaults, its hash is the one that results carry."""
    for model in (rich_scenario(), Scenario.from_data(TINY)):
        forms = [model.model_dump(), model.model_dump(exclude_defaults=True)]
        for text in (model.model_dump_json(), model.model_dump_json(exclude_defaults=True)):
            forms.append(json.loads(text, parse_float=Decimal))
        assert {canonical_hash(form) for form in forms} == {scenario_hash(model)}


@pytest.mark.parametrize("number", ["0.1", "1e-5", "1.5E-7", "0.0001", "123456.789", "0.123456789012", "1e3", "2.50"])
def test_hash_writes_numbers_as_doubles_would_be(number: str) -> None:
    """Decimals are written as JSON would write the double nearest to them, without ever being one."""
    scenario = changed(TINY, capabilities__advice__reference_price=Decimal(number))
    model = Scenario.from_data(scenario)
    assert canonical_hash(scenario) == scenario_hash(model)


SECOND: dict[str, Any] = {
    "states__S__deadline": "2022-03-01",
    "states__S__max_share": Decimal("0.50"),
    "needs__N__delivered": 20,
    "offers__grant__ongoing": [{"state": "S"}, {"state": "Z", "since": 2018, "amount": 7}],
    "offers__grant__carried_in": {2020: 5},
    "offers__grant__debts": 3,
    "offers__team__ongoing": [{"state": "S", "since": 2019}],
    "least_engagement": 100,
    "seed": 7,
    "objectives__dependence_share": Decimal("0.4"),
    "objectives__order": [
        {"objective": "coverage", "tolerance": Decimal("0.10")},
        {"objective": "cost", "tolerance_amount": 5},
        {"blend": [{"objective": "cost"}, {"objective": "swings", "weight": Decimal("0.50")}]},
    ],
}
"""Every field of the second version of the format."""


@pytest.mark.parametrize("name", [*SECOND, None])
def test_fields_of_the_second_version_have_one_canonical_form(name: str | None) -> None:
    """Each alone and all together: model, dump, dump without defaults and JSON have the hash of the reader."""
    model = Scenario.from_data(changed(TINY, **(SECOND if name is None else {name: SECOND[name]})))
    bare = model.model_dump_json(exclude_defaults=True)
    forms = [model.model_dump(), model.model_dump(exclude_defaults=True), json.loads(bare, parse_float=Decimal)]
    assert {canonical_hash(form) for form in forms} == {scenario_hash(model)}
    assert {canonical_hash(form) for form in forms} != {canonical_hash(TINY)}


def test_a_document_of_the_first_version_is_held_as_one_of_the_second() -> None:
    """Its version and the old name of a tolerance stand for the new ones; no other version does."""
    order = [{"objective": "coverage", "give_up": Decimal("0.1")}, {"objective": "cost"}]
    old = changed(TINY, matcher=1, objectives__order=order)
    new = [{"objective": "coverage", "tolerance": Decimal("0.1")}, {"objective": "cost"}]
    digest = canonical_hash(changed(TINY, matcher=2, objectives__order=new))
    assert canonical_hash(old) == digest == scenario_hash(Scenario.from_data(old))
    assert canonical_hash(changed(old, matcher=3)) != digest
    assert order[0] == {"objective": "coverage", "give_up": Decimal("0.1")}


def test_models_are_accepted() -> None:
    """A portfolio and a result as models give what their documents give."""
    model = rich_scenario()
    portfolio = Portfolio(scenario="tiny", scenario_hash=scenario_hash(model))
    result = Result(
        scenario="tiny",
        scenario_hash=scenario_hash(model),
        version="0",
        solver="none",
        options=SolveOptions(),
        method="whole",
        status="feasible",
        stopped_by="gap",
        portfolio=portfolio,
    )
    report = verify(model, portfolio)
    assert report == verify(model, result) == verify(model, portfolio.model_dump())
    assert [each.rule for each in report.violations] == [10, 10]


@pytest.mark.parametrize(
    ("scenario", "flows", "engagements", "words"),
    [
        ({"states__S__weight": 0.5}, [], [], "0.5 (float) is not exact"),
        ({"offers__grant__amount": Decimal("1.5")}, [], [], "Fraction"),
        ({"needs__N__years": [2020]}, [flow(2020, 10)], [], "is no run of years"),
        ({}, [{**flow(2020, 10), "quantity": 10.0}], [], "flow 0: 'quantity' is 10.0, expected int"),
        ({}, [flow(2020, 10, money=Decimal("20.0"))], [], "flow 0: 'money'"),
        ({}, [{**flow(2020, 10), "year": True}], [], "flow 0: 'year'"),
        ({}, [{"need": "N"}], [], "flow 0: 'implementer' is None, expected str"),
        ({}, [], [{"offer": "grant", "years": [2020, 2020]}], "engagement 0: 'state'"),
        ({}, [], [{"offer": "grant", "state": "S", "years": [2020, 2021.0]}], "is no run of years"),
        ({}, [], [{"offer": "grant", "state": "S"}], "None is no run of years"),
    ],
)
def test_inexact_and_broken_documents_are_refused(
    scenario: dict[str, Any], flows: list[dict[str, Any]], engagements: list[dict[str, Any]], words: str
) -> None:
    """Floats, and fields that are missing or of another type, are refused by name and value."""
    portfolio = {"scenario": "tiny", "scenario_hash": "", "flows": flows, "engagements": engagements}
    with pytest.raises(TypeError) as caught:
        verify(changed(TINY, **scenario), portfolio)
    assert words in str(caught.value)


# The program


def write(folder: Path, **documents: object) -> list[str]:
    """Writes documents as JSON files and returns their paths."""
    paths = []
    for name, document in documents.items():
        path = folder / f"{name}.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        paths.append(str(path))
    return paths


def saved(folder: Path, *flows: dict[str, Any]) -> list[str]:
    """Writes a scenario and a result that holds a portfolio of flows without engagements."""
    model = rich_scenario()
    portfolio = {"portfolio": 1, "scenario": "tiny", "scenario_hash": scenario_hash(model), "flows": flows}
    result = {"result": 1, "portfolio": portfolio, "figures": [{"objective": "cost", "exact": "0", "value": "0"}]}
    return write(folder, scenario=model.model_dump(mode="json"), result=result)


def test_program_alone(tmp_path: Path) -> None:
    """The folder runs with no package installed, reads nothing of the package around it, and names each rule."""
    (tmp_path / "matcher").mkdir()
    (tmp_path / "matcher" / "__init__.py").write_text("raise ImportError('the package around must stay unread')\n")
    shutil.copytree(FOLDER, tmp_path / "matcher" / "verification", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-I", "-S", "-W", "error", str(tmp_path / "matcher" / "verification")]
    done = subprocess.run([*command, *saved(tmp_path)], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "rule 10 decisions: free K 2020: off by 1: units of a commitment: 0, at least 1"
    assert lines[1] == "rule 10 decisions: grant S 2020: off by 1: not engaged as pinned"
    assert lines[2] == "2 violations"
    assert "cost = 0" in lines


@pytest.mark.parametrize("encoding", ["ascii", "cp850", None])
def test_program_writes_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str | None) -> None:
    """A name that the stream cannot write is escaped; where the stream takes any text, it is written as it is."""
    stream = io.StringIO() if encoding is None else io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stderr", stream)
    assert main([str(tmp_path / "\N{RIGHTWARDS ARROW}.json"), "none.json"]) == 2
    stream.seek(0)
    assert ("\\u2192.json" if encoding else "\N{RIGHTWARDS ARROW}.json") in stream.read()


def test_program_needs_the_standard_library_only() -> None:
    """The checker, loaded as a program, brings in no module from outside the standard library but itself."""
    code = (
        "import runpy, sys; sys.argv = ['x']\n"
        f"try: runpy.run_path({str(FOLDER)!r}, run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))\n"
        "print(*sorted(name for name in sys.modules if name.startswith('matcher.')))"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    outside, inside = done.stdout.splitlines()
    assert set(outside.split()) <= {"__main__", "matcher"}
    assert all(name.startswith("matcher.verification") for name in inside.split())
    assert "matcher.verification.rules" in inside


def test_program_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 if nothing is wrong, 1 if something is, 2 with words if a document cannot be read."""
    model = Scenario.from_data(TINY)
    right = {"scenario": "tiny", "scenario_hash": scenario_hash(model)}
    wrong = {**right, "flows": [flow(2020, 10)]}
    good, bad, scenario = write(tmp_path, good=right, bad=wrong, scenario=model.model_dump(mode="json"))
    assert main([scenario, good]) == 0
    assert capsys.readouterr().out.startswith("0 violations\ncompletions = 0\n")
    assert main([scenario, bad]) == 1
    assert capsys.readouterr().out.startswith("rule 6 engagement: grant S 2020: off by 20: ")
    unreadable = {"list": "[]", "broken": "{", "nan": '{"scenario": NaN}', "empty": "{}"}
    for path in (*write(tmp_path, **unreadable)[:3], str(tmp_path / "none.json")):
        assert main([scenario, path]) == 2
        assert capsys.readouterr().err.startswith("cannot read these documents: ")
    assert main([str(tmp_path / "empty.json"), good]) == 2
    assert "is missing" in capsys.readouterr().err
    assert main([scenario]) == 2
    assert capsys.readouterr().err.startswith("usage: ")


def test_checker_never_leaves_exact_numbers() -> None:
    """No division, no float and no rounding by the language anywhere in the checker's source."""
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not isinstance(node, ast.Div), path
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), path
            assert not (isinstance(node, ast.Name) and node.id in ("float", "round")), path


def many_needs(count: int) -> Scenario:
    """Returns a scenario whose needs are of as many prime quantities, each worth the same."""
    primes = [each for each in range(1009, 40_000) if all(each % by for by in range(2, isqrt(each) + 1))]
    need = {"state": "S", "capability": "clearance"}
    return Scenario.from_data(
        TINY | {"needs": {f"n{at:04}": {**need, "quantity": 10 * primes[at]} for at in range(count)}}
    )


def test_figures_may_have_more_digits_than_python_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sums of very many fractions are exact, are told, and are compared with what a result claims."""
    model = many_needs(1500)
    flows = [flow(2020, 10) | {"need": need.id} for need in model.needs]
    portfolio = {"scenario": "tiny", "scenario_hash": scenario_hash(model), "flows": flows}
    report = verify(model, portfolio)
    coverage = report.figures["coverage"]
    assert coverage == sum((Fraction(10, need.quantity) for need in model.needs), Fraction(0))
    assert coverage.denominator > 10**4400
    claimed = {"objective": "coverage", "exact": plain(coverage)}
    result = {"result": 1, "portfolio": portfolio, "figures": [claimed]}
    assert [each for each in verify(model, result).violations if each.rule == 9] == []
    wrong = {"result": 1, "portfolio": portfolio, "figures": [{**claimed, "exact": plain(coverage + 1)}]}
    (broken,) = [each for each in verify(model, wrong).violations if each.rule == 9]
    assert broken.excess == 1
    assert broken.detail == f"claims {shown(coverage + 1)}, but it is {shown(coverage)}"
    paths = write(tmp_path, scenario=model.model_dump(mode="json"), result=result)
    assert main(list(paths)) == 1
    assert f"coverage = {shown(coverage)}\n" in capsys.readouterr().out


def test_numbers_are_shown_whole_where_they_are_short() -> None:
    """A long fraction is cut after six places, never rounded up; a short one is shown as it is."""
    assert [shown(Fraction(each)) for each in ("0", "-7", "22/7")] == ["0", "-7", "22/7"]
    assert shown(Fraction(2 * 10**50 - 1, 3 * 10**50)) == "0.666666..."
    assert shown(Fraction(-(10**50) - 1, 10**50)) == "-1.000000..."


@pytest.mark.parametrize("text", ["0.5", "1e9", "1/0", "", "-", "1/-2", "٣", None])
def test_claims_are_whole_numbers_or_fractions(text: str | None) -> None:
    """A figure that is claimed in any other way is no document of a result."""
    result = {"result": 1, "portfolio": {}, "figures": [{"objective": "cost", "exact": text}]}
    with pytest.raises(ValueError, match="is no exact number"):
        verify(TINY, result)


def test_needs_are_gathered_by_state_once() -> None:
    """What is asked of every State never looks at all needs again."""
    facts = Facts(fractional(completed(TINY)), (), {}, ())
    looked: list[str] = []

    class Counted(dict[str, Any]):
        def values(self) -> Any:
            looked.append("values")
            return super().values()

        def items(self) -> Any:
            looked.append("items")
            return super().items()

    vars(facts)["needs"] = Counted(facts.needs)
    vars(facts)["states"] = {f"S{at}": facts.states["S"] for at in range(50)} | facts.states
    state_figures(facts)
    assert len(looked) <= 2


def test_a_frozen_scenario_is_read_once_and_a_document_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model cannot change between two checks; a document can, and a copy of a model is another one."""
    scenario = small_scenario()
    read: list[object] = []

    def noting(document: Any) -> Any:
        read.append(document)
        return completed(document)

    monkeypatch.setattr("matcher.verification.checker.completed", noting)
    portfolio = Portfolio(scenario=scenario.name, scenario_hash=scenario.digest)
    first = verify(scenario, portfolio)
    assert verify(scenario, portfolio) == first
    assert len(read) == 1
    document = scenario.model_dump()
    assert verify(document, portfolio).ok == first.ok
    document["name"] = "another"
    assert not verify(document, portfolio).ok
    assert len(read) == 3
    other = scenario.model_copy(update={"name": "another"})
    assert not verify(other, portfolio).ok
    assert verify(scenario, portfolio) == first
