"""What the tests of connections are given: ways to servers, and a look at what is left behind."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.diagnostics.given import soon
from tests.sshd import SshServer
from watcher.diagnostics.late import LatePool
from watcher.diagnostics.pool import Pool
from watcher.diagnostics.ssh import Connection
from watcher.kit.clock import Clock
from watcher.model.catalogue import Bastion, Host, SshProfile

DONE = b"the end\n"


def host_of(server: SshServer, name: str = "db1") -> Host:
    """The server as a host of the inventory."""
    return Host("acme", name, address=server.address, port=server.port, ssh="lab")


def profile_of(server: SshServer, **changes: Any) -> SshProfile:
    """How one logs in to it."""
    known = str(server.known_hosts_file())
    return replace(SshProfile("lab", server.user, str(server.client_key), known), **changes)


def behind(bastion: SshServer, server: SshServer, name: str = "gate") -> SshProfile:
    """How one logs in to a server through another one."""
    return profile_of(server, via=Bastion(host_of(bastion, name), profile_of(bastion)))


def said(connection: Connection, script: str, seconds: float = 20) -> str:
    """What a script says."""
    answer = connection.run(f"{script}\necho the end\n", DONE, seconds, Clock())
    assert answer.ended, answer
    return answer.stdout.removesuffix(DONE).decode()


def ask(pool: Pool | LatePool, server: SshServer, profile: SshProfile | None = None) -> str:
    """Who answers there, as a process id of its connection."""
    with pool.connection(host_of(server), profile or profile_of(server)) as connection:
        return said(connection, "echo $PPID").strip()


@contextmanager
def nothing_left() -> Iterator[None]:
    """After the block there are no more threads and open files than before."""
    threads, files = threading.active_count(), open_files()
    yield
    assert soon(lambda: threading.active_count() <= threads), threading.enumerate()
    assert soon(lambda: open_files() <= files), (open_files(), files)


def open_files() -> int:
    """How many files and sockets this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))


def certify(
    authority: Path, public: Path, *options: str, names: str = "", valid: str = "-1d:+1d"
) -> Path:
    """Has ssh-keygen sign a public key; `-h` in the options makes it a host's certificate."""
    principals = ["-n", names] if names else []
    command = ["ssh-keygen", "-q", "-s", str(authority), "-I", "test", "-V", valid]
    subprocess.run([*command, *principals, *options, str(public)], check=True)
    return public.with_name(f"{public.stem}-cert.pub")
