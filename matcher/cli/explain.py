"""``matcher explain``: why a saved portfolio is as it is, what it leaves, and what it would take."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matcher.cli.arguments import AsJson, Language, Workers, workers_of
from matcher.cli.progress import ProgressLog
from matcher.cli.talk import out_json, out_markdown, warner

if TYPE_CHECKING:
    from matcher.explanation.explanation import Part
    from matcher.reporting.audiences import Audience

Names = list[str] | None


def explain_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Directory of a run, or its result.json.")],
    state: Annotated[Names, typer.Option(metavar="ID", help="State to explain; repeatable.")] = None,
    provider: Annotated[Names, typer.Option(metavar="ID", help="Provider to explain; repeatable.")] = None,
    partnership: Annotated[Names, typer.Option(metavar="ID", help="Partnership to explain; repeatable.")] = None,
    need: Annotated[Names, typer.Option(metavar="ID", help="Unmet need to explain; repeatable.")] = None,
    only: Annotated[
        Names, typer.Option(metavar="PART", help="Part to show: why, why_not, idle, clock or curves; repeatable.")
    ] = None,
    ledger: Annotated[
        bool, typer.Option("--ledger/--no-ledger", help="Find the smallest changes that meet what remains.")
    ] = True,
    alternatives: Annotated[
        int, typer.Option(min=0, max=100, metavar="N", help="Also find N portfolios of similar value, but different.")
    ] = 0,
    tolerance: Annotated[
        str, typer.Option(metavar="SHARE", help="Share by which each objective of an alternative may be worse.")
    ] = "0.01",
    language: Language = "en",
    workers: Workers = None,
    json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Suppress progress messages.")] = False,
) -> None:
    """Explain a portfolio: why, why not, and what it would take."""
    from matcher.alternatives.finding import find_alternatives
    from matcher.execution import executor_for
    from matcher.explanation.account import explain
    from matcher.explanation.explanation import Question
    from matcher.reporting.explained import account_markdown
    from matcher.reporting.languages import table_of
    from matcher.runs.reading import read_portfolio

    said = table_of(language)["looked_for"]  # an unknown language is refused before what may take minutes
    worse = _read_tolerance(tolerance)
    scenario, portfolio = read_portfolio(run, warner(language), language)
    asked = Question(
        states=tuple(state or ()),
        providers=tuple(provider or ()),
        partnerships=tuple(partnership or ()),
        needs=tuple(need or ()),
        parts=_parts(only or ()),
        ledger=ledger,
    )
    log = ProgressLog(sys.stderr, quiet=quiet, language=language)
    with executor_for(workers_of(workers)) as executor:
        found = explain(scenario, portfolio, asked, executor=executor, tell=lambda part: log.say(said[part]))
        others = None
        if alternatives:
            log.say(said["alternatives"])
            others = find_alternatives(scenario, portfolio, count=alternatives, tolerance=worse, executor=executor)
    if json:
        document = found.model_dump(mode="json")
        out_json(document if others is None else {**document, "alternatives": others.model_dump(mode="json")})
    else:
        out_markdown(
            account_markdown(scenario, portfolio, found, language, _audience(asked.states, asked.providers), others)
        )


def _parts(names: Sequence[str]) -> tuple[Part, ...]:
    """Returns the parts that were named."""
    from matcher.errors import nearest
    from matcher.explanation.explanation import PARTS

    found = []
    for name in names:
        part = next((each for each in PARTS if each == name), None)
        if part is None:
            near = nearest(name, PARTS)
            hint = f"; did you mean {near}?" if near else ""
            raise typer.BadParameter(f"{name!r} is none of {', '.join(PARTS)}{hint}", param_hint="--only")
        found.append(part)
    return tuple(found)


def _audience(states: tuple[str, ...], providers: tuple[str, ...]) -> Audience:
    """To whom the words are addressed: the one State or provider that asks, else the Committee."""
    from matcher.reporting.audiences import Audience

    if len(states) == 1 and not providers:
        return Audience(state=states[0])
    if len(providers) == 1 and not states:
        return Audience(provider=providers[0])
    return Audience()


def _read_tolerance(text: str) -> Decimal:
    """Returns a tolerance written as a decimal number from 0 to below 1."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not (found.is_finite() and 0 <= found < 1):
        raise typer.BadParameter(f"{text!r} is not a number from 0 to below 1, such as 0.01", param_hint="--tolerance")
    return found
