"""What the tests of diagnoses are given: jobs on a real server, and a look at what is alive."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import randrange
from typing import Any

import psutil

from tests.sshd import SshServer
from watcher.diagnostics.pool import Pool
from watcher.diagnostics.run import Job, diagnose
from watcher.kit.clock import Clock
from watcher.model.catalogue import Host, SshProfile
from watcher.model.evidence import Diagnosis, StepResult
from watcher.model.runbook import Input, Runbook, Step

PATIENCE = 15.0


def step(run: str, name: str = "only", **changes: Any) -> Step:
    """A step that runs this."""
    return replace(Step(name, name.title(), run), **changes)


def job_on(
    server: SshServer,
    *steps: Step,
    inputs: tuple[Input, ...] = (),
    values: Mapping[str, str] | None = None,
    secrets: tuple[str, ...] = (),
    **limits: Any,
) -> Job:
    """A job on this server, which is known and lets us in."""
    runbook = Runbook("book", "A book", "us", steps, inputs=inputs)
    profile = SshProfile("lab", server.user, str(server.client_key), str(server.known_hosts_file()))
    return Job(
        runbook=replace(runbook, **limits),
        host=Host("acme", "db1", address=server.address, port=server.port, ssh="lab"),
        profile=profile,
        values=values or {},
        secrets=secrets,
    )


def diagnosed(job: Job) -> Diagnosis:
    """What one job brings back."""
    with Pool(Clock()) as pool:
        (diagnosis,) = diagnose((job,), pool, Clock())
    return diagnosis


def run_on(server: SshServer, *steps: Step) -> Diagnosis:
    """What these steps bring back from this server."""
    return diagnosed(job_on(server, *steps))


def output_of(server: SshServer, run: str, **changes: Any) -> StepResult:
    """What one command brings back."""
    diagnosis = run_on(server, step(run, **changes))
    assert diagnosis.problem == ""
    return diagnosis.steps[0]


def unique_seconds() -> str:
    """A long time to sleep that no other process sleeps."""
    return f"30{randrange(10**4)}.{randrange(10**9)}"


def processes_with(mark: str) -> list[str]:
    """The command lines of all processes that hold this mark."""
    return [line for line in _command_lines() if mark in line]


def gone(mark: str) -> bool:
    """Whether all processes with this mark end before patience does."""
    return soon(lambda: not processes_with(mark))


def running(mark: str) -> bool:
    """Whether a process with this mark begins before patience ends."""
    return soon(lambda: bool(processes_with(mark)))


def soon(condition: Callable[[], bool]) -> bool:
    """Whether this comes true before patience ends."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _command_lines() -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue


def sessions(server: SshServer) -> list[psutil.Process]:
    """The processes of sshd that serve this server's connections."""
    family = psutil.Process(server.process.pid).children(recursive=True)
    return [process for process in family if _name(process).startswith("sshd")]


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:  # It has ended since it was listed.
        return ""
