"""A saved run written again from its own result: partnerships, table and papers must come out the same.

The checker recounts numbers with the standard library alone; words, names, duties and meetings need the
code that wrote them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from pathlib import Path

from pydantic import ValidationError

from matcher.comparison.comparison import compare
from matcher.errors import MatcherError
from matcher.io import RESULT_FILE
from matcher.isolation import second_opinion
from matcher.portfolio.partnerships import derive_partnerships
from matcher.portfolio.result import Result
from matcher.reporting.languages import languages
from matcher.reporting.opinion import compared_text
from matcher.reporting.rounds import round_markdown
from matcher.rounds.record import Record
from matcher.rounds.session import PAPER_FILE, RECORD_FILE, result_hash
from matcher.runs.claim import Claim
from matcher.runs.files import OPINION_FILE, run_files, run_papers
from matcher.runs.impossibility import another_version, impossibility
from matcher.runs.reading import read_run
from matcher.scenario import Scenario
from matcher.verification import verify_result
from matcher.verification.bundle import WHOLE
from matcher.verification.documents import read_document
from matcher.verification.report import shortened

MOST_FIELDS = 5
"""Fields named of one document that comes out otherwise."""
NO_CLAIMS = frozenset({"log.txt", "timings.json"})
"""Files that say how a run went, not what it found: no two runs have the same."""


def restated(directory: Path, scenario: Scenario, result: Result, *, sound: bool) -> Iterator[Claim]:
    """Yields what of a saved run comes out the same when it is written again, and what does not.

    Parameters
    ----------
    directory, scenario, result
        Of a run whose portfolio, if any, has passed the checker: of one that has not, nothing can be derived.
    sound
        Whether all else holds that the result claims; papers cannot be written of a result that is false.
    """
    different = list(_partnerships(scenario, result))
    if sound and result.status == "infeasible":
        different += impossibility(scenario, result)
    yield from different
    if not sound or not all(each.ok for each in different):
        return
    yield from _documents(directory, scenario, result)
    if (directory / OPINION_FILE).is_file():
        yield from _opinion(directory / OPINION_FILE, scenario, result)
    if (directory / RECORD_FILE).is_file():
        yield from _round(directory, scenario, result)


def path_text(parts: Sequence[str | int]) -> str:
    """Returns the name of a field: ``partnerships[0].money``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")


def _partnerships(scenario: Scenario, result: Result) -> Iterator[Claim]:
    """Holds a result's partnerships against those that its portfolio makes."""
    made = () if result.portfolio is None else derive_partnerships(scenario, result.portfolio)
    different = list(
        islice(
            _differences(
                [each.model_dump(mode="json") for each in result.partnerships],
                [each.model_dump(mode="json") for each in made],
                ("partnerships",),
            ),
            MOST_FIELDS,
        )
    )
    for path, stated, derived in different:
        data = {"found": shortened(stated), "expected": shortened(derived)}
        yield Claim(False, "partnership_differs", data, where=f"{RESULT_FILE}: {path_text(path)}")
    if not different:
        yield Claim(True, "same_partnerships", {"count": len(made)})


Different = tuple[tuple[str | int, ...], object, object]
"""Where two documents differ, and what each says there."""


def _differences(stated: object, derived: object, path: tuple[str | int, ...]) -> Iterator[Different]:
    """Yields every field in which two plain documents differ."""
    if stated == derived:
        return
    if isinstance(stated, Mapping) and isinstance(derived, Mapping) and stated.keys() == derived.keys():
        for key in stated:
            yield from _differences(stated[key], derived[key], (*path, key))
    elif isinstance(stated, list) and isinstance(derived, list) and len(stated) == len(derived):
        for at, (one, other) in enumerate(zip(stated, derived, strict=True)):
            yield from _differences(one, other, (*path, at))
    elif isinstance(stated, list) and isinstance(derived, list):
        yield path, len(stated), len(derived)
    else:
        yield path, stated, derived


def _documents(directory: Path, scenario: Scenario, result: Result) -> Iterator[Claim]:
    """Writes every file of a run again but those that make no claims, and compares.

    A run does not record the language of its papers: they are to be those of one language, whichever comes closest.
    """
    written = {name: text for name, text in run_files(scenario, result, "").items() if name not in NO_CLAIMS}
    # a file that is not there is told by the check of the files
    found = {name: (directory / name).read_bytes() for name in sorted(written) if (directory / name).is_file()}
    papers = [run_papers(scenario, result, language) for language in languages()]
    lines = {name: _readable(found[name]) for name in papers[0] if name in found}
    written |= max(papers, key=lambda each: sum(_in_common(each[name], text) for name, text in lines.items()))
    same = 0
    for name, data in found.items():
        if data == written[name].encode("utf-8"):
            same += 1
        else:
            yield _other_line(name, _readable(data), written[name], result)
    yield Claim(True, "same_files", {"count": same})


def _readable(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def _other_line(name: str, found: str, written: str, result: Result) -> Claim:
    """Names the first line in which a file is not as it comes out now."""
    pairs = enumerate(zip_longest(found.split("\n"), written.split("\n")), start=1)
    at, (one, other) = next(each for each in pairs if each[1][0] != each[1][1])
    code = "line_missing" if one is None else "line_extra" if other is None else "says"
    data = {"found": repr(shortened(one)), "expected": repr(shortened(other))}
    return Claim(False, code, data, where=f"{name}: line {at}", written_by=another_version(result))


def _opinion(path: Path, scenario: Scenario, result: Result) -> Iterator[Claim]:
    """Checks the result of the other engine, and compares the two again."""
    try:
        stated = json.loads(path.read_bytes())
        other = Result.model_validate_json(json.dumps(stated["result"]))
        found = verify_result(scenario.model_dump(), read_document(path)["result"])
        compared = list(second_opinion.compare(scenario, result, other))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        yield Claim(False, "unreadable", {"fault": error}, where=f"{path.name}: {WHOLE}")
        return
    for each in found.findings:
        if not each.ok:
            where = f"{path.name}: {each.where.replace(f'{RESULT_FILE}: ', 'result.')}"
            yield Claim(False, "checker", {"text": each.text}, where=where)
    for field, wanted in (("agreements", True), ("disagreements", False)):
        documents = [each.document for each in compared if each.fits is wanted]
        sentences = [compared_text(each) for each in documents]  # what earlier versions wrote
        if stated.get(field) not in (documents, sentences):
            data = {"found": shortened(stated.get(field)), "expected": shortened(documents)}
            yield Claim(False, "opinion_differs", data, where=f"{path.name}: {field}")
    if found.ok and other.status == "infeasible":
        yield from impossibility(scenario, other, f"{path.name}: result.")
    if found.ok and stated.get("engine") == other.options.engine:
        yield Claim(True, "opinion_holds")
    elif found.ok:
        yield Claim(False, "opinion_of_another", where=f"{path.name}: engine")


def _round(directory: Path, scenario: Scenario, result: Result) -> Iterator[Claim]:
    """Checks that the record of a round is about its result, and its paper about both, in whichever language."""
    try:
        record = Record.model_validate_json((directory / RECORD_FILE).read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = f"{RECORD_FILE}: {path_text(first['loc']) or WHOLE}"
        yield Claim(False, "checker", {"text": first["msg"]}, where=where)
        return
    expected = {
        "scenario": result.scenario,
        "scenario_hash": result.scenario_hash,
        "options": result.options,
        "started_from": result.started_from,
        "result_hash": result_hash(result),
    }
    for field, value in expected.items():
        if getattr(record, field) != value:
            data = {"found": shortened(getattr(record, field)), "expected": shortened(value)}
            yield Claim(False, "record_differs", data, where=f"{RECORD_FILE}: {field}")
    if (directory / PAPER_FILE).is_file():
        yield _paper(directory, scenario, result, record)


def _paper(directory: Path, scenario: Scenario, result: Result, record: Record) -> Claim:
    """Writes the paper of a round again.

    What is different since the round before needs that round: where there is none beside, it is left to the manifest.
    """
    found = (directory / PAPER_FILE).read_text(encoding="utf-8", errors="backslashreplace")
    since = None
    before = directory.parent / f"{record.number - 1:04}"
    if (before / RESULT_FILE).is_file():
        try:
            earlier, old = read_run(before, warn=lambda _: None)  # what is off there is told when it is verified itself
        except MatcherError as error:
            return Claim(False, "round_unreadable", {"fault": error}, where=f"{PAPER_FILE}: {WHOLE}")
        if old.portfolio is not None and result.portfolio is not None:
            since = earlier, compare(earlier, old.portfolio, scenario, result.portfolio)
    papers = [round_markdown(scenario, result, record, since, language) for language in languages()]
    if found in papers:
        return Claim(True, "same_paper")
    if since is None and record.started_from is not None and any(found.startswith(each) for each in papers):
        return Claim(True, "same_paper_but_since")
    closest = max(papers, key=lambda each: _in_common(each, found))
    return _other_line(PAPER_FILE, found, closest, result)


def _in_common(one: str, other: str) -> int:
    """How many different lines two texts have in common."""
    return len(set(one.split("\n")) & set(other.split("\n")))
