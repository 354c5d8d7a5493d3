"""Hosts that fail while others do not: a clear status in time, nothing left, nobody disturbed."""

import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

import psutil
import pytest

from tests.conftest import StartSshd
from tests.diagnostics.given import gone, job_on, running, sessions, soon, step, unique_seconds
from tests.diagnostics.lines import nothing_left
from tests.sshd import SshServer, make_key
from watcher.diagnostics.pool import Pool, PoolOptions
from watcher.diagnostics.run import Job, diagnose
from watcher.kit.clock import Clock
from watcher.model.catalogue import Host
from watcher.model.evidence import Diagnosis, Fault, StepStatus

HOME = "SetEnv HOME=/nonexistent"


@pytest.fixture(autouse=True)
def _leaves_nothing() -> Iterator[None]:
    with nothing_left():
        yield


@pytest.fixture
def pool() -> Iterator[Pool]:
    """A pool as the worker has it."""
    with Pool(Clock(), PoolOptions(quiet=0.3)) as pool:
        yield pool


def named(job: Job, name: str) -> Job:
    """The job on a host of another name."""
    return replace(job, host=replace(job.host, name=name))


def together(pool: Pool, *jobs: Job) -> list[Diagnosis]:
    """What the jobs bring back that run at the same time, each on its host."""
    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(chain(*threads.map(lambda job: diagnose([job], pool, Clock()), jobs)))


def well(server: SshServer) -> Job:
    """A job that goes well."""
    return named(job_on(server, step("echo well")), "well")


def kill_all(server: SshServer) -> None:
    """The server and every connection of it, at once."""
    for process in (*sessions(server), psutil.Process(server.process.pid)):
        process.kill()
    server.process.wait()


def test_a_server_that_dies_in_the_middle(pool: Pool, server: SshServer, sshd: StartSshd) -> None:
    """Its run ends at once with what it said, and then it is down; the other host is well."""
    mark = unique_seconds()
    other = sshd(HOME)
    job = job_on(server, step("echo seen", "first"), step(f"sleep {mark}", "cut"))
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(diagnose, [job], pool, Clock())
        assert running(f"sleep {mark}")
        kill_all(server)
        (diagnosis,) = found.result()
    down, fine = together(pool, job, well(other))

    assert diagnosis.problem == "the diagnosis is not complete: the connection was cut"
    assert diagnosis.steps[0].output == "seen"
    assert diagnosis.steps[1].status is StepStatus.FAILED
    assert (down.fault, down.steps) == (Fault.REFUSED, ())
    assert fine.steps[0].output == "well"
    assert gone(mark)


def test_a_host_that_freezes_between_two_diagnoses(
    pool: Pool, server: SshServer, sshd: StartSshd
) -> None:
    """The old connection is given up, a new one is not made in time, the other host is well."""
    other = sshd(HOME)
    job = job_on(server, step("echo ok"))
    quick = replace(job, profile=replace(job.profile, connect_timeout=0.3))
    assert together(pool, quick)[0].problem == ""
    frozen = [psutil.Process(server.process.pid), *sessions(server)]
    for process in frozen:
        process.send_signal(signal.SIGSTOP)
    stuck, fine = together(pool, quick, well(other))
    for process in frozen:
        process.send_signal(signal.SIGCONT)

    assert (stuck.fault, stuck.steps) == (Fault.TIMEOUT, ())
    assert "no answer in time" in stuck.problem
    assert stuck.seconds < 15
    assert fine.steps[0].output == "well"


def test_a_host_key_that_changes_between_two_diagnoses(
    pool: Pool, server: SshServer, sshd: StartSshd, tmp_path: Path
) -> None:
    """A connection that was verified goes on; a new one is refused, and then the host rests."""
    other = sshd(HOME)
    make_key(tmp_path / "other")
    job = job_on(server, step("echo ok"))
    assert together(pool, job)[0].problem == ""
    name = server.known_hosts.split(" ")[0]
    Path(job.profile.known_hosts).write_text(f"{name} {(tmp_path / 'other.pub').read_text()}")
    for session in sessions(server):
        session.kill()
    changed, fine = together(pool, job, well(other))
    (rests,) = together(pool, job)

    assert changed.fault is Fault.HOST_KEY
    assert "HAS CHANGED" in changed.problem
    assert rests.fault is Fault.RESTING
    assert "HAS CHANGED" in rests.problem
    assert fine.steps[0].output == "well"


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ("head -c 100000000 /dev/zero", "[binary output, "),
        ("yes", "y"),
        ("head -c 100000 /dev/urandom", ""),
        ("yes 'a line of text' | head -c 100000000", "a line of text"),
        ("printf '\\377\\376 caf\\351 ok'", "ok"),
    ],
    ids=["100 MB of nothing", "endless", "binary", "100 MB of text", "not UTF-8"],
)
def test_output_of_any_kind_and_size(
    pool: Pool, server: SshServer, sshd: StartSshd, run: str, said: str
) -> None:
    """It is cut and cleaned, the next step runs, and the other host waits for nobody."""
    other = sshd(HOME)
    job = job_on(server, step(run, "much", timeout=20), step("echo on", "next"))
    loud, fine = together(pool, job, well(other))

    assert loud.problem == ""
    assert said in loud.steps[0].output
    assert len(loud.steps[0].output) < 100_000
    assert loud.steps[1].output == "on"
    assert fine.steps[0].output == "well"


def test_a_host_that_sends_without_end(pool: Pool, sshd: StartSshd) -> None:
    """What is no shell at all is cut off, and takes no memory of ours."""
    flood = sshd(HOME, key_options='command="cat /dev/zero"')
    before = psutil.Process().memory_info().rss
    found, fine = together(pool, job_on(flood, step("true"), timeout=20), well(sshd(HOME)))

    assert found.problem != ""
    assert found.steps == ()
    assert fine.steps[0].output == "well"
    assert psutil.Process().memory_info().rss - before < 100 * 2**20
    assert soon(lambda: not sessions(flood))


def test_a_shell_that_prints_before_it_is_asked(
    pool: Pool, sshd: StartSshd, tmp_path: Path
) -> None:
    """What its start-up file says is not taken for output."""
    (tmp_path / ".bashrc").write_text("echo Welcome; printf '\\n\\036 Z\\n'\n")
    tmp_path.chmod(0o755)
    (found,) = together(pool, job_on(sshd(f"SetEnv HOME={tmp_path}"), step("echo asked")))

    assert found.problem == ""
    assert found.steps[0].output == "asked"


@contextmanager
def silence(count: int) -> Iterator[list[int]]:
    """Ports where no connection is ever made, since those that wait there are too many already."""
    with ExitStack() as stack:
        ports = []
        for _ in range(count):
            full = stack.enter_context(socket.create_server(("127.0.1.250", 0), backlog=0))
            stack.enter_context(socket.create_connection(full.getsockname()))
            second = stack.enter_context(socket.socket())
            second.setblocking(False)
            second.connect_ex(full.getsockname())
            ports.append(full.getsockname()[1])
        yield ports


def test_dead_hosts_do_not_hold_up_live_ones(pool: Pool, sshd: StartSshd) -> None:
    """More of them than may log in at once are connected to beside one that is well."""
    server = sshd(HOME)
    job = well(server)
    quick = replace(job, profile=replace(job.profile, connect_timeout=3.0))
    with silence(12) as ports:
        hosts = [Host("acme", f"dead{n}", address="127.0.1.250", port=n) for n in ports]
        *dead, fine = together(pool, *(replace(quick, host=host) for host in hosts), quick)

    assert {Fault.TIMEOUT} == {one.fault for one in dead}
    assert fine.steps[0].output == "well"
    assert fine.seconds < 3.0
