"""A result on its way into files: where it was asked for, else elsewhere and said aloud, never nowhere in silence."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.cli.talk import reason, say
from matcher.errors import InvalidOptions

if TYPE_CHECKING:
    from matcher.cli.progress import ProgressLog
    from matcher.portfolio.result import Result
    from matcher.runs.files import RunFolder
    from matcher.scenario import Scenario


class Saving:
    """The files of one solve, and where they are."""

    def __init__(self, folder: RunFolder, scenario: Scenario, result: Result, log: ProgressLog) -> None:
        self.folder = folder
        """The directory that was asked for, or the one that took its place."""
        self.scenario = scenario
        self.result = result
        self.log = log
        self.saved = False
        """Whether the directory holds the result."""
        self.failed = False
        """Whether something could not be written where it was asked for."""

    @property
    def lost(self) -> bool:
        """Whether the result is in no file although it was to be."""
        return self.failed and not self.saved

    def save(self, what: str, more: Mapping[str, str] | None = None) -> bool:
        """Writes all files of the run at once, with more by name, and says what; returns whether they are written."""
        try:
            self.folder.save(self.scenario, self.result, self.log.text, more)
        except (OSError, InvalidOptions) as error:
            return self.save_elsewhere(what, error, more)
        self.saved = True
        self.log.say(f"{what} in {self.folder.path}")
        return True

    def save_elsewhere(
        self, what: str, reason: OSError | InvalidOptions, more: Mapping[str, str] | None = None
    ) -> bool:
        """Says why the directory could not be written, and writes all files into a new temporary folder.

        Returns whether they are there.
        """
        from matcher.runs.files import RunFolder

        self.failed = True
        say(f"matcher: {_refused(self.folder.path, reason)}")
        place = None
        try:
            place = Path(tempfile.mkdtemp(prefix="matcher-"))
            other = RunFolder(place / self.scenario.name, self.folder.language)
            other.save(self.scenario, self.result, self.log.text, more)
        except (OSError, InvalidOptions) as error:
            say(f"matcher: {_refused(place or 'the temporary folder', error)}; {self._left()}")
            with contextlib.suppress(OSError):
                if place is not None:
                    place.rmdir()
            return False
        self.folder, self.saved = other, True
        say(f"matcher: {what} in {other.path} instead; move it from there, as temporary files are cleared away")
        return True

    def _left(self) -> str:
        """Says what there is of a result that could not be saved in full."""
        if self.saved:
            return f"{self.folder.path} still holds the result as saved before"
        return "the result document goes to standard output instead"


def _refused(place: Path | str, error: OSError | InvalidOptions) -> str:
    """Says that a directory could not be written, and why."""
    if isinstance(error, InvalidOptions):
        return str(error)
    return f"{place} cannot be written ({error.strerror or reason(error)})"
