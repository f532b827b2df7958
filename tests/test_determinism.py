"""The same question gives the same bytes: however often, wherever, in whatever order the file says it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from random import Random

import pytest

from benchmarks.instances import generate
from generators import shuffled
from matcher.io import canonical_json, scenario_document

TREE = Path(__file__).parent.parent
RERUNS = 20


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One scenario of six States, solved State by State, in files that say it in several orders."""
    folder = tmp_path_factory.mktemp("orders")
    scenario = generate("tiny", 7)
    document = json.loads(canonical_json(scenario_document(scenario)))
    document["objectives"] = {"order": [{"objective": "completions"}, {"objective": "coverage", "give_up": 0.01}]}
    paths = []
    for order in range(3):
        path = folder / f"order-{order}.json"
        path.write_text(json.dumps(shuffled(document, Random(order)) if order else document), encoding="utf-8")
        paths.append(path)
    return paths


def solved(path: Path, folder: Path, workers: int, seed: int) -> dict[str, bytes]:
    """Returns the files of a run, but for those that tell of the clock, by a process with its own hash seed."""
    command = [sys.executable, "-m", "matcher", "solve", str(path), "--work", "2", "--method", "decomposition"]
    command += ["--workers", str(workers), "--quiet", "-o", str(folder)]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    subprocess.run(command, check=True, capture_output=True, cwd=TREE, env=environment)
    timed = ("timings.json", "log.txt", "manifest.json")
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.name not in timed}


def test_the_same_bytes_anywhere(scenarios: list[Path], tmp_path: Path) -> None:
    """Workers, hash seeds and the order of a file's keys change no byte of any file."""
    first = solved(scenarios[0], tmp_path / "first", 1, 0)
    assert json.loads(first["result.json"])["portfolio"]["flows"]
    for number, (path, workers, seed) in enumerate(zip(scenarios[1:], (2, 1), (1, 2), strict=True)):
        assert solved(path, tmp_path / str(number), workers, seed) == first, (path.name, workers, seed)


@pytest.mark.slow
def test_the_same_bytes_every_time(scenarios: list[Path], tmp_path: Path) -> None:
    """Twenty reruns with each number of workers and each hash seed, the orders of the file by turns."""
    first = solved(scenarios[0], tmp_path / "first", 1, 0)
    for number, (rerun, workers, seed) in enumerate(product(range(RERUNS), (1, 2, 4), (0, 1, 2))):
        path = scenarios[number % len(scenarios)]
        assert solved(path, tmp_path / str(number), workers, seed) == first, (rerun, workers, seed, path.name)
