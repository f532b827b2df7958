"""A solve in a process of its own, with limits of memory and processor time that hold.

The child tells what it has found, as checked results, while it solves. Whatever becomes of it (a
limit, an engine that does not heed a cancel, memory that ran out, a crash), the caller gets the last of
them, and what ended the solve.
"""

from __future__ import annotations

from matcher.isolation.limits import ProcessLimits
from matcher.isolation.parent import solve_isolated

__all__ = ["ProcessLimits", "solve_isolated"]
