"""What a solve returns: status, portfolio, figures, bounds and where they came from.

Absent is None. Wall-clock figures live in `Timings`, which no document of a result contains.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from threading import Event
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field, Strict, model_validator
from pydantic.json_schema import SkipJsonSchema

from matcher.portfolio.portfolio import Partnership, Portfolio
from matcher.scenario import Frozen, Scenario
from matcher.scenario.entities import ReasonCode
from matcher.scenario.fields import Count, Id, Share, Text

Status = Literal["optimal", "feasible", "infeasible", "no_portfolio"]
"""optimal: every objective within the asked gap; feasible: a portfolio, but the search ended first;
infeasible: no portfolio exists; no_portfolio: a limit came before the first portfolio."""

StopReason = Literal["gap", "time", "work", "search_ended", "bound_refuted", "cancel", "resource_exhausted", "crash"]
"""gap: as near to the best as asked; time, work: a limit; search_ended: no limit, but nothing was left to
try; bound_refuted: a portfolio passed a solver's bound, which was dropped; cancel: asked to; resource_exhausted: the
process had no more memory or processor time to use; crash: it died of something else."""
EndCode = Literal["memory", "machine_memory", "processor_time", "killed", "signal", "exit_code", "failed"]
"""memory: MiB that the process might use; machine_memory: all of the machine's; processor_time: seconds that it
might use; killed: as a system does whose memory runs out; signal, exit_code: what the process ended with; failed:
an error that it reported itself."""
Method = Literal["auto", "whole", "decomposition"]
Confirmer = Literal["arithmetic", "highs", "scip"]
"""What a proof that there is no portfolio can be confirmed by."""
Engine = Literal["auto", "scip", "highs", "cpsat"]
Phase = Literal[
    "starting_plan",
    "one_model",
    "relaxation_first_order",
    "relaxation_interior",
    "relaxation_simplex",
    "states_valued",
    "single_states",
    "states_at_prices",
    "groups",
    "all_at_once",
]
"""What a solve can be doing."""
Figures = Mapping[str, int | str]
"""Figures of a conflict by what they count."""


class SolveOptions(Frozen):
    """How to solve, and when to stop."""

    method: Method = "auto"
    """whole: one model; decomposition: State by State; auto: by size."""
    engine: Engine = "auto"
    """Solver of mixed-integer models."""
    gap: Share = Decimal("0.0001")
    """Gap between bound and portfolio at which an objective counts as solved; see `Stage.gap`."""
    work: Annotated[int, Strict(), Field(ge=1, le=10**6)] = 120
    """Deterministic work budget: about seconds of one 2020s core, never measured by a clock."""
    time_limit: Annotated[float, Field(gt=0, le=10**7)] | None = None
    """Wall-clock limit in seconds. A result that it cut short may differ from run to run."""


class Figure(Frozen):
    """One objective as a figure of the portfolio."""

    objective: Text
    """Name of the objective."""
    exact: Annotated[str, Strict(), Field(pattern=r"^-?\d+(/\d+)?$")]
    """Exact value, as an integer or a fraction p/q."""
    value: Text
    """The same value rounded to six decimals, for reading."""


class Stage(Frozen):
    """How far one objective was pursued."""

    objective: Text
    """Name of the objective, the sum of a blend's parts, or ``weighted``."""
    sense: Literal["max", "min"]
    """Whether more or less is better."""
    value: Text
    """Value reached when the stage ended, rounded to six decimals."""
    exact: Annotated[str, Strict(), Field(pattern=r"^-?\d+(/\d+)?$")]
    """The same value, as an integer or a fraction p/q."""
    bound: Text | None
    """No portfolio that keeps what earlier objectives demand can be better than this, rounded to six decimals away from
    the value, so that it holds as it is written; None if unknown."""
    gap: float | None
    """Relative distance between value and bound, of counts below ten the distance itself, rounded up to six decimals;
    None if no bound."""
    solved: bool
    """Whether the gap is within what was asked."""
    closing: bool = False
    """Whether this is no entry of the order: pursued once more after it, with all entries kept, so that nothing stays
    open that costs nothing."""


class Barrier(Frozen):
    """A rule that keeps partners from a need."""

    code: ReasonCode
    """Code of the rule."""
    offer: Text | None
    """Offer whose rule it is; None if it is of all together."""
    found: Text
    """What there is."""
    wanted: Text
    """What the rule asks for."""


class Conflict(Frozen):
    """Why there is no portfolio."""

    reason: Text
    """Code of the reason."""
    subjects: tuple[Text, ...]
    """Ids, years and positions of what is in conflict."""
    figures: Mapping[Text, Annotated[int, Strict()] | Text] = {}
    """Figures by what they count: money in minor units of the scenario's currency, quantities in units of the
    capability (beside their unit), years, States, partners; ratios as decimal numbers in text."""
    barriers: tuple[Barrier, ...] = ()
    """Of a commitment that is no eligible option: the rules against it."""

    def __hash__(self) -> int:
        return hash((self.reason, self.subjects, tuple(sorted(self.figures.items())), self.barriers))

    @model_validator(mode="before")
    @classmethod
    def _without_sentence(cls, data: Any) -> Any:
        """Drops the sentence that earlier versions wrote: words are put to conflicts where they are reported."""
        if isinstance(data, Mapping) and isinstance(data.get("detail"), str):
            return {key: value for key, value in data.items() if key != "detail"}
        return data


class Ending(Frozen):
    """More about an end that was not the solve's own."""

    code: EndCode
    """What ran out, or how the process died."""
    amount: Annotated[int, Strict()] | None = None
    """MiB, seconds, or the exit code."""
    signal: Text | None = None
    """Name of the signal."""
    output: Text | None = None
    """The last that the process wrote, as it is."""


class StateAgreements(Frozen):
    """How few agreements carry a State's part: groups of a provider that pays and one that works."""

    state: Id
    """The State."""
    agreements: Count
    """Agreements."""
    breaks: Count
    """Years in which one starts again after a year without."""
    proven: bool
    """Whether the same flows cannot do with fewer."""


class Lot(Frozen):
    """States, or providers, that are equal but for their names: who of them gets which part was drawn by lot."""

    kind: Literal["states", "providers"]
    """What they are."""
    members: tuple[Id, ...]
    """Their ids."""


class Sizes(Frozen):
    """How large the problem was."""

    options: Count = 0
    """Eligible options."""
    columns: Count = 0
    """Columns of the whole model."""
    rows: Count = 0
    """Rows of the whole model."""
    nonzeros: Count = 0
    """Coefficients of the whole model."""
    integers: Count = 0
    """Integer columns of the whole model."""
    checks: Count = 0
    """Portfolios that the checker was asked about."""


class Timings(Frozen):
    """Wall-clock seconds; never part of a result's document."""

    total: float = 0.0
    """Whole solve."""
    build: float = 0.0
    """Options, arrays and formulation."""
    first_portfolio: float | None = None
    """From start to the first exact portfolio."""
    verification: float = 0.0
    """Independent checks."""


class Result(Frozen):
    """The answer to one scenario."""

    result: Annotated[int, Strict(), Field(ge=1, le=1)] = 1
    """Version of the result format."""
    scenario: Id
    """Name of the scenario."""
    scenario_hash: Text
    """SHA-256 of the resolved scenario."""
    version: Text
    """Version of the engine."""
    solver: Text
    """Solver library and version."""
    options: SolveOptions
    """Options of the solve."""
    method: Literal["whole", "decomposition"] | None
    """Method used; None if the solve ended before it could be chosen."""
    status: Status
    """Outcome."""
    stopped_by: StopReason
    """What ended the solve."""
    stopped_how: Ending | Text | None = None
    """More about an end that was not the solve's own: what ran out, or what the process died of. In results of
    earlier versions, a sentence."""
    repeatable: bool = False
    """Whether the same scenario, options and version give the same result: no clock had a say in it."""
    stages: tuple[Stage, ...] = ()
    """One per objective, in order."""
    figures: tuple[Figure, ...] = ()
    """All objectives of the portfolio, recomputed by the checker."""
    portfolio: Portfolio | None = None
    """The proposal, checked."""
    partnerships: tuple[Partnership, ...] = ()
    """The proposal as agreements."""
    conflicts: tuple[Conflict, ...] = ()
    """Why there is no portfolio, where there is none: a smallest set of decisions and limits
    that cannot all hold; there may be others. Where decisions are impossible each alone, one such set after another."""
    confirmed_by: Confirmer | None = None
    """What came to the same conflicts independently: another engine, or arithmetic."""
    started_from: Text | None = None
    """SHA-256 of the portfolio that the search started from, where one was given."""
    agreements: tuple[StateAgreements, ...] = ()
    """How few agreements carry each State's part; none where the solve was stopped before that."""
    lots: tuple[Lot, ...] = ()
    """Classes of equals that shared by lot."""
    sizes: Sizes = Sizes()
    """How large the problem was."""
    timings: SkipJsonSchema[Timings] = Field(default=Timings(), exclude=True)
    """Wall-clock seconds (not part of the document)."""


@dataclass(frozen=True)
class Progress:
    """One report of a running solve."""

    elapsed: float
    """Wall-clock seconds since the start."""
    phase: Phase
    """What is being done."""
    objective: str
    """Objective being pursued."""
    incumbent: float | None
    """Its value in the best exact portfolio so far."""
    bound: float | None
    """Best valid bound so far."""
    gap: float | None
    """Relative gap between the two; of counts below ten, their difference."""
    detail: str = ""
    """More about the phase: of one that failed, the error."""
    level: int = 0
    """Place of the objective among those pursued, from 1 on; 0 where it is not known."""
    levels: int = 0
    """How many are pursued in turn."""
    work: float = 0.0
    """Work used so far, of the solve's budget."""


class ProgressCallback(Protocol):
    """Called with each report, in the thread that solves; what it raises ends the solve."""

    def __call__(self, progress: Progress, /) -> None: ...


@dataclass(frozen=True)
class Cancel:
    """A handle by which another thread (or a signal handler) ends a solve early."""

    event: Event = field(default_factory=Event)

    def cancel(self) -> None:
        """Asks the solve to stop; the best portfolio so far is returned."""
        self.event.set()

    @property
    def requested(self) -> bool:
        """Whether the solve was asked to stop."""
        return self.event.is_set()


@dataclass
class Clock:
    """Wall clock and work meter of one solve."""

    limit: float | None = None
    cancel: Cancel = field(default_factory=Cancel)
    start: float = field(default_factory=time.monotonic)
    reserve: float = 0.0
    """Seconds of the limit that are kept for what comes after the search."""
    within: Clock | None = None
    """The clock that this one is a part of, whose reserve may still grow."""

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start

    @property
    def left(self) -> float | None:
        """Seconds left, never negative; None without a limit."""
        if self.limit is None:
            return None
        own = max(0.0, self.limit - self.reserve - self.elapsed)
        most = None if self.within is None else self.within.left
        return own if most is None else min(own, most)

    def part(self, share: float) -> Clock:
        """Returns a clock with a share of the time left, that the same handle cancels."""
        if self.limit is None or self.left is None:
            return self
        return Clock(self.elapsed + self.left * share, self.cancel, self.start, within=self)

    def reason(self) -> Literal["time", "cancel"] | None:
        """Returns why the solve must stop now, or None."""
        if self.cancel.requested:
            return "cancel"
        return "time" if self.left == 0.0 else None


def engine_version() -> str:
    """Returns the version of the installed package, or ``unknown`` outside an installation."""
    try:
        return version("matcher")
    except PackageNotFoundError:
        return "unknown"


def scenario_hash(scenario: Scenario) -> str:
    """Returns the SHA-256 of a scenario's canonical JSON: same meaning, same hash."""
    return scenario.digest
