"""``matcher schema``: the formats of the files."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import typer

from matcher.cli.talk import out_json

Subject = Literal["scenario", "portfolio", "result", "account", "comparison", "round"]


def schema_command(
    subject: Annotated[
        Subject, typer.Argument(metavar="|".join(get_args(Subject)), help="File or document.")
    ] = "scenario",
) -> None:
    """Write the JSON Schema of a file format."""
    from pydantic import BaseModel

    from matcher.comparison.comparison import Comparison
    from matcher.explanation.explanation import Explanation
    from matcher.portfolio.portfolio import Portfolio
    from matcher.portfolio.result import Result
    from matcher.rounds.record import Record
    from matcher.scenario import Scenario

    models: dict[str, type[BaseModel]] = {
        "scenario": Scenario,
        "portfolio": Portfolio,
        "result": Result,
        "account": Explanation,
        "comparison": Comparison,
        "round": Record,
    }
    out_json(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **models[subject].model_json_schema()},
    )
