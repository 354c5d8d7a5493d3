"""However a diagnosis ends, its status is clear and nothing that it began lives on."""

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import StartSshd
from tests.diagnostics.given import (
    diagnosed,
    gone,
    job_on,
    processes_with,
    run_on,
    running,
    sessions,
    step,
    unique_seconds,
)
from tests.sshd import SshServer
from watcher.diagnostics.run import Job
from watcher.model.evidence import Diagnosis, StepStatus


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@contextmanager
def in_background(job: Job) -> Iterator[list[Diagnosis]]:
    """The job runs beside the block; what it brought back is in the list after the block."""
    found: list[Diagnosis] = []
    thread = threading.Thread(target=lambda: found.append(diagnosed(job)))
    thread.start()
    yield found
    thread.join()


@pytest.mark.parametrize(
    "command",
    [
        "sleep {0}",
        "sleep {0} & sleep {0}",
        "sh -c 'trap \"\" TERM; sleep {0}; sleep {0}' & wait",
        "(trap '' TERM; sleep {0} & wait; sleep {0})",
    ],
    ids=["plain", "background", "deaf grandchild", "deaf"],
)
def test_a_step_that_takes_too_long_ends_with_all_that_it_began(
    any_shell: SshServer, command: str
) -> None:
    """A time-out is a status, the next step runs, and no process is left on the host."""
    mark = unique_seconds()
    slow, after = run_on(
        any_shell, step(f"echo begun; {command.format(mark)}", "slow", timeout=0.7), step("echo on")
    ).steps

    assert (slow.status, slow.reason) == (StepStatus.TIMEOUT, "stopped after 0.7 s")
    assert slow.output == "begun"
    assert (after.status, after.output) == (StepStatus.OK, "on")
    assert gone(mark)


def test_what_outlives_its_step_is_ended(any_shell: SshServer) -> None:
    """A process left in the background holds up neither the step nor the host."""
    mark = unique_seconds()
    (result,) = run_on(any_shell, step(f"sleep {mark} & echo done")).steps

    assert (result.status, result.output) == (StepStatus.OK, "done")
    assert result.seconds < 10
    assert gone(mark)


def test_a_runbook_that_takes_too_long_ends(any_shell: SshServer) -> None:
    """When the whole time is up, what was seen is kept, the rest is said to be left out."""
    mark = unique_seconds()
    job = job_on(
        any_shell,
        step("echo quick", "first"),
        step(f"sleep {mark}", "slow"),
        step("echo never", "last"),
        timeout=2,
    )
    diagnosis = diagnosed(job)

    up = "the time for the whole runbook was up"
    assert diagnosis.problem == f"the diagnosis is not complete: {up}"
    assert [
        (StepStatus.OK, "quick", ""),
        (StepStatus.TIMEOUT, "", up),
        (StepStatus.SKIPPED, "", f"not run: {up}"),
    ] == [(one.status, one.output, one.reason) for one in diagnosis.steps]
    assert gone(mark)


def test_a_step_that_escapes_its_group_cannot_hold_the_host(any_shell: SshServer) -> None:
    """A daemon that keeps the output open costs the runbook's time, then the script is gone."""
    mark = unique_seconds()
    job = job_on(any_shell, step(f"setsid sleep {mark} & sleep 0.1; : {mark}"), timeout=1.5)
    try:
        diagnosis = diagnosed(job)

        assert diagnosis.steps[0].status is StepStatus.TIMEOUT
        assert len(processes_with(mark)) == 1
        assert not sessions(any_shell) or gone("sh -s")
    finally:
        subprocess.run(["pkill", "-9", "-f", f"sleep {mark}"], check=False)


def test_a_cut_connection_ends_everything(any_shell: SshServer) -> None:
    """When the session is cut in the middle, the host cleans up and we keep what we saw."""
    mark = unique_seconds()
    job = job_on(any_shell, step("echo seen", "first"), step(f"sleep {mark}", "cut"), step("true"))
    with in_background(job) as found:
        assert running(f"sleep {mark}")
        for session in sessions(any_shell):
            session.kill()

    (diagnosis,) = found
    assert diagnosis.problem == "the diagnosis is not complete: the connection was cut"
    assert [(one.status, one.output, one.reason) for one in diagnosis.steps] == [
        (StepStatus.OK, "seen", ""),
        (StepStatus.FAILED, "", "the connection was cut"),
        (StepStatus.SKIPPED, "", "not run: the connection was cut"),
    ]
    assert gone(mark)


def test_our_own_death_ends_everything(server: SshServer, tmp_path: Path) -> None:
    """Kill -9 of Watcher leaves nothing running on the host."""
    mark = unique_seconds()
    job = job_on(server, step(f"sleep {mark}"))
    program = tmp_path / "program.py"
    program.write_text(
        "import pickle\n"
        "from watcher.diagnostics.pool import Pool\n"
        "from watcher.diagnostics.run import diagnose\n"
        "from watcher.kit.clock import Clock\n"
        f"diagnose((pickle.loads({pickle.dumps(job)!r}),), Pool(Clock()), Clock())\n"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, str(program)], cwd=root) as watcher:
        assert running(f"sleep {mark}")
        watcher.kill()

    assert gone(f"sleep {mark}")


def test_a_frozen_host_costs_its_time_and_no_more(server: SshServer) -> None:
    """A host that stops answering in the middle ends with the runbook's time."""
    mark = unique_seconds()
    job = job_on(server, step(f"sleep {mark}", timeout=60), timeout=3)
    with in_background(job) as found:
        assert running(f"sleep {mark}")
        frozen = sessions(server)
        for session in frozen:
            session.send_signal(signal.SIGSTOP)

    for session in frozen:
        os.kill(session.pid, signal.SIGCONT)
    assert found[0].steps[0].status is StepStatus.TIMEOUT
    assert found[0].seconds < 10
    assert gone(mark)


def test_a_host_that_refuses_the_command_says_so(sshd: StartSshd) -> None:
    """An account that cannot run commands is a problem in words, with what the host said."""
    server = sshd(key_options='command="echo This account is closed. >&2; exit 1"')
    diagnosis = run_on(server, step("true"))

    assert diagnosis.steps == ()
    said = "the host let us in but did not run the script; it said: This account is closed."
    assert diagnosis.problem == said


def test_a_host_that_says_nothing_is_told_apart(sshd: StartSshd) -> None:
    """An account whose shell ends at once is a problem, too."""
    server = sshd(key_options='command="exit 0"')

    said = "the host let us in but did not run the script and said nothing"
    assert run_on(server, step("true")).problem == said
