"""``matcher schema``: the formats of the files."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from matcher.cli.talk import out_json

Subject = Literal["scenario", "portfolio", "result"]


def schema_command(
    subject: Annotated[Subject, typer.Argument(metavar="scenario|portfolio|result", help="Which file.")] = "scenario",
) -> None:
    """Write the JSON Schema of a file format."""
    from pydantic import BaseModel

    from matcher.portfolio import Portfolio
    from matcher.result import Result
    from matcher.scenario import Scenario

    models: dict[str, type[BaseModel]] = {"scenario": Scenario, "portfolio": Portfolio, "result": Result}
    out_json(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **models[subject].model_json_schema()},
    )
