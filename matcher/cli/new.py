"""``matcher new``: a scenario to start from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from matcher.cli.arguments import Language
from matcher.cli.talk import message, say


def new_command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="File to write.")] = Path("scenario.yaml"),
    name: Annotated[str | None, typer.Option(help="Name of the scenario; default: the name of the file.")] = None,
    language: Language = "en",
) -> None:
    """Write a commented starter scenario."""
    from matcher.cli.starter import starter_text
    from matcher.io import write_new
    from matcher.reporting.languages import table_of

    table_of(language)  # before anything is written
    text = starter_text(_name(path, name))
    try:
        write_new(path, text)
    except FileExistsError:
        raise typer.BadParameter(f"{path} exists and is left as it is; name another file", param_hint="PATH") from None
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}", param_hint="PATH") from None
    say(message("written", language, path=path))


def _name(path: Path, name: str | None) -> str:
    """Returns the name asked for, or one made from the file's name."""
    if name is None:
        made = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.stem).strip("-.")[:64]
        return made if made[:1].isalpha() else "scenario"
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.\-]{0,63}", name):
        expected = "a letter, then at most 63 letters, digits, '_', '.' or '-'"
        raise typer.BadParameter(f"{name!r} is no name; expected {expected}", param_hint="--name")
    return name
