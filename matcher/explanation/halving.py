"""Which of many things are enough alone, by trying ever fewer of them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def sufficient_alone(items: Sequence[T], gain: Callable[[Sequence[T]], int | None]) -> tuple[list[tuple[T, int]], bool]:
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
    found, known = sufficient_alone(items[:half], gain)
    at = half
    while len(found) == at < len(items):  # as long as each does, the next one will: no use in asking for many at once
        (one, told), at = sufficient_alone(items[at : at + 1], gain), at + 1
        found, known = [*found, *one], known and told
    rest = sufficient_alone(items[at:], gain)
    return [*found, *rest[0]], known and rest[1]


def minimal_set(items: Sequence[T], enough: Callable[[Sequence[T]], bool | None]) -> tuple[list[T], bool]:
    """Returns some of the items of which each is needed to be enough with the others, and whether that is known.

    As if each in turn were left out for good where the rest is enough, but trying many at once.

    Parameters
    ----------
    enough
        Whether some items are enough together, as all are; more always are then. None where it is not known.
    """
    kept, known = list(items), True

    def leave_out(some: Sequence[T]) -> None:
        nonlocal kept, known
        rest = [item for item in kept if not any(item is other for other in some)]
        told = enough(rest)
        if told:
            kept = rest
        elif len(some) > 1:
            half = len(some) // 2
            leave_out(some[:half])
            leave_out(some[half:])
        else:
            known = known and told is not None

    if items:
        leave_out(items)
    return kept, known
