"""One script on one host: it is handed to a shell, and what it says is read within limits."""

import threading
from contextlib import suppress
from dataclasses import dataclass

import paramiko

from watcher.diagnostics.base import Answer, Unreachable
from watcher.diagnostics.faults import FAULTS, words
from watcher.diagnostics.hostkeys import HostKey
from watcher.diagnostics.identity import signing_key
from watcher.diagnostics.link import OPEN_SECONDS, Link
from watcher.diagnostics.sign import signed_command, signed_input
from watcher.kit.clock import Clock
from watcher.model.evidence import Audit, Fault

_COMMAND = "exec sh -s"
_POLL_SECONDS = 0.5
_CHUNK = 65_536
_MAX_BYTES = 8 * 1024 * 1024
_MAX_STDERR = 65_536
_TICK_SECONDS = 0.001


@dataclass(slots=True)
class Connection:
    """A host that has let us in, for one diagnosis. It is `fit` for another one unless a script
    did not come to its end.
    """

    link: Link
    session: paramiko.Channel | None = None
    fit: bool = True

    @property
    def host_key(self) -> HostKey:
        """The key with which the host has proved who it is."""
        return self.link.host_key

    @property
    def audit(self) -> Audit:
        """Where we are, as whom, by which way, and how we know."""
        way = self.link.way
        return Audit(
            address=f"{way.address}:{way.port}",
            user=way.profile.user,
            via=tuple(bastion.name for bastion in way.bastions),
            host_key=self.link.host_key.fingerprint,
            verified=self.link.verified,
        )

    def run(self, script: str, done: bytes, seconds: float, clock: Clock) -> Answer:
        """Gives `script` to a shell and reads until `done`, its end, or the end of time or room.

        Our end of stdin stays open all the while: when it closes, the script kills what it began.
        Raises Unreachable.
        """
        deadline = clock.monotonic() + seconds
        command, text = _COMMAND, script.encode()
        if self.link.way.profile.signing_key_file:
            command = signed_command(text, signing_key(self.link.way.profile))
            text = signed_input(text)
        channel, self.session = self.session or self.link.open_session(), None
        self.fit = False
        try:
            channel.settimeout(OPEN_SECONDS)
            channel.event = _Answered()
            channel.exec_command(command)
            channel.sendall(text)
            answer = _read(channel, done, deadline, clock)
        except FAULTS as error:
            problem = f"the host let us in but runs no commands: {words(error)}"
            raise Unreachable(problem, Fault.BROKEN) from None
        finally:
            _close(channel)
        self.fit = answer.ended and self.link.alive
        return answer

    def close(self) -> None:
        """Gives up the session that no script has used."""
        if self.session is not None:
            _close(self.session)


class _Answered(threading.Event):
    """Paramiko would wait for ever for a host that opens a session and then is stuck."""

    def wait(self, timeout: float | None = None) -> bool:
        """Raises TimeoutError where the host does not say whether it runs the command."""
        if not super().wait(OPEN_SECONDS if timeout is None else timeout):
            raise TimeoutError
        return True


def _close(channel: paramiko.Channel) -> None:
    """Says so to the host, if there is still somebody to say it to."""
    with suppress(*FAULTS):
        channel.close()


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
            _note(arrivals, len(received), clock.monotonic() - began)
            ended = not chunk or received.endswith(done)
        while channel.recv_stderr_ready() and clock.monotonic() < deadline:
            complaints += channel.recv_stderr(_CHUNK)[: _MAX_STDERR - len(complaints)]
    full = len(received) >= _MAX_BYTES
    return Answer(bytes(received), bytes(complaints), ended, full, tuple(arrivals))


def _note(arrivals: list[tuple[int, float]], size: int, seconds: float) -> None:
    """One a tick, so that a host which sends single bytes does not fill our memory."""
    if arrivals and seconds - arrivals[-1][1] < _TICK_SECONDS:
        arrivals[-1] = (size, arrivals[-1][1])
    else:
        arrivals.append((size, seconds))
