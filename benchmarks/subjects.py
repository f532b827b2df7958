"""Everything that is measured: this engine, its formulations, and the peers.

A subject builds a model; a solver also solves it. A name that is not registered is an error that
lists those that are; a subject whose code or packages are not there says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from benchmarks.outcome import GAP, Dimensions, Trajectory
from benchmarks.peers import PEERS
from benchmarks.registry import registered
from matcher import OptionSet, Progress, Scenario, SolveOptions, find_options

ROUNDING = 1e-5
"""Difference of values below which two are the same."""


class NotInstalled(Exception):
    """A subject's code or packages are not there."""


@dataclass(frozen=True)
class Built:
    """A model as built."""

    model: Any
    """What the subject holds."""
    count: Callable[[], Dimensions]
    """Tells how large it is: no part of building."""


@dataclass(frozen=True)
class Ended:
    """How a solve ended."""

    status: str
    """The solver's word for it."""
    build_seconds: float | None = None
    """Seconds of building, where that is a part of the solve."""
    dimensions: Dimensions | None = None
    """How large the model is, where only the solve tells."""


def _as_it_is(scenario: Scenario) -> Scenario:
    return scenario


@dataclass(frozen=True)
class Subject:
    """Something that builds a model of a scenario, and perhaps solves it."""

    name: str
    """Name in the registry."""
    title: str
    """Name in tables."""
    packages: tuple[str, ...]
    """Modules that it needs."""
    build: Callable[[Any], Built]
    """Builds the model of what `prepare` returns."""
    solve: Callable[[Built, float, int, Trajectory], Ended] | None = None
    """Solves for so many seconds with so many threads; returns how it ended."""
    prepare: Callable[[Scenario], Any] = _as_it_is
    """Returns what is built on: the scenario as it is, or its options."""

    def missing(self) -> list[str]:
        """Returns the modules that are not there."""
        return [package for package in self.packages if not _is_there(package)]

    def check(self) -> None:
        """Raises NotInstalled unless all that the subject needs is there."""
        if self.missing():
            raise NotInstalled(f"{self.name} needs {', '.join(self.missing())}: install the extra 'bench'")

    def load(self) -> None:
        """Imports all that the subject needs, so that no clock counts it."""
        self.check()
        for package in self.packages:
            import_module(package)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _assignment(options: OptionSet) -> Built:
    """The engine's path formulation."""
    from benchmarks.peers.assignment.arrays import build_arrays
    from benchmarks.peers.assignment.formulation import formulate

    return _ours(formulate(build_arrays(options)))


def _compact(scenario: Scenario) -> Built:
    """The engine's compact formulation: money and work apart."""
    return _ours(import_module("matcher.formulation.formulate").formulate(scenario))


def _ours(formulated: Any) -> Built:
    model = formulated.model
    integers = int((~model.relaxable).sum())
    return Built(formulated, lambda: Dimensions(model.rows.count, model.columns, len(model.rows.column), integers))


def _whole_engine(scenario: Scenario) -> Built:
    """The engine builds inside its solve: nothing is built ahead."""
    return Built(scenario, lambda: Dimensions(0, 0, 0, 0))


def _solve_engine(built: Built, seconds: float, threads: int, trajectory: Trajectory) -> Ended:
    """The engine with a limit on the clock and none on work, in so many processes."""
    from matcher import solve  # brings OR-Tools, which no process with highspy survives
    from matcher.execution import executor_for

    def follow(progress: Progress) -> None:
        trajectory.add(progress.incumbent, progress.bound)

    options = SolveOptions(time_limit=seconds, work=10**6, gap=Decimal(str(GAP)))
    with executor_for(threads) as executor:
        result = solve(built.model, options, progress=follow, executor=executor)
    for stage in result.stages[:1]:  # rounded to six decimals, and not news if it was reported in full
        known, value = trajectory.last.value, float(stage.value)
        is_news = known is None or value > known + ROUNDING
        trajectory.add(value if is_news else None, None if stage.bound is None else float(stage.bound))
    sizes = result.sizes
    dimensions = Dimensions(sizes.rows, sizes.columns, sizes.nonzeros, sizes.integers)
    return Ended(f"{result.status}, {result.stopped_by}, {result.method}", result.timings.build, dimensions)


def _peer(name: str) -> Subject:
    peer = PEERS[name]

    def build(options: OptionSet) -> Built:
        model = peer.load().build(options)
        return Built(model, lambda: model.dimensions)

    def solve_it(built: Built, seconds: float, threads: int, trajectory: Trajectory) -> Ended:
        return Ended(built.model.solve(seconds, threads, trajectory))

    return Subject(name, peer.title, (*peer.packages, peer.module), build, solve_it, find_options)


SUBJECTS: dict[str, Subject] = {
    subject.name: subject
    for subject in (
        Subject("matcher", "matcher", ("matcher.engine.solving",), _whole_engine, _solve_engine),
        Subject("compact", "matcher, compact", ("matcher.formulation.formulate",), _compact),
        Subject(
            "assignment",
            "matcher, assignment",
            ("benchmarks.peers.assignment.arrays", "benchmarks.peers.assignment.formulation"),
            _assignment,
            prepare=find_options,
        ),
        *map(_peer, PEERS),
    )
}


def subject_of(name: str) -> Subject:
    """Returns a registered subject; an unknown name is a ValueError that lists those known."""
    return registered(SUBJECTS, "subject", name)


def solvers() -> list[str]:
    """Returns the names of the subjects that solve."""
    return [each.name for each in SUBJECTS.values() if each.solve is not None]
