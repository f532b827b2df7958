"""The folder of one run: a set of files that appears, and is replaced, as a whole.

All files are written into a temporary folder beside the target, with a manifest of their sizes and
hashes, flushed to the disk, and moved into place:

* where nothing stands at the target, by one rename;
* where an earlier run stands there, by exchanging the two folders in one step of the system (Linux),
  so that the target is the old set or the new one at every moment, also of a ``kill -9``;
* where the system cannot exchange (other systems, some network disks), by renaming the old folder
  aside to ``.<name>.previous`` and the new one into place. A process killed between these two renames
  leaves no target but both sets whole; `recover`, with which every write starts, then puts the old
  set back.

A folder that holds anything not listed in such a manifest is somebody else's and is never touched.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import json
import os
import pathlib
import shutil
import sys
from collections.abc import Mapping

from matcher.errors import InvalidOptions
from matcher.io.writing import (
    FilePath,
    canonical_json,
    errors_naming,
    flush_folder,
    make_folder,
    sweep,
    temporary_beside,
    write_through,
)

MANIFEST = "manifest.json"
"""File that makes a folder a run directory: sizes and hashes of all the others."""
MANIFEST_FORMAT = 1
RESULT_FILE = "result.json"
SCENARIO_FILE = "scenario.resolved.json"

_DROPPINGS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""Files that desktops leave in any folder that they show."""
_HERE = -100  # AT_FDCWD: paths are relative to the current folder
_EXCHANGE = 2  # RENAME_EXCHANGE
_CANNOT = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM})


def write_run(directory: FilePath, files: Mapping[str, str]) -> pathlib.Path:
    """Puts a set of files into a run directory, in place of an earlier run's, all or nothing.

    Raises
    ------
    InvalidOptions
        if the directory is something else than a run directory.
    OSError
        if it cannot be written, with the directory's name; it then holds the old set or the new one, whole.
    """
    _check_names(files)
    target = _absolute(directory)
    with errors_naming(directory):
        recover(target)
        _check_place(target)
        make_folder(target.parent)
        staging = temporary_beside(target)
        try:
            _fill(staging, files)
            _put_in_place(staging, target)
        except BaseException:
            with contextlib.suppress(OSError):  # the reason to stop matters more than what is left
                recover(target)
            raise
        finally:
            _remove(staging)
    return pathlib.Path(directory)


def check_run_directory(directory: FilePath) -> None:
    """Refuses a directory into which a run may not be written; worth asking before a long solve.

    Raises
    ------
    InvalidOptions
        if it is a link, a file, the current folder or one around it, holds files of others, or
        cannot be written.
    """
    try:
        _check_place(directory)
        _try_to_write(_absolute(directory))
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidOptions(f"{directory} cannot be written ({reason}): name another folder for the run") from None


def _try_to_write(target: pathlib.Path) -> None:
    """Makes and removes a folder where the run, or the first folder on the way to it, will be made."""
    first = target
    while not os.path.lexists(first.parent):
        first = first.parent
    sweep(first.parent)  # of a probe whose process was killed: where the run itself is written may be deeper
    probe = temporary_beside(first)  # permissions alone do not tell: some file systems refuse everybody
    probe.mkdir()
    probe.rmdir()


def _check_place(directory: FilePath) -> None:
    """Refuses a directory that is not for runs."""
    target = _absolute(directory)
    if target.is_symlink():
        raise InvalidOptions(f"{directory} is a link: name the folder that it leads to, {target.resolve()}")
    if not target.exists():
        return
    if not target.is_dir():
        raise InvalidOptions(f"{directory} is a file: name a folder for the run")
    if pathlib.Path.cwd().is_relative_to(target.resolve()):
        raise InvalidOptions(
            f"{directory} is the current folder or one around it: name a folder of its own for the run"
        )
    foreign = _foreign(target)
    if foreign:
        few = ", ".join(foreign[:3]) + (", ..." if len(foreign) > 3 else "")
        raise InvalidOptions(
            f"{directory} holds what no run wrote ({few}): name another folder, or move these files away"
        )


def recover(directory: FilePath) -> None:
    """Puts back what a killed process had renamed aside, and removes what it left half done."""
    target = _absolute(directory)
    previous = _previous(target)
    if _listed(previous):
        if os.path.lexists(target):
            _discard(previous)
        else:
            previous.rename(target)
            flush_folder(target.parent)
    sweep(target.parent)


def _absolute(directory: FilePath) -> pathlib.Path:
    """The path with a name of its own at the end, links in it left alone."""
    return pathlib.Path(os.path.abspath(directory))  # noqa: PTH100 - Path.resolve would follow links


def _previous(target: pathlib.Path) -> pathlib.Path:
    return target.with_name(f".{target.name}.previous")


def _check_names(files: Mapping[str, str]) -> None:
    """The files of a run, at least one, are plain names in one folder."""
    if not files:
        raise ValueError("a run without files: expected at least one")
    for name in files:
        if not name or name == MANIFEST or name.startswith(".") or name != pathlib.PurePath(name).name or "\\" in name:
            raise ValueError(f"{name!r} cannot be a file of a run: expected a plain, visible file name")


def _fill(staging: pathlib.Path, files: Mapping[str, str]) -> None:
    """Writes all files into a new folder, the manifest last."""
    staging.mkdir()
    for name in sorted(files):
        write_through(staging / name, files[name])
    listed = {name: _entry(files[name].encode("utf-8")) for name in files}
    write_through(staging / MANIFEST, canonical_json({"manifest": MANIFEST_FORMAT, "files": listed}))
    flush_folder(staging)


def _entry(data: bytes) -> dict[str, object]:
    """What the manifest says of one file."""
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _listed(directory: pathlib.Path) -> dict[str, dict[str, object]] | None:
    """The files of the manifest; None if the folder has no manifest of ours."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError, RecursionError):
        return None
    ours = isinstance(manifest, dict) and manifest.get("manifest") == MANIFEST_FORMAT
    listed = manifest.get("files") if ours else None
    return listed if isinstance(listed, dict) else None


def _foreign(directory: pathlib.Path) -> list[str]:
    """Names in a folder that no run of ours put there."""
    ours = {*(_listed(directory) or ()), MANIFEST} if _listed(directory) is not None else set()
    return sorted(entry.name for entry in directory.iterdir() if entry.name not in ours | _DROPPINGS)


def _put_in_place(staging: pathlib.Path, target: pathlib.Path) -> None:
    """Moves a full set to the target, whatever run stood there."""
    if _listed(target) is None:  # nothing, or an empty folder
        for name in _DROPPINGS if target.exists() else ():
            (target / name).unlink(missing_ok=True)
        staging.rename(target)
        flush_folder(target.parent)
        return
    if exchange(staging, target):
        flush_folder(target.parent)
        return
    previous = _previous(target)
    target.rename(previous)
    staging.rename(target)
    flush_folder(target.parent)
    _discard(previous)


def _discard(previous: pathlib.Path) -> None:
    """Removes an old set under a temporary name, so that half of it is never taken for a set."""
    with contextlib.suppress(OSError):  # the next write comes by again
        _remove(previous.rename(temporary_beside(previous)))


def _remove(folder: pathlib.Path) -> None:
    """Removes a folder as far as it can be: what is left is swept later, and no reason to call a write failed."""
    with contextlib.suppress(OSError):  # of looking and closing, which rmtree does not ignore
        shutil.rmtree(folder, ignore_errors=True)


def exchange(first: pathlib.Path, second: pathlib.Path) -> bool:
    """Swaps two folders in one step; False where the system cannot."""
    if sys.platform != "linux":
        return False
    swap = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if swap is None:
        return False
    swap.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    if swap(_HERE, os.fsencode(first), _HERE, os.fsencode(second), _EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(second))
