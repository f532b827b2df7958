"""``matcher compare``: two saved portfolios side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from matcher.cli.arguments import AsJson, Language
from matcher.cli.talk import out_json, out_markdown, warner


def compare_command(
    before: Annotated[Path, typer.Argument(metavar="RUN", help="Directory of a run, or its result.json.")],
    after: Annotated[Path, typer.Argument(metavar="RUN", help="Run to compare with.")],
    language: Language = "en",
    json: AsJson = False,
) -> None:
    """Compare two runs: who gains, who loses, what moved."""
    from matcher.comparison.comparison import compare
    from matcher.reporting.compared import comparison_markdown
    from matcher.reporting.languages import table_of
    from matcher.runs.reading import read_portfolio

    table_of(language)
    (one, first), (other, second) = (read_portfolio(each, warner(language), language) for each in (before, after))
    found = compare(one, first, other, second)
    if json:
        out_json(found.model_dump(mode="json"))
    else:
        out_markdown(comparison_markdown(one, other, found, language))
