"""The checker as a program of its own: ``python matcher/verification SCENARIO PORTFOLIO``, or ``... RUN``.

Reads JSON: a resolved scenario, and a portfolio or a result; or the folder of a saved run. Ends with 0 if
nothing is wrong, 1 if something is, 2 if a document cannot be read. Of a run it checks less than
``matcher verify RUN``, which also writes the papers again and compares them word for word.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if not __package__:  # run as a folder: only this folder is needed, so the package around it stays unread
    _around = ModuleType("matcher")
    _around.__path__ = [str(Path(__file__).resolve().parent.parent)]
    sys.modules["matcher"] = _around

from matcher.verification.bundle import lines_of, verify_run
from matcher.verification.checker import verify
from matcher.verification.documents import read_document
from matcher.verification.report import shown

if TYPE_CHECKING:
    from matcher.verification.report import Report

USAGE = (
    "usage: python matcher/verification SCENARIO.json PORTFOLIO-OR-RESULT.json\n"
    "       python matcher/verification RUN\n"
)
NOT_HERE = (
    "not checked here, but held by the manifest: the words of papers, names, duties, meetings and gaps of "
    "partnerships, and why no portfolio exists; matcher verify RUN comes to them again and compares"
)


def main(arguments: Sequence[str]) -> int:
    """Checks a portfolio against a scenario, or a saved run, and writes what was found; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a report does not fail for a name that its encoding lacks
            stream.reconfigure(errors="backslashreplace")
    if len(arguments) == 1 and Path(arguments[0]).is_dir():
        found = verify_run(Path(arguments[0]))
        sys.stdout.write("".join(f"{line}\n" for line in (*lines_of(found), NOT_HERE)))
        return 0 if found.ok else 1
    if len(arguments) != 2:
        sys.stderr.write(USAGE)
        return 2
    try:
        report = verify(*(read_document(Path(each)) for each in arguments))
    except KeyError as error:
        sys.stderr.write(f"cannot read these documents: {error} is missing\n")
        return 2
    except Exception as error:  # whatever forged documents make of the checker, as of a bundle
        sys.stderr.write(f"cannot read these documents: {error}\n")
        return 2
    sys.stdout.write(_text(report))
    return 0 if report.ok else 1


def _text(report: Report) -> str:
    """Returns a report as lines of text."""
    lines = [
        f"rule {each.rule} {each.name}: {' '.join(each.who)} {each.year or ''}".rstrip()
        + f": off by {each.excess}: {each.detail}"
        for each in report.violations
    ]
    lines += [f"{len(lines)} violations"]
    lines += [f"{name} = {shown(value)}" for name, value in report.figures.items()]
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
