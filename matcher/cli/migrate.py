"""``matcher migrate``: a scenario file of the first edition as one of the second, and what that changes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matcher.cli.arguments import Language
from matcher.cli.talk import out, say

if TYPE_CHECKING:
    from matcher.io.editions import Change


def migrate_command(
    scenario: Annotated[Path, typer.Argument(metavar="FILE", help="Scenario file of version 1, YAML or JSON.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT", help="New file to write; default: stdout.")
    ] = None,
    language: Language = "en",
) -> None:
    """Rewrite a scenario file of version 1 as version 2."""
    from matcher.errors import InvalidScenario
    from matcher.io import loads
    from matcher.io.editions import migrated
    from matcher.io.reading import parsed, text_of
    from matcher.reporting.languages import table_of

    table = table_of(language)["migrated"]
    text, form = text_of(scenario, InvalidScenario)
    held = loads(text, source=os.fspath(scenario), format=form)
    new = migrated(text, parsed(text, os.fspath(scenario), form, InvalidScenario)[0], held)
    if new is None:
        say(table["already"].format(file=scenario))
        return
    if loads(new[0], format=form) != held:
        raise AssertionError(f"{scenario} would mean something else: nothing is written")
    _write(new[0], output)
    for change in new[1]:
        say(_said(table, change))


def _write(text: str, output: Path | None) -> None:
    """Writes the new text as it is: into a new file, or to a stdout that has all of its characters."""
    from matcher.io import write_new

    if output is None:
        try:
            text.encode(sys.stdout.encoding or "utf-8")
        except UnicodeEncodeError as error:
            lacking = f"stdout cannot write {text[error.start]!r}; name a file to write"
            raise typer.BadParameter(lacking, param_hint="--output") from None
        out(text)
        return
    try:
        write_new(output, text)
    except FileExistsError:
        message = f"{output} exists and is left as it is; name another file"
        raise typer.BadParameter(message, param_hint="--output") from None
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be written: {error.strerror}", param_hint="--output") from None


def _said(table: dict[str, dict[str, str]], change: Change) -> str:
    """Returns what changed and why, with the lines or the ids that it concerns."""
    said = table["codes"][change.code].format(subjects=", ".join(change.subjects))
    if not change.lines:
        return said
    where = table["where"]["lines" if change.lines[1:] else "line"]
    return where.format(lines=", ".join(map(str, change.lines)), change=said)
