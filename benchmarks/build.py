"""Measures how long building a model takes, and how much memory, over sizes.

    python -m benchmarks.build --sizes tiny small real big --subjects compact assignment pulp --out benchmarks/results

Each result is appended to `builds.jsonl` at once; a run that is started again skips what is there.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.compare import add_common, campaign, passed_on, told
from benchmarks.instances import SIZES
from benchmarks.subjects import SUBJECTS


def main() -> None:
    """Runs the campaign and tells each row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    buildable = [name for name in SUBJECTS if name != "matcher"]
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=["tiny", "small", "real", "big"])
    parser.add_argument("--subjects", nargs="+", choices=buildable, default=["compact", "pulp"])
    add_common(parser)
    asked = parser.parse_args()
    for name in asked.subjects:
        SUBJECTS[name].check()
    wanted = [(name, size, seed, None) for size in asked.sizes for seed in asked.seeds for name in asked.subjects]
    for row in campaign(wanted, asked.out / "builds.jsonl", passed_on(asked), again=asked.again):
        sys.stdout.write(told(row) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
