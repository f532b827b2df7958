"""Distinct combinations of keys, as rules that sum over them ask for."""

from __future__ import annotations

import numpy as np

from matcher.solvers.linear_model import Ints


def grouped(*keys: Ints) -> tuple[tuple[Ints, ...], Ints]:
    """Returns the distinct combinations of keys, in order, and the combination of each element."""
    sizes = [int(key.max(initial=0)) + 1 for key in keys]
    code = np.zeros(len(keys[0]), np.int64)
    for key, size in zip(keys, sizes, strict=True):
        code = code * size + key
    unique, inverse = np.unique(code, return_inverse=True)
    parts = []
    for size in reversed(sizes):
        parts.append(unique % size)
        unique = unique // size
    return tuple(reversed(parts)), np.asarray(inverse, np.int64).ravel()
