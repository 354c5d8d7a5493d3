"""One SSH connection: its own TCP socket, strict host key, one key to log in with, one script."""

import logging
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

import paramiko
from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from paramiko.kex_curve25519 import KexCurve25519

from watcher.diagnostics.clean import clean
from watcher.diagnostics.hostkeys import HostKey, KnownHost, look_up
from watcher.kit.clock import Clock
from watcher.model.catalogue import Host, SshProfile

_HANDSHAKE_SECONDS = 3.0  # beside the time to connect
_AUTH_SECONDS = 8.0
_OPEN_SECONDS = 5.0
_POLL_SECONDS = 0.5
_EXIT_SECONDS = 2.0
_CHUNK = 65_536
_MAX_BYTES = 8 * 1024 * 1024
_MAX_STDERR = 65_536
_MAX_WORDS = 200
_TCP_QUICKACK = 12

# What paramiko's thread runs into is raised again on ours, and a server that sends rubbish can
# make it run into almost anything.
_FAULTS = (
    paramiko.SSHException,
    OSError,
    EOFError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
    struct.error,
    InvalidSignature,
    InvalidTag,
    UnsupportedAlgorithm,
)

_RSA_SIGNATURES = ("rsa-sha2-512", "rsa-sha2-256")

# What goes wrong on a connection is told in the diagnosis; paramiko's own log would only repeat it.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


class Unreachable(Exception):
    """There is no usable SSH connection; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a script sent back. `ended` is False where time or room ran out before it ended.

    `arrivals` are pairs (bytes received by then, seconds since the start).
    """

    stdout: bytes
    stderr: bytes
    ended: bool
    full: bool
    arrivals: tuple[tuple[int, float], ...]


class _QuickSocket(socket.socket):
    """Sends and acknowledges at once: three waits of 40 ms less for each connection."""

    def hurry(self) -> None:
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.setsockopt(socket.IPPROTO_TCP, _TCP_QUICKACK, 1)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """The kernel forgets about quick acknowledgements, so it is told again each time."""
        data = super().recv(bufsize, flags)
        with suppress(OSError):
            self.setsockopt(socket.IPPROTO_TCP, _TCP_QUICKACK, 1)
        return data


class _Transport(paramiko.Transport):
    """Modern algorithms only, with the RFC's name of curve25519-sha256, which paramiko lacks."""

    _active_check_timeout = 1.0
    _kex_info = {  # noqa: RUF012 - paramiko's way
        **paramiko.Transport._kex_info,  # type: ignore[attr-defined]  # the stubs leave it out
        "curve25519-sha256": KexCurve25519,
    }
    _preferred_kex = (
        "mlkem768x25519-sha256",
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group14-sha256",
    )
    _preferred_ciphers = (
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "aes128-ctr",
        "aes192-ctr",
        "aes256-ctr",
    )
    _preferred_macs = (
        "hmac-sha2-256-etm@openssh.com",
        "hmac-sha2-512-etm@openssh.com",
        "hmac-sha2-256",
        "hmac-sha2-512",
    )


@dataclass(frozen=True, slots=True)
class Connection:
    """A server that has proved who it is and has let us in."""

    transport: paramiko.Transport
    host_key: HostKey

    def run(self, script: str, done: bytes, seconds: float, clock: Clock) -> Answer:
        """Gives `script` to a shell and reads until `done`, its end, or the end of time or room.

        Our end of stdin stays open all the while: when it closes, the script kills what it began.
        """
        began = clock.monotonic()
        try:
            channel = self.transport.open_session(timeout=_OPEN_SECONDS)
            with closing(channel):
                channel.settimeout(_OPEN_SECONDS)
                channel.exec_command("exec sh -s")
                channel.sendall(script.encode())
                return _read(channel, done, began + seconds, clock)
        except _FAULTS as error:
            raise Unreachable(f"the host let us in but runs no commands: {_words(error)}") from None


@contextmanager
def connect(host: Host, profile: SshProfile) -> Iterator[Connection]:
    """Logs in; the connection ends with the block. Raises Unreachable and HostKeyRefused."""
    address, port = host.address or "", host.port or profile.port
    key = _load_key(profile)
    try:
        known = look_up(profile.known_hosts, address, port)
    except OSError as error:
        problem = f"{profile.known_hosts}, which holds the host keys, cannot be read"
        raise Unreachable(f"{problem}: {error.strerror}") from None
    sock = _dial(address, port, profile.connect_timeout)
    transport = _Transport(sock)
    try:
        host_key = _shake_hands(transport, known, profile.connect_timeout + _HANDSHAKE_SECONDS)
        _log_in(transport, profile, key)
        yield Connection(transport, host_key)
    finally:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        transport.close()
        sock.close()
        transport.join(_EXIT_SECONDS)


def _load_key(profile: SshProfile) -> paramiko.PKey:
    problem = f"the key {profile.key_file} of SSH profile {profile.name}"
    try:
        return paramiko.PKey.from_path(profile.key_file)
    except OSError as error:
        raise Unreachable(f"{problem} cannot be read: {error.strerror}") from None
    except (paramiko.PasswordRequiredException, TypeError):
        raise Unreachable(f"{problem} has a passphrase; give Watcher one without") from None
    except (paramiko.SSHException, UnsupportedAlgorithm, ValueError):
        raise Unreachable(f"{problem} is not a private key that can be used") from None


def _dial(address: str, port: int, seconds: float) -> _QuickSocket:
    if not address:
        raise Unreachable("the inventory has no address for this host")
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise Unreachable(f"the address {address} cannot be resolved: {_words(error)}") from None
    last: OSError = OSError("no address")
    for family, kind, protocol, _, where in found:
        sock = _QuickSocket(family, kind, protocol)
        try:
            sock.hurry()
            sock.settimeout(seconds)
            sock.connect(where)
        except OSError as error:
            sock.close()
            last = error
        else:
            return sock
    raise Unreachable(f"no connection to {address} port {port}: {_words(last)}")


def _shake_hands(transport: _Transport, known: KnownHost, seconds: float) -> HostKey:
    """Keys are exchanged and the server's is verified, before it learns anything about us."""
    transport.banner_timeout = transport.handshake_timeout = seconds
    options = transport.get_security_options()
    options.key_types = _wanted(known, options.key_types)
    try:
        transport.start_client(timeout=seconds)
        if not transport.initial_kex_done:
            raise TimeoutError
        key = transport.get_remote_server_key()
        host_key = HostKey(key.get_name(), key.asbytes())
    except _FAULTS as error:
        raise Unreachable(
            f"{known.name} accepts connections but does not speak SSH with us: {_words(error)}"
        ) from None
    known.verify(host_key)
    return host_key


def _wanted(known: KnownHost, usual: Sequence[str]) -> tuple[str, ...]:
    """The kinds of host key to ask for: those we know first, so that a server shows one of them."""
    types = {key.type for key in known.keys}
    if "ssh-rsa" in types:
        types.update(_RSA_SIGNATURES)
    return tuple(sorted(usual, key=lambda name: name not in types))


def _log_in(transport: _Transport, profile: SshProfile, key: paramiko.PKey) -> None:
    transport.auth_timeout = _AUTH_SECONDS
    try:
        transport.auth_publickey(profile.user, key)
    except paramiko.AuthenticationException as error:
        if "Authentication failed." not in str(error):
            raise Unreachable(f"the host broke off while we logged in: {_words(error)}") from None
        raise Unreachable(
            f"the host refuses to let user {profile.user} in with the key {profile.key_file} "
            f"({key.fingerprint}); put its public part into the user's authorized_keys there"
        ) from None
    except _FAULTS as error:
        raise Unreachable(f"the host broke off while we logged in: {_words(error)}") from None


def _read(channel: paramiko.Channel, done: bytes, deadline: float, clock: Clock) -> Answer:
    began = clock.monotonic()
    received, complaints = bytearray(), bytearray()
    arrivals: list[tuple[int, float]] = []
    channel.settimeout(_POLL_SECONDS)
    ended = False
    while not ended and len(received) < _MAX_BYTES and clock.monotonic() < deadline:
        with suppress(TimeoutError):
            chunk = channel.recv(_CHUNK)
            received += chunk
            arrivals.append((len(received), clock.monotonic() - began))
            ended = not chunk or received.endswith(done)
        while channel.recv_stderr_ready():
            complaints += channel.recv_stderr(_CHUNK)[: _MAX_STDERR - len(complaints)]
    full = len(received) >= _MAX_BYTES
    return Answer(bytes(received), bytes(complaints), ended, full, tuple(arrivals))


def _words(error: Exception) -> str:
    """What happened, in words for the person who can mend it."""
    for kind, words in _WORDS.items():
        if isinstance(error, kind):
            return words
    words = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return clean((words or type(error).__name__).encode())[:_MAX_WORDS]


_WORDS: dict[type[Exception], str] = {
    TimeoutError: "no answer in time; is the host up, and does a firewall let us through?",
    ConnectionRefusedError: "refused; does sshd run there, on this port?",
    paramiko.ssh_exception.IncompatiblePeer: "no algorithm in common; the server is too old or "
    "allows only what we do not offer",
    EOFError: "the connection was cut",
    ConnectionResetError: "the connection was cut",
}
