"""A saved run: all of a result in one folder, checked from the first byte to the last claim, without a solver.

What is checked, in this order: every file is the one that the manifest lists; scenario, result and
portfolio belong together; the portfolio keeps every rule and has the figures claimed; each objective
is where its stage says; partnerships and table are what the flows add up to; and, of a bundle, the
certificate's prices imply the bounds. Where a bound is tighter than its prices imply, or nothing proves
it, the rest is named as what it is: the word of the search that found it. Not checked, but held by the
manifest's hashes, are papers for people (which `matcher verify` writes again and compares), the log,
timings, sizes, and what a bundle says of its input.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from matcher.verification.agreements import TABLE, partnership_findings, table_findings
from matcher.verification.bound import Proven, proven
from matcher.verification.checker import verify
from matcher.verification.documents import (
    MOST_DIGITS,
    Document,
    completed,
    exact_number,
    fractional,
    full_hash,
    read_document,
)
from matcher.verification.first_edition import figure_findings, is_first_edition, notes, readdressed
from matcher.verification.limits import ScenarioLimits
from matcher.verification.manifest import Finding, file_findings, is_bundle, member_findings, names_in
from matcher.verification.order import CLOSING, SENSE, Entry, entry_named, order_of, single
from matcher.verification.report import Report, shortened, shown

Order = tuple[Entry, ...]
RUN_FILES = {"scenario": "scenario.resolved.json", "result": "result.json"}
"""Files of every run that are read: what they hold and their names."""
FILES = {**RUN_FILES, "bundle": "bundle.json", "certificate": "certificate.json"}
"""Files of a bundle that are read: what they hold and their names."""
ROUNDING = Fraction(1, 10**6)
"""A stated bound is rounded to six decimals, away from the value."""
OWN_ENDS = ("gap", "work", "search_ended", "bound_refuted")
"""Ends that no clock and no accident had a say in."""
CONFIRMED_BY = ("arithmetic", "highs", "scip")
"""What can have confirmed that there is no portfolio."""
NO_PROOF = "but that no portfolio exists is a solver's word alone"
"""The verdict on a run that claims what is not proven."""
WHOLE = "the whole file"
"""What is named in place of a field where a file does not hold as a whole."""
_STATED = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class BundleReport:
    """What was found in a saved run."""

    findings: tuple[Finding, ...]
    """In the order of checking; ends with the first that makes the others meaningless."""
    report: Report | None = None
    """The checker's report on the portfolio, where it came to that."""
    notes: tuple[str, ...] = ()
    """What is to be known of the findings: of a run of the first edition, what could not be checked."""

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return all(each.ok for each in self.findings)


def verify_run(directory: Path) -> BundleReport:
    """Returns what is found in the folder of a saved run; of a bundle, with its proof."""
    return _verified(directory, FILES if is_bundle(directory) else RUN_FILES)


def verify_result(scenario: Document, result: Document) -> BundleReport:
    """Returns what is found in a result apart from its folder: whether what it claims of a scenario holds."""
    documents = {"scenario": scenario, "result": result}
    return _making_sense((), documents, lambda: _checked((), documents))


def files_checked(directory: Path) -> BundleReport:
    """Returns what is found of the files of a saved run as files, whatever they say."""
    return BundleReport(tuple(_files(directory, FILES if is_bundle(directory) else RUN_FILES)))


def _verified(directory: Path, parts: Mapping[str, str]) -> BundleReport:
    files = tuple(_files(directory, parts))
    if not all(directory.joinpath(name).is_file() for name in parts.values()):
        return BundleReport(files)
    documents: dict[str, Document] = {}
    for what, name in parts.items():
        try:
            documents[what] = read_document(directory.joinpath(name))
        except (OSError, ValueError, TypeError) as error:
            text = _printable(f"cannot be read: {error}")
            return BundleReport((*files, Finding(False, text, where=f"{name}: {WHOLE}")))
    return _making_sense(files, documents, lambda: _looked_into(directory, files, documents))


def _looked_into(directory: Path, files: tuple[Finding, ...], documents: dict[str, Document]) -> BundleReport:
    """Checks what the documents of a folder say, and that it has the files of its kind."""
    found = _checked(files, documents)
    result = documents["result"]
    told = {each.where for each in files}
    members = member_findings(names_in(directory), portfolio=result["portfolio"] is not None)
    more = [each for each in members if each.where not in told]
    if found.report is not None and found.report.ok and directory.joinpath(TABLE).is_file():
        more += table_findings(completed(documents["scenario"]), result, directory.joinpath(TABLE))
    return replace(found, findings=(*found.findings, *more))


def _making_sense(
    files: tuple[Finding, ...], documents: dict[str, Document], check: Callable[[], BundleReport]
) -> BundleReport:
    """Runs a check; documents that it cannot be run on are a finding."""
    try:
        report = check()
    except Exception as error:  # whatever forged documents make of the checker: none of it is a proof
        fault = f"{error} is missing" if isinstance(error, KeyError) else f"{type(error).__name__}: {error}"
        where = f"{_senseless(documents)}: {WHOLE}"
        report = BundleReport((*files, Finding(False, f"does not make sense: {fault}", where=where)))
    return replace(report, findings=tuple(_spelt_out(each) for each in report.findings))


def _senseless(documents: dict[str, Document]) -> str:
    """The name of the first file with which a check cannot be run."""
    try:
        _empty_report(documents["scenario"], completed(documents["scenario"]))
    except Exception:  # as above: it is told already what, and sought here in which file
        return FILES["scenario"]
    for what in ("result", "bundle", "certificate"):
        among = dict(list(documents.items())[: list(FILES).index(what) + 1])
        try:
            _checked((), among)
        except Exception:
            return FILES[what]
    return TABLE


def _spelt_out(finding: Finding) -> Finding:
    return replace(finding, text=_printable(finding.text), where=_printable(finding.where))


def _printable(text: str) -> str:
    """The text with halves of characters, which documents may hold and no terminal takes, spelt out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def lines_of(found: BundleReport) -> list[str]:
    """Returns a report as lines of text: what holds, what does not, what rests on a solver's word."""
    marks = {True: "ok", False: "FAILED"}
    lines = [f"{'word' if each.word else marks[each.ok]:7}{said(each)}" for each in found.findings]
    lines += [f"{'note':7}{each}" for each in found.notes]
    words = sum(each.word for each in found.findings)
    failed = sum(not each.ok for each in found.findings)
    if failed:
        return [*lines, f"not verified: {failed} of {len(found.findings)} checks failed"]
    if words and found.report is None:
        return [*lines, f"not proven: {len(found.findings) - words} checks hold, {NO_PROOF}"]
    rest = f"; {words} more on a solver's word alone" if words else ""
    return [*lines, f"verified: {len(found.findings) - words} checks hold{rest}"]


def said(finding: Finding) -> str:
    """Returns a finding as text, with the file and field of what does not hold."""
    field = finding.where.partition(": ")[2]
    return f"{finding.where}: {finding.text}" if field else finding.text


def _files(directory: Path, parts: Mapping[str, str]) -> Iterator[Finding]:
    """Checks every byte of every file against the manifest, which lists the files that are read."""
    expected = "a run written with --bundle" if "bundle" in parts else "a saved run"
    return file_findings(directory, parts.values(), expected)


def _stated(text: object) -> Fraction:
    """The number that a result states in a few digits."""
    if not isinstance(text, str) or len(text) > MOST_DIGITS or not _STATED.fullmatch(text):
        raise ValueError(f"{str(text)[:40]!r} is no number, expected digits with six decimals")
    return Fraction(text)


def _checked(files: tuple[Finding, ...], documents: dict[str, Document]) -> BundleReport:
    """Checks what the documents say; there may be no bundle and no certificate among them."""
    scenario, result, bundle = documents["scenario"], documents["result"], documents.get("bundle")
    full = completed(scenario)
    if is_first_edition(scenario, result):
        return _first_edition(files, scenario, full, result)
    findings = [*files, *_belonging(full, bundle, result), *_ending(result)]
    if result["portfolio"] is None:
        findings += [*_nothing(bundle, result), *_refuted(scenario, full, result)]
        return BundleReport(tuple(findings))
    report = verify(scenario, {**result, "figures": ()})
    findings += [*_portfolio(report), *_figures(bundle, result, report)]
    order, floor = order_of(full), ScenarioLimits(fractional(full)).waiting_floor
    pursued = _pursued(result["stages"], order, floor)
    findings += _stages(result, report, order, pursued)
    if report.ok:
        findings += partnership_findings(full, result)
    if "certificate" in documents:
        findings += _bounds(result, report, proven(full, documents["certificate"]), order, pursued)
    else:
        findings += _words(result, report, pursued)
    return BundleReport(tuple(findings), report)


def _first_edition(files: tuple[Finding, ...], scenario: Document, full: Document, result: Document) -> BundleReport:
    """Checks of a run of the first edition what the second can count."""
    same = result["scenario"] == full["name"]
    text = f"the result answers scenario {full['name']}, by the hash of the first edition"
    findings = [*files, _claim_of("scenario", same, text, _says(result["scenario"], full["name"])), *_ending(result)]
    if result["portfolio"] is None:
        findings += [*_nothing(None, result), *_refuted(scenario, full, result)]
        return BundleReport(tuple(findings), notes=tuple(notes(result, {})))
    report = verify(scenario, readdressed(result, full_hash(full)))
    findings += [*_portfolio(report), *figure_findings(result, report)]
    for stage in result["stages"]:
        text = f"{stage['objective']}: that nothing passes {stage['bound']} is the word of {result['solver']}"
        findings += [Finding(True, text, word=True)] if stage["bound"] is not None else []
    return BundleReport(tuple(findings), report, tuple(notes(result, report.figures)))


def _belonging(full: Document, bundle: Document | None, result: Document) -> Iterator[Finding]:
    """Whether scenario, result and a bundle's own statement are about the same."""
    expected = {"scenario_hash": full_hash(full), "scenario": full["name"]}
    field = next((name for name, value in expected.items() if result[name] != value), None)
    fault = "" if field is None else _says(result[field], expected[field])
    yield _claim_of(field or "", field is None, f"the result answers scenario {full['name']}", fault)
    if bundle is None:
        return
    yield Finding(
        bundle["options"] == result["options"], "options are those of the result", where="bundle.json: options"
    )
    ortools = f"ortools {bundle['versions']['ortools']}"
    same = bundle["versions"]["matcher"] == result["version"] and result["solver"] == ortools
    text = f"made by matcher {result['version']} with {result['solver']}"
    yield Finding(same, text, where="bundle.json: versions")


def _says(stated: object, expected: object) -> str:
    """What a field says, and what would hold."""
    return f"says {shortened(stated)}, expected {shortened(expected)}"


def _claim_of(field: str, ok: bool, text: str, fault: str = "") -> Finding:
    """A finding about a field of the result: what holds, or else what is wrong with it."""
    return Finding(ok, text if ok else fault or text, where="" if ok else f"result.json: {field}")


def _ending(result: Document) -> Iterator[Finding]:
    """Whether what a result says of its end fits together: what ended it, and whether it would end so again."""
    status, reason = result["status"], result["stopped_by"]
    proven_by_gap = {"optimal": True, "feasible": False, "no_portfolio": False}.get(status, reason == "gap")
    fits = proven_by_gap == (reason == "gap")
    expected = "gap" if proven_by_gap else "time, work or what else ended it"
    fault = f"{_says(reason, expected)} of a result that is {status}"
    yield _claim_of("stopped_by", fits, f"a result that is {status} was ended by {reason}", fault)
    again = result["options"]["time_limit"] is None and reason in OWN_ENDS
    text = f"ended by {reason}, the same solve {'gives' if again else 'may not give'} the same result"
    yield _claim_of("repeatable", result["repeatable"] is again, text, _says(result["repeatable"], again))
    if reason in OWN_ENDS and result["stopped_how"] is not None:
        yield _claim_of("stopped_how", False, _says(result["stopped_how"], f"nothing more of an end by {reason}"))
    for field in ("conflicts", "confirmed_by"):
        if bool(result[field]) != (status == "infeasible"):
            expected = (
                "why there is no portfolio" if status == "infeasible" else f"nothing of a result that is {status}"
            )
            yield _claim_of(field, False, _says(result[field] or "nothing", expected))
    if result["confirmed_by"] not in (None, *CONFIRMED_BY):
        expected = f"one of {', '.join(CONFIRMED_BY)}"
        yield _claim_of("confirmed_by", False, _says(result["confirmed_by"], expected))


def _portfolio(report: Report) -> Iterator[Finding]:
    for each in report.violations:
        text = f"rule {each.rule} ({each.name}): {', '.join(each.who)}: {each.detail}"
        yield _claim_of("portfolio", False, text)
    if report.ok:
        yield Finding(True, "the portfolio keeps every rule of the scenario")


def _nothing(bundle: Document | None, result: Document) -> Iterator[Finding]:
    """What can be said where there is no portfolio: that there is none is a solver's word."""
    status = result["status"]
    fits = bundle is None or bundle["check"] is None
    fits = fits and status in ("infeasible", "no_portfolio") and not result["stages"]
    fits = fits and not result["figures"] and not result["partnerships"]
    fault = f"says {status}, expected infeasible or no_portfolio, and no figures: there is no portfolio"
    yield _claim_of("status", fits, f"the result is {status}: there is no portfolio to check", fault)


def _refuted(scenario: Document, full: Document, result: Document) -> Iterator[Finding]:
    """Whether that no portfolio exists is false at once, since the empty one keeps every rule."""
    if result["status"] != "infeasible":
        return
    if _empty_report(scenario, full).ok:
        yield _claim_of("status", False, "says infeasible, but the empty portfolio keeps every rule")
    else:
        yield Finding(True, f"that there can be none is the word of {result['solver']}", word=True)


def _empty_report(scenario: Document, full: Document) -> Report:
    """The checker's report on the portfolio in which nothing flows."""
    empty = {"scenario": full["name"], "scenario_hash": full_hash(full), "flows": (), "engagements": ()}
    return verify(scenario, empty)


def _figures(bundle: Document | None, result: Document, report: Report) -> Iterator[Finding]:
    """Whether result and bundle state every figure, as it is."""
    if bundle is not None:
        check = {name: exact_number(value) for name, value in bundle["check"]["figures"].items()}
        same = check == report.figures and bundle["check"]["ok"] is report.ok
        yield Finding(same, "the checker's report is repeated", where="" if same else "bundle.json: check")
    stated = result["figures"]
    field = next((f"figures[{at}].{field}" for at, each in enumerate(stated) for field in _wrong(each, report)), None)
    if field is None and sorted(each["objective"] for each in stated) != sorted(report.figures):
        field = "figures"
    yield _claim_of(
        field or "", field is None, "the result states every figure as it is", _false_figure(stated, report)
    )


def _false_figure(stated: list[Document], report: Report) -> str:
    """What the first figure that is not as it was counted says, and what would hold."""
    for each in stated:
        for field in _wrong(each, report):
            counted = report.figures.get(each["objective"])
            return _says(each[field], "an objective" if counted is None else f"{shown(counted)}, or that rounded")
    return _says(f"{len(stated)} figures", f"{len(report.figures)}, one for each objective")


def _wrong(stated: Document, report: Report) -> Iterator[str]:
    """The fields of a stated figure that do not say what was counted."""
    value = exact_number(stated["exact"])
    if stated["objective"] not in report.figures:
        yield "objective"
    elif report.figures[stated["objective"]] != value:
        yield "exact"
    if not _is_rounded(stated["value"], value):
        yield "value"


def _is_rounded(text: object, value: Fraction) -> bool:
    """Whether a text is a figure, rounded to six decimals."""
    return 2 * abs(_stated(text) - value) <= ROUNDING


def _pursued(stages: list[Document], order: Order, floor: Fraction) -> list[Entry]:
    """What each stage pursues: the entries in their order, and what is pursued once more after them.

    What a stage is that is neither, is told; here it is the objective that it names, if there is one.
    """
    planned, found = (*order, *CLOSING), []
    for at, name in enumerate(stage["objective"] for stage in stages):
        if at < len(planned) and planned[at].name == name:
            entry = planned[at]
        else:
            entry = single(name) if name in SENSE else Entry(name, 1, ())
        found.append(replace(entry, floor=floor) if name == "waiting" else entry)
    return found


def _stages(result: Document, report: Report, order: Order, pursued: list[Entry]) -> Iterator[Finding]:
    """Whether stages are those of the scenario, say what adds up, and leave the portfolio where it is."""
    stages = result["stages"]
    named = [each.name for each in pursued]
    fits = named == [each.name for each in (*order, *CLOSING)][: len(named)] and bool(named)
    yield _claim_of("stages", fits, f"objectives are pursued in the scenario's order: {', '.join(named)}")
    for at, (each, entry) in enumerate(zip(stages, pursued, strict=True)):
        yield from _stage(each, entry, result, at)
        closing = each.get("closing", False)
        if closing is not (at >= len(order)):
            yield _claim_of(f"stages[{at}].closing", False, _says(closing, at >= len(order)))
        figure, bound = entry.figure(report.figures), each["bound"]
        if figure is not None and bound is not None and entry.passes(figure, _stated(bound)):
            text = f"{entry.name}: the portfolio has {shown(figure)}, which passes {bound}"
            yield _claim_of(f"stages[{at}].bound", False, text)
    if stages:
        value, last = exact_number(stages[-1]["exact"]), pursued[-1]
        figure = last.figure(report.figures)
        text = f"{last.name} reaches {shown(value)}"
        fault = f"says {text}, expected {'an objective' if figure is None else shown(figure)}"
        yield _claim_of(f"stages[{len(stages) - 1}].exact", figure == value, text, fault)
    solved = len(stages) >= len(order) and all(each["solved"] is True for each in stages)
    expected = "optimal" if solved else "feasible"
    text = f"the result is called {result['status']}"
    yield _claim_of("status", result["status"] == expected, text, _says(result["status"], expected))


def _stage(stage: Document, entry: Entry, result: Document, at: int) -> Iterator[Finding]:
    """Whether what a stage says of value, bound and gap fits together."""
    field = next(_misfits(stage, entry, result), None)
    text = f"{stage['objective']}: {stage['value']}, at best {stage['bound']}, gap {stage['gap']}"
    fault = "" if field is None else f"says {shortened(stage[field])}, expected what fits: {text}"
    yield _claim_of(f"stages[{at}].{field}", field is None, text, fault)


def _misfits(stage: Document, entry: Entry, result: Document) -> Iterator[str]:
    """The fields of a stage that do not fit the others."""
    value = exact_number(stage["exact"])
    if stage["sense"] != {1: "max", -1: "min"}[entry.sense]:
        yield "sense"
    if not _is_rounded(stage["value"], value):
        yield "value"
    if stage["bound"] is None:
        if stage["gap"] is not None:
            yield "gap"
        if stage["solved"] is not False:
            yield "solved"
        return
    bound = _stated(stage["bound"])
    if entry.passes(value, bound):
        yield "bound"
    gaps = [
        entry.gap(value, bound - part * entry.sense * ROUNDING) for part in (0, 1)
    ]  # it is rounded away from the value
    gaps += [Fraction(0)] if abs(bound - value) <= ROUNDING else []
    gap = Fraction(stage["gap"])
    if not min(gaps) - ROUNDING <= gap <= max(gaps) + ROUNDING:
        yield "gap"
    over = gap - Fraction(result["options"]["gap"])
    if not (over <= ROUNDING if stage["solved"] is True else stage["solved"] is False and over > -ROUNDING):
        yield "solved"


def _bounds(
    result: Document, report: Report, stages: tuple[Proven, ...], order: Order, pursued: list[Entry]
) -> Iterator[Finding]:
    """Whether prices imply each bound; whatever they leave open rests on the engine's word."""
    named = [each.name for each in pursued]
    if named != [each.objective for each in stages]:
        yield Finding(
            False, f"the certificate is about {[each.objective for each in stages]}, the result about {named}"
        )
        return
    levels: dict[str, Fraction] = {}
    for at, (stage, entry, found) in enumerate(zip(result["stages"], pursued, stages, strict=True)):
        same = found.kept == levels
        text = f"{found.objective}: earlier objectives are kept as far as they must be"
        yield Finding(same, text, where=f"certificate.json: stages[{at}].kept")
        yield from _bound(stage, found, order, result["solver"])
        yield from _kept(stage, at, entry, report, levels)


def _words(result: Document, report: Report, pursued: list[Entry]) -> Iterator[Finding]:
    """What rests on a solver's word where nothing proves a bound, and whether the portfolio keeps what it must."""
    levels: dict[str, Fraction] = {}
    for at, (stage, entry) in enumerate(zip(result["stages"], pursued, strict=True)):
        if stage["bound"] is not None:
            text = f"{stage['objective']}: that nothing passes {stage['bound']} is the word of {result['solver']}"
            yield Finding(True, text, word=True)
        yield from _kept(stage, at, entry, report, levels)


def _kept(stage: Document, at: int, entry: Entry, report: Report, levels: dict[str, Fraction]) -> Iterator[Finding]:
    """Whether the portfolio keeps an objective as far as later ones may not take from it; notes how far that is."""
    level = levels[entry.name] = entry.level(exact_number(stage["exact"]))
    figure = entry.figure(report.figures)
    if figure is not None:
        kept = not entry.passes(level, figure)
        yield _claim_of(f"stages[{at}].exact", kept, f"the portfolio keeps {entry.name} at {_short(level)}")


def _bound(stage: Document, found: Proven, order: Order, solver: str) -> Iterator[Finding]:
    """What prices prove of one bound, and what is left to a solver's word."""
    value = exact_number(stage["exact"])
    if found.sense * (found.bound - value) < 0:
        yield Finding(False, f"{found.objective}: {shown(value)} passes what its prices prove, {shown(found.bound)}")
        return
    yield Finding(True, f"{_claim(found, order)}: proven by its prices")
    said = None if stage["bound"] is None else _stated(stage["bound"])
    if said is not None and found.sense * (found.bound - said) > ROUNDING:
        yield Finding(True, f"{found.objective}: from there to {stage['bound']} the word of {solver}", word=True)


def _claim(found: Proven, order: Order) -> str:
    """What a stage's prices prove, as a sentence."""
    side = {1: "more", -1: "less"}[found.sense]
    kept = " and ".join(
        f"{name} at {'least' if entry_named(order, name).sense > 0 else 'most'} {_short(level)}"
        for name, level in found.kept.items()
    )
    among = f" that keeps {kept}" if kept else ""
    return f"{found.objective}: no portfolio{among} has {side} than {_short(found.bound)}"


def _short(value: Fraction) -> str:
    return shown(value, 12) if value.denominator == 1 else shown(value, 0)
