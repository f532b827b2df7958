"""The folder of a session: one saved run for each round, with its record; only ever added to."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from matcher.errors import InvalidOptions
from matcher.io import RESULT_FILE, canonical_json, load, load_portfolio, scenario_document, write_run
from matcher.portfolio.portfolio import Portfolio
from matcher.portfolio.result import Result
from matcher.rounds.play import PlannedRound, Solver, play
from matcher.rounds.record import Price, Record
from matcher.scenario import Scenario
from matcher.verification import file_findings

RECORD_FILE = "round.json"
PAPER_FILE = "round.md"
"""Paper for the meeting, in the language asked for."""
BASE_FILE = "base.json"
EARLIER_FILE = "earlier.json"
"""Portfolio that a session began with, if any."""
LOCK_FILE = ".lock"
MOST_ROUNDS = 9999


@dataclass(frozen=True)
class Session:
    """A session's folder and the rounds in it."""

    folder: Path
    records: tuple[Record, ...]

    @classmethod
    def of(cls, folder: Path) -> Session:
        """Returns the session in a folder; one without rounds where there is nothing.

        Raises
        ------
        InvalidOptions
            if the folder holds anything else, a round is not whole, or the records do not follow one another.
        """
        if not os.path.lexists(folder):
            return cls(folder, ())
        if not folder.is_dir():
            raise InvalidOptions(f"{folder} is no folder: name one for the session")
        names = sorted(each.name for each in folder.iterdir() if not each.name.startswith("."))
        expected = [f"{at:04}" for at in range(1, len(names) + 1)]
        if names != expected:
            strange = next(iter(sorted(set(names) - set(expected))), "a round missing")
            raise InvalidOptions(f"{folder} is no session: it holds {strange}; name a folder of its own for it")
        records = tuple(_read_record(folder / name) for name in names)
        for before, after in zip((None, *records), records, strict=False):
            _check_follows(before, after, folder)
        return cls(folder, records)

    @property
    def last(self) -> Record | None:
        """The record of the last round."""
        return self.records[-1] if self.records else None

    def round(self, number: int) -> Path:
        """Returns the folder of a round."""
        return self.folder / f"{number:04}"

    def base(self) -> Scenario:
        """Returns the scenario without the session's decisions, as the first round was given it."""
        scenario = load(self.round(1) / BASE_FILE)
        if scenario.digest != self.records[0].base_hash:
            raise InvalidOptions(f"{self.round(1) / BASE_FILE} is not the scenario that the session began with")
        return scenario

    def result(self, number: int) -> Result:
        """Returns the result of a round."""
        data = (self.round(number) / RESULT_FILE).read_bytes()
        if hashlib.sha256(data).hexdigest() != self.records[number - 1].result_hash:
            raise InvalidOptions(f"{self.round(number) / RESULT_FILE} is not the result that its round recorded")
        return Result.model_validate_json(data)

    def portfolio(self, number: int) -> Portfolio | None:
        """Returns the portfolio of a round; of 0, the one that the session began with, if any."""
        if number:
            return self.result(number).portfolio
        file = self.round(1) / EARLIER_FILE
        found = load_portfolio(file) if file.is_file() else None
        if (None if found is None else found.digest) != self.records[0].started_from:
            raise InvalidOptions(f"{file} is not the portfolio that the session began with")
        return found

    def record(self, played: PlannedRound, prices: tuple[Price, ...], taken_back: tuple[int, ...]) -> Record:
        """Returns the record of a round that was planned, as the next of the session."""
        number = len(self.records) + 1
        if number > MOST_ROUNDS:
            raise InvalidOptions(f"{self.folder} holds {MOST_ROUNDS} rounds already: begin another session")
        return Record(
            number=number,
            previous=None if self.last is None else self.last.digest,
            scenario=played.base.name,
            base_hash=played.base.digest,
            scenario_hash=played.scenario.digest,
            mode=played.mode,
            options=played.options,
            taken_back=taken_back,
            standing=played.standing,
            started_from=played.result.started_from,
            result_hash=result_hash(played.result),
            prices=prices,
        )

    def append(self, record: Record, played: PlannedRound, files: Mapping[str, str]) -> Path:
        """Adds a round to the folder, all its files at once, and returns its own folder.

        Raises
        ------
        InvalidOptions
            if another round was added meanwhile, or the folder cannot be used.
        OSError
            if it cannot be written.
        """
        folder = self.round(record.number)
        if os.path.lexists(folder):
            raise InvalidOptions(f"{folder} is there already: somebody else added a round meanwhile")
        more = {RECORD_FILE: canonical_json(record.model_dump(mode="json"))}
        if record.number == 1:
            more[BASE_FILE] = canonical_json(scenario_document(played.base))
            if played.earlier is not None:
                more[EARLIER_FILE] = canonical_json(played.earlier.model_dump(mode="json"))
        return write_run(folder, {**files, **more})

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other processes from adding rounds while one is planned, where the system has locks.

        Raises
        ------
        InvalidOptions
            if another process is adding one.
        """
        fresh = not os.path.lexists(self.folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            raise InvalidOptions(f"{self.folder} cannot be made ({reason}): name another folder") from None
        with (self.folder / LOCK_FILE).open("wb") as lock:
            if sys.platform != "win32":
                import fcntl

                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    raise InvalidOptions(f"{self.folder}: another process is adding a round") from None
            try:
                yield
            finally:
                if fresh and not any(each.name != LOCK_FILE for each in self.folder.iterdir()):
                    with contextlib.suppress(OSError):  # another process has begun to use it
                        (self.folder / LOCK_FILE).unlink()
                        self.folder.rmdir()


def result_hash(result: Result) -> str:
    """Returns the SHA-256 of a result document as it is saved."""
    return hashlib.sha256(canonical_json(result.model_dump(mode="json")).encode()).hexdigest()


def replay(session: Session, solver: Solver) -> Iterator[tuple[Record, Result]]:
    """Plans each round again from its record and yields it with the new result.

    Raises
    ------
    InvalidOptions
        if the session does not hold what its records say.
    """
    base = session.base()
    for record in session.records:
        earlier = session.portfolio(record.number - 1)
        played = play(base, record.standing, record.mode, record.options, earlier, solver)
        if played.scenario.digest != record.scenario_hash:
            raise InvalidOptions(f"{session.round(record.number)}: its decisions make another scenario than it solved")
        yield record, played.result


def _read_record(folder: Path) -> Record:
    off = "; ".join(each.text for each in file_findings(folder) if not each.ok)
    if off:
        raise InvalidOptions(f"{folder} does not hold what it was saved with ({off}): a round is never changed")
    try:
        return Record.model_validate_json((folder / RECORD_FILE).read_bytes())
    except FileNotFoundError:
        raise InvalidOptions(f"{folder} is a run, but no round of a session") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidOptions(f"{folder / RECORD_FILE} is no record of a round: {where}: {first['msg']}") from None


def _check_follows(before: Record | None, after: Record, folder: Path) -> None:
    expected = (1, None) if before is None else (before.number + 1, before.digest)
    if (after.number, after.previous) != expected:
        raise InvalidOptions(f"{folder}: round {after.number} does not follow the one before it: it was changed")
    if before is not None and before.base_hash != after.base_hash:
        raise InvalidOptions(f"{folder}: round {after.number} began with another scenario")
