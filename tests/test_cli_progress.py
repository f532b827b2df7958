"""Progress as it is shown and kept: plain lines, and one rewritten line on a terminal."""

from __future__ import annotations

import io
from dataclasses import replace
from types import SimpleNamespace
from typing import get_args

from matcher.cli.progress import CLEAR, ProgressLog, progress_line
from matcher.portfolio.result import Phase, Progress
from matcher.reporting.languages import languages, table_of


def report(elapsed: float, incumbent: float | None, bound: float | None = 3.0) -> Progress:
    """Returns one report of progress."""
    return Progress(elapsed, "groups", "coverage", incumbent, bound, None)


def test_a_gap_of_few_is_a_number() -> None:
    """Of counts near zero the line shows how many there are between the best and the bound."""
    few = Progress(12.3, "groups", "turnover", 3.0, 1.0, 2.0)
    assert progress_line(few).endswith("| best 3 | bound 1 | gap 2")
    assert progress_line(replace(few, incumbent=1.0, gap=0.0)).endswith("| gap 0.00 %")
    assert progress_line(replace(few, incumbent=30.0, gap=0.9)).endswith("| gap 90.00 %")


def test_progress_line() -> None:
    """A report is one line: time, phase, objective, best, bound, gap; unknown is a dash."""
    line = progress_line(Progress(12.34, "groups", "coverage", None, 1234567.0, 0.25))
    assert line == "   12.3 s | groups of States | coverage | best - | bound 1,234,567 | gap 25.00 %"


def test_progress_tells_the_level_and_the_work() -> None:
    """Where several objectives are pursued in turn, which one it is; and the work used, of the budget."""
    third = Progress(12.34, "groups", "coverage", 2.0, 3.0, 0.25, level=3, levels=9, work=43.21)
    assert "| coverage (3 of 9) |" in progress_line(third)
    assert progress_line(third).endswith("| work 43.21")
    assert "| coverage (3 sur 9) |" in progress_line(third, "fr")
    only = progress_line(replace(third, level=1, levels=1))
    assert "| coverage |" in only
    assert only.endswith("| work 43.21")


def test_every_phase_has_words_in_every_language() -> None:
    """A report is in the language asked for, numbers too; what went wrong stands beside its phase."""
    for language in languages():
        assert set(table_of(language)["progress"]["phases"]) == set(get_args(Phase))
    failed = Progress(12.34, "all_at_once", "cost", 1234.5, None, 0.25, "numbers")
    line = progress_line(failed, "fr")
    assert (
        line
        == "   12,3 s | tous les États à la fois : numbers | cost | meilleur 1\u202f234,5 | borne - | écart 25,00 %"
    )


def test_plain_progress_is_sparse() -> None:
    """Away from a terminal a line comes on a change, else once a second; the last one always."""
    clock = SimpleNamespace(now=0.0)
    stream = io.StringIO()
    log = ProgressLog(stream, now=lambda: clock.now)
    for clock.now, incumbent in ((0.0, 1.0), (0.2, 1.0), (0.4, 2.0), (0.6, 2.0), (1.5, 2.0), (1.6, 2.0)):
        log(report(clock.now, incumbent))
    assert [float(line.split()[0]) for line in stream.getvalue().splitlines()] == [0.0, 0.4, 1.5]
    log.close()
    assert stream.getvalue().splitlines()[-1].split()[0] == "1.6"
    assert "\x1b" not in stream.getvalue()
    assert log.text.count("groups of States") == 4


def test_terminal_progress_is_one_line() -> None:
    """On a terminal reports overwrite each other, and talk starts on a line of its own."""
    stream = io.StringIO()
    log = ProgressLog(stream, terminal=True)
    log(report(0.0, 1.0))
    log(report(0.1, 2.0))
    assert stream.getvalue().count(CLEAR) == 2
    assert "\n" not in stream.getvalue()
    log.say("saved")
    assert stream.getvalue().endswith("\nsaved\n")
