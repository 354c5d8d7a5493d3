"""The shipped runbooks on a real host over a real sshd: every step ends well, trouble is seen."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.process import LOOPBACK, free_port
from tests.sshd import SshServer
from watcher.decide.match import holds
from watcher.diagnostics.pool import Pool
from watcher.diagnostics.prepare import prepare
from watcher.diagnostics.render import Rendered
from watcher.diagnostics.run import Job, diagnose
from watcher.kit.clock import Clock
from watcher.kit.shipped import shipped
from watcher.model.catalogue import Host, SshProfile
from watcher.model.evidence import Diagnosis, StepStatus
from watcher.model.runbook import Runbook, Step
from watcher.policy.problems import Problems
from watcher.policy.runbooks import read_runbook

LINUX = sorted(
    [path.stem for path in shipped("runbooks").glob("linux-*.yaml")] + ["tls-expiry", "cpp-crash"]
)
# What an alert would have said; a small folder, so that nobody waits for the whole disk.
GIVEN = {"mount": "/etc", "unit": "ssh.service", "interface": "lo", "name": "localhost"}

ENDED_WELL = {StepStatus.OK, StepStatus.NO_DATA, StepStatus.UNAVAILABLE, StepStatus.SKIPPED}
LEFT_OUT = {StepStatus.UNAVAILABLE, StepStatus.SKIPPED}
# What a host of Alpine Linux says of itself, and how its tools complain.
ALPINE = {"os_id": "alpine", "os_family": "alpine", "init": "openrc", "container": "none"}
STUMBLED = re.compile(
    r"(?m)^sh: .*not found|unrecognized option|invalid option|syntax error|^awk: "
)

DEAD, CONNECTIONS = 25, 220
PATIENCE = 10.0


def runbook(name: str) -> Runbook:
    """A shipped runbook."""
    problems = Problems()
    source = read_runbook(shipped("runbooks") / f"{name}.yaml", problems)
    assert [] == list(problems)
    assert source is not None
    return source.runbook


def diagnoses_on(
    server: SshServer, names: list[str], /, approved: bool = False, **given: str
) -> list[Diagnosis]:
    """What these runbooks find, run as one script with these inputs."""
    profile = SshProfile("lab", server.user, str(server.client_key), str(server.known_hosts_file()))
    host = Host("acme", "db1", address=server.address, port=server.port, ssh="lab")
    books = [runbook(name) for name in names]
    jobs = [Job(book, host, profile, given=_own(book, given), approved=approved) for book in books]
    with Pool(Clock()) as pool:
        return list(diagnose(jobs, pool, Clock()))


def _own(book: Runbook, given: Mapping[str, str]) -> dict[str, str]:
    names = {one.name for one in book.inputs}
    return {name: value for name, value in given.items() if name in names}


def said_on(
    server: SshServer, name: str, /, approved: bool = False, **given: str
) -> dict[str, str]:
    """The signals of one runbook and what each said last."""
    (diagnosis,) = diagnoses_on(server, [name], approved=approved, **given)
    assert diagnosis.problem == ""
    return {each.signal: each.say for step in diagnosis.steps for each in step.highlights}


@pytest.fixture(scope="module")
def diagnoses(ssh_server: SshServer) -> dict[str, Diagnosis]:
    """What all Linux runbooks find together on this machine as it is."""
    return {each.runbook: each for each in diagnoses_on(ssh_server, LINUX, approved=False, **GIVEN)}


@pytest.mark.parametrize("name", LINUX)
def test_every_step_ends_well(name: str, diagnoses: dict[str, Diagnosis]) -> None:
    """No step fails or runs out of time, and one that is left out says why."""
    diagnosis = diagnoses[name]

    assert diagnosis.problem == ""
    steps = diagnosis.steps
    assert [] == [(s.step, s.reason, s.output) for s in steps if s.status not in ENDED_WELL]
    assert [] == [s.step for s in steps if s.status in LEFT_OUT and not s.reason]
    assert [] == [(s.step, s.reason) for s in steps if s.status is StepStatus.OK and s.reason]
    assert any(s.status is StepStatus.OK for s in steps)


@pytest.fixture(scope="module")
def applets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of a host that has BusyBox and nothing else."""
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("no busybox here: install it")
    folder = tmp_path_factory.mktemp("applets")
    listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    for name in listed.stdout.split():
        (folder / name).symlink_to(busybox)
    return folder


@pytest.mark.parametrize("name", LINUX)
def test_busybox_is_enough(name: str, applets: Path) -> None:
    """Each step that finds its commands there ends as it should, and knows all their options."""
    profile, host = SshProfile("lab", "watcher", "", ""), Host("acme", "db1", address=LOOPBACK)
    book = runbook(name)
    prepared = prepare(Job(book, host, profile, given=_own(book, GIVEN)))

    wrong = {}
    for command in prepared.commands:
        for choice in command.choices:
            fits = all(holds(matcher, ALPINE.get(matcher.name)) for matcher in choice.when)
            needed = (*command.step.needs, *choice.needs)
            if fits and all((applets / need).exists() for need in needed):
                code, output = _by_busybox(choice.rendered, command.step, applets)
                if code not in command.step.ok_exit or STUMBLED.search(output):
                    wrong[command.step.id] = (code, output)
                break
    assert {} == wrong


def _by_busybox(rendered: Rendered, step: Step, applets: Path) -> tuple[int, str]:
    values = {f"W_{number}": value for number, value in enumerate(rendered.values, 1)}
    done = subprocess.run(
        [applets / "sh", "-c", f'as_root() {{ "$@"; }}\n{rendered.text}'],
        env={**values, "PATH": str(applets), "LC_ALL": "C.UTF-8"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=step.timeout,
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace")


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB and 100 files without any room."""
    if os.geteuid() != 0:
        pytest.skip("a file system can be mounted by root only")
    tmp_path.chmod(0o755)
    options = ["-t", "tmpfs", "-o", "size=4m,nr_inodes=100", "tmpfs", str(tmp_path)]
    mounted = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"root may not mount here: {mounted.stderr.strip()}")
    try:
        for number in range(97):
            (tmp_path / f"session{number}").touch()
        with contextlib.suppress(OSError), (tmp_path / "app.log").open("wb") as log:
            while log.write(b"x" * 65_536):
                log.flush()
        yield tmp_path
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_is_seen(ssh_server: SshServer, full_disk: Path) -> None:
    """Space and inodes of the file system that the alert names are both told."""
    said = said_on(ssh_server, "linux-disk", mount=str(full_disk))

    assert {"disk-full", "inodes-out"} <= said.keys()
    assert said["disk-full"] == f"{full_disk} is 100 % full, 0 B are free"


def test_the_first_look_sees_a_full_disk(ssh_server: SshServer, full_disk: Path) -> None:
    """Nobody has to say which file system it is."""
    (diagnosis,) = diagnoses_on(ssh_server, ["linux-base"])

    told = [each.say for step in diagnosis.steps for each in step.highlights]
    assert f"{full_disk} is 100 % full" in told


@pytest.fixture
def dead_children() -> Iterator[None]:
    """Processes that ended, and that their parent never asks for."""
    script = f"import os, time\nfor _ in range({DEAD}): os.fork() or os._exit(0)\n"
    program = [sys.executable, "-c", f"{script}print(flush=True); time.sleep(600)"]
    with subprocess.Popen(program, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        yield
        parent.kill()


@pytest.mark.usefixtures("dead_children")
def test_dead_processes_are_seen(ssh_server: SshServer) -> None:
    """They are counted whoever is their parent."""
    assert "many-dead" in said_on(ssh_server, "linux-cpu")


@pytest.fixture
def stuck_listener() -> Iterator[int]:
    """A program that accepts nothing, and one that never closes what its peers have closed."""
    with contextlib.ExitStack() as open_ones:
        stuck = open_ones.enter_context(socket.create_server((LOOPBACK, 0), backlog=0))
        for _ in range(3):
            waiting = open_ones.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(stuck.getsockname())
        lazy = open_ones.enter_context(socket.create_server((LOOPBACK, 0), backlog=CONNECTIONS))
        for _ in range(CONNECTIONS):
            with socket.create_connection(lazy.getsockname()):
                open_ones.enter_context(lazy.accept()[0])
        yield stuck.getsockname()[1]


def test_programs_that_do_not_accept_or_close_are_seen(
    ssh_server: SshServer, stuck_listener: int
) -> None:
    """Full queues are told with the address of the listener."""
    if shutil.which("ss") is None:
        pytest.skip("no ss here: install iproute2")
    said = said_on(ssh_server, "linux-network", interface="lo")

    assert "close-wait" in said
    assert f"listens on {LOOPBACK}:{stuck_listener} does not accept" in said["listener-full"]


def test_a_service_that_is_not_there_is_told(ssh_server: SshServer) -> None:
    """With systemd there is no such unit, elsewhere no such process."""
    said = said_on(ssh_server, "linux-service", unit="nosuchthing.service")

    assert len({"unit-unknown", "process-gone", "rc-down"} & said.keys()) == 1


def test_a_name_that_nobody_has_is_told(ssh_server: SshServer) -> None:
    """`.invalid` is reserved for names that do not exist."""
    said = said_on(ssh_server, "linux-dns", name="web1.invalid")

    assert said["not-found"].startswith("web1.invalid cannot be resolved on this host")


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[int]:
    """A server whose certificate made itself and expires tomorrow."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "1"]
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate]
    subprocess.run(["openssl", *made, *subject], check=True, capture_output=True)
    port = free_port()
    serving = ["s_server", "-accept", str(port), "-cert", certificate, "-key", key, "-quiet"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(["openssl", *serving], stdout=quiet, stderr=quiet) as server:
        _wait_for(port)
        yield port
        server.kill()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError("openssl s_server does not listen")


def test_a_certificate_that_expires_tomorrow_is_told(
    ssh_server: SshServer, tls_server: int
) -> None:
    """The days left are counted on the host, and nobody vouches for the certificate."""
    said = said_on(ssh_server, "tls-expiry", server="localhost", port=str(tls_server))

    assert said["expires-soon"].startswith("The certificate of localhost expires in 1 day (")
    assert "self-signed" in said


def test_a_crash_is_told_from_the_kernel_log(ssh_server: SshServer) -> None:
    """A null pointer is known as one, wherever it was followed."""
    crashing = [sys.executable, "-c", "import ctypes; ctypes.string_at(0)"]
    crashed = subprocess.run(crashing, check=False, capture_output=True)
    assert crashed.returncode < 0

    said = said_on(ssh_server, "cpp-crash")

    if "log-unreadable" in said or "none-crashed" in said:
        pytest.skip("the kernel log does not show crashes to this user here")
    assert {"segfault", "null-pointer"} <= said.keys()
