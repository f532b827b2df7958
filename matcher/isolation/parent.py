"""The side of the caller: it starts the process, listens to it, and ends it when it must."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any, Literal

from matcher.execution.executor import ExecutionFailed
from matcher.execution.processes import MEMORY_WORDS, ending_signals_blocked
from matcher.execution.worker import NO_MEMORY, receive, send
from matcher.isolation.child import PROTOCOL, Order
from matcher.isolation.limits import Exhausted, ProcessLimits, check_limits
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import (
    Cancel,
    EndCode,
    Ending,
    ProgressCallback,
    Result,
    SolveOptions,
    StopReason,
    Timings,
    engine_version,
    scenario_hash,
)
from matcher.scenario import Scenario

CANCEL_GRACE = 0.6
"""Seconds that the process may take to answer after it was asked to stop."""
LATE = 0.2
LATE_SHARE = 0.03
"""Seconds, and share of the time limit, by which the process may be late before it is ended."""
POLL = 0.02
"""Seconds between two looks at what has come and at what is asked."""
NEARLY = 0.8
"""A process that dies of a fault with this share of its memory in use has died of lack of memory."""
_START = (
    "import sys; sys.path[:] = sys.argv[4:]; from matcher.isolation.child import serve; "
    "serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))"
)
OUTPUT = 500
"""Letters kept of what a process wrote at last."""
_FAULTS = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS)


def solve_isolated(
    scenario: Scenario,
    options: SolveOptions | None = None,
    *,
    limits: ProcessLimits | None = None,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    start: Portfolio | None = None,
) -> Result:
    """Solves as `matcher.solve` does, in a process of its own.

    A cancel is answered within a second and a time limit overrun by half a second and a twentieth at most,
    with the best portfolio told by then: at most some seconds old, on large scenarios up to twenty times
    as old as it takes to check one.

    Parameters
    ----------
    scenario, options, progress, cancel, start
        As for `matcher.solve`; progress is called in this thread.
    limits
        Memory and processor time of each process of the solve.
    workers, scheduler
        Where its pieces run: processes that it starts, or a Dask cluster.

    Returns
    -------
    Result
        If memory or processor time ran out, ``stopped_by`` is ``resource_exhausted``; if the process died
        of something else and a portfolio had been told, ``crash``; ``stopped_how`` says more.

    Raises
    ------
    InvalidOptions
        if the limits cannot be kept on this system, or the workers or the cluster cannot be used.
    ExecutionFailed
        if the process could not be started, or died before there was any portfolio.
    InvalidScenario, VerificationFailed
        as `matcher.solve`.
    """
    limits = limits or ProcessLimits()
    check_limits(limits)
    began = time.monotonic()
    solve = _Solve(scenario, options or SolveOptions(), limits, cancel or Cancel(), began, start)
    # all that the process and its workers keep in files is here, to be removed whatever becomes of them
    with tempfile.TemporaryDirectory(prefix="matcher-", ignore_cleanup_errors=True) as place:
        child = _Child(limits, Path(place))
        try:
            return solve.run(child, Order(scenario, solve.options, began, workers, scheduler, start), progress)
        finally:
            child.end()


@dataclass
class _Solve:
    """One solve as this side sees it."""

    scenario: Scenario
    options: SolveOptions
    limits: ProcessLimits
    cancel: Cancel
    began: float
    start: Portfolio | None = None
    cancelled_at: float | None = None
    interim: Result | None = None
    """The last result told before the end."""

    def run(self, child: _Child, order: Order, progress: ProgressCallback | None) -> Result:
        """Returns the result, whatever becomes of the child."""
        child.give(order)
        reason: Literal["time", "cancel"] | None = None
        while True:
            message = child.next(POLL if reason is None else 0.0)
            if message is None and reason is not None:
                return self._ended(reason)
            found = None if message is None else self._heard(child, *message, progress)
            if found is not None:
                return found
            reason = reason or self._overdue(child)  # what has been told by then is heard all the same

    def _heard(self, child: _Child, kind: str, content: Any, progress: ProgressCallback | None) -> Result | None:
        """Takes one message; returns the result if it ends the solve."""
        if kind == "progress" and progress is not None:
            progress(content)
        elif kind == "interim":
            self.interim = content
        elif kind == "result":
            return self._timed(content)
        elif kind == "error":
            if isinstance(content, ExecutionFailed) and self.interim is not None:
                return self._ended("crash", _ending_of("failed", output=str(content)))
            raise content
        elif kind == "exhausted":
            return self._ended("resource_exhausted", self._used_up(content))
        elif kind == "gone":
            return self._after_death(child)
        return None

    def _overdue(self, child: _Child) -> Literal["time", "cancel"] | None:
        """Why the child must be ended now, if it must; a cancel is handed on to it first."""
        now = time.monotonic()
        if self.cancel.requested and self.cancelled_at is None:
            self.cancelled_at = now
            if not child.ask_to_stop():
                return "cancel"
        if self.cancelled_at is not None and now - self.cancelled_at > CANCEL_GRACE:
            return "cancel"
        limit = self.options.time_limit
        if limit is not None and now - self.began > limit * (1 + LATE_SHARE) + LATE:
            return "time"
        return None

    def _after_death(self, child: _Child) -> Result:
        """What there is after a child that ended by itself without a result.

        Raises
        ------
        ExecutionFailed
            if it died of something else than a limit, and nothing had been found.
        """
        code, words = child.last_words()
        used_up = self._exhausted(code, words, child.most_memory)
        if used_up is not None:
            return self._ended("resource_exhausted", self._used_up(used_up))
        if self.interim is None:
            raise ExecutionFailed(f"the solving process {_ending(code)}" + (f": {words}" if words else ""))
        if code < 0:
            return self._ended("crash", _ending_of("signal", signal=signal.Signals(-code).name, output=words or None))
        return self._ended("crash", _ending_of("exit_code", amount=code, output=words or None))

    def _exhausted(self, code: int, words: str, most_memory: int) -> Exhausted | None:
        """What a child died for lack of, as far as that can be told from how it died."""
        if code == -signal.SIGXCPU:
            return "processor_time"
        if code == -signal.SIGKILL:
            return "kill"
        if code == NO_MEMORY or MEMORY_WORDS.search(words):
            return "memory"
        limit = self.limits.memory_mib
        return "memory" if limit is not None and -code in _FAULTS and most_memory >= NEARLY * limit else None

    def _used_up(self, what: Exhausted) -> Ending:
        if what == "kill":
            return Ending(code="killed")
        if what == "processor_time":
            return Ending(code="processor_time", amount=self.limits.cpu_seconds)
        limit = self.limits.memory_mib
        return Ending(code="machine_memory") if limit is None else Ending(code="memory", amount=limit)

    def _ended(self, reason: StopReason, how: Ending | None = None) -> Result:
        """The last result told, or one without a portfolio, as ended for a reason."""
        found = self.interim or _nothing(self.scenario, self.options, self.start)
        if found.status != "optimal":
            found = found.model_copy(update={"stopped_by": reason, "stopped_how": how, "repeatable": False})
        return self._timed(found)

    def _timed(self, result: Result) -> Result:
        timings = result.timings.model_copy(update={"total": time.monotonic() - self.began})
        return result.model_copy(update={"timings": timings})


def _nothing(scenario: Scenario, options: SolveOptions, start: Portfolio | None) -> Result:
    """A result without anything found."""
    return Result(
        scenario=scenario.name,
        scenario_hash=scenario_hash(scenario),
        version=engine_version(),
        solver=f"ortools {version('ortools')}",
        options=options,
        method=None,
        status="no_portfolio",
        stopped_by="time",
        started_from=None if start is None else start.digest,
        timings=Timings(),
    )


def _ending_of(
    code: EndCode, *, amount: int | None = None, signal: str | None = None, output: str | None = None
) -> Ending:
    """An ending, with what the process wrote cut to what a result holds and without control characters."""
    written = None if output is None else "".join(each for each in output if each.isprintable())[:OUTPUT]
    return Ending(code=code, amount=amount, signal=signal, output=written)


def _ending(code: int) -> str:
    """How a process ended, for an error."""
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


@dataclass
class _Child:
    """The process, its messages as they come, and the most memory that it was seen to use."""

    limits: ProcessLimits
    place: Path
    """Folder for its temporary files and what it writes to stderr."""
    most_memory: int = 0
    """Mebibytes."""
    process: subprocess.Popen[bytes] = field(init=False)
    _given: bool = field(init=False, default=False)
    _messages: queue.SimpleQueue[tuple[str, Any]] = field(init=False, default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        limits = (str(self.limits.memory_mib or 0), str(self.limits.cpu_seconds or 0))
        # -P: a file of the working directory must not stand in for a module of the standard library
        command = [sys.executable, "-P", "-c", _START, str(self.place), *limits, *map(str, sys.path)]
        environment = {**os.environ, "TMPDIR": str(self.place)}
        pipe = subprocess.PIPE
        try:
            with self._log.open("wb") as log, ending_signals_blocked():
                self.process = subprocess.Popen(
                    command, bufsize=0, stdin=pipe, stdout=pipe, stderr=log, env=environment, start_new_session=True
                )
        except OSError as error:
            raise ExecutionFailed(f"the solving process could not be started: {error}") from error
        Thread(target=self._listen, name="matcher-isolation", daemon=True).start()

    @property
    def _log(self) -> Path:
        return self.place / "log"

    def give(self, order: Order) -> None:
        """Begins to send what is to be solved: for large scenarios it takes seconds."""
        Thread(target=self._give, args=(order,), name="matcher-order", daemon=True).start()

    def _give(self, order: Order) -> None:
        assert self.process.stdin is not None
        try:
            send(self.process.stdin, pickle.dumps(order, PROTOCOL))
            self._given = True
        except (OSError, ValueError):  # a child that is gone, or was ended meanwhile, is told of by itself
            pass
        except BaseException as error:  # handed on to the thread that waits
            self._messages.put(("error", error))

    def ask_to_stop(self) -> bool:
        """Asks for the best result so far; False if there is none, since the child knows of nothing to solve yet."""
        assert self.process.stdin is not None
        if self._given:
            with suppress(BrokenPipeError):
                self.process.stdin.write(b"c")
        return self._given

    def next(self, seconds: float) -> tuple[str, Any] | None:
        """Returns the next message, or None if none came in time."""
        self._look_at_memory()
        try:
            return self._messages.get(timeout=seconds)
        except queue.Empty:
            return None

    def last_words(self) -> tuple[int, str]:
        """Returns the exit code of a child that is gone, negative for a signal, and the last line it wrote."""
        if os.name == "posix":  # dead but not gone: its number, and its group's, is nobody else's yet
            os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
            self._kill_group()
        code = self.process.wait()
        lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        written = [line.strip() for line in lines if line.strip()]
        telling = [line for line in written if MEMORY_WORDS.search(line)]
        return code, (telling or written or [""])[-1][:500]

    def end(self) -> None:
        """Kills the process and those that it started, and gives back what it held."""
        if self.process.returncode is None:
            self._kill_group()
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with suppress(OSError):
                stream.close()

    def _kill_group(self) -> None:
        """Kills the workers of the process with it, where processes come in groups."""
        if os.name == "posix":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        try:
            while True:
                self._messages.put(pickle.loads(receive(self.process.stdout)))
        except (EOFError, OSError, ValueError):
            self._messages.put(("gone", None))
        except BaseException as error:  # such as too little memory for a result: handed on to the thread that waits
            self._messages.put(("error", error))

    def _look_at_memory(self) -> None:
        if self.limits.memory_mib is None:
            return
        with suppress(OSError, StopIteration):  # it may be gone
            lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").split("\n")
            line = next(line for line in lines if line.startswith("VmData:"))
            self.most_memory = max(self.most_memory, int(line.split()[1]) >> 10)
