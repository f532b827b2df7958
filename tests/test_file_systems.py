"""Systems that cannot exchange folders, flush them or ask after a process: writing works there too."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from matcher.io import run_directory, writing


def _swap(code: int) -> Callable[..., int]:
    """Returns an exchange that fails with a code, 0 being success."""

    def swap(*_: object) -> int:
        ctypes.set_errno(code)
        return -1 if code else 0

    return swap


@pytest.mark.parametrize(
    ("platform", "library", "done"),
    [
        ("darwin", None, False),
        ("linux", SimpleNamespace(), False),
        ("linux", SimpleNamespace(renameat2=_swap(0)), True),
        ("linux", SimpleNamespace(renameat2=_swap(errno.ENOSYS)), False),
        ("linux", SimpleNamespace(renameat2=_swap(errno.EINVAL)), False),
    ],
)
def test_folders_are_exchanged_where_that_can_be(
    platform: str, library: object, done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No system call, an old one, or a file system without: the caller is told, and takes another way."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: library)
    assert run_directory.exchange(Path("a"), Path("b")) is done


def test_an_exchange_that_fails_otherwise_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's own reason."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace(renameat2=_swap(errno.EACCES)))
    with pytest.raises(PermissionError) as caught:
        run_directory.exchange(Path("a"), Path("b"))
    assert (caught.value.errno, caught.value.filename) == (errno.EACCES, "b")


def test_folders_are_flushed_where_that_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On other systems nothing is opened."""
    opened: list[Path] = []
    whole = os.open
    monkeypatch.setattr(os, "open", lambda path, flags: (opened.append(path), whole(path, flags))[1])
    writing.flush_folder(tmp_path)
    assert opened == [tmp_path]
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(os, "name", "nt")
        writing.flush_folder(tmp_path)
    assert opened == [tmp_path]


@pytest.mark.parametrize(("error", "alive"), [(None, True), (PermissionError(), True), (ProcessLookupError(), False)])
def test_a_process_of_somebody_else_is_alive(
    error: OSError | None, alive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may not be signalled is there."""

    def kill(_: int, signal: int) -> None:
        assert signal == 0
        if error is not None:
            raise error

    monkeypatch.setattr(os, "kill", kill)
    assert writing._is_alive(1) is alive


def test_an_old_set_is_removed_where_the_new_one_stands(tmp_path: Path) -> None:
    """Whoever was killed between the last two steps had the new set in its place already."""
    new, old = tmp_path / "run", tmp_path / ".run.previous"
    run_directory.write_run(new, {"result.json": "new"})
    shutil.copytree(new, old)
    run_directory.recover(new)
    assert not old.exists()
    assert (new / "result.json").read_text(encoding="utf-8") == "new"
