"""How unlike history a portfolio is: every figure counted by hand on a few flows."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from benchmarks import plausibility as benchmark
from matcher.cli.app import run
from matcher.cli.exits import Exit
from matcher.comparison.plausibility import Largest, Link, Opening, Part, Plausibility, YearlyChange, plausibility
from matcher.errors import InvalidOptions
from matcher.portfolio.portfolio import Engagement, Flow, Portfolio
from matcher.reporting.languages import languages
from matcher.reporting.plausibility import plausibility_cells, plausibility_lines, plausibility_witnesses
from matcher.scenario import Scenario, Years
from smallest_scenario import Changes, small_scenario

TINY = Path(__file__).parents[1] / "scenarios" / "tiny"


def money(provider: str, amount: int = 1000, **more: Any) -> dict[str, Any]:
    """Returns an offer of money."""
    return {"kind": "funding", "provider": provider, "amount": amount, **more}


WORLD: Changes = {
    "horizon": [2015, 2020],
    "states.B": {"name": "Belmark", "deadline": 2016},
    "needs.n.completes": True,
    "needs.m": {"state": "B", "capability": "clearance", "quantity": 10, "completes": True},
    "providers.second": {"name": "Another donor", "kind": "donor_state"},
    "offers.f2": money("donor"),
    "offers.g": money("second"),
    "offers.own": money("gov", states=["A"]),
}
"""Six years, two States with 10 m2 each, two donors, of which one has two offers, and Arland's own money."""


def paid(payer: str | None, year: int, amount: int = 100, **changes: Any) -> Flow:
    """Returns one unit of work for Arland, that an offer pays for."""
    fields = {"implementer": "t", "need": "n", "kind": "operator", "quantity": 1} | changes
    return Flow(financier=payer, year=year, money=amount, **fields)


def world(changes: Changes | None = None) -> Scenario:
    """Returns the world with changes."""
    return small_scenario(WORLD | (changes or {}))


def counted(*flows: Flow, changes: Changes | None = None, ongoing: Any = None, engaged: Any = ()) -> Plausibility:
    """Returns what is counted of some flows in the world."""
    scenario = world(changes)
    return plausibility(scenario, portfolio(scenario, *flows, engaged=engaged), ongoing)


def portfolio(scenario: Scenario, *flows: Flow, engaged: Any = ()) -> Portfolio:
    """Returns flows as a portfolio of a scenario, valid or not."""
    return Portfolio(scenario="small", scenario_hash=scenario.digest, flows=flows, engagements=engaged)


def test_states_complete_in_time_late_or_not() -> None:
    """By the deadline, after it, never; a State with nothing to complete is none of them."""
    states = {f"states.{key}": {"name": key, "deadline": 2016} for key in "CD"}
    need = {"needs.c": {"state": "C", "capability": "clearance", "quantity": 3, "completes": True}}
    flows = [paid("f", 2016, quantity=10), paid("f", 2017, need="m", quantity=10), paid("f", 2015, need="c")]
    found = counted(*flows, changes=states | need)
    assert (found.in_time, found.late, found.incomplete) == (("A",), ("B",), ("C",))


def test_money_in_links_of_three_years() -> None:
    """Three years in a row, of whichever of the provider's offers; the State's own money is no link."""
    lasting = [paid("f", 2015), paid("f2", 2016), paid("f", 2017)]
    short = [paid("f", 2015, 40, need="m"), paid("f", 2016, 40, need="m"), paid("g", 2017, 20)]
    own = [paid("own", year, 500) for year in (2015, 2016, 2017)]
    found = counted(*lasting, *short, *own)
    assert found.lasting == Part(300, 400)
    assert (found.finishing, found.recent) == (0, 0)


def test_short_links_that_end_as_the_state_completes_or_begin_late() -> None:
    """Counted apart, each once; a short link in between is neither."""
    finishing = [paid("g", 2015, 30, need="m", quantity=5), paid("g", 2016, 30, need="m", quantity=5)]
    neither = [paid("f", 2018, 7, need="m"), paid("g", 2018, 8, need="m")]
    neither += [paid("g", 2018, 1), paid("g", 2019, 1)]
    recent = [paid("g", 2020, 11, need="k"), paid("f", 2019, 5), paid("f", 2020, 5)]
    third = {"states.C": {"name": "Cornia", "deadline": 2016}}
    third |= {"needs.k": {"state": "C", "capability": "clearance", "quantity": 3}}
    found = counted(*finishing, *neither, *recent, changes=third)
    assert (found.lasting, found.finishing, found.recent) == (Part(0, 98), 60, 21)
    both = counted(paid("f", 2020, 9, quantity=10))
    assert (both.finishing, both.recent) == (9, 0)


def test_spells_of_the_same_partners() -> None:
    """By provider, whatever offer or kind; in kind and by the State's own money too."""
    joined = [paid("f", 2015), paid("f2", 2016, kind="multilateral")]
    broken = [paid("g", 2015), paid("g", 2017), paid("g", 2018)]
    others = [paid(None, 2016, 0), paid("own", 2019), paid("own", 2020, kind="national")]
    elsewhere = [paid("f", 2017, implementer="u"), paid("f", 2018, need="m")]
    firm = {"kind": "technical", "provider": "firm", "capability": "clearance", "capacity": 5}
    found = counted(*joined, *broken, *others, *elsewhere, changes={"offers.u": firm})
    assert found.one_year == Part(4, 7)
    assert found.broken_groups == Part(1, 6)


def test_an_engaged_year_without_work_bridges_nothing() -> None:
    """One agreement over both years of work, but the same partners stop and start again."""
    run_of_years = Years(first=2015, last=2017)
    engaged = [Engagement(offer=offer, state="A", years=run_of_years) for offer in ("f", "t")]
    found = counted(paid("f", 2015), paid("f", 2017), engaged=engaged)
    assert (found.one_year, found.broken_groups) == (Part(2, 2), Part(1, 1))
    assert found.broken_links == (Link("donor", "A"),)


def test_links_that_stop_and_start_again() -> None:
    """By provider and State: another offer of the provider bridges a gap, work without money does not."""
    bridged = [paid("f", 2015), paid("f2", 2016), paid("f", 2017)]
    broken = [paid("g", 2015), paid("g", 2017), paid("g", 2016, 0)]
    once = [paid("g", 2016, need="m")]
    own = [paid("own", 2015), paid("own", 2017)]
    found = counted(*bridged, *broken, *once, *own)
    assert (found.links, found.broken_links) == (3, (Link("second", "A"),))


@pytest.mark.parametrize(
    ("after", "changes", "quantity", "cut"),
    [
        (30, {}, 1, False),
        (29, {}, 1, True),
        (0, {}, 1, True),
        (0, {}, 9, True),
        (0, {}, 10, False),
        (0, {"needs.n.years": [2015, 2018]}, 1, False),
        (0, {"needs.n.years": [2015, 2019]}, 1, True),
    ],
)
def test_cuts_count_while_a_need_is_open(after: int, changes: Changes, quantity: int, cut: bool) -> None:
    """More than 70 % less; not where all is delivered by then, or the need's years are over."""
    flows = [paid("f", 2018, quantity=quantity), *([paid("f", 2019, after)] if after else []), paid("f", 2020, after)]
    found = counted(*flows, changes=changes)
    assert found.cuts == ((YearlyChange("A", 2019, 100, after),) if cut else ())
    assert found.funded_pairs == (2 if after else 1)


def test_a_need_that_is_met_in_the_year_of_the_cut_was_open() -> None:
    """What counts is the start of the year."""
    found = counted(paid("f", 2018, quantity=9), paid("own", 2019))
    assert found.cuts == (YearlyChange("A", 2019, 100, 0),)


def test_what_counts_is_the_state_s_money() -> None:
    """One donor after the other is neither cut nor rise; the last year of the horizon has none after it."""
    found = counted(paid("f", 2019), paid("g", 2020), paid("own", 2018, 900))
    assert (found.cuts, found.rises, found.funded_pairs, found.funded_twice) == ((), (), 1, 1)


def test_rises() -> None:
    """More than 2.7 times as much, where there was some: a start is no rise."""
    flows = [paid("f", 2015), paid("f", 2016, 270), paid("f", 2017, 730), paid("f", 2019, 800)]
    found = counted(*flows)
    assert found.rises == (YearlyChange("A", 2017, 270, 730),)
    assert (found.funded_pairs, found.funded_twice) == (4, 2)


def test_links_of_the_year_before_that_go_on() -> None:
    """With money in the first year, from whichever offer; later is not enough."""
    before = {("second", "A"): None, ("donor", "A"): 7, ("donor", "B"): 8}
    found = counted(paid("f2", 2015), paid("g", 2016), ongoing=before)
    assert found.kept == (Link("donor", "A"),)
    assert found.dropped == (Link("donor", "B"), Link("second", "A"))
    assert counted(paid("f", 2015)).kept == ()


@pytest.mark.parametrize("link", [("nobody", "A"), ("donor", "Z")])
def test_links_of_the_year_before_are_of_the_scenario(link: tuple[str, str]) -> None:
    """An unknown provider or State is an error."""
    with pytest.raises(KeyError, match=r"nobody|Z"):
        counted(paid("f", 2015), ongoing={link: 1})


def test_states_that_one_provider_carries() -> None:
    """Three quarters and more, over all years; of equal ones the first by id; own money does not count."""
    third = {"states.C": {"name": "Cornia", "deadline": 2016}}
    third |= {"needs.c": {"state": "C", "capability": "clearance", "quantity": 3}}
    flows = [paid("f", 2015, 30), paid("f2", 2016, 45), paid("g", 2015, 25), paid("own", 2015, 900)]
    flows += [paid("f", 2015, 26, need="m"), paid("g", 2016, 74, need="m")]
    flows += [paid("f", 2015, 5, need="c"), paid("g", 2015, 5, need="c")]
    found = counted(*flows, changes=third)
    shares = [("A", "donor", Fraction(3, 4)), ("B", "second", Fraction(37, 50)), ("C", "donor", Fraction(1, 2))]
    assert found.largest == tuple(Largest(*each) for each in shares)
    assert found.carried == found.largest[:1]
    assert found.median_largest == Fraction(37, 50)
    assert counted(*flows[:6]).median_largest == Fraction(149, 200)


def test_the_five_largest_recipients() -> None:
    """20 of 21 where six States have 1 to 6."""
    names = "CDEFGH"
    changes: Changes = {f"states.{key}": {"name": key, "deadline": 2016} for key in names}
    changes |= {f"needs.{key}": {"state": key, "capability": "clearance", "quantity": 3} for key in names}
    flows = [paid("f", 2015 + at, at + 1, need=key) for at, key in enumerate(names)]
    assert counted(*flows, changes=changes).top_recipients == Part(20, 21)


def test_providers_of_whom_nothing_is_used() -> None:
    """One used offer is enough; own money and an offer of nothing are not on offer; private ones are apart."""
    changes: Changes = {
        "providers.none": {"name": "No donor", "kind": "donor_state"},
        "providers.south": {"name": "Belmark", "kind": "affected_state", "state": "B"},
        "providers.gift": {"name": "A foundation", "kind": "foundation"},
        "providers.north": {"name": "Arland abroad", "kind": "affected_state", "state": "A"},
        "offers.north": money("north"),
        "offers.none": money("none", 0),
        "offers.south": money("south", states=["A", "B"]),
        "offers.gift": money("gift"),
        "offers.firm": money("firm"),
        "offers.ngo": money("ngo"),
    }
    found = counted(paid("f2", 2015), changes=changes)
    assert (found.unused, found.unused_private) == (("ngo", "north", "second", "south"), ("firm", "gift"))
    abroad = counted(paid("south", 2015, need="m"), paid("g", 2015), changes=changes)
    assert "south" in abroad.unused
    assert "second" not in abroad.unused


def test_money_that_repays_an_advance_is_not_unused() -> None:
    """Where the advance is paid; where it is not, both lie idle."""
    changes: Changes = {"offers.firm": money("firm", repayment={"offer": "f2", "after": 1})}
    found = counted(paid("firm", 2015), changes=changes)
    assert (found.unused, found.unused_private) == (("second",), ())
    found = counted(changes=changes)
    assert (found.unused, found.unused_private) == (("donor", "second"), ("firm",))


@pytest.mark.parametrize(
    ("yearly", "near"), [((30, 30, 30), True), ((90, 0, 0), True), ((30, 30, 29), False), ((810, 0, 1), False)]
)
def test_money_of_the_first_years_beside_the_year_before(yearly: tuple[int, int, int], near: bool) -> None:
    """90 before: within a factor of 3 from 30 to 270 a year on average."""
    flows = [paid("f", 2015 + at, amount) for at, amount in enumerate(yearly) if amount]
    found = counted(*flows, paid("f", 2018, 900), ongoing={("donor", "A"): 60, ("second", "A"): 30})
    assert found.openings == (Opening("A", 90, Fraction(sum(yearly), 3)),)
    assert found.near == Part(int(near), 1)


def test_three_times_as_much_is_near() -> None:
    """810 in three years is 270 a year."""
    assert counted(paid("f", 2015, 810), ongoing={("donor", "A"): 90}).near == Part(1, 1)


def test_states_whose_first_years_are_not_compared() -> None:
    """Unknown or no money before, and States that complete within these years; no money after is compared."""
    before = {("donor", "A"): 90, ("second", "A"): None}
    assert counted(ongoing=before).openings == ()
    assert counted(ongoing={("donor", "A"): 0}).openings == ()
    assert counted(paid("f", 2017, quantity=10), ongoing={("donor", "A"): 90}).openings == ()
    found = counted(paid("f", 2018, quantity=10), ongoing={("donor", "A"): 90})
    assert found.openings == (Opening("A", 90, Fraction(0)),)
    two_years = counted(paid("f", 2015), ongoing={("donor", "A"): 90}, changes={"horizon": [2015, 2016]})
    assert two_years.openings == (Opening("A", 90, Fraction(50)),)


@pytest.mark.parametrize(("delivered", "crumb"), [(989, False), (990, True), (999, True), (1000, False)])
def test_needs_all_but_met(delivered: int, crumb: bool) -> None:
    """Open, with 99 % or more delivered."""
    found = counted(paid("f", 2015, quantity=delivered), changes={"needs.n.quantity": 1000})
    assert found.crumbs == (("n",) if crumb else ())


def test_an_empty_portfolio_has_no_shares() -> None:
    """Nothing is divided by nothing."""
    found = counted()
    assert (found.lasting.share, found.median_largest, found.top_recipients.share) == (None, None, None)
    assert found.unused == ("donor", "second")
    cells = plausibility_cells(world(), found)
    assert {key for key, (_, cell) in cells.items() if cell == "-"} == {
        "lasting", "finishing", "recent", "one_year", "broken_links", "broken_groups",
        "cuts", "rises", "carried", "median_largest", "top_recipients",
    }  # fmt: skip
    assert cells["completing"][1] == "0 / 0 / 2"


FLOWS = [paid("f", 2015), paid("f", 2017, 1200), paid("g", 2018, 200), paid("f", 2015, need="m", quantity=10)]
BEFORE = {("donor", "A"): 100, ("second", "A"): 50}


def test_the_section_says_what_was_counted() -> None:
    """A heading, each figure beside history, and who is behind it."""
    lines = plausibility_lines(world(), counted(*FLOWS, ongoing=BEFORE))
    assert lines[0] == "## How like a real programme it is"
    said = "\n".join(lines)
    assert "| States that complete in time / late / not | 1 / 0 / 1 | - |" in said
    assert "| links that stop and start again | 1 of 3 (33.3 %) | - |" in said
    assert "| share of the five largest recipients | 100.0 % | 45 % of the world total in 2014" in said
    assert "| links of the year before that are funded in the first year | 1 of 2 (50.0 %) | 67 to 100 %" in said
    assert "- Stop and start again: A donor in Arland\n" in said
    assert "- Deepest cuts: Arland 2018 (USD 1,200, then USD 200); Arland 2019 (USD 200, then USD 0); " in said
    assert "- Not funded in the first year: Another donor in Arland\n" in said
    assert said.endswith("- Carried by one provider: Belmark (A donor, 100.0 %); Arland (A donor, 86.6 %)")


def test_the_section_in_french() -> None:
    """With French numbers."""
    said = "\n".join(plausibility_lines(world(), counted(*FLOWS), "fr"))
    assert "| liens interrompus puis repris | 1 sur 3 (33,3 %) | - |" in said
    assert "Baisses les plus fortes : Arland 2018 (1\u202f200\u00a0USD, puis 200\u00a0USD)" in said


def test_links_of_the_year_before_are_those_that_the_scenario_states() -> None:
    """Of each offer of money; who worked there is another matter, and what is handed in stands instead."""
    before = {
        "offers.f.ongoing": [{"state": "A", "amount": 60}, {"state": "B"}],
        "offers.f2.ongoing": [{"state": "A", "amount": 30}],
        "offers.own.ongoing": [{"state": "A"}],
        "offers.t.ongoing": [{"state": "A"}],
    }
    found = counted(paid("f", 2015, 90), changes=before)
    assert (found.kept, found.dropped) == ((Link("donor", "A"),), (Link("donor", "B"),))
    assert found.openings == (Opening("A", 90, Fraction(30)),)
    assert counted(paid("f", 2015), changes=before, ongoing={}).continued == Part(0, 0)


@pytest.mark.parametrize("language", languages())
def test_what_is_not_known_is_not_told(language: str) -> None:
    """Without a year before, nothing is said of it; without a need all but met, none is named."""
    found = counted(*FLOWS)
    assert {"kept", "near"} & plausibility_cells(world(), found, language).keys() == set()
    assert len(plausibility_cells(world(), counted(*FLOWS, ongoing=BEFORE), language)) == 17
    assert len(list(plausibility_witnesses(world(), found, language))) == 3


def test_few_are_named_and_the_rest_counted() -> None:
    """Five, and how many more; all of them for who asks for all."""
    needs = {f"needs.n{at}": {"state": "A", "capability": "clearance", "quantity": 1000} for at in range(7)}
    scenario = world(needs)
    flows = [paid("f", 2015, need=f"n{at}", quantity=999) for at in range(7)]
    found = plausibility(scenario, portfolio(scenario, *flows))
    (line,) = (each for each in plausibility_lines(scenario, found) if each.startswith("- Almost met"))
    assert any(each.startswith("- Presque") for each in plausibility_lines(scenario, found, "fr"))
    assert line.count("Clearance (n") == 5
    assert line.endswith("; 2 more")
    assert dict(plausibility_witnesses(scenario, found))["Almost met"].count("Clearance (n") == 7


def test_a_language_without_sentences_is_refused() -> None:
    """As everywhere."""
    with pytest.raises(InvalidOptions, match="no sentences in language 'xx'"):
        plausibility_lines(world(), counted(), "xx")


def test_the_benchmark_sets_runs_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A column for each run, history and the aim; what misses its aim is bold."""
    for name in ("triangular", "worst-off"):
        assert run(["solve", str(TINY / f"{name}.yaml"), "-o", str(tmp_path / name), "--quiet"]) == Exit.DONE
    capsys.readouterr()
    benchmark.main([str(tmp_path / "triangular"), str(tmp_path / "worst-off")])
    out = capsys.readouterr().out
    rows = [line for line in out.splitlines() if line.startswith("|")]
    assert rows[0] == "| figure | triangular | worst-off | history | aim |"
    assert {row.count("|") for row in rows} == {6}
    assert len(rows) == 2 + 17


def test_the_benchmark_marks_what_misses_its_aim() -> None:
    """Half of the links broken is above 2 %; no need all but met is none."""
    scenario = world()
    rows = dict(
        line.strip("| ").split(" | ", 1)
        for line in benchmark.lines([("plan", scenario, portfolio(scenario, *FLOWS))])
        if line.startswith("|")
    )
    assert rows["links that stop and start again"] == "**1 of 3 (33.3 %)** | - | at most 2 %"
    assert rows["needs of which no more than 1 % is left open"] == "0 | - | 0"
    assert rows["States that get three quarters or more of their money from one provider"].startswith("2 of 2 |")


ROWS = "donor,recipient,amount_usd\ndonor,A,5\ndonor,A,6\ngov,A,7\nnobody,A,8\nsecond,Z,9\nsecond,B,1\n"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {("donor", "A"): 11, ("second", "B"): 1}),
        ({"currency.decimals": 2}, {("donor", "A"): 1100, ("second", "B"): 100}),
        ({"currency.code": "EUR"}, {("donor", "A"): None, ("second", "B"): None}),
        ({"horizon": [2016, 2020]}, {}),
    ],
)
def test_links_of_2014_are_those_of_the_scenario(changes: Changes, expected: dict[Any, Any], tmp_path: Path) -> None:
    """Between its providers and other States of it, added up, in its own minor units; for 2015 only."""
    path = tmp_path / "given.csv"
    path.write_text(ROWS, encoding="utf-8")
    assert benchmark.given_before(world(changes), path) == expected


def test_links_that_the_scenario_states_come_before_the_table(tmp_path: Path) -> None:
    """The table is for scenarios that state none."""
    path = tmp_path / "given.csv"
    path.write_text(ROWS, encoding="utf-8")
    scenario = world({"offers.f.ongoing": [{"state": "A", "amount": 60}]})
    assert benchmark.given_before(scenario, path) is None
    assert "links of the year before that are funded in the first year | 1 of 1" in "\n".join(
        benchmark.lines([("plan", scenario, portfolio(scenario, *FLOWS))])
    )


def test_states_that_complete_later_than_they_could() -> None:
    """All 10 m2 could be cleared in the first year; where they are, nothing is said."""
    scenario = small_scenario({"offers.t.capacity": 10, "needs.n.completes": True})
    for year, told in ((2016, ["Arland (2016, could by 2015)"]), (2015, [])):
        engaged = [Engagement(offer=key, state="A", years=Years(first=year, last=year)) for key in ("f", "t")]
        plan = portfolio(scenario, paid("f", year, 720, quantity=10), engaged=engaged)
        assert list(benchmark.overdue(scenario, plan)) == told


def test_a_run_that_is_not_there_is_one_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        benchmark.main([str(tmp_path / "none")])
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (2, "")
    assert "found no such file" in told.err
