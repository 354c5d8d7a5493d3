"""Connections that cannot hang: names resolved in time, and an end however slowly a peer drips."""

import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Thread, Timer
from typing import Protocol, Self

_LONGEST_SECONDS = 600


class Timed(Protocol):
    """Options of whatever calls somebody: seconds for one step and for the whole."""

    @property
    def timeout(self) -> float:
        """For a connection, or for the next bytes."""

    @property
    def deadline(self) -> float:
        """For everything."""


def check_times(options: Timed) -> None:
    """Raises ValueError if the options give no time, or too much."""
    if not 0 < options.timeout <= options.deadline <= _LONGEST_SECONDS:
        raise ValueError(
            f"`timeout` and `deadline` are seconds, above 0 and up to {_LONGEST_SECONDS}, and the "
            "time for one step is not more than that for everything"
        )


@dataclass(frozen=True, slots=True)
class Address:
    """One address that a name stands for, ready to be connected to."""

    family: int
    target: tuple[str | int | bytes, ...]

    @property
    def ip(self) -> str:
        """The bare address, without port and zone."""
        return str(self.target[0]).partition("%")[0]


class Deadline:
    """A span of time after which the guarded connection is cut in the middle of anything.

    Time-outs of sockets count from byte to byte, so a peer that sends one now and then would
    never meet them.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.expired = False
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._timer = Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def guard(self, sock: socket.socket) -> socket.socket:
        """Cuts this connection when the time has come; returns it."""
        with self._lock:
            # A second handle, because TLS takes the first one over.
            self._socket = sock.dup()
        if self.expired:
            self._cut()
        return sock

    def _cut(self) -> None:
        with self._lock:
            self.expired = True
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)


def resolve(host: str, port: int, seconds: float) -> tuple[Address, ...]:
    """The addresses of a name, in the order to try them. Raises OSError, also when it takes longer
    than `seconds`.
    """
    answers: SimpleQueue[tuple[Address, ...] | OSError] = SimpleQueue()
    # The system's resolver takes no time-out; a thread that is left behind ends with it.
    Thread(target=_ask, args=(host, port, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"the name was not resolved within {seconds:g} s") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _ask(host: str, port: int, answers: SimpleQueue[tuple[Address, ...] | OSError]) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        answers.put(OSError("not a host name"))
    except OSError as error:
        answers.put(error)
    else:
        answers.put(tuple(Address(family, target) for family, _, _, _, target in found))


def connect(addresses: Iterable[Address], seconds: float, deadline: Deadline) -> socket.socket:
    """A connection to the first address that takes one within `seconds`. Raises OSError."""
    failure = OSError("there is no address to connect to")
    for address in addresses:
        if deadline.expired:
            break
        sock = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            sock.settimeout(seconds)
            sock.connect(address.target)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return deadline.guard(sock)
    raise failure


def plainly(error: OSError) -> str:
    """What a person should read of a failed connection: the system's words, nothing of the peer's
    name or path.
    """
    if isinstance(error, TimeoutError) and error.errno is None:
        return str(error) or "timed out"
    return error.strerror or str(error) or type(error).__name__
