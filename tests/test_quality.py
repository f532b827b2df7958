"""Whether fixed work still finds as much, on a small fixed set over three seeds, as is stored with the benchmarks."""

from __future__ import annotations

import pytest

from benchmarks.quality import CASES, faults, figure_of, figures_of, stored


@pytest.mark.parametrize("name", CASES)
def test_fixed_work_finds_what_is_stored(name: str) -> None:
    """What fails here is mended, or stored with its reason: ``python benchmarks/quality.py --store "REASON"``."""
    asked = stored()[name]
    found = figures_of(CASES[name])
    assert asked.keys() <= found.keys()
    assert faults(asked, found) == []


def test_a_figure_may_be_worse_by_a_little_and_no_more() -> None:
    asked = {"value": figure_of([100.0, 100.0, 100.0], larger=True), "bound": figure_of([7.0, 8.0, 9.0], larger=False)}
    assert faults(asked, asked) == []
    little = {"value": figure_of([99.0, 98.0, 99.5], larger=True), "bound": figure_of([8.0, 9.5, 9.0], larger=False)}
    assert faults(asked, little) == []
    worse = {"value": figure_of([97.0, 97.9, 97.9], larger=True), "bound": figure_of([8.0, 10.1, 9.0], larger=False)}
    assert faults(asked, worse) == [
        "value: median 97.9, asked at least 98",
        "value: worst 97, asked at least 98",
        "bound: worst 10.1, asked at most 10",
    ]


def test_a_better_figure_and_one_of_another_level_pass_and_a_lost_one_does_not() -> None:
    asked = {"value": figure_of([100.0], larger=True)}
    assert faults(asked, {"value": figure_of([120.0], larger=True), "other": figure_of([1.0], larger=True)}) == []
    assert faults(asked, {}) == ["value: none"]


def test_one_bad_seed_fails_though_the_median_holds() -> None:
    asked = {"value": figure_of([100.0, 100.0, 101.0], larger=True)}
    found = {"value": figure_of([100.0, 60.0, 101.0], larger=True)}
    assert [fault.split(" ")[1] for fault in faults(asked, found)] == ["worst"]
