"""Writing: canonical documents, files that are whole at every moment, run directories, tables."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import subprocess
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import InvalidOptions
from matcher.io import (
    MANIFEST,
    canonical_json,
    check_run_directory,
    default_run_directory,
    load,
    loads,
    portfolio_csv,
    recover,
    run_directory,
    scenario_document,
    write_atomically,
    write_new,
    write_run,
    writing,
)
from matcher.portfolio.portfolio import Flow, Portfolio
from matcher.portfolio.result import scenario_hash
from run_folders import is_complete

TWO_STATES = Path(__file__).parent / "data" / "two-states.yaml"
ROOT = Path(__file__).parent.parent


def names_in(folder: Path) -> list[str]:
    """Names in a folder, hidden ones too, sorted."""
    return sorted(path.name for path in folder.iterdir())


def test_canonical_json_is_the_same_for_the_same_meaning() -> None:
    """Order of keys and the way of writing a number leave no trace; years become text keys."""
    one = canonical_json({"b": Decimal("1.50"), "a": [1, None, True, "é"], 2015: {"y": 1, "x": Decimal("1e3")}})
    two = canonical_json({2015: {"x": 1000, "y": 1}, "a": (1, None, True, "é"), "b": 1.5})
    assert one == two
    assert one == (
        '{\n  "2015": {\n    "x": 1000,\n    "y": 1\n  },\n'
        '  "a": [\n    1,\n    null,\n    true,\n    "é"\n  ],\n  "b": 1.5\n}\n'
    )


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(document=DOCUMENTS)
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_canonical_json_is_what_the_standard_library_writes(document: object) -> None:
    """Byte for byte, though faster."""
    expected = json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    assert canonical_json(document) == expected


@pytest.mark.parametrize("number", ["0.1", "0.000000000001", "123456789012.345", "999999999999999", "1e15", "0"])
def test_decimals_survive_a_journey_through_canonical_json(number: str) -> None:
    """What is written reads back as the very same decimal."""
    assert json.loads(canonical_json([Decimal(number)]), parse_float=Decimal) == [Decimal(number)]


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (float("nan"), ValueError),
        (Decimal("inf"), ValueError),
        (Decimal("0.12345678901234567891"), ValueError),
        ({2015: 1, "2015": 2}, ValueError),
        ({True: 1}, TypeError),
        ({1.5: 1}, TypeError),
        ({"a": {1, 2}}, TypeError),
        (b"x", TypeError),
    ],
)
def test_what_json_cannot_say_is_refused(document: object, error: type[Exception]) -> None:
    """Nothing is rounded, dropped or guessed in writing."""
    with pytest.raises(error):
        canonical_json(document)


RICH = """
decisions:
  commitments: [{financier: money, implementer: teams, need: ao-clear, year: 2016, quantity: 1000}]
  pins: [{offer: money, state: AO, years: [2016, 2017]}]
  forbids: [{kind: operator, years: [2017, 2017]}, {offer: money, partner: teams}]
  caps: [{provider: donor, state: AO, share: 0.5, per: year}, {offer: money, state: AO, money: 5}]
objectives:
  weights: [{objective: coverage, weight: 0.000000000001}, {objective: cost, weight: 1e15}]
  discount: 0.95
dialogue: {meetings_per_year: 4, format: "country coalition: \\u0394"}
description: |
  Several lines,
  with "quotes" and a tab\there.
"""


@pytest.mark.parametrize("names", [[], ["less-money"], ["without-norway", "late-start"]])
@pytest.mark.parametrize("more", ["", RICH.replace("\t", " ")])
def test_a_scenario_written_reads_back_as_the_same(names: list[str], more: str) -> None:
    """The resolved scenario is the scenario, to the last digit, as JSON and as the YAML that JSON is."""
    scenario = loads(TWO_STATES.read_text(encoding="utf-8") + more, overrides=names)
    text = canonical_json(scenario_document(scenario))
    for again in (loads(text, format="json"), loads(text)):
        assert again == scenario
        assert scenario_hash(again) == scenario_hash(scenario)
        assert canonical_json(scenario_document(again)) == text


def test_a_run_is_named_after_its_scenario() -> None:
    """The default place of a run says what was run."""
    assert default_run_directory(load(TWO_STATES), "0123456789abcdef") == Path("runs/two-states-01234567")


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    """Text arrives byte by byte as it is, and nothing else is left in the folder."""
    path = tmp_path / "a.json"
    write_atomically(path, "old\n")
    write_atomically(path, "new é\r\n")
    assert path.read_bytes() == "new é\r\n".encode()
    assert names_in(tmp_path) == ["a.json"]


def test_a_file_that_cannot_be_written_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk costs nothing but the new text."""
    path = tmp_path / "a.json"
    write_atomically(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, "new")
    with pytest.raises(OSError, match="No space left"):
        write_run(tmp_path / "run", {"a": "new"})
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["a.json"]


@pytest.mark.parametrize("code", [None, errno.EPERM, errno.EMLINK])
def test_a_new_file_takes_the_place_of_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int | None) -> None:
    """It is there whole, or what stood there stays as it is; also where a file cannot have a second name."""

    def refuse(*_: object) -> None:
        raise OSError(code, "no links here")

    if code is not None:
        monkeypatch.setattr(os, "link", refuse)
    target = tmp_path / "new.txt"
    write_new(target, "first")
    with pytest.raises(FileExistsError, match=r"new\.txt"):
        write_new(target, "second")
    assert target.read_text(encoding="utf-8") == "first"
    assert names_in(tmp_path) == ["new.txt"]


def test_a_new_file_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the disk is no reason to try another way."""

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "link", fail)
    with pytest.raises(OSError, match=r"Input/output error: .*new\.txt"):
        write_new(tmp_path / "new.txt", "text")
    assert names_in(tmp_path) == []


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """Writing over a link does not change what it led to."""
    (tmp_path / "other").write_text("other")
    (tmp_path / "link").symlink_to("other")
    write_atomically(tmp_path / "link", "new")
    assert (tmp_path / "other").read_text() == "other"
    assert (tmp_path / "link").read_text() == "new"


def test_only_stale_temporaries_are_swept(tmp_path: Path) -> None:
    """Temporaries of dead processes and old ones go; those of the living, of other machines and all else stay."""
    host = writing._HOST
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    gone, alive = int(dead.stdout), os.getpid()
    stale = [f".a.json.{host}.{gone}.0123abcd.matcher-tmp", ".a.json.elsewhere.1.00000001.matcher-tmp"]
    kept = [
        f".a.json.{host}.{alive}.0123abcd.matcher-tmp",
        ".a.json.elsewhere.1.00000002.matcher-tmp",
        f".a.json.{host}.{gone}.0123abcd.tmp",
        f"a.json.{host}.{gone}.0123abcd.matcher-tmp",
        "notes.md",
    ]
    for name in stale + kept:
        (tmp_path / name).write_text("x")
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(tmp_path / stale[1], (two_days_ago, two_days_ago))
    (tmp_path / f".run.{host}.{gone}.0123abcd.matcher-tmp").mkdir()
    (tmp_path / f".run.{host}.{gone}.0123abcd.matcher-tmp" / "half").write_text("x")
    write_atomically(tmp_path / "a.json", "new")
    assert names_in(tmp_path) == sorted([*kept, "a.json"])


OLD = {"result.json": "old\n", "portfolio.csv": "old\n", "only-old.md": "old\n"}
NEW = {"result.json": "new\n", "portfolio.csv": "new\n", "only-new.md": "new\n"}


def held(directory: Path) -> dict[str, str]:
    """What a run directory holds, beside its manifest."""
    return {path.name: path.read_text() for path in directory.iterdir() if path.name != MANIFEST}


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_run_directory_is_made_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    """The new set takes the place of the old one, whether or not the system can exchange folders."""
    if not can_exchange:
        monkeypatch.setattr(run_directory, "exchange", lambda first, second: False)
    target = tmp_path / "runs" / "a-1"
    assert write_run(target, OLD) == target
    assert held(target) == OLD
    assert is_complete(target)
    write_run(str(target), NEW)
    assert held(target) == NEW
    assert is_complete(target)
    assert names_in(tmp_path / "runs") == ["a-1"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    """A folder made beforehand is no obstacle, even if a desktop has looked at it."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".DS_Store").touch()
    write_run(tmp_path / "run", NEW)
    assert held(tmp_path / "run") == NEW


def test_folders_of_others_are_refused_and_untouched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Foreign files, links, files and the current folder are refused with the way out."""
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.md").write_text("years of work")
    write_run(tmp_path / "run", OLD)
    (tmp_path / "run" / "notes.md").write_text("mine")
    (tmp_path / "link").symlink_to("elsewhere")
    (tmp_path / "file").write_text("x")
    for name, reason in (
        ("thesis", r"holds what no run wrote \(chapter.md\): name another folder"),
        ("run", r"holds what no run wrote \(notes.md\)"),
        ("link", "is a link: name the folder"),
        ("file", "is a file: name a folder"),
    ):
        with pytest.raises(InvalidOptions, match=reason):
            check_run_directory(tmp_path / name)
        with pytest.raises(InvalidOptions, match=reason):
            write_run(tmp_path / name, NEW)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidOptions, match="the current folder"):
        write_run(".", NEW)
    assert (tmp_path / "thesis" / "chapter.md").read_text() == "years of work"
    assert held(tmp_path / "run") == {**OLD, "notes.md": "mine"}
    assert names_in(tmp_path) == ["file", "link", "run", "thesis"]


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A folder that could not be made is refused with the reason; one that could leaves no trace of the question."""
    (tmp_path / "file").write_text("x")
    for name in ("file/run", "file/deep/run", "n" * 300):
        with pytest.raises(InvalidOptions, match=r"cannot be written \(.+\): name another folder"):
            check_run_directory(tmp_path / name)
    check_run_directory(tmp_path / "new" / "deep" / "run")
    assert names_in(tmp_path) == ["file"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a\\b", ".hidden", MANIFEST])
def test_files_of_a_run_are_plain_names(tmp_path: Path, name: str) -> None:
    """No file of a run can land outside its directory or take the manifest's place."""
    with pytest.raises(ValueError, match="plain, visible file name"):
        write_run(tmp_path / "run", {name: "x"})
    with pytest.raises(ValueError, match="at least one"):
        write_run(tmp_path / "run", {})
    assert names_in(tmp_path) == []


# Runs in a process of its own: replaces an old set (or file) by a new one in a child that kills itself before
# its n-th call that changes a file, for n = 1, 2, ... until the child comes through, and tells after
# each what stands at the target before and after recovery.
KILLER = """
import builtins, json, os, shutil, signal, sys
from pathlib import Path
from matcher.io import recover, run_directory, write_atomically, write_run, writing
from matcher.verification import file_findings

target, can_exchange, old, new = Path(sys.argv[1]), sys.argv[2] == "True", *map(json.loads, sys.argv[3:5])
CALLS = ("open", "fsync", "rename", "replace", "mkdir", "unlink", "rmdir", "write")

def fatal(call, countdown):
    def wrapped(*args, **kwargs):
        countdown[0] -= 1
        if countdown[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)
    return wrapped

def child(steps):
    countdown = [steps]
    for name in CALLS:
        setattr(os, name, fatal(getattr(os, name), countdown))
    for module in (run_directory, writing):
        module.write_through = fatal(module.write_through, countdown)
    whole = run_directory.exchange
    run_directory.exchange = fatal(whole if can_exchange else lambda first, second: False, countdown)
    write(target, new)

def write(target, content):
    (write_atomically if isinstance(content, str) else write_run)(target, content)

def standing():
    if not target.exists():
        return "nothing"
    if target.is_file():
        return {old: "old", new: "new"}.get(target.read_text(), "half")
    found = {path.name: path.read_text() for path in target.iterdir() if path.name != "manifest.json"}
    name = {json.dumps(old, sort_keys=True): "old", json.dumps(new, sort_keys=True): "new"}
    whole = all(each.ok for each in file_findings(target))
    return name.get(json.dumps(found, sort_keys=True), "half") if whole else "half"

for steps in range(1, 1000):
    if old:
        write(target, old)
    process = os.fork()
    if process == 0:
        child(steps)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    before = standing()
    recover(target)
    print(os.WTERMSIG(status), before, standing(), len(os.listdir(target.parent)))
    if status == 0:
        break
    if not old:
        shutil.rmtree(target, ignore_errors=True)
"""


def killed_everywhere(
    tmp_path: Path, old: object, can_exchange: bool, new: object = NEW, least: int = 10
) -> list[list[str]]:
    """Returns signal, standing before and after recovery, and number of names left, for each step."""
    arguments = [str(tmp_path / "run"), str(can_exchange), json.dumps(old), json.dumps(new)]
    done = subprocess.run(
        [sys.executable, "-c", KILLER, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    steps = [line.split() for line in done.stdout.splitlines()]
    assert steps[-1] == ["0", "new", "new", "1"]
    assert all(signal == "9" for signal, *_ in steps[:-1])
    assert len(steps) >= least
    return steps[:-1]


@pytest.mark.skipif(sys.platform != "linux", reason="exchanges folders by a call of Linux")
def test_a_run_killed_at_any_step_leaves_the_old_set_or_the_new(tmp_path: Path) -> None:
    """With exchange the target is whole at every moment, without recovery; nothing stays behind."""
    if not can_exchange_here(tmp_path):
        pytest.skip("this disk cannot exchange folders")
    steps = killed_everywhere(tmp_path, OLD, can_exchange=True)
    standing = Counter(before for _, before, _, _ in steps)
    assert set(standing) == {"old", "new"}
    assert all(before == after and left == "1" for _, before, after, left in steps)


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
def test_without_exchange_recovery_puts_the_old_set_back(tmp_path: Path) -> None:
    """Killed between its two renames, a run leaves no target until the next start, and never half a one."""
    steps = killed_everywhere(tmp_path, OLD, can_exchange=False)
    assert {before for _, before, _, _ in steps} == {"old", "nothing", "new"}
    assert {after for _, _, after, _ in steps} == {"old", "new"}
    assert all(after == "old" for _, before, after, _ in steps if before == "nothing")
    assert all(left == "1" for *_, left in steps)


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
def test_a_first_run_killed_at_any_step_leaves_nothing_or_all(tmp_path: Path) -> None:
    """A new run directory appears whole or not at all."""
    steps = killed_everywhere(tmp_path, {}, can_exchange=True)
    assert {(before, after, left) for _, before, after, left in steps} <= {
        ("nothing", "nothing", "0"),
        ("new", "new", "1"),
    }


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
def test_a_file_killed_at_any_step_holds_the_old_text_or_the_new(tmp_path: Path) -> None:
    """No half file, and no temporary after the next start."""
    steps = killed_everywhere(tmp_path, "old" * 100, can_exchange=False, new="new" * 100, least=5)
    assert {before for _, before, _, _ in steps} == {"old", "new"}
    assert all(before == after and left == "1" for _, before, after, left in steps)


def can_exchange_here(folder: Path) -> bool:
    """Whether this disk can exchange two folders."""
    (folder / "one").mkdir()
    (folder / "two").mkdir()
    can = run_directory.exchange(folder / "one", folder / "two")
    (folder / "one").rmdir()
    (folder / "two").rmdir()
    return can


def test_writing_starts_with_recovery_and_a_failure_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old set that was renamed aside is back even if the new one cannot be written or moved into place."""
    run = write_run(tmp_path / "run", OLD)
    run.rename(tmp_path / ".run.previous")
    with monkeypatch.context() as patch:
        patch.setattr(run_directory, "write_through", failing)
        with pytest.raises(OSError, match="full"):
            write_run(run, NEW)
    assert held(run) == OLD
    rename = Path.rename
    with monkeypatch.context() as patch:
        patch.setattr(run_directory, "exchange", lambda first, second: False)
        patch.setattr(Path, "rename", lambda path, to: failing() if path.suffix == ".matcher-tmp" else rename(path, to))
        with pytest.raises(OSError, match="full"):
            write_run(run, NEW)
    assert held(run) == OLD
    assert names_in(tmp_path) == ["run"]
    run.rename(tmp_path / ".run.previous")
    write_run(run, NEW)
    assert held(run) == NEW
    assert names_in(tmp_path) == ["run"]


def failing(*_: object) -> None:
    """Stands for a disk that is full."""
    raise OSError("full")


def test_recovery_touches_nothing_of_others(tmp_path: Path) -> None:
    """A folder that merely has the name of an old set is left alone."""
    (tmp_path / ".run.previous").mkdir()
    (tmp_path / ".run.previous" / "mine").write_text("x")
    recover(tmp_path / "run")
    assert names_in(tmp_path) == [".run.previous"]
    recover(tmp_path / "nowhere" / "run")


def flow(**fields: object) -> Flow:
    """A flow of the two States."""
    plain: dict[str, object] = {
        "financier": "money",
        "implementer": "teams",
        "need": "ao-clear",
        "year": 2016,
        "kind": "operator",
        "quantity": 2000,
        "money": 123456,
    }
    return Flow.model_validate({**plain, **fields})


def test_a_portfolio_is_a_table_that_spreadsheets_take_as_it_is() -> None:
    """One row per flow, money in currency units, nothing run as a formula, quotes as RFC 4180 says."""
    portfolio = Portfolio(
        scenario="two-states",
        scenario_hash="0" * 64,
        flows=(flow(), flow(financier=None, need="no-clear", money=5)),
    )
    text = portfolio_csv(load(TWO_STATES), portfolio)
    first, second = text.splitlines()[1:]
    assert first == (
        'AO,"\'=Angola, by the sea",ao-clear,Clearance,clearance,m2,operator,'
        "money,donor,teams,operator,2016,2000,1234.56,USD"
    )
    assert second == (
        'NO,Norway,no-clear,"Clearance of the ""north""",clearance,m2,operator,,,teams,operator,2016,2000,0.05,USD'
    )
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0])[:4] == ["state", "state_name", "need", "need_name"]
    assert [row["financier_provider"] for row in rows] == ["donor", ""]
    assert text.endswith("\n")
    assert "\r" not in text


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@a", "\t=1", "\n=1", "  =1", "\uff1d1"])
def test_no_text_becomes_a_formula(start: str) -> None:
    """Every start that some spreadsheet runs is disarmed, and only those."""
    document = json.loads(canonical_json(scenario_document(load(TWO_STATES))))
    document["states"]["AO"]["name"] = start
    renamed = loads(canonical_json(document))
    portfolio = Portfolio(scenario="two-states", scenario_hash="0" * 64, flows=(flow(),))
    (row,) = csv.DictReader(io.StringIO(portfolio_csv(renamed, portfolio)))
    assert row["state_name"] == f"'{start}"
