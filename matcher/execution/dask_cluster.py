"""Pieces on a Dask cluster, which somebody else runs."""

from __future__ import annotations

import logging
import pickle
import platform
from asyncio import CancelledError
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

from matcher.errors import InvalidOptions
from matcher.execution.executor import ExecutionFailed, Executor, Shared
from matcher.execution.pieces import PROTOCOL, outcome, packed, performed
from matcher.execution.waiters import Waiters

T = TypeVar("T")

_CONNECT_SECONDS = 5.0
"""How long a scheduler may take to answer, and then to have a worker."""
_LOOK_SECONDS = 5.0
"""Between two looks at whether the cluster still has workers."""
_PACKAGES = ("matcher", "numpy", "ortools")
"""Packages whose versions decide what a solve finds."""


class DaskCluster(Executor):
    """Runs pieces on the workers that a scheduler has when it is opened, one per thread of theirs.

    A piece that runs there cannot be killed: once halted it is forgotten, and its thread is free
    again when it ends.
    """

    def __init__(self, address: str) -> None:
        """Connects to a scheduler.

        Raises
        ------
        InvalidOptions
            if `distributed` is not installed, no scheduler answers, it has no workers, or they do
            not have the same versions as this process.
        """
        try:
            self._dask = import_module("distributed")
        except ImportError as error:
            raise InvalidOptions(
                f"scheduler {address!r} needs the package distributed ({error}): pip install 'matcher[distributed]'"
            ) from None
        self._levels = _silenced()
        self._address = address
        try:
            self._client = self._connected()
        except BaseException:
            _restore(self._levels)
            raise
        self._waiters = Waiters(self.workers)
        self._running: set[Any] = set()

    def submit(self, function: Callable[..., T], *arguments: object) -> Future[T]:
        """Queues one piece for the next thread that is free."""
        return self._waiters.submit(self._run, function, arguments)

    def share(self, value: object) -> Shared:
        """Sends a value to every worker."""
        return Shared(self._client.scatter(pickle.dumps(value, PROTOCOL), broadcast=True, hash=False))

    def halt(self) -> None:
        """Forgets the pieces that run."""
        self._client.cancel(list(self._running))

    def close(self) -> None:
        """Forgets all pieces and leaves the cluster."""
        self._waiters.close(self.halt)
        try:
            self._client.close()
        finally:
            _restore(self._levels)

    def _connected(self) -> Any:
        client = self._dask.Client.__new__(self._dask.Client)
        try:
            client.__init__(self._address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except Exception as error:  # of many classes, by what is wrong with the address
            # Left to the garbage collector, a failed client can wait for ever for the lock under which
            # the next one starts.
            with suppress(Exception):
                client.close()
            raise InvalidOptions(f"no Dask scheduler answers at {self._address!r}: {error}") from error
        try:
            self.workers = self._usable_workers(client)
        except BaseException:
            client.close()
            raise
        return client

    def _usable_workers(self, client: Any) -> int:
        """Returns how many pieces run at once, having looked whether they run as they would here."""
        try:
            client.wait_for_workers(1, _CONNECT_SECONDS)
            found = client.run(versions)
        except TimeoutError as error:
            raise InvalidOptions(f"the Dask scheduler at {self._address!r} has no workers") from error
        except Exception as error:  # whatever the workers miss
            raise InvalidOptions(f"the workers of the Dask scheduler at {self._address!r} fail: {error}") from error
        _check_versions(found, self._address)
        return int(sum(client.nthreads().values()))

    def _run(self, function: Callable[..., object], arguments: tuple[object, ...]) -> Any:
        values = [each.content for each in arguments if isinstance(each, Shared)]
        bare = tuple(Shared(None) if isinstance(each, Shared) else each for each in arguments)
        future = self._client.submit(answer, packed(function, bare), *values, pure=False)
        self._running.add(future)
        try:
            return outcome(self._reply(future))
        finally:
            self._running.discard(future)

    def _reply(self, future: Any) -> bytes:
        try:
            while True:
                with suppress(TimeoutError):
                    return bytes(future.result(_LOOK_SECONDS))
                if not self._client.nthreads():
                    raise ExecutionFailed("it has lost all its workers")
        except (Exception, CancelledError) as error:  # never the piece's own: that one is in a reply
            text = str(error) or type(error).__name__
            raise ExecutionFailed(f"the Dask cluster at {self._address!r} lost a piece: {text}") from error


def answer(piece: bytes, *values: bytes) -> bytes:
    """Runs a piece on a worker of the cluster, with its shared values in order."""
    shared = iter(values)
    return performed(piece, lambda _: _loaded(next(shared)))


@lru_cache(maxsize=4)
def _loaded(value: bytes) -> object:
    """Loads a shared value once for each worker, which holds the bytes as one object."""
    return pickle.loads(value)


def versions() -> dict[str, str]:
    """Returns what decides whether two processes compute the same."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a checkout
            found[package] = "not installed"
    return found


def _check_versions(found: dict[str, dict[str, str]], address: str) -> None:
    here = versions()
    odd = [
        f"{worker} has {name} {theirs.get(name)}, here it is {here[name]}"
        for worker, theirs in sorted(found.items())
        for name in here
        if theirs.get(name) != here[name]
    ]
    if odd:
        raise InvalidOptions(f"the Dask cluster at {address!r} could find other results: {'; '.join(odd)}")


def _silenced() -> dict[str, int]:
    """Silences Dask's loggers, since what goes wrong is raised; returns their levels."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return levels


def _restore(levels: dict[str, int]) -> None:
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
