"""The one door to outgoing HTTP: in time, to permitted addresses only, without redirects."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from watcher.kit.reach import (
    HttpError,
    Limits,
    Reach,
    RefusedError,
    Response,
    UnreachableError,
    peer_of,
)

__all__ = [
    "Door",
    "HttpError",
    "Limits",
    "Reach",
    "RefusedError",
    "Response",
    "UnreachableError",
    "peer_of",
]


@dataclass(frozen=True, slots=True)
class Door:
    """Makes calls under one policy. `ca_file` replaces the public authorities for TLS."""

    reach: Reach = field(default_factory=Reach)
    limits: Limits = field(default_factory=Limits)
    ca_file: str = ""

    def call(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> Response:
        """The answer, whatever its status. Raises RefusedError or UnreachableError."""
        # What makes calls takes 9 MB to load; who makes none does without.
        from watcher.kit.calling import Caller  # noqa: PLC0415 - see above

        caller = Caller(self.reach, self.limits, self.ca_file)
        return caller.call(method, url, headers, body)
