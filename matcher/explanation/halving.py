"""Which of many things are enough alone, by trying ever fewer of them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def alone(items: Sequence[T], gain: Callable[[Sequence[T]], int | None]) -> tuple[list[tuple[T, int]], bool]:
    """Returns the items that gain something alone, with what, and whether that of all is known.

    Parameters
    ----------
    gain
        What some items gain together, never less than fewer of them would; 0 where it is proven to be
        nothing, None where it is not known.
    """
    together = gain(items) if items else 0
    if together is None:
        return [], False
    if together <= 0 or len(items) == 1:
        return [(item, together) for item in items if together > 0], True
    half = len(items) // 2
    first, second = alone(items[:half], gain), alone(items[half:], gain)
    return [*first[0], *second[0]], first[1] and second[1]
