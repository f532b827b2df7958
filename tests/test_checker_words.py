"""What the checker says, word for word, and its small parts at their limits."""

from __future__ import annotations

import json
import runpy
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import matcher.verification as verification
from expected_messages import told
from matcher.portfolio.result import scenario_hash
from matcher.scenario import Scenario
from matcher.verification import Report, StateFigures, Violation, verify
from matcher.verification.__main__ import USAGE, main
from matcher.verification.documents import at, check_types, completed, exact_number, read_document, run
from matcher.verification.eligibility import kind_of
from matcher.verification.facts import Setting, gather, summed
from matcher.verification.figures import claims
from matcher.verification.report import at_least, at_most, shown, violation
from mutants import FAULTS, Fault, mutant
from priced_scenario import SMALL


def words(each: Violation) -> str:
    """Returns a violation as one line."""
    year = "-" if each.year is None else each.year
    return f"{each.rule} {each.name}: {' '.join(each.who)} {year}: {each.excess}: {each.detail}"


def test_every_slip_has_its_words() -> None:
    """The list of words and the list of slips are of the same slips."""
    assert [*told("slips")] == [fault.name for fault in FAULTS]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_slips_are_told_word_for_word(fault: Fault) -> None:
    """Rule, who, year, by how much and in which words: nothing more and nothing less."""
    made = mutant(fault, 0)
    assert [words(each) for each in verify(made.scenario, made.spoilt).violations] == told("slips")[fault.name]


# Reports


@pytest.mark.parametrize(("found", "excess"), [(2, None), (Fraction(7, 2), Fraction(1, 2)), (3, None), (4, 1)])
def test_at_most(found: Any, excess: Any) -> None:
    """The limit itself is allowed."""
    expected = [] if excess is None else [Violation(1, "budget", ("a",), 2020, excess, f"money: {found}, at most 3")]
    assert list(at_most(1, ("a",), 2020, found, 3, "money")) == expected


@pytest.mark.parametrize(("found", "excess"), [(4, None), (Fraction(5, 2), Fraction(1, 2)), (3, None), (2, 1)])
def test_at_least(found: Any, excess: Any) -> None:
    """The limit itself is enough."""
    expected = (
        [] if excess is None else [Violation(6, "engagement", ("a",), None, excess, f"given: {found}, at least 3")]
    )
    assert list(at_least(6, ("a",), None, found, 3, "given")) == expected


@pytest.mark.parametrize(
    ("value", "most", "text"),
    [
        (10**40 - 1, 40, "9" * 40),
        (10**40, 40, f"1{'0' * 40}.000000..."),
        (Fraction(1, 10**40 - 1), 40, f"1/{'9' * 40}"),
        (Fraction(1, 10**40), 40, "0.000000..."),
        (Fraction(-22, 7), 0, "-3.142857..."),
        (Fraction(1, 80), 0, "0.012500..."),
        (0, 0, "0.000000..."),
        (-(10**12), 12, "-1000000000000.000000..."),
    ],
)
def test_long_numbers_are_cut(value: Any, most: int, text: str) -> None:
    """As many digits as are allowed are written, one more is cut to six places."""
    assert shown(Fraction(value), most) == text
    assert most != 40 or shown(Fraction(value)) == text


def test_the_program_writes_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    """A line for each violation, their number, and every figure."""
    wrong = (violation(1, ("a", "b"), 2020, 1, "this"), violation(9, ("c",), None, Fraction(1, 2), "that"))
    report = Report(wrong, {"cost": Fraction(3), "fit": Fraction(1, 3)}, {})
    monkeypatch.setattr("matcher.verification.__main__.verify", lambda *_: report)
    path = tmp_path / "x.json"
    path.write_text("{}", encoding="utf-8")
    assert main([str(path), str(path)]) == 1
    assert capsys.readouterr().out == (
        "rule 1 budget: a b 2020: off by 1: this\n"
        "rule 9 completion: c: off by 1/2: that\n"
        "2 violations\n"
        "cost = 3\n"
        "fit = 1/3\n"
    )


@pytest.mark.parametrize(
    ("error", "why"),
    [(KeyError("flows"), "'flows' is missing"), (TypeError("odd"), "odd"), (ValueError("bad"), "bad")],
)
def test_the_program_says_what_it_cannot_read(
    error: Exception, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    """In one line, and ends with 2."""

    def broken(*_: object) -> Report:
        raise error

    monkeypatch.setattr("matcher.verification.__main__.verify", broken)
    path = tmp_path / "x.json"
    path.write_text("{}", encoding="utf-8")
    assert main([str(path), str(path)]) == 2
    assert capsys.readouterr() == ("", f"cannot read these documents: {why}\n")


def test_the_folder_runs_without_the_package_around_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run as a folder, only the folder is named as the package's way."""
    folder = Path(verification.__file__).parent
    monkeypatch.setitem(sys.modules, "matcher", sys.modules["matcher"])
    monkeypatch.setattr(sys, "argv", [str(folder)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(folder), run_name="__main__")
    assert ended.value.code == 2
    assert capsys.readouterr().err == USAGE
    assert sys.modules["matcher"].__path__ == [str(folder.parent)]


# Documents


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("-7", -7), ("1/3", Fraction(1, 3)), ("-10/4", Fraction(-5, 2)), ("1/010", Fraction(1, 10)), (5, 5)],
)
def test_exact_numbers_are_read(text: object, value: Any) -> None:
    """Digits, or digits over digits that are not nothing."""
    assert exact_number(text) == value


@pytest.mark.parametrize("text", ["1/0", "1/00", "1/", "/1", "1.0", "+1", " 1", "1/-1", True, "x" * 50])
def test_what_is_no_exact_number_is_refused(text: object) -> None:
    """It is shown up to forty characters."""
    with pytest.raises(ValueError, match=r".") as caught:
        exact_number(text)
    assert str(caught.value) == f"{str(text)[:40]!r} is no exact number, expected digits or digits/digits"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[]", "{path} holds no JSON object"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": -Infinity}', "-Infinity is no number"),
        ('{"a": 1e401}', "1e401 is no number that a document holds"),
        ('{"a": 1e-401}', "1e-401 is no number that a document holds"),
        ('{"a": 1e' + "4" * 60 + "}", "1e" + "4" * 38 + " is no number that a document holds"),
    ],
)
def test_documents_that_hold_no_sense_are_refused(text: str, why: str, tmp_path: Path) -> None:
    """Numbers beyond all sense, and what is no object."""
    path = tmp_path / "d.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((ValueError, TypeError), match=r".") as caught:
        read_document(path)
    assert str(caught.value) == why.format(path=path)


def test_documents_keep_numbers_exactly(tmp_path: Path) -> None:
    """Up to four hundred digits before or after the point; text as UTF-8."""
    path = tmp_path / "d.json"
    path.write_bytes('{"a": 1e400, "b": 0.1, "c": 1e-400, "é": 12}'.encode())
    assert read_document(path) == {"a": Decimal("1e400"), "b": Decimal("0.1"), "c": Decimal("1e-400"), "é": 12}
    path.write_bytes('{"é": 1}'.encode("latin-1"))
    with pytest.raises(UnicodeDecodeError):
        read_document(path)


def test_an_amount_of_a_year() -> None:
    """One for all years, or by year, as number or text; nothing where none is said; never in parts."""
    assert [at(5, 2020), at({2020: 6}, 2020), at({"2020": 7}, 2020), at({2021: 6}, 2020)] == [5, 6, 7, 0]
    with pytest.raises(TypeError):
        at(Fraction(5), 2020)


@pytest.mark.parametrize("years", [[2020], [2020, 2021, 2022], [2020, "2021"], [True, 2021], "ab", None, {2020: 1}])
def test_a_run_of_years_is_two_numbers(years: Any) -> None:
    """Anything else is refused."""
    with pytest.raises(TypeError) as caught:
        run(years)
    assert str(caught.value) == f"{years!r} is no run of years, expected [first, last]"
    assert run([2020, 2022]) == run((2020, 2022)) == range(2020, 2023)


def test_fields_have_their_types() -> None:
    """A field that is missing, of another type, or a flag in place of a number is told."""
    check_types({"a": 1, "b": "x"}, "here", a=int, b=str)
    for value, wanted in ((None, int), ("1", int), (True, int), (1, str)):
        with pytest.raises(TypeError) as caught:
            check_types({"a": value}, "here", a=wanted)
        assert str(caught.value) == f"here: 'a' is {value!r}, expected {wanted.__name__}"


@pytest.mark.parametrize(
    ("portfolio", "why"),
    [
        ({"flows": [{}]}, "flow 0: 'implementer' is None, expected str"),
        ({"flows": [{"implementer": "team"}]}, "flow 0: 'need' is None, expected str"),
        ({"engagements": [{}]}, "engagement 0: 'offer' is None, expected str"),
        ({"engagements": [{"offer": "team"}]}, "engagement 0: 'state' is None, expected str"),
        ({"engagements": [{"offer": "team", "state": "S"}]}, "None is no run of years, expected [first, last]"),
    ],
)
def test_portfolios_have_their_fields(portfolio: dict[str, Any], why: str) -> None:
    """What lacks one is told by its place."""
    with pytest.raises(TypeError) as caught:
        verify(SMALL, portfolio)
    assert str(caught.value) == why


def test_each_field_of_a_flow_is_asked_for() -> None:
    """In its own type."""
    right = {"implementer": "team", "need": "N", "year": 2020, "kind": "operator", "quantity": 10, "money": 20}
    for name, value in right.items():
        with pytest.raises(TypeError) as caught:
            verify(SMALL, {"flows": [right | {"financier": "grant"}, right | {name: None}]})
        assert str(caught.value) == f"flow 1: '{name}' is None, expected {type(value).__name__}"


def test_results_claim_figures_of_a_portfolio() -> None:
    """A result without a portfolio has nothing to check."""
    for result in ({"result": 1}, {"result": 1, "portfolio": None}):
        with pytest.raises(ValueError, match=r"^the result holds no portfolio$"):
            verify(SMALL, result)


def test_claims_are_compared_by_name() -> None:
    """What is not known, and what is another figure, is told; by how much."""
    figures = {"cost": Fraction(3), "fit": Fraction(1)}
    claimed = {"luck": Fraction(1, 2), "cost": Fraction(5, 2), "fit": Fraction(1)}
    assert [words(each) for each in claims(claimed, figures)] == [
        "9 completion: luck -: 1: claims 1/2 of an unknown objective",
        "9 completion: cost -: 1/2: claims 5/2, but it is 3",
    ]


def test_sums_are_in_order() -> None:
    """By key, whatever the order of what is added."""
    assert [*summed([(("b",), 1), (("a",), 2), (("b",), 3)]).items()] == [(("a",), 2), (("b",), 4)]


def test_strangers_are_left_out_and_named() -> None:
    """Each name that does not exist, with the year of its flow; what names one counts nowhere."""
    flow = {
        "financier": "x",
        "implementer": "y",
        "need": "z",
        "year": 2020,
        "kind": "operator",
        "quantity": 1,
        "money": 1,
    }
    known = flow | {"financier": "grant", "implementer": "team", "need": "N", "quantity": 30, "money": 61}
    runs = [("team", "S", [2021, 2021]), ("u", "v", [2020, 2020]), ("team", "S", [2020, 2020])]
    engagements = [{"offer": offer, "state": state, "years": years} for offer, state, years in runs]
    facts = gather(completed(SMALL), {"flows": [flow, known], "engagements": engagements})
    assert facts.unknown == (
        *(("funding offer", "x", 2020), ("technical offer", "y", 2020), ("need", "z", 2020)),
        *(("offer", "u", None), ("State", "v", None)),
    )
    assert [(each.money, each.stated_money, each.state, each.stated_kind) for each in facts.flows] == [
        (60, 61, "S", "operator")
    ]
    assert facts.runs == {("team", "S"): [range(2020, 2021), range(2021, 2022)]}


# Kinds

WHO = {
    "own": ("affected_state", "S"),
    "neighbour": ("affected_state", "Z"),
    "donor": ("donor_state", None),
    "agency": ("un_agency", None),
    "region": ("regional_organisation", None),
    "operator": ("operator", None),
    "company": ("company", None),
    "foundation": ("foundation", None),
}
NATIONAL, SOUTH, THREE, PRIVATE = "national", "south-south", "triangular", "public-private"
MANY = ("multilateral", "multilateral", "operator", PRIVATE, PRIVATE)
NONE_BUT_PRIVATE = (None, None, None, PRIVATE, PRIVATE)
KINDS: dict[str | None, tuple[str | None, ...]] = {
    # who pays, then kinds by who works: own, neighbour, donor, agency, region, operator, company, foundation
    None: (NATIONAL, SOUTH, "bilateral", *MANY),
    "own": (NATIONAL, None, None, *MANY),
    "neighbour": (None, SOUTH, None, *MANY),
    "donor": ("bilateral", THREE, "bilateral", *MANY),
    "agency": ("multilateral", THREE, None, *MANY),
    "region": ("multilateral", THREE, None, *MANY),
    "operator": (None, None, None, *NONE_BUT_PRIVATE),
    "company": (PRIVATE,) * 8,
    "foundation": (PRIVATE, THREE, *(PRIVATE,) * 6),
}


def _setting(match: int) -> Setting:
    return Setting(
        {
            "providers": {name: {"kind": kind, "state": state} for name, (kind, state) in WHO.items()},
            "offers": {
                f"{name}-{kind}": {"kind": kind, "provider": name, "match": match}
                for name in WHO
                for kind in ("funding", "technical")
            },
        }
    )


@pytest.mark.parametrize("payer", KINDS)
def test_the_kind_follows_from_who_takes_part(payer: str | None) -> None:
    """Of every payer, or none, with every worker; money that asks for a match makes any other kind public-private."""
    financier = None if payer is None else f"{payer}-funding"
    found = tuple(kind_of(_setting(0), financier, f"{worker}-technical", "S") for worker in WHO)
    assert found == KINDS[payer]
    asking = tuple(kind_of(_setting(1), financier, f"{worker}-technical", "S") for worker in WHO)
    first = (NATIONAL, SOUTH, THREE)  # fit before it is asked whether money is matched
    assert asking == tuple(kind if payer is None or kind in first else PRIVATE for kind in KINDS[payer])


# Figures


def _flow(offers: tuple[str | None, str], need: str, year: int, quantity: int, kind: str) -> dict[str, Any]:
    money = 0 if offers[0] is None else 2 * quantity
    names = {"financier": offers[0], "implementer": offers[1], "need": need, "year": year, "kind": kind}
    return {**names, "quantity": quantity, "money": money}


def test_figures_of_a_small_portfolio() -> None:
    """Every objective, reckoned by hand."""
    model = Scenario.from_data(SMALL)
    flows = [
        _flow(("grant", "team"), "N", 2020, 80, "operator"),
        _flow(("budget", "team"), "N", 2021, 20, "operator"),
        _flow(("loan", "team"), "M", 2021, 30, "operator"),
        _flow((None, "free"), "K", 2022, 4, "operator"),
    ]
    runs = [("grant", "S", 2020), ("budget", "S", 2021), ("loan", "S", 2021), ("team", "S", 2020), ("team", "S", 2021)]
    engagements = [{"offer": offer, "state": state, "years": [year, year]} for offer, state, year in runs]
    report = verify(
        model,
        {"scenario": "small", "scenario_hash": scenario_hash(model), "flows": flows, "engagements": engagements},
    )
    assert report.states == {
        # N: all of it, weight 3; M: a half, weight 1; of 4
        "S": StateFigures(True, (3 + Fraction(1, 2)) * Fraction(1, 4)),
        "Z": StateFigures(None, Fraction(0)),
    }
    given = {"grant": 160, "budget": 40, "loan": 60}
    work = 130 * 2  # at its price, as clearance has no reference
    advice = Fraction(4 * 15, 2)
    assert report.figures == {
        "completions": 2,
        "late_completions": 0,
        # N: 0.8 and half of 0.2, weight 3; M: half of a half, weight 1; of S, weight 2
        "coverage": 2 * (3 * Fraction(9, 10) + Fraction(1, 4)),
        "worst_off": (3 + Fraction(1, 2)) * Fraction(1, 4),  # Z has no need with a weight
        "turnover": 1,  # the bank in 2021; the NGO's advice in 2022 is not engaged
        "waiting": 2 * (3 * Fraction(2, 10) + 1 + Fraction(1, 2) + Fraction(1, 2)),
        "fit": given["grant"] * Fraction(3, 4) + given["budget"] + given["loan"] + work + advice,
        "firmness": given["grant"] * Fraction(1, 2) + given["budget"] + given["loan"] + work + advice,
        "engagements": 4,
        "dependence": 160 - Fraction(220, 2),
        "swings": 160 + 60 + 60,  # the donor's 160 fall to nothing, the bank's 60 come and go
        "at_risk": Fraction(160, 2),
        "cost": 220,
    }


@pytest.mark.parametrize(("quantity", "completes"), [(4, False), (6, False), (8, True)])
def test_a_state_completes_with_the_last_unit(quantity: int, completes: bool) -> None:
    """Years in which nothing is delivered do not count."""
    model = Scenario.from_data(SMALL | {"needs": {"K": SMALL["needs"]["K"] | {"completes": True}}})
    report = verify(model, {"flows": [_flow((None, "free"), "K", 2020, quantity, "operator")]})
    assert report.states["Z"].completes is completes
    assert report.figures["completions"] == completes


def test_a_flow_backwards_is_off_by_all_of_it() -> None:
    """It would have to be one unit at least."""
    report = verify(SMALL, {"flows": [_flow((None, "free"), "K", 2020, -4, "operator")]})
    assert "0 option: free K 2020: 5: a flow of -4 units" in [words(each) for each in report.violations]


def test_documents_name_what_they_answer() -> None:
    """By name and by hash."""
    found = [words(each) for each in verify(SMALL, {"scenario": "other"}).violations]
    assert found == ["0 option: small -: 1: answers another scenario, 'other'"]
    found = [words(each) for each in verify(SMALL, json.loads('{"scenario": "small"}')).violations]
    assert found == ["0 option: small -: 1: answers another scenario: of this name, but of another hash"]
