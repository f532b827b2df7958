"""Signals that end a command: the first asks for what there is to be saved, a second Ctrl-C aborts."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Self, TypeVar

from matcher.cli.exits import Exit
from matcher.cli.talk import message

if TYPE_CHECKING:
    from matcher.portfolio.result import Cancel

T = TypeVar("T")
POLL = 0.05
"""Seconds between two looks at the working thread; signals are handled in between."""
SAME = 0.3
"""Seconds in which a further Ctrl-C is the first once more: ``timeout -s INT`` sends it twice in a row."""


class Interruption:
    """What a command that has something to save makes of SIGINT (Ctrl-C), SIGTERM and SIGHUP.

    The first asks the solve to stop, so that its best portfolio is saved. Later ones change nothing:
    ``timeout`` and shells that hang up send theirs twice, and who stops a service may press Ctrl-C too. Only a second
    Ctrl-C ends the command at once.
    """

    def __init__(self, cancel: Cancel, now: Callable[[], float] = time.monotonic, *, language: str = "en") -> None:
        self.cancel = cancel
        self.language = language
        """Language of what is said of it."""
        self.first: signal.Signals | None = None
        """The signal that came first; None if none did."""
        self._now = now
        self._pressed: float | None = None
        """When the first Ctrl-C came, by `now`; None if none did."""
        self._announced = self._saved = self._ending = False

    @property
    def exit(self) -> Exit | None:
        """Exit code of what was interrupted; None if nothing was."""
        return None if self.first is None else Exit(128 + self.first)

    @property
    def cause(self) -> str:
        """Says that there was an interruption and by what."""
        if self.first is None or self.first == signal.SIGINT:
            return message("interrupted", self.language)
        return message("interrupted_by", self.language, signal=self.first.name)

    @property
    def way_out(self) -> str:
        """Says how the command is ended at once, whatever was found: by two Ctrl-C in all."""
        return message("abort_again" if self.first == signal.SIGINT else "abort_twice", self.language)

    @contextmanager
    def heard(self) -> Iterator[Self]:
        """Handles the signals in this block, but for those that the process was started to ignore, as by nohup.

        Raises
        ------
        SystemExit
            at the second Ctrl-C; also at the first signal, once `nothing_to_lose` was called.
        """
        from matcher.execution.worker import ENDING

        before = {}
        if threading.current_thread() is threading.main_thread():  # no other may handle signals
            found = {number: signal.getsignal(number) for number in ENDING}
            before = {number: handler for number, handler in found.items() if handler not in (signal.SIG_IGN, None)}
        try:
            for number in before:
                signal.signal(number, self._hear)
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def nothing_to_lose(self) -> None:
        """Lets the next signal end the command at once: what there is, is saved."""
        self._saved = True

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Lets what is saved be shown to nobody after a hang-up: the terminal is gone."""
        try:
            yield
        except OSError:
            if not (self._saved and self.exit == Exit.HUNG_UP):
                raise

    def run(self, job: Callable[[], T], announce: Callable[[], None]) -> T:
        """Runs a job in a thread of its own, so that this one can handle signals; announces the first of them.

        Raises
        ------
        SystemExit
            at the second Ctrl-C; the job is left behind.
        """
        outcome: list[T] = []
        failure: list[BaseException] = []

        def work() -> None:
            try:
                outcome.append(job())
            except BaseException as error:  # handed on to the waiting thread
                failure.append(error)

        thread = threading.Thread(target=work, name="solve", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(POLL)
            self._announce(announce)
        self._announce(announce)
        if failure:
            raise failure[0]
        return outcome[0]

    def _announce(self, announce: Callable[[], None]) -> None:
        """Announces the first signal, once: here, as a handler may come in the middle of another line."""
        if self.first is not None and not self._announced:
            self._announced = True
            announce()

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        """Takes a signal; another may come in the middle of this."""
        again = number == signal.SIGINT and self._pressed_again()
        if self.first is None:
            self.first = signal.Signals(number)
            if self._saved:
                self._end()
            self.cancel.cancel()
        elif again or (self._saved and not self._ending):
            self._end()

    def _pressed_again(self) -> bool:
        """Takes a Ctrl-C; returns whether it is the second, and not the first once more."""
        if self._pressed is None:
            self._pressed = self._now()
            return False
        return self._now() - self._pressed > SAME

    def _end(self) -> None:
        self._ending = True
        raise SystemExit(self.exit)
