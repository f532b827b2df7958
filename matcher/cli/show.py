"""``matcher show``: a saved result again, and draft sheets of its partnerships."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matcher.cli.arguments import AsJson, Language
from matcher.cli.talk import out, out_document, out_json, warner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matcher.portfolio.portfolio import Partnership


def show_command(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="Directory of a run, or a result file.")],
    state: Annotated[
        str | None, typer.Option("--state", metavar="ID", help="Sheets of the partnerships with a State.")
    ] = None,
    provider: Annotated[
        str | None, typer.Option("--provider", metavar="ID", help="Sheets of the partnerships with a provider.")
    ] = None,
    partnership: Annotated[
        str | None, typer.Option("--partnership", metavar="ID", help="Sheet of one partnership.")
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option("--scenario", metavar="FILE", help="Scenario, if it is not saved beside the result.")
    ] = None,
    language: Language = "en",
    json: AsJson = False,
) -> None:
    """Show a saved result, or draft sheets of partnerships."""
    from matcher.io import canonical_json
    from matcher.reporting.languages import table_of
    from matcher.reporting.terminal import sheets_text, summary_text
    from matcher.runs.reading import read_run

    table_of(language)  # an unknown one is refused, with data too
    loaded, saved = read_run(result, warner(language), scenario, language=language)
    if state is provider is partnership is None:
        if json:
            out_document(canonical_json(saved.model_dump(mode="json")))
        else:
            out(summary_text(loaded, saved, language))
        return
    _known("--state", state, (each.id for each in loaded.states))
    _known("--provider", provider, (each.id for each in loaded.providers))
    _known("--partnership", partnership, (each.id for each in saved.partnerships))
    chosen = [each for each in saved.partnerships if _wanted(each, state, provider, partnership)]
    if json:
        out_json([each.model_dump(mode="json") for each in chosen])
    else:
        out(sheets_text(loaded, saved, frozenset(each.id for each in chosen), language))


def _known(option: str, wanted: str | None, ids: Iterable[str]) -> None:
    """Refuses a name that does not exist, with the nearest that does."""
    from matcher.errors import nearest

    known = list(ids)
    if wanted is not None and wanted not in known:
        near = nearest(wanted, known)
        hint = f"; did you mean {near}?" if near else ""
        raise typer.BadParameter(f"{wanted!r} is not in this result{hint}", param_hint=option)


def _wanted(each: Partnership, state: str | None, provider: str | None, partnership: str | None) -> bool:
    """Whether a partnership is the one asked for, with the State and the provider asked for."""
    return (
        (state is None or each.state == state)
        and (provider is None or provider in (each.financier, each.implementer))
        and (partnership is None or each.id == partnership)
    )
