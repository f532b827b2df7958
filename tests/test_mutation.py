"""The tests are good enough to find out nine in ten small faults put into the checker and into the readers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import mutation_score
from mutation_score import GROUPS, sampled, scores, try_mutants

TREE = Path(__file__).parent.parent
PARTS = ("matcher", "scenarios", "tests", "README.md", "pyproject.toml")
SAMPLE = 20
"""Mutants of each module that are tried; `mutation_score.py` without an option tries all."""


@pytest.mark.slow
def test_nine_in_ten_mutants_are_found_out(tmp_path: Path) -> None:
    """Of the same twenty mutants of each module, in the checker and in the readers apart."""
    pytest.importorskip("mutmut", reason="comes with the extra `mutation`")
    for name in PARTS:
        whole = TREE / name
        copy = shutil.copytree if whole.is_dir() else shutil.copy
        copy(whole, tmp_path / name)
    found = try_mutants(tmp_path, SAMPLE)
    reached = scores(found)
    survivors = [name for name, status in found.items() if status not in mutation_score.FOUND_OUT]
    for group in GROUPS:
        caught, tried = reached[group]
        assert tried >= 100
        assert caught >= 0.9 * tried, (reached, survivors)


def test_samples_are_the_same_ones_each_time() -> None:
    """So many of each module, whatever the order they come in."""
    names = [f"a.b.x_{at}" for at in range(50)] + ["a.c.x_0"]
    drawn = sampled(names, 3)
    assert drawn == sampled(reversed(names), 3)
    assert [name.rpartition(".")[0] for name in drawn] == ["a.b"] * 3 + ["a.c"]
    assert len(set(drawn)) == 4


def test_scores_count_what_was_found_out() -> None:
    """By group and by module; a mutant that nothing tries, or that survives, is not found out."""
    found = {
        "matcher.verification.rules.x_a__mutmut_1": "killed",
        "matcher.verification.rules.x_a__mutmut_2": "survived",
        "matcher.verification.facts.x_b__mutmut_1": "timeout",
        "matcher.io.reading.x_c__mutmut_1": "no tests",
        "matcher.scenario.validation.x_d__mutmut_1": "killed",
    }
    assert scores(found) == {
        "verification": (2, 3),
        "matcher.verification.rules": (1, 2),
        "matcher.verification.facts": (1, 1),
        "reading": (1, 2),
        "matcher.io.reading": (0, 1),
        "matcher.scenario.validation": (1, 1),
    }
