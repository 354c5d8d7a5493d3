"""Keeps connections for the next diagnosis: one to each host, for as long as it is good.

At most one diagnosis runs on a host at a time, and few connections are made at once in one network
or behind one bastion. Hosts that let nobody in rest for a while.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_interface
from types import TracebackType
from typing import Self

import paramiko

from watcher.diagnostics.base import Unreachable
from watcher.diagnostics.bastion import Way, way_to
from watcher.diagnostics.breaker import Breaker
from watcher.diagnostics.identity import mended
from watcher.diagnostics.link import (
    AUTH_SECONDS,
    HANDSHAKE_SECONDS,
    OPEN_SECONDS,
    BastionLost,
    Link,
    Login,
)
from watcher.diagnostics.ssh import Connection
from watcher.diagnostics.turns import Turns
from watcher.diagnostics.wire import QuickSocket
from watcher.kit.clock import Clock
from watcher.model.catalogue import Host, SshProfile
from watcher.model.evidence import Fault

_NETWORK = {4: 24, 6: 64}


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """Times in seconds: `idle` and `age` end a connection, as do `sessions`; `patience` is how long
    one waits for a turn; a connection through a bastion must be `quiet` so long before it is ended.

    `logins` is how many may log in at once in one network, or behind one bastion.
    """

    idle: float = 60.0
    age: float = 900.0
    sessions: int = 300
    logins: int = 8
    patience: float = 60.0
    quiet: float = 1.0


class Pool:
    """For any number of threads. A thread of its own looks after connections while there are any.

    A connection inside another one is ended only after a while without traffic: what paramiko still
    sends on a channel just closed would make the bastion drop everything.
    """

    def __init__(self, clock: Clock, options: PoolOptions | None = None) -> None:
        self._clock = clock
        self._options = options or PoolOptions()
        wait = self._options.patience
        self._hosts = Turns(1, wait, "other diagnoses have kept this host busy")
        self._making = Turns(1, wait, "others have been connecting to this host")
        self._logins = Turns(self._options.logins, wait, "others have been logging in there")
        self._breaker = Breaker(clock)
        self._links: dict[Way, Link] = {}
        self._retired: list[Link] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._reaper: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def connection(self, host: Host, profile: SshProfile) -> Iterator[Connection]:
        """The host is ours for the block. Raises Unreachable and HostKeyRefused."""
        way = way_to(host, profile)
        with self._hosts.take(way.where):
            link, session = self._session(way)
            connection = Connection(link, session)
            try:
                yield connection
            finally:
                connection.close()
                self._give_back(link, fit=connection.fit)

    def longest(self, profile: SshProfile) -> float:
        """Seconds after which `connection` has come back for certain, apart from slow resolvers."""
        fixed = 2 * self._options.patience + HANDSHAKE_SECONDS + AUTH_SECONDS + 2 * OPEN_SECONDS
        seconds = self._options.patience
        login: SshProfile | None = profile
        while login is not None:
            seconds += fixed + 2 * login.connect_timeout
            login = None if login.via is None else login.via.profile
        return seconds

    def sweep(self) -> None:
        """Ends the connections that have had their time and are not needed now."""
        while due := self._due():
            for link in due:
                self._end(link)

    def close(self) -> None:
        """Ends everything, also what is in use; nobody is connected to any more."""
        self._closed.set()
        with self._lock:
            links = [*self._links.values(), *self._retired]
            self._links.clear()
            self._retired.clear()
            reaper = self._reaper
        for link in sorted(links, key=lambda one: -len(one.way.bastions)):
            link.close()
        if reaper is not None:
            reaper.join()

    def _session(self, way: Way) -> tuple[Link, paramiko.Channel]:
        """A link with a channel on it; where an old link turns out to be dead, a new one's."""
        while True:
            link, reused = self._take(way)
            try:
                return link, link.open_session()
            except Unreachable:
                self._give_back(link, fit=False)
                if not reused:
                    raise

    def _take(self, way: Way) -> tuple[Link, bool]:
        """A link that is now busy for us, and whether it was there already."""
        with self._making.take(way):
            if link := self._existing(way):
                return link, True
            version = mended(way.profile)
            self._breaker.check(way, version)
            try:
                link = self._connect(way)
            except Unreachable as error:
                self._breaker.failed(way, error, version)
                raise
            self._breaker.succeeded(way)
            return link, False

    def _existing(self, way: Way) -> Link | None:
        with self._lock:
            link = self._links.get(way)
            if link is None:
                return None
            if self._is_old(link):
                self._retire(link)
                return None
            link.busy += 1
            return link

    def _is_old(self, link: Link) -> bool:
        """Whether nobody should begin to use it."""
        upstream = link.bastion
        now, options = self._clock.monotonic(), self._options
        return (
            not link.alive
            or now - link.born >= options.age
            or link.sessions >= options.sessions
            or (upstream is not None and not upstream.alive)
        )

    def _connect(self, way: Way) -> Link:
        login = Login.prepare(way, self._clock)
        if way.via is None:
            sock = login.dial()
            return self._log_in(login, sock, None, _network(sock))
        bastion, channel = self._tunnel(way, way.via)
        try:
            return self._log_in(login, channel, bastion, way.via)
        except BaseException:
            self._give_back(bastion, fit=True)
            raise

    def _tunnel(self, way: Way, via: Way) -> tuple[Link, paramiko.Channel]:
        """The bastion's link and a channel through it; where the link is dead, a new one's."""
        while True:
            try:
                bastion, reused = self._take(via)
            except Unreachable as error:
                problem = f"the bastion {via.name} does not let us in: {error}"
                raise Unreachable(problem, Fault.BASTION) from None
            try:
                return bastion, bastion.open_tunnel(way)
            except Unreachable as error:
                lost = isinstance(error, BastionLost)
                self._give_back(bastion, fit=not lost)
                if not (lost and reused):
                    raise

    def _log_in(
        self, login: Login, sock: QuickSocket | paramiko.Channel, bastion: Link | None, gate: object
    ) -> Link:
        """Few at a time; how long a host takes to be reached at all is over by now, so that hosts
        which are down are in nobody's way.
        """
        try:
            with self._logins.take(gate):
                link = login.enter(sock, self._clock)
        except BaseException:
            sock.close()
            raise
        link.bastion = bastion
        link.born = link.used = self._clock.monotonic()
        link.busy = 1
        self._keep(link)
        return link

    def _keep(self, link: Link) -> None:
        with self._lock:
            if not self._closed.is_set():
                self._links[link.way] = link
                if self._reaper is None:
                    self._reaper = threading.Thread(target=self._reap, name="ssh", daemon=True)
                    self._reaper.start()
                return
        link.close()
        raise Unreachable("Watcher is being stopped", Fault.BROKEN)

    def _give_back(self, link: Link, *, fit: bool) -> None:
        with self._lock:
            link.busy -= 1
            link.sessions += 1
            link.used = self._clock.monotonic()
            if not fit and self._links.get(link.way) is link:
                self._retire(link)
        if not fit:
            self.sweep()

    def _retire(self, link: Link) -> None:
        """Nobody will begin to use it. The lock is ours."""
        del self._links[link.way]
        self._retired.append(link)

    def _due(self) -> list[Link]:
        """What is to be ended now, and will not be found any more."""
        now, options = self._clock.monotonic(), self._options
        with self._lock:
            for link in list(self._links.values()):
                if not link.busy and (self._is_old(link) or now - link.used >= options.idle):
                    self._retire(link)
            due = [
                link
                for link in self._retired
                if not link.busy and (link.bastion is None or now - link.used >= options.quiet)
            ]
            for link in due:
                self._retired.remove(link)
            return due

    def _end(self, link: Link) -> None:
        link.close()
        if link.bastion is not None:
            self._give_back(link.bastion, fit=True)

    def _reap(self) -> None:
        while not self._closed.wait(self._options.quiet):
            self.sweep()
            with self._lock:
                if not self._links and not self._retired:
                    self._reaper = None
                    return


def _network(sock: QuickSocket) -> str:
    """The network of the server at the other end."""
    try:
        address = ip_interface(sock.getpeername()[0])
    except OSError:  # It has hung up already.
        return ""
    return str(ip_interface(f"{address.ip}/{_NETWORK[address.version]}").network)
