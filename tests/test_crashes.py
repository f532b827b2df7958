"""Whatever kills a write or makes it fail, at whatever call: what stands is whole, and no result is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


linux_calls = pytest.mark.skipif(bool(why := refusal()), reason=why)


def records(folder: Path, *arguments: str, timeout: int = 300) -> list[dict[str, Any]]:
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
    """By the clock, at any moment of a write: most kills come midway, some so that temporaries stay to be swept."""
    found = records(tmp_path, "random", kind, str(count), "2015")
    assert len(found) == count
    assert shares(found, kind) > 0.3
    assert any(each["left"] for each in found)
