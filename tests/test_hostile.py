"""Hostile files: each is refused in words, at once, and without eating the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hostile_files import BASE, Load, attacks, taken
from hostile_files import MOST_MEMORY as MOST_MEBIBYTES
from hostile_files import MOST_SECONDS as MOST_CPU
from hostile_files import loads as heavy
from matcher.errors import InvalidScenario
from matcher.io import load, loads

MOST_SECONDS = 1.0
"""Of a core: other work on the machine does not count."""
MOST_MEMORY = 256 * 2**10
"""Kilobytes, as the system tells of the process alone: what `getrusage` tells includes whoever started it."""
SCRIPT = """
import json, sys, time
from pathlib import Path
from matcher.errors import InvalidScenario
from matcher.io import load
for name in sorted(path.name for path in Path(sys.argv[1]).iterdir()):
    start = time.process_time()
    try:
        load(Path(sys.argv[1]) / name)
        faults = None
    except InvalidScenario as error:
        faults = [(str(fault.place), fault.found, fault.expected) for fault in error.faults][:50]
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    row = {"name": name, "seconds": time.process_time() - start, "peak": peak, "faults": faults}
    print(json.dumps(row), flush=True)
"""


pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is asked of Linux")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """What became of every attack, read one after another in a process of their own."""
    folder = tmp_path_factory.mktemp("attacks")
    for name, content in attacks():
        (folder / name).write_bytes(content)
    run = subprocess.run([sys.executable, "-c", SCRIPT, str(folder)], capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    return {row["name"]: row for row in rows}


def test_there_are_attacks_of_every_kind(told: dict[str, dict[str, object]]) -> None:
    """A hundred and fifty at least, none of the same name, each tried."""
    names = [name for name, _ in attacks()]
    assert len(names) == len(set(names)) == len(told) >= 150
    assert loads(BASE, format="json").name == "small"  # what they are made from is right


def test_every_attack_is_refused_in_words(told: dict[str, dict[str, object]]) -> None:
    """Each with faults that say where, what was found and what was expected."""
    for name, row in told.items():
        faults = row["faults"]
        assert isinstance(faults, list), f"{name} was read as a scenario"
        assert faults
        assert all(name in place and expected for place, _, expected in faults), (name, faults[:2])


def test_no_attack_takes_long_or_much(told: dict[str, dict[str, object]]) -> None:
    """Within a second each, and all together within the memory that any one of them may have."""
    slow = {name: row["seconds"] for name, row in told.items() if float(str(row["seconds"])) > MOST_SECONDS}
    assert slow == {}
    assert max(int(str(row["peak"])) for row in told.values()) <= MOST_MEMORY


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices in the file system")
def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe that nobody writes to, and a device without end, are refused at once."""
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "device.yaml").symlink_to("/dev/zero")
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    for name, found in (("pipe", "no plain file"), ("device", "no plain file"), ("loop", "symbolic links")):
        with pytest.raises(InvalidScenario, match=found):
            load(tmp_path / f"{name}.yaml")


def test_a_file_too_large_is_refused_unread(tmp_path: Path) -> None:
    """Its size alone is enough."""
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(InvalidScenario, match="a larger file"):
        load(path)


@pytest.mark.parametrize("load", [pytest.param(each, id=each.name) for each in heavy()])
def test_no_load_comes_to_a_limit(load: Load, tmp_path: Path) -> None:
    """Each is refused, or found not to be right, in words: within processor seconds and memory of a process."""
    found = taken(load, tmp_path)
    assert found.code in (1, 2), found.output[-2000:]
    assert found.seconds < MOST_CPU
    assert found.peak < MOST_MEBIBYTES
    assert "Traceback" not in found.output
    assert "internal error" not in found.output
    assert "MemoryError" not in found.output
    assert 0 < len(found.output) < 20 * 2**20
