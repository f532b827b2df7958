"""The benchmarks work: every subject builds, rows are kept, tables say what the rows say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import compare, explaining, orders, report
from benchmarks.outcome import Trajectory
from benchmarks.subjects import SUBJECTS, solvers, subject_of
from matcher.explanation.explanation import PARTS


def row(subject: str, seed: int, **more: Any) -> dict[str, Any]:
    """Returns a row as a measurement would."""
    figures = {"value": 8.0, "bound": 10.0, "gap": 0.2, "first_seconds": 1.0, "total_seconds": 9.0, "status": "x"}
    sizes = {"build_seconds": 0.5, "peak_mb": 100.0, "peak_children_mb": 0.0, "nonzeros": 10, "rows": 2, "columns": 3}
    memory = {"memory_built_mb": 90.0, "memory_before_mb": 60.0}
    asked = {"subject": subject, "size": "tiny", "seed": seed, "seconds": 5.0}
    return {**asked, **figures, **sizes, **memory, "trajectory": [[1.0, 8.0, 10.0]], **more}


@pytest.mark.parametrize("name", [name for name in SUBJECTS if name != "matcher"])
def test_every_subject_builds(name: str) -> None:
    """Each subject builds the tiny instance in a process of its own."""
    if SUBJECTS[name].missing():
        pytest.skip(f"{name} is not installed")
    found = compare.measure(name, "tiny", 101, None, [])
    assert "failed" not in found, found
    assert found["nonzeros"] > 10_000
    assert found["peak_mb"] >= found["memory_built_mb"]


def test_the_engine_solves_in_a_process_of_its_own() -> None:
    """The engine's row has a checked portfolio, a bound and how it came about."""
    found = compare.measure("matcher", "tiny", 101, 3.0, [])
    assert "failed" not in found, found
    assert found["value"] is None or found["bound"] is None or found["value"] <= found["bound"]
    assert found["nonzeros"] > 10_000


def test_unknown_subject_is_refused_with_the_known_ones() -> None:
    """A wrong name is told together with all right ones."""
    with pytest.raises(ValueError, match="no subject 'gurobi': there are matcher, compact, assignment, pulp"):
        subject_of("gurobi")
    assert solvers() == ["matcher", "pulp", "linopy", "cpsat", "scip"]


def test_a_campaign_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are there are not measured again; a failure is a row."""
    asked: list[str] = []

    def measure(subject: str, size: str, seed: int, seconds: float | None, more: list[str]) -> dict[str, Any]:
        asked.append(subject)
        return row(subject, seed) if subject == "matcher" else {**row(subject, seed), "failed": "no memory"}

    monkeypatch.setattr(compare, "measure", measure)
    path = tmp_path / "results" / "solves.jsonl"
    wanted = [("matcher", "tiny", 1, 5.0), ("pulp", "tiny", 1, 5.0)]
    assert [compare.told(each)[:10].strip() for each in compare.campaign(wanted, path, [])] == ["matcher", "pulp"]
    assert list(compare.campaign(wanted, path, [])) == []
    assert asked == ["matcher", "pulp"]
    assert [each["subject"] for each in compare.campaign(wanted, path, [], again=True)] == ["pulp"]
    assert [each.get("failed") for each in compare.rows_in(path)] == [None, "no memory"]


def test_tables_say_median_spread_and_failures() -> None:
    """Gaps are told against the tightest bound; what failed is counted, not averaged."""
    rows = [
        row("matcher", 1),
        row("matcher", 2, value=6.0),
        row("pulp", 1, bound=9.0),
        {**row("pulp", 2), "failed": "x"},
    ]
    lines = report.solve_tables(rows)
    assert lines[0] == "### tiny: 6 States, 5 s, 2 seeds"
    ours = next(line for line in lines if line.startswith("| matcher"))
    assert "| 7.00 (6.00 to 8.00) |" in ours
    assert "| 25.56 (11.11 to 40.00) |" in ours
    assert next(line for line in lines if line.startswith("| PuLP")).endswith("| 1 |")


def test_a_figure_that_is_missing_is_told() -> None:
    """A solver that found nothing in one of three runs is not given the median of two in silence."""
    assert report.spread([1.0, None, 3.0], ".1f") == "2.0 (1.0 to 3.0), 1 without"
    assert report.spread([None], ".1f") == "none"


def test_trajectories_rise_and_bounds_fall() -> None:
    """Records keep the best of both; the first portfolio is one in which something happens."""
    course = Trajectory()
    for at, (value, bound) in enumerate([(0.0, None), (2.0, 9.0), (1.0, 8.0), (2.0, float("inf"))]):
        course.add(value, bound, float(at))
    assert [(each.value, each.bound) for each in course.points][-1] == (2.0, 8.0)
    assert course.first == 1.0
    assert course.last.gap == pytest.approx(0.75)


def test_results_stand_between_the_marks() -> None:
    """The README has the section that the report fills."""
    text = report.README.read_text(encoding="utf-8")
    assert text.index(report.BEGIN) < text.index(report.END)


def test_plots_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of two solvers and two builders give three plots."""
    pytest.importorskip("matplotlib")
    from benchmarks import drawing

    monkeypatch.setattr(drawing, "PLOTS", tmp_path)
    builds = [
        row(name, seed, nonzeros=10 * seed, build_seconds=0.1 * seed) for name in ("compact", "pulp") for seed in (1, 2)
    ]
    drawing.draw([row("matcher", 1), row("pulp", 1)], builds)
    assert {path.name for path in tmp_path.iterdir()} == {"gap-tiny.png", "build-time.png", "build-memory.png"}
    assert drawing.exponent([10.0, 20.0], [0.1, 0.2]) == pytest.approx(1.0)


def test_explaining_is_measured_part_by_part(capsys: pytest.CaptureFixture[str]) -> None:
    """Every part has its line, and the single why-nots have theirs."""
    tiny = Path(__file__).parents[1] / "scenarios" / "tiny" / "partner-limit.yaml"
    explaining.main([str(tiny), "--work", "5", "--workers", "1", "--alternatives", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines[2:8]] == [*PARTS, "1 alternatives"]
    assert lines[8].startswith("single why-not: median")


def test_orders_are_solved_once_and_set_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan a row, by the name of its order; what is there already is read."""
    tiny = Path(__file__).parents[1] / "scenarios" / "tiny" / "links-with-a-gap.yaml"
    names = ["turnover-first", "waiting-blend-turnover"]
    asked = [*names, "--out", str(tmp_path), "--work", "2", "--scenario", str(tiny)]
    orders.main(asked)
    table = capsys.readouterr().out
    assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == [f"| {name}" for name in names]
    before = (tmp_path / names[0] / "result.json").stat().st_mtime_ns
    orders.main(asked)
    assert capsys.readouterr().out == table
    assert (tmp_path / names[0] / "result.json").stat().st_mtime_ns == before


def test_an_order_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing is solved."""
    with pytest.raises(SystemExit, match="2"):
        orders.main(["turnover-frist", "--out", str(tmp_path)])
    assert "no order is called turnover-frist; there are turnover-waiting-blend," in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
