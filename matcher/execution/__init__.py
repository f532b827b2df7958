"""Where the independent pieces of a solve run: in this process, in local processes, on a Dask cluster.

A piece is a module-level function and a payload; both travel by pickle::

    with executor_for(workers=4) as executor:
        model = executor.share(large)                        # sent once, not with every piece
        results = executor.map(improve, groups, shared=model)  # improve(large, group) for each

Results come in the order of the payloads, whatever the order in which pieces end, so that nothing
depends on where they ran or on how many ran at once. A function must not change what is shared.
"""

from __future__ import annotations

from matcher.errors import InvalidOptions
from matcher.execution.dask_cluster import DaskCluster
from matcher.execution.executor import ExecutionFailed, Executor, Shared, WorkerOutOfTime, WorkerStarved
from matcher.execution.processes import Processes
from matcher.execution.serial import Serial

__all__ = [
    "DaskCluster",
    "ExecutionFailed",
    "Executor",
    "Processes",
    "Serial",
    "Shared",
    "WorkerOutOfTime",
    "WorkerStarved",
    "executor_for",
]


def executor_for(workers: int, scheduler: str | None = None) -> Executor:
    """Returns the executor for a number of local workers, or for the Dask cluster of a scheduler.

    Raises
    ------
    InvalidOptions
        if there is no such number of workers, or the cluster cannot be used.
    """
    if scheduler is not None:
        return DaskCluster(scheduler)
    if workers < 1:
        raise InvalidOptions(f"found {workers} workers; expected 1 or more")
    return Serial() if workers == 1 else Processes(workers)
