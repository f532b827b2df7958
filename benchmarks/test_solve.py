"""Short solves by every solver, checked: `pytest benchmarks/test_solve.py`.

The engine's portfolio passes the independent checker, CP-SAT's does too; no value passes a bound,
neither its own nor anyone else's, for all bounds hold for all.
"""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.compare import Row, measure
from benchmarks.instances import generate
from benchmarks.subjects import SUBJECTS, solvers
from matcher import SolveOptions, solve, verify

SECONDS = 10.0
TOLERANCE = 1e-4
"""Relative distance by which engines with tolerances may pass a bound."""
SIZES = ("tiny", "small")
_ROWS: dict[tuple[str, str], Row] = {}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", solvers())
def test_solve(benchmark: BenchmarkFixture, name: str, size: str) -> None:
    """A solver's value does not pass its bound."""
    if SUBJECTS[name].missing():
        pytest.skip(f"{name} is not installed")
    row = benchmark.pedantic(measure, (name, size, 101, SECONDS, []), rounds=1)
    assert "failed" not in row, row
    _ROWS[name, size] = row
    benchmark.extra_info |= {key: row[key] for key in ("value", "bound", "gap", "first_seconds", "status")}
    if row["value"] is not None and row["bound"] is not None:
        assert row["value"] <= row["bound"] * (1 + TOLERANCE)


@pytest.mark.parametrize("size", SIZES)
def test_no_portfolio_passes_anyones_bound(size: str) -> None:
    """Whole portfolios, the engine's and CP-SAT's, stay below every bound that was proved."""
    rows = {name: row for (name, of_size), row in _ROWS.items() if of_size == size}
    bounds = [row["bound"] for row in rows.values() if row["bound"] is not None]
    values = [rows[name]["value"] for name in ("matcher", "cpsat") if name in rows and rows[name]["value"] is not None]
    if not bounds or not values:
        pytest.skip("nothing was solved")
    assert max(values) <= min(bounds) * (1 + TOLERANCE)


@pytest.mark.parametrize("size", SIZES)
def test_the_checker_accepts_what_the_engine_proposes(benchmark: BenchmarkFixture, size: str) -> None:
    """Measures the independent checker on a portfolio of the engine."""
    scenario = generate(size, 101)
    result = solve(scenario, SolveOptions(time_limit=SECONDS, work=10**6))
    if result.portfolio is None:
        pytest.skip("no portfolio in so short a time")
    assert benchmark.pedantic(verify, (scenario, result.portfolio), rounds=3).ok
