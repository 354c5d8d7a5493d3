"""The wire: a TCP connection without needless waits, and SSH with modern algorithms only."""

import logging
import socket
from contextlib import suppress

import paramiko
from paramiko.kex_curve25519 import KexCurve25519

from watcher.diagnostics.base import Unreachable
from watcher.diagnostics.faults import fault_of, words
from watcher.model.evidence import Fault

_KEEPALIVE_SECONDS = 15
_UNANSWERED_MILLISECONDS = 30_000
_TCP_QUICKACK = 12

# What goes wrong on a connection is told in the diagnosis; paramiko's own log would only repeat it.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


class QuickSocket(socket.socket):
    """Sends and acknowledges at once: three waits of 40 ms less for each connection."""

    def hurry(self) -> None:
        """To be called before it connects. A peer that is gone is noticed in half a minute."""
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNANSWERED_MILLISECONDS)
        self.setsockopt(socket.IPPROTO_TCP, _TCP_QUICKACK, 1)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """The kernel forgets about quick acknowledgements, so it is told again each time."""
        data = super().recv(bufsize, flags)
        with suppress(OSError):
            self.setsockopt(socket.IPPROTO_TCP, _TCP_QUICKACK, 1)
        return data


class Transport(paramiko.Transport):
    """SSH over a socket or a channel; `wanted_keys` are the kinds of host key to ask for."""

    _kex_info = {  # noqa: RUF012 - paramiko's way; it lacks the RFC's name of this one
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

    def __init__(
        self, sock: "QuickSocket | paramiko.Channel", wanted_keys: tuple[str, ...]
    ) -> None:
        # An idle connection costs CPU each time that paramiko looks whether it is still wanted;
        # within a channel, looking less often would delay what arrives.
        self._active_check_timeout = 1.0 if isinstance(sock, QuickSocket) else 0.1
        super().__init__(sock)
        self._wanted_keys = wanted_keys
        self.set_keepalive(_KEEPALIVE_SECONDS)

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        """As asked for; paramiko would put the certificates last."""
        return self._wanted_keys


def dial(address: str, port: int, seconds: float) -> QuickSocket:
    """A TCP connection. Raises Unreachable."""
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        problem = f"the address {address} cannot be resolved: {words(error)}"
        raise Unreachable(problem, Fault.UNRESOLVED) from None
    last: OSError = OSError("no address")
    for family, kind, protocol, _, where in found:
        sock = QuickSocket(family, kind, protocol)
        try:
            sock.hurry()
            sock.settimeout(seconds)
            sock.connect(where)
        except OSError as error:
            sock.close()
            last = error
        else:
            return sock
    raise Unreachable(f"no connection to {address} port {port}: {words(last)}", fault_of(last))
