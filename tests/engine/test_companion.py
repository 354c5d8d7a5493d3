"""The worker process beside the front: started, woken, started again, and ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psutil
import pytest

from tests.e2e.process import wait_for
from watcher.engine.companion import Companion

# Writes down its own number, then every byte that it is sent; ends when no more can come.
_SCRIPT = """
import os, sys
with open(sys.argv[1], "a") as log:
    print("started", os.getpid(), file=log, flush=True)
    while os.read(0, 1):
        print("woken", file=log, flush=True)
    print("ended", file=log, flush=True)
"""
_DEAF = "import time\nopen(__import__('sys').argv[1], 'w').write('started 0')\ntime.sleep(600)"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the worker writes what happens to it."""
    path = tmp_path / "log"
    path.touch()
    return path


def companion(log: Path, script: str = _SCRIPT) -> Companion:
    """One that runs that script."""
    return Companion([sys.executable, "-c", script, str(log)], os.environ)


def said(log: Path, word: str) -> list[str]:
    """The lines that begin so."""
    return [line for line in log.read_text().splitlines() if line.startswith(word)]


def test_a_worker_is_woken_and_ends_with_its_pipe(log: Path) -> None:
    """A byte is a reason to look for work; the end of the pipe is the end of the worker."""
    worker = companion(log)
    worker.wake()
    worker.start()
    wait_for(lambda: said(log, "started"), "the worker")
    worker.wake()
    wait_for(lambda: said(log, "woken"), "the worker to hear")
    worker.stop(20)

    assert ["ended"] == said(log, "ended")
    assert 1 == len(said(log, "started"))
    worker.wake()


def test_a_worker_that_dies_is_started_again(log: Path) -> None:
    """Killed from outside: another one takes its place, and hears when it is woken."""
    worker = companion(log)
    worker.start()
    [first] = wait_for(lambda: said(log, "started"), "the worker")
    worker.wake()
    os.kill(int(first.split()[1]), signal.SIGKILL)
    worker.wake()
    wait_for(lambda: len(said(log, "started")) == 2, "the next worker")
    before = len(said(log, "woken"))
    worker.wake()
    wait_for(lambda: len(said(log, "woken")) > before, "the next worker to hear")
    worker.stop(20)

    assert ["ended"] == said(log, "ended")


def test_a_full_pipe_stops_nobody(log: Path) -> None:
    """The front never waits for its worker: who has been woken a thousand times is awake."""
    worker = companion(log, _DEAF)
    worker.start()
    wait_for(lambda: said(log, "started"), "the worker")
    for _ in range(100_000):
        worker.wake()
    worker.stop(0.1)


def test_a_worker_that_does_not_end_is_killed(log: Path) -> None:
    """After the time it was given."""
    worker = companion(log, _DEAF)
    worker.start()
    wait_for(lambda: said(log, "started"), "the worker")
    process = worker._process
    worker.stop(0.1)

    assert isinstance(process, subprocess.Popen)
    assert -signal.SIGKILL == process.returncode


def test_a_worker_that_cannot_be_started_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Also without any process left to have the front is not harmed, and tries again."""
    worker = Companion(["/nonexistent/program"], os.environ)
    worker.start()
    said = ""

    def logged() -> bool:
        nonlocal said
        said += capsys.readouterr().out
        return "cannot be started" in said

    wait_for(logged, "the line in the log")
    worker.wake()
    worker.stop(20)

    assert not worker._thread.is_alive()


# A front whose first worker is its twin; both kinds of worker write down which they are.
_FRONT = """
import os, sys
from watcher.engine.companion import Companion
from watcher.kit.twin import Twin

_, other, log = sys.argv

def work(heard):
    with open(log, "a") as out:
        print("twin", os.getpid(), file=out, flush=True)
        while os.read(heard, 1):
            print("heard", file=out, flush=True)

worker = Companion([sys.executable, "-c", other, log], os.environ, Twin(work))
if sys.stdin.readline():
    worker.start()
while sys.stdin.readline():
    worker.wake()
worker.stop(20)
"""


@pytest.fixture
def front(log: Path) -> Iterator[IO[bytes]]:
    """What it is told: the first line starts its worker, others wake it, their end ends it."""
    program = [sys.executable, "-c", _FRONT, _SCRIPT, str(log)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        yield process.stdin
        process.stdin.close()
        assert 0 == process.wait(20)


def test_the_first_worker_may_be_a_twin(log: Path, front: IO[bytes]) -> None:
    """It is woken like any other; when it dies, a process of its own takes its place."""
    front.write(b"start\n")
    [twin] = wait_for(lambda: said(log, "twin"), "the twin")
    front.write(b"wake\n")
    wait_for(lambda: said(log, "heard"), "the twin to hear")
    os.kill(int(twin.split()[1]), signal.SIGKILL)
    wait_for(lambda: said(log, "started"), "the next worker")
    front.write(b"wake\n")
    wait_for(lambda: said(log, "woken"), "the next worker to hear")
    front.close()
    wait_for(lambda: said(log, "ended"), "its end")

    assert 1 == len(said(log, "twin"))


def test_a_twin_that_was_never_needed_ends_with_its_front(log: Path, front: IO[bytes]) -> None:
    """A front that cannot listen leaves nothing behind."""
    front.close()

    assert [] == said(log, "twin")


def test_one_that_was_never_started_can_be_stopped(log: Path) -> None:
    """A front that cannot listen has no worker yet."""
    companion(log).stop(1)

    assert "" == log.read_text()


def test_stopping_while_it_starts_leaves_no_worker(log: Path) -> None:
    """Whichever comes first, nothing is left running."""
    worker = companion(log)
    worker.start()
    worker.stop(20)

    assert [] == [each for each in psutil.Process().children() if str(log) in each.cmdline()]


def test_a_front_that_dies_takes_its_worker_with_it(log: Path) -> None:
    """The pipe ends with the process that held it, however that ended."""
    front = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, sys, time\n"
            "from watcher.engine.companion import Companion\n"
            "Companion(sys.argv[1:], os.environ).start()\n"
            "time.sleep(600)",
            sys.executable,
            "-c",
            _SCRIPT,
            str(log),
        ]
    )
    wait_for(lambda: said(log, "started"), "the worker")
    front.kill()
    front.wait()

    wait_for(lambda: said(log, "ended"), "the worker to end by itself")
