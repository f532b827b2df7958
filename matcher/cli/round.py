"""``matcher round``: decide, plan again from the round before, see what each decision costs."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from matcher.cli.arguments import (
    AsJson,
    Gap,
    Language,
    Order,
    Overrides,
    WorkBudget,
    Workers,
    read_gap,
    with_order,
    workers_of,
)
from matcher.cli.exits import Exit, exit_of
from matcher.cli.interrupt import Interruption
from matcher.cli.progress import ProgressLog
from matcher.cli.talk import message, out, out_json, out_markdown, reason, say, taken_over_aloud, warner
from matcher.errors import InvalidOptions, MatcherError

if TYPE_CHECKING:
    from matcher.portfolio.portfolio import Partnership, Portfolio
    from matcher.portfolio.result import Result, SolveOptions
    from matcher.rounds.decisions import DecisionText
    from matcher.rounds.play import PlannedRound
    from matcher.rounds.record import DecisionInForce, Mode, Price, Record
    from matcher.rounds.session import Session
    from matcher.scenario import Scenario

Wishes = list[str] | None


def round_command(
    folder: Annotated[Path, typer.Argument(metavar="SESSION", help="Folder of the session: one run for each round.")],
    scenario: Annotated[
        Path | None, typer.Option("--scenario", metavar="FILE", help="Scenario that a new session begins with.")
    ] = None,
    override: Overrides = None,
    order: Order = None,
    earlier: Annotated[
        Path | None, typer.Option("--from", metavar="RUN", help="Saved run that a new session begins with.")
    ] = None,
    pin: Annotated[Wishes, typer.Option(metavar="FIELDS", help="Pin: offer=ID,state=ID[,years=A-B].")] = None,
    forbid: Annotated[
        Wishes, typer.Option(metavar="FIELDS", help="Exclude by offer, partner, provider, state, need, kind, years.")
    ] = None,
    cap: Annotated[
        Wishes, typer.Option(metavar="FIELDS", help="Limit money: offer=ID or provider=ID,state=ID,money=N or share=S.")
    ] = None,
    fix: Annotated[
        Wishes,
        typer.Option(metavar="FIELDS", help="Require a flow: [financier=ID,]implementer=ID,need=ID,year=Y,quantity=N."),
    ] = None,
    keep: Annotated[Wishes, typer.Option(metavar="ID", help="Keep a partnership of the previous round.")] = None,
    veto: Annotated[Wishes, typer.Option(metavar="ID", help="Rule out a partnership of the previous round.")] = None,
    take_back: Annotated[
        list[int] | None, typer.Option("--take-back", metavar="N", help="Withdraw decision number N.")
    ] = None,
    mode: Annotated[
        Literal["repair", "replan"] | None,
        typer.Option(help="Repair the plan with few changes, or re-plan; default: repair after a new decision."),
    ] = None,
    work: WorkBudget = 20,
    gap: Gap = "0.0001",
    workers: Workers = None,
    prices: Annotated[bool, typer.Option("--prices/--no-prices", help="Price each new decision.")] = True,
    again: Annotated[bool, typer.Option("--replay", help="Re-plan all rounds and compare; adds no round.")] = False,
    language: Language = "en",
    json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Suppress progress messages.")] = False,
) -> None:
    """Record decisions and re-plan from the previous round."""
    from matcher.portfolio.result import SolveOptions
    from matcher.reporting.languages import table_of
    from matcher.rounds.session import Session

    table_of(language)  # before what may take minutes
    session = Session.of(folder)
    engine = _Engine(ProgressLog(sys.stderr, quiet=quiet, language=language), workers_of(workers))
    wishes = _wishes(pin=pin, forbid=forbid, cap=cap, fix=fix, keep=keep, veto=veto)
    if again:
        if wishes or take_back:
            raise typer.BadParameter("expected no decisions beside it: it adds nothing", param_hint="--replay")
        with engine.interruption.heard():
            raise typer.Exit(_replayed(session, engine, language))
    options = SolveOptions(gap=read_gap(gap), work=work)
    with session.held(), engine.interruption.heard():  # until all is saved and shown
        session = Session.of(folder)
        ground = _ground(session, scenario, override, order, earlier, language)
        chosen = _Round(session, ground, wishes, tuple(take_back or ()), mode, options, prices=prices)
        raise typer.Exit(chosen.run(engine, language, json=json))


def _wishes(**texts: list[str] | None) -> tuple[DecisionText, ...]:
    """Returns what was asked, kind by kind."""
    from matcher.rounds.decisions import DecisionText

    return tuple(DecisionText(kind, said) for kind, of_kind in texts.items() for said in of_kind or ())  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Ground:
    """What a round stands on: the scenario without decisions, and the round before."""

    base: Scenario
    standing: tuple[DecisionInForce, ...]
    numbers: int
    """Decisions made so far, whether they stand or not."""
    scenario: Scenario
    """The scenario of the round before."""
    portfolio: Portfolio | None
    partnerships: tuple[Partnership, ...]


def _ground(
    session: Session,
    scenario: Path | None,
    override: list[str] | None,
    order: str | None,
    earlier: Path | None,
    language: str,
) -> _Ground:
    """Returns what the next round stands on."""
    from matcher.io import load
    from matcher.portfolio.partnerships import derive_partnerships
    from matcher.runs.reading import read_run

    last = session.last
    if last is not None:
        first = {"--scenario": scenario, "--override": override, "--order": order, "--from": earlier}
        for option, value in first.items():
            if value:
                raise typer.BadParameter("expected only for the first round of a session", param_hint=option)
        before, _ = read_run(session.round(last.number), warner(language), language=language)
        result = session.result(last.number)
        if before.digest != last.scenario_hash:
            raise InvalidOptions(f"{session.round(last.number)} does not hold the scenario that its round recorded")
        numbers = max((each.number for record in session.records for each in record.standing), default=0)
        return _Ground(session.base(), last.standing, numbers, before, result.portfolio, result.partnerships)
    if earlier is not None:
        if override and scenario is None:
            raise typer.BadParameter("expected --scenario FILE, which it changes", param_hint="--override")
        before, result = read_run(earlier, warner(language), language=language)
        base = with_order(load(scenario, override or ()), order) if scenario is not None else with_order(before, order)
        _check_beginning(before, result, base)
        if result.portfolio is None:
            return _Ground(base, (), 0, before, None, ())
        base = taken_over_aloud(base, before, result.portfolio, language)
        return _Ground(base, (), 0, before, result.portfolio, derive_partnerships(before, result.portfolio))
    if scenario is None:
        raise typer.BadParameter("expected the scenario that a new session begins with", param_hint="--scenario")
    base = with_order(load(scenario, override or ()), order)
    return _Ground(base, (), 0, base, None, ())


def _check_beginning(before: Scenario, result: Result, base: Scenario) -> None:
    """Refuses what a round could not be compared with, before what may take minutes."""
    from matcher.verification import verify

    if before.currency != base.currency:
        expected = f"a run that counts money in {base.currency.code}, as the scenario does"
        raise typer.BadParameter(f"it counts money in {before.currency.code}; expected {expected}", param_hint="--from")
    if result.portfolio is not None and not (report := verify(before, result.portfolio)).ok:
        detail = report.violations[0].detail
        raise typer.BadParameter(f"its portfolio is not valid for its scenario: {detail}", param_hint="--from")


class _Engine:
    """Solves for a session in a process of its own; a signal ends what is going on."""

    def __init__(self, log: ProgressLog, workers: int) -> None:
        from matcher.portfolio.result import Cancel

        self.log, self.workers = log, workers
        self.interruption = Interruption(Cancel(), language=log.language)

    def __call__(self, scenario: Scenario, options: SolveOptions, start: Portfolio | None, /) -> Result:
        """Solves one scenario."""
        from matcher import isolation

        interruption = self.interruption
        return interruption.run(
            lambda: isolation.solve_isolated(
                scenario, options, progress=self.log, cancel=interruption.cancel, workers=self.workers, start=start
            ),
            lambda: self.log.say(
                message("ending", self.log.language, cause=interruption.cause, abort=interruption.way_out)
            ),
        )


@dataclass(frozen=True)
class _Round:
    """The next round of a session."""

    session: Session
    ground: _Ground
    wishes: tuple[DecisionText, ...]
    taken_back: tuple[int, ...]
    mode: Mode | None
    options: SolveOptions
    prices: bool

    def run(self, engine: _Engine, language: str, *, json: bool) -> int:
        """Plans, prices, saves and shows the round; returns the exit code."""
        from matcher.rounds.play import play

        standing = self._standing()
        played = play(self.ground.base, standing, self._mode(), self.options, self.ground.portfolio, engine)
        if played.result.portfolio is None or played.result.stopped_by == "cancel":
            return self._nothing(played, engine, language)
        engine.log.say(message("planned_pricing" if self.prices and self.wishes else "planned", language))
        priced = self._priced(played, engine)
        record = self.session.record(played, priced, self.taken_back)
        if not self._save_and_show(played, record, engine, language, json=json):
            return Exit.FAILED
        return exit_of(played.result, strict=False, interrupted=engine.interruption.exit)

    def _standing(self) -> tuple[DecisionInForce, ...]:
        from matcher.rounds.decisions import decided, with_decisions
        from matcher.rounds.record import DecisionInForce

        known = {each.number for each in self.ground.standing}
        if len(set(self.taken_back)) < len(self.taken_back):
            raise typer.BadParameter("expected each number once", param_hint="--take-back")
        for number in self.taken_back:
            if number not in known:
                expected = (
                    f"expected one of {', '.join(map(str, sorted(known)))}" if known else "nothing is decided yet"
                )
                raise typer.BadParameter(f"no decision {number} stands; {expected}", param_hint="--take-back")
        kept = tuple(each for each in self.ground.standing if each.number not in self.taken_back)
        scenario = with_decisions(self.ground.base, (each.decision for each in kept))
        new = decided(scenario, self.wishes, self.ground.portfolio, self.ground.partnerships)
        number, at = len(self.session.records) + 1, self.ground.numbers + 1
        return kept + tuple(DecisionInForce(number=at + n, round=number, decision=each) for n, each in enumerate(new))

    def _mode(self) -> Mode:
        if self.ground.portfolio is None:
            if self.mode is not None:
                raise typer.BadParameter("the first round is planned from nothing", param_hint="--mode")
            return "plan"
        return self.mode or ("repair" if self.wishes and not self.taken_back else "replan")

    def _priced(self, played: PlannedRound, engine: _Engine) -> tuple[Price, ...]:
        """Prices new decisions; whatever ends that, the plan itself is kept."""
        from matcher.rounds.play import price

        number = len(self.session.records) + 1
        fresh = [each.number for each in played.standing if each.round == number and self.prices]
        found = []
        for each in fresh:
            try:
                priced = price(played, each, engine)
            except (MatcherError, OSError) as error:
                say(message("not_priced", engine.log.language, number=each, reason=reason(error)))
                continue
            if engine.interruption.exit is not None:
                break
            if priced is None:
                say(message("no_price", engine.log.language, number=each))
            else:
                found.append(priced)
        return tuple(found)

    def _nothing(self, played: PlannedRound, engine: _Engine, language: str) -> int:
        """Says that no round was added, and why; an interrupted plan is saved apart."""
        from matcher.cli.saving import Saving
        from matcher.reporting.terminal import summary_text
        from matcher.runs.files import RunFolder

        engine.log.close()
        interrupted = engine.interruption.exit
        if interrupted is None:
            out(summary_text(played.scenario, played.result, language))
        elif played.result.portfolio is not None:  # no round: those come out the same when they are replayed
            beside = RunFolder(_beside(self.session.folder), language)
            Saving(beside, played.scenario, played.result, engine.log).save("saved_best_plan")
        say(message("none_added", language, session=self.session.folder))
        return exit_of(played.result, strict=False, interrupted=interrupted)

    def _save_and_show(
        self, played: PlannedRound, record: Record, engine: _Engine, language: str, *, json: bool
    ) -> bool:
        """Adds the round to the session and shows it; returns whether it was added."""
        from matcher.comparison.comparison import compare
        from matcher.reporting.rounds import round_markdown
        from matcher.rounds.session import PAPER_FILE
        from matcher.runs.files import run_files

        assert played.result.portfolio is not None
        since = None
        if self.ground.portfolio is not None:
            before = self.ground.scenario
            since = before, compare(before, self.ground.portfolio, played.scenario, played.result.portfolio)
        text = round_markdown(played.scenario, played.result, record, since, language)
        files = {**run_files(played.scenario, played.result, engine.log.text, language), PAPER_FILE: text}
        engine.log.close()
        saved = self._save(played, record, files, engine.log, language)
        if saved:
            engine.interruption.nothing_to_lose()
        with engine.interruption.showing():
            if json:
                out_json(record.model_dump(mode="json"))
            else:
                out_markdown(text)
        return saved

    def _save(
        self, played: PlannedRound, record: Record, files: dict[str, str], log: ProgressLog, language: str
    ) -> bool:
        """Adds the round to the session; what cannot be written there is kept elsewhere and said aloud."""
        from matcher.cli.saving import Saving
        from matcher.rounds.session import PAPER_FILE
        from matcher.runs.files import RunFolder

        try:
            folder = self.session.append(record, played, files)
        except (OSError, InvalidOptions) as error:
            wanted = RunFolder(self.session.round(record.number), language)
            saving = Saving(wanted, played.scenario, played.result, log)
            saving.save_elsewhere("saved_round", error, {PAPER_FILE: files[PAPER_FILE]})
            say(message("none_added", language, session=self.session.folder))
            return False
        say(message("round_saved", language, number=record.number, folder=folder, digest=record.digest))
        return True


def _replayed(session: Session, engine: _Engine, language: str) -> int:
    """Plans every round again and says whether it comes out the same."""
    from matcher.reporting.languages import table_of
    from matcher.rounds.session import replay, result_hash

    if not session.records:
        raise typer.BadParameter(f"{session.folder} holds no rounds", param_hint="SESSION")
    different = 0
    for record, result in replay(session, engine):
        if engine.interruption.exit is not None:  # cut short, it says nothing about the round
            engine.log.close()
            return engine.interruption.exit
        same = result_hash(result) == record.result_hash
        different += not same
        out(table_of(language)["rounds"]["replayed" if same else "differs"].format(number=record.number))
    engine.log.close()
    return Exit.FAILED if different else Exit.DONE


def _beside(session: Path) -> Path:
    """Returns the first folder beside a session that is free for a plan cut short: those before it are kept."""
    named = session if session.name not in ("", "..") else session.resolve()  # "." has no name
    first = named.with_name(f"{named.name}-interrupted")
    further = (first.with_name(f"{first.name}-{number}") for number in count(2))
    return next(each for each in chain([first], further) if not os.path.lexists(each))
