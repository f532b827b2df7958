"""A small scenario to start from, commented for the analyst who will change it."""

from __future__ import annotations

from importlib.resources import files

_NAME_LINE = "name: starter"


def starter_text(name: str) -> str:
    """Returns the text of the starter scenario under another name."""
    text = files(__name__).joinpath("scenario.yaml").read_text(encoding="utf-8")
    return text.replace(f"\n{_NAME_LINE}", f"\nname: {name}", 1)
