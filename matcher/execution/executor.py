"""What every executor does, and the order in which results come back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TypeVar, overload

from matcher.errors import MatcherError

T = TypeVar("T")

POLL_SECONDS = 0.05
"""Between two looks at whether to stop."""
GRACE_SECONDS = 2.0
"""How long pieces that run may go on after a stop."""


class ExecutionFailed(MatcherError):
    """A piece was lost where it ran; the message says how."""


class WorkerOutOfTime(ExecutionFailed):
    """A piece was lost because its process had used up the processor time that it may take."""


class WorkerStarved(ExecutionFailed):
    """A piece was lost because there was no memory for it."""


@dataclass(frozen=True)
class Shared:
    """Stands for a value that an executor holds ready for every piece; the function gets the value."""

    content: object
    """The value itself, or where a worker finds it: the executor's affair."""


class Executor(Protocol):
    """Runs pieces; a context manager. One thread at a time maps over it."""

    workers: int
    """How many pieces run at once."""

    def submit(self, function: Callable[..., T], *arguments: object) -> Future[T]:
        """Runs one piece; arguments that are `Shared` arrive as their values."""
        ...

    def share(self, value: object) -> Shared:
        """Holds a value ready for every piece, until the executor is closed."""
        ...

    def halt(self) -> None:
        """Ends the pieces that run now, where that can be done; others may follow."""
        ...

    def close(self) -> None:
        """Ends everything and leaves nothing behind."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @overload
    def map(
        self, function: Callable[..., T], payloads: Iterable[object], *, shared: Shared | None = None
    ) -> list[T]: ...

    @overload
    def map(
        self,
        function: Callable[..., T],
        payloads: Iterable[object],
        *,
        shared: Shared | None = None,
        should_stop: Callable[[], bool],
        grace: float = GRACE_SECONDS,
    ) -> list[T | None]: ...

    def map(
        self,
        function: Callable[..., T],
        payloads: Iterable[object],
        *,
        shared: Shared | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        grace: float = GRACE_SECONDS,
    ) -> list[T] | list[T | None]:
        """Returns ``function(payload)`` for each payload, in their order.

        Parameters
        ----------
        shared
            Where given, the function is called as ``function(value, payload)``.
        should_stop
            Asked before each submission and every few hundredths of a second. Once it says so, what
            has not begun is cancelled, what runs may end within `grace` seconds, and places without
            a result hold None.

        Raises
        ------
        ExecutionFailed
            if a piece was lost where it ran.
        Exception
            whatever the first failing piece, in the order of payloads, raised; all others are ended.
        """
        pieces = tuple(payloads)
        leading = () if shared is None else (shared,)
        futures: list[Future[T]] = []
        done = 0
        try:
            for payload in pieces:
                if should_stop():
                    break
                futures.append(self.submit(function, *leading, payload))
                done = _done(futures, done)
            while done < len(futures) and not should_stop():
                wait([futures[done]], POLL_SECONDS)
                done = _done(futures, done)
        except BaseException:
            _end(self, futures, 0.0)
            raise
        lost = _end(self, futures, grace) if done < len(futures) else set()
        kept = [None if future in lost else future.result() for future in futures]
        return kept + [None] * (len(pieces) - len(kept))


def _done(futures: Sequence[Future[T]], start: int) -> int:
    """Counts the futures that are done from the front on, raising the first failure among them."""
    while start < len(futures) and futures[start].done():
        futures[start].result()
        start += 1
    return start


def _end(executor: Executor, futures: Sequence[Future[T]], grace: float) -> set[Future[T]]:
    """Cancels what has not begun, awaits what runs, halts the rest; returns all without a result."""
    begun = [future for future in futures if not future.cancel()]
    running = late = wait(begun, grace).not_done
    while running:
        executor.halt()  # again and again: a piece may be on its way to a worker
        running = wait(running, POLL_SECONDS).not_done
    return late | {future for future in futures if future.cancelled()}
