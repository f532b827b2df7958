"""Lays plain data out as YAML that people can read: one block per entity, short values on one line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

PLAIN = re.compile(r"^[A-Za-z][A-Za-z0-9_.\-]*$")
NOT_TEXT = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
"""Words that some readers of YAML take for something else than text."""


def scalar(value: object) -> str:
    """Returns one value as YAML text; text is quoted unless it can only be an id."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, str):
        bare = PLAIN.match(value) and value.lower() not in NOT_TEXT
        return value if bare else json.dumps(value, ensure_ascii=False)
    raise TypeError(f"no layout for {value!r}")


def flow(value: object) -> str:
    """Returns a value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(each) for each in value) + "]"
    return scalar(value)


def block(fields: Mapping[str, object], depth: int, deep: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yields the lines of a mapping; the keys in `deep` hold mappings that get a line per key."""
    pad = "  " * depth
    for key, value in fields.items():
        if key in deep and isinstance(value, Mapping):
            yield f"{pad}{scalar(key)}:"
            yield from (f"{pad}  {scalar(each)}: {flow(inner)}" for each, inner in value.items())
        else:
            yield f"{pad}{scalar(key)}: {flow(value)}"


def collection(name: str, entities: Mapping[str, Mapping[str, object]], heads: Mapping[str, str]) -> Iterator[str]:
    """Yields the lines of a collection; `heads` gives comments to stand before some of its ids."""
    yield f"{name}:"
    for key, fields in entities.items():
        if key in heads:
            yield f"\n  # --- {heads[key]}"
        yield f"  {scalar(key)}:"
        yield from block(fields, 2, frozenset({"provenance"}))
