"""Files and runs of the first edition: brought to the second, or read as they are."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from matcher.cli import run
from matcher.cli.exits import Exit
from matcher.io import load, loads
from matcher.verification.bundle import verify_result
from matcher.verification.documents import read_document
from matcher.verification.first_edition import NOTE

DATA = Path(__file__).parent / "data"
SHIPPED = sorted((DATA / "first-edition").glob("*.yaml"))
RUN = DATA / "first-edition-run"
OLD = """\
# What was agreed in June.
'matcher': 1  # not matcher: 3
name: old  # give_up: in a comment
horizon: [2015, 2018]
currency: {code: USD}
capabilities:
  clearance: {name: Clearance, unit: hectare}
states:
  give_up: {name: "matcher: 1", deadline: 2017}
needs:
  field: {state: give_up, capability: clearance, quantity: 9}
providers:
  JPN: {name: Japan, kind: donor_state}
  MAG: {name: Mines Advisory Group, kind: operator}
offers:
  money: {kind: funding, provider: JPN, amount: 100, min_years: 3}
  teams: {kind: technical, provider: MAG, capability: clearance, capacity: 9, price: 1}
decisions:
  pins: [{offer: money, state: give_up, years: [2015, 2016]}]
  commitments:
    - {financier: money, implementer: teams, need: field, year: 2016, quantity: 1}
    - {financier: money, implementer: teams, need: field, year: 2016, quantity: 2}
objectives:
  order:
    - {objective: coverage, give_up: 0.01}
    - objective: cost
      "give_up": 0.02
overrides:
  other:
    objectives: {order: [{objective: completions, give_up: 0.1}, {objective: cost}]}
"""
NEW_LINES = {
    2: "'matcher': 2  # not matcher: 3",
    25: "    - {objective: coverage, tolerance: 0.01}",
    27: '      "tolerance": 0.02',
    30: "    objectives: {order: [{objective: completions, tolerance: 0.1}, {objective: cost}]}",
}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file of the first edition with all that the second says or means otherwise."""
    path = tmp_path / "old.yaml"
    path.write_text(OLD, encoding="utf-8")
    return path


def test_only_what_has_another_name_changes(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every line stays but those with the version or a renamed key; comments, names and ids of that name stay."""
    assert run(["migrate", str(old)]) == Exit.DONE
    said = capsys.readouterr()
    lines = OLD.split("\n")
    for number, line in NEW_LINES.items():
        lines[number - 1] = line
    assert said.out.split("\n") == lines
    assert loads(said.out) == load(old)
    assert "line 2: the file now says version 2" in said.err
    assert "lines 25, 27, 30: 'give_up' is now called 'tolerance'" in said.err
    assert "(money)" in said.err  # owed beyond the horizon
    assert "(money give_up)" in said.err  # pinned
    assert "(teams field 2016)" in said.err  # twice
    assert "default order" not in said.err
    assert "now pursued once more" in said.err
    assert "least served" not in said.err


def test_what_the_least_served_state_means_now(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the discount, and of the States that something on offer can reach; said where it is sought."""
    text = OLD[: OLD.index("objectives:")]
    text = text.replace("capabilities:\n", "capabilities:\n  other: {name: Other, unit: piece}\n")
    far = "  far: {name: Far, deadline: 2017}\nneeds:\n  lost: {state: far, capability: other, quantity: 1}\n"
    old.write_text(text.replace("needs:\n", far) + "objectives: {discount: 0.9}\n", encoding="utf-8")
    assert run(["migrate", str(old)]) == Exit.DONE
    said = capsys.readouterr().err
    assert "counted without the discount" in said
    assert "no longer count as the least served (far)" in said
    assert "default order is another" in said
    assert "now pursued once more" not in said


def test_a_state_with_less_room_than_others_is_named(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where all that a State can absorb is less than others can have, its place among the least served changes."""
    text = OLD[: OLD.index("objectives:")]
    far = "  far: {name: Far, deadline: 2017, absorption: 1}\nneeds:\n"
    far += "  more: {state: far, capability: clearance, quantity: 9}\n"
    old.write_text(text.replace("needs:\n", far), encoding="utf-8")
    assert run(["migrate", str(old)]) == Exit.DONE
    assert "once they have all that is possible there (far)" in capsys.readouterr().err


def test_what_changed_is_said_in_french(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The reasons are in the language that was asked for; the file is the same."""
    run(["migrate", str(old)])
    english = capsys.readouterr()
    assert run(["migrate", str(old), "--language", "fr"]) == Exit.DONE
    french = capsys.readouterr()
    assert french.out == english.out
    assert "ligne 2 : le fichier indique maintenant la version 2" in french.err


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files_of_the_first_edition(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each becomes the same scenario in a file of version 2, in which nothing is left to change."""
    assert run(["migrate", str(path)]) == Exit.DONE
    new = capsys.readouterr().out
    assert new == path.read_text(encoding="utf-8").replace("matcher: 1\n", "matcher: 2\n")
    assert loads(new) == load(path)


def test_there_are_shipped_files() -> None:
    """All tiny scenarios that came with the first edition are here."""
    assert len(SHIPPED) == 18


def test_scenario_of_an_old_run(tmp_path: Path) -> None:
    """What a run of the first edition saved is brought over as any file of JSON."""
    new = tmp_path / "new.json"
    assert run(["migrate", str(RUN / "scenario.resolved.json"), "-o", str(new)]) == Exit.DONE
    text = (RUN / "scenario.resolved.json").read_text(encoding="utf-8")
    assert text.count("give_up") == 3
    wanted = json.loads(text.replace("give_up", "tolerance")) | {"matcher": 2}
    assert json.loads(new.read_text(encoding="utf-8")) == wanted


def test_old_runs_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run of the first edition is shown, though its scenario has another hash now; not with another scenario."""
    assert run(["show", str(RUN)]) == Exit.DONE
    assert "USD 8,000" in capsys.readouterr().out
    shutil.copytree(RUN, tmp_path / "run")
    changed = load(RUN / "scenario.resolved.json").model_dump(mode="json") | {"title": "Another"}
    other = tmp_path / "other.json"
    other.write_text(json.dumps(changed), encoding="utf-8")
    assert run(["show", str(tmp_path / "run"), "--scenario", str(other)]) == Exit.INVALID
    assert "answers another scenario" in capsys.readouterr().err


def test_a_file_of_the_second_edition_is_said_to_be_one(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written of it, as there is nothing to change."""
    new = tmp_path / "new.yaml"
    assert run(["migrate", str(old), "-o", str(new)]) == Exit.DONE
    capsys.readouterr()
    assert run(["migrate", str(new), "-o", str(tmp_path / "newer.yaml")]) == Exit.DONE
    said = capsys.readouterr()
    assert said.out == ""
    assert "is of version 2 already" in said.err
    assert not (tmp_path / "newer.yaml").exists()


def test_no_file_is_overwritten(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even the one that is brought over."""
    assert run(["migrate", str(old), "-o", str(old)]) == Exit.INVALID
    assert "is left as it is" in capsys.readouterr().err
    assert old.read_text(encoding="utf-8") == OLD


def test_a_place_that_cannot_be_written_is_told(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the reason of the system."""
    assert run(["migrate", str(old), "-o", str(old.parent / "none" / "new.yaml")]) == Exit.INVALID
    assert "cannot be written: No such file or directory" in capsys.readouterr().err


def test_faulty_files_are_refused(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With each fault at its line, and without output."""
    old.write_text(OLD.replace("quantity: 9}", "quantity: -9}"), encoding="utf-8")
    assert run(["migrate", str(old)]) == Exit.INVALID
    said = capsys.readouterr()
    assert said.out == ""
    assert "old.yaml:11:" in said.err


def test_what_can_be_checked_of_an_old_run_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Its rules, and the figures that both editions count alike; what else it claims is said to be unchecked."""
    assert run(["verify", str(RUN)]) == Exit.DONE
    said = capsys.readouterr().out
    assert said.startswith("verified: no rule is violated, 7 checks hold\n  a run of the first edition of the format;")
    assert "coverage: that nothing passes 0.833334 is the word of ortools" in said
    assert "  at_risk: 0.000000 (0)" in said
    assert run(["verify", str(RUN), "--json"]) == Exit.DONE
    (note,) = json.loads(capsys.readouterr().out)["notes"]
    assert "not checked: bounds, gaps, partnerships and papers" in note


def changed_run(tmp_path: Path, **changes: Any) -> Path:
    """Returns a folder with the old run, its result changed and its manifest brought in line."""
    folder = tmp_path / "run"
    shutil.copytree(RUN, folder)
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    for path, value in changes.items():
        *parents, last = (int(part) if part.isdigit() else part for part in path.split("__"))
        here = result
        for part in parents:
            here = here[part]
        here[last] = value
    data = (json.dumps(result, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
    (folder / "result.json").write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["result.json"] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"figures__1__exact": "1"}, "FAILED result.json: figures[1].exact: says 1, expected 5/6"),
        ({"scenario": "other"}, "FAILED result.json: scenario: says other, expected absorption-limit"),
        ({"portfolio__flows__0__money": 1}, "rule "),
        ({"portfolio__scenario_hash": "0" * 64}, "answers another scenario"),
        ({"scenario_hash": "0" * 64}, "FAILED result.json: scenario_hash: says 0000"),
        ({"repeatable": False}, "FAILED result.json: repeatable: says False"),
    ],
)
def test_an_old_run_that_is_false_is_refused(
    changes: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Forged figures, flows, names and hashes are found in runs of the first edition too."""
    assert run(["verify", str(changed_run(tmp_path, **changes))]) == Exit.FAILED
    found = capsys.readouterr().out
    assert found.startswith("not verified: ")
    assert said in found


def test_an_old_run_without_a_portfolio_or_a_bound(tmp_path: Path) -> None:
    """That there was no portfolio stays a word or nothing at all; a stage without a bound says no word of one."""
    scenario, result = (read_document(RUN / name) for name in ("scenario.resolved.json", "result.json"))
    none = {"portfolio": None, "stages": [], "figures": [], "partnerships": [], "status": "no_portfolio"}
    found = verify_result(scenario, {**result, **none, "stopped_by": "work"})
    assert found.ok
    assert found.report is None
    assert found.notes == (NOTE,)
    without = {**result["stages"][0], "bound": None}
    found = verify_result(scenario, {**result, "stages": [without, *result["stages"][1:]]})
    assert [each.text.split(":")[0] for each in found.findings if each.word] == ["engagements", "cost"]


def test_a_figure_that_counts_otherwise_now_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no fault of an old run that the second edition counts obligations, or has no such objective."""
    changes = {"figures__5__exact": "3", "figures__4__objective": "gone"}
    assert run(["verify", str(changed_run(tmp_path, **changes))]) == Exit.DONE
    said = capsys.readouterr().out
    assert "  engagements: 3 in the first edition, 4 as the second counts" in said
    assert "  gone: 20000 in the first edition, nothing as the second counts" in said
