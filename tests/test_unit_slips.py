"""Figures in the wrong unit: told with what was probably meant, never changed, and no honest figure accused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from benchmarks.instances import generate, generate_data
from matcher.cli.app import run
from matcher.io import load
from matcher.io.writing import canonical_json, scenario_document
from matcher.reporting.languages import table_of
from matcher.reporting.screened import CautionSpeaker, overview_document
from matcher.scenario import Scenario
from matcher.screening.caution import Caution
from matcher.screening.cautions import unit_slips
from matcher.screening.overview import overview_of
from matcher.screening.unit_slips import Slip, find_slips
from matcher.screening.unit_slips.units import money_intents, price_intents, work_intents
from unit_slips import Drawn, draw_slip, geneva_document, honest_document

FOLDER = Path(__file__).resolve().parents[1] / "scenarios"
FILES = [path for path in sorted(FOLDER.rglob("*.yaml")) if not path.name.endswith(".expected.yaml")]
SPEAKER = CautionSpeaker("en")
SEEDS = range(301, 341)
"""Seeds of the forty slips. The rules were made on seeds 1 to 140 and 201 to 240, and mended twice after looking
at what was missed of 1001 to 1400 and 2001 to 2400; of 3001 to 3400, not looked at before, 394 of 400 are told."""


def changed(**figures: Any) -> Scenario:
    """Returns geneva-2015 with figures changed: keys are paths with ``__`` for points."""
    document = deepcopy(geneva_document())
    for path, value in figures.items():
        *keys, last = path.replace("_dash_", "-").split("__")
        holder: Any = document
        for key in keys:
            holder = holder[key]
        holder[last] = value
    return Scenario.from_data(document)


def only(scenario: Scenario) -> Caution:
    """Returns the one slip that is told of a scenario."""
    (caution,) = unit_slips(scenario)
    return caution


@pytest.fixture(scope="module")
def drawn() -> list[tuple[Drawn, tuple[Slip, ...]]]:
    """Forty seeded slips, each with what is told of its scenario."""
    return [(each, find_slips(each.scenario)) for each in map(draw_slip, SEEDS)]


def test_at_least_38_of_40_slips_are_told(drawn: list[tuple[Drawn, tuple[Slip, ...]]]) -> None:
    """A slip counts as told if its very figure is named with the very factor by which it is off."""
    missed = [each.path for each, told in drawn if (each.path, each.off) not in {(t.path, t.intent.off) for t in told}]
    assert len(missed) <= 2, missed


def test_little_else_is_told_beside_a_slip(drawn: list[tuple[Drawn, tuple[Slip, ...]]]) -> None:
    """One slip does not bring other figures under suspicion."""
    others = [slip.path for each, told in drawn for slip in told if slip.path != each.path]
    assert len(others) <= 2, others


def test_slips_drawn_are_of_many_fields_and_of_all_three_themes(drawn: list[tuple[Drawn, tuple[Slip, ...]]]) -> None:
    """The forty are no forty of one kind."""
    fields = {each.field for each, _ in drawn}
    assert {field.partition(":")[0] for field in fields} == {"money", "area", "time"}
    assert len(fields) >= 12
    assert {max(each.off, 1 / each.off) for each, _ in drawn} == {12, 1000, 10_000, 1_000_000}


@pytest.mark.parametrize("seed", [301, 302, 303])
def test_nothing_is_changed(seed: int) -> None:
    """What is saved and solved after a warning is the scenario as it was written."""
    slip = draw_slip(seed)
    fresh, seen = Scenario.from_data(slip.slipped), slip.scenario
    before = canonical_json(scenario_document(seen))
    assert list(unit_slips(seen))
    overview_of(seen)
    assert canonical_json(scenario_document(seen)) == before
    assert seen.digest == fresh.digest
    assert seen == fresh


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_figure_of_our_scenarios_is_accused(path: Path) -> None:
    """Real and tiny scenarios raise no warning, though the tiny ones have figures that nothing real has."""
    assert find_slips(load(path)) == ()


@pytest.mark.parametrize("size", ["tiny", "small", "real"])
def test_no_figure_of_generated_instances_is_accused(size: str) -> None:
    """Twenty instances of each size raise no warning."""
    assert [find_slips(generate(size, seed)) for seed in range(1, 21)] == [()] * 20


def test_no_figure_given_by_years_or_decided_is_accused() -> None:
    """Nor do the scenarios into which the slips are made, before they are made."""
    assert [find_slips(Scenario.from_data(honest_document(seed))) for seed in SEEDS[:15]] == [()] * 15


def test_warning_names_figure_comparison_factor_and_intent() -> None:
    """A warning says all that an analyst needs to look the figure up."""
    caution = only(changed(offers__USA_dash_grants__amount={**usa(), 2016: 75_443}))
    assert SPEAKER.text(caution) == (
        "offers.USA-grants.amount.2016: 75,443 USD is far less than expected, compared with its own other years"
        " (68,195,000 USD in the middle); 1,000 times as much would agree: given in thousands of USD?"
    )


def usa() -> dict[int, int]:
    """Returns the money of the United States by year."""
    found = load(FOLDER / "geneva-2015.yaml").offer("USA-grants")
    return dict(found.amount.plain())  # type: ignore[union-attr, arg-type]


CASES = {
    "millions": ({"offers__EU_dash_programmes__amount": 42}, "given in millions of USD"),
    "price of a hectare": ({"offers__MECHEM_dash_clearance_dash_mid__price": 18_000}, "given as the price in hectares"),
    "price of a year": ({"offers__GICHD_dash_capacity__price": 205_440}, "given as the price of a year"),
    "years for months": ({"needs__YEM_dash_capacity__quantity": 20}, "given in years, not months"),
    "km2": ({"offers__KHM_dash_own_dash_clearance__capacity": 24}, "given in km2"),
    "hectares": ({"offers__HALO_dash_clearance_dash_mid__min_per_state": 5}, "given in hectares"),
    "thousands": ({"states__KHM__absorption": 45_400}, "given in thousands of USD"),
    "per month": ({"needs__KHM_dash_capacity__max_per_year": 5}, "given per month, or in years rather than months"),
    "a month's training": ({"needs__AGO_dash_training__max_per_year": 3}, "given per month"),
    "twice": ({"needs__NER_dash_survey__quantity": 2_000_000_000}, "converted once too often"),
}


@pytest.mark.parametrize("name", CASES)
def test_each_likely_intent_is_told(name: str) -> None:
    """Each unit that an analyst may have written a figure in is asked after in its own words."""
    figures, intent = CASES[name]
    caution = only(changed(**figures))
    (path,) = figures
    assert caution.subject == path.replace("_dash_", "-").replace("__", ".")
    assert f"would agree: {intent}?" in SPEAKER.text(caution)


def test_reference_price_is_told_rather_than_all_the_prices_that_disagree_with_it() -> None:
    """Where every price disagrees with one figure, that figure is the odd one."""
    caution = only(changed(capabilities__training__reference_price=6.7))
    assert caution.subject == "capabilities.training.reference_price"


def test_money_and_least_money_in_thousands_are_told_as_one_offer() -> None:
    """An offer whose figures are all in thousands agrees with itself, and is told once."""
    scenario = changed(offers__EU_dash_programmes__amount=42_362, offers__EU_dash_programmes__min_per_state=1000)
    assert [caution.subject for caution in unit_slips(scenario)] == ["offers.EU-programmes"]


def test_one_immense_need_does_not_put_all_money_under_suspicion() -> None:
    """What all needs cost is added up without the largest, which may itself be the slip."""
    document = generate_data("tiny", 1)
    document["needs"]["S0003-clearance"]["quantity"] *= 10_000
    assert [slip.path for slip in find_slips(Scenario.from_data(document))] == ["needs.S0003-clearance.quantity"]


def test_years_that_rise_are_not_accused_and_one_out_of_line_is() -> None:
    """A year is compared with the years beside it: a slow start is no slip, a month among years is one."""
    rising = {2015: 2_000_000, 2016: 4_000_000, 2017: 9_000_000, 2018: 20_000_000, 2019: 21_000_000}
    assert find_slips(changed(states__YEM__absorption=rising)) == ()
    assert only(changed(states__YEM__absorption={**rising, 2018: 1_666_667})).subject == "states.YEM.absorption.2018"


def whole_file() -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yields scenarios in which all figures of a kind are in another unit, with what is told of them."""
    for base in (geneva_document(), generate_data("small", 5)):
        document = deepcopy(base)
        for offer in document["offers"].values():
            for field in ("amount", "min_per_state"):
                if offer["kind"] == "funding" and field in offer:
                    offer[field] = thousandth(offer[field])
        yield "offers.*.amount", document, "given in thousands of USD"
        document = deepcopy(base)
        for offer in document["offers"].values():
            if offer.get("price") and document["capabilities"][offer["capability"]]["unit"] == "m2":
                offer["price"] = round(float(offer["price"]) / 1000, 4) or 0.0001
        yield "offers.*.price of clearance", document, "given in thousands of USD"


def thousandth(value: Any) -> Any:
    """Returns an amount in thousands, by year where it is."""
    if isinstance(value, dict):
        return {year: max(1, amount // 1000) for year, amount in value.items()}
    return max(1, value // 1000)


def test_a_whole_file_in_thousands_is_told_once_for_each_kind() -> None:
    """Where all figures of a kind are in thousands, it is their kind that is named and not each of them."""
    for path, document, intent in whole_file():
        told = {SPEAKER.subject(caution): SPEAKER.text(caution) for caution in unit_slips(Scenario.from_data(document))}
        assert told[path].endswith(f"{intent}?")
        assert len(told) <= 4, told


def test_areas_in_hectares_throughout_are_told() -> None:
    """Needs and capacities all in hectares are compared with the areas that States have reported."""
    document = deepcopy(geneva_document())
    document["capabilities"]["clearance"]["granule"] = 1
    for entity in (*document["needs"].values(), *document["offers"].values()):
        if entity.get("capability") == "clearance":
            for field in ("quantity", "capacity", "min_per_state"):
                if field in entity:
                    entity[field] = -(-entity[field] // 10_000)
            if "price" in entity:
                entity["price"] = round(entity["price"]) or 1
    told = {SPEAKER.subject(caution): SPEAKER.text(caution) for caution in unit_slips(Scenario.from_data(document))}
    assert told["needs.*.quantity of clearance"].endswith("given in hectares?")


def test_slips_are_part_of_the_overview() -> None:
    """The document of a check holds path, figure, comparison, factor and intent of each slip."""
    scenario = changed(states__KHM__absorption=45_400)
    (found,) = [each for each in overview_document(overview_of(scenario))["warnings"] if each["code"] == "unit_slip"]  # type: ignore[attr-defined]
    assert found["path"] == found["subject"] == "states.KHM.absorption"
    assert (found["found"], found["factor"], found["direction"]) == ("45,400 USD", "1,000", "less")
    assert found["intent"] == "given in thousands of USD"
    assert found["compared"] == "what 32 other States can absorb (15,000,000 USD in the middle)"


def test_check_and_solve_warn(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    """Both commands say it on stderr, and a solve keeps it in its log; the scenario saved is as written."""
    monkeypatch.chdir(tmp_path)
    document = json.loads(canonical_json(scenario_document(load(FOLDER / "tiny" / "multi-year-minimum.yaml"))))
    document["offers"]["NOR-money"]["min_per_state"] = 2_000_000
    Path("slip.json").write_text(json.dumps(document), encoding="utf-8")
    assert run(["check", "slip.json"]) == 0
    warning = "Or it is offers.NOR-money.min_per_state that is off."
    assert warning in capsys.readouterr().err
    run(["solve", "slip.json", "-o", "run"])
    assert warning in capsys.readouterr().err
    assert warning in Path("run/log.txt").read_text(encoding="utf-8")
    saved = json.loads(Path("run/scenario.resolved.json").read_text(encoding="utf-8"))
    assert saved["offers"]["NOR-money"]["min_per_state"] == 2_000_000


def test_check_and_solve_warn_in_the_language_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    """Warnings and the sum of a check are French if asked for; in the document of a check, only the sentences are."""
    monkeypatch.chdir(tmp_path)
    document = json.loads(canonical_json(scenario_document(load(FOLDER / "tiny" / "multi-year-minimum.yaml"))))
    document["offers"]["NOR-money"]["min_per_state"] = 2_000_000
    Path("slip.json").write_text(json.dumps(document), encoding="utf-8")
    warning = "avertissement : offers.NOR-money.amount : "
    assert run(["check", "slip.json", "--language", "fr"]) == 0
    said = capsys.readouterr()
    assert warning in said.err
    assert "warning" not in said.err
    assert "fonds propres des États sur l\N{RIGHT SINGLE QUOTATION MARK}horizon" in said.out
    run(["solve", "slip.json", "-o", "run", "--language", "fr"])
    assert warning in capsys.readouterr().err
    assert warning in Path("run/log.txt").read_text(encoding="utf-8")
    found = []
    for language in ("en", "fr"):
        assert run(["check", "slip.json", "--json", "--language", language]) == 0
        found.append(json.loads(capsys.readouterr().out))
    texts = [[each.pop("text") for each in one["warnings"]] for one in found]
    assert found[0] == found[1]
    assert all(english != french for english, french in zip(*texts, strict=True))


@pytest.mark.parametrize("command", ["check", "solve"])
def test_unknown_languages_are_refused_first(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the scenario is read, with the languages that there are."""
    assert run([command, "none.yaml", "--language", "frr"]) == 2
    assert "did you mean 'fr'?" in capsys.readouterr().err


@pytest.mark.parametrize("unit", ["m2", "hectare", "km2", "expert-month", "training place"])
def test_intents_have_words_and_one_factor_each(unit: str) -> None:
    """No two intents of a figure are off by the same factor, and each has its words."""
    for intents in (
        work_intents(unit, yearly=True),
        price_intents(unit, "USD", 2),
        money_intents("USD", 2, yearly=True),
    ):
        assert len({each.off for each in intents}) == len(intents)
        assert {each.code for each in intents} <= table_of("en")["screening"]["intents"].keys()


def test_hectares_declared_and_square_metres_given() -> None:
    """A unit of area other than m2 has slips of its own."""
    found = {each.off: (each.code, each.unit) for each in work_intents("hectare", yearly=False)}
    assert found[Fraction(10_000)] == ("other_unit", "m2")
    assert found[Fraction(1, 100)] == ("other_unit", "km2")
