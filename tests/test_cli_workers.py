"""How many processes a command uses where none are asked for."""

from __future__ import annotations

import os

import pytest

from matcher.cli.arguments import USUAL_WORKERS, workers_of


@pytest.mark.parametrize(("cores", "expected"), [(1, 1), (2, 2), (64, USUAL_WORKERS)])
def test_no_more_than_there_are_cores(cores: int, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cores that the process may not use do not count; where the system does not tell, those of the machine do."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 99)
    assert workers_of(None) == expected
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert workers_of(None) == expected


def test_as_many_as_are_asked_for() -> None:
    """Even more than there are cores."""
    assert workers_of(7) == 7
