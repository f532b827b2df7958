"""Signals that end a command: what was found is saved, whoever sends them, whenever and however often."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from matcher.cli import interrupt, run
from matcher.cli.exits import Exit
from matcher.cli.interrupt import Interruption
from matcher.execution import worker
from matcher.portfolio.result import Cancel
from matcher.runs.files import RunFolder
from run_folders import is_complete

if TYPE_CHECKING:
    from fake_engine import StandIn

pytest_plugins = ("fake_engine",)
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX systems")
TREE = Path(__file__).parents[1]
GENEVA = TREE / "scenarios" / "geneva-2015.yaml"
NOTHING: dict[str, Any] = {"portfolio": None, "partnerships": (), "figures": (), "stages": ()}
EXITS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
HANG = 120.0
"""Seconds after which something that never ends is given up; nothing is that slow."""


@pytest.fixture(autouse=True)
def _usual_signals() -> Iterator[None]:
    """Gives signals their usual meaning, here and in processes started from here, however the tests were started."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def send(*names: str) -> None:
    """Sends signals to this process."""
    for name in names:
        os.kill(os.getpid(), getattr(signal, name))


def interrupted_by(first: str, *others: str) -> Callable[[Cancel], None]:
    """Returns what happens during a solve: a signal comes, it is asked to stop, and more signals come."""

    def during(cancel: Cancel) -> None:
        send(first)
        assert cancel.event.wait(HANG)
        send(*others)

    return during


def the_run(home: Path) -> Path:
    """Returns the one directory of a run."""
    (folder,) = (home / "runs").iterdir()
    return folder


@pytest.mark.parametrize("name", EXITS)
@pytest.mark.parametrize("times", [1, 2])
def test_a_signal_saves_the_best(
    home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str], name: str, times: int
) -> None:
    """The engine is asked to stop and its portfolio saved, also where a signal is sent twice, as ``timeout`` does."""
    engine.during = interrupted_by(*[name] * times)
    engine.changes = {"status": "feasible", "stopped_by": "cancel"}
    assert run(["solve", "sample.json"]) == EXITS[name]
    assert is_complete(the_run(home))
    assert (the_run(home) / "portfolio.csv").exists()
    captured = capsys.readouterr()
    assert captured.out.startswith("Two States and their partners")
    cause = "interrupted" if name == "SIGINT" else f"interrupted by {name}"
    way_out = f"Ctrl-C {'again' if name == 'SIGINT' else 'twice'} aborts"
    assert captured.err.count(f"{cause}: saving the best portfolio so far; {way_out}") == 1
    assert cause in (the_run(home) / "log.txt").read_text(encoding="utf-8")


def test_an_interruption_is_told_in_the_language_asked_for(
    home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cause, what is done about it, and the way out; and that nothing confirms the result."""
    engine.during = interrupted_by("SIGTERM")
    engine.changes = {"status": "feasible", "stopped_by": "cancel"}
    assert run(["solve", "sample.json", "--bundle", "--language", "fr"]) == EXITS["SIGTERM"]
    talk = capsys.readouterr().err.splitlines()
    cause, paths = "interrompu par SIGTERM : ", the_run(home)
    assert f"{cause}enregistrement du meilleur portefeuille obtenu ; deux Ctrl-C abandonnent tout" in talk
    assert f"enregistré dans {paths.relative_to(home)}" in talk
    assert f"{cause}enregistré sans second avis ni preuve des bornes" in talk


@pytest.mark.parametrize(("names", "code"), [(("SIGTERM", "SIGHUP", "SIGINT"), 143), (("SIGHUP", "SIGTERM"), 129)])
def test_the_first_of_several_signals_counts(home: Path, engine: StandIn, names: tuple[str, ...], code: int) -> None:
    """A service that is stopped gets more than one."""
    engine.during = interrupted_by(*names)
    engine.changes = {"status": "feasible", "stopped_by": "cancel"}
    assert run(["solve", "sample.json", "--quiet"]) == code
    assert is_complete(the_run(home))


def test_a_second_interrupt_aborts(home: Path, engine: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second Ctrl-C ends the program although the engine does not answer."""
    monkeypatch.setattr(interrupt, "SAME", -1.0)  # whatever the clock says, it is not the first once more
    stuck = Cancel()

    def ignore(cancel: Cancel) -> None:
        send("SIGINT")
        assert cancel.event.wait(HANG)
        send("SIGINT")
        stuck.event.wait(HANG)

    engine.during = ignore
    assert run(["solve", "sample.json"]) == Exit.INTERRUPTED
    assert not (home / "runs").exists()
    stuck.cancel()


@pytest.mark.parametrize(("after", "ends"), [(0.29, False), (0.31, True)])
def test_two_interrupts_in_a_row_are_one(after: float, ends: bool) -> None:
    """No hand is so quick: the second is the first, sent to the process and again to its group."""
    moments = iter([100.0, 100.0 + after])
    with Interruption(Cancel(), now=lambda: next(moments)).heard() as interruption:
        send("SIGINT")
        assert interruption.cancel.requested
        if not ends:
            send("SIGINT")
            return
        with pytest.raises(SystemExit) as stop:
            send("SIGINT")
        assert stop.value.code == Exit.INTERRUPTED


@pytest.mark.parametrize("names", ["INT INT", "TERM INT INT", "HUP INT INT", "INT TERM INT", "INT TERM HUP INT"])
def test_only_a_second_interrupt_ends(names: str) -> None:
    """However long after another signal it comes, the first Ctrl-C is the first; and two are two."""
    first, *between, last = (f"SIG{name}" for name in names.split())
    hours = count(start=0, step=3_600)
    with Interruption(Cancel(), now=lambda: float(next(hours))).heard() as interruption:
        send(first)
        assert interruption.cancel.requested
        for name in between:
            send(name)
        with pytest.raises(SystemExit) as stop:
            send(last)
        assert stop.value.code == EXITS[first]


@pytest.mark.parametrize("after", [0.29, 0.31])
def test_an_interrupt_and_itself_again_after_another_signal(after: float) -> None:
    """What counts is the time since the first Ctrl-C, not since the first signal."""
    moments = iter([100.0, 100.0 + after])
    with Interruption(Cancel(), now=lambda: next(moments)).heard():
        send("SIGTERM", "SIGINT")
        if after < 0.3:
            send("SIGINT")
            return
        with pytest.raises(SystemExit):
            send("SIGINT")


@pytest.mark.parametrize("name", EXITS)
def test_what_is_ignored_stays_ignored(home: Path, engine: StandIn, name: str) -> None:
    """As for a program under nohup, or one in the background of a script."""
    signal.signal(getattr(signal, name), signal.SIG_IGN)
    asked = []

    def during(cancel: Cancel) -> None:
        send(name)
        asked.append(cancel.requested)

    engine.during = during
    assert run(["solve", "sample.json"]) == Exit.DONE
    assert asked == [False]
    assert signal.getsignal(getattr(signal, name)) == signal.SIG_IGN


@pytest.mark.parametrize("name", EXITS)
def test_a_signal_during_the_writing_loses_nothing(
    home: Path, engine: StandIn, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """All files are written, and the exit code says that there was a signal."""
    real = RunFolder.save

    def save(*arguments: Any) -> None:
        send(name, name)
        real(*arguments)

    monkeypatch.setattr(RunFolder, "save", save)
    assert run(["solve", "sample.json"]) == EXITS[name]
    assert is_complete(the_run(home))


@pytest.mark.parametrize("name", EXITS)
def test_a_signal_after_the_writing_ends_at_once(
    home: Path, engine: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """What is to confirm a saved result is not waited for; the result is shown."""
    from matcher.isolation import second_opinion

    ended = []

    def opinion(*_: object) -> None:
        try:
            send(name, name)
            time.sleep(HANG)
        finally:
            send(name)  # another does not come in the way of what is put in order
            ended.append(True)

    monkeypatch.setattr(second_opinion, "second_opinion", opinion)
    assert run(["solve", "sample.json", "--second-opinion"]) == EXITS[name]
    assert ended == [True]
    assert is_complete(the_run(home))
    assert capsys.readouterr().out.startswith("Two States and their partners")


def test_an_interrupted_solve_is_not_confirmed(
    home: Path, engine: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another solve and proof of the bounds take long; that they are missing is said."""
    from matcher.isolation import second_opinion

    asked: list[object] = []
    monkeypatch.setattr(second_opinion, "second_opinion", lambda *given: asked.append(given))
    engine.during = interrupted_by("SIGTERM")
    assert run(["solve", "sample.json", "--second-opinion", "--bundle"]) == Exit.TERMINATED
    assert asked == []
    assert not (the_run(home) / "bundle.json").exists()
    told = "interrupted by SIGTERM: saved without a second opinion or proof of the bounds"
    assert told in capsys.readouterr().err


def test_a_signal_before_there_is_a_portfolio(home: Path, engine: StandIn) -> None:
    """The result that says so is saved, and the exit code is that of the signal."""
    engine.during = interrupted_by("SIGTERM")
    engine.changes = {"status": "no_portfolio", "stopped_by": "cancel", **NOTHING}
    assert run(["solve", "sample.json"]) == Exit.TERMINATED
    assert is_complete(the_run(home))
    assert not (the_run(home) / "portfolio.csv").exists()


def test_handlers_are_put_back() -> None:
    """After a solve signals mean again what they did before."""
    before = [signal.getsignal(number) for number in worker.ENDING]
    with Interruption(Cancel()).heard() as interruption:
        assert all(signal.getsignal(number) != handler for number, handler in zip(worker.ENDING, before, strict=True))
        assert interruption.run(lambda: 7, lambda: None) == 7
    assert [signal.getsignal(number) for number in worker.ENDING] == before
    assert interruption.exit is None


WITHOUT = """
import signal
del signal.SIGHUP
import matcher
from matcher.cli import run
from matcher.execution.worker import ENDING
from fake_engine import StandIn
engine = StandIn()
engine.during = lambda _: signal.raise_signal(signal.SIGTERM)
vars(matcher)["isolation"] = engine
assert ENDING == (signal.SIGINT, signal.SIGTERM)
assert run(["solve", "sample.json", "-o", "out"]) == 143
"""


def environment(**more: str) -> dict[str, str]:
    """Returns an environment in which the package of this tree is the one that runs."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(TREE), str(TREE / "tests"))), **more}


def test_a_system_without_hang_ups(home: Path) -> None:
    """Where there is no SIGHUP the others do what they do elsewhere."""
    command = [sys.executable, "-W", "error", "-c", WITHOUT]
    done = subprocess.run(command, cwd=home, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert is_complete(home / "out")


# A round


def test_an_interrupted_round_is_saved_apart(home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no round, since it could not be replayed; its portfolio is saved beside the session."""
    engine.during = interrupted_by("SIGHUP")
    engine.changes = {"status": "feasible", "stopped_by": "cancel"}
    assert run(["round", "talks", "--scenario", "sample.json"]) == Exit.HUNG_UP
    talk = capsys.readouterr().err
    assert "the best plan so far saved in talks-interrupted" in talk
    assert "no round was added to talks" in talk
    assert is_complete(home / "talks-interrupted")
    assert run(["show", "talks-interrupted"]) == Exit.DONE


def test_no_interrupted_round_replaces_another(home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """Each plan that is cut short gets a folder of its own, whatever stands under the names before it."""
    engine.during = interrupted_by("SIGTERM")
    engine.changes = {"status": "feasible", "stopped_by": "cancel"}
    (home / "talks-interrupted-2").symlink_to("nowhere")
    before: dict[Path, bytes] = {}
    for name in ("talks-interrupted", "talks-interrupted-3", "talks-interrupted-4"):
        assert run(["round", "talks", "--scenario", "sample.json"]) == Exit.TERMINATED
        assert f"the best plan so far saved in {name}\n" in capsys.readouterr().err
        assert {file: file.read_bytes() for file in before} == before
        before |= {file: file.read_bytes() for file in (home / name).iterdir()}
        (home / name / "log.txt").write_text(f"read in the meeting: {name}", encoding="utf-8")
        before[home / name / "log.txt"] = (home / name / "log.txt").read_bytes()


def test_an_interrupted_round_of_the_current_folder_is_saved(
    home: Path, engine: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session is beside its plan cut short also where it is given as a dot."""
    engine.during = interrupted_by("SIGTERM")
    engine.changes = {"status": "feasible", "stopped_by": "cancel"}
    (home / "talks").mkdir()
    monkeypatch.chdir(home / "talks")
    assert run(["round", ".", "--scenario", "../sample.json"]) == Exit.TERMINATED
    assert is_complete(home / "talks-interrupted")


def test_a_round_that_was_planned_before_the_signal_is_added(home: Path, engine: StandIn) -> None:
    """What was not cut short can be replayed."""
    engine.during = interrupted_by("SIGTERM")
    assert run(["round", "talks", "--scenario", "sample.json"]) == Exit.TERMINATED
    assert not (home / "talks-interrupted").exists()
    engine.during = None
    assert run(["round", "talks", "--replay"]) == Exit.DONE


def test_an_interrupted_replay_says_nothing_of_the_round(
    home: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    """A solve that was cut short is not another result."""
    assert run(["round", "talks", "--scenario", "sample.json"]) == Exit.DONE
    capsys.readouterr()
    engine.during = interrupted_by("SIGTERM")
    engine.changes = {"status": "no_portfolio", "stopped_by": "cancel", **NOTHING}
    assert run(["round", "talks", "--replay"]) == Exit.TERMINATED
    assert capsys.readouterr().out == ""


# Real processes


def begin(folder: Path, *arguments: str, prefix: tuple[str, ...] = (), **options: Any) -> subprocess.Popen[str]:
    """Starts the command line, as leader of a group of its own."""
    (folder / "temporary").mkdir()
    command = [*prefix, sys.executable, "-W", "error", "-m", "matcher", *arguments]
    usual: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    surroundings = environment(TMPDIR=str(folder / "temporary"))
    return subprocess.Popen(
        command, cwd=folder, env=surroundings, text=True, start_new_session=True, **{**usual, **options}
    )


LONG = ("solve", str(GENEVA), "--gap", "0", "--work", "600", "-o", "out")


def until_a_portfolio_is_known(process: subprocess.Popen[str]) -> None:
    """Reads progress until it tells of a portfolio."""
    assert process.stderr is not None
    assert any("| best " in line and "| best - |" not in line for line in process.stderr)


def saved_by_signal(folder: Path, process: subprocess.Popen[str], code: int) -> str:
    """Waits for the end and checks what was saved, and that nothing else is left; returns what was said."""
    out, talk = process.communicate(timeout=HANG)
    assert process.returncode == code, talk
    result = json.loads((folder / "out" / "result.json").read_text(encoding="utf-8"))
    assert (result["status"], result["stopped_by"]) == ("feasible", "cancel")
    assert result["portfolio"]["flows"]
    assert out
    assert list((folder / "temporary").iterdir()) == []
    return talk


def test_a_signal_to_all_processes_saves_the_portfolio(tmp_path: Path) -> None:
    """A service manager sends SIGTERM to the program, its solving process and its workers; none of them is left."""
    process = begin(tmp_path, *LONG, "--method", "decomposition", "--workers", "2")
    until_a_portfolio_is_known(process)
    whole = psutil.Process(process.pid)
    assert process.stderr is not None
    assert any(len(whole.children(recursive=True)) == 3 for _ in process.stderr)  # the workers are at work
    others = whole.children(recursive=True)
    for each in (*others, whole, whole):  # as `timeout` does, which sends it to the program twice
        each.send_signal(signal.SIGTERM)
    assert "interrupted by SIGTERM" in saved_by_signal(tmp_path, process, 143)
    assert psutil.wait_procs(others, timeout=HANG)[1] == []


def test_an_interrupt_saves_the_portfolio(tmp_path: Path) -> None:
    """Ctrl-C reaches the group in the foreground."""
    process = begin(tmp_path, *LONG)
    until_a_portfolio_is_known(process)
    os.killpg(process.pid, signal.SIGINT)
    saved_by_signal(tmp_path, process, 130)


def test_nohup_is_heeded(tmp_path: Path) -> None:
    """A hang-up means nothing to a program that was started to ignore it; what comes after it does."""
    process = begin(tmp_path, *LONG, prefix=("sh", "-c", 'trap "" HUP; exec "$@"', "sh"))
    until_a_portfolio_is_known(process)
    os.killpg(process.pid, signal.SIGHUP)
    os.killpg(process.pid, signal.SIGTERM)
    saved_by_signal(tmp_path, process, 143)


ON_A_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_a_terminal_that_goes_away_costs_nothing(tmp_path: Path) -> None:
    """The system sends SIGHUP, and nothing can be shown any more: the portfolio is saved all the same."""
    ours, theirs = os.openpty()
    process = begin(
        tmp_path, *LONG, prefix=(sys.executable, "-c", ON_A_TERMINAL), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    seen = b""
    while not any(b"best" in each and b"best -" not in each for each in seen.split(b"|")):
        seen += os.read(ours, 4096)
    os.close(ours)
    assert process.wait(HANG) == 129
    result = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert (result["stopped_by"], bool(result["portfolio"]["flows"])) == ("cancel", True)
    assert list((tmp_path / "temporary").iterdir()) == []


EXPLAINING = """
import time
import matcher.explanation.account
from matcher.cli.app import main
def explain(*_, executor, **__):
    executor.map(time.sleep, [600, 600])
matcher.explanation.account.explain = explain
main()
"""


def test_with_nothing_to_save_a_signal_ends_everything_at_once(home: Path, engine: StandIn) -> None:
    """An explanation is not saved: the system ends it, a shell sees 128 and the signal, and no worker is left."""
    assert run(["solve", "sample.json", "-o", "out"]) == Exit.DONE
    (home / "explaining.py").write_text(EXPLAINING, encoding="utf-8")
    command = [sys.executable, "explaining.py", "explain", "out", "--workers", "2"]
    with subprocess.Popen(command, cwd=home, env=environment(), start_new_session=True) as process:
        whole, end = psutil.Process(process.pid), time.monotonic() + HANG
        while len(others := whole.children()) < 2 and time.monotonic() < end:
            time.sleep(0.02)
        assert len(others) == 2
        os.killpg(process.pid, signal.SIGTERM)
    assert process.returncode == -signal.SIGTERM
    assert psutil.wait_procs(others, timeout=HANG)[1] == []
