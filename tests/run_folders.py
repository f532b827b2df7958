"""What the folder of a run holds, for tests of how it is written."""

from __future__ import annotations

from pathlib import Path

from matcher.verification import file_findings


def is_complete(folder: Path) -> bool:
    """Returns whether a folder holds exactly what its manifest lists, as the independent checker counts it."""
    return folder.is_dir() and all(each.ok for each in file_findings(folder))
