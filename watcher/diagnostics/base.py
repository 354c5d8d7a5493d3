"""What it brings to go to a host: an answer, or the reason why there is none."""

from dataclasses import dataclass

from watcher.model.evidence import Fault


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


class Unreachable(Exception):
    """There is no usable SSH connection; the message says why and what to do."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault


class HostKeyRefused(Unreachable):
    """The server has not proved who it is; the message says what to do about it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Fault.HOST_KEY)
