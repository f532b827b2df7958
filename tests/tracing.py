"""Runs a job in a child process that is stopped at every call it makes to the system about files.

At each call, before and after, the child can be killed, or the call made to fail or to write less than it
was asked: by the kernel's own means (ptrace), so that nothing of the job is replaced and no call can be
overlooked, whether Python, its buffers or a C library makes it. Linux on x86-64 only.
"""

from __future__ import annotations

import ctypes
import gc
import os
import platform
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

CALLS = {
    **{0: "read", 1: "write", 2: "open", 3: "close", 4: "stat", 5: "fstat", 6: "lstat", 17: "pread64", 18: "pwrite64"},
    **{19: "readv", 20: "writev", 21: "access", 40: "sendfile", 74: "fsync", 75: "fdatasync", 76: "truncate"},
    **{77: "ftruncate", 78: "getdents", 79: "getcwd", 80: "chdir", 82: "rename", 83: "mkdir", 84: "rmdir", 85: "creat"},
    **{86: "link", 87: "unlink", 88: "symlink", 89: "readlink", 90: "chmod", 91: "fchmod", 162: "sync"},
    **{217: "getdents64", 257: "openat", 258: "mkdirat", 262: "newfstatat", 263: "unlinkat", 264: "renameat"},
    **{265: "linkat", 266: "symlinkat", 267: "readlinkat", 268: "fchmodat", 269: "faccessat", 277: "sync_file_range"},
    **{280: "utimensat", 285: "fallocate", 306: "syncfs", 316: "renameat2", 326: "copy_file_range", 332: "statx"},
}
"""Calls about files, by their numbers."""
WRITES = frozenset({"write", "pwrite64"})
"""Calls that take a number of bytes, and may write fewer."""
REMOVALS = frozenset({"unlink", "unlinkat", "rmdir"})
RENAMES = frozenset({"rename", "renameat", "renameat2"})
FLUSHES = frozenset({"fsync", "fdatasync"})
READS = frozenset(
    {"read", "stat", "fstat", "lstat", "newfstatat", "statx", "access", "getdents", "getdents64", "getcwd", "readlink"}
)
"""Calls that change nothing."""

_MARK = 110  # getppid: the child makes it where the job starts and where it ends, and nowhere else
_TRACE_ME, _GET_REGISTERS, _SET_REGISTERS, _DETACH, _NEXT_CALL, _SET_OPTIONS = 0, 12, 13, 17, 24, 0x4200
_MARK_CALLS, _KILL_WITH_TRACER = 1, 0x100000
_CALL_STOP = signal.SIGTRAP | 0x80
_NO_CALL = 2**64 - 1


class _Registers(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_uint64)
        for name in (
            *("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi"),
            *("orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs"),
        )
    )


@dataclass(frozen=True)
class Action:
    """What happens at one call."""

    kill: str = ""
    """``before`` or ``after`` the call; ``half``: after half the bytes of a write."""
    error: int = 0
    """The number of the error that the call ends with."""
    done: bool = False
    """Whether the call that ends with an error is done all the same."""
    short: bool = False
    """Whether a write writes half the bytes and says so."""


@dataclass(frozen=True)
class Call:
    """One call about a file."""

    index: int
    name: str
    file: int
    """Its first argument: for writes, flushes and closes the number of the open file."""


Plan = Callable[[Call], Action | None]
"""Says for each call what happens at it; None lets it be."""


@dataclass
class Trace:
    """What became of a job."""

    calls: list[str] = field(default_factory=list)
    """Names of its calls, in order, as far as it came."""
    touched: list[Call] = field(default_factory=list)
    """Those that an action of the plan befell."""
    killed: bool = False
    report: str = ""
    """What the job returned."""


def refusal() -> str:
    """Returns why jobs cannot be traced here; empty if they can."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "traces calls of Linux on x86-64"
    try:
        calls = traced(lambda: str(os.stat(os.curdir).st_size), lambda _: None).calls  # noqa: PTH116 - one call
    except OSError as error:
        return f"this system does not let a process trace its child ({error})"
    return "" if len(calls) == 1 else "the calls of a child cannot be seen here"


def traced(job: Callable[[], str], plan: Plan) -> Trace:
    """Runs a job in a child under a plan and tells what became of it."""
    inlet, outlet = os.pipe()
    child = os.fork()
    if child == 0:
        _run(job, outlet)
    os.close(outlet)
    trace = Trace()
    try:
        _follow(child, plan, trace)
        with os.fdopen(inlet, "rb") as reports:
            trace.report = reports.read().decode("utf-8")
    finally:
        _bury(child)
    return trace


def _run(job: Callable[[], str], outlet: int) -> None:
    """The child: does the job between two marks, reports, and ends."""
    report = b"the child itself failed"
    try:
        gc.disable()  # no calls at other moments than the job's own
        _ask(_TRACE_ME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.getppid()
        try:
            text = job()
        finally:
            os.getppid()
        report = text.encode("utf-8")
    finally:
        with os.fdopen(outlet, "wb") as reports:
            reports.write(report)
        os._exit(0)


def _follow(child: int, plan: Plan, trace: Trace) -> None:
    """Lets the child go from call to call, up to the end of its job or its death."""
    _, status = os.waitpid(child, 0)
    if not os.WIFSTOPPED(status):
        raise OSError("the child cannot be traced")
    _ask(_SET_OPTIONS, child, _MARK_CALLS | _KILL_WITH_TRACER)
    working, passed_on = False, 0
    while True:
        _ask(_NEXT_CALL, child, passed_on)
        _, status = os.waitpid(child, 0)
        if not os.WIFSTOPPED(status):
            trace.killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            return
        stopped_by = os.WSTOPSIG(status)
        passed_on = 0 if stopped_by == _CALL_STOP else stopped_by
        if passed_on:
            continue
        registers = _registers(child)
        if registers.orig_rax == _MARK:
            _finish(child)
            if working:
                _ask(_DETACH, child)
                return
            working = True
            continue
        name = CALLS.get(registers.orig_rax) if working else None
        if name is None:
            _finish(child)
            continue
        trace.calls.append(name)
        call = Call(len(trace.calls), name, registers.rdi)
        action = plan(call)
        if action is not None:
            trace.touched.append(call)
            if _act(child, registers, action):
                _, status = os.waitpid(child, 0)
                trace.killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
                return
        else:
            _finish(child)


def _act(child: int, registers: _Registers, action: Action) -> bool:
    """Does to a call what the plan says; returns whether the child is dead."""
    asked = _Registers.from_buffer_copy(registers)
    if action.kill == "before" or (action.error and not action.done):
        registers.orig_rax = _NO_CALL
        _put(child, registers)
    if action.kill == "half" or action.short:
        registers.rdx = max(1, registers.rdx // 2)
        _put(child, registers)
    if action.kill == "before":
        os.kill(child, signal.SIGKILL)
        return True
    _finish(child)
    if action.kill:
        os.kill(child, signal.SIGKILL)
        return True
    ended = _registers(child)
    ended.rdx = asked.rdx  # programs count on their arguments being left as they were
    if action.error:
        ended.rax = (2**64 - action.error) % 2**64
    _put(child, ended)
    return False


def _finish(child: int) -> None:
    """Lets the call at whose start the child stands run to its end."""
    _ask(_NEXT_CALL, child)
    os.waitpid(child, 0)


def _bury(child: int) -> None:
    """Sees that a child is gone, whatever it was doing."""
    try:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    except (ProcessLookupError, ChildProcessError):
        return


def _registers(child: int) -> _Registers:
    registers = _Registers()
    _ask(_GET_REGISTERS, child, ctypes.addressof(registers))
    return registers


def _put(child: int, registers: _Registers) -> None:
    _ask(_SET_REGISTERS, child, ctypes.addressof(registers))


_LIBRARY = ctypes.CDLL(None, use_errno=True)


def _ask(request: int, child: int, data: int = 0) -> None:
    """Makes a request to the tracer in the kernel."""
    answer = _LIBRARY.ptrace(
        ctypes.c_long(request), ctypes.c_long(child), ctypes.c_void_p(None), ctypes.c_void_p(data or None)
    )
    if answer == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
