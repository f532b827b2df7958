"""Prints the lowest version that pyproject.toml declares of each dependency, and of some extras, as pins for pip.

Usage: python .ci/lowest.py EXTRA...
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
wanted = [
    *project["dependencies"],
    *(each for extra in sys.argv[1:] for each in project["optional-dependencies"][extra]),
]
for requirement in wanted:
    name, _, lowest = requirement.partition(">=")
    if lowest and not re.fullmatch(r"[0-9.]+", lowest):
        sys.exit(f"pyproject.toml: expected 'name>=version', found {requirement!r}")
    print(f"{name}=={lowest}" if lowest else name)  # noqa: T201
