"""``matcher check``: every fault of a scenario, or the scenario at a glance."""

from __future__ import annotations

import typer

from matcher.cli.arguments import AsJson, Language, Overrides, ScenarioFile
from matcher.cli.exits import Exit
from matcher.cli.talk import fault_documents, out, out_json, say


def check_command(
    scenario: ScenarioFile, override: Overrides = None, language: Language = "en", json: AsJson = False
) -> None:
    """Validate a scenario: list every error, or summarise it."""
    from matcher.engine.lexicographic import formulated
    from matcher.errors import InvalidScenario
    from matcher.io import load
    from matcher.reporting.languages import table_of
    from matcher.reporting.screened import overview_document, overview_text, warning
    from matcher.screening.overview import overview_of

    table_of(language)  # before what may take long
    try:
        loaded = load(scenario, override or ())
        formulated(loaded)  # what is too large to be solved is told here
    except InvalidScenario as error:
        if not json:
            raise
        out_json(fault_documents(error.faults))
        raise typer.Exit(Exit.INVALID) from None
    seen = overview_of(loaded)
    if json:
        out_json(overview_document(seen, language))
        return
    out(overview_text(seen, language))
    for caution in seen.cautions:
        say(warning(caution, language))
