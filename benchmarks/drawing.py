"""Plots of what was measured: gap over time, build time and memory over the size of the model."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from benchmarks.compare import Row
from benchmarks.instances import SIZES
from benchmarks.measured import best_bounds, built_mb, in_order
from benchmarks.subjects import SUBJECTS

PLOTS = Path(__file__).parent / "plots"
LEAST_GAP = 1e-4
"""Gap at which solvers stop: less is drawn there."""
_COLOURS = dict(
    zip(SUBJECTS, ("#000000", "#0072B2", "#56B4E9", "#D55E00", "#E69F00", "#009E73", "#CC79A7"), strict=True)
)
"""Colours that remain apart for colour-blind readers (Okabe and Ito)."""


def draw(solves: list[Row], builds: list[Row]) -> list[Path]:
    """Writes all plots and returns where they are."""
    mpl.use("Agg")
    PLOTS.mkdir(exist_ok=True)
    done = [row for row in solves if "failed" not in row]
    sizes = in_order((row["size"] for row in done), SIZES)
    plots = [_gaps(size, [row for row in done if row["size"] == size]) for size in sizes]
    built = [row for row in builds if "failed" not in row]
    if built:
        plots.append(_growth("build-time", "build time, s", built, lambda row: max(1e-3, row["build_seconds"])))
        plots.append(_growth("build-memory", "memory for the model, MB", built, lambda row: max(0.1, built_mb(row))))
    return plots


def _axes(xlabel: str, ylabel: str, title: str) -> Any:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    axes.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel, title=title)
    axes.grid(True, which="major", alpha=0.3)
    return figure, axes


def _save(figure: Any, axes: Any, name: str) -> Path:
    from matplotlib import pyplot

    axes.legend(fontsize="small")
    figure.savefig(PLOTS / f"{name}.png", dpi=150, metadata={"Software": None})
    pyplot.close(figure)
    return PLOTS / f"{name}.png"


def _gaps(size: str, rows: list[Row]) -> Path:
    """Draws the median over seeds of the gap to the best bound that any solver ended with."""
    best = best_bounds(rows)
    figure, axes = _axes("seconds from the scenario", "gap to the best bound", f"{size}: {SIZES[size].states} States")
    times = np.geomspace(0.1, max(row["total_seconds"] for row in rows), 200)
    for name in in_order((row["subject"] for row in rows), SUBJECTS):
        mine = [row for row in rows if row["subject"] == name]
        gaps = [[gap_at(row, time, best[row["size"], row["seed"]]) for row in mine] for time in times]
        axes.step(
            times,
            [statistics.median(each) for each in gaps],
            where="post",
            color=_COLOURS[name],
            label=SUBJECTS[name].title,
        )
    axes.set_ylim(LEAST_GAP / 2, 1.5)
    return _save(figure, axes, f"gap-{size}")


def gap_at(row: Row, time: float, bound: float) -> float:
    """Returns the gap of the best portfolio known at a time; 1 before there is one."""
    known = [value for seconds, value, _ in row["trajectory"] if seconds <= time and value is not None]
    return max(LEAST_GAP, (bound - max(known)) / bound) if known and bound else 1.0


def exponent(sizes: list[float], figures: list[float]) -> float | None:
    """Returns the exponent of the power of size that fits figures best; none for less than two sizes."""
    if len(set(sizes)) < 2:
        return None
    slope, _ = np.polyfit(np.log(sizes), np.log(figures), 1)
    return float(slope)


def _growth(name: str, label: str, rows: list[Row], figure_of: Any) -> Path:
    """Draws a figure over nonzeros with the fitted exponent of each builder."""
    figure, axes = _axes("nonzeros", label, label)
    for subject in in_order((row["subject"] for row in rows), SUBJECTS):
        mine = sorted((row["nonzeros"], figure_of(row)) for row in rows if row["subject"] == subject)
        sizes, figures = [size for size, _ in mine], [each for _, each in mine]
        power = exponent(sizes, figures)
        title = SUBJECTS[subject].title + ("" if power is None else f", exponent {power:.2f}")
        axes.plot(sizes, figures, "o-", markersize=3, color=_COLOURS[subject], label=title)
    return _save(figure, axes, name)
