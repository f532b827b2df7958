"""Threads that wait for pieces which run elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from matcher.execution.executor import POLL_SECONDS, ExecutionFailed

_Call = tuple[Future[Any], Callable[..., Any], tuple[object, ...]]


class Waiters:
    """A fixed number of threads that take calls in the order they come.

    They are daemons, unlike those of `ThreadPoolExecutor`: a program that is interrupted ends at
    once, without waiting for pieces that nobody will ask for.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._threads: list[Thread] = []
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._closed = False

    def submit(self, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        """Queues a call.

        Raises
        ------
        ExecutionFailed
            if the executor was closed.
        """
        if self._closed:
            raise ExecutionFailed("the executor is closed; open a new one")
        future: Future[Any] = Future()
        self._calls.put((future, function, arguments))
        if len(self._threads) < self._count:
            thread = Thread(target=self._work, name="matcher-waiter", daemon=True)
            self._threads.append(thread)
            thread.start()
        return future

    def close(self, halt: Callable[[], None]) -> None:
        """Cancels the calls that wait and ends the threads, calling `halt` until none is in a call."""
        self._closed = True
        try:
            while (call := self._calls.get_nowait()) is not None:
                call[0].cancel()
        except Empty:
            pass
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads:
            while thread.is_alive():
                halt()
                thread.join(POLL_SECONDS)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            future, function, arguments = call
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(function(*arguments))
            except BaseException as error:  # handed on by the future
                future.set_exception(error)
            del call, future, arguments  # nothing outlives its piece while the thread waits for the next
