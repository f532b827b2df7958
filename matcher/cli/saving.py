"""A result on its way into files: where it was asked for, else elsewhere and said aloud, never nowhere in silence."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from matcher.cli.talk import message, reason, say
from matcher.errors import InvalidOptions

if TYPE_CHECKING:
    from matcher.cli.progress import ProgressLog
    from matcher.portfolio.result import Result
    from matcher.runs.files import RunFolder
    from matcher.scenario import Scenario

What = Literal["saved_run", "saved_bundle", "saved_second_opinion", "saved_best_plan", "saved_round"]
"""What is saved: key of the sentence that says so."""


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

    def save(self, what: What, more: Mapping[str, str] | None = None) -> bool:
        """Writes all files of the run at once, with more by name, and says what; returns whether they are written."""
        try:
            self.folder.save(self.scenario, self.result, self.log.text, more)
        except (OSError, InvalidOptions) as error:
            return self.save_elsewhere(what, error, more)
        self.saved = True
        self.log.say(self._message(what, path=self.folder.path))
        return True

    def save_elsewhere(
        self, what: What, reason: OSError | InvalidOptions, more: Mapping[str, str] | None = None
    ) -> bool:
        """Says why the directory could not be written, and writes all files into a new temporary folder.

        Returns whether they are there.
        """
        from matcher.runs.files import RunFolder

        self.failed = True
        say(f"matcher: {self._refused(self.folder.path, reason)}")
        place = None
        try:
            place = Path(tempfile.mkdtemp(prefix="matcher-"))
            other = RunFolder(place / self.scenario.name, self.folder.language)
            other.save(self.scenario, self.result, self.log.text, more)
        except (OSError, InvalidOptions) as error:
            refused = self._refused(place or self._message("temporary_folder"), error)
            say(self._message("unwritable_too", refused=refused, left=self._left()))
            with contextlib.suppress(OSError):
                if place is not None:
                    place.rmdir()
            return False
        self.folder, self.saved = other, True
        say(self._message("elsewhere", saved=self._message(what, path=other.path)))
        return True

    def _left(self) -> str:
        """Says what there is of a result that could not be saved in full."""
        if self.saved:
            return self._message("left_saved", path=self.folder.path)
        return self._message("left_unsaved")

    def _refused(self, place: Path | str, error: OSError | InvalidOptions) -> str:
        """Says that a directory could not be written, and why."""
        if isinstance(error, InvalidOptions):
            return str(error)
        return self._message("unwritable", place=place, reason=error.strerror or reason(error))

    def _message(self, key: str, **data: object) -> str:
        return message(key, self.folder.language, **data)
