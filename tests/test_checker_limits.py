"""What untrusted documents may make the checker do: nothing that grows with a year, a lag or a number they name."""

from __future__ import annotations

import os
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from matcher.verification import canonical_hash, verify
from matcher.verification import documents as documents_module
from matcher.verification.__main__ import main
from matcher.verification.documents import (
    MOST_EXACT,
    MOST_YEARS,
    brief,
    check_types,
    clipped,
    completed,
    entries,
    exact_number,
    fractional,
    length,
    read_document,
    run,
)
from matcher.verification.facts import Facts, merged
from matcher.verification.limits import ScenarioLimits
from matcher.verification.worths import RULES, ReducedCosts
from smallest_scenario import small_document

FAR = 10**12
"""A year to which nobody counts."""
HUGE = 10**40
"""The first number that has too many digits."""
Found = list[tuple[Any, ...]]


def portfolio_for(scenario: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """Returns a portfolio for a scenario, empty but for what is given."""
    digest = canonical_hash(scenario)
    return {"scenario": "small", "scenario_hash": digest, "flows": [], "engagements": [], **parts}


def engaged(first: int, last: int, offer: str = "f") -> dict[str, Any]:
    """Returns an engagement in the only State."""
    return {"offer": offer, "state": "A", "years": [first, last]}


def delivered(year: int, quantity: int = 5) -> dict[str, Any]:
    """Returns a flow, stated rightly."""
    names = {"financier": "f", "implementer": "t", "need": "n", "year": year, "kind": "operator"}
    return {**names, "quantity": quantity, "money": 72 * quantity}


def broken(changes: dict[str, Any] | None = None, **parts: Any) -> Found:
    """Returns what is wrong with a portfolio: rule, who, year, by how much."""
    scenario = small_document(changes)
    report = verify(scenario, portfolio_for(scenario, **parts))
    return [(each.rule, each.who, each.year, each.excess) for each in report.violations]


@pytest.mark.parametrize("last", [2017, 10**7, FAR, HUGE - 1])
def test_years_outside_the_horizon_are_one_finding(last: int) -> None:
    """They are counted, not walked through, however many they are."""
    outside = [(6, ("f", "A"), 2017, last - 2016)]
    assert broken(engagements=[engaged(2015, last)]) == outside
    assert broken(engagements=[engaged(-last, 2016)]) == [(6, ("f", "A"), -last, 2015 + last)]
    assert broken(engagements=[engaged(-last, last)]) == [(6, ("f", "A"), -last, 2 * last + 1 - 2)]


def test_years_far_outside_count_for_nothing_else() -> None:
    """No engaged year of theirs is a figure, a State at once or a partner; a flow there is rule 0 and rule 3 alone."""
    scenario = small_document({"offers.f.max_states": 0, "states.A.max_partners": 0})
    portfolio = portfolio_for(scenario, engagements=[engaged(FAR, FAR + 5), engaged(FAR + 8, FAR + 9)])
    report = verify(scenario, portfolio)
    assert report.figures["engagements"] == 0
    assert [(each.rule, each.year, each.excess) for each in report.violations] == [(6, FAR, 6), (6, FAR + 8, 2)]
    both = [engaged(FAR, FAR), engaged(FAR, FAR, "t")]
    outside = [(6, ("f", "A"), FAR, 1), (6, ("t", "A"), FAR, 1)]
    assert [each for each in broken(flows=[delivered(FAR)], engagements=both) if each[0] == 6] == outside
    assert (6, ("f", "A"), FAR, 360) in broken(flows=[delivered(FAR)], engagements=[engaged(2015, 2016)])


def test_an_engaged_year_is_found_among_its_runs() -> None:
    """In any of several, at both their ends, and in no gap between them."""
    facts = Facts(
        fractional(completed(small_document())), (), {("f", "A"): [range(1, 3), range(2, 4), range(6, 8)]}, ()
    )
    assert facts.stretches == {("f", "A"): [range(1, 4), range(6, 8)]}
    assert [year for year in range(9) if facts.is_engaged("f", "A", year)] == [1, 2, 3, 6, 7]
    assert not facts.is_engaged("f", "B", 1)
    assert list(facts.engaged) == []
    assert merged([range(1, 1), range(1, 2), range(2, 3)]) == [range(1, 3)]


def test_runs_listed_again_and_again_count_once() -> None:
    """A year that is listed a thousand times is one engaged year."""
    scenario = small_document()
    report = verify(scenario, portfolio_for(scenario, engagements=[engaged(2015, 2016)] * 1000))
    assert report.figures["engagements"] == 2


def test_pins_are_looked_at_within_the_horizon() -> None:
    """The years outside are missing, all of them, from the first on."""
    pin = {"offer": "f", "state": "A"}

    def pinned(first: int, last: int) -> Found:
        pins = {"decisions": {"pins": [{**pin, "years": [first, last]}]}}
        flows, runs = [delivered(2015)], [engaged(2015, 2015), engaged(2015, 2015, "t")]
        return [each for each in broken(pins, flows=flows, engagements=runs) if each[0] == 10]

    assert pinned(2015, 2015) == []
    assert pinned(2015, FAR) == [(10, ("f", "A"), 2016, FAR - 2015)]
    assert pinned(2014, 2015) == [(10, ("f", "A"), 2014, 1)]
    assert pinned(-FAR, FAR) == [(10, ("f", "A"), -FAR, 2 * FAR)]
    assert pinned(FAR, FAR + 1) == [(10, ("f", "A"), FAR, 2)]
    assert pinned(2016, 2015) == [(10, ("f", "A"), 2016, 1)]
    any_year = {"decisions": {"pins": [pin]}}
    assert [each for each in broken(any_year) if each[0] == 10] == [(10, ("f", "A"), 2015, 1)]


def test_a_pin_in_the_middle_of_gaps_names_the_first_year_missing() -> None:
    """Be it inside the horizon or the first after it."""
    pins = {"decisions": {"pins": [{"offer": "f", "state": "A", "years": [2015, 2020]}]}}
    runs = [engaged(2015, 2016), engaged(2015, 2016, "t")]

    def missing(*years: int) -> Found:
        found = broken(pins, flows=[delivered(year) for year in years], engagements=runs)
        return [each for each in found if each[0] == 10]

    assert missing(2015, 2016) == [(10, ("f", "A"), 2017, 4)]
    assert missing(2015) == [(10, ("f", "A"), 2016, 5)]


def test_pins_and_least_years_that_bounds_look_at_are_within_the_horizon() -> None:
    """Prices of a rule with a least number of years subtract no more than the horizon has."""
    pins = [{"offer": "f", "state": "A", "years": [-FAR, FAR]}, {"offer": "t", "state": "A", "years": None}]
    scenario = completed(small_document({"decisions": {"pins": pins}, "offers.f.min_years": FAR}))
    world = ScenarioLimits(fractional(scenario))
    assert world.pinned == {("f", "A", 2015), ("f", "A", 2016)}
    worths = ReducedCosts(world)
    RULES["lasting"][0](worths, Fraction(3), "f", "A", 2016)
    assert dict(worths.started) == {("f", "A", 2015): -3, ("f", "A", 2016): -3}


@pytest.mark.parametrize("lag", [0, 1, 2, FAR, -1, -FAR])
def test_lags_of_any_length_are_looked_at_within_the_horizon(lag: int) -> None:
    """What came first counts up to so many years ago: not at all, or all of it."""
    scenario = small_document({"needs.m": {"state": "A", "capability": "clearance", "quantity": 10}})
    scenario["needs"]["m"]["after"] = [{"need": "n", "lag": lag}]
    flows = [delivered(2015), {**delivered(2015), "need": "m"}]
    report = verify(scenario, portfolio_for(scenario, flows=flows))
    found = [(each.year, each.excess) for each in report.violations if each.rule == 5]
    late = {0: [], 1: [(2015, Fraction(1, 2))]}
    never = [(2015, Fraction(1, 2)), (2016, Fraction(1, 2))]
    assert found == late.get(lag, never if lag > 0 else [])


def test_repayments_of_any_time_are_past_the_horizon() -> None:
    """Their year is reckoned, not reached."""
    loan = {"kind": "funding", "provider": "donor", "amount": 1000, "repayment": {"offer": "f", "after": FAR}}
    found = broken({"offers.loan": loan}, flows=[{**delivered(2015), "financier": "loan"}])
    assert (1, ("loan", "f"), 2015, 360) in found


@pytest.mark.parametrize(("first", "last"), [(1, 10**9), (1, MOST_YEARS + 1), (2016, 2015), (-HUGE + 1, 2015)])
def test_a_horizon_has_so_many_years_at_most(first: int, last: int) -> None:
    """One year at least; more than the most are refused before any is looked at."""
    scenario = small_document({"horizon": [first, last]})
    with pytest.raises(ValueError, match=f"the horizon has {max(0, last - first + 1)} years, expected 1 to 200"):
        verify(scenario, portfolio_for(scenario))


def test_a_horizon_of_the_most_years_is_checked() -> None:
    """The last that is."""
    scenario = small_document({"horizon": [1, MOST_YEARS], "states.A.deadline": 3})
    assert verify(scenario, portfolio_for(scenario, engagements=[engaged(1, MOST_YEARS)])).figures["engagements"] == 200


@pytest.mark.parametrize("wrong", [HUGE, -HUGE, Decimal("1e41"), Decimal("1e999999999"), Decimal("1e-41")])
def test_numbers_of_a_scenario_have_so_many_digits_at_most(wrong: int | Decimal) -> None:
    """Refused before they fill the memory, or Python refuses to write them."""
    for path in ("needs.n.quantity", "needs.n.weight", "offers.f.carry_over"):
        with pytest.raises(ValueError, match="a number of more than 40 digits, which no field takes"):
            canonical_hash(small_document({path: wrong}))
    with pytest.raises(ValueError, match="more than 40 digits"):
        canonical_hash(small_document({"needs.n.weight": Decimal("NaN")}))


def test_numbers_of_few_digits_are_written_as_ever() -> None:
    """The last that are, and nothing in any form."""
    small = small_document({"needs.n.weight": 0})
    for nothing in ("0", "0.00", "0e999999", "-0"):
        assert canonical_hash(small_document({"needs.n.weight": Decimal(nothing)})) == canonical_hash(small)
    for last in (HUGE - 1, -HUGE + 1, Decimal("1e40"), Decimal("1e-40")):
        assert canonical_hash(small_document({"needs.n.weight": last}))


@pytest.mark.parametrize("name", ["year", "quantity", "money"])
def test_numbers_of_a_flow_have_so_many_digits_at_most(name: str) -> None:
    """Python could not even write them into a finding."""
    for wrong in (HUGE, -HUGE, 10**5000):
        with pytest.raises(ValueError, match=f"flow 0: '{name}' has more than 40 digits"):
            broken(flows=[{**delivered(2015), name: wrong}])
    check_types({name: HUGE - 1}, "here", **{name: int})
    check_types({name: -HUGE + 1}, "here", **{name: int})


def test_years_have_so_many_digits_at_most() -> None:
    """Whole runs of them are refused."""
    for years in ([2015, HUGE], [-HUGE, 2015], [10**5000, 10**5000]):
        with pytest.raises(ValueError, match="a year of more than 40 digits"):
            run(years)
    assert run([-HUGE + 1, HUGE - 1]) == range(-HUGE + 1, HUGE)


def test_years_are_counted_and_clipped() -> None:
    """Beyond what `len` takes; none where there are none."""
    assert length(range(HUGE)) == HUGE
    assert length(range(5, 3)) == 0
    assert clipped(range(3, 9), range(5, 7)) == range(5, 7) == clipped(range(5, 7), range(3, 9))


def test_a_figure_may_have_very_many_digits_but_not_any_number() -> None:
    """Read by halves, to the last digit."""
    text = "123456789" * 2000
    assert exact_number(f"-{text}/{text}") == -1
    assert exact_number(text) % 10**9 == 123456789
    assert exact_number(f"1{'0' * 12_345}") == 10**12_345
    with pytest.raises(ValueError, match=f"a figure of more than {MOST_EXACT} digits above or below the line"):
        exact_number(f"1/{'1' * (MOST_EXACT + 1)}")
    with pytest.raises(ValueError, match=f"a figure of more than {MOST_EXACT} digits"):
        exact_number("1" * (MOST_EXACT + 1))


def test_messages_stay_short() -> None:
    """Whatever stands where it should not."""
    assert brief("x" * 10**6) == "'" + "x" * 27 + "..." + "x" * 28 + "'"
    assert brief([1] * 10**6) == "[1, 1, 1, 1, 1, 1, ...]"
    assert brief([HUGE, HUGE - 1, -HUGE]).startswith("[a number of more than 40 digits, 9999")
    assert brief(-HUGE) == brief(HUGE) == brief(10**5000) == "a number of more than 40 digits"
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert len(brief(deep)) < 100
    assert len(brief(Decimal("1." + "1" * 5000))) == 60


@pytest.mark.parametrize("wrong", [5, "ab", {"a": 1}, None])
def test_lists_are_lists(wrong: Any) -> None:
    """Flows, engagements and the figures of a result."""
    for name in ("flows", "engagements"):
        with pytest.raises(TypeError, match=rf"'{name}' is .*, expected a list"):
            broken(**{name: wrong})
    scenario = small_document()
    with pytest.raises(TypeError, match=r"'figures' is .*, expected a list"):
        verify(scenario, {"result": 1, "portfolio": portfolio_for(scenario), "figures": wrong})
    assert entries({}, "flows") == ()
    assert entries({"flows": [1]}, "flows") == [1]


def test_flows_are_mappings() -> None:
    """Anything else is told."""
    with pytest.raises(TypeError, match=r"flow 0 is \[\], expected a mapping of its fields"):
        broken(flows=[[]])
    with pytest.raises(TypeError, match="engagement 0 is 5, expected a mapping of its fields"):
        broken(engagements=[5])


def test_a_scenario_too_deep_is_refused() -> None:
    """In words, not by the stack."""
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="the scenario holds lists or mappings too deep inside each other"):
        verify({**small_document(), "title": deep}, {})


def test_files_too_large_too_deep_or_no_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the memory is full; a pipe is not waited for."""
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(ValueError, match=r"deep\.json holds lists or objects too deep inside each other"):
        read_document(deep)
    with pytest.raises(ValueError, match=r"is no file of at most 512 MiB"):
        read_document(tmp_path)
    path = tmp_path / "large.json"
    path.write_text("{}", encoding="utf-8")
    monkeypatch.setattr(documents_module, "MOST_BYTES", 2)
    assert read_document(path) == {}
    path.write_text("{} ", encoding="utf-8")
    with pytest.raises(ValueError, match=r"large\.json is no file of at most 0 MiB"):
        read_document(path)
    if os.name == "posix":
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ValueError, match="pipe is no file of at most"):
            read_document(tmp_path / "pipe")


@pytest.mark.parametrize("number", ["9" * 401, "-" + "9" * 400, "1." + "1" * 800, "9" * 5000])
def test_documents_hold_no_number_of_very_many_digits(number: str, tmp_path: Path) -> None:
    """Shown by its first digits."""
    path = tmp_path / "d.json"
    path.write_text(f'{{"a": {number}}}', encoding="utf-8")
    with pytest.raises(ValueError, match=f"^{number[:40]} is no number that a document holds$"):
        read_document(path)
    path.write_text(f'{{"a": {"9" * 400}, "b": 1.{"1" * 798}}}', encoding="utf-8")
    assert read_document(path) == {"a": 10**400 - 1, "b": Decimal("1." + "1" * 798)}


def test_the_program_says_what_documents_of_any_form_lack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not one of them is an error of its own."""
    scenario, portfolio = tmp_path / "s.json", tmp_path / "p.json"
    portfolio.write_text("{}", encoding="utf-8")
    for text in ('{"states": 5}', '{"offers": {"a": 1}}', "[" * 10**5, '{"currency": {"code": {}}}', "{}"):
        scenario.write_text(text, encoding="utf-8")
        assert main([str(scenario), str(portfolio)]) == 2
        assert capsys.readouterr().err.startswith("cannot read these documents: ")


def test_what_is_known_of_one_scenario_is_not_said_of_another() -> None:
    """Limits stay known from check to check, of the scenario at hand alone: without capacity its State is set aside."""
    found = []
    for capacity in (5, 0, 5):
        scenario = small_document({"offers.t.capacity": capacity})
        report = verify(scenario, portfolio_for(scenario))
        assert report.ok
        found.append(report.set_aside)
    assert found == [(), ("A",), ()]
