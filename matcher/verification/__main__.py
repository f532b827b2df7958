"""The checker as a program of its own: ``python matcher/verification SCENARIO PORTFOLIO``, or ``... BUNDLE``.

Reads JSON: a resolved scenario, and a portfolio or a result; or the folder of a bundle. Ends with 0 if
nothing is wrong, 1 if something is, 2 if a document cannot be read.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if not __package__:  # run as a folder: only this folder is needed, so the package around it stays unread
    _around = ModuleType("matcher")
    _around.__path__ = [str(Path(__file__).resolve().parent.parent)]
    sys.modules["matcher"] = _around

from matcher.verification.bundle import lines_of, verify_bundle
from matcher.verification.checker import verify
from matcher.verification.documents import read_document
from matcher.verification.report import shown

if TYPE_CHECKING:
    from matcher.verification.report import Report

USAGE = (
    "usage: python matcher/verification SCENARIO.json PORTFOLIO-OR-RESULT.json\n"
    "       python matcher/verification BUNDLE\n"
)


def main(arguments: Sequence[str]) -> int:
    """Checks a portfolio against a scenario, or a bundle, and writes what was found; returns the exit code."""
    if len(arguments) == 1 and Path(arguments[0]).is_dir():
        found = verify_bundle(Path(arguments[0]))
        sys.stdout.write("".join(f"{line}\n" for line in lines_of(found)))
        return 0 if found.ok else 1
    if len(arguments) != 2:
        sys.stderr.write(USAGE)
        return 2
    try:
        report = verify(*(read_document(Path(each)) for each in arguments))
    except KeyError as error:
        sys.stderr.write(f"cannot read these documents: {error} is missing\n")
        return 2
    except (OSError, TypeError, ValueError) as error:
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
