"""Time of building each subject's model: `pytest benchmarks/test_build.py`, one process per library.

OR-Tools and highspy do not share a process, so a subject is built where its libraries may be: those
with highspy are measured in processes of their own, by the seconds that these tell.
"""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.compare import measure
from benchmarks.instances import generate
from benchmarks.subjects import SUBJECTS, subject_of

SIZES = ("tiny", "small")
HERE = [name for name, subject in SUBJECTS.items() if "highspy" not in subject.packages and name != "matcher"]
APART = [name for name, subject in SUBJECTS.items() if "highspy" in subject.packages]
PATHS = ("pulp", "scip")
"""Subjects with the same rows: they must agree on their number of nonzeros."""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", HERE)
def test_build(benchmark: BenchmarkFixture, name: str, size: str) -> None:
    """Builds a model, which has columns and rows."""
    subject = subject_of(name)
    if subject.missing():
        pytest.skip(f"{name} is not installed")
    subject.load()
    prepared = subject.prepare(generate(size, 101))
    built = benchmark.pedantic(subject.build, (prepared,), rounds=3)
    assert built.count().columns > 1000
    assert built.count().nonzeros > built.count().columns


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", APART)
def test_build_apart(benchmark: BenchmarkFixture, name: str, size: str) -> None:
    """Builds a model in a process of its own, which counts its start as well."""
    if SUBJECTS[name].missing():
        pytest.skip(f"{name} is not installed")
    row = benchmark.pedantic(measure, (name, size, 101, None, []), rounds=1)
    assert "failed" not in row, row
    benchmark.extra_info["build_seconds"] = row["build_seconds"]


@pytest.mark.parametrize("size", SIZES)
def test_peers_build_the_same_rows(size: str) -> None:
    """Two libraries that are given the same rules row by row hold as many coefficients."""
    if any(SUBJECTS[name].missing() for name in PATHS):
        pytest.skip("a peer is not installed")
    assert len({measure(name, size, 101, None, [])["nonzeros"] for name in PATHS}) == 1
