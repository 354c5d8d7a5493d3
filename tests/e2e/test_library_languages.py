"""The runbooks for programs by their language: one that is well is left in peace, trouble is
told.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.e2e.process import LOOPBACK, Program, wait_for
from tests.e2e.services import running_code
from tests.e2e.test_library import ENDED_WELL, diagnoses_on, said_on
from tests.sshd import SshServer
from watcher.model.evidence import Level, StepStatus

PROGRAMS = Path(__file__).parent / "programs"
# More than a server may leave open, and what it does not come to accept then.
LEFT_OPEN, WAITING = 120, 8

Running = AbstractContextManager[Program]


def java(state: str, folder: Path) -> Running:
    """A JVM with a small heap."""
    heap = ("-Xmx64m", "-XX:+UseSerialGC")
    source = PROGRAMS / "Billing.java"
    return running_code(needed("java"), *heap, source, state, says="ready", folder=folder)


def nodejs(folder: Path, connections: int = 0) -> Running:
    """A server that computes for ever after so many connections."""
    source = PROGRAMS / "server.js"
    return running_code(needed("node"), source, str(connections), says="port ", folder=folder)


def python(state: str, folder: Path) -> Running:
    """A server with workers."""
    source = PROGRAMS / "workers.py"
    return running_code(sys.executable, source, state, says="ready", folder=folder)


def needed(name: str) -> str:
    """Where this command is. Skips the test without it."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here; `tools/packages.sh e2e` says what to install")
    return found


def said_of(
    program: Program, server: SshServer, name: str, approved: bool = False, **given: str
) -> dict[str, str]:
    """What a runbook says of this very process."""
    process = str(program.process.pid)
    return said_on(server, name, approved=approved, process=process, **given)


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("java", lambda folder: java("well", folder)),
        ("nodejs", nodejs),
        ("python", lambda folder: python("well", folder)),
    ],
)
def test_a_program_that_is_well_is_left_in_peace(
    name: str, start: Callable[[Path], Running], ssh_server: SshServer, tmp_path: Path
) -> None:
    """Every step that nobody has to approve ends well, and none says anything bad."""
    with start(tmp_path) as program:
        (diagnosis,) = diagnoses_on(ssh_server, [name], process=str(program.process.pid))

    assert diagnosis.problem == ""
    steps = diagnosis.steps
    assert [] == [(s.step, s.reason, s.output) for s in steps if s.status not in ENDED_WELL]
    highlights = [each for step in steps for each in step.highlights]
    assert [] == [each.say for each in highlights if each.level is Level.BAD]
    assert any(each.level is Level.GOOD for each in highlights)
    held = {step.step for step in steps if step.status is StepStatus.SKIPPED}
    assert ({"threads"} if name == "java" else set()) == held


def test_a_deadlock_and_a_full_heap_are_told(ssh_server: SshServer, tmp_path: Path) -> None:
    """With the agreement of a person the stacks are read, and both threads named."""
    with java("sick", tmp_path) as program:
        said = said_of(program, ssh_server, "java", approved=True)

    assert said["deadlock"].endswith("billing-1 for billing-2 and the other way round")
    assert said["heap-full"].startswith(f"The heap of {program.process.pid} is full")
    assert {"no-stacks", "no-deadlock", "heap-room"}.isdisjoint(said)


def test_a_blocked_event_loop_is_told(ssh_server: SshServer, tmp_path: Path) -> None:
    """A loop without an end, callers that wait for it, and connections that nobody closes."""
    needed("ss")
    with nodejs(tmp_path, LEFT_OPEN) as program, contextlib.ExitStack() as callers:
        port = int(program.output.read_text().split()[1])
        for _ in range(LEFT_OPEN):
            socket.create_connection((LOOPBACK, port)).close()
        wait_for(lambda: "blocked" in program.output.read_text(), "the loop to be blocked")
        for _ in range(WAITING):
            callers.enter_context(socket.create_connection((LOOPBACK, port)))
        said = said_of(program, ssh_server, "nodejs", port=str(port))

    assert f"while {WAITING} connections are not accepted" in said["loop-blocked"]
    assert said["close-wait"].startswith(f"{LEFT_OPEN} connections were closed by their peers")
    assert "not-accepting" in said
    if shutil.which("curl") is not None:
        assert "silent" in said


def test_workers_that_all_wait_for_one_peer_are_told(ssh_server: SshServer, tmp_path: Path) -> None:
    """The call that they hang in is named, and whom they ask."""
    needed("ss")
    with python("hanging", tmp_path) as program:
        said = said_of(program, ssh_server, "python")

    assert said["workers-hang"].startswith("4 of 4 threads hang in recvfrom, waiting for 127.0.0.1")
    assert "not-accepting" in said


@pytest.fixture
def crashed(tmp_path: Path) -> str:
    """The name of a program in C that crashed twice at the same place."""
    name = f"bill{os.getpid()}"
    compiled = [needed("gcc"), "-g", "-o", name, str(PROGRAMS / "billing.c")]
    subprocess.run(compiled, cwd=tmp_path, check=True, capture_output=True)
    for _ in range(2):
        command = ["sh", "-c", f"ulimit -c unlimited; exec ./{name}"]
        ended = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True)
        assert ended.returncode == -signal.SIGSEGV
    return name


def test_a_crash_in_c_is_told_with_its_place(ssh_server: SshServer, crashed: str) -> None:
    """Program and offset are those of the two crashes."""
    said = said_on(ssh_server, "cpp-crash")

    if "log-unreadable" in said or "none-crashed" in said:
        pytest.skip("the kernel log does not show crashes to this user here")
    assert {"segfault", "null-pointer", "same-place"} <= said.keys()
