"""The throw-away SSH server of the demonstration, and the shipped runbook on it."""

import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest

from tests.diagnostics.given import (
    diagnosed,
    gone,
    processes_with,
    running,
    soon,
    step,
    unique_seconds,
)
from watcher.demo.sshd import DemoSshd
from watcher.diagnostics.run import Job
from watcher.kit.shipped import shipped
from watcher.model.catalogue import Host, SshProfile
from watcher.model.evidence import StepStatus
from watcher.model.runbook import Runbook
from watcher.policy.problems import Problems
from watcher.policy.runbooks import load_runbooks


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[DemoSshd]:
    """A running server, which leaves no thread behind."""
    before = set(threading.enumerate())
    with DemoSshd(tmp_path) as server:
        yield server
    assert soon(lambda: set(threading.enumerate()) <= before)


def job_on(demo: DemoSshd, runbook: Runbook) -> Job:
    """A job on the demonstration's host."""
    profile = SshProfile("demo", demo.user, str(demo.key_file), str(demo.known_hosts))
    host = Host("demo", "demo", address=demo.address, port=demo.port, ssh="demo")
    return Job(runbook, host, profile)


def book(run: str, **limits: float) -> Runbook:
    """A runbook of one step."""
    return replace(Runbook("book", "A book", "us", (step(run),)), **limits)  # type: ignore[arg-type]  # by name


def test_the_shipped_runbook_runs_on_the_demo_host(demo: DemoSshd) -> None:
    """A newcomer's first diagnosis is complete: no step fails."""
    runbook = load_runbooks([shipped("runbooks")], Problems())["linux-base"]
    diagnosis = diagnosed(job_on(demo, runbook))

    assert diagnosis.problem == ""
    fine = {StepStatus.OK, StepStatus.NO_DATA, StepStatus.UNAVAILABLE, StepStatus.SKIPPED}
    assert {} == {one.step: one.reason for one in diagnosis.steps if one.status not in fine}
    outputs = {one.step: one.output for one in diagnosis.steps}
    assert "processors: " in outputs["load"]
    assert "MemAvailable:" in outputs["memory"]
    assert "Mounted on" in outputs["disks"]
    assert "Mounted on" in outputs["inodes"]
    assert "PID" in outputs["processes"]
    assert all(one.read for one in diagnosis.steps)
    assert diagnosis.seconds < 30


def test_a_cut_run_leaves_no_process_on_the_demo_host(demo: DemoSshd) -> None:
    """The dead-man switch works through this server, too."""
    mark = unique_seconds()
    diagnosis = diagnosed(job_on(demo, book(f"sleep {mark}", timeout=1.5)))

    assert diagnosis.steps[0].status is StepStatus.TIMEOUT
    assert gone(mark)


def test_closing_ends_what_runs(tmp_path: Path) -> None:
    """A server that is closed in the middle takes its commands with it."""
    mark = unique_seconds()
    with DemoSshd(tmp_path) as demo:
        job = job_on(demo, book(f"sleep {mark}"))
        thread = threading.Thread(target=diagnosed, args=(job,))
        thread.start()
        assert running(f"sleep {mark}")
    thread.join()

    assert gone(mark)


def test_the_death_of_the_process_ends_what_runs(tmp_path: Path) -> None:
    """Kill -9 of the process that serves and asks leaves nothing behind."""
    mark = unique_seconds()
    program = tmp_path / "program.py"
    program.write_text(
        "from pathlib import Path\n"
        "from tests.diagnostics.test_demo_sshd import *\n"
        f"with DemoSshd(Path({str(tmp_path)!r})) as demo:\n"
        f"    diagnosed(job_on(demo, book('sleep {mark}')))\n"
    )
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, str(program)]
    with subprocess.Popen(command, cwd=root, env={"PYTHONPATH": str(root)}) as process:
        assert running(f"sleep {mark}")
        process.kill()

    assert gone(f"sleep {mark}")


def test_only_the_one_key_and_the_one_command_are_let_in(demo: DemoSshd, tmp_path: Path) -> None:
    """Other keys, other commands, passwords, forwarding and terminals are refused."""
    stranger = paramiko.RSAKey.generate(2048)
    with paramiko.Transport((demo.address, demo.port)) as transport:
        transport.start_client()
        with pytest.raises(paramiko.BadAuthenticationType):
            transport.auth_password("demo", "demo")
        with pytest.raises(paramiko.AuthenticationException):
            transport.auth_publickey("demo", stranger)
    with paramiko.Transport((demo.address, demo.port)) as transport:
        transport.start_client()
        transport.auth_publickey("demo", paramiko.PKey.from_path(demo.key_file))
        with pytest.raises(paramiko.ChannelException):
            transport.open_channel("direct-tcpip", (demo.address, demo.port), ("127.0.0.1", 0))
        channel = transport.open_session()
        with pytest.raises(paramiko.SSHException):
            channel.exec_command(f"touch {tmp_path}/mark")

    assert not (tmp_path / "mark").exists()


def test_its_keys_are_for_its_user_alone(demo: DemoSshd) -> None:
    """The private key is readable by nobody else, and the server listens on loopback only."""
    assert stat.S_IMODE(demo.key_file.stat().st_mode) == 0o600
    assert demo.address == "127.0.0.1"
    assert demo.known_hosts.read_text().startswith(f"[127.0.0.1]:{demo.port} ssh-ed25519 ")


def test_a_client_that_leaves_at_once_does_no_harm(demo: DemoSshd) -> None:
    """A port scan is survived."""
    for _ in range(3):
        socket.create_connection((demo.address, demo.port)).close()

    assert diagnosed(job_on(demo, book("echo hello"))).steps[0].output == "hello"
    assert processes_with("no-such-process") == []
