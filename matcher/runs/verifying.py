"""Whether a saved run is what it says it is: the independent checker first, then all that it cannot count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from matcher import verification
from matcher.errors import InvalidInput
from matcher.io import RESULT_FILE, SCENARIO_FILE, load, load_result
from matcher.runs.claim import Claim
from matcher.runs.restating import MOST_FIELDS, path_text, restated
from matcher.verification import BundleReport, Finding
from matcher.verification.bundle import WHOLE, files_checked


def verify_run(directory: Path, language: str = "en") -> BundleReport:
    """Returns what is found in the folder of a saved run, or of a bundle: what holds, what does not, whose word it is.

    Nothing is raised for what a folder holds: whatever cannot be read, or is missing, is a finding. The independent
    checker's own findings are in English in every language.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    scenario = result = None
    faults: list[Finding] = []
    try:
        scenario = load(directory / SCENARIO_FILE)
    except InvalidInput as error:
        faults += _faults(error, SCENARIO_FILE, language)
    try:
        result = load_result(directory / RESULT_FILE)
    except InvalidInput as error:
        faults += _faults(error, RESULT_FILE, language)
    if scenario is None or result is None:  # what no reader takes says nothing that could be counted
        files = files_checked(directory).findings
        missing = {each.where for each in files if each.text.startswith(f"{each.where} is no part of")}
        return BundleReport((*files, *(each for each in faults if each.where.partition(":")[0] not in missing)))
    found = verification.verify_run(directory)
    sound = not any(_is_false(each) for each in found.findings)
    if found.notes:
        return found  # of the first edition: what is derived of a portfolio says more now
    if not (sound if found.report is None else found.report.ok):
        return found  # of a portfolio that breaks rules, nothing can be derived
    more = (each.finding(language) for each in restated(directory, scenario, result, sound=sound))
    sought_again = sound and found.report is None  # that there is no portfolio, which the checker leaves as a word
    counted = (each for each in found.findings if not (each.word and sought_again))
    return replace(found, findings=(*counted, *more))


def _faults(error: InvalidInput, name: str, language: str) -> Iterator[Finding]:
    """What a reader refuses, with the field of each fault."""
    for each in error.faults[:MOST_FIELDS]:
        data = {"found": each.found, "expected": each.expected}
        yield Claim(False, "says", data, where=f"{name}: {path_text(each.path) or WHOLE}").finding(language)


def _is_false(finding: Finding) -> bool:
    """Whether a claim of the result does not hold, or a file says nothing that could be counted."""
    about = finding.where.startswith(f"{RESULT_FILE}: ") or finding.where.endswith(WHOLE)
    return not finding.ok and (about or not finding.where)
