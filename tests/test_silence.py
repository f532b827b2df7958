"""Whether engines print nothing, whatever they are made to."""

from __future__ import annotations

import ctypes
import sys
import threading

import pytest

from matcher.solvers.silence import silenced


def say(words: bytes) -> None:
    library = ctypes.CDLL(None)
    library.puts(words)
    library.fflush(None)


def test_c_code_prints_nothing_in_the_block_and_all_after_it(capfd: pytest.CaptureFixture[str]) -> None:
    with silenced():
        say(b"inside")
        sys.stdout.write("by Python\n")
    say(b"after")
    assert sorted(capfd.readouterr().out.split("\n")) == ["", "after", "by Python"]


def test_blocks_of_two_threads_share_the_silence(capfd: pytest.CaptureFixture[str]) -> None:
    inside, over = threading.Event(), threading.Event()

    def other() -> None:
        with silenced():
            inside.set()
            over.wait(60)

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(60)
    with silenced():
        say(b"first")
    say(b"second")
    over.set()
    thread.join()
    say(b"third")
    assert capfd.readouterr().out == "third\n"


def test_the_block_ends_by_an_error_too(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), silenced():
        1 / 0  # noqa: B018
    say(b"after")
    assert capfd.readouterr().out == "after\n"
