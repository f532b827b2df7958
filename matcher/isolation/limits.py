"""What a solve in a process of its own may use."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from pydantic import Field, Strict

from matcher.errors import InvalidOptions
from matcher.scenario import Frozen

LEAST_MEMORY = 256
"""Mebibytes that the interpreter and the libraries take before anything is solved, with some room."""


class ProcessLimits(Frozen):
    """Limits of each process of a solve; None is no limit."""

    memory_mib: Annotated[int, Strict(), Field(ge=LEAST_MEMORY, le=2**30)] | None = None
    """Mebibytes of private memory, as Linux counts them (``RLIMIT_DATA``)."""
    cpu_seconds: Annotated[int, Strict(), Field(ge=2, le=10**8)] | None = None
    """Seconds of processor time of all threads together; starting takes about one."""

    @property
    def needed(self) -> bool:
        """Whether there is a limit at all."""
        return self.memory_mib is not None or self.cpu_seconds is not None


def check_limits(limits: ProcessLimits) -> None:
    """Refuses limits that this system does not keep.

    Raises
    ------
    InvalidOptions
        if there are any, on another system than Linux.
    """
    if limits.needed and sys.platform != "linux":
        raise InvalidOptions(f"limits of memory and processor time hold on Linux only; this is {sys.platform}")


def apply_limits(memory_mib: int, cpu_seconds: int) -> None:
    """Sets the limits of this process and of those it will start; 0 is no limit."""
    if sys.platform != "linux":  # refused where they were asked for
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a limit is not a crash to be studied
    if memory_mib:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_mib << 20, memory_mib << 20))
    if cpu_seconds:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))


Exhausted = Literal["memory", "processor_time", "kill"]
"""What ran out; a kill by somebody else is what a system without memory does."""
