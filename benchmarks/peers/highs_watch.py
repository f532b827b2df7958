"""Follows HiGHS while it solves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import highspy

from benchmarks.outcome import Trajectory

CALLBACKS = (
    highspy.cb.HighsCallbackType.kCallbackMipImprovingSolution,
    highspy.cb.HighsCallbackType.kCallbackMipInterrupt,
)
"""Events at which something may be new; the second comes often, log or no log."""


def watching(trajectory: Trajectory, sign: float) -> Callable[..., None]:
    """Returns a callback that records value and bound; `sign` is -1 where the model minimises the negative."""

    def record(kind: Any, message: str, data_out: Any, data_in: Any, user_data: Any) -> None:
        trajectory.add(sign * data_out.mip_primal_bound, sign * data_out.mip_dual_bound)

    return record
