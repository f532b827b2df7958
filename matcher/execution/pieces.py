"""A piece on its way to a worker and its outcome on the way back, as bytes."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from typing import Any

from matcher.execution.executor import ExecutionFailed, Shared

PROTOCOL = 5
"""Version of pickle."""


def packed(function: Callable[..., object], arguments: tuple[object, ...]) -> bytes:
    """Returns a piece as bytes."""
    return pickle.dumps((function, arguments), PROTOCOL)


def performed(piece: bytes, load: Callable[[object], object]) -> bytes:
    """Runs a piece, `load` giving the value of what is shared; returns its outcome as bytes."""
    try:
        function, arguments = pickle.loads(piece)
        result = function(*(load(each.content) if isinstance(each, Shared) else each for each in arguments))
        return pickle.dumps((result, None, ""), PROTOCOL)
    except Exception as error:  # raised again where the piece came from
        return pickle.dumps((None, portable(error), traceback.format_exc()), PROTOCOL)


def outcome(reply: bytes) -> Any:
    """Returns the result of a piece, or raises what it raised, with the worker's traceback as a note."""
    result, error, trace = pickle.loads(reply)
    if error is None:
        return result
    error.add_note(f"In the worker:\n{trace.rstrip()}")
    raise error


def portable(error: Exception) -> Exception:
    """Returns the error itself if it survives the journey, or one that tells of it."""
    try:
        if type(pickle.loads(pickle.dumps(error, PROTOCOL))) is type(error):
            return error
    except Exception:  # whatever its class does when it is packed or unpacked
        pass
    return ExecutionFailed(f"{type(error).__name__}: {error}")
