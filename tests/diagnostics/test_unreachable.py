"""Hosts that cannot be reached, and servers that are not who they should be."""

import errno
import hashlib
import hmac
import os
import socket
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest

from tests.conftest import StartSshd
from tests.diagnostics.given import diagnosed, job_on, step
from tests.sshd import SshServer, make_key
from watcher.diagnostics.faults import fault_of
from watcher.diagnostics.run import Job
from watcher.model.evidence import Fault


def problem_of(job: Job) -> str:
    """Why this job brings back no steps."""
    diagnosis = diagnosed(job)
    assert diagnosis.steps == ()
    return diagnosis.problem


def with_known_hosts(job: Job, text: str) -> Job:
    """The job with other known hosts, in the same file."""
    Path(job.profile.known_hosts).write_text(text)
    return job


def with_key(job: Job, path: Path) -> Job:
    """The job with another key to log in with."""
    return replace(job, profile=replace(job.profile, key_file=str(path)))


@pytest.fixture
def job(server: SshServer) -> Job:
    """A job that would run."""
    return job_on(server, step("echo let in"))


@pytest.fixture(params=[b"", b"SSH-2.0-frozen\r\n"], ids=["at once", "after its banner"])
def silent_port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port that takes connections and then says no more."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            taken.append(listener.accept()[0])
            taken[0].sendall(request.param)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()
        taken[0].close()


def fingerprint(server: SshServer) -> str:
    """The host key's fingerprint as OpenSSH prints it."""
    shown = subprocess.check_output(["ssh-keygen", "-lf", f"{server.host_key}.pub"], text=True)
    return shown.split()[1]


def test_an_unknown_host_key_is_refused_with_the_line_to_add(job: Job, server: SshServer) -> None:
    """Nothing runs; the message has the fingerprint and the exact line that would allow it."""
    problem = problem_of(with_known_hosts(job, ""))

    name = f"[{server.address}]:{server.port}"
    assert f"the host key of {name} is unknown: ssh-ed25519 {fingerprint(server)}" in problem
    assert problem.endswith(f"add this line to {job.profile.known_hosts}: {server.known_hosts}")

    allowed = with_known_hosts(job, problem.rsplit(": ", 1)[1] + "\n")
    assert diagnosed(allowed).steps[0].output == "let in"


def test_a_changed_host_key_is_refused_loudly(job: Job, server: SshServer, tmp_path: Path) -> None:
    """Another key than the known one is an alarm, not a question."""
    make_key(tmp_path / "other")
    other = (tmp_path / "other.pub").read_text()
    line = f"[{server.address}]:{server.port} {other}"

    problem = problem_of(with_known_hosts(job, line))
    assert f"HAS CHANGED: it is now ssh-ed25519 {fingerprint(server)}, known is " in problem


def test_a_revoked_host_key_is_refused(job: Job, server: SshServer) -> None:
    """A key marked @revoked does not count even where another line knows it."""
    revoked = f"@revoked * {server.known_hosts.split(' ', 1)[1]}\n"

    problem = problem_of(with_known_hosts(job, server.known_hosts + "\n" + revoked))
    assert f"the host key {fingerprint(server)} of" in problem
    assert "is marked as revoked" in problem


def test_a_host_is_verified_before_it_learns_who_we_are(job: Job, server: SshServer) -> None:
    """No login is tried at a server whose key is not the known one."""
    problem_of(with_known_hosts(job, ""))

    assert "Accepted publickey" not in server.log.read_text()
    assert "Failed publickey" not in server.log.read_text()


@pytest.mark.parametrize(
    "form",
    [
        "{name} {key}",
        "other,{name},third {key} a comment",
        "[127.0.*]:* {key}",
        "{hashed} {key}",
        "@cert-authority * {key}\n{name} {key}",
        "# a comment\n\nbroken\n{name} ssh-ed25519 !!!\n|1|x {key}\n|1|!!|!! {key}\n{name} {key}",
        "{name} ssh-rsa AAAAB3NzaC1yc2E=\n{name} {key}",
    ],
    ids=["plain", "list", "pattern", "hashed", "authority", "rubbish", "two types"],
)
def test_known_hosts_is_read_like_openssh_reads_it(job: Job, server: SshServer, form: str) -> None:
    """Lists, patterns, hashed names and several types of key are understood, the rest skipped."""
    name, key = server.known_hosts.split(" ", 1)
    salt = os.urandom(20)
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    hashed = f"|1|{b64encode(salt).decode()}|{b64encode(digest).decode()}"
    text = form.format(name=name, key=key, hashed=hashed)

    assert diagnosed(with_known_hosts(job, text + "\n")).problem == ""


@pytest.mark.parametrize(
    "form", ["!{name},* {key}", "127.0.0.1 {key}", "@cert-authority * {key}", "{name}0 {key}"]
)
def test_a_line_for_others_does_not_count(job: Job, server: SshServer, form: str) -> None:
    """A negated pattern, another port and an authority's key do not make a host known."""
    name, key = server.known_hosts.split(" ", 1)

    assert "is unknown" in problem_of(with_known_hosts(job, form.format(name=name, key=key)))


def test_a_server_shows_the_key_that_we_know(sshd: StartSshd, tmp_path: Path) -> None:
    """Of a server's several keys, the known one is asked for, whatever its type."""
    command = ["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", f"{tmp_path}/rsa"]
    subprocess.run(command, check=True)
    server = sshd(f"HostKey {tmp_path}/rsa")
    public = (tmp_path / "rsa.pub").read_text().rsplit(" ", 1)[0]
    job = job_on(server, step("true"))
    known = with_known_hosts(job, f"[{server.address}]:{server.port} {public}")

    assert diagnosed(known).problem == ""


@pytest.mark.parametrize(
    "config",
    [
        "KexAlgorithms curve25519-sha256,sntrup761x25519-sha512@openssh.com",
        "Ciphers aes256-gcm@openssh.com",
        "MACs hmac-sha2-512-etm@openssh.com\nCiphers aes256-ctr",
    ],
)
def test_hardened_servers_are_understood(sshd: StartSshd, config: str) -> None:
    """Servers that allow only the modern names can be talked to."""
    assert diagnosed(job_on(sshd(config), step("true"))).problem == ""


def test_a_server_with_nothing_in_common_is_a_problem(sshd: StartSshd) -> None:
    """A server that insists on what we lack is told from one that is down."""
    server = sshd("Ciphers chacha20-poly1305@openssh.com")

    assert "no algorithm in common" in problem_of(job_on(server, step("true")))


def test_a_key_that_is_not_allowed_in(job: Job, tmp_path: Path) -> None:
    """The message names the user and the key, by file and fingerprint."""
    make_key(tmp_path / "stranger")
    problem = problem_of(with_key(job, tmp_path / "stranger"))

    refusal = f"the host refuses to let user {job.profile.user} in with the key {tmp_path}/stranger"
    assert problem.startswith(refusal + " (SHA256:")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: No such file or directory"),
        ("no key at all\n", "is not a private key that can be used"),
        ("encrypted", "has a passphrase; give Watcher one without"),
    ],
)
def test_a_key_that_cannot_be_used(
    job: Job, tmp_path: Path, content: str | None, reason: str
) -> None:
    """What is wrong with our own key is said before anybody is connected to."""
    path = tmp_path / "key"
    if content == "encrypted":
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-f", str(path)]
        subprocess.run(command, check=True)
    elif content is not None:
        path.write_text(content)

    assert f"the key {path} of SSH profile lab {reason}" == problem_of(with_key(job, path))


def test_known_hosts_that_cannot_be_read(job: Job) -> None:
    """Without known hosts nobody is connected to."""
    Path(job.profile.known_hosts).unlink()

    assert "cannot be read: No such file or directory" in problem_of(job)


def test_a_port_that_refuses(job: Job, server: SshServer) -> None:
    """A host where no sshd listens says so at once."""
    server.stop()

    assert problem_of(job) == (
        f"no connection to {server.address} port {server.port}: "
        "refused; does sshd run there, on this port?"
    )


@pytest.mark.parametrize("address", ["no-such-host.invalid", "x" * 70, "a..b", "nul\0"])
def test_a_name_that_does_not_resolve(job: Job, address: str) -> None:
    """An address that no resolver knows, or that is none, is a problem of its own."""
    lost = replace(job, host=replace(job.host, address=address))

    assert problem_of(lost).startswith(f"the address {address} cannot be resolved: ")


def test_a_port_that_says_nothing(job: Job, silent_port: int) -> None:
    """A connection that stays silent ends in time, and leaves no thread."""
    before = set(threading.enumerate())
    host = replace(job.host, address="127.0.0.1", port=silent_port)
    quick = replace(job, host=host, profile=replace(job.profile, connect_timeout=0.2))

    problem = problem_of(quick)
    assert problem == (
        f"[127.0.0.1]:{silent_port} accepts connections but does not speak SSH with us: "
        "no answer in time; is the host up, and does a firewall let us through?"
    )
    assert set(threading.enumerate()) <= before


def test_an_address_that_swallows_packets(job: Job) -> None:
    """A connection that is not made in time is given up."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        with socket.create_connection(address), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(address)
            host = replace(job.host, address="127.0.0.1", port=address[1])
            profile = replace(job.profile, connect_timeout=0.2)
            problem = problem_of(replace(job, host=host, profile=profile))

    assert problem.endswith(
        "no answer in time; is the host up, and does a firewall let us through?"
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n" * 200,
        b"SSH-2.0-rubbish\r\n" + bytes(range(256)) * 20,
        b"SSH-2.0-rubbish\r\n" + b"\x00\x00\x00\x0c\x04\x14" + b"\xff" * 400,
        b"SSH-2.0-rubbish\r\n" + b"\x00\x00\x01\x00\x04\x15" + b"\x00" * 400,
        b"SSH-2.0-rubbish\r\n" + b"\x00\x00\x00\x1c\x04\x1f" + b"\x00\x00\x00\x09" * 40,
        b"SSH-1.0-too old\r\n",
        b"SSH-2.0-\x1b[31mred\r\n",
        b"",
    ],
)
def test_something_else_on_the_port(job: Job, answer: bytes) -> None:
    """What speaks no SSH, or only the beginning of it, is no reason to crash."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        host = replace(job.host, address="127.0.0.1", port=listener.getsockname()[1])
        problem = problem_of(replace(job, host=host))
        thread.join()

    assert "does not speak SSH with us" in problem


class RudeDoorman(paramiko.ServerInterface):
    """Hangs up as soon as somebody wants to log in."""

    def __init__(self, transport: paramiko.Transport) -> None:
        self.transport = transport

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.transport.sock.close()
        return paramiko.common.AUTH_FAILED


def test_a_server_that_hangs_up_at_the_door(job: Job, tmp_path: Path) -> None:
    """A connection that is lost while we log in is not taken for a key that is refused."""
    make_key(tmp_path / "host")
    key = paramiko.PKey.from_path(tmp_path / "host")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            transport = paramiko.Transport(connection)
            transport.add_server_key(key)
            transport.start_server(server=RudeDoorman(transport))
            transport.join()

        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        rude = replace(job, host=replace(job.host, address="127.0.0.1", port=port))
        line = f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n"
        problem = problem_of(with_known_hosts(rude, line))
        thread.join()

    assert problem.startswith("the host broke off while we logged in: ")


class SlowDoorman(paramiko.ServerInterface):
    """Lets everybody in, and is stuck as soon as something is to be run."""

    def __init__(self, over: threading.Event) -> None:
        self.over = over

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return paramiko.common.AUTH_SUCCESSFUL

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self.over.wait(60)
        return False


def test_a_server_that_is_stuck_when_something_is_to_be_run(job: Job, tmp_path: Path) -> None:
    """It costs seconds, not a thread for ever."""
    make_key(tmp_path / "host")
    key = paramiko.PKey.from_path(tmp_path / "host")
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            transport = paramiko.Transport(connection)
            transport.add_server_key(key)
            transport.start_server(server=SlowDoorman(over))
            transport.join()

        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        stuck = replace(job, host=replace(job.host, address="127.0.0.1", port=port))
        line = f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n"
        began = time.monotonic()
        problem = problem_of(with_known_hosts(stuck, line))
        over.set()
        thread.join()

    assert problem.startswith("the host let us in but runs no commands: no answer in time")
    assert time.monotonic() - began < 30


def test_a_server_that_opens_no_session(sshd: StartSshd) -> None:
    """An account that may not have a session at all is a problem in words."""
    problem = problem_of(job_on(sshd("MaxSessions 0"), step("true")))

    assert problem.startswith("the host let us in but runs no commands: ")


def test_a_host_without_an_address_is_not_connected_to(job: Job) -> None:
    """No address never means this machine."""
    problem = problem_of(replace(job, host=replace(job.host, address=None)))

    assert problem == "the inventory has no address for this host"


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (TimeoutError(), Fault.TIMEOUT),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Fault.NO_ROUTE),
        (ConnectionRefusedError(), Fault.REFUSED),
        (paramiko.ssh_exception.IncompatiblePeer("none"), Fault.KEX),
        (EOFError(), Fault.BROKEN),
    ],
)
def test_every_failure_has_a_class(error: Exception, fault: Fault) -> None:
    """Reports and pauses go by it, not by the words."""
    assert fault_of(error) is fault


def test_what_was_wrong_is_on_the_diagnosis(job: Job, server: SshServer) -> None:
    """In words and as a class, with nothing of a run."""
    server.stop()
    diagnosis = diagnosed(job)

    assert (diagnosis.fault, diagnosis.host_key, diagnosis.steps) == (Fault.REFUSED, "", ())
