"""A stand-in for the engine, and a folder with the sample in it, for tests of the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import matcher
from matcher.isolation import ProcessLimits
from matcher.portfolio.result import Progress, Result, SolveOptions
from matcher.scenario import Scenario
from sample_result import SCENARIO, sample_result, sample_scenario


class StandIn:
    """An engine that answers with a prepared result and remembers what it was asked."""

    def __init__(self) -> None:
        self.changes: dict[str, Any] = {}
        self.asked: list[tuple[Scenario, SolveOptions]] = []
        self.limits: list[Any] = []
        self.during: Any = None

    ProcessLimits = ProcessLimits

    def solve_isolated(
        self,
        scenario: Scenario,
        options: SolveOptions,
        *,
        progress: Any = None,
        cancel: Any = None,
        limits: Any = None,
        start: Any = None,
        workers: int = 1,
        scheduler: str | None = None,
    ) -> Result:
        """Stands in for the engine."""
        self.asked.append((scenario, options))
        self.limits.append(limits)
        assert start is None
        if progress is not None:
            progress(Progress(0.5, "groups", "completions", 1.0, 2.0, 0.5))
        if self.during is not None:
            self.during(cancel)
        answered = scenario if scenario.name == "sample" else sample_scenario()
        return sample_result(answered, options=options, **self.changes)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Returns the stand-in, put in place of the engine."""
    stand_in = StandIn()
    monkeypatch.setattr(matcher, "isolation", stand_in, raising=False)
    return stand_in


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns a directory of its own, as the current one, with the sample in sample.json."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample.json").write_text(json.dumps(SCENARIO), encoding="utf-8")
    return tmp_path
