"""Solving processes with something odd about them, for tests of what their starter makes of it."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from matcher.isolation import parent

NEVER = 600
"""Seconds after which a process that nobody has ended dies of it, so that a test of its ending fails."""
_LIBC = ctypes.CDLL(None)


def beginning_with(*names: str) -> str:
    """Returns how a child is started that calls functions of this module before it serves."""
    calls = "; ".join(f"misbehaving_processes.{name}()" for name in names)
    return parent._START.replace(
        "from matcher.isolation.child", f"import misbehaving_processes; {calls}; from matcher.isolation.child"
    )


def _instead(do: Callable[[Any], None]) -> None:
    """Lets a solve begin with something else, which may tell a result."""
    from matcher.engine import solving

    real = solving.solve_within

    def odd(scenario: Any, options: Any, clock: Any, progress: Any, executor: Any, keep: Any, start: Any) -> Any:
        do(lambda: keep(lambda: real(scenario, options, solving.Clock(), None, executor)))
        return real(scenario, options, clock, progress, executor, keep, start)

    solving.solve_within = odd  # type: ignore[assignment]


def noisy() -> None:
    """Writes to stdout, at once and held back by C."""

    def noise(_: Any) -> None:
        _LIBC.puts(b"noise held back by C")
        os.write(1, b"noise at once\n")
        print("noise of Python")  # noqa: T201 - what is tested

    _instead(noise)


def stuck() -> None:
    """Tells a result, then heeds nothing: it sleeps with the interpreter's lock in hand."""

    def stick(tell: Any) -> None:
        tell()
        ctypes.PyDLL(None).sleep(NEVER)
        os._exit(99)

    _instead(stick)


def asleep() -> None:
    """Tells nothing and waits."""
    _instead(lambda _: _wait_for_the_end())


def told_and_asleep() -> None:
    """Tells a result and waits."""

    def wait(tell: Any) -> None:
        tell()
        _wait_for_the_end()

    _instead(wait)


def _wait_for_the_end() -> None:
    time.sleep(NEVER)
    os._exit(99)


def stuck_worker() -> None:
    """Tells a result, then waits for a worker process that is stuck."""
    from matcher.execution import Processes

    def stick(tell: Any) -> None:
        tell()
        with Processes(1) as processes:
            processes.submit(time.sleep, NEVER).result()
        os._exit(99)

    _instead(stick)


def hungry() -> None:
    """Tells a result, then takes memory without end."""

    def take(tell: Any) -> None:
        tell()
        _take_all()

    _instead(take)


def hungry_at_once() -> None:
    """Takes memory without end before there is anything to tell."""
    _instead(lambda _: _take_all())


def _take_all() -> None:
    taken = []
    while True:
        taken.append(b"x" * (1 << 22))


def hungry_worker() -> None:
    """Tells a result, then has a worker process take memory without end."""
    from matcher.execution import Processes

    def take(tell: Any) -> None:
        tell()
        with Processes(1) as processes:
            processes.submit(_take_all).result()

    _instead(take)


def _worker_dies_of(number: int) -> None:
    from matcher.execution import Processes

    def die(tell: Any) -> None:
        tell()
        with Processes(1) as processes:
            processes.submit(_kill_self, number).result()

    _instead(die)


def _kill_self(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(60)


def killed_worker() -> None:
    """Tells a result, then a worker process is killed."""
    _worker_dies_of(signal.SIGKILL)


def spent_worker() -> None:
    """Tells a result, then a worker process has used up its processor time."""
    _worker_dies_of(signal.SIGXCPU)


def faulty_worker() -> None:
    """Tells a result, then a worker process breaks."""
    _worker_dies_of(signal.SIGSEGV)


def killed() -> None:
    """Tells a result, then is killed, as by a system without memory."""

    def kill(tell: Any) -> None:
        tell()
        os.kill(os.getpid(), signal.SIGKILL)

    _instead(kill)


def aborted() -> None:
    """Tells a result, then aborts as C++ does when it is refused memory."""

    def abort(tell: Any) -> None:
        tell()
        os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n")
        os.abort()

    _instead(abort)


def faulty() -> None:
    """Tells a result, then breaks."""

    def fault(tell: Any) -> None:
        tell()
        os.write(2, b"about to break\n")
        os.kill(os.getpid(), signal.SIGSEGV)

    _instead(fault)


def faulty_at_once() -> None:
    """Breaks before there is anything to tell."""
    _instead(lambda _: os.kill(os.getpid(), signal.SIGSEGV))


def busy() -> None:
    """Tells a result, then computes without end, with a second left of the processor time that it may take.

    How much of that its start takes depends on the machine.
    """

    def compute(tell: Any) -> None:
        tell()
        import resource

        assert resource.getrlimit(resource.RLIMIT_CPU) == (50, 51)
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 2, 51))
        while True:
            pass

    _instead(compute)


def refusing() -> None:
    """Raises an error of the library."""
    from matcher.errors import InvalidOptions

    def refuse(_: Any) -> None:
        raise InvalidOptions("what was asked cannot be")

    _instead(refuse)


def _wait_for_a_thread() -> None:
    """Starts a thread that has no memory to begin with, and waits for it as Python does: for ever."""
    import _thread
    import threading

    def begin() -> None:
        raise MemoryError

    _thread.start_new_thread(begin, ())
    threading.Event().wait()


def without_memory_for_a_thread() -> None:
    """Waits for a thread that never begins."""
    _instead(lambda _: _wait_for_a_thread())


def worker_without_memory_for_a_thread() -> None:
    """Waits for a worker process that waits for a thread that never begins."""
    from matcher.execution import Processes

    def wait(_: Any) -> None:
        with Processes(1) as processes:
            processes.submit(_wait_for_a_thread).result()

    _instead(wait)


def with_a_thread_gone_silently() -> None:
    """Waits for a thread that is gone before it begins, and of which nobody hears."""
    import threading

    from matcher.execution import worker

    def wait(_: Any) -> None:
        worker.PATIENCE = 0.5
        for name in ("_start_new_thread", "_start_joinable_thread"):  # as Python names it before 3.13, and since
            if hasattr(threading, name):
                setattr(threading, name, lambda *_, **__: None)
        threading.Thread(target=print).start()

    _instead(wait)


def without_threads() -> None:
    """Fails as Python does when there is no room for a thread's stack."""

    def fail(_: Any) -> None:
        raise RuntimeError("can't start new thread")

    _instead(fail)
