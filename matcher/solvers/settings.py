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
    pivots: int = 5000
    """Pivots of the simplex method."""
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
class RepairSettings:
    """The search for a point in whole units near an engine's point in real numbers."""

    reach: tuple[int, int] = (2, 12)
    """Granules by which a fine column may move, in the first and in the second try."""
    work: tuple[float, float] = (0.1, 0.5)
    """Work of each search for a whole point: the first mostly finds one at once."""
    near_enough: float = 1e-4
    """Share of the objective's figure by which a whole point may miss the best nearby."""
    room_shares: tuple[float, ...] = (1.0, 0.25)
    """Shares of the room for rounding that are tried, one after the other, where no whole point is near."""
    relaxation_work: float = 2.0
    """Work of the relaxation whose rows are tightened by what rounding can cost."""


@dataclass(frozen=True)
class SolverSettings:
    """All settings of the solvers."""

    rates: WorkRates = WorkRates()
    repair: RepairSettings = RepairSettings()


DEFAULT_SOLVER_SETTINGS = SolverSettings()
"""What is used where none are passed."""
