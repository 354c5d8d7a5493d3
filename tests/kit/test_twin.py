"""A process that begins as a copy of another one; each is tried in a program without threads."""

import subprocess
import sys
from pathlib import Path

import psutil

from tests.e2e.process import wait_for

_ROOT = Path(__file__).resolve().parents[2]
_BEGIN = """
import os, subprocess, sys
from watcher.kit.twin import Twin

def work(heard):
    print("works:", os.read(heard, 99).decode(), flush=True)
    raise SystemExit(3)

twin = Twin(work)
"""


def _said(program: str) -> list[str]:
    """What is printed by a program that has a twin."""
    command = [sys.executable, "-c", _BEGIN + program]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, check=True, text=True)
    assert "" == done.stderr
    return done.stdout.splitlines()


def test_a_twin_begins_when_it_is_written_to() -> None:
    """The first byte only wakes it; how it ended can be asked more than once."""
    program = """
os.write(twin.pipe, b".and this")
print(twin.wait(), twin.wait(20))
"""
    assert ["works: and this", "3 3"] == _said(program)


def test_a_twin_that_is_not_needed_ends_with_its_pipe() -> None:
    """Without having done anything."""
    assert ["0"] == _said("os.close(twin.pipe); print(twin.wait(20))")


def test_a_twin_can_be_waited_for_in_vain_and_killed() -> None:
    """As any other process."""
    program = """
try:
    twin.wait(0.01)
except subprocess.TimeoutExpired:
    twin.kill()
print(twin.wait(20), twin.pid != os.getpid())
"""
    assert ["-9 True"] == _said(program)


def test_a_twin_ends_when_its_elder_is_killed() -> None:
    """Nothing is left behind."""
    program = _BEGIN + "print(twin.pid, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as elder:
        assert elder.stdout is not None
        twin = psutil.Process(int(elder.stdout.readline()))
        elder.kill()
        wait_for(lambda: not twin.is_running(), "the end of the twin")
