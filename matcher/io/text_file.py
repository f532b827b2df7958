"""Text from files: UTF-8 without byte order mark, of a size that can be a scenario."""

from __future__ import annotations

import codecs
import errno
import os
import pathlib
import stat
from typing import BinaryIO

from matcher.errors import Fault, nearest
from matcher.io.document import Lines

MAX_BYTES = 512 * 2**20
"""Largest file that is read: a resolved scenario of 120,000 needs has 65 MiB, a result for it twice that."""

PIECE = 2**20
"""Bytes that are read at once."""

FilePath = str | os.PathLike[str]

_MARKS = (
    (codecs.BOM_UTF8, "a byte order mark"),
    (codecs.BOM_UTF32_LE, "UTF-32 text"),  # before UTF-16: its mark starts with the same two bytes
    (codecs.BOM_UTF32_BE, "UTF-32 text"),
    (codecs.BOM_UTF16_LE, "UTF-16 text"),
    (codecs.BOM_UTF16_BE, "UTF-16 text"),
)


class UnreadableFileError(Exception):
    """A file that gives no text; carries the one fault that says why."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


def suffix(path: FilePath) -> str:
    """Returns the ending of a file's name, in small letters."""
    return pathlib.Path(path).suffix.lower()


def read_text(path: FilePath) -> str:
    """Returns the text of a file.

    Raises
    ------
    UnreadableFileError
        if there is no such file, or it may not be read, is too large, or is not UTF-8.
    """
    source = os.fspath(path)
    try:
        with _opened(path) as file:
            large = os.fstat(file.fileno()).st_size > MAX_BYTES  # told before any memory is spent on it
            data = b"" if large else _content(file)
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise UnreadableFileError(_missing(pathlib.Path(path), error).at(source)) from error
    if large or len(data) > MAX_BYTES:
        raise UnreadableFileError(Fault((), "a larger file", f"at most {MAX_BYTES // 2**20} MiB", place=source))
    return _decoded(data, source)


def _content(file: BinaryIO) -> bytes:
    """Reads a file piece by piece, and no further than to see that it is too large.

    To read up to a number of bytes at once would take memory for all of them, whatever the file holds.
    """
    data = bytearray()
    while len(data) <= MAX_BYTES and (piece := file.read(PIECE)):
        data += piece
    return bytes(data)


def _opened(path: FilePath) -> BinaryIO:
    """Opens a regular file; a pipe or a device is refused instead of waited for."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(handle).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    raise OSError(errno.EINVAL, "No plain file but a pipe or a device", os.fspath(path))


def _missing(path: pathlib.Path, error: OSError | ValueError) -> Fault:
    """Says why a file cannot be opened, and which one may have been meant."""
    if isinstance(error, FileNotFoundError):
        parent = path.parent
        if parent.is_dir():
            return Fault((), "no such file", "a file that exists", nearest(path.name, _names_in(parent)))
        return Fault((), f"no such folder {str(parent)!r}", "a file that exists")
    if isinstance(error, IsADirectoryError):
        return Fault((), "a folder", "a file", nearest(f"{path.name}.yaml", _names_in(path)))
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Fault((), reason.lower(), "a file that can be read")


def _names_in(folder: pathlib.Path) -> list[str]:
    """Names in a folder; none where it may not be listed, as they only serve a hint."""
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []


def _decoded(data: bytes, source: str) -> str:
    for mark, name in _MARKS:
        if data.startswith(mark):
            fault = Fault((), name, "UTF-8 text without a byte order mark", place=f"{source}:1:1")
            raise UnreadableFileError(fault)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        place = Lines(before).at(len(before))
        fault = Fault((), f"the byte 0x{data[error.start]:02X}", "UTF-8 text (save the file as UTF-8)")
        raise UnreadableFileError(fault.at(f"{source}:{place.line}:{place.column}")) from error
