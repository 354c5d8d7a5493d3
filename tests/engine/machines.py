"""Hosts that are this machine: scripts really run, without a server in between."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from watcher.diagnostics.base import Answer, Unreachable
from watcher.diagnostics.ssh import Connection
from watcher.kit.clock import Clock
from watcher.model.catalogue import Host, SshProfile
from watcher.model.evidence import Audit


@dataclass
class Local:
    """A connection to here."""

    audit: Audit
    scripts: list[str]

    def run(self, script: str, done: bytes, seconds: float, clock: Clock) -> Answer:
        """Gives the script to a shell, whose stdin stays open."""
        self.scripts.append(script)
        with subprocess.Popen(
            ["sh", "-s"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as shell:
            assert shell.stdin is not None
            assert shell.stdout is not None
            shell.stdin.write(script.encode())
            shell.stdin.flush()
            said = shell.stdout.read()
        return Answer(said, b"", ended=True, full=False, arrivals=((len(said), 0.1),))


@dataclass
class Machines:
    """A pool of them. The next connections fail with `faults`, one after another; `scripts` are
    what ran.
    """

    faults: list[Unreachable] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)

    @contextmanager
    def connection(self, host: Host, profile: SshProfile) -> Iterator[Connection]:
        """One of them."""
        if self.faults:
            raise self.faults.pop(0)
        audit = Audit(
            address=host.address or "",
            user=profile.user,
            host_key="SHA256:here",
            verified="known_hosts",
        )
        yield cast("Connection", Local(audit, self.scripts))

    def longest(self, profile: SshProfile) -> float:
        """As long as its profile says."""
        return profile.connect_timeout
