"""A bundle: all of a result in one folder, checked from the first byte to the last claim, without a solver.

What is checked, in this order: every file is the one that the manifest lists; scenario, result and
portfolio belong together; the portfolio keeps every rule and has the figures claimed; each objective
is where its stage says; and the certificate's prices imply the bounds. Where a bound is tighter than
its prices imply, the rest is named as what it is: the word of the search that found it. Not checked, but
held by the manifest's hashes, are papers for people, agreements (a reading of the portfolio), sizes, and
what a bundle says of its input.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from matcher.verification.bound import SENSE, Proven, proven
from matcher.verification.checker import verify
from matcher.verification.documents import MOST_DIGITS, Document, completed, exact_number, full_hash, read_document
from matcher.verification.report import Report, shown

Sought = tuple[tuple[str, Fraction], ...]
"""Objectives in order, each with the share that later ones may take."""
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
DEFAULT_ORDER = {
    "completions": Fraction(0),
    "coverage": Fraction(1, 100),
    "worst_off": Fraction(1, 100),
    "engagements": Fraction(0),
    "cost": Fraction(0),
}
"""Objectives sought where a scenario names none, each with the share that later ones may take."""
_STATED = re.compile(r"-?[0-9]+(\.[0-9]+)?")
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
        documents = {what: read_document(directory.joinpath(name)) for what, name in FILES.items()}
        report = _checked(files, documents)
    except Exception as error:  # whatever forged documents make of the checker: none of it is a proof
        fault = f"{error} is missing" if isinstance(error, KeyError) else f"{type(error).__name__}: {error}"
        report = BundleReport((*files, Finding(False, f"the documents do not make sense: {fault}")))
    return replace(report, findings=tuple(replace(each, text=_printable(each.text)) for each in report.findings))


def _printable(text: str) -> str:
    """The text with halves of characters, which documents may hold and no terminal takes, spelt out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def lines_of(found: BundleReport) -> list[str]:
    """Returns a report as lines of text: what holds, what does not, what rests on a solver's word."""
    marks = {True: "ok", False: "FAILED"}
    lines = [f"{'word' if each.word else marks[each.ok]:7}{each.text}" for each in found.findings]
    words = sum(each.word for each in found.findings)
    failed = sum(not each.ok for each in found.findings)
    if failed:
        return [*lines, f"not verified: {failed} of {len(found.findings)} checks failed"]
    rest = f"; {words} more on a solver's word alone" if words else ""
    return [*lines, f"verified: {len(found.findings) - words} checks hold{rest}"]


def _files(directory: Path) -> Iterator[Finding]:
    """Checks every byte of every file against the manifest, and the manifest's own form."""
    try:
        text = directory.joinpath(MANIFEST).read_bytes()
        manifest = json.loads(text.decode("utf-8"))
        listed: Any = manifest["files"]
        canonical = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False).encode("utf-8") + b"\n"
        whole = canonical == text and manifest.keys() == {"files", "manifest"} and isinstance(listed, dict)
        whole = whole and type(manifest["manifest"]) is int and manifest["manifest"] == 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
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
    same = [
        name for name in sorted(there.intersection(listed)) if _is_as_listed(directory.joinpath(name), listed[name])
    ]
    for name in sorted(there.intersection(listed).difference(same)):
        yield Finding(False, f"{name} is not the file that the manifest lists")
    yield Finding(True, f"{len(same)} files are as the manifest lists them")


def _is_as_listed(path: Path, entry: Any) -> bool:
    """Whether a file has the size and hash that the manifest says, and the manifest says them as it should."""
    if not path.is_file():
        return False
    data = path.read_bytes()
    same = bool(entry == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    return same and type(entry["bytes"]) is int


def _stated(text: object) -> Fraction:
    """The number that a result states in a few digits."""
    if not isinstance(text, str) or len(text) > MOST_DIGITS or not _STATED.fullmatch(text):
        raise ValueError(f"{str(text)[:40]!r} is no number, expected digits with six decimals")
    return Fraction(text)


def _checked(files: tuple[Finding, ...], documents: dict[str, dict[str, Any]]) -> BundleReport:
    """Checks what the documents say."""
    scenario, result, bundle = documents["scenario"], documents["result"], documents["bundle"]
    full = completed(scenario)
    findings = [*files, *_belonging(full, bundle, result)]
    if result["portfolio"] is None:
        findings += _nothing(bundle, result)
        return BundleReport(tuple(findings))
    report = verify(scenario, result)
    findings += [*_portfolio(report), *_figures(bundle, result, report)]
    order = _order(full)
    findings += _stages(full, result, report, order)
    findings += _bounds(result, report, proven(full, documents["certificate"]), order)
    return BundleReport(tuple(findings), report)


def _belonging(full: Document, bundle: Document, result: Document) -> Iterator[Finding]:
    """Whether scenario, result and the bundle's own statement are about the same."""
    yield Finding(result["scenario_hash"] == full_hash(full), f"the result answers scenario {full['name']}")
    yield Finding(bundle["options"] == result["options"], "options are those of the result")
    ortools = f"ortools {bundle['versions']['ortools']}"
    same = bundle["versions"]["matcher"] == result["version"] and result["solver"] == ortools
    yield Finding(same, f"made by matcher {result['version']} with {result['solver']}")


def _nothing(bundle: Document, result: Document) -> Iterator[Finding]:
    """What can be said where there is no portfolio: that there is none is a solver's word."""
    status = result["status"]
    fits = bundle["check"] is None and status in ("infeasible", "no_portfolio") and not result["stages"]
    yield Finding(fits and not result["figures"], f"the result is {status}: there is no portfolio to check")
    if status == "infeasible":
        yield Finding(True, f"that there can be none is the word of {result['solver']}", word=True)


def _portfolio(report: Report) -> Iterator[Finding]:
    for each in report.violations:
        yield Finding(False, f"rule {each.rule} ({each.name}): {', '.join(each.who)}: {each.detail}")
    if report.ok:
        yield Finding(True, "the portfolio keeps every rule of the scenario")


def _figures(bundle: Document, result: Document, report: Report) -> Iterator[Finding]:
    """Whether result and bundle state every figure, as it is."""
    check = {name: exact_number(value) for name, value in bundle["check"]["figures"].items()}
    yield Finding(check == report.figures and bundle["check"]["ok"] is report.ok, "the checker's report is repeated")
    stated = {each["objective"]: exact_number(each["exact"]) for each in result["figures"]}
    near = all(_is_rounded(each["value"], exact_number(each["exact"])) for each in result["figures"])
    yield Finding(stated == report.figures and near, "the result states every figure as it is")


def _is_rounded(text: object, value: Fraction) -> bool:
    """Whether a text is a figure, rounded to six decimals."""
    return 2 * abs(_stated(text) - value) <= ROUNDING


def _order(full: Document) -> Sought:
    """The objectives sought, in order, each with the share that later ones may take."""
    objectives = full["objectives"]
    if objectives["weights"] is not None:
        return (("weighted", Fraction(0)),)
    goals = DEFAULT_ORDER.items() if objectives["order"] is None else _goals(objectives["order"])
    return tuple((name, Fraction(give_up)) for name, give_up in goals)


def _goals(order: list[Document]) -> Iterator[tuple[str, Decimal | int]]:
    return ((goal["objective"], goal["give_up"]) for goal in order)


def _figure(full: Document, report: Report, name: str) -> Fraction | None:
    """The portfolio's figure of an objective, or of the weighted sum of several."""
    if name != "weighted":
        return report.figures.get(name)
    weights = full["objectives"]["weights"] or ()
    parts = (SENSE[e["objective"]] * Fraction(e["weight"]) * report.figures[e["objective"]] for e in weights)
    return sum(parts, Fraction(0))


def _stages(full: Document, result: Document, report: Report, order: Sought) -> Iterator[Finding]:
    """Whether stages are those of the scenario, say what adds up, and leave the portfolio where it is."""
    stages = result["stages"]
    named = [each["objective"] for each in stages]
    yield Finding(
        named == [name for name, _ in order][: len(named)] and bool(named),
        f"objectives are pursued in the scenario's order: {', '.join(named)}",
    )
    for each in stages:
        yield from _stage(each, result)
    if stages:
        last = stages[-1]
        value = exact_number(last["exact"])
        yield Finding(_figure(full, report, last["objective"]) == value, f"{last['objective']} reaches {shown(value)}")
    solved = len(stages) == len(order) and all(each["solved"] is True for each in stages)
    yield Finding(result["status"] == ("optimal" if solved else "feasible"), f"the result is called {result['status']}")


def _stage(stage: Document, result: Document) -> Iterator[Finding]:
    """Whether what a stage says of value, bound and gap fits together."""
    name, value = stage["objective"], exact_number(stage["exact"])
    sense = SENSE.get(name, 1)
    fits = stage["sense"] == {1: "max", -1: "min"}[sense] and _is_rounded(stage["value"], value)
    if stage["bound"] is None:
        fits = fits and stage["gap"] is None and stage["solved"] is False
    else:
        bound = _stated(stage["bound"])
        gaps = [_gap(value, bound + part * ROUNDING) for part in (-1, 0, 1)]  # a stated bound is a rounded one
        gaps += [Fraction(0)] if abs(bound - value) <= ROUNDING else []
        gap = Fraction(stage["gap"])
        fits = fits and sense * (bound - value) >= -ROUNDING and min(gaps) - ROUNDING <= gap <= max(gaps) + ROUNDING
        over = gap - Fraction(result["options"]["gap"])
        fits = fits and (over <= ROUNDING if stage["solved"] is True else over > -ROUNDING)
    yield Finding(fits, f"{name}: {stage['value']}, at best {stage['bound']}, gap {stage['gap']}")


def _gap(value: Fraction, bound: Fraction) -> Fraction:
    """Relative distance of value and bound; 0 where they are equal."""
    return Fraction(0) if value == bound else Fraction(abs(bound - value), max(abs(bound), abs(value)))


def _bounds(result: Document, report: Report, stages: tuple[Proven, ...], order: Sought) -> Iterator[Finding]:
    """Whether prices imply each bound; whatever they leave open rests on the engine's word."""
    named = [each["objective"] for each in result["stages"]]
    if named != [each.objective for each in stages]:
        yield Finding(
            False, f"the certificate is about {[each.objective for each in stages]}, the result about {named}"
        )
        return
    levels: dict[str, Fraction] = {}
    for at, (stage, found) in enumerate(zip(result["stages"], stages, strict=True)):
        yield Finding(found.kept == levels, f"{found.objective}: earlier objectives are kept as far as they must be")
        yield from _bound(stage, found, result["solver"])
        value = exact_number(stage["exact"])
        name, sense = found.objective, found.sense
        levels[name] = value - sense * abs(value) * order[at][1]
        if name in report.figures:
            kept = sense * (report.figures[name] - levels[name]) >= 0
            yield Finding(kept, f"the portfolio keeps {name} at {_short(levels[name])}")


def _bound(stage: Document, found: Proven, solver: str) -> Iterator[Finding]:
    """What prices prove of one bound, and what is left to a solver's word."""
    value = exact_number(stage["exact"])
    if found.sense * (found.bound - value) < 0:
        yield Finding(False, f"{found.objective}: {shown(value)} passes what its prices prove, {shown(found.bound)}")
        return
    yield Finding(True, f"{_claim(found)}: proven by its prices")
    said = None if stage["bound"] is None else _stated(stage["bound"])
    if said is not None and found.sense * (found.bound - said) > ROUNDING:
        yield Finding(True, f"{found.objective}: from there to {stage['bound']} the word of {solver}", word=True)


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
