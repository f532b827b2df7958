"""Pieces in this process, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from matcher.execution.executor import Executor, Shared

T = TypeVar("T")


class Serial(Executor):
    """Runs a piece when it is submitted; nothing is copied."""

    workers = 1

    def submit(self, function: Callable[..., T], *arguments: object) -> Future[T]:
        """Runs one piece to its end."""
        future: Future[T] = Future()
        try:
            future.set_result(function(*(each.content if isinstance(each, Shared) else each for each in arguments)))
        except Exception as error:  # handed on by the future
            future.set_exception(error)
        return future

    def share(self, value: object) -> Shared:
        """Returns the value as it is."""
        return Shared(value)

    def halt(self) -> None:
        """Does nothing: when this can be called, no piece runs."""

    def close(self) -> None:
        """Does nothing."""
