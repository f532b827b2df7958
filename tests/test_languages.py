"""Sentences by language: all of them used, none left in another language, and papers that verify in each."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import pytest

import matcher
from matcher.cli import run
from matcher.cli.exits import Exit
from matcher.explanation.explanation import PARTS
from matcher.io import canonical_json
from matcher.portfolio.result import Result, SolveOptions, Stage, Status, StopReason
from matcher.reporting.languages import languages, objective_names, sought_names, table_of
from matcher.reporting.languages.elision import Sentence
from matcher.reporting.layout import WIDEST
from matcher.reporting.markdown import partnerships_markdown, summary_markdown
from matcher.reporting.sheets import sheet, sheet_lines
from matcher.reporting.terminal import sheets_text, summary_text
from matcher.reporting.verdict import verdict_of
from matcher.reporting.verified import PORTFOLIO, verified_lines
from matcher.runs.files import RunFolder
from matcher.scenario import Scenario
from matcher.scenario.objectives import OBJECTIVES
from matcher.verification import BundleReport, Finding
from matcher.verification.report import RULES, Report, violation
from sample_result import sample_result, sample_scenario

TREE = Path(__file__).parents[1]
TINY = TREE / "scenarios" / "tiny"
ENGLISH = re.compile(
    r"\b(the|of|by|with|and|is|are|was|for|from|no|yes|not|none|each|State|needs?|money|years?|partners|missing|unknown)\b"
)
"""Words of which a report in another language has none where the scenario's own words have none."""


def keys(table: dict[Any, Any], *before: Any) -> Iterator[tuple[Any, ...]]:
    """Yields the path of every sentence of a table."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from keys(value, *before, key)
        else:
            yield (*before, key)


def constants() -> set[object]:
    """Returns all texts and numbers that the source names outside of docstrings, texts also split at dots."""
    found: set[object] = set()
    for path in (TREE / "matcher").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and id(node) not in said and isinstance(node.value, str):
                found |= {node.value, *node.value.split(".")}
    return found


def test_every_sentence_is_used() -> None:
    """Each key of a table is named in the source, or is a code that data hold: no sentence is left over."""
    named = constants() | set(range(len(RULES))) | set(range(1, 13))
    fields = {"thousands", "decimal", "money", "unknown", "language", "elided"}  # by keyword, and a table's own name
    unused = [path for path in keys(table_of("en")) if not set(path) <= named | fields]
    assert unused == []


def test_no_sentence_needs_to_know_a_name_or_a_number() -> None:
    """In French a State may be "en", "au" or "aux", and one of a thing has no plural: no sentence is wrong for some.

    Most names of States and of their governments also want an article, as in "la capacité de la Suède".
    """
    french = str(table_of("fr"))
    named = r"\{(?:states?|subjects?|name|provider|financier|partners?)\}"
    assert re.findall(rf"\b(?:en|au|aux|à|de|du|que|pour|par|vers|chez|sur) {named}", french) == []
    verbs = r"(?:est|sont|peut|ne|n’|doit|paie|travaille|renonce|soit|a|capable|commence|aide)\b"  # noqa: RUF001
    assert re.findall(rf"(?<!État )(?<!offre )(?<!besoin )(?<!travail )(?<!engagement ){named} {verbs}", french) == []
    for language, plural in (
        ("en", "others were|more States"),
        ("fr", "autres (?!contrôles)"),
    ):  # those have a singular
        assert re.findall(rf"\{{(?:asked|count)\}} (?:{plural})", str(table_of(language))) == []


@pytest.mark.parametrize(
    ("template", "value", "said"),
    [
        ("offre de {subject} : 5", "Angola", "offre d\u2019Angola : 5"),
        ("offre de {subject}", "États-Unis", "offre d\u2019États-Unis"),
        ("offre de {subject}", "Œuvre", "offre d\u2019Œuvre"),
        ("De {subject}", "Oman", "D\u2019Oman"),
        ("ce que {subject} dit", "Iraq", "ce qu\u2019Iraq dit"),
        ("milliers de {unit}", "EUR", "milliers d\u2019EUR"),
        ("milliers de {unit}", "hectares", "milliers d\u2019hectares"),
        ("offre de {subject}", "Ypres", "offre d\u2019Ypres"),
        ("offre de {subject}", "Yémen", "offre de Yémen"),
        ("offre de {subject}", "Honduras", "offre de Honduras"),
        ("offre de {subject}", "Suède", "offre de Suède"),
        ("moins de {amount}", 8, "moins de 8"),
        ("moins de {amount}", "", "moins de "),
        ("chaque {unit}", "an", "chaque an"),
        ("mode {unit}", "an", "mode an"),
        ("à {unit}", "an", "à an"),
    ],
)
def test_french_words_are_elided_before_a_vowel_of_a_name(template: str, value: object, said: str) -> None:
    """Also where a name or unit of the scenario is filled in, and after the sentence went through ``str``."""
    sentence = Sentence(template, ["de", "que"])
    (field,) = re.findall(r"\{(\w+)\}", template)
    assert sentence.format(**{field: value}) == str(sentence).format(**{field: value}) == said


def test_every_french_sentence_elides_and_no_english_one() -> None:
    """At any depth of a table."""
    said = [table_of("fr"), table_of("en")]
    unit = [each["screening"]["intents"]["thousands"].format(unit="EUR") for each in said]
    assert unit == ["donné en milliers d\u2019EUR", "given in thousands of EUR"]
    for table, elides in zip(said, (True, False), strict=True):
        for path in keys(table):
            sentence: Any = table
            for key in path:
                sentence = sentence[key]
            if isinstance(sentence, str):
                assert isinstance(sentence, Sentence) is elides


def test_a_name_with_a_vowel_is_elided_in_what_is_told() -> None:
    """A kind of work that opens with a vowel, told as a change that a new operator would bring."""
    changes = table_of("fr")["changes"]
    said = changes["more_work"].format(amount="5", unit="m2", field="enquête")
    assert "5 m2 de plus d\u2019enquête, " in said


def test_a_sentence_that_nobody_uses_is_found() -> None:
    """Its key stands nowhere in the source."""
    assert not set(next(keys({"results": {"left" + "over": "x"}}))) <= constants()


def test_every_objective_has_one_name_a_language() -> None:
    """No section has names of its own; what is to be as little as possible is said to be; tables cut none."""
    assert [path for path in keys(table_of("en")) if "completions" in path] == [("objectives", "names", "completions")]
    for language in languages():
        for discount in (Decimal(1), Decimal("0.9")):
            names, sought = objective_names(language, discount), sought_names(language, discount)
            assert set(names) == {*OBJECTIVES, "weighted"}
            assert {key for key in names if names[key] != sought[key]} == {
                key for key, each in OBJECTIVES.items() if not each.maximise
            }
            assert len(set(names.values())) == len(names)
            assert [name for name in sought.values() if len(name) > WIDEST] == []
        plain, discounted = objective_names(language, Decimal(1)), objective_names(language, Decimal("0.9"))
        assert {key for key in plain if plain[key] != discounted[key]} == {"coverage"}


def without_english() -> Scenario:
    """Returns the sample scenario with no English words of its own."""
    scenario = sample_scenario(title="Deux États et leurs partenaires")
    providers = [
        each.model_copy(update={"name": "Arland" if each.id == "gov" else each.name}) for each in scenario.providers
    ]
    return scenario.model_copy(update={"providers": tuple(providers)})


def reports(scenario: Scenario, result: Result, language: str) -> str:
    """Returns all that a solve says and writes in a language."""
    ids = frozenset(each.id for each in result.partnerships)
    return "\n".join(
        (
            summary_markdown(scenario, result, language),
            partnerships_markdown(scenario, result, language),
            summary_text(scenario, result, language),
            sheets_text(scenario, result, ids, language),
        )
    )


OPEN = Stage(objective="cost", sense="min", value="2.500000", exact="5/2", bound="1.000000", gap=0.1234, solved=False)
ENDINGS = [
    {"status": status, "stopped_by": stop, "stages": stages}
    for status in ("optimal", "feasible")
    for stop in get_args(StopReason)
    for stages in ((), (OPEN,), (OPEN.model_copy(update={"bound": None, "gap": None}), OPEN))
]
ENDINGS += [
    {"status": status, "portfolio": None, "partnerships": (), "figures": (), "stages": ()}
    for status in ("infeasible", "no_portfolio")
]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda each: f"{each['status']}-{each.get('stopped_by', 'none')}")
def test_papers_in_french_hold_no_english(ending: dict[str, Any]) -> None:
    """Whatever became of the solve, and with it no number as the English write it."""
    scenario = without_english()
    text = reports(scenario, sample_result(**ending), "fr")
    text = text.replace("[partnerships.md](partnerships.md)", "").replace("a solver 1.0", "")
    assert sorted({found.group() for found in ENGLISH.finditer(text)}) == []
    assert "{" not in text
    assert re.findall(r"\d[.,]\d{3}\b|USD \d|\d\.\d+ %", text) == []


def test_the_pattern_finds_english() -> None:
    """All of it is found in the English papers."""
    found = set(ENGLISH.findall(reports(without_english(), sample_result(), "en")))
    assert len(found) > 15


def test_statuses_are_covered() -> None:
    """The endings above are all that there are."""
    assert {each["status"] for each in ENDINGS} == set(get_args(Status))


def test_numbers_in_a_french_paper() -> None:
    """Gaps, amounts and counts are written as the French write them; what is not known is said in French."""
    result = sample_result(
        status="feasible", stopped_by="work", stages=(OPEN,), options=SolveOptions(gap=Decimal("0.005"))
    )
    text = summary_markdown(sample_scenario(), result, "fr")
    assert "précision demandée : 0,5 % ; fin du calcul : la limite de calcul a été atteinte" in text
    assert "Plus grand écart restant : 12,34 % (fonds extérieurs et obligations)." in text
    assert "| Belmark | Clearance (B1) | 180 m2 | 90,0 % |" in text
    unbound = sample_result(stages=(OPEN.model_copy(update={"bound": None, "gap": None}),))
    assert "| non connu | non connu | non |" in summary_markdown(sample_scenario(), unbound, "fr")
    assert verdict_of(unbound, sample_scenario(), "fr").startswith("Il est démontré")


def test_a_sheet_in_french() -> None:
    """The four parts of a partnership, its months, people and amounts; a format that a scenario names stays its own."""
    scenario = sample_scenario()
    named = {each.id: each for each in sample_result().partnerships}
    lines = "\n".join(sheet_lines(sheet(scenario, named["AAA-nor-ngo-2026"], "fr"), "fr"))
    for part in table_of("fr")["sheets"]["parts"].values():
        assert f"  {part}" in lines
    assert "opérateur, 2026-2029 (sauf en 2028), 140\N{NO-BREAK SPACE}USD" in lines
    assert "2026-2029 : réunion de la coalition pour le pays, chaque année en mars, septembre" in lines
    assert "ici à la fin de 2029 : Clearance (A1), 70 m2 ; bénéficiaires : femmes 7, hommes 7, " in lines
    own = sample_scenario(dialogue={"meetings_per_year": 1, "format": "Table ronde"})
    meeting = named["AAA-nor-ngo-2026"].dialogue[0].model_copy(update={"format": "Table ronde"})
    one = named["AAA-nor-ngo-2026"].model_copy(update={"dialogue": (meeting,)})
    assert "2026 : Table ronde en mars" in "\n".join(sheet_lines(sheet(own, one, "fr"), "fr"))


# What the checker found.

FINE = Finding(True, "this")
BAD = Finding(False, "says 1, expected 2", where="result.json: status")
WORD = Finding(True, "that", word=True)
WRONG = violation(1, ("a-grant", "AAA"), 2026, Fraction(5, 2), "spent: 5, at most 3")
SOUND, BROKEN = Report((), {"cost": Fraction(1500)}, {}), Report((WRONG,), {}, {})
FIGURES = ["figures, recomputed:", "  cost: 1500.000000 (1500)"]


@pytest.mark.parametrize(
    ("found", "english"),
    [
        (BundleReport((), SOUND), ["verified: no rule is violated", *FIGURES]),
        (BundleReport((FINE,), SOUND), ["verified: no rule is violated, 1 check holds", *FIGURES]),
        (
            BundleReport((FINE, FINE, WORD), SOUND),
            ["verified: no rule is violated, 2 checks hold", "on a solver's word alone:", "  that", *FIGURES],
        ),
        (BundleReport((FINE, FINE), None), ["verified: there is no portfolio, 2 checks hold"]),
        (
            BundleReport((FINE, WORD), None),
            [
                "not proven: 1 check holds, but that no portfolio exists is a solver's word alone",
                "on a solver's word alone:",
                "  that",
            ],
        ),
        (
            BundleReport((BAD,), SOUND),
            ["not verified: 1 check failed", "  FAILED result.json: status: says 1, expected 2", *FIGURES],
        ),
        (
            BundleReport((BAD, Finding(False, "x", where=PORTFOLIO)), BROKEN),
            [
                "not verified: 1 violation, and 1 other check failed",
                "  rule 1 (budget): a-grant, AAA in 2026, by 5/2: spent: 5, at most 3",
                "  FAILED result.json: status: says 1, expected 2",
                "figures, recomputed:",
            ],
        ),
    ],
)
def test_what_the_checker_found_is_said(found: BundleReport, english: list[str]) -> None:
    """Word for word in English; in French as many lines, none of them the same but for the checker's own words."""
    assert verified_lines(found) == english
    french = verified_lines(found, "fr")
    assert len(french) == len(english)
    assert [line for line in french if line in english and line != "  that"] == []


def test_rules_have_names_in_every_language() -> None:
    """The checker's own in English."""
    assert table_of("en")["verified"]["rules"] == RULES
    assert all(set(table_of(language)["verified"]["rules"]) == set(RULES) for language in languages())


# The commands.


def solved(folder: Path, *options: str, scenario: str = "completion-race") -> Path:
    """Solves a tiny scenario into a folder."""
    code = run(["solve", str(TINY / f"{scenario}.yaml"), "-o", str(folder), "--quiet", *options])
    assert code in (Exit.DONE, Exit.INFEASIBLE)
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same scenario solved in each language."""
    folder = tmp_path_factory.mktemp("runs")
    for language in languages():
        solved(folder / language, "--language", language)
    return folder


@pytest.fixture
def french(runs: Path, tmp_path: Path) -> Path:
    """A copy of the run in French, to spoil."""
    return Path(shutil.copytree(runs / "fr", tmp_path / "run"))


def fit(folder: Path) -> None:
    """Makes the manifest list whatever the folder holds."""
    data = {each.name: each.read_bytes() for each in folder.iterdir() if each.name != "manifest.json"}
    files = {name: {"bytes": len(each), "sha256": hashlib.sha256(each).hexdigest()} for name, each in data.items()}
    (folder / "manifest.json").write_text(canonical_json({"manifest": 1, "files": files}), encoding="utf-8")


def failed(folder: Path) -> list[str]:
    """Returns what `matcher verify` finds wrong with a run, by place."""
    return [each.where for each in matcher.verify_run(folder).findings if not each.ok]


def test_the_language_of_a_run_is_that_of_its_papers_alone(runs: Path) -> None:
    """Result, scenario and table are the same bytes; both papers differ, and each run verifies."""
    names = sorted(each.name for each in (runs / "fr").iterdir())
    differing = {name for name in names if (runs / "fr" / name).read_bytes() != (runs / "en" / name).read_bytes()}
    papers = {"summary.md", "partnerships.md"}
    assert papers <= differing <= papers | {"log.txt", "timings.json", "manifest.json"}
    assert "la décision revient aux États" in (runs / "fr" / "summary.md").read_text(encoding="utf-8")
    for language in languages():
        assert failed(runs / language) == []


def test_the_same_question_has_the_same_papers(runs: Path, tmp_path: Path) -> None:
    """Byte for byte, in French too."""
    again = solved(tmp_path / "again", "--language", "fr")
    for name in ("summary.md", "partnerships.md", "result.json"):
        assert (again / name).read_bytes() == (runs / "fr" / name).read_bytes()


@pytest.mark.parametrize("name", ["summary.md", "partnerships.md"])
@pytest.mark.parametrize("line", [0, 2, -1])
def test_a_falsified_paper_in_french_is_found(french: Path, name: str, line: int) -> None:
    """The line that is not as it should be is named, and the one expected is French."""
    lines = (french / name).read_text(encoding="utf-8").split("\n")[:-1]
    expected, lines[line] = lines[line], "Tout va bien."
    (french / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    fit(french)
    off = [each for each in matcher.verify_run(french).findings if not each.ok]
    assert [each.where for each in off] == [f"{name}: line {lines.index('Tout va bien.') + 1}"]
    assert repr(expected)[:60] in off[0].text


def test_papers_of_a_run_are_in_one_language(french: Path, runs: Path) -> None:
    """No run is written with one paper in English and one in French."""
    shutil.copy(runs / "en" / "partnerships.md", french)
    fit(french)
    assert [where.partition(":")[0] for where in failed(french)] in (["partnerships.md"], ["summary.md"])


def test_a_paper_that_is_no_text_is_found(french: Path) -> None:
    """What it holds is compared byte by byte."""
    (french / "summary.md").write_bytes(b"\xff" + (french / "summary.md").read_bytes())
    fit(french)
    assert failed(french) == ["summary.md: line 1"]


@pytest.mark.parametrize(
    ("arguments", "english", "french"),
    [
        (("show", "{run}"), "Kinds of partnership", "Types de partenariat"),
        (("show", "{run}", "--partnership", "{id}"), "Responsibilities", "Responsabilités"),
        (
            ("show", "{run}", "--partnership", "{id}", "--state", "{other}"),
            "no partnership in this result",
            "aucun partenariat dans ce résultat",
        ),
        (
            ("verify", "{run}"),
            "verified: no rule is violated",
            "vérifié : aucune règle n\N{RIGHT SINGLE QUOTATION MARK}est enfreinte",
        ),
        (("verify", "{scenario}", "{result}"), "figures, recomputed:", "chiffres, recalculés :"),
    ],
)
def test_commands_speak_the_language_asked_for(
    runs: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], english: str, french: str
) -> None:
    """Whatever the language of the run that is read."""
    folder = runs / "en"
    partnerships = json.loads((folder / "result.json").read_bytes())["partnerships"]
    states = json.loads((folder / "scenario.resolved.json").read_bytes())["states"]
    known = {
        "run": str(folder),
        "id": partnerships[0]["id"],
        "other": next(key for key in sorted(states) if key != partnerships[0]["state"]),
        "scenario": str(folder / "scenario.resolved.json"),
        "result": str(folder / "result.json"),
    }
    asked = [each.format(**known) for each in arguments]
    for language, said, other in (("en", english, french), ("fr", french, english)):
        assert run([*asked, "--language", language]) == Exit.DONE
        out = capsys.readouterr().out
        assert said in out
        assert other not in out
    assert run([*asked, "--language", "frr"]) == Exit.INVALID
    assert "did you mean 'fr'?" in capsys.readouterr().err


def test_progress_of_an_explanation_is_in_its_language(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every part that may be looked for is named."""
    for language, said in (("en", "years of completion"), ("fr", "années d")):
        assert set(table_of(language)["looked_for"]) == {*PARTS, "alternatives"}
        assert run(["explain", str(runs / "en"), "--only", "clock", "--language", language]) == Exit.DONE
        assert said in capsys.readouterr().err


def test_a_new_scenario_is_announced_in_the_language_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown language is refused before anything is written."""
    assert run(["new", str(tmp_path / "a.yaml"), "--language", "frr"]) == Exit.INVALID
    assert list(tmp_path.iterdir()) == []
    capsys.readouterr()
    assert run(["new", str(tmp_path / "a.yaml"), "--language", "fr"]) == Exit.DONE
    written = tmp_path / "a.yaml"
    assert capsys.readouterr().err == f"{written} écrit ; ensuite : matcher check {written}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "{run}"),
        ("compare", "{run}", "{run}"),
        ("explain", "{run}", "--only", "clock"),
        ("solve", "{scenario}", "--from", "{run}", "-o", "{free}", "--quiet"),
        ("round", "{free}", "--from", "{run}", "--quiet"),
    ],
)
def test_a_run_without_manifest_is_warned_of_in_the_language_asked_for(
    french: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """By whatever command reads it."""
    (french / "manifest.json").unlink()
    known = {"run": french, "scenario": french / "scenario.resolved.json", "free": tmp_path / "free"}
    capsys.readouterr()
    assert run([*(each.format(**known) for each in arguments), "--language", "fr"]) == Exit.DONE
    assert f"avertissement : {french / 'result.json'} : pas de manifeste" in capsys.readouterr().err


def test_what_a_run_does_not_repeat_is_said_in_the_language_asked_for(
    french: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A finding beyond the checker's, by the command and in its document."""
    with (french / "summary.md").open("a", encoding="utf-8") as paper:
        paper.write("de plus\n")
    fit(french)
    capsys.readouterr()
    for language, said in (("en", "says 'de plus', expected"), ("fr", "indique 'de plus', attendu")):
        assert run(["verify", str(french), "--language", language]) == Exit.FAILED
        assert said in capsys.readouterr().out
        assert run(["verify", str(french), "--language", language, "--json"]) == Exit.FAILED
        assert said in capsys.readouterr().out


def test_a_bundle_in_french(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its papers are French, and all of it is verified; the checker alone says it in English."""
    bundle = solved(tmp_path / "bundle", "--language", "fr", "--bundle", scenario="triangular")
    assert "enregistré dans" in (log := (bundle / "log.txt").read_text(encoding="utf-8"))
    assert "nouveau calcul des prix" in log
    capsys.readouterr()
    assert run(["verify", str(bundle), "--language", "fr"]) == Exit.DONE
    assert capsys.readouterr().out.startswith("vérifié : aucune règle n\N{RIGHT SINGLE QUOTATION MARK}est enfreinte, ")
    assert run(["verify", str(bundle)]) == Exit.DONE
    assert capsys.readouterr().out.startswith("ok     ")


def test_rounds_have_papers_in_their_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All papers of a round are French, and it verifies."""
    session, scenario = str(tmp_path / "talks"), str(TINY / "triangular.yaml")
    assert run(["round", session, "--scenario", scenario, "--language", "fr"]) == Exit.DONE
    talk = capsys.readouterr().err
    assert "\nplanifié\n" in talk
    assert "\ntour 1 enregistré dans " in talk
    assert "best" not in talk
    folder = tmp_path / "talks" / "0001"
    for name in ("round.md", "summary.md", "partnerships.md"):
        assert (
            "portefeuille" in (text := (folder / name).read_text(encoding="utf-8"))
            or "projet" in text
            or "plan" in text
        )
        assert not re.search(r"\b(the|which|nothing)\b", text.replace("Norway's money may only pay an operator", ""))
    assert failed(folder) == []


def test_two_languages_have_two_folders() -> None:
    """By default one does not replace the other; the English one is where it always was."""
    scenario = sample_scenario()
    english, again, french = (
        RunFolder.of(scenario, SolveOptions(), None, None, language).path for language in ("en", "en", "fr")
    )
    assert english == again == RunFolder.of(scenario, SolveOptions(), None).path
    assert french != english
    assert RunFolder.of(scenario, SolveOptions(), Path("there"), None, "fr").path == Path("there")
