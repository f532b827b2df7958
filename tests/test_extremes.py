"""Figures as large and as odd as the format lets them be: refused by `check`, or solved and explained to the end."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from matcher.cli.app import run
from matcher.cli.exits import Exit
from matcher.comparison.comparison import compare
from matcher.engine.lexicographic import formulated
from matcher.engine.solving import solve
from matcher.errors import InvalidScenario
from matcher.explanation.account import explain
from matcher.portfolio.result import SolveOptions
from matcher.reporting.screened import overview_text
from matcher.rounds.decisions import DecisionText, decided, with_decisions
from matcher.scenario import Scenario
from matcher.screening.overview import overview_of
from matcher.verification import verify
from smallest_scenario import Changes, small_document

QUICK = SolveOptions(work=1)
MONEY, UNITS, MANY = 10**13, 10**12, 10**9
PRIME = 10**12 - 11
RATIOS = [Decimal(10**15), Decimal("1E-12"), Decimal("999.123456789012"), Decimal(925000)]
SHARES = [Decimal("1E-12"), Decimal("0.333333333333"), Decimal("0.999999999999")]
PUBLIC = {"offers.g": {"kind": "funding", "provider": "donor", "amount": 300}}
LOAN = {"kind": "funding", "provider": "firm", "amount": 300}
SURVEY: Changes = {
    "capabilities.survey": {"name": "Survey", "unit": "m2"},
    "needs.m": {"state": "A", "capability": "survey", "quantity": 6},
    "offers.s": {"kind": "technical", "provider": "ngo", "capability": "survey", "capacity": 2},
}
OWNED = {
    f"states.A.ownership.{name}": Decimal("0.5")
    for name in (
        "high_level_interest",
        "empowered_entities",
        "measures_articulated",
        "challenges_planned",
        "financial_commitment",
    )
}
PEOPLE = dict.fromkeys(("women", "men", "girls", "boys"), MANY)
COMMITTED = {"financier": "f", "implementer": "t", "need": "n", "year": 2015}


def _after(**terms: Any) -> Changes:
    return SURVEY | {"needs.n.after": [{"need": "m", **terms}]}


def _cap(**limit: Any) -> Changes:
    return {"decisions.caps": [{"provider": "donor", "state": "A", **limit}]}


def _order(**terms: Decimal) -> Changes:
    return {"objectives.order": [{"objective": "coverage", **terms}, {"objective": "cost"}]}


def _sought(*names: str) -> Changes:
    return {"objectives.order": [{"objective": name} for name in names]}


FIELDS: dict[str, list[Changes]] = {
    "Beneficiaries": [{"needs.n.beneficiaries": PEOPLE}],
    "Cap.money": [_cap(money=MONEY)],
    "Cap.share": [_cap(share=share) for share in SHARES],
    "Capability.granule": [
        {"capabilities.clearance.granule": MANY, "needs.n.quantity": UNITS, "offers.t.capacity": UNITS},
        {"capabilities.clearance.granule": 999999937, "needs.n.quantity": 999999937000, "offers.t.capacity": MONEY},
    ],
    "Capability.reference_price": [
        {"capabilities.clearance.reference_price": each, "objectives.order": [{"objective": "fit"}]} for each in RATIOS
    ],
    "Commitment.quantity": [{"decisions.commitments": [COMMITTED | {"quantity": UNITS}]}],
    "Currency.decimals": [{"currency.decimals": 4}],
    "Dialogue.meetings_per_year": [{"dialogue": {"meetings_per_year": 12}}],
    "Earlier.amounts": [
        {
            "decisions.earlier": [{"offer": "f", "state": "A", "amounts": MONEY}],
            "objectives.order": [{"objective": "disruption"}],
        }
    ],
    "FundingOffer.amount": [{"offers.f.amount": MONEY}, {"offers.f.amount": {2015: MONEY, 2016: 1}}],
    "FundingOffer.carry_over": [
        {"offers.f.carry_over": share, "offers.f.amount": amount} for share in [*SHARES, 1] for amount in (90, MONEY)
    ],
    "FundingOffer.carried_in": [
        {"offers.f.carried_in": each, "offers.f.carry_over": share}
        for each, share in ((MONEY, Decimal(0)), ({2016: MONEY}, SHARES[1]), ({2015: 72}, Decimal(1)))
    ],
    "FundingOffer.debts": [{"offers.f.debts": each} for each in (MONEY, {2015: 999}, {2016: MONEY})],
    "FundingOffer.match": [PUBLIC | {"offers.f.match": each} for each in [*RATIOS, Decimal(10**12)]],
    "FundingOffer.min_per_state": [{"offers.f.min_per_state": each} for each in (10**11, MONEY)],
    "Goal.tolerance": [_order(tolerance=share) for share in SHARES],
    "Goal.tolerance_amount": [_order(tolerance_amount=each) for each in [Decimal(0), *RATIOS]],
    "Need.delivered": [
        _sought("coverage", "waiting", "worst_off") | changes
        for changes in (
            {"needs.n.delivered": 10},
            {"needs.n.quantity": PRIME, "needs.n.delivered": PRIME - 1, "offers.t.capacity": UNITS},
            {"needs.n.quantity": PRIME, "needs.n.delivered": 1, "offers.t.price": 1, "offers.t.capacity": UNITS},
        )
    ],
    "Objectives.dependence_share": [
        _sought("coverage", "dependence") | {"objectives.dependence_share": share} for share in [*SHARES, Decimal(0)]
    ],
    "Ongoing": [
        _sought("turnover", "swings", "engagements") | {"offers.f.min_years": years, "offers.f.ongoing": [ongoing]}
        for years, ongoing in (
            (2, {"state": "A", "amount": MONEY}),
            (100, {"state": "A", "since": 1990, "amount": 0}),
            (3, {"state": "A", "since": 2014, "amount": 7}),
        )
    ],
    "Part.weight": [
        {"objectives.order": [{"blend": [{"objective": "cost", "weight": each}, {"objective": "at_risk"}]}]}
        for each in [Decimal(0), *RATIOS]
    ],
    "Scenario.least_engagement": [
        _sought("coverage", "turnover") | {"least_engagement": each} for each in (0, 71, 73, MONEY)
    ],
    "Scenario.seed": [{"seed": each} for each in (0, MANY)],
    "Need.max_per_year": [{"needs.n.max_per_year": each} for each in (0, UNITS)],
    "Need.quantity": [
        {"needs.n.quantity": 139 * 10**9},
        {"needs.n.quantity": UNITS, "offers.t.capacity": UNITS, "offers.f.amount": MONEY, "offers.t.price": 10},
        {"needs.n.quantity": UNITS, "offers.t.price": MANY},
        {"needs.n.quantity": PRIME, "needs.n.indivisible": True},
    ],
    "Need.weight": [{"needs.n.weight": each} for each in RATIOS],
    "Offer.firmness": [
        {"offers.f.firmness": share, "objectives.order": [{"objective": "firmness"}]} for share in SHARES
    ],
    "Offer.fit": [{"offers.f.fit": {"A": share}, "objectives.order": [{"objective": "fit"}]} for share in SHARES],
    "Offer.fit_otherwise": [
        {"offers.f.fit_otherwise": share, "objectives.order": [{"objective": "fit"}]} for share in SHARES
    ],
    "Offer.max_states": [{"offers.f.max_states": each} for each in (0, MANY)],
    "Offer.min_years": [{"offers.f.min_years": 100}],
    "Offer.ownership_floor": [OWNED | {"offers.f.ownership_floor": share} for share in SHARES],
    "Objectives.discount": [{"objectives.discount": share} for share in SHARES],
    "Ownership": [
        OWNED | {"states.A.ownership.high_level_interest": share, "offers.f.ownership_floor": Decimal("0.6")}
        for share in SHARES
    ],
    "Precedence.head_start": [_after(head_start=share) for share in SHARES],
    "Precedence.lag": [_after(lag=50), _after() | {"needs.n.quantity": PRIME, "needs.m.quantity": UNITS}],
    "Rate.rate": [
        {"rates.EUR.rate": each, "offers.f.currency": "EUR", "offers.f.amount": amount}
        for each in RATIOS
        for amount in (1000, MONEY)
    ],
    "Repayment.after": [{"offers.l": LOAN | {"repayment": {"offer": "f", "after": 50}}}],
    "Repayment.premium": [
        {"offers.l": LOAN | {"repayment": {"offer": "f", "after": 1, "premium": each}}} for each in RATIOS
    ],
    "State.absorption": [{"states.A.absorption": MONEY}, {"states.A.absorption": {2015: MONEY, 2016: 1}}],
    "State.deadline": [
        _sought("completions", "late_completions") | {"states.A.deadline": when, "needs.n.completes": True}
        for when in (1990, 2100, "2016-12-30")
    ],
    "State.max_share": [
        PUBLIC | {"offers.g.provider": "firm", "states.A.max_share": share}
        for share in [Decimal(0), *SHARES, Decimal(1)]
    ],
    "State.max_partners": [{"states.A.max_partners": each} for each in (0, MANY)],
    "State.weight": [{"states.A.weight": each, "needs.n.completes": True} for each in RATIOS],
    "TechnicalOffer.capacity": [{"offers.t.capacity": each} for each in (UNITS, MONEY)],
    "TechnicalOffer.min_per_state": [{"offers.t.min_per_state": each} for each in (10**11, UNITS)],
    "TechnicalOffer.price": [{"offers.t.price": each} for each in [*RATIOS, UNITS]],
    "Weight.weight": [
        {"objectives.weights": [{"objective": "cost", "weight": each}, {"objective": "coverage", "weight": 1}]}
        for each in RATIOS
    ],
    "Years": [{"horizon": [1990, 2100], "offers.f.years": [1990, 2100]}],
}
"""Every numeric field of the format at its extremes, by who has it."""
CASES = [
    pytest.param(changes, id=f"{field}-{at}", marks=[pytest.mark.slow] if 0 < at < len(each) - 1 else [])
    for field, each in FIELDS.items()
    for at, changes in enumerate(each)
]


def _refused(document: dict[str, Any]) -> bool:
    """Whether a document is refused as `matcher check` refuses it, with where, what was found and what was expected."""
    try:
        scenario = Scenario.from_data(document)
        formulated(scenario)
    except InvalidScenario as error:
        unplaced = [fault for fault in error.faults if not (fault.path and fault.found and fault.expected)]
        if unplaced:
            raise AssertionError(unplaced) from error
        return True
    overview_text(overview_of(scenario))
    return False


@pytest.mark.parametrize("changes", CASES)
def test_what_is_not_refused_is_solved_and_explained(changes: Changes) -> None:
    """What `check` calls valid is solved, verified, explained in all parts, and compared without an internal error."""
    document = small_document(changes)
    if _refused(document):
        return
    scenario = Scenario.from_data(document)
    result = solve(scenario, QUICK)
    if result.portfolio is None:
        assert result.status in ("infeasible", "no_portfolio")
        return
    assert verify(scenario, result.portfolio).ok
    account = explain(scenario, result)
    assert len(account.parts) == 5
    assert account.curves
    compare(scenario, result.portfolio, scenario, result.portfolio)
    kept = [DecisionText("keep", each.id) for each in result.partnerships]
    again = with_decisions(scenario, decided(scenario, kept, result.portfolio, result.partnerships))
    assert solve(again, QUICK, start=result.portfolio).portfolio is not None


def _numeric(schema: dict[str, Any]) -> bool:
    """Whether a field's schema holds numbers itself: alone, by year or by name, not in an entity of its own."""
    inner = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *(schema[key] for key in ("items",) if key in schema)]
    more = schema.get("additionalProperties")
    inner += [more] if isinstance(more, dict) else []
    return schema.get("type") in ("integer", "number") or any(map(_numeric, inner))


def test_every_numeric_field_of_the_format_is_tried() -> None:
    """A field that is added to the format is to be tried at its extremes, too."""
    named = {name.split(".")[0] for name in FIELDS if "." not in name}
    missing = []
    for name, model in Scenario.model_json_schema()["$defs"].items():
        for field, schema in model.get("properties", {}).items():
            known = {f"{name}.{field}", f"Offer.{field}"} & FIELDS.keys() or name in named
            if _numeric(schema) and not known and field not in ("year", "years"):
                missing.append(f"{name}.{field}")
    for field, schema in Scenario.model_json_schema()["properties"].items():
        if _numeric(schema) and f"Scenario.{field}" not in FIELDS and field not in ("matcher", "horizon"):  # of its own
            missing.append(field)
    assert not missing


REFUSED: dict[str, tuple[Changes, str, str]] = {
    "a rate": (
        {"rates.EUR.rate": 925000, "offers.f.currency": "EUR", "offers.f.amount": MONEY},
        "offers.f.amount",
        "9250000000000000000 minor units to spend in 2016",
    ),
    "carried over": (
        {"offers.f.amount": MONEY, "offers.f.carry_over": 1},
        "offers.f.amount",
        "20000000000000 minor units to spend in 2016",
    ),
    "repaid": (
        {"offers.l": LOAN | {"repayment": {"offer": "f", "after": 1, "premium": RATIOS[0]}}},
        "offers.l.repayment.premium",
        "300000000000000300 minor units to repay",
    ),
    "the least in a State": (
        {"rates.EUR.rate": 2, "offers.f.currency": "EUR", "offers.f.min_per_state": MONEY},
        "offers.f.min_per_state",
        "20000000000000 minor units at its rate",
    ),
    "a price": ({"offers.t.price": 10**14}, "offers.t.price", "100000000000000 minor units per granule"),
    "a need": (
        {"needs.n.quantity": UNITS, "offers.t.price": 10**4},
        "needs.n.quantity",
        "cost 10000000000000000 minor units at the price of 't'",
    ),
    "a share of money": (
        {"offers.f.carry_over": SHARES[1], "offers.f.amount": 10**12},
        "offers.f.carry_over",
        "carry-over: products up to 3.33e23",
    ),
    "two needs": (
        _after() | {"needs.n.quantity": PRIME, "needs.m.quantity": UNITS},
        "needs.n.after.0",
        "precedence: sums up to",
    ),
    "a weight": (
        {"objectives.weights": [{"objective": "cost", "weight": RATIOS[0]}]},
        "objectives.weights",
        "objective weighted: figures up to",
    ),
    "an objective": (
        {
            "capabilities.clearance.reference_price": RATIOS[0],
            "objectives.order": [{"objective": "fit"}],
            "needs.n.quantity": 1000,
            "offers.t.capacity": 500,
        },
        "objectives.order.0",
        "objective fit: figures up to",
    ),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_check_and_solve_refuse_the_same(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both end with exit code 2 and the same words, which say where, what was found and what was expected."""
    changes, path, found = REFUSED[case]
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(small_document(changes), default=float))
    assert run(["check", str(file)]) == Exit.INVALID
    told = capsys.readouterr().err
    assert f"{path}: found" in told
    assert found in told
    assert "; expected " in told
    assert run(["solve", str(file), "--quiet", "--output", str(tmp_path / "run")]) == Exit.INVALID
    first = told.splitlines()[0]
    assert first in capsys.readouterr().err
