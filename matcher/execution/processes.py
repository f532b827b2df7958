"""Pieces in processes of this machine.

Each worker is a fresh interpreter, never a fork: solver libraries have threads, which do not survive
one. Unlike those of `multiprocessing`, workers do not run the main module again, so that a script
needs no guard; they end when this process does, however it ends; and the death of one is told with
its cause.
"""

from __future__ import annotations

import pickle
import re
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from shutil import rmtree
from typing import Any, TypeVar

from matcher.execution.executor import ExecutionFailed, Executor, Shared, WorkerOutOfTime, WorkerStarved
from matcher.execution.pieces import PROTOCOL, outcome, packed
from matcher.execution.waiters import Waiters
from matcher.execution.worker import ENDING, NO_MEMORY, receive, send

T = TypeVar("T")

_START = "import sys; sys.path[:] = sys.argv[2:]; from matcher.execution.worker import serve; serve(sys.argv[1])"
MEMORY_WORDS = re.compile(r"bad_alloc|MemoryError|[Oo]ut of memory|[Cc]annot allocate memory|std::length_error")
"""What libraries write before they end a process that is refused memory."""
_END_SECONDS = 5.0
"""How long a worker that has closed its stdout may take to end."""


class Processes(Executor):
    """Runs pieces in worker processes, which start when first needed and are used again."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._waiters = Waiters(workers)
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._numbers = count()
        self._directory = Path(tempfile.mkdtemp(prefix="matcher-"))
        self._clean = weakref.finalize(self, rmtree, self._directory, ignore_errors=True)

    def submit(self, function: Callable[..., T], *arguments: object) -> Future[T]:
        """Queues one piece for the next worker that is free."""
        return self._waiters.submit(self._run, function, arguments)

    def share(self, value: object) -> Shared:
        """Writes a value to a file, which each worker loads once."""
        path = self._directory / f"shared-{next(self._numbers)}"
        with path.open("wb") as file:
            pickle.dump(value, file, PROTOCOL)
        return Shared(str(path))

    def halt(self) -> None:
        """Kills the workers that run a piece; new ones start when needed."""
        for worker in tuple(self._busy):
            worker.kill()

    def close(self) -> None:
        """Kills all workers and removes what was shared."""
        self._waiters.close(self.halt)
        while self._idle:
            self._idle.pop().end()
        self._clean()

    def _run(self, function: Callable[..., object], arguments: tuple[object, ...]) -> Any:
        piece = packed(function, arguments)
        worker = self._free_worker()
        self._busy.add(worker)
        try:
            reply = worker.ask(piece)
        finally:
            self._busy.discard(worker)
        self._idle.append(worker)
        return outcome(reply)

    def _free_worker(self) -> _Worker:
        with suppress(IndexError):  # another thread may take the last one
            while worker := self._idle.pop():
                if worker.lives:
                    return worker
                worker.end()
        return _Worker(self._directory, next(self._numbers))


class _Worker:
    """One worker process, seen from this side."""

    def __init__(self, directory: Path, number: int) -> None:
        self._killed = False
        self._log = directory / f"worker-{number}.log"
        # -P: a file of the working directory must not stand in for a module of the standard library
        command = [sys.executable, "-P", "-c", _START, str(directory), *map(str, sys.path)]
        pipe = subprocess.PIPE
        try:
            with self._log.open("wb") as log, ending_signals_blocked():
                self._process = subprocess.Popen(command, bufsize=0, stdin=pipe, stdout=pipe, stderr=log)
        except OSError as error:
            raise ExecutionFailed(f"a worker process could not be started: {error}; try fewer workers") from error

    def ask(self, piece: bytes) -> bytes:
        """Returns the outcome of a piece.

        Raises
        ------
        ExecutionFailed
            if the worker ends before it answers.
        """
        incoming, outgoing = self._process.stdout, self._process.stdin
        assert incoming is not None
        assert outgoing is not None
        try:
            send(outgoing, piece)
            return receive(incoming)
        except (OSError, EOFError):
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
            self.end()
            raise self._death() from None
        except BaseException:  # such as too little memory for the outcome: what comes next is not for us
            self.end()
            raise

    @property
    def lives(self) -> bool:
        """Whether the process is there for another piece."""
        return not self._killed and self._process.poll() is None

    def kill(self) -> None:
        """Ends the process; whoever asks it is told."""
        self._killed = True
        self._process.kill()

    def end(self) -> None:
        """Ends the process and gives back what it held."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with suppress(OSError):
                stream.close()

    def _death(self) -> ExecutionFailed:
        code, words = self._process.returncode, self._logged()
        who = f"worker process {self._process.pid}"
        if code == -signal.SIGKILL:
            return WorkerStarved(f"{who} was killed by SIGKILL, as happens when memory runs out; try fewer workers")
        if code == -getattr(signal, "SIGXCPU", 0):
            return WorkerOutOfTime(f"{who} has used up the processor time that it may take")
        if code < 0:
            how = f"{who} was ended by {signal.Signals(-code).name}{words}"
        else:
            how = f"{who} ended with exit code {code} in the middle of a piece{words}"
        starved = code == NO_MEMORY or MEMORY_WORDS.search(words)
        return WorkerStarved(how) if starved else ExecutionFailed(how)

    def _logged(self) -> str:
        """Returns the last line that the worker wrote, as the end of a sentence."""
        with suppress(OSError):
            lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
            written = [line.strip() for line in lines if line.strip()]
            return f": {written[-1][:500]}" if written else ""
        return ""


@contextmanager
def ending_signals_blocked() -> Iterator[None]:
    """Blocks what asks to end for processes started in the block, from their first instruction on.

    Ctrl-C in a terminal, a hang-up and what a service manager sends reach every process; it is for this one to
    say what they mean, and to end the others.
    """
    if sys.platform == "win32":  # there a worker ignores Ctrl-C once it serves
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
