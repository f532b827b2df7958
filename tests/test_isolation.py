"""A solve in a process of its own: the same result, and an answer whatever becomes of the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from matcher.engine.solving import solve, solve_within
from matcher.errors import InvalidOptions
from matcher.execution import ExecutionFailed, Serial
from matcher.io import canonical_json, load
from matcher.isolation import ProcessLimits, limits, parent, solve_isolated
from matcher.portfolio.result import Cancel, Clock, Ending, Progress, Result, SolveOptions
from matcher.scenario import Scenario
from matcher.verification import verify
from misbehaving_processes import beginning_with

SCENARIOS = Path(__file__).parents[1] / "scenarios"
TINY = SCENARIOS / "tiny" / "triangular.yaml"
HANG = 120.0
"""Seconds after which something that never happens is given up; nothing is that slow."""
linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory and processor time")


@pytest.fixture
def scenario() -> Scenario:
    """Returns a tiny scenario."""
    return load(TINY)


def text(result: Result) -> str:
    """Returns the document of a result."""
    return canonical_json(result.model_dump(mode="json"))


def start_as(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Makes the next child an odd one."""
    monkeypatch.setattr(parent, "_START", beginning_with(*names))


def gone(ask: Callable[[], None]) -> bool:
    """Whether a process or group is no more, in the end: those who died wait for the system to count them."""
    deadline = time.monotonic() + HANG
    while time.monotonic() < deadline:
        try:
            ask()
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("name", ["triangular", "survey-before-clearance", "pins-and-forbids"])
@pytest.mark.parametrize("method", ["auto", "decomposition"])
def test_the_result_is_that_of_a_solve_in_this_process(name: str, method: Any) -> None:
    """Same bytes, in a process of its own and here."""
    scenario = load(SCENARIOS / "tiny" / f"{name}.yaml")
    options = SolveOptions(method=method, work=5)
    assert text(solve_isolated(scenario, options)) == text(solve(scenario, options))


def test_workers_of_the_process_change_nothing(scenario: Scenario) -> None:
    """Same bytes with two worker processes."""
    options = SolveOptions(method="decomposition", work=5)
    assert text(solve_isolated(scenario, options, workers=2)) == text(solve(scenario, options))


def test_results_before_the_end_are_checked_and_change_nothing() -> None:
    """Each result told on the way is valid and says of its portfolio what the checker says; the last is the same."""
    scenario = load(SCENARIOS / "tiny" / "survey-before-clearance.yaml")
    options = SolveOptions(method="decomposition", work=5)
    told: list[Result] = []
    last = solve_within(scenario, options, Clock(), None, Serial(), lambda make: told.append(make()))
    assert text(last) == text(solve(scenario, options))
    assert len(told) > 5
    for result in told:
        assert result.portfolio is not None
        report = verify(scenario, result.portfolio)
        assert report.ok
        assert {each.objective: each.exact for each in result.figures}[result.stages[-1].objective] == (
            result.stages[-1].exact
        )
        assert result.sizes.checks <= last.sizes.checks


def test_progress_comes_in_the_thread_of_the_caller(scenario: Scenario) -> None:
    """Reports come while it solves, and here."""
    heard: list[tuple[Progress, threading.Thread]] = []
    solve_isolated(scenario, progress=lambda each: heard.append((each, threading.current_thread())))
    assert heard
    assert {thread for _, thread in heard} == {threading.current_thread()}


def test_what_progress_raises_ends_the_process(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's own error comes back to the caller, and nothing is left running."""
    started = remembered(monkeypatch)

    def fail(_: Progress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        solve_isolated(scenario, progress=fail)
    assert gone(lambda: os.kill(started[0].pid, 0))


def remembered(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Returns a list that fills with the processes started."""
    started: list[Any] = []
    real = subprocess.Popen

    def start(*arguments: Any, **options: Any) -> Any:
        process = real(*arguments, **options)
        started.append(process)
        return process

    monkeypatch.setattr(parent.subprocess, "Popen", start)
    return started


def once_told(monkeypatch: pytest.MonkeyPatch, do: Callable[[], None]) -> None:
    """Has something done as soon as the child has told a result."""
    real = parent._Solve._heard

    def heard(self: Any, child: Any, kind: str, *more: Any) -> Any:
        found = real(self, child, kind, *more)
        if kind == "interim":
            do()
        return found

    monkeypatch.setattr(parent._Solve, "_heard", heard)


@pytest.mark.parametrize("child", ["stuck", "stuck_worker"])
def test_a_cancel_is_answered_by_what_was_told(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, child: str
) -> None:
    """A process that heeds nothing is ended, with its workers and files; the portfolio that it told of is there."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    start_as(monkeypatch, child)
    started = remembered(monkeypatch)
    cancel = Cancel()
    once_told(monkeypatch, cancel.cancel)
    result = solve_isolated(scenario, cancel=cancel)
    assert (result.status, result.stopped_by, result.repeatable) == ("optimal", "gap", True)  # it was told complete
    assert started[0].returncode == -signal.SIGKILL  # and was not waited for
    assert gone(lambda: os.killpg(started[0].pid, 0))
    assert list(tmp_path.iterdir()) == []


def test_a_cancel_before_anything_is_found(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no portfolio then, and the result says why."""
    start_as(monkeypatch, "asleep")
    started = remembered(monkeypatch)
    cancel = Cancel()
    real = parent._Child._give

    def give(self: Any, order: Any) -> None:
        real(self, order)
        cancel.cancel()

    monkeypatch.setattr(parent._Child, "_give", give)
    result = solve_isolated(scenario, cancel=cancel)
    assert (result.status, result.stopped_by, result.portfolio) == ("no_portfolio", "cancel", None)
    assert not result.repeatable
    assert started[0].returncode == -signal.SIGKILL


def test_a_cancel_before_the_start(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """A solve that is cancelled already does not wait for its process."""
    start_as(monkeypatch, "asleep")
    started = remembered(monkeypatch)
    cancel = Cancel()
    cancel.cancel()
    assert solve_isolated(scenario, cancel=cancel).stopped_by == "cancel"
    assert started[0].returncode == -signal.SIGKILL


def test_a_cancel_that_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solve that is cancelled in the middle answers itself, with what it has."""
    scenario = load(SCENARIOS / "geneva-2015.yaml")
    cancel = Cancel()
    monkeypatch.setattr(parent, "CANCEL_GRACE", HANG)  # it answers in the end, however busy the machine

    def stop(progress: Progress) -> None:
        if progress.incumbent is not None:
            cancel.cancel()

    result = solve_isolated(scenario, cancel=cancel, progress=stop)
    assert (result.status, result.stopped_by) == ("feasible", "cancel")
    assert result.portfolio is not None
    assert verify(scenario, result.portfolio).ok


class Time:
    """The clock of the caller's side, which a test sets; that of the process is the real one."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.stands: float | None = None

    def monotonic(self) -> float:
        """Returns seconds."""
        return self.stands if self.stands is not None else time.monotonic() + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Returns the clock by which the caller's side goes."""
    clock = Time()
    monkeypatch.setattr(parent, "time", clock)
    return clock


def test_a_time_limit_holds_for_what_heeds_nothing(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, clock: Time
) -> None:
    """A process that is past the limit is ended, and the portfolio that was told is there."""
    start_as(monkeypatch, "stuck")
    monkeypatch.setattr(parent._Solve, "_ended", unfinished(parent._Solve._ended))
    started = remembered(monkeypatch)

    def pass_by() -> None:
        clock.ahead = 10_000.0

    once_told(monkeypatch, pass_by)
    result = solve_isolated(scenario, SolveOptions(time_limit=9_000.0))
    assert (result.stopped_by, result.repeatable) == ("time", False)
    assert result.portfolio is not None
    assert started[0].returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("limit", "cancelled", "at", "reason"),
    [
        (None, None, 1e9, None),
        (10.0, None, 10.49, None),
        (10.0, None, 10.51, "time"),
        (100.0, None, 103.19, None),
        (100.0, None, 103.21, "time"),
        (None, 50.0, 50.59, None),
        (None, 50.0, 50.61, "cancel"),
        (60.0, 50.0, 50.61, "cancel"),
    ],
)
def test_when_a_process_is_overdue(
    scenario: Scenario, clock: Time, limit: float | None, cancelled: float | None, at: float, reason: str | None
) -> None:
    """A fifth of a second and a thirtieth of the limit after it, or 0.6 s after a cancel: no sooner, no later."""
    clock.stands = at
    options = SolveOptions(time_limit=limit)
    solve = parent._Solve(scenario, options, ProcessLimits(), Cancel(), began=0.0, cancelled_at=cancelled)
    assert solve._overdue(None) == reason  # type: ignore[arg-type]


def test_a_time_limit_counts_the_start_of_the_process(scenario: Scenario, clock: Time) -> None:
    """A process that was asked for an hour ago has used up the hour that it may take, by its own reckoning."""
    clock.stands = time.monotonic() - 3_600.0  # and stands still: the caller's side never finds it late
    result = solve_isolated(scenario, SolveOptions(time_limit=3_600.0))
    assert result.stopped_by == "time"
    assert not result.repeatable


@linux
@pytest.mark.parametrize("child", ["hungry", "hungry_worker", "aborted"])
def test_memory_that_runs_out_is_told(scenario: Scenario, monkeypatch: pytest.MonkeyPatch, child: str) -> None:
    """However the process dies of it, what it told is kept."""
    monkeypatch.setattr(parent._Solve, "_ended", unfinished(parent._Solve._ended))
    start_as(monkeypatch, child)
    result = solve_isolated(scenario, limits=ProcessLimits(memory_mib=400))
    assert (result.status, result.stopped_by) == ("feasible", "resource_exhausted")
    assert result.stopped_how == Ending(code="memory", amount=400)
    assert result.portfolio is not None


@linux
@pytest.mark.parametrize("child", ["killed", "killed_worker"])
def test_a_kill_is_what_a_system_without_memory_does(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, child: str
) -> None:
    """It is told as such, and what was told before is kept."""
    monkeypatch.setattr(parent._Solve, "_ended", unfinished(parent._Solve._ended))
    start_as(monkeypatch, child)
    result = solve_isolated(scenario)
    assert (result.status, result.stopped_by) == ("feasible", "resource_exhausted")
    assert result.portfolio is not None


def unfinished(real: Any) -> Any:
    """What is told by tiny scenarios is complete, and stays so; for these tests it is taken for an interim result."""

    def ended(self: Any, *arguments: Any) -> Result:
        self.interim = self.interim.model_copy(update={"status": "feasible"})
        return real(self, *arguments)  # type: ignore[no-any-return]

    return ended


@linux
@pytest.mark.parametrize(
    "child",
    [
        "hungry_at_once",
        "without_threads",
        "with_a_thread_gone_silently",
        "without_memory_for_a_thread",
        "worker_without_memory_for_a_thread",
    ],
)
def test_memory_that_runs_out_early_is_told(scenario: Scenario, monkeypatch: pytest.MonkeyPatch, child: str) -> None:
    """With nothing found, the result says so and why."""
    start_as(monkeypatch, child)
    result = solve_isolated(scenario, SolveOptions(time_limit=3_600.0), limits=ProcessLimits(memory_mib=400))
    assert (result.status, result.stopped_by) == ("no_portfolio", "resource_exhausted")


@linux
def test_memory_holds_for_real_engines() -> None:
    """A real scenario in too little memory ends with the portfolio that it had, or none; never with a crash."""
    scenario = load(SCENARIOS / "geneva-2015.yaml")
    result = solve_isolated(scenario, SolveOptions(work=10**5), limits=ProcessLimits(memory_mib=256))
    assert result.stopped_by == "resource_exhausted"
    assert result.portfolio is None or verify(scenario, result.portfolio).ok


@linux
def test_processor_time_that_runs_out_is_told(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts what the process computes, not what it waits."""
    monkeypatch.setattr(parent._Solve, "_ended", unfinished(parent._Solve._ended))
    start_as(monkeypatch, "busy")
    result = solve_isolated(scenario, limits=ProcessLimits(cpu_seconds=50))
    assert (result.status, result.stopped_by) == ("feasible", "resource_exhausted")
    assert result.stopped_how == Ending(code="processor_time", amount=50)


@linux
def test_a_worker_that_has_used_up_its_time_is_told(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of the process itself."""
    monkeypatch.setattr(parent._Solve, "_ended", unfinished(parent._Solve._ended))
    start_as(monkeypatch, "spent_worker")
    result = solve_isolated(scenario, limits=ProcessLimits(cpu_seconds=50))
    assert (result.status, result.stopped_by) == ("feasible", "resource_exhausted")
    assert result.stopped_how == Ending(code="processor_time", amount=50)


def test_a_crash_of_a_worker_keeps_what_was_told(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error where pieces run is no reason to lose a portfolio."""
    monkeypatch.setattr(parent._Solve, "_ended", unfinished(parent._Solve._ended))
    start_as(monkeypatch, "faulty_worker")
    result = solve_isolated(scenario)
    assert (result.status, result.stopped_by) == ("feasible", "crash")
    assert isinstance(result.stopped_how, Ending)
    assert result.stopped_how.code == "failed"
    assert "was ended by SIGSEGV" in str(result.stopped_how.output)


def test_a_crash_keeps_what_was_told(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """The result says what the process died of, with its last words."""
    monkeypatch.setattr(parent._Solve, "_ended", unfinished(parent._Solve._ended))
    start_as(monkeypatch, "faulty")
    result = solve_isolated(scenario)
    assert (result.status, result.stopped_by) == ("feasible", "crash")
    assert result.stopped_how == Ending(code="signal", signal="SIGSEGV", output="about to break")
    assert result.portfolio is not None


def test_a_result_that_cannot_be_taken_is_an_error(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that this side cannot unpack is told, not waited for."""

    def fail(_: bytes) -> None:
        raise MemoryError("no room for it")

    monkeypatch.setattr(parent.pickle, "loads", fail)
    with pytest.raises(MemoryError, match="no room for it"):
        solve_isolated(scenario, SolveOptions(time_limit=3_600.0))


def test_a_crash_before_anything_is_found_is_an_error(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to return then."""
    start_as(monkeypatch, "faulty_at_once")
    with pytest.raises(ExecutionFailed, match="SIGSEGV"):
        solve_isolated(scenario)


def test_errors_of_the_library_come_back(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the solve raises there is raised here."""
    start_as(monkeypatch, "refusing")
    with pytest.raises(InvalidOptions, match="what was asked cannot be"):
        solve_isolated(scenario)


def test_workers_that_cannot_be_are_refused(scenario: Scenario) -> None:
    """So is a number of workers that makes no sense."""
    with pytest.raises(InvalidOptions, match="0 workers"):
        solve_isolated(scenario, workers=0)


ORPHAN = """
import sys
sys.path[:0] = sys.argv[1:3]
from matcher.io import load
from matcher.isolation import parent, solve_isolated
from misbehaving_processes import beginning_with
parent._START = beginning_with("told_and_asleep")
real, heard = parent.subprocess.Popen, parent._Solve._heard
def start(*arguments, **options):
    process = real(*arguments, **options)
    print(process.pid, flush=True)
    return process
def hear(self, child, kind, *more):
    if kind == "interim":
        print("told", flush=True)
    return heard(self, child, kind, *more)
parent.subprocess.Popen, parent._Solve._heard = start, hear
solve_isolated(load(sys.argv[3]))
"""


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
@pytest.mark.parametrize("early", [True, False])
def test_the_process_ends_with_its_starter(tmp_path: Path, early: bool) -> None:
    """A caller that is killed leaves nothing running, and no files, be it before the process knows what to solve."""
    tests = Path(__file__).parent
    command = [sys.executable, "-c", ORPHAN, str(tests), str(tests.parent), str(TINY)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as caller:
        assert caller.stdout is not None
        pid = int(caller.stdout.readline())
        if not early:
            assert caller.stdout.readline() == b"told\n"
        caller.send_signal(signal.SIGKILL)
    assert gone(lambda: os.kill(pid, 0))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [255, 2**30 + 1, True, "512", 512.0, float("nan")])
def test_limits_are_whole_numbers_in_range(value: Any) -> None:
    """What is no sensible number of mebibytes or seconds is refused."""
    with pytest.raises(ValidationError):
        ProcessLimits(memory_mib=value)
    with pytest.raises(ValidationError):
        ProcessLimits(cpu_seconds=1 if value == 255 else value if value != 512.0 else "2")


def test_limits_that_the_system_does_not_keep_are_refused(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not ignored; without limits the solve runs anywhere."""
    monkeypatch.setattr(limits.sys, "platform", "darwin")
    with pytest.raises(InvalidOptions, match="hold on Linux only; this is darwin"):
        limits.check_limits(ProcessLimits(memory_mib=512))
    limits.check_limits(ProcessLimits())


@pytest.mark.slow
def test_promised_times_hold() -> None:
    """Cancels at forty moments land within a second; forty time limits are overrun by 0.5 s and 5 % at most."""
    scenario = load(SCENARIOS / "geneva-2015.yaml")
    for moment in range(40):
        cancel, wanted = Cancel(), 0.2 + 0.6 * moment
        threading.Timer(wanted, cancel.cancel).start()
        result = solve_isolated(scenario, cancel=cancel)
        assert result.stopped_by == "cancel"
        assert result.timings.total <= wanted + 1.0
        limit = 0.5 + 0.5 * moment
        result = solve_isolated(scenario, SolveOptions(time_limit=limit))
        assert result.timings.total <= 1.05 * limit + 0.5


@pytest.mark.slow
@pytest.mark.parametrize("child", ["stuck", "stuck_worker"])
def test_promised_times_hold_for_what_heeds_nothing(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, child: str
) -> None:
    """A cancel lands within a second, and a time limit is overrun by 0.5 s and 5 % at most."""
    start_as(monkeypatch, child)
    cancel = Cancel()
    threading.Timer(3.0, cancel.cancel).start()
    assert solve_isolated(scenario, cancel=cancel).timings.total <= 4.0
    result = solve_isolated(scenario, SolveOptions(time_limit=4.0))
    assert 4.0 <= result.timings.total <= 4.7
    assert result.portfolio is not None
