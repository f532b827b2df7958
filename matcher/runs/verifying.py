"""Whether a saved run is what it says it is: the independent checker first, then all that it cannot count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from matcher import verification
from matcher.io import RESULT_FILE, SCENARIO_FILE
from matcher.runs.restating import restated
from matcher.verification import BundleReport


def verify_run(directory: Path) -> BundleReport:
    """Returns what is found in the folder of a saved run, or of a bundle: what holds, what does not, whose word it is.

    Nothing is raised for what a folder holds: whatever cannot be read, or is missing, is a finding.
    """
    found = verification.verify_run(directory)
    sound = all(each.ok or (each.where and not each.where.startswith(f"{RESULT_FILE}: ")) for each in found.findings)
    there = all((directory / name).is_file() for name in (RESULT_FILE, SCENARIO_FILE))
    if not there or not (sound if found.report is None else found.report.ok):
        return found  # of a portfolio that breaks rules, nothing can be derived
    more = restated(directory, sound=sound)
    sought_again = sound and found.report is None  # that there is no portfolio, which the checker leaves as a word
    counted = (each for each in found.findings if not (each.word and sought_again))
    return replace(found, findings=(*counted, *more))
