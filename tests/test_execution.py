"""Pieces give the same results in the same order wherever they run, and leave nothing behind."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask
import distributed
import numpy as np
import psutil
import pytest

from matcher.errors import InvalidOptions
from matcher.execution import DaskCluster, ExecutionFailed, Executor, Processes, Serial, dask_cluster, executor_for
from matcher.execution import executor as executor_module
from picklable_functions import (
    HANG,
    Stubborn,
    be_stubborn,
    blocks,
    chatter,
    fail,
    give_back_unpackable,
    identity_of,
    leave,
    mark_and_nap,
    meet,
    nap,
    nap_and_mark,
    nap_in_turns,
    pass_the_gate,
    send_signal,
    until,
    weigh,
)

TREE = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Returns the address of a scheduler with two workers that nothing keeps trying after one death."""
    settings = {"distributed.scheduler.allowed-failures": 0, "distributed.admin.log-format": "%(message)s"}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", processes=True, silence_logs="CRITICAL"
        ) as local,
    ):
        yield local.scheduler_address


@pytest.fixture(scope="module", params=["serial", "processes", "dask"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Returns each executor in turn."""
    make: dict[str, Callable[[], Executor]] = {
        "serial": Serial,
        "processes": lambda: Processes(2),
        "dask": lambda: DaskCluster(request.getfixturevalue("cluster")),
    }
    with make[request.param]() as opened:
        yield opened


@pytest.fixture
def processes() -> Iterator[Processes]:
    """Returns two worker processes of its own."""
    with Processes(2) as opened:
        yield opened


def gone(pid: int) -> bool:
    """Returns whether a process has ended, whoever has yet to take note of it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def children() -> set[int]:
    """Returns the processes that this one has started and that run."""
    return {child.pid for child in psutil.Process().children(recursive=True) if not gone(child.pid)}


# What holds wherever pieces run


def test_results_come_in_the_order_of_payloads(executor: Executor) -> None:
    """The first payload is the last to be done, and yet its result comes first."""
    naps = [0.3, 0.0, 0.1, 0.05]
    assert executor.map(nap, naps) == naps


def test_results_are_those_of_plain_calls(executor: Executor) -> None:
    """Arrays go out and come back bit by bit, with and without what is shared."""
    base = np.arange(50.0)
    expected = [weigh(base, block) for block in blocks(9)]
    found = executor.map(weigh, blocks(9), shared=executor.share(base))
    assert [each.tobytes() for each in found] == [each.tobytes() for each in expected]
    assert all(each.flags.writeable for each in found)


def test_nothing_in_gives_nothing_out(executor: Executor) -> None:
    """No payload, no result."""
    assert executor.map(nap, []) == []


def test_submit_takes_several_arguments_and_what_is_shared(executor: Executor) -> None:
    """One piece alone is a future."""
    shared = executor.share(3)
    assert executor.submit(pow, shared, 4).result() == 81
    assert executor.submit(pow, 2, shared).result() == 8
    assert executor.submit(pow, shared, shared).result() == 27


def test_first_failure_in_the_order_of_payloads_is_raised(executor: Executor) -> None:
    """Which of two failures is raised does not depend on which came first on the clock."""
    with pytest.raises(ValueError, match="late bad"):
        executor.map(fail, ["fine", "late bad", "soon bad", "fine"])
    assert executor.map(fail, ["fine"]) == ["fine"]


def test_error_of_any_class_arrives(executor: Executor) -> None:
    """An error that cannot travel is told by one that can."""
    with pytest.raises((Stubborn, ExecutionFailed), match="does not travel"):
        executor.map(be_stubborn, [0])


def test_stop_before_the_start_gives_no_results(executor: Executor) -> None:
    """A stop that was asked for already leaves every place empty."""
    assert executor.map(nap, [0.0, 0.0, 0.0], should_stop=lambda: True) == [None, None, None]


def test_stop_on_the_way_keeps_what_is_done(
    executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs may end within the grace period, what waits is cancelled."""
    gate = tmp_path / "gate"
    if executor.workers == 1:  # a piece here would wait for ever: the gate is opened from here
        gate.touch()
    real = executor_module.wait

    def waiting(futures: Any, timeout: float) -> Any:
        if timeout == HANG:  # what has not begun is cancelled by now
            gate.touch()
        return real(futures, timeout)

    monkeypatch.setattr(executor_module, "wait", waiting)
    shared = executor.share(str(tmp_path))
    found = executor.map(pass_the_gate, range(9), shared=shared, should_stop=(tmp_path / "begun-1").exists, grace=HANG)
    assert found[:2] == [0, 1]
    assert found[3:] == [None] * 6
    assert executor.map(nap, [0.0, 0.01]) == [0.0, 0.01]


# What holds where pieces leave the process


@pytest.mark.parametrize("executor", ["processes", "dask"], indirect=True)
def test_result_that_cannot_travel_is_an_error(executor: Executor) -> None:
    """It neither hangs nor ends the worker."""
    with pytest.raises(Exception, match=r"pickle|local object"):  # Python 3.13 names the object only
        executor.map(give_back_unpackable, [0])
    with pytest.raises(Exception, match=r"pickle|local object"):  # Python 3.13 names the object only
        executor.map(nap, [lambda: None])
    assert executor.map(nap, [0.0]) == [0.0]


@pytest.mark.parametrize("executor", ["processes", "dask"], indirect=True)
def test_error_tells_where_it_came_from(executor: Executor) -> None:
    """The traceback of the worker is a note on the error."""
    with pytest.raises(ValueError, match="soon bad") as caught:
        executor.map(fail, ["soon bad"])
    assert "picklable_functions.py" in "".join(caught.value.__notes__)


@pytest.mark.parametrize("executor", ["processes", "dask"], indirect=True)
def test_what_does_not_end_after_a_stop_is_given_up(executor: Executor, tmp_path: Path) -> None:
    """A piece that outlasts the grace period leaves its place empty; others still run after it."""
    begun = [tmp_path / "begun-1", tmp_path / "begun-2"]
    found = executor.map(
        pass_the_gate,
        range(4),
        shared=executor.share(str(tmp_path)),
        should_stop=lambda: all(each.exists() for each in begun),
        grace=0.1,
    )
    assert found == [0, None, None, None]
    (tmp_path / "gate").touch()  # pieces on a cluster cannot be killed
    assert executor.map(nap, [0.02]) == [0.02]


@pytest.mark.parametrize("executor", ["processes", "dask"], indirect=True)
def test_shared_value_is_loaded_once_for_each_worker(executor: Executor) -> None:
    """All pieces of one worker see one object."""
    seen = executor.map(identity_of, range(20), shared=executor.share(list(range(1000))))
    assert len(set(seen)) == len({worker for worker, _ in seen})


# Local processes


def test_workers_run_side_by_side_and_are_used_again(processes: Processes, tmp_path: Path) -> None:
    """Two workers answer all pieces."""
    for name in ("once", "again"):
        (tmp_path / name).mkdir()
    first = set(processes.map(meet, range(4), shared=processes.share(str(tmp_path / "once"))))
    second = set(processes.map(meet, range(4), shared=processes.share(str(tmp_path / "again"))))
    assert len(first) == 2
    assert first == second
    assert os.getpid() not in first


def test_workers_start_when_needed_and_no_sooner() -> None:
    """An executor that is never used starts nothing; one piece needs one worker."""
    before = children()
    with Processes(2) as opened:
        assert children() == before
        for _ in range(4):
            opened.submit(nap, 0.0).result()
        assert len(children() - before) == 1


def test_death_of_a_worker_is_told(processes: Processes) -> None:
    """The message says how it ended and what it said last; the next piece gets a new worker."""
    with pytest.raises(ExecutionFailed, match=r"ended with exit code 7 .*: the engine gave up"):
        processes.map(leave, [7])
    with pytest.raises(ExecutionFailed, match="killed by SIGKILL, as happens when memory runs out"):
        processes.map(send_signal, [signal.SIGKILL])
    with pytest.raises(ExecutionFailed, match="ended by SIGSEGV"):
        processes.map(send_signal, [signal.SIGSEGV])
    assert processes.map(nap, [0.0, 0.01]) == [0.0, 0.01]


def test_death_of_an_idle_worker_goes_unnoticed(processes: Processes) -> None:
    """A worker that dies between pieces is replaced."""
    ((_, pid),) = processes.map(nap_in_turns, [0.0])
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: not processes._idle[0].lives)
    ((_, other),) = processes.map(nap_in_turns, [0.0])
    assert other != pid


def test_failure_ends_what_still_runs(processes: Processes, tmp_path: Path) -> None:
    """Nobody waits for pieces whose results are not wanted any more."""
    with pytest.raises(ValueError, match="non-negative"):
        processes.map(nap_and_mark, [(-1.0, ""), (HANG, str(tmp_path / "one")), (HANG, str(tmp_path / "other"))])
    assert list(tmp_path.iterdir()) == []


def test_worker_ignores_interrupts(processes: Processes) -> None:
    """Ctrl-C is the starter's affair."""
    assert processes.map(send_signal, [signal.SIGINT] * 2) == [signal.SIGINT] * 2


def test_what_pieces_print_stays_with_the_worker(processes: Processes, capfd: pytest.CaptureFixture[str]) -> None:
    """It disturbs neither the messages nor the terminal."""
    assert processes.map(chatter, [0, 1]) == ["", ""]
    assert capfd.readouterr() == ("", "")


def test_close_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process and no file outlives the executor, even in the middle of a piece."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = children()
    with Processes(2) as opened:
        opened.map(nap, [0.0, 0.1], shared=None)
        opened.share(np.zeros(1000))
        opened.map(nap_in_turns, [0.1, 0.1])
        running = opened.submit(mark_and_nap, str(tmp_path / "begun"))
        waiting = [opened.submit(nap, 60.0) for _ in range(3)]
        assert until((tmp_path / "begun").exists)
        assert children() - before
    assert children() == before
    assert [path.name for path in tmp_path.iterdir()] == ["begun"]
    assert isinstance(running.exception(), ExecutionFailed)
    assert waiting[-1].cancelled()
    with pytest.raises(ExecutionFailed, match="closed"):
        opened.submit(nap, 0.0)


PROLOGUE = """
    import os, signal, sys, time
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what runs in the background
    from matcher.execution import Processes
    from picklable_functions import mark_and_nap, nap, nap_in_turns

    def told():
        return all(os.path.exists(path) for path in sys.argv[1:])
"""


def script(tmp_path: Path, body: str) -> tuple[subprocess.Popen[str], list[Path]]:
    """Starts a program, in a group of its own, whose workers tell their numbers in two files."""
    (tmp_path / "temporary").mkdir()
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(PROLOGUE) + textwrap.dedent(body), encoding="utf-8")
    marks = [tmp_path / "first", tmp_path / "second"]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(TREE), str(TREE / "tests")]),
        "TMPDIR": str(tmp_path / "temporary"),
    }
    program = subprocess.Popen(
        [sys.executable, str(path), *map(str, marks)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    return program, marks


def numbers_in(marks: list[Path]) -> list[int]:
    """Returns the process numbers that two pieces have written."""
    assert until(lambda: all(mark.exists() and mark.read_text(encoding="utf-8") for mark in marks))
    return [int(mark.read_text(encoding="utf-8")) for mark in marks]


def left_in(tmp_path: Path) -> list[Path]:
    """Returns the temporary files of a program."""
    return list((tmp_path / "temporary").iterdir())


def test_script_needs_no_guard(tmp_path: Path) -> None:
    """Workers do not run the program again that started them."""
    program, _ = script(
        tmp_path,
        """
        print("once")
        with Processes(2) as executor:
            print(executor.map(nap, [0.0, 0.1]))
        """,
    )
    assert program.communicate(timeout=600)[0].split("\n") == ["once", "[0.0, 0.1]", ""]
    assert left_in(tmp_path) == []


def test_killed_program_leaves_nothing_behind(tmp_path: Path) -> None:
    """Workers end in the middle of their pieces and remove the files when their starter is killed."""
    program, marks = script(
        tmp_path,
        """
        executor = Processes(2)
        executor.share([1, 2, 3])
        executor.map(mark_and_nap, sys.argv[1:])
        """,
    )
    workers = numbers_in(marks)
    program.kill()
    program.communicate(timeout=600)
    assert until(lambda: all(map(gone, workers)))
    assert until(lambda: left_in(tmp_path) == [])


def test_program_that_forgets_to_close_ends_at_once(tmp_path: Path) -> None:
    """Neither a running piece nor a waiting one keeps it alive."""
    program, marks = script(
        tmp_path,
        """
        executor = Processes(2)
        futures = [executor.submit(mark_and_nap, path) for path in sys.argv[1:] * 2]
        while not told():
            time.sleep(0.02)
        """,
    )
    workers = numbers_in(marks)
    assert program.communicate(timeout=600)[0] == ""
    assert program.returncode == 0
    assert until(lambda: all(map(gone, workers)))
    assert until(lambda: left_in(tmp_path) == [])


def test_interrupt_reaches_the_program_only(tmp_path: Path) -> None:
    """Ctrl-C while workers start, and again while they run, is the program's to handle; no worker says a word."""
    program, _ = script(
        tmp_path,
        """
        asked = []
        signal.signal(signal.SIGINT, lambda *_: asked.append(1))
        with Processes(2) as executor:
            print("ready", flush=True)
            found = executor.map(nap, [0.6, 0.7])
            while not asked:
                time.sleep(0.02)
            print(found, True)
        """,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    for _ in range(12):
        time.sleep(0.03)
        os.killpg(program.pid, signal.SIGINT)
    assert program.communicate(timeout=600)[0] == "[0.6, 0.7] True\n"


def test_interrupt_that_is_not_handled_ends_everything(tmp_path: Path) -> None:
    """KeyboardInterrupt leaves the map, and the executor ends its workers."""
    program, marks = script(
        tmp_path,
        """
        with Processes(2) as executor:
            executor.map(mark_and_nap, sys.argv[1:])
        """,
    )
    workers = numbers_in(marks)
    os.killpg(program.pid, signal.SIGINT)
    assert program.communicate(timeout=600)[0].rstrip().endswith("KeyboardInterrupt")
    assert all(map(gone, workers))
    assert left_in(tmp_path) == []


# A Dask cluster


def test_cluster_runs_as_many_pieces_as_it_has_threads(cluster: str, tmp_path: Path) -> None:
    """Two workers of one thread each."""
    with DaskCluster(cluster) as opened:
        assert opened.workers == 2
        assert len(set(opened.map(meet, range(4), shared=opened.share(str(tmp_path))))) == 2


def test_death_of_a_cluster_worker_is_told(cluster: str) -> None:
    """A piece that ends its worker is an error that names the cluster."""
    with DaskCluster(cluster) as opened:
        with pytest.raises(ExecutionFailed, match=rf"the Dask cluster at '{cluster}' lost a piece"):
            opened.map(leave, [7])
        assert opened.map(nap, [0.0, 0.0]) == [0.0, 0.0]
        assert until(lambda: len(opened._client.nthreads()) == 2)  # the cluster has replaced the worker


def test_loss_of_all_cluster_workers_is_told(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for workers that may never come back."""
    monkeypatch.setattr(dask_cluster, "_LOOK_SECONDS", 0.1)
    with DaskCluster(cluster) as opened:
        monkeypatch.setattr(opened._client, "nthreads", dict)
        with pytest.raises(ExecutionFailed, match=rf"'{cluster}' lost a piece: it has lost all its workers"):
            opened.map(nap, [0.5])


def test_loggers_of_the_cluster_are_left_as_they_were(cluster: str) -> None:
    """They are silent while the cluster is in use, and only then."""
    logger = logging.getLogger("distributed.client")
    before = logger.level
    with DaskCluster(cluster):
        assert not logger.isEnabledFor(logging.CRITICAL)
    assert logger.level == before


def test_unreachable_scheduler_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes without waiting for ever, and names the address."""
    monkeypatch.setattr(dask_cluster, "_CONNECT_SECONDS", 0.5)
    for address in ("tcp://127.0.0.1:1", "nowhere", "sea://nowhere:1"):
        with pytest.raises(InvalidOptions, match=f"no Dask scheduler answers at '{address}'"):
            DaskCluster(address)


def test_missing_package_is_named_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `distributed` the message names the extra."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InvalidOptions, match=r"pip install 'matcher\[distributed\]'"):
        DaskCluster("tcp://127.0.0.1:1")


def test_cluster_of_other_versions_is_refused(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results must not depend on where they were found."""
    monkeypatch.setattr(dask_cluster, "_PACKAGES", (*dask_cluster._PACKAGES, "pytest"))  # not so on the workers
    with pytest.raises(InvalidOptions, match=rf"'{cluster}' .*: tcp://\S+ has pytest None, here it is \d"):
        DaskCluster(cluster)


def test_cluster_without_workers_is_refused(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler alone cannot run anything, and nobody waits for it for ever."""
    monkeypatch.setattr(dask_cluster, "_CONNECT_SECONDS", 0.5)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", silence_logs="CRITICAL") as empty,
        pytest.raises(InvalidOptions, match=f"'{empty.scheduler_address}' has no workers"),
    ):
        DaskCluster(empty.scheduler_address)


# Which one


@pytest.mark.parametrize(("workers", "kind"), [(1, Serial), (2, Processes)])
def test_number_of_workers_says_where(workers: int, kind: type) -> None:
    """One worker is this process."""
    with executor_for(workers) as opened:
        assert type(opened) is kind
        assert opened.workers == workers


def test_scheduler_says_where(cluster: str) -> None:
    """The cluster has its own number of workers."""
    with executor_for(1, cluster) as opened:
        assert type(opened) is DaskCluster


def test_number_of_workers_is_at_least_one() -> None:
    """No workers is a wrong option."""
    with pytest.raises(InvalidOptions, match="found 0 workers; expected 1 or more"):
        executor_for(0)


def test_importing_is_light() -> None:
    """Neither `distributed` nor `multiprocessing` is loaded until it is used."""
    heavy = "{'distributed', 'dask', 'multiprocessing', 'numpy', 'ortools'}"
    code = f"import sys, matcher.execution; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
