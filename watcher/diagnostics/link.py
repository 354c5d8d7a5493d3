"""One SSH connection: the server proves who it is, and then lets us in, or there is none."""

import socket
from contextlib import suppress
from dataclasses import dataclass

import paramiko

from watcher.diagnostics.base import Unreachable
from watcher.diagnostics.bastion import Way
from watcher.diagnostics.faults import FAULTS, fault_of, words
from watcher.diagnostics.hostkeys import HostKey, KnownHost, UnknownHostKey, look_up
from watcher.diagnostics.identity import login_key
from watcher.diagnostics.pins import pin, pinned
from watcher.diagnostics.wire import QuickSocket, Transport, dial
from watcher.kit.clock import Clock
from watcher.model.catalogue import HostKeys, SshProfile
from watcher.model.evidence import Fault

HANDSHAKE_SECONDS = 3.0  # beside the time to connect
AUTH_SECONDS = 8.0
OPEN_SECONDS = 5.0
_PROBE_SECONDS = 2.0
_EXIT_SECONDS = 2.0
_USUAL_KEYS: tuple[str, ...] = paramiko.Transport._preferred_keys  # type: ignore[attr-defined]  # the stubs leave it out


class BastionLost(Unreachable):
    """The connection to a bastion is not what it was."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Fault.BASTION)


@dataclass(eq=False, slots=True)
class Link:
    """A connection over which we are logged in; `verified` is how the host key was.

    The figures are the pool's: `born` and `used` are when it was made and last used, `sessions` how
    many it has had, `busy` what goes over it now: runs, and links to hosts behind this one.
    """

    way: Way
    transport: Transport
    host_key: HostKey
    verified: str
    bastion: "Link | None" = None
    born: float = 0.0
    used: float = 0.0
    sessions: int = 0
    busy: int = 0

    @property
    def alive(self) -> bool:
        """As far as is known here."""
        return self.transport.is_active()

    def open_session(self) -> paramiko.Channel:
        """A channel to run something in. Raises Unreachable."""
        try:
            return self.transport.open_session(timeout=OPEN_SECONDS)
        except FAULTS as error:
            problem = f"the host let us in but runs no commands: {words(error)}"
            raise Unreachable(problem, Fault.BROKEN) from None

    def open_tunnel(self, way: Way) -> paramiko.Channel:
        """A connection from this host to the next. Raises Unreachable, and BastionLost."""
        to = f"{way.address} port {way.port}"
        try:
            return self.transport.open_channel(
                "direct-tcpip",
                (way.address, way.port),
                ("127.0.0.1", 0),
                timeout=way.profile.connect_timeout,
            )
        except paramiko.ChannelException as error:
            refused = error.code == paramiko.common.OPEN_FAILED_CONNECT_FAILED
        except FAULTS as error:
            if not self._answers():
                raise BastionLost(f"the bastion {self.way.name} does not answer") from None
            if _is_late(error):
                problem = f"the bastion {self.way.name} gets no connection to {to} in time"
                raise Unreachable(problem, Fault.TIMEOUT) from None
            refused = True
        if refused:
            problem = f"the bastion {self.way.name} gets no connection to {to}"
            raise Unreachable(f"{problem}; does sshd run there, on this port?", Fault.REFUSED)
        problem = f"the bastion {self.way.name} may not let us through to {to}"
        advice = "its sshd_config and authorized_keys must permit the port to be forwarded"
        raise Unreachable(f"{problem}; {advice}", Fault.BASTION)

    def close(self) -> None:
        """Ends the connection and its thread."""
        sock = self.transport.sock
        if isinstance(sock, socket.socket):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self.transport.close()
        sock.close()
        self.transport.join(_EXIT_SECONDS)

    def _answers(self) -> bool:
        """Whether the server itself is still there, if only to refuse."""
        try:
            self.transport.open_session(timeout=_PROBE_SECONDS).close()
        except FAULTS as error:
            return self.alive and not _is_late(error)
        return True


@dataclass(frozen=True, slots=True)
class Login:
    """All that is ours of a login, read before anybody is connected to."""

    way: Way
    key: paramiko.PKey
    known: KnownHost

    @classmethod
    def prepare(cls, way: Way, clock: Clock) -> "Login":
        """Reads the files of the profile. Raises Unreachable where they are of no use."""
        profile = way.profile
        key = login_key(profile, clock.now())
        try:
            known = look_up(profile.known_hosts, way.address, way.port)
        except OSError as error:
            problem = f"{profile.known_hosts}, which holds the host keys, cannot be read"
            raise Unreachable(f"{problem}: {error.strerror}", Fault.CONFIGURATION) from None
        if profile.host_keys is HostKeys.ACCEPT_NEW:
            known = pinned(profile.pins, known, way.port)
        return cls(way, key, known)

    def dial(self) -> QuickSocket:
        """The way to the first host is a TCP connection. Raises Unreachable."""
        return dial(self.way.address, self.way.port, self.way.profile.connect_timeout)

    def enter(self, sock: QuickSocket | paramiko.Channel, clock: Clock) -> Link:
        """Logs in, once the host has proved who it is. Raises Unreachable and HostKeyRefused."""
        transport = Transport(sock, self.known.wanted(_USUAL_KEYS))
        link = Link(self.way, transport, HostKey("", b""), verified="")
        try:
            link.host_key = self._shake_hands(transport)
            link.verified = self._verify(link.host_key, clock)
            self._log_in(transport)
        except BaseException:
            link.close()
            raise
        return link

    def _shake_hands(self, transport: Transport) -> HostKey:
        """The server's key, which is verified before it learns anything about us."""
        seconds = self.way.profile.connect_timeout + HANDSHAKE_SECONDS
        transport.banner_timeout = transport.handshake_timeout = seconds
        try:
            transport.start_client(timeout=seconds)
            if not transport.initial_kex_done:
                raise TimeoutError
            key = transport.get_remote_server_key()
            shown = key.public_blob
            certificate = None if shown is None else shown.key_blob
            return HostKey(key.get_name(), key.asbytes(), certificate)
        except FAULTS as error:
            problem = f"{self.known.name} accepts connections but does not speak SSH with us"
            raise Unreachable(f"{problem}: {words(error)}", fault_of(error)) from None

    def _verify(self, key: HostKey, clock: Clock) -> str:
        """How the key is known to be the host's; a new one is kept where the profile wants it."""
        profile, now = self.way.profile, clock.now()
        try:
            return self.known.verify(key, now)
        except UnknownHostKey:
            if profile.host_keys is not HostKeys.ACCEPT_NEW:
                raise
        return pin(profile.pins, self.known, self.way.port, key, now)

    def _log_in(self, transport: Transport) -> None:
        transport.auth_timeout = AUTH_SECONDS
        try:
            transport.auth_publickey(self.way.profile.user, self.key)
        except paramiko.AuthenticationException as error:
            if "Authentication failed." not in str(error):
                raise _broken_off(error) from None
            raise Unreachable(_unwelcome(self.way.profile, self.key), Fault.LOGIN) from None
        except FAULTS as error:
            raise _broken_off(error) from None


def _broken_off(error: Exception) -> Unreachable:
    fault = Fault.TIMEOUT if _is_late(error) else fault_of(error)
    return Unreachable(f"the host broke off while we logged in: {words(error)}", fault)


def _unwelcome(profile: SshProfile, key: paramiko.PKey) -> str:
    refusal = (
        f"the host refuses to let user {profile.user} in with the key {profile.key_file} "
        f"({key.fingerprint}"
    )
    if key.public_blob is None:
        return f"{refusal}); put its public part into the user's authorized_keys there"
    return (
        f"{refusal}) and its certificate; is the authority among the host's TrustedUserCAKeys, and "
        "the user among the certificate's principals?"
    )


def _is_late(error: Exception) -> bool:
    """Paramiko has no class of its own for a channel that does not open in time."""
    return isinstance(error, TimeoutError) or "Timeout" in str(error)
