"""Writes as the engine does in children that are killed, or whose calls to the system fail, and looks what stands.

A process of its own with one thread, because it forks: ``python crashes.py FOLDER WHAT [ARGUMENTS]`` prints one line
of JSON for each child.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from fake_engine import StandIn
from matcher.cli import run
from matcher.errors import InvalidOptions
from matcher.io import (
    MANIFEST,
    check_run_directory,
    recover,
    run_directory,
    write_atomically,
    write_new,
    write_run,
)
from matcher.runs.files import BUNDLE_FILE, RunFolder
from run_folders import is_complete
from sample_result import SCENARIO, sample_result, sample_scenario
from tracing import FLUSHES, READS, RENAMES, WRITES, Action, Call, Plan, Trace, traced

Files = dict[str, str]
OLD: Files = {"result.json": "old\n" * 5000, "portfolio.csv": "old\n", "only-old.md": "old\n"}
NEW: Files = {"result.json": "new\n" * 5000, "portfolio.csv": "new\n" * 50, "only-new.md": "new\n"}
NEXT: Files = {"result.json": "next\n"}
ERRORS = {name: getattr(errno, name) for name in ("ENOSPC", "EIO", "EACCES", "EDQUOT", "EROFS")}
HARMLESS = READS | {"close", "open", "openat"}
"""Calls that a disk which takes nothing more still answers."""


class Write:
    """One way of writing: what stands before, what is done, and what may stand after."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind = kind
        self.folder = folder / "runs"
        self.target = self.folder / "run"
        self.exchanges = kind != "without exchange"
        self.texts = kind in ("file", "new file")
        self.prepare()
        self.do()  # imports what it needs, which is no call of the write itself

    def prepare(self) -> None:
        """Puts up what stands before."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.kind == "deep":
            return
        self.folder.mkdir()
        if self.kind == "file":
            write_atomically(self.target, OLD["result.json"])
        elif self.kind in ("over", "without exchange", "save"):
            write_run(self.target, OLD)

    def do(self) -> None:
        """Writes."""
        if self.kind == "file":
            write_atomically(self.target, NEW["result.json"])
        elif self.kind == "new file":
            write_new(self.target, NEW["result.json"])
        elif self.kind == "save":
            run_folder = RunFolder(self.target)
            run_folder.save(sample_scenario(), sample_result(), "log\n")
            run_folder.save(sample_scenario(), sample_result(), "log\nbundle\n", {BUNDLE_FILE: "{}\n"})
        else:
            write_run(self.target, NEW)

    def standing(self) -> str:
        """Returns which of the texts or sets stands at the target, ``nothing``, or ``half`` of one or a mixture."""
        if not os.path.lexists(self.target):
            return "nothing"
        if self.texts:
            text = self.target.read_text()
            return {OLD["result.json"]: "old", NEW["result.json"]: "new"}.get(text, "half")
        if not is_complete(self.target):
            return "half"
        held = {path.name: path.read_text() for path in self.target.iterdir() if path.name != MANIFEST}
        if self.kind == "save" and held != OLD:
            return {"log\n": "first", "log\nbundle\n": "new"}[held["log.txt"]]
        return "old" if held == OLD else "new" if held == NEW else "half"

    def left(self) -> list[str]:
        """Returns what is in the folder beside the target."""
        return sorted({path.name for path in self.folder.iterdir()} - {"run"}) if self.folder.exists() else []

    def again(self) -> str:
        """Writes once more, as the next user would, and returns what is wrong with what then stands."""
        try:
            if self.texts:
                write_atomically(self.target, NEXT["result.json"])
                fine = self.target.read_text() == NEXT["result.json"]
            else:
                write_run(self.target, NEXT)
                fine = is_complete(self.target) and {path.name for path in self.target.iterdir()} == {*NEXT, MANIFEST}
        except (OSError, InvalidOptions) as error:
            return f"next write: {error}"
        return "" if fine and not self.left() else f"next write: {'whole' if fine else 'half'}, left {self.left()}"

    def told(self) -> str:
        """Writes and returns the error that it ended with, as JSON; an empty text if with none."""
        try:
            self.do()
        except (OSError, InvalidOptions) as error:
            file = getattr(error, "filename", None)
            return json.dumps({"type": type(error).__name__, "text": str(error), "file": file})
        return ""

    def record(self, what: str, trace: Trace, number: int = 0) -> dict[str, object]:
        """Returns what became of one child and of what it wrote, then of the next write."""
        standing, left = self.standing(), self.left()
        recovered = standing
        if not self.texts and self.folder.exists():
            recover(self.target)
            recovered = self.standing()
        return {
            "what": what,
            "call": next((call.name for call in trace.touched if call.index == number), ""),
            "later": len([call for call in trace.touched if call.index > number]),
            "number": number,
            "killed": trace.killed,
            "error": json.loads(trace.report) if trace.report else None,
            "standing": standing,
            "recovered": recovered,
            "left": left,
            "again": self.again(),
        }


def with_faults(write: Write, plan: Plan) -> Plan:
    """Adds to a plan what the system that is written on cannot do: exchange folders, perhaps."""

    def both(call: Call) -> Action | None:
        action = plan(call)
        if call.name == "renameat2" and not write.exchanges:
            return Action(error=(action and action.error) or errno.EINVAL, kill=action.kill if action else "")
        return action

    return both


def at(number: int, action: Action, names: frozenset[str] | None = None) -> Plan:
    """Returns a plan for the call of one number, if it is of these names."""
    return lambda call: action if call.index == number and (names is None or call.name in names) else None


def calls_of(write: Write) -> dict[str, object]:
    """Returns the calls of a write that change something, in order."""
    write.prepare()
    trace = traced(write.told, with_faults(write, lambda _: None))
    return {"calls": [name for name in trace.calls if name not in HARMLESS]}


def kills(write: Write) -> Iterator[dict[str, object]]:
    """Kills before and after every call that changes something, and in the middle of every write."""
    write.prepare()
    calls = traced(write.told, with_faults(write, lambda _: None)).calls
    for number, name in enumerate(calls, 1):
        if name in READS:
            continue
        for moment in ("before", "half", "after") if name in WRITES else ("before", "after"):
            write.prepare()
            trace = traced(write.told, with_faults(write, at(number, Action(kill=moment))))
            yield write.record(moment, trace, number)


def questions(folder: Path) -> Iterator[dict[str, object]]:
    """Kills at every call that changes something of the question whether a run can be written, then asks again."""
    target = folder / "runs" / "run"

    def ask() -> str:
        check_run_directory(target)
        return ""

    for number, name in enumerate(traced(ask, lambda _: None).calls, 1):
        if name not in READS:
            trace = traced(ask, at(number, Action(kill="after")))
            left = len(list(folder.iterdir()))
            ask()
            yield {"killed": trace.killed, "left": left, "after": len(list(folder.iterdir()))}


def single_faults(number: int, name: str, errors: dict[str, int]) -> Iterator[tuple[str, Plan]]:
    """Returns what can befall one call, by the words for it."""
    for error, code in errors.items():
        yield f"{error}: fails", at(number, Action(error=code))
        if name in RENAMES | FLUSHES | {"close"}:
            yield f"{error}: fails although done", at(number, Action(error=code, done=True))
    if name in WRITES:
        yield "is short", at(number, Action(short=True))
        yield "ENOSPC: is short, then fails", short_then_full(number)
    if name in WRITES | FLUSHES | {"openat", "open"}:
        yield "is interrupted", at(number, Action(error=errno.EINTR))


def short_then_full(number: int) -> Plan:
    """Returns a plan in which one write is short and the next fails, as on a disk that becomes full."""

    def plan(call: Call) -> Action | None:
        if call.index == number:
            return Action(short=True)
        return Action(error=errno.ENOSPC) if call.index == number + 1 and call.name in WRITES else None

    return plan


def lasting(number: int, code: int) -> Plan:
    """Returns a plan in which from one call on every call fails that changes something."""
    return lambda call: Action(error=code) if call.index >= number and call.name not in HARMLESS else None


def faults(write: Write, errors: dict[str, int]) -> Iterator[dict[str, object]]:
    """Has every call fail in every way, and from every call on all that change something."""
    write.prepare()
    calls = traced(write.told, with_faults(write, lambda _: None)).calls
    for number, name in enumerate(calls, 1):
        for what, plan in single_faults(number, name, errors):
            write.prepare()
            yield write.record(what, traced(write.told, with_faults(write, plan)), number)
        if name in HARMLESS:
            continue
        for error in ("ENOSPC", "EROFS"):
            write.prepare()
            plan = lasting(number, ERRORS[error])
            trace = traced(write.told, with_faults(write, plan))
            yield write.record(f"{error}: all fail from here", trace, number)


def random_kills(write: Write, count: int, seed: int) -> Iterator[dict[str, object]]:
    """Kills at random moments, by the clock: no call is stopped at, and the disk is what it is."""
    moments = random.Random(seed)
    length = 0.0
    for number in range(-5, count):
        write.prepare()
        took = clocked(write, moments.uniform(0, length) if number >= 0 else None)
        if took is not None:  # how long a write takes depends on what else the machine does
            length = took if number < 0 else (length + took) / 2
        if number >= 0:
            yield {**write.record("at random", Trace(killed=took is None)), "length": length}


def clocked(write: Write, delay: float | None) -> float | None:
    """Writes in a child, killed after a delay if there is one; returns the seconds that it took, None if not done."""
    inlet, outlet = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if not write.exchanges:
                run_directory.exchange = lambda first, second: False
            os.write(outlet, b"<")
            start = time.perf_counter()
            write.do()
            os.write(outlet, repr(time.perf_counter() - start).encode())
        finally:
            os._exit(0)
    os.close(outlet)
    os.read(inlet, 1)
    if delay is not None:
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
    seconds = os.read(inlet, 100).decode()
    os.waitpid(child, 0)
    os.close(inlet)
    return float(seconds) if seconds else None


def solves(folder: Path, errors: dict[str, int], arguments: tuple[str, ...]) -> Iterator[dict[str, object]]:
    """Has every call of a whole ``matcher solve`` fail, the engine aside, and from every call on all that write."""
    import matcher.isolation.second_opinion  # and with it the engine, before the stand-in takes its place

    engine = StandIn()
    vars(matcher)["isolation"] = engine
    home = folder / "home"

    def afresh() -> None:
        for name in ("home", "temporary"):
            shutil.rmtree(folder / name, ignore_errors=True)
            (folder / name).mkdir()
        (home / "sample.json").write_text(json.dumps(SCENARIO), encoding="utf-8")
        os.chdir(home)

    def solve() -> str:
        """Solves with streams that are files; returns exit code, number of solves, and what the streams got."""
        code = run(["solve", "sample.json", "-o", "deep/out", *arguments])
        return json.dumps({"code": code, "asked": len(engine.asked)})

    afresh()
    with streams(folder):
        solve()  # imports what it needs
    engine.asked.clear()
    afresh()
    with streams(folder):
        calls = traced(solve, lambda _: None).calls
    for number, name in enumerate(calls, 1):
        cases = list(single_faults(number, name, errors))
        if name not in HARMLESS:
            cases.append(("EROFS: all fail from here", sparing_streams(lasting(number, errno.EROFS))))
        for what, plan in cases:
            afresh()
            with streams(folder):
                trace = traced(solve, plan)
            yield outcome(folder, what, trace)


def sparing_streams(plan: Plan) -> Plan:
    """Leaves stdout and stderr out of a plan, as they are not on the disk that fails."""
    return lambda call: None if call.name in WRITES and call.file in (1, 2) else plan(call)


@contextlib.contextmanager
def streams(folder: Path) -> Iterator[None]:
    """Leads stdout and stderr of this process and its children into files meanwhile."""
    sys.stdout.flush()
    kept = os.dup(1), os.dup(2)
    for number, name in ((1, "stdout"), (2, "stderr")):
        with (folder / name).open("wb") as file:
            os.dup2(file.fileno(), number)
    try:
        yield
    finally:
        sys.stdout.flush()
        for number in (1, 2):
            os.dup2(kept[number - 1], number)
            os.close(kept[number - 1])


def outcome(folder: Path, what: str, trace: Trace) -> dict[str, object]:
    """Returns what a user has after a solve: exit code, streams, and in which places the result is."""
    target = folder / "home" / "deep" / "out"
    elsewhere = [path for path in (folder / "temporary").glob("*/*") if is_complete(path)]
    hidden = [path for path in folder.rglob("*.matcher-tmp") if not path.is_relative_to(target)]
    return {
        "what": what,
        "calls": [call.name for call in trace.touched],
        "index": min((call.index for call in trace.touched), default=0),
        **json.loads(trace.report),
        "out": (folder / "stdout").read_text(encoding="utf-8"),
        "talk": (folder / "stderr").read_text(encoding="utf-8"),
        "target": "nothing" if not target.exists() else "whole" if is_complete(target) else "half",
        "files": sorted(path.name for path in target.iterdir()) if target.exists() else [],
        "elsewhere": [str(path) for path in elsewhere],
        "left": [path.name for path in hidden],
    }


def main(folder: Path, what: str, *arguments: str) -> None:
    """Runs what is asked for and prints what became of each child."""
    sys.stdout = io.TextIOWrapper(os.fdopen(os.dup(1), "wb"), encoding="utf-8")
    lines = sys.stdout
    records: Iterator[dict[str, object]]
    if what == "solves":
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - stdout itself, to the end
        records = solves(folder, {arguments[0]: ERRORS[arguments[0]]}, arguments[1:])
    elif what == "questions":
        records = questions(folder)
    elif what == "calls":
        records = iter([calls_of(Write(folder, arguments[0]))])
    elif what == "kills":
        records = kills(Write(folder, arguments[0]))
    elif what == "faults":
        records = faults(Write(folder, arguments[0]), {name: ERRORS[name] for name in arguments[1].split(",")})
    else:
        records = random_kills(Write(folder, arguments[0]), int(arguments[1]), int(arguments[2]))
    for each in records:
        assert len(list(Path("/proc/self/task").iterdir())) == 1, "forks, and so may have no second thread"
        lines.write(json.dumps(each) + "\n")
    lines.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
