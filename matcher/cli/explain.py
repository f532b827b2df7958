"""``matcher explain``: what a saved portfolio leaves, why, and what it would take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from matcher.cli.arguments import AsJson, Language
from matcher.cli.talk import out, out_json


def explain_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Directory of a run, or its result.json.")],
    state: Annotated[
        list[str] | None, typer.Option("--state", metavar="ID", help="State to explain; repeatable; all if none.")
    ] = None,
    ledger: Annotated[
        bool, typer.Option("--ledger/--no-ledger", help="Also find the smallest changes that would do.")
    ] = True,
    language: Language = "en",
    workers: Annotated[int, typer.Option(min=1, max=1024, metavar="N", help="Processes to look in.")] = 1,
    json: AsJson = False,
) -> None:
    """Explain what remains: why, and what it would take."""
    from matcher.cli.runs import read_portfolio
    from matcher.execution import executor_for
    from matcher.explanation import explain
    from matcher.reporting.explained import explanation_markdown
    from matcher.reporting.languages import table_of

    table_of(language)  # before what may take minutes
    scenario, portfolio = read_portfolio(run)
    with executor_for(workers) as executor:
        found = explain(scenario, portfolio, states=state or (), ledger=ledger, executor=executor)
    if json:
        out_json(found.model_dump(mode="json"))
    else:
        out(explanation_markdown(scenario, found, language))
