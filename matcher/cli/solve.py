"""``matcher solve``: a portfolio for a scenario, on the terminal and in files."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from matcher.cli.arguments import (
    AsJson,
    CpuLimit,
    Gap,
    Language,
    MemoryLimit,
    Order,
    Overrides,
    ScenarioFile,
    TimeLimit,
    WorkBudget,
    read_gap,
    with_order,
    workers_of,
)
from matcher.cli.arguments import Workers as WorkerCount
from matcher.cli.exits import Exit, exit_of
from matcher.cli.interrupt import Interruption
from matcher.cli.progress import ProgressLog
from matcher.cli.streams import stdout_for_data
from matcher.cli.substitutes import with_names_read
from matcher.cli.talk import message, out, out_document, say, taken_over_aloud, warner

if TYPE_CHECKING:
    from matcher.cli.saving import Saving
    from matcher.portfolio.portfolio import Portfolio
    from matcher.portfolio.result import Result, SolveOptions
    from matcher.scenario import Scenario


@dataclass(frozen=True)
class Workers:
    """Where a solve runs, and what each of its processes may use."""

    count: int
    scheduler: str | None
    memory_mib: int | None
    cpu_seconds: int | None


@dataclass(frozen=True)
class Confirmation:
    """What is to confirm a result once it is saved."""

    source: Mapping[str, object] | None
    """For a bundle: where the scenario comes from."""
    second_opinion: bool


@dataclass(frozen=True)
class Question:
    """What is to be solved, how, and where the search starts."""

    scenario: Scenario
    options: SolveOptions
    start: Portfolio | None
    language: str
    """Language of the words, on the terminal and in the papers."""


Method = Literal["auto", "whole", "decomposition"]
Engine = Literal["auto", "scip", "highs", "cpsat"]


def solve_command(
    scenario: ScenarioFile,
    override: Overrides = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Directory to write; default runs/SCENARIO-HASH."),
    ] = None,
    method: Annotated[Method, typer.Option(help="Solve as one model, State by State, or by size.")] = "auto",
    engine: Annotated[Engine, typer.Option(help="Solver for mixed-integer models.")] = "auto",
    gap: Gap = "0.0001",
    work: WorkBudget = 120,
    time_limit: TimeLimit = None,
    workers: WorkerCount = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Dask scheduler to solve on; needs the extra 'distributed'."),
    ] = None,
    memory_limit: MemoryLimit = None,
    cpu_limit: CpuLimit = None,
    order: Order = None,
    earlier: Annotated[
        Path | None,
        typer.Option("--from", metavar="RUN", help="Start from a saved run, keeping what is still feasible."),
    ] = None,
    stay_near: Annotated[
        bool, typer.Option("--stay-near", help="With --from: prefer results close to that portfolio.")
    ] = False,
    bundle: Annotated[
        bool, typer.Option("--bundle", help="Also write a proof of the bounds, for 'matcher verify DIR'.")
    ] = False,
    second: Annotated[
        bool,
        typer.Option(
            "--second-opinion", help="Solve again with another engine; exit with 1 if the results contradict."
        ),
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 5 if the gap is not reached.")] = False,
    language: Language = "en",
    json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Suppress progress messages.")] = False,
) -> None:
    """Propose a portfolio of partnerships; write it to files."""
    from matcher.io import load
    from matcher.portfolio.result import SolveOptions
    from matcher.reporting.languages import table_of

    table_of(language)  # before what may take minutes
    if time_limit is not None and not 0 < time_limit <= 10**7:
        raise typer.BadParameter("expected seconds above 0", param_hint="--time-limit")
    problem, start = _beginning(load(scenario, override or ()), order, earlier, language, stay_near=stay_near)
    confirmation = Confirmation(_source_of(scenario, override or ()) if bundle else None, second)
    options = SolveOptions(method=method, engine=engine, gap=read_gap(gap), work=work, time_limit=time_limit)
    where = Workers(workers_of(workers), scheduler, memory_limit, cpu_limit)
    question = Question(problem, options, start, language)
    raise typer.Exit(_solve(question, where, output, confirmation, strict=strict, json=json, quiet=quiet))


def _source_of(scenario: Path, overrides: Sequence[str]) -> dict[str, object]:
    """Returns what a bundle says of the file that was named."""
    from matcher.runs.files import source_of

    return source_of(with_names_read(scenario.name), scenario.read_bytes(), overrides)


def _beginning(
    scenario: Scenario, order: str | None, earlier: Path | None, language: str, *, stay_near: bool
) -> tuple[Scenario, Portfolio | None]:
    """Returns the scenario to solve, and the portfolio that the search starts from, if any."""
    from matcher.engine.replanning import near
    from matcher.runs.reading import read_portfolio

    if earlier is None:
        if stay_near:
            raise typer.BadParameter("expected --from RUN, the run to stay near", param_hint="--stay-near")
        return with_order(scenario, order), None
    before, start = read_portfolio(earlier, warner(language), language)
    if before.currency != scenario.currency:
        expected = f"a run that counts money in {scenario.currency.code}, as the scenario does"
        raise typer.BadParameter(f"it counts money in {before.currency.code}; expected {expected}", param_hint="--from")
    scenario = taken_over_aloud(scenario, before, start, language)
    if not stay_near:
        return with_order(scenario, order), start
    return near(with_order(near(scenario, start), order), start), start  # an order may say where changes stand


def _solve(
    question: Question,
    workers: Workers,
    output: Path | None,
    confirmation: Confirmation,
    *,
    strict: bool,
    json: bool,
    quiet: bool,
) -> int:
    """Solves, saves, shows, and returns the exit code."""
    from matcher.cli.saving import Saving
    from matcher.io import check_run_directory
    from matcher.portfolio.result import Cancel
    from matcher.reporting.screened import warning
    from matcher.runs.files import RunFolder
    from matcher.screening.cautions import unit_slips

    scenario = question.scenario
    folder = RunFolder.of(scenario, question.options, output, question.start, question.language)
    check_run_directory(folder.path)  # before what may take minutes
    log = ProgressLog(sys.stderr, quiet=quiet, language=question.language)
    for caution in unit_slips(scenario):  # a figure in the wrong unit makes a portfolio worthless
        log.say(warning(caution, question.language))
    with Interruption(Cancel(), language=question.language).heard() as interruption:  # until all is saved and shown
        saving = Saving(folder, scenario, _run(question, workers, log, interruption), log)
        contradicted = False
        try:
            if saving.save("saved_run"):
                interruption.nothing_to_lose()
                contradicted = _confirm(saving, confirmation, interruption)
        finally:  # what took long to find is shown even if it cannot be saved, and then in full
            _show(saving, interruption, json=json or saving.lost)
    if contradicted or saving.failed:
        return Exit.FAILED
    return exit_of(saving.result, strict=strict, interrupted=interruption.exit)


def _confirm(saving: Saving, confirmation: Confirmation, interruption: Interruption) -> bool:
    """Adds to a saved run what was asked for to confirm it; returns whether another engine contradicts it.

    After an interruption it adds nothing.
    """
    from matcher.isolation.second_opinion import second_opinion
    from matcher.reporting.languages import table_of
    from matcher.reporting.opinion import compared_text
    from matcher.runs.files import bundle_files, opinion_files

    log = saving.log
    if interruption.exit is not None:
        if confirmation.second_opinion or confirmation.source is not None:
            log.say(message("unconfirmed", log.language, cause=interruption.cause))
        return False
    more: dict[str, str] = {}
    contradicted = False
    if confirmation.second_opinion:
        table = table_of(log.language)["second_opinion"]
        log.say(table["solving"])
        opinion = second_opinion(saving.scenario, saving.result)
        contradicted = bool(opinion.disagreements)
        for each in (*opinion.disagreements, *opinion.agreements):
            text = compared_text(each.document, log.language)
            log.say(table["by"].format(engine=opinion.engine, text=text))
        log.say(table["contradicts" if contradicted else "agrees"].format(engine=opinion.engine))
        more |= opinion_files(opinion)
    if confirmation.source is not None:
        log.say(message("pricing_bounds", log.language))
        with stdout_for_data():
            more |= bundle_files(confirmation.source, saving.scenario, saving.result)
    if more:
        saving.save("saved_bundle" if confirmation.source is not None else "saved_second_opinion", more)
    return contradicted


def _run(question: Question, workers: Workers, log: ProgressLog, interruption: Interruption) -> Result:
    """Runs the engine so that signals can stop it, with its progress shown and kept."""
    from matcher import isolation

    log.note(f"scenario {question.scenario.name}, options {question.options.model_dump_json()}")
    if question.start is not None:
        log.note(f"starting from portfolio {question.start.digest}")
    try:
        limits = isolation.ProcessLimits(memory_mib=workers.memory_mib, cpu_seconds=workers.cpu_seconds)
        return interruption.run(
            lambda: isolation.solve_isolated(
                question.scenario,
                question.options,
                limits=limits,
                start=question.start,
                progress=log,
                cancel=interruption.cancel,
                workers=workers.count,
                scheduler=workers.scheduler,
            ),
            lambda: log.say(message("saving_best", log.language, cause=interruption.cause, abort=interruption.way_out)),
        )
    finally:
        log.close()


def _show(saving: Saving, interruption: Interruption, *, json: bool) -> None:
    """Writes the result to stdout."""
    from matcher.io import canonical_json
    from matcher.reporting.terminal import summary_text

    result = saving.result
    with interruption.showing():
        try:
            if json:
                out_document(canonical_json(result.model_dump(mode="json")))
            else:
                out(summary_text(saving.scenario, result, saving.folder.language))
        except OSError:
            if saving.saved:
                say(message("result_saved", saving.folder.language, path=saving.folder.path))
            raise
