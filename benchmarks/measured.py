"""Rows of results looked at together: the best bounds, sizes in order, memory of models."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.compare import Row


def best_bounds(rows: list[Row]) -> dict[tuple[str, int], float]:
    """Returns the tightest bound that any solver proved, by size and seed: it holds for all."""
    found: dict[tuple[str, int], float] = {}
    for row in rows:
        if row.get("bound") is not None:
            key = (row["size"], row["seed"])
            found[key] = min(found.get(key, row["bound"]), row["bound"])
    return found


def in_order(names: Iterable[str], order: Iterable[str]) -> list[str]:
    """Returns names in the order of a registry, those it does not know last."""
    places = {name: at for at, name in enumerate(order)}
    return sorted(set(names), key=lambda name: (places.get(name, len(places)), name))


def built_mb(row: Row) -> float:
    """Returns the memory that building took, in MB."""
    return float(row["memory_built_mb"] - row["memory_before_mb"])
