"""A pool of connections that is made when it is first asked."""

import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from watcher.kit.clock import Clock
from watcher.model.catalogue import Host, SshProfile

if TYPE_CHECKING:
    from watcher.diagnostics.pool import Pool
    from watcher.diagnostics.ssh import Connection


class LatePool:
    """As Pool. SSH and its ciphers take 20 MB; who goes to no host does without."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pool: Pool | None = None
        self._lock = threading.Lock()

    def connection(self, host: Host, profile: SshProfile) -> "AbstractContextManager[Connection]":
        """The host is ours for the block. Raises Unreachable and HostKeyRefused."""
        return self._made().connection(host, profile)

    def longest(self, profile: SshProfile) -> float:
        """Seconds after which `connection` has come back for certain, apart from slow resolvers."""
        return self._made().longest(profile)

    def close(self) -> None:
        """Ends all connections, if there ever were any."""
        with self._lock:
            if self._pool is not None:
                self._pool.close()

    def _made(self) -> "Pool":
        with self._lock:
            if self._pool is None:
                from watcher.diagnostics.pool import Pool  # noqa: PLC0415 - see above

                self._pool = Pool(self._clock)
            return self._pool
