"""Looking names up in registries, which are plain dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def registered(registry: Mapping[str, T], what: str, name: str) -> T:
    """Returns what is registered under a name.

    Raises
    ------
    ValueError
        if there is nothing of this name; the message lists the names.
    """
    if name not in registry:
        raise ValueError(f"no {what} {name!r}: there are {', '.join(registry)}")
    return registry[name]
