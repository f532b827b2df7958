"""What people read: numbers, tables, verdicts, summaries, sheets and cautions."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

import pytest

from generators import Seeded, draw_tasks
from matcher.comparison.tally import kinds, tally
from matcher.explanation.clock_findings import Clock, Earliest
from matcher.formulation.need_aggregation import merge
from matcher.portfolio.handover import taken_over
from matcher.portfolio.portfolio import Part, Responsibility
from matcher.portfolio.result import (
    Conflict,
    EndCode,
    Ending,
    Figure,
    Lot,
    SolveOptions,
    Stage,
    StateAgreements,
    Status,
    StopReason,
)
from matcher.reporting import amounts
from matcher.reporting.clocks import clock_lines
from matcher.reporting.endings import ending_text
from matcher.reporting.languages import languages, numerals_of, table_of
from matcher.reporting.lasting import lasting_lines
from matcher.reporting.layout import clean, escaped, markdown_table, shortened, text_table
from matcher.reporting.markdown import partnerships_markdown, summary_markdown
from matcher.reporting.screened import CautionSpeaker, overview_document, overview_text
from matcher.reporting.starting import taken_over_lines
from matcher.reporting.terminal import sheets_text, summary_text
from matcher.reporting.verdict import completion, objective_rows, verdict_of
from matcher.scenario import Currency, ObjectiveName, OptionKind, Scenario, Years
from matcher.scenario.eligibility import OptionSet, Reason, find_options
from matcher.scenario.entities import Channel, Provenance, ReasonCode
from matcher.screening import cautions
from matcher.screening.caution import Caution, CautionCode, NeedUnserved, PinImpossible, ProvenanceMissing, UnitSlip
from matcher.screening.cautions import cautions_of
from matcher.screening.overview import overview_of
from matcher.screening.unit_slips import Slip, published
from matcher.screening.unit_slips.figures import Amount, Unit
from matcher.screening.unit_slips.units import Intent
from matcher.screening.unit_slips.yardsticks import KINDS
from sample_result import FLOWS, SCENARIO, Row, sample_portfolio, sample_result, sample_scenario

ENGLISH = table_of("en")
RESULTS, SHEETS, PAPER = ENGLISH["results"], ENGLISH["sheets"], ENGLISH["paper"]
DOLLARS = Currency(code="USD", decimals=0)
CENTS = Currency(code="EUR", decimals=2)


def changed(**changes: Any) -> Any:
    """Returns the sample's data with single fields changed, named by path with ``__``."""
    data = deepcopy(SCENARIO)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = data
        for key in parents:
            place = place.setdefault(key.replace("_", "-") if key.replace("_", "-") in place else key, {})
        place[last] = value
    return data


text = CautionSpeaker("en").text
"""A caution in English."""


def found_cautions(**changes: Any) -> dict[str, list[Caution]]:
    """Returns the cautions about the changed sample, by code."""
    by_code: dict[str, list[Caution]] = {}
    for each in cautions_of(find_options(sample_scenario(**changed(**changes)))):
        by_code.setdefault(each.code, []).append(each)
    return by_code


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, DOLLARS, "USD 0"),
        (1234567, DOLLARS, "USD 1,234,567"),
        (123456705, CENTS, "EUR 1,234,567.05"),
        (-150, CENTS, "EUR -1.50"),
    ],
)
def test_money(minor: int, currency: Currency, text: str) -> None:
    """Money has its currency, thousands separators and all of its minor units."""
    assert amounts.money(minor, currency) == text


def test_share_is_rounded_down() -> None:
    """Only what is whole is shown as 100 %."""
    assert amounts.share(Fraction(9999, 10000)) == "99.9 %"
    assert amounts.share(Fraction(1)) == "100.0 %"
    assert amounts.share(None) == amounts.NONE


@pytest.mark.parametrize(
    ("gap", "text"),
    [
        (None, "unknown"),
        (0.0, "0 %"),
        (0.001, "0.1 %"),
        (0.012301, "1.24 %"),
        (1e-6, "0.01 %"),
        (Decimal("0.5"), "50 %"),
    ],
)
def test_gap_is_rounded_up(gap: float | Decimal | None, text: str) -> None:
    """A gap that is not closed is never shown as 0 %."""
    assert amounts.gap(gap) == text


def test_years() -> None:
    """A run of one year is that year."""
    assert amounts.years(Years(first=2026, last=2026)) == "2026"
    assert amounts.years((2026, 2029)) == "2026-2029"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("cost", "1234567", "USD 1,234,567"),
        ("worst_off", "1/3", "33.3 %"),
        ("completions", "12.000000", "12"),
        ("coverage", "25/3", "8.3333"),
        ("engagements", "1200", "1,200"),
        ("coverage", None, "unknown"),
    ],
)
def test_objective_values(name: str, value: str | None, text: str) -> None:
    """Each objective is shown in what it is measured in."""
    assert amounts.objective(name, value, DOLLARS) == text


def test_text_table_is_aligned() -> None:
    """Columns line up, numbers flush right, without trailing blanks."""
    lines = text_table(("name", "n"), [("a", "1"), ("long", "200")], frozenset({1}))
    assert lines == ["name    n", "----  ---", "a       1", "long  200"]


def test_text_for_terminals_holds_no_commands() -> None:
    """Control characters and line breaks of names do not reach the terminal."""
    assert clean("a\x9b31m\nb\tc") == "a 31m b c"
    assert shortened("abcdef", 4) == "abc…"


def test_markdown_is_escaped() -> None:
    """Names cannot break a table or become markup."""
    assert escaped("a|b *c* <d>\ne") == r"a\|b \*c\* \<d\> e"
    assert markdown_table(("a",), [("x|y",)])[2] == r"| x\|y |"


def test_every_code_has_words() -> None:
    """Every code that the engine can leave has its sentence, and no sentence is left over."""
    assert set(RESULTS["status"]) == set(get_args(Status))
    assert set(RESULTS["stops"]) == set(get_args(StopReason))
    assert set(ENGLISH["partnership_kinds"]) == set(get_args(OptionKind))
    assert set(SHEETS["parts"]) == set(SHEETS["missing"]) == set(get_args(Part))
    assert set(SHEETS["duties"]) == set(get_args(Responsibility.model_fields["duty"].annotation))
    assert set(ENGLISH["objectives"]["names"]) == {*get_args(ObjectiveName), "weighted"}
    table = table_of("en")["screening"]
    assert set(table["reasons"]) == set(get_args(ReasonCode))
    assert set(table["cautions"]) == set(get_args(CautionCode)) == {each.code for each in Caution.__subclasses__()}
    assert set(table["yardsticks"]) > set(KINDS)
    ranges = (each for each in vars(published).values() if isinstance(each, published.Published))
    assert set(table["published"]) == {each.code for each in ranges}
    assert set(table["parties"]) == {"none", *get_args(Channel)}
    assert set(table["collections"]) == {"need", "offer", *cautions.COLLECTIONS}
    assert set(ENGLISH["confidence"]) == set(get_args(Provenance.model_fields["confidence"].annotation))


def test_each_state_is_counted() -> None:
    """Completion, coverage, money and partners of each State are those counted by hand."""
    scenario = sample_scenario()
    arland, belmark, cornia = tally(scenario, sample_portfolio(scenario)).states.values()
    assert (arland.completes, arland.completion_year, arland.coverage) == (True, 2029, Fraction(1))
    assert (arland.external, arland.own, arland.partners) == (160, 10, {"fund", "ngo", "nor"})
    # Belmark: 20 of 200 m2 and 5 of 10 months, equal weights
    assert (belmark.completes, belmark.completion_year, belmark.coverage) == (False, None, Fraction(3, 10))
    assert (cornia.completes, cornia.coverage, cornia.partners) == (None, None, frozenset())


def test_completion_after_the_deadline_is_late() -> None:
    """A State whose last need is met after its deadline does not complete, and the year is said."""
    data = changed(states__AAA__deadline=2028)
    scenario = sample_scenario(**data)
    arland = tally(scenario, sample_portfolio(scenario)).state("AAA")
    assert arland.completes is False
    assert completion(arland) == "late, in 2029"


def test_needs_that_stay_open() -> None:
    """What is delivered and what stays open of each need adds up to the need."""
    scenario = sample_scenario()
    needs = tally(scenario, sample_portfolio(scenario)).needs
    found = {key: (each.delivered, each.open) for key, each in needs.items()}
    assert found == {
        "A1": (90, 0),
        "B1": (20, 180),
        "B2": (5, 5),
    }


def test_each_kind_is_counted() -> None:
    """Partnerships and money by kind."""
    found = {each.kind: (each.partnerships, each.money) for each in kinds(sample_result().partnerships)}
    assert found == {"national": (1, 10), "operator": (1, 140), "south-south": (1, 0), "public-private": (2, 60)}


def stage(**changes: Any) -> Stage:
    """Returns a stage that is not proven, with fields changed."""
    fields = {"objective": "coverage", "sense": "max", "value": "2", "exact": "2", "bound": "3"}
    fields |= {"gap": 0.5, "solved": False}
    return Stage(**{**fields, **changes})


def test_verdict_of_proof() -> None:
    """Only gaps of zero are called the best; any other is said to be within what was asked."""
    assert verdict_of(sample_result(), sample_scenario()) == RESULTS["verdicts"]["optimal_exact"]
    open_stage = stage(gap=0.000001, solved=True)
    near = sample_result(options=SolveOptions(gap=Decimal("0.001")), stages=(open_stage,))
    assert "within 0.1 %" in verdict_of(near, sample_scenario())
    assert "proven best" not in verdict_of(sample_result(stages=(open_stage,)), sample_scenario())


def test_verdict_of_a_limit_says_the_largest_gap() -> None:
    """A portfolio that a limit cut short is not called good; its largest gap is said."""
    result = sample_result(status="feasible", stopped_by="time", stages=(stage(), stage(objective="cost", gap=0.75)))
    assert "the time limit was reached" in verdict_of(result, sample_scenario())
    assert "75 % (external money, with obligations)" in verdict_of(result, sample_scenario())


def test_a_gap_of_few_is_said_in_number() -> None:
    """Two links above the bound are two, and no hundred per cent; of many they are a share."""
    few = stage(objective="turnover", sense="min", exact="2", value="2.000000", bound="0.000000", gap=2.0)
    many = stage(objective="turnover", sense="min", exact="20", value="20.000000", bound="18.000000", gap=0.1)
    assert [amounts.gap_of(each) for each in (few, many, few.model_copy(update={"gap": 0.0}))] == ["2", "10 %", "0 %"]
    assert "gap: 2 (" in verdict_of(
        sample_result(status="feasible", stopped_by="work", stages=(few,)), sample_scenario()
    )


@pytest.mark.parametrize("language", languages())
def test_every_ending_has_a_sentence(language: str) -> None:
    """What ran out, the signal and what the process wrote at last are said in every language."""
    assert set(table_of(language)["endings"]) == {*get_args(EndCode), "with_output"}
    broken = Ending(code="signal", signal="SIGSEGV", output="about to break")
    assert "SIGSEGV" in ending_text(broken, language)
    assert ending_text(broken, language).endswith(": about to break")
    assert "1" in ending_text(Ending(code="exit_code", amount=1), language)


def test_verdict_says_what_ran_out_and_whether_a_clock_had_a_say() -> None:
    """What ended a solve is told in full; that it need not end so again, wherever that is not sure."""
    how = "512 MiB of memory were used up"
    starved = sample_result(status="feasible", stopped_by="resource_exhausted", stopped_how=how, stages=(stage(),))
    assert f"memory or processor time ran out ({how}) before the proof" in verdict_of(starved, sample_scenario())
    told = starved.model_copy(update={"stopped_how": Ending(code="memory", amount=512)})
    assert verdict_of(told, sample_scenario()) == verdict_of(starved, sample_scenario())  # older results hold the words
    assert verdict_of(starved, sample_scenario()).endswith(RESULTS["clock"])
    worked = sample_result(status="feasible", stopped_by="work", repeatable=True, stages=(stage(),))
    assert RESULTS["clock"] not in verdict_of(worked, sample_scenario())
    assert RESULTS["clock"] not in verdict_of(sample_result(), sample_scenario())


def test_verdict_says_what_later_bounds_rest_on() -> None:
    """Bounds of later objectives are said to hold only with what earlier ones reached, where there are later ones."""
    later = sample_result(status="feasible", stopped_by="work", stages=(stage(), stage(objective="cost", solved=True)))
    assert RESULTS["gaps"]["conditional"] in verdict_of(later, sample_scenario())
    assert RESULTS["gaps"]["conditional"] not in verdict_of(
        sample_result(status="feasible", stages=(stage(),)), sample_scenario()
    )
    assert RESULTS["gaps"]["conditional"] not in verdict_of(sample_result(), sample_scenario())


def test_verdict_without_bound_says_that_nothing_is_known() -> None:
    """Where no bound is known, no distance is claimed."""
    result = sample_result(status="feasible", stopped_by="work", stages=(stage(bound=None, gap=None),))
    assert "nothing can be said" in verdict_of(result, sample_scenario())
    assert objective_rows(result, sample_scenario())[0][3:] == ("unknown", "unknown", "no")


def test_summary_shows_the_portfolio() -> None:
    """The summary has the verdict, each objective, State and kind, and the largest partnerships first."""
    text = summary_text(sample_scenario(), sample_result())
    assert text.startswith("Two States and their partners: solved\n")
    assert RESULTS["verdicts"]["optimal_exact"] in text
    for wanted in ("Arland", "Belmark", "Cornia", "not applicable", "USD 160", "Norland with Clear Paths"):
        assert wanted in text
    assert text.index("AAA-nor-ngo-2026") < text.index("BBB-fund-ngo-2026") < text.index("BBB-ecu-2026")


def test_summary_without_portfolio_shows_the_conflicts() -> None:
    """Where no portfolio exists, the summary says why and shows no empty tables."""
    conflict = Conflict(reason="budget", subjects=("nor-money", "2026"), figures={"money": 160})
    parts = {"portfolio": None, "partnerships": (), "stages": (), "figures": (), "conflicts": (conflict,)}
    result = sample_result(status="infeasible", **parts)
    text, paper = summary_text(sample_scenario(), result), summary_markdown(sample_scenario(), result)
    for written in (text, paper):
        assert "nor-money has USD 160 of new money in 2026" in written
        assert RESULTS["verdicts"]["infeasible"] in written
        assert "Arland" not in written
    assert PAPER["checking"] not in paper
    assert f"ended because {PAPER['proven_infeasible']}" in paper
    assert RESULTS["stops"]["gap"] not in paper


def test_sheet_has_the_four_parts() -> None:
    """A draft sheet names all four parts, each with its lines, and says what is missing."""
    text = sheets_text(sample_scenario(), sample_result(), frozenset({"BBB-ecu-2026"}))
    for part in SHEETS["parts"].values():
        assert part in text
    assert SHEETS["missing"]["targets"] in text
    assert SHEETS["missing"]["multi_year_commitment"] in text
    assert SHEETS["missing"]["dialogue"] not in text
    assert "by the end of 2026: 5 month of Advice (B2)" in text
    assert "in kind, no money" in text
    assert "AAA" not in text


def test_years_without_flow_are_named() -> None:
    """Wherever the years of a partnership stand, so do those between them in which nothing flows."""
    scenario, result = sample_scenario(), sample_result()
    broken = "2026-2029 (not in 2028)"
    assert broken in sheets_text(scenario, result, frozenset({"AAA-nor-ngo-2026"}))
    assert broken in summary_text(scenario, result)
    assert broken in partnerships_markdown(scenario, result)
    assert "2026-2029 (sauf en 2028)" in summary_markdown(scenario, result, "fr")
    assert "not in" not in sheets_text(scenario, result, frozenset({"AAA-gov-gov-2026"}))


def test_sheet_joins_years_of_the_same_calendar() -> None:
    """Meetings in the same months of several years are one line."""
    text = sheets_text(sample_scenario(), sample_result(), frozenset({"AAA-nor-ngo-2026"}))
    assert "2026-2029: country coalition meeting in Mar, Sep of each year" in text
    assert "beneficiaries: women 7, men 7, girls 5, boys 3" in text


def test_paper_for_a_meeting() -> None:
    """The paper has a section for each thing a meeting asks, and says where the draft sheets are."""
    result = sample_result()
    paper = summary_markdown(sample_scenario(), result)
    headings = [line for line in paper.splitlines() if line.startswith("## ")]
    assert headings == [
        "## Scenario",
        "## Objectives",
        "## States",
        "## Kinds of partnership",
        "## Unmet needs",
        "## Partnerships (5)",
        "## What the plan rests on, and what it leaves",
        "## How like a real programme it is",
        "## Basis of the figures",
        "## Verification",
    ]
    assert PAPER["drafts_beside"] in paper
    assert SHEETS["parts"]["dialogue"] not in paper
    assert "required precision: 0.01 %; ended because the required precision was reached" in paper
    assert PAPER["opening"] in paper
    assert "| Belmark | Clearance (B1) | 180 m2 | 90.0 % |" in paper


BLEND = {"blend": [{"objective": "cost"}, {"objective": "at_risk"}, {"objective": "swings", "weight": 0.5}]}


def test_blends_are_named_in_full() -> None:
    """In the terminal's table a long name is cut and stands below it in full; what is sought is said once."""
    scenario = sample_scenario(objectives={"order": [{"objective": "completions"}, BLEND]})
    pursued = stage(objective="cost + at_risk + 0.5 swings", sense="min", value="250", exact="250", bound="250", gap=0)
    closing = stage(objective="coverage", closing=True)
    figures = [
        Figure(objective=name, exact=exact, value=exact)
        for name, exact in (("cost", "200"), ("at_risk", "30"), ("swings", "60"), ("coverage", "2"))
    ]
    result = sample_result(scenario, stages=(pursued, closing), figures=tuple(figures))
    full = "external money, with obligations + money and work at risk + 0.5 x yearly changes of funding (minimised)"
    text = summary_text(scenario, result)
    assert f"\n(1) {full}\n(2) needs met (weighted sum over States), once more\n" in text
    (row,) = (line for line in text.splitlines() if "… (1)" in line)
    assert row.split("(1)")[1].split() == ["USD", "260", "USD", "250", "USD", "250", "0", "%", "no"]
    assert f"| {full} | USD 260 |" in summary_markdown(scenario, result)
    assert "\n(1)" not in summary_text(sample_scenario(), sample_result())
    assert " + 0,5 x variations annuelles des fonds (à réduire)" in summary_markdown(scenario, result, "fr")


def lasting(**changes: Any) -> str:
    """Returns what a paper says of what a plan leaves and rests on."""
    scenario = sample_scenario(**changed(**changes.pop("scenario", {})))
    language = changes.pop("language", "en")
    return "\n".join(lasting_lines(scenario, sample_result(scenario, **changes), language))


def test_completions_in_time_and_late_are_never_added() -> None:
    """Two figures; of States with nothing to complete neither."""
    assert "States that complete by their deadline: 1; after it, within the horizon: 0." in summary_text(
        sample_scenario(), sample_result()
    )
    late = sample_scenario(**changed(states__AAA__deadline="2029-03-01"))
    text = summary_text(late, sample_result(late))
    assert "States that complete by their deadline: 0; after it, within the horizon: 1." in text
    assert "  2029-03-01  late, in 2029" in text
    assert "dans leur délai : 0 ; après, dans l\N{RIGHT SINGLE QUOTATION MARK}horizon : 1." in summary_markdown(
        late, sample_result(late), "fr"
    )
    assert "| Arland | 2029-03-01 |" in summary_markdown(late, sample_result(late))
    nothing = sample_scenario(needs={"B2": SCENARIO["needs"]["B2"]})
    empty = sample_result(nothing, portfolio=sample_portfolio(nothing, (), ()))
    assert "by their deadline" not in summary_text(nothing, empty)


def test_deadlines_are_told_as_they_are_written() -> None:
    """A date stays one in warnings and clocks, though only the years that end by then count."""
    early = sample_scenario(**changed(states__BBB__deadline="2026-06-30", states__AAA__deadline="2027-06-30"))
    said = [text(each) for each in overview_of(early).cautions]
    assert any("its deadline 2026-06-30 is before the horizon" in each for each in said)
    clock = Clock(
        state="AAA",
        deadline=2026,
        year=2029,
        within=Earliest(year=2026, least=2026),
        alone=Earliest(year=None, least=None),
    )
    assert "the deadline is 2027-06-30, and the last whole year before it is 2026" in "\n".join(
        clock_lines(early, clock)
    )


def test_each_completion_names_its_least_firm_offer() -> None:
    """Of those that the State completes by; of several as firm, the first."""
    done = {"offers__fund-match__firmness": 0.5, "offers__fund-loan__firmness": 0.1}
    assert "completion: Arland: fund-match of Mine Fund (50.0 %)." in lasting(scenario=done)
    assert "completion: Arland: fund-match of Mine Fund (100.0 %)." in lasting()
    assert "completion:" not in lasting(scenario={"needs__A1__quantity": 100})


def test_what_is_owed_beyond_the_horizon_is_named() -> None:
    """Years that an engagement is still to last, and the least money in them."""
    longer = {
        "offers__ngo-clears__min_years": 5,
        "offers__nor-grant__min_years": 6,
        "offers__nor-grant__min_per_state": 20,
    }
    said = lasting(scenario=longer)
    assert "ngo-clears in Arland, 1 year more; " in said
    assert "nor-grant in Arland, 2 years more, at least USD 40. " in said
    assert "Nothing is owed beyond the horizon" in lasting()


def test_how_few_agreements_and_where_that_is_proven() -> None:
    """Agreements and breaks of all States, and the States in which fewer may do."""
    proven = StateAgreements(state="AAA", agreements=4, breaks=1, proven=True)
    other = StateAgreements(state="BBB", agreements=2, breaks=0, proven=False)
    assert "works in a State: 6; breaks in them: 1. " in lasting(agreements=(proven, other))
    assert "cannot do with fewer, except in: Belmark." in lasting(agreements=(proven, other))
    assert "cannot do with fewer." in lasting(agreements=(proven,))
    assert "Agreements" not in lasting()


def test_states_set_aside_and_lots_are_named() -> None:
    """States that nothing on offer can reach, and those that only a lot tells apart, with its seed."""
    unreached = {"needs__C1": {"state": "CCC", "capability": "advice", "quantity": 3}}
    assert "can reach them: Cornia." in lasting(scenario=unreached | {"offers__ecu-advises__states": ["BBB"]})
    assert "can reach them" not in lasting()
    lots = (Lot(kind="states", members=("AAA", "BBB")), Lot(kind="providers", members=("ngo", "ecu")))
    said = lasting(scenario={"seed": 7}, lots=lots)
    assert "Equal but for their names: Arland; Belmark; who of them has which part was decided by lot (seed 7)." in said
    assert "Equal but for their names: Clear Paths; Neighbour; " in said
    assert "Égaux sauf par leurs noms : Arland ; Belmark" in lasting(lots=lots, language="fr")
    assert lasting(portfolio=None) == ""


def test_what_is_taken_over_from_an_earlier_plan() -> None:
    """What was delivered, who was at work, what is left and what is owed where the horizon has moved on by a year."""
    before = sample_scenario(**changed(**{"offers__nor-grant__carry_over": 0.5}))
    later = before.with_fields(horizon=Years(first=2027, last=2030))
    started = taken_over(later, before, sample_portfolio(before))
    said = taken_over_lines(later, started)
    assert said[0] == "taken over from the earlier plan, delivered before 2027: A1 50 m2; B1 20 m2; B2 5 month"
    assert "at work in the year before 2027: ecu-advises in BBB; fund-loan in BBB; fund-match in AAA; " in said[1]
    assert said[1].endswith("; gov-clears in AAA; 2 more")
    assert said[2].endswith("money left to 2027: nor-grant 2027 USD 470")  # half of 1000 - 60
    assert said[3].endswith("money owed from before 2027: union-grant 2027 USD 44")  # 40 and a tenth
    assert len(said) == len(taken_over_lines(later, started, "fr")) == 4
    assert taken_over_lines(later, later) == []


def test_what_both_files_say_is_told_as_it_is_taken_over() -> None:
    """Debts that add to those that a file states are told, and an ongoing link that the plan let go."""
    stated: Any = {"offers__union-grant__debts": {2027: 1000}, "offers__fund-match__ongoing": [{"state": "AAA"}]}
    before = sample_scenario(**changed(**stated))
    later = before.with_fields(horizon=Years(first=2028, last=2030))
    said = taken_over_lines(later, taken_over(later, before, sample_portfolio(before)))
    assert any("fund-match nowhere any more" in line for line in said)
    later = before.with_fields(horizon=Years(first=2027, last=2030))
    said = taken_over_lines(later, taken_over(later, before, sample_portfolio(before)))
    assert said[-1].endswith("money owed from before 2027: union-grant 2027 USD 1,044")


def test_paper_lists_the_ten_largest_partnerships() -> None:
    """Of many partnerships the paper lists the ten with most money, and says how many there are."""
    result = sample_result()
    first = result.partnerships[0]
    many = tuple(first.model_copy(update={"id": f"P{at:02}", "money": at}) for at in range(1, 13))
    paper = summary_markdown(sample_scenario(), sample_result(partnerships=many))
    assert "## Partnerships (the 10 largest of 12)" in paper
    assert [line[2:5] for line in paper.splitlines() if line.startswith("| P")] == [
        f"P{at:02}" for at in range(12, 2, -1)
    ]


def test_drafts_of_all_partnerships() -> None:
    """The draft sheets are a paper of their own, one for each partnership, under their States."""
    result = sample_result()
    drafts = partnerships_markdown(sample_scenario(), result)
    lines = drafts.splitlines()
    assert lines[0] == "# Two States and their partners: draft partnerships"
    assert [line for line in lines if line.startswith("## ")] == ["## Arland", "## Belmark"]
    assert [line[4:] for line in lines if line.startswith("### ")] == [each.id for each in result.partnerships]
    assert drafts.count(SHEETS["parts"]["responsibilities"]) == len(result.partnerships)
    empty = partnerships_markdown(sample_scenario(), sample_result(partnerships=()))
    assert PAPER["no_partnerships"] in empty


def test_targets_are_in_order_of_year() -> None:
    """The targets of a sheet go by year, then by need, whatever their order in the result."""
    target = next(each for each in sample_result().partnerships if each.id == "BBB-ecu-2026").targets[0]
    order = ((2027, "B1"), (2026, "B2"), (2026, "B1"))
    targets = tuple(target.model_copy(update={"by": by, "need": need}) for by, need in order)
    partnerships = [
        each.model_copy(update={"targets": targets}) for each in sample_result().partnerships if each.state == "BBB"
    ]
    text = sheets_text(sample_scenario(), sample_result(partnerships=tuple(partnerships)), frozenset({"BBB-ecu-2026"}))
    found = [line.split() for line in text.splitlines() if "by the end of" in line]
    assert [(line[5], line[-1]) for line in found] == [("2026:", "(B1)"), ("2026:", "(B2)"), ("2027:", "(B1)")]


def test_paper_names_assumptions_and_confidence() -> None:
    """The paper counts how far figures can be trusted and lists what was assumed, with the reason."""
    data = changed(states__AAA__provenance={"deadline": {"source": "a report", "confidence": "page"}})
    data["assumptions"] = {"one": {"text": "prices stay", "reason": "no better source"}}
    scenario = sample_scenario(**data)
    paper = summary_markdown(scenario, sample_result(scenario))
    assert "- figures seen in a published source: 1" in paper
    assert "- prices stay (no better source)" in paper


def test_paper_names_the_weights_asked_for() -> None:
    """Where weights are given in place of an order, the paper names each with its objective."""
    weights = [{"objective": "coverage", "weight": 2}, {"objective": "cost", "weight": 0.5}]
    scenario = sample_scenario(objectives={"weights": weights})
    paper = summary_markdown(scenario, sample_result(scenario))
    named = "needs met (weighted sum over States) x 2, external money, with obligations (minimised) x 0.5"
    assert f"objectives with weights: {named}" in paper


def test_paper_of_an_empty_portfolio() -> None:
    """A portfolio without flows is said to be empty, and all needs stay open."""
    scenario = sample_scenario()
    result = sample_result(portfolio=sample_portfolio(scenario, (), ()), partnerships=())
    paper = summary_markdown(scenario, result)
    assert PAPER["no_partnerships"] in paper
    assert "100.0 %" in paper


def test_paper_with_all_needs_met() -> None:
    """Where nothing stays open the paper says so."""
    data = changed()
    data["needs"] = {"A1": data["needs"]["A1"]}
    scenario = sample_scenario(**data)
    flows: tuple[Row, ...] = tuple(flow for flow in FLOWS if flow[2] == "A1")
    result = sample_result(scenario, portfolio=sample_portfolio(scenario, flows), partnerships=())
    assert PAPER["all_met"] in summary_markdown(scenario, result)


def test_overview_counts() -> None:
    """A scenario at a glance: counts, money over the horizon, options by kind, cheapest cost."""
    document = overview_document(overview_of(sample_scenario()))
    assert document["counts"] == {
        "states": 3,
        "needs": 3,
        "providers": 6,
        "offers": 8,
        "capabilities": 2,
        "assumptions": 0,
    }
    # four external offers and one own of 1,000 in each of four years; A1 at 1 and B1 at 2 per m2, B2 in kind
    assert document["money"] == {"external": 16000, "own": 4000, "needs_at_cheapest": 490}
    options = document["options"]
    assert isinstance(options, dict)
    assert (options["south-south"], options["national"]) == (1, 1)
    assert sum(options.values()) == len(find_options(sample_scenario()).options)


@pytest.mark.parametrize("language", languages())
def test_overview_cuts_no_words(language: str) -> None:
    """Labels of a scenario at a glance fit into its tables in each language."""
    told = overview_text(overview_of(sample_scenario()), language)
    assert table_of(language)["overview"]["cheapest"] in told
    assert shortened("x" * 99)[-1] not in told


def test_sample_has_only_the_cautions_it_should() -> None:
    """The sample is odd only in that its figures have no provenance, so that each caution below stands alone."""
    assert set(found_cautions()) == {"provenance_missing"}


def test_caution_offer_that_can_be_used_nowhere() -> None:
    """An offer that no option uses is named with the reasons of its nearest miss."""
    offers = {**deepcopy(SCENARIO["offers"])}
    offers["nor-grant"]["channels"] = ["company"]
    (caution,) = found_cautions(offers=offers)["offer_unused"]
    assert caution.subject == "nor-grant"
    assert "may pay company, not" in text(caution)


def test_caution_technical_offer_that_nobody_pays() -> None:
    """Priced work that no money reaches is named, with what it lacks."""
    offers = {**deepcopy(SCENARIO["offers"])}
    offers["ecu-advises"] |= {"price": 5, "states": ["AAA"]}
    found = found_cautions(offers=offers)
    assert found["offer_unused"][0].subject == "ecu-advises"
    assert "ecu-advises is for AAA, not for BBB" in text(found["offer_unused"][0])
    assert found["need_unserved"][0].subject == "B2"


def test_caution_work_that_nobody_seeks() -> None:
    """An offer of work of which there is no need at all is named."""
    data = changed()
    del data["needs"]["B2"]
    codes = {each.code: each for each in cautions_of(find_options(sample_scenario(**data)))}
    assert codes["offer_alone"].subject == "ecu-advises"


def test_caution_need_that_nobody_serves() -> None:
    """A need of a capability that nobody offers is named."""
    data = changed()
    del data["offers"]["ecu-advises"]
    (caution,) = [each for each in cautions_of(find_options(sample_scenario(**data))) if each.code == "need_alone"]
    assert caution.subject == "B2"


def test_caution_offer_with_nothing_to_give() -> None:
    """An offer without money in any year of the horizon is named, and nothing else is said of it."""
    offers = {**deepcopy(SCENARIO["offers"])}
    offers["nor-grant"]["amount"] = {2020: 500}
    found = found_cautions(offers=offers)
    assert [each.subject for each in found["offer_empty"]] == ["nor-grant"]
    assert "offer_unused" not in found


def test_caution_windows_outside_the_horizon() -> None:
    """Needs and offers whose years lie outside the horizon are named once."""
    offers = {**deepcopy(SCENARIO["offers"])}
    offers["nor-grant"]["years"] = [2020, 2025]
    found = found_cautions(offers=offers, needs__B2__years=[2031, 2032])
    assert [each.subject for each in found["window_outside"]] == ["B2", "nor-grant"]
    assert "2020-2025 lie outside the horizon 2026-2029" in text(found["window_outside"][1])
    assert "need_unserved" not in found


def test_caution_state_that_cannot_complete() -> None:
    """A State whose providers cannot deliver by the deadline is named with what they could deliver."""
    (caution,) = found_cautions(needs__B1__max_per_year=90)["state_short"]
    assert (
        text(caution) == "State BBB cannot complete by 2027: at most 180 of 200 m2 of need B1 can be delivered by then"
    )
    assert "state_short" not in found_cautions(needs__B1__max_per_year=100)


def test_caution_deadline_before_the_horizon() -> None:
    """A State whose deadline is over before the horizon begins is named."""
    assert found_cautions(states__BBB__deadline=2025)["state_late"][0].subject == "BBB"


def test_caution_of_a_state_in_which_all_is_delivered() -> None:
    """Nothing is left to complete before the horizon, so no deadline is too early."""
    needs = {key: {**each, "delivered": each["quantity"]} for key, each in SCENARIO["needs"].items()}
    assert "state_late" not in found_cautions(states__BBB__deadline=2025, needs=needs)


def test_caution_of_a_share_that_does_not_bind() -> None:
    """A limit that fewer could keep than there would have to be is told, with both numbers; one that binds is not."""
    (caution,) = found_cautions(states__AAA__max_share=0.1)["share_unbound"]
    assert text(caution).startswith("State AAA: its max_share of 0.1 does not bind; that takes 10 external providers")
    assert "share_unbound" not in found_cautions(states__AAA__max_share=1)
    assert "share_unbound" not in found_cautions(states__AAA__max_share=0)


def test_caution_work_in_kind_without_a_value() -> None:
    """Free work without a reference price is named only where an objective values work."""
    capabilities = {**deepcopy(SCENARIO["capabilities"])}
    del capabilities["advice"]["reference_price"]
    fit = {"order": [{"objective": "fit"}]}
    assert found_cautions(capabilities=capabilities, objectives=fit)["no_reference_price"][0].subject == "advice"
    assert "no_reference_price" not in found_cautions(capabilities=capabilities)
    assert "no_reference_price" not in found_cautions(objectives=fit)


def test_caution_decisions_that_no_option_can_honour() -> None:
    """Commitments and pins without an option are named; those with one are not."""
    decisions = {
        "commitments": [
            {"financier": "nor-grant", "implementer": "ngo-clears", "need": "A1", "year": 2026, "quantity": 10},
            {"financier": "nor-grant", "implementer": "ecu-advises", "need": "B2", "year": 2026, "quantity": 1},
        ],
        "pins": [{"offer": "gov-budget", "state": "BBB"}, {"offer": "gov-budget", "state": "AAA"}],
    }
    found = found_cautions(decisions=decisions)
    assert [each.subject for each in found["commitment_impossible"]] == ["decisions.commitments.1"]
    assert [each.subject for each in found["pin_impossible"]] == ["decisions.pins.0"]
    assert found["pin_impossible"] == [PinImpossible("decisions.pins.0", "gov-budget", "BBB")]
    assert text(found["pin_impossible"][0]).startswith("pin decisions.pins.0 of gov-budget in BBB has no option")


def test_caution_missing_provenance_is_counted() -> None:
    """How many entities say nothing about their sources is counted by collection."""
    found = {each.subject: text(each) for each in found_cautions()["provenance_missing"]}
    assert found["offers"] == "8 of 8 offers have no provenance"


@pytest.mark.parametrize(
    ("language", "count", "total", "said"),
    [
        ("en", 1, 1, "1 State has no provenance"),
        ("en", 1, 5, "1 of 5 States has no provenance"),
        ("en", 2, 5, "2 of 5 States have no provenance"),
        ("fr", 1, 1, "1 État sans indication de la provenance des chiffres"),
        ("fr", 2, 5, "États : 2 sur 5 sans indication de la provenance des chiffres"),
    ],
)
def test_one_without_provenance_is_said_in_the_singular(language: str, count: int, total: int, said: str) -> None:
    """One of one is one; States Parties are written with a capital."""
    assert CautionSpeaker(language).text(ProvenanceMissing("states", count, total)) == said


REASONS: dict[ReasonCode, tuple[str, str, str, str]] = {
    "no_kind": (
        "donor_state, operator",
        "",
        "no kind of partnership joins donor_state and operator",
        "aucune sorte de partenariat ne convient ici : État donateur et opérateur",
    ),
    "channel_closed": (
        "company",
        "un_agency, own_programme",
        "x may pay un_agency, own_programme, not company",
        "x peut payer : organisme des Nations Unies, programme national ; pas : entreprise",
    ),
    "ownership_below_floor": (
        "0.250",
        "0.5",
        "x asks for national ownership of 0.5, the State has 0.250",
        "x demande une appropriation nationale de 0,5, l'État a 0,250",
    ),
}
"""Reasons whose data are put into words: what was found and wanted, then both in English and in French."""


@pytest.mark.parametrize("code", REASONS)
def test_reasons_are_said_in_each_language(code: ReasonCode) -> None:
    """Kinds of provider and numbers are data of a reason, and each language has its own words for them."""
    found, wanted, english, french = REASONS[code]
    caution = NeedUnserved("n", (Reason(code, "x", found, wanted),))
    assert text(caution) == f"need n has no option; nearest miss: {english}"
    said = CautionSpeaker("fr").text(caution).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    assert said == f"le besoin n n'a aucune option ; au plus près : {french}"


def test_a_published_range_is_told_from_a_capability_of_the_same_name() -> None:
    """What a comparison is of means what its kind says: an id of the scenario may be the code of a range."""
    amount = Amount(7, Unit("price", "EUR", 100, "m2"))
    slip = Slip("offers.x.price", (amount,) * 4, Intent("thousands", Fraction(1, 1000)), "prices", amount, 1, "grant")
    assert CautionSpeaker("en").details(UnitSlip("offers.x.price", slip)) == {
        "path": "offers.x.price",
        "otherwise": "",
        "found": "7 EUR/100 per m2, 7 EUR/100 per m2, 7 EUR/100 per m2, ...",
        "compared": "1 other prices of grant (7 EUR/100 per m2 in the middle)",
        "factor": "1,000",
        "direction": "less",
        "remedy": "as much",
        "intent": "given in thousands of ",
    }
    published = CautionSpeaker("fr").details(UnitSlip("x", replace(slip, kind="published", compared=None)))
    assert published["compared"].startswith("des chiffres publiés : de 7\N{NARROW NO-BREAK SPACE}291 à")
    assert published["found"].startswith("7 EUR/100 par m2, ")


@pytest.mark.parametrize("seed", range(40))
def test_like_needs_are_seen_as_if_each_stood_alone(seed: int) -> None:
    """What is said of a scenario before it is solved does not depend on its like needs being seen as one."""
    scenario = Scenario.from_data(draw_tasks(Seeded(seed)))
    options, merged = find_options(scenario), merge(scenario)
    assert cautions_of(find_options(merged.scenario), merged) == cautions_of(options)
    seen = overview_of(scenario)
    assert seen.options == {
        kind: sum(each.kind == kind for each in options.options) for kind in ENGLISH["partnership_kinds"]
    }
    prices = {need: min((each.granule_price for each in found), default=0) for need, found in options.of_need.items()}
    granules = {need.id: need.quantity // scenario.capability(need.capability).granule for need in scenario.needs}
    assert seen.cheapest == sum(prices[need] * granules[need] for need in prices)


def test_the_nearest_miss_is_sought_among_a_limited_number_of_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a large scenario, not every pair is asked why it is no option."""
    asked: list[object] = []
    why_not = OptionSet.why_not
    monkeypatch.setattr(cautions, "MOST_PAIRS", 3)
    monkeypatch.setattr(OptionSet, "why_not", lambda self, *pair: asked.append(pair) or why_not(self, *pair))
    offers = {**deepcopy(SCENARIO["offers"])}
    offers["nor-grant"]["channels"] = ["company"]
    offers |= {f"ngo-{at}": offers["ngo-clears"] for at in range(5)}
    (caution,) = found_cautions(offers=offers)["offer_unused"]
    assert caution.subject == "nor-grant"
    assert len(asked) == 3


def test_a_language_writes_numbers_its_own_way() -> None:
    """French groups digits by thin spaces and puts the currency last; lines keep such spaces together."""
    francs = Currency(code="USD", decimals=2)
    french = numerals_of("fr")
    thin, wide = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"
    assert amounts.money(-123456789, francs, french) == f"-1{thin}234{thin}567,89{wide}USD"
    assert amounts.quantity(1234, "m2", french) == f"1{thin}234 m2"
    assert amounts.share(Fraction(1, 8), numerals=french) == "12,5 %"
    assert amounts.objective("coverage", "2469/2", francs, french) == f"1{thin}234,5"
    assert clean(f" a  b\x1b 1{thin}234{wide}USD ") == f"a b 1{thin}234{wide}USD"
