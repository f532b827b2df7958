"""Functions that the tests of executors run in other processes, which import them by name."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Block:
    """A payload of arrays."""

    rows: np.ndarray
    weight: np.ndarray


def blocks(count: int) -> list[Block]:
    """Returns payloads that differ."""
    chance = np.random.default_rng(7)
    return [Block(chance.random((5, 3)), chance.integers(0, 9, 5)) for _ in range(count)]


def weigh(base: np.ndarray, block: Block) -> np.ndarray:
    """Returns some arithmetic of a shared array and a payload."""
    return np.linalg.lstsq(block.rows, block.weight + base[:5], rcond=None)[0]


def nap(seconds: float) -> float:
    """Sleeps and returns how long."""
    time.sleep(seconds)
    return seconds


def nap_in_turns(seconds: float) -> tuple[float, int]:
    """Sleeps and returns how long, and where."""
    time.sleep(seconds)
    return seconds, os.getpid()


HANG = 120.0
"""Seconds after which something that never happens is given up; nothing is that slow."""


def until(condition: Callable[[], bool], seconds: float = HANG) -> bool:
    """Waits until something holds; returns whether it did before it was given up."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def meet(folder: str, _: object) -> int:
    """Says where it runs, and waits until others have said so of another process."""
    Path(folder, str(os.getpid())).touch()
    assert until(lambda: len(list(Path(folder).iterdir())) > 1)
    return os.getpid()


def pass_the_gate(folder: str, number: int) -> int:
    """Says that it has begun; all but the first then wait until the gate is open."""
    Path(folder, f"begun-{number}").touch()
    assert number == 0 or until(Path(folder, "gate").exists)
    return number


def fail(text: str) -> str:
    """Fails for some payloads, at once or after a while."""
    if text.startswith("late"):
        time.sleep(0.3)
    if text.endswith("bad"):
        raise ValueError(text)
    return text


class Stubborn(Exception):
    """An error that cannot be packed and unpacked."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def be_stubborn(_: object) -> None:
    """Raises an error that does not survive the journey."""
    raise Stubborn("does not", "travel")


def give_back_unpackable(_: object) -> object:
    """Returns what no pickle can hold."""
    return lambda: None


def leave(code: int) -> None:
    """Ends the process, with a word on the way."""
    sys.stderr.write("the engine gave up\n")
    sys.stderr.flush()
    os._exit(code)


def send_signal(number: int) -> int:
    """Sends a signal to its own process."""
    os.kill(os.getpid(), number)
    time.sleep(0.05)
    return number


def chatter(_: object) -> str:
    """Writes to stdout and reads from stdin, which must not disturb the way back."""
    sys.stdout.write("hello from Python\n")
    os.write(1, b"hello from below\n")
    return sys.stdin.read()


def identity_of(value: object, _: object) -> tuple[int, int]:
    """Returns which object was shared and where."""
    return os.getpid(), id(value)


def nap_and_mark(order: tuple[float, str]) -> None:
    """Sleeps, then says by a file that it has ended."""
    time.sleep(order[0])
    Path(order[1]).touch()


def mark_and_nap(path: str) -> None:
    """Says by a file that it has begun, then sleeps for long."""
    Path(path).write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(600)
