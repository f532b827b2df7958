"""Live progress of a solve: one rewritten line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from matcher.cli.streams import tell
from matcher.cli.substitutes import with_names_read

if TYPE_CHECKING:
    from matcher.portfolio.result import Progress

INTERVAL = 1.0
"""Least seconds between plain lines that say nothing new."""
REDRAW = 0.1
"""Least seconds between two drawings of the rewritten line."""
CLEAR = "\r\x1b[K"


def progress_line(progress: Progress, language: str = "en") -> str:
    """Returns one report in one line.

    Raises
    ------
    InvalidOptions
        if there are no sentences in that language.
    """
    from matcher.reporting.languages import numerals_of, table_of

    table, written = table_of(language)["progress"], numerals_of(language).written
    phase = table["phases"][progress.phase]
    parts = (
        table["elapsed"].format(seconds=written(f"{progress.elapsed:7.1f}")),
        table["with_detail"].format(phase=phase, detail=progress.detail) if progress.detail else phase,
        _objective(progress, table),
        table["best"].format(value=written(_number(progress.incumbent))),
        table["bound"].format(value=written(_number(progress.bound))),
        table["gap"].format(value=written(_gap(progress))),
        *([table["work"].format(value=written(_number(progress.work)))] if progress.levels else []),
    )
    return " | ".join(parts)


def _objective(progress: Progress, table: dict[str, Any]) -> str:
    """The objective, and its place among those that are pursued in turn, where there are several."""
    if progress.levels < 2:
        return progress.objective
    return str(table["level"].format(objective=progress.objective, level=progress.level, levels=progress.levels))


def _gap(progress: Progress) -> str:
    """The gap as a percentage, or of counts near zero as it is."""
    from matcher.scenario.objectives import is_few

    if progress.gap is None:
        return "-"
    known = [figure for figure in (progress.incumbent, progress.bound) if figure is not None]
    if progress.gap and is_few(progress.objective, *known):
        return _number(progress.gap)
    return f"{100 * progress.gap:.2f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"


class ProgressLog:
    """Shows reports as they come and keeps them, with the time of day, for the log file.

    On a terminal all reports share one line. Elsewhere a line is written when the phase, objective
    or best value changes, else at most once a second.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        quiet: bool = False,
        language: str = "en",
        terminal: bool | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._quiet = quiet
        self.language = language
        self._terminal = stream.isatty() if terminal is None else terminal
        self._now = now
        self._shown_at = float("-inf")
        self._shown: tuple[object, ...] = ()
        self._last = ""
        self._drawn = False
        self._lines: list[str] = []

    def __call__(self, progress: Progress, /) -> None:
        """Takes one report."""
        line = progress_line(progress, self.language)
        news = (progress.phase, progress.objective, progress.incumbent)
        changed = news != self._shown
        since = self._now() - self._shown_at
        if not changed and since < (REDRAW if self._terminal else INTERVAL):
            self._last = line
            return
        self._shown, self._shown_at, self._last = news, self._now(), ""
        self.note(line)
        self._show(line)

    def note(self, line: str) -> None:
        """Keeps a line for the log file."""
        self._lines.append(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z {with_names_read(line)}")

    def say(self, line: str) -> None:
        """Writes a line for the user, past the rewritten line, and keeps it."""
        self.note(line)
        self._end_line()
        if not self._quiet:
            tell(self._stream, f"{line}\n")

    def close(self) -> None:
        """Shows the last report, if it was held back, and ends the rewritten line."""
        if self._last:
            self.note(self._last)
            self._show(self._last)
            self._last = ""
        self._end_line()

    @property
    def text(self) -> str:
        """All lines kept so far."""
        return "".join(f"{line}\n" for line in self._lines)

    def _show(self, line: str) -> None:
        if self._quiet:
            return
        tell(self._stream, f"{CLEAR}{line[: _columns(self._stream) - 1]}" if self._terminal else f"{line}\n")
        self._drawn = self._terminal

    def _end_line(self) -> None:
        if self._drawn:
            tell(self._stream, "\n")
            self._drawn = False


def _columns(stream: TextIO) -> int:
    """Returns the width of the terminal behind a stream; 100 where it is not known."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 100
    except (OSError, ValueError):
        return 100
