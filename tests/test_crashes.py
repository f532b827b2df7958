"""Whatever kills a write or makes it fail, at whatever call: what stands is whole, and no result is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sample_result import SCENARIO
from tracing import FLUSHES, READS, REMOVALS, RENAMES, WRITES

TESTS = Path(__file__).parent
MEMORY = Path("/dev/shm")
"""A disk in memory: what is written survives the death of the process there as on any other, only faster."""

posix = pytest.mark.skipif(os.name != "posix", reason="kills by signal")

BEFORE = {
    "new": "nothing",
    "deep": "nothing",
    "over": "old",
    "without exchange": "old",
    "save": "old",
    "file": "old",
    "new file": "nothing",
}
"""The ways of writing, each with what stands before: see `crashes.Write`."""


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """Gives a folder on a quick disk, if there is one that can be written."""
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK)):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="matcher-tests-", dir=MEMORY))
    yield folder
    shutil.rmtree(folder)


def environment(**more: str) -> dict[str, str]:
    """Returns an environment in which this tree's package is run, and no library starts threads."""
    path = os.pathsep.join((str(TESTS), str(TESTS.parent)))
    return {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", **more}


def refusal() -> str:
    """Returns why calls cannot be traced here; asked in a process of its own, as this one may have threads."""
    code = "import tracing; print(tracing.refusal())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=600, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


linux_calls = pytest.mark.skipif(bool(why := refusal()), reason=why)


def records(folder: Path, *arguments: str, timeout: int = 1800) -> list[dict[str, Any]]:
    """Returns what became of each child that was killed or hindered."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(TESTS / "crashes.py"), str(folder), *arguments],
        env=environment(TMPDIR=str(folder / "temporary")),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@linux_calls
def test_everything_is_on_the_disk_before_it_is_in_place(quick: Path) -> None:
    """Each file is flushed after it is written, the new folder before it is moved, and the names after that."""
    files = ["write", "fsync"] * 4
    removal = ["unlinkat"] * 4 + ["rmdir"]
    orders = {
        "new": ["mkdir", *files, "fsync", "rename", "fsync"],
        "deep": ["mkdir", "fsync", "mkdir", *files, "fsync", "rename", "fsync"],
        "over": ["mkdir", *files, "fsync", "renameat2", "fsync", *removal],
        "file": ["write", "fsync", "rename", "fsync", "unlink"],
        "new file": ["write", "fsync", "link", "fsync", "unlink"],
    }
    for kind, order in orders.items():
        (found,) = records(quick, "calls", kind)
        assert found["calls"] == order, kind


@linux_calls
def test_a_question_that_is_killed_leaves_nothing_for_long(quick: Path) -> None:
    """What was made to learn whether a run can be written is swept by the next who asks."""
    found = records(quick, "questions")
    assert all(each["killed"] and each["after"] == 0 for each in found)
    assert any(each["left"] for each in found)


@linux_calls
@pytest.mark.parametrize("kind", BEFORE)
def test_killed_at_any_call_of_a_write(quick: Path, kind: str) -> None:
    """Before, in and after every call: all of one set stands, and the next write succeeds and leaves nothing behind."""
    found = records(quick, "kills", kind)
    assert all(each["killed"] for each in found)
    assert not [each for each in found if each["again"]]
    steps = ["old", "first", "new"] if kind == "save" else [BEFORE[kind], "new"]
    recovered = [each["recovered"] for each in found]
    assert set(recovered) == set(steps), "and never half a set, or a mixture"
    assert sorted(recovered, key=steps.index) == recovered, "what is in place stays so"
    aside = [each for each in found if each["standing"] != each["recovered"]]
    if kind == "without exchange":
        assert {(each["standing"], each["recovered"]) for each in aside} == {("nothing", "old")}
    else:
        assert aside == []
    befallen = {each["call"] for each in found}
    assert befallen & WRITES
    assert befallen & FLUSHES
    assert befallen & (RENAMES | {"link", "linkat"})
    halves = [each for each in found if each["what"] == "half"]
    assert len(halves) == len([each for each in found if each["call"] in WRITES]) / 3 > 0


@linux_calls
@pytest.mark.parametrize("kind", [kind for kind in BEFORE if kind != "save"])
@pytest.mark.parametrize(
    "errors",
    [pytest.param("ENOSPC,EIO,EACCES", id="usual"), pytest.param("EDQUOT,EROFS", id="rarer", marks=pytest.mark.slow)],
)
def test_any_call_of_a_write_may_fail(quick: Path, kind: str, errors: str) -> None:
    """A failed call, or a short one, leaves the old set or the new, and is told with the name of what was written."""
    found = records(quick, "faults", kind, errors)
    assert all(each["call"] for each in found)
    for each in found:
        assert each["again"] == "", each
        assert each["recovered"] in (BEFORE[kind], "new"), each
        if each["error"] is None:
            assert each["standing"] == "new", each
        else:
            assert each["error"]["file"] or "cannot be written" in each["error"]["text"], each
            assert f"{quick / 'runs' / 'run'}" in each["error"]["text"], each
            assert ".matcher-tmp" not in each["error"]["text"], each
            assert meant(each) in each["error"]["text"], each
    check_what_is_left(found)
    check_what_is_told(found)


def meant(record: dict[str, Any]) -> str:
    """Returns the system's words for the error that was put in."""
    code = {"ENOSPC": 28, "EIO": 5, "EACCES": 13, "EROFS": 30}
    name = record["what"].partition(":")[0]
    return os.strerror(code[name]) if name in code else ""


def check_what_is_left(found: list[dict[str, Any]]) -> None:
    """Only where removal itself fails does a temporary stay, for the next write to sweep."""
    for each in found:
        if "all fail from here" in each["what"]:
            continue
        # A removal looks through the folder, so that any of its calls may be the one that fails.
        removes = each["call"] in REMOVALS | READS | {"openat", "close", "rename"}
        assert not each["left"] or (removes and each["standing"] == "new"), each
        # Only without exchange is an old set moved aside first, and that is put back at once.
        assert each["standing"] == each["recovered"], each


def check_what_is_told(found: list[dict[str, Any]]) -> None:
    """No write, flush or close of what was written fails in silence; what was short or interrupted is made good."""
    for each in found:
        call, what = each["call"], each["what"]
        if (
            call in WRITES | FLUSHES
            and "fail" in what
            and not (what == "ENOSPC: is short, then fails" and not each["later"])
        ):
            assert each["error"] is not None, each
        if call in WRITES | FLUSHES and what in ("is short", "is interrupted"):
            assert each["error"] is None, each
    assert {each["what"] for each in found} >= {"is short", "is interrupted", "ENOSPC: all fail from here"}


def shares(found: list[dict[str, Any]], kind: str) -> float:
    """Returns the share of children killed before they were done, once all of them left what may stand."""
    for each in found:
        assert each["again"] == "", each
        assert each["recovered"] in (BEFORE[kind], "new"), each
        assert each["killed"] or each["standing"] == "new", each
    return sum(each["killed"] for each in found) / len(found)


@posix
@pytest.mark.skipif(sys.platform != "linux", reason="counts threads as Linux does")
@pytest.mark.parametrize("count", [pytest.param(15, id="few"), pytest.param(250, id="many", marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["new", "over", "without exchange", "file"])
def test_killed_at_random_moments(tmp_path: Path, kind: str, count: int) -> None:
    """By the clock, at any moment of a write; of many kills most come midway, some so that temporaries stay."""
    found = records(tmp_path, "random", kind, str(count), "2015")
    assert len(found) == count
    share = shares(found, kind)
    if count >= 250:  # when few come depends on what else the machine does
        assert share > 0.3
        assert any(each["left"] for each in found)


@linux_calls
@pytest.mark.parametrize("arguments", [("ENOSPC",), pytest.param(("EIO", "--json"), marks=pytest.mark.slow)])
def test_any_call_of_a_solve_may_fail(quick: Path, arguments: tuple[str, ...]) -> None:
    """From reading the scenario to the last word: a result that was found is where the user is told that it is."""
    found = records(quick, "solves", *arguments)
    for each in found:
        assert each["target"] != "half", each
        assert "Traceback" not in each["talk"], each
        assert each["asked"] or (each["code"], each["out"]) == (2, ""), each
        if each["code"] == 0:
            assert (each["target"], bool(each["out"]), each["elsewhere"]) == ("whole", True, []), each
        else:
            check_told(each)
            assert not each["asked"] or kept(each), each
    ways = Counter((each["code"], each["target"], bool(each["elsewhere"])) for each in found if each["asked"])
    assert ways[0, "whole", False]
    assert ways[1, "nothing", True]
    assert ways[1, "nothing", False]


def check_told(record: dict[str, Any]) -> None:
    """What failed is told in a line that names the directory, file or stream, and why."""
    told = [line for line in record["talk"].splitlines() if line.startswith(("matcher: ", "Error: ", "sample.json: "))]
    named = ("deep/out", "sample.json", "standard output", "SCENARIO")
    assert any(name in line for line in told for name in named), record
    if record["what"].startswith(("ENOSPC: fails", "EIO: fails")) and record["asked"]:
        assert meant(record) in record["talk"], record


def kept(record: dict[str, Any]) -> bool:
    """Whether the result is in the directory, in another that was named, or on stdout in full."""
    if record["target"] == "whole" and "deep/out" in record["talk"]:
        return True
    if record["elsewhere"]:
        return record["elsewhere"][0] in record["talk"]
    return "result document" in record["talk"] and json.loads(record["out"])["portfolio"]["flows"] != []


SOLVER = """
from matcher.cli.app import main
from fake_engine import StandIn
import matcher, matcher.isolation.second_opinion
vars(matcher)["isolation"] = StandIn()
main()
"""


def shell(folder: Path, script: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a line of shell in a folder with the sample in it, with $MATCHER as the command and its engine replaced."""
    (folder / "sample.json").write_text(json.dumps(SCENARIO), encoding="utf-8")
    (folder / "solver.py").write_text(SOLVER, encoding="utf-8")
    variables = environment(MATCHER=f"{sys.executable} -W error {folder / 'solver.py'}", **more)
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, env=variables, capture_output=True, text=True, timeout=600, check=False
    )


def tells(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Returns the lines in which a command says what is wrong."""
    return [line for line in done.stderr.splitlines() if line.startswith("matcher: ")]


@posix
def test_no_file_may_become_so_large(tmp_path: Path) -> None:
    """Under a real limit of the system no place takes the files: the result is on stdout, and the old run as it was."""
    assert shell(tmp_path, "$MATCHER solve sample.json -o out --quiet").returncode == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert len(before["result.json"]) > 2048
    done = shell(tmp_path, "ulimit -f 2; $MATCHER solve sample.json -o out --quiet", TMPDIR=str(tmp_path))
    assert done.returncode == 1
    first, second = tells(done)
    assert first == "matcher: out cannot be written (File too large)"
    assert "cannot be written (File too large); the result document goes to standard output instead" in second
    assert done.stdout.encode() == before["result.json"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "sample.json", "solver.py"]


@posix
def test_what_cannot_be_saved_in_its_place_is_saved_elsewhere(tmp_path: Path) -> None:
    """A folder that goes away during the solve costs nothing: the run is whole in another, which is named."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    during = "engine.during = lambda _: (Path('deep').rmdir(), Path('deep').write_text('in the way'))"
    code = SOLVER.replace("StandIn()", "(engine := StandIn())").replace("main()\n", f"{during}\nmain()\n")
    (tmp_path / "hindered.py").write_text(f"from pathlib import Path{code}", encoding="utf-8")
    script = f"mkdir deep; {sys.executable} hindered.py solve sample.json -o deep/out --bundle"
    done = shell(tmp_path, script, TMPDIR=str(temporary))
    assert done.returncode == 1
    (place,) = temporary.glob("matcher-*/sample")
    assert tells(done) == [
        "matcher: deep/out cannot be written (Not a directory)",
        f"matcher: saved in {place} instead; move it from there, as temporary files are cleared away",
    ]
    assert f"bundle in {place}" in done.stderr
    assert (place / "bundle.json").exists()
    assert done.stdout.startswith("Two States")
    assert shell(tmp_path, f"$MATCHER show {place}").returncode == 0


full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="writes to the device that is always full")


@full_device
@pytest.mark.parametrize("arguments", ["--json", "--json --quiet", ""])
def test_full_stdout_is_told(tmp_path: Path, arguments: str) -> None:
    """Data that cannot be written are an error; where the result is saved is said, also to who wants no progress."""
    done = shell(tmp_path, f"$MATCHER solve sample.json -o out {arguments} > /dev/full")
    assert done.returncode == 1
    assert tells(done) == [
        "matcher: the result is saved in out",
        "matcher: standard output: No space left on device",
    ]
    assert "Exception ignored" not in done.stderr
    assert json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))["portfolio"]


@full_device
@pytest.mark.parametrize("command", ["schema result", "check sample.json", "show out", "verify out", "--help"])
def test_every_command_tells_of_a_full_stdout(tmp_path: Path, command: str) -> None:
    """No command takes it for done."""
    shell(tmp_path, "$MATCHER solve sample.json -o out")
    done = shell(tmp_path, f"$MATCHER {command} > /dev/full")
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Exception ignored" not in done.stderr


@full_device
def test_full_stderr_does_not_end_a_solve(tmp_path: Path) -> None:
    """Progress that cannot be shown is no reason to lose the result, nor for another exit code."""
    done = shell(tmp_path, "$MATCHER solve sample.json -o out --json 2> /dev/full")
    assert done.returncode == 0
    assert done.stdout == (tmp_path / "out" / "result.json").read_text(encoding="utf-8")
    assert "groups of States" in (tmp_path / "out" / "log.txt").read_text(encoding="utf-8")
    assert shell(tmp_path, "$MATCHER check none.json 2> /dev/full").returncode == 2


@posix
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("solve sample.json -o out --json --strict", 0),
        ("verify sample.json other.json", 1),
        ("schema result", 0),
    ],
)
def test_a_reader_that_has_gone_changes_no_exit_code(tmp_path: Path, command: str, code: int) -> None:
    """A pipe closed at its other end drops the data, and nothing else: what was found is still told by the code."""
    assert shell(tmp_path, "$MATCHER solve sample.json -o out").returncode == 0
    other = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    other["portfolio"]["flows"][0]["money"] += 1
    (tmp_path / "other.json").write_text(json.dumps(other), encoding="utf-8")
    done = shell(tmp_path, f"(trap '' PIPE; sleep 0.1; $MATCHER {command}; echo code $? >&2) | true")
    assert f"code {code}" in done.stderr.splitlines()
    assert "matcher: " not in done.stderr
