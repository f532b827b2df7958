"""What the solvers were tuned by. A unit of work takes about a second of one core; each engine counts its own.

Tolerances of engines and limits of integers are no settings: they stand where they are used.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WorkRates:
    """What each engine does for a unit of work."""

    conflicts: int = 5000
    """Conflicts of CP-SAT: seldom reached before its own measure of work, which hardly sees some of them."""
    terms: float = 2e7
    """Terms that a first-order method passes over."""
    interior_passes: int = 10
    """Passes of the interior-point method."""
    least_passes: int = 500
    """Passes that a first-order or interior-point method makes at least: fewer price nothing."""
    nodes: float = 1e8
    """Search nodes, per nonzero: a rough price of one node."""
    price_accuracy: float = 1e-4
    """Relative accuracy at which first-order prices are good enough: the blocks make the bound."""


@dataclass(frozen=True)
class EngineEffort:
    """Work of one run of an engine: a sum over its counters, fitted to processor seconds of one core."""

    start: float = 0.0
    """For each run ..."""
    term: float = 0.0
    """... and each term of its model."""
    pivot: float = 0.0
    """For each pivot of the simplex method ..."""
    pivot_row: float = 0.0
    """... and each row that it has ..."""
    pivot_rows: float = 0.0
    """... and each pair of rows: what a pivot updates fills up in large models."""
    node_term: float = 0.0
    """For each node of the search and term of the model."""
    pass_term: float = 0.0
    """For each pass of an interior-point or first-order method and term of the model."""

    def of_pivot(self, rows: int) -> float:
        """Returns the work of one pivot in a model of so many rows."""
        return self.pivot + self.pivot_row * rows + self.pivot_rows * rows**2

    def work(self, rows: int, terms: int, pivots: int, nodes: int, passes: int) -> float:
        """Returns the work of a run."""
        own = self.start + self.term * terms + self.of_pivot(rows) * pivots
        return own + self.node_term * nodes * terms + self.pass_term * passes * terms


@dataclass(frozen=True)
class EffortSettings:
    """What the runs of engines count as.

    Fitted by least squares to the runs of all engines in one solve of geneva-2015: the totals of each engine come
    within 4 % of what was measured, single runs of SCIP (547) and CP-SAT (461) mostly within a third. What the simplex
    method needs in large models comes from five relaxations of the whole, and is the roughest of these figures.
    """

    search: EngineEffort = EngineEffort(4.2e-3, 1.0e-6, 5.0e-5, 1.5e-8, node_term=1.2e-8)
    """SCIP."""
    branching: EngineEffort = EngineEffort(4.2e-3, 2.5e-6, 1.25e-4, 3.75e-8, node_term=3e-8)
    """HiGHS for integers: two and a half times SCIP's, by nine runs of a second each, mostly within a third."""
    simplex: EngineEffort = EngineEffort(4e-4, 3.0e-7, 1.1e-5, 7.3e-9, 2e-13)
    interior: EngineEffort = EngineEffort(term=2.1e-5, pivot_row=1.27e-8, pass_term=3.9e-7)
    first_order: EngineEffort = EngineEffort(4e-4, 1.0e-6, pass_term=4.9e-9)
    cpsat_start: float = 4.7e-3
    """For each run of CP-SAT ..."""
    cpsat_unit: float = 2.4
    """... and each unit of its own measure of work."""


@dataclass(frozen=True)
class RepairSettings:
    """The search for a point in whole units near an engine's point in real numbers."""

    reach: tuple[int, int] = (2, 12)
    """Granules by which a fine column may move, in the first and in the second try."""
    work: tuple[float, float] = (0.1, 0.5)
    """Work of each search for a whole point: the first mostly finds one at once."""
    few_columns: int = 40
    """So many columns that move are few: CP-SAT finds a whole point of them at once, and of more often none at all."""
    near_enough: tuple[float, float] = (1e-4, 5e-4)
    """Share of the objective's figure by which a whole point may miss the best nearby: the last of it takes longest."""
    room_shares: tuple[float, ...] = (1.0, 0.25)
    """Shares of the room for rounding that are tried, one after the other, where no whole point is near."""
    relaxation_work: float = 2.0
    """Work of the relaxation whose rows are tightened by what rounding can cost."""


@dataclass(frozen=True)
class SolverSettings:
    """All settings of the solvers."""

    rates: WorkRates = WorkRates()
    effort: EffortSettings = EffortSettings()
    repair: RepairSettings = RepairSettings()
    seed: int = 1
    """What the engines' random choices start from: another finds other portfolios, as good in the mean."""


DEFAULT_SOLVER_SETTINGS = SolverSettings()
"""What is used where none are passed."""
