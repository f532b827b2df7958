"""Documents as canonical text, and text into files: whole or not at all.

Canonical JSON is UTF-8 with sorted keys, two spaces of indent and a line break at the end: the same
document gives the same bytes. A file is written beside its target under a temporary name, flushed to
the disk, and renamed over the target, so that whoever looks finds the old text or the new. What a
killed process left behind is swept by the next one that writes into the same folder.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import pathlib
import platform
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal

from matcher.scenario import Scenario

FilePath = str | os.PathLike[str]

INDENT = "  "
_NAMES = {None: "null", True: "true", False: "false"}
_quoted = json.encoder.encode_basestring
_HOST = re.sub(r"[^A-Za-z0-9]", "-", platform.node())[:40] or "host"
_TEMPORARY = re.compile(r"\..+\.(?P<host>[A-Za-z0-9\-]+)\.(?P<process>[0-9]{1,9})\.[0-9a-f]{8}\.matcher-tmp")
_NO_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EMLINK})
"""Errors that say that a file cannot have a second name here."""
_ABANDONED_AFTER = 24 * 3600
"""Seconds after which a temporary of another machine, or of a process number used again, is stale."""


def canonical_json(document: object) -> str:
    """Returns plain data as canonical JSON; decimals become the shortest number that reads back the same.

    Raises
    ------
    ValueError
        if a number is not finite or has more digits than a reader keeps, or two keys have one text.
    TypeError
        if something is not plain data.
    """
    return _written(document, "\n") + "\n"


def scenario_document(scenario: Scenario) -> dict[str, object]:
    """Returns a scenario in full, with every default spelt out: what reads back as the same scenario."""
    return scenario.model_dump(mode="json")


def default_run_directory(scenario: Scenario, digest: str) -> pathlib.Path:
    """Returns where a run is written if nothing else is asked for.

    Parameters
    ----------
    digest
        Hash of all that the result depends on: the resolved scenario and the options.
    """
    return pathlib.Path("runs") / f"{scenario.name}-{digest[:8]}"


def _written(value: object, line: str) -> str:
    """The text of a value whose own line starts like `line`, a line break and the indent.

    The same bytes as `json.dumps(..., indent=2, sort_keys=True)`, which is written for streams and takes
    far longer for the millions of values of a large result.
    """
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool):
        return _NAMES[value]
    if isinstance(value, Decimal):
        value = _numeral(value)
    if isinstance(value, int | float):
        return _number_text(value)
    if isinstance(value, Mapping):
        return _block("{", _fields(value, line + INDENT), line, "}")
    if isinstance(value, list | tuple):
        inner = line + INDENT
        return _block("[", [_written(each, inner) for each in value], line, "]")
    raise TypeError(f"{type(value).__name__} is not plain data: expected mappings, lists, texts and numbers")


def _block(opening: str, parts: list[str], line: str, closing: str) -> str:
    """Parts on lines of their own between brackets; the brackets alone if there are none."""
    inner = line + INDENT
    return f"{opening}{inner}{f',{inner}'.join(parts)}{line}{closing}" if parts else opening + closing


def _fields(value: Mapping[object, object], line: str) -> list[str]:
    """The fields of a mapping, sorted by the text of their keys."""
    fields = {_key(key): inner for key, inner in value.items()}
    if len(fields) != len(value):
        raise ValueError(f"two keys have the same text among {sorted(map(str, value))}")
    return [f"{_quoted(key)}: {_written(fields[key], line)}" for key in sorted(fields)]


def _number_text(value: float) -> str:
    if isinstance(value, int):
        return int.__repr__(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be written: expected a finite number")
    return float.__repr__(value)


def _key(key: object) -> str:
    if isinstance(key, bool) or not isinstance(key, str | int):
        raise TypeError(f"{key!r} cannot be a key: expected a text or a whole number")
    return str(key)


def _numeral(value: Decimal) -> int | float:
    """The number whose shortest text is the decimal itself."""
    number = float(value)
    if not value.is_finite() or Decimal(repr(number)) != value:
        raise ValueError(f"{value} cannot be written: expected a finite number of at most 15 digits")
    return int(value) if value == value.to_integral_value() else number


def write_atomically(path: FilePath, text: str) -> None:
    """Puts text into a file so that at any moment it holds all of the old text or all of the new.

    Raises
    ------
    OSError
        if the file cannot be written, with its name; it then holds the old text or, if only the folder
        could not be flushed, the new.
    """
    with errors_naming(path), _staged(path, text) as temporary:
        temporary.replace(path)


def write_new(path: FilePath, text: str) -> None:
    """Puts text into a file that is not there yet: whole, or no file.

    Raises
    ------
    FileExistsError
        if something is there, which is left as it is.
    OSError
        if the file cannot be written, with its name.
    """
    with errors_naming(path), _staged(path, text) as temporary:
        try:
            os.link(temporary, path)  # unlike a rename never takes the place of what is there
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
            temporary.replace(path)


@contextlib.contextmanager
def errors_naming(path: FilePath) -> Iterator[None]:
    """Has errors of the system name what was to be written, and not a temporary beside it or nothing."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), os.fspath(path)) from error


@contextlib.contextmanager
def _staged(path: FilePath, text: str) -> Iterator[pathlib.Path]:
    """Gives a file beside the target that holds the text, on the disk, to be moved there."""
    target = pathlib.Path(path)
    sweep(target.parent)
    temporary = temporary_beside(target)
    try:
        write_through(temporary, text)
        yield temporary
        flush_folder(target.parent)
    finally:
        with contextlib.suppress(OSError):  # what is left is swept by the next, and no reason to fail
            temporary.unlink(missing_ok=True)


def write_through(path: pathlib.Path, text: str) -> None:
    """Writes a new file and waits until it is on the disk."""
    with path.open("xb") as file:
        file.write(text.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())


def make_folder(folder: pathlib.Path) -> None:
    """Makes a folder, and those around it that are missing, and waits until their names are on the disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    flush_folder(folder.parent)


def flush_folder(folder: pathlib.Path) -> None:
    """Waits until the names in a folder are on the disk, where folders can be flushed."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def temporary_beside(target: pathlib.Path) -> pathlib.Path:
    """Returns a fresh name in the same folder that says whose temporary it is."""
    token = secrets.token_hex(4)
    return target.parent / f".{target.name[:40]}.{_HOST}.{os.getpid()}.{token}.matcher-tmp"


def sweep(folder: pathlib.Path) -> None:
    """Removes the temporaries of processes that are no more."""
    try:
        entries = list(folder.iterdir())
    except FileNotFoundError:
        return
    for entry in entries:
        owner = _TEMPORARY.fullmatch(entry.name)
        # Someone else may sweep at the same moment, or own the file: neither is a reason not to write.
        with contextlib.suppress(OSError):
            if owner and _is_stale(entry, owner["host"], int(owner["process"])):
                _remove(entry)


def _is_stale(entry: pathlib.Path, host: str, process: int) -> bool:
    if time.time() - entry.lstat().st_mtime > _ABANDONED_AFTER:
        return True
    return host == _HOST and os.name == "posix" and not _is_alive(process)


def _is_alive(process: int) -> bool:
    """Whether a process with this number runs on this machine (signal 0 only asks)."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _remove(entry: pathlib.Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()
