"""A bundle: all of a result in one folder, checked from the first byte to the last claim, without a solver.

What is checked, in this order: every file is the one that the manifest lists; scenario, result and
portfolio belong together; the portfolio keeps every rule and has the figures claimed; each objective
is where its stage says; and the certificate's prices imply the bounds. Where a bound is tighter than
its prices imply, the rest is named as what it is: the word of the search that found it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from matcher.verification.bound import SENSE, Proven, proven
from matcher.verification.checker import verify
from matcher.verification.documents import Document, completed, exact_number
from matcher.verification.report import Report, shown

MANIFEST = "manifest.json"
FILES = {
    "scenario": "scenario.resolved.json",
    "result": "result.json",
    "bundle": "bundle.json",
    "certificate": "certificate.json",
}
"""Files of a bundle that are read: what they hold and their names."""
ROUNDING = Fraction(1, 10**6)
"""A stated bound is rounded to six decimals."""
_DROPPINGS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked."""

    ok: bool
    """Whether it holds."""
    text: str
    """What was checked and found, in a sentence."""
    word: bool = False
    """Whether it rests on the word of a solver, which nothing here can check."""


@dataclass(frozen=True, slots=True)
class BundleReport:
    """What was found in a bundle."""

    findings: tuple[Finding, ...]
    """In the order of checking; ends with the first that makes the others meaningless."""
    report: Report | None = None
    """The checker's report on the portfolio, where it came to that."""

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return all(each.ok for each in self.findings)


def verify_bundle(directory: Path) -> BundleReport:
    """Returns what is found in the folder of a bundle."""
    files = tuple(_files(directory))
    if not all(each.ok for each in files):
        return BundleReport(files)
    try:
        documents = {what: _read(directory.joinpath(name)) for what, name in FILES.items()}
        return _checked(files, documents)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        fault = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        return BundleReport((*files, Finding(False, f"the documents do not make sense: {fault}")))


def lines_of(found: BundleReport) -> list[str]:
    """Returns a report as lines of text: what holds, what does not, what rests on a solver's word."""
    marks = {True: "ok", False: "FAILED"}
    lines = [f"{'word' if each.word else marks[each.ok]:7}{each.text}" for each in found.findings]
    words = sum(each.word for each in found.findings)
    failed = sum(not each.ok for each in found.findings)
    if failed:
        return [*lines, f"not verified: {failed} of {len(found.findings)} checks failed"]
    rest = f"; {words} bounds are tighter than their prices prove, on a solver's word" if words else ""
    return [*lines, f"verified: {len(found.findings) - words} checks hold{rest}"]


def _files(directory: Path) -> Iterator[Finding]:
    """Checks every byte of every file against the manifest, and the manifest's own form."""
    try:
        text = directory.joinpath(MANIFEST).read_bytes()
        manifest = json.loads(text.decode("utf-8"))
        listed: Any = manifest["files"]
        canonical = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False).encode("utf-8") + b"\n"
        whole = manifest["manifest"] == 1 and canonical == text and isinstance(listed, dict)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        yield Finding(False, f"{MANIFEST} cannot be read: {error}")
        return
    if not whole:
        yield Finding(False, f"{MANIFEST} is not as it was written")
        return
    there = {each.name for each in directory.iterdir()} - _DROPPINGS
    for name in sorted({*listed, MANIFEST} ^ there):
        yield Finding(False, f"{name} is {'not there' if name in listed else 'not listed in the manifest'}")
    for name in (each for each in FILES.values() if each not in listed):
        yield Finding(False, f"{name} is no part of this folder: expected a run written with --bundle")
    for name in sorted(there.intersection(listed)):
        data = directory.joinpath(name).read_bytes()
        same = listed[name] == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        if not same:
            yield Finding(False, f"{name} is not the file that the manifest lists")
    yield Finding(True, f"{len(listed)} files are as the manifest lists them")


def _read(path: Path) -> dict[str, Any]:
    document = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal, parse_constant=_refuse)
    if not isinstance(document, dict):
        raise TypeError(f"{path.name} holds no object")
    return document


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _checked(files: tuple[Finding, ...], documents: dict[str, dict[str, Any]]) -> BundleReport:
    """Checks what the documents say."""
    scenario, result, bundle = documents["scenario"], documents["result"], documents["bundle"]
    if result["portfolio"] is None:
        same = bundle["check"] is None
        text = f"the result is {result['status']}: there is no portfolio to check"
        return BundleReport((*files, Finding(same, text)))
    report = verify(scenario, result)
    findings = [*files, *_portfolio(report), *_belonging(bundle, result, report)]
    findings += _stages(result, report)
    findings += _bounds(result, report, proven(completed(scenario), documents["certificate"]))
    return BundleReport(tuple(findings), report)


def _portfolio(report: Report) -> Iterator[Finding]:
    for each in report.violations:
        yield Finding(False, f"rule {each.rule} ({each.name}): {', '.join(each.who)}: {each.detail}")
    if report.ok:
        yield Finding(True, "the portfolio keeps every rule of the scenario, and its figures are as claimed")


def _belonging(bundle: Document, result: Document, report: Report) -> Iterator[Finding]:
    """Whether the bundle's own statement is about this result."""
    figures = {name: exact_number(value) for name, value in bundle["check"]["figures"].items()}
    yield Finding(figures == report.figures and bundle["check"]["ok"] is report.ok, "the checker's report is repeated")
    yield Finding(bundle["options"] == result["options"], "options are those of the result")
    same = bundle["versions"]["matcher"] == result["version"] and result["solver"].endswith(
        f" {bundle['versions']['ortools']}"
    )
    yield Finding(same, f"made by matcher {result['version']} with {result['solver']}")


def _stages(result: Document, report: Report) -> Iterator[Finding]:
    """Whether the portfolio is where the last objective left it, and no earlier one is said to be solved wrongly."""
    stages = result["stages"]
    if stages and stages[-1]["objective"] in report.figures:
        last = stages[-1]
        value = exact_number(last["exact"])
        yield Finding(report.figures[last["objective"]] == value, f"{last['objective']} reaches {shown(value)}")
    for each in stages:
        value = exact_number(each["exact"])
        yield Finding(
            abs(Fraction(Decimal(each["value"])) - value) <= ROUNDING,
            f"{each['objective']}: {each['value']} is {shown(value)}, rounded",
        )


def _bounds(result: Document, report: Report, stages: tuple[Proven, ...]) -> Iterator[Finding]:
    """Whether prices imply each bound; whatever they leave open rests on the engine's word."""
    named = [each["objective"] for each in result["stages"]]
    if named != [each.objective for each in stages]:
        yield Finding(
            False, f"the certificate is about {[each.objective for each in stages]}, the result about {named}"
        )
        return
    for stage, found in zip(result["stages"], stages, strict=True):
        yield from _kept(found, report)
        value = exact_number(stage["exact"])
        said = None if stage["bound"] is None else Fraction(Decimal(stage["bound"]))
        if found.sense * (found.bound - value) < 0:
            yield Finding(
                False, f"{found.objective}: {shown(value)} passes what its prices prove, {shown(found.bound)}"
            )
        elif said is None:
            yield Finding(True, f"{_claim(found)}; the result states no bound")
        elif found.sense * (found.bound - said) <= ROUNDING * max(Fraction(1), abs(said)):
            yield Finding(True, f"{_claim(found)}: proven by its prices")
        else:
            yield Finding(True, f"{_claim(found)}: proven by its prices")
            yield Finding(
                True, f"{found.objective}: from there to {stage['bound']} the word of {result['solver']}", word=True
            )


def _kept(found: Proven, report: Report) -> Iterator[Finding]:
    """Whether the portfolio is among those that a bound speaks of."""
    for name, level in found.kept.items():
        if name in report.figures and SENSE[name] * (report.figures[name] - level) < 0:
            yield Finding(False, f"{found.objective}: the portfolio does not keep {name} at {shown(level)}")


def _claim(found: Proven) -> str:
    """What a stage's prices prove, as a sentence."""
    side = {1: "more", -1: "less"}[found.sense]
    kept = " and ".join(
        f"{name} at {'least' if SENSE[name] > 0 else 'most'} {_short(level)}" for name, level in found.kept.items()
    )
    among = f" that keeps {kept}" if kept else ""
    return f"{found.objective}: no portfolio{among} has {side} than {_short(found.bound)}"


def _short(value: Fraction) -> str:
    return shown(value, 12) if value.denominator == 1 else shown(value, 0)
