"""Who may post to a source: tokens, passwords, signatures. Compared in constant time."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

Headers = Mapping[bytes, bytes]
"""Header names in lower case, values as received."""


@dataclass(frozen=True, slots=True)
class Signature:
    """HMAC-SHA256 over the exact body, as Grafana signs it.

    With `timestamp_header` the signed text is `<unix seconds>:<body>`, a signature older than
    `max_age` is refused, and so is one that was used before.
    """

    secret: bytes
    header: bytes = b"x-grafana-alerting-signature"
    timestamp_header: bytes | None = None
    max_age: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Gate:
    """What a source accepts: any one of `credentials`, and `signature` where there is one.

    `credentials` maps a header name in lower case to the values that are accepted in it.
    """

    source: str
    customer: str
    credentials: Mapping[bytes, tuple[bytes, ...]]
    signature: Signature | None = None
    max_body: int = 1024 * 1024
    open: bool = False


def bearer(token: str) -> tuple[bytes, bytes]:
    """The header and value of a Bearer token (RFC 6750)."""
    return b"authorization", b"bearer " + token.encode()


def basic(user: str, password: str) -> tuple[bytes, bytes]:
    """The header and value of a user and password (RFC 7617)."""
    return b"authorization", b"basic " + base64.b64encode(f"{user}:{password}".encode())


def header(name: str, value: str) -> tuple[bytes, bytes]:
    """A header of one's own and its value."""
    key = name.lower().encode()
    return key, _scheme_lowered(key, value.encode())


class Guard:
    """Lets in what a gate accepts; remembers the signatures used within their window."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._used: dict[bytes, datetime] = {}

    def credentials_hold(self, headers: Headers) -> bool:
        """Whether a token or password is right, or none is asked for."""
        gate = self._gate
        if not gate.credentials:
            return gate.open or gate.signature is not None
        return any(
            hmac.compare_digest(_scheme_lowered(name, headers.get(name, b"")), value)
            for name, values in gate.credentials.items()
            for value in values
        )

    def signature_fault(self, headers: Headers, body: bytes, now: datetime) -> str:
        """Why the signature does not hold, "" where it does or none is asked for."""
        rule = self._gate.signature
        if rule is None:
            return ""
        given = headers.get(rule.header, b"").lower()
        if not given:
            return f"the header {rule.header.decode()} with the signature is missing"
        signed = body
        if rule.timestamp_header is not None:
            stamp = headers.get(rule.timestamp_header, b"")
            if fault := _stale(stamp, rule, now):
                return fault
            signed = stamp + b":" + body
        right = hmac.new(rule.secret, signed, hashlib.sha256).hexdigest().encode()
        if not hmac.compare_digest(right, given):
            return "the signature does not match the body"
        if rule.timestamp_header is not None and given in self._used:
            return "this signature was used before"
        return ""

    def remember(self, headers: Headers, now: datetime) -> None:
        """Notes the signature of a request that is taken, so that it cannot be used again."""
        rule = self._gate.signature
        if rule is None or rule.timestamp_header is None:
            return
        oldest = now - 2 * rule.max_age
        while self._used and next(iter(self._used.values())) < oldest:
            del self._used[next(iter(self._used))]
        self._used[headers.get(rule.header, b"").lower()] = now

    def forget(self, headers: Headers) -> None:
        """The request was not taken after all: its sender may send it again as it is."""
        if self._gate.signature is not None:
            self._used.pop(headers.get(self._gate.signature.header, b"").lower(), None)


def _scheme_lowered(name: bytes, value: bytes) -> bytes:
    """Authentication schemes know no case (RFC 9110, 11.1)."""
    if name != b"authorization":
        return value
    scheme, space, rest = value.partition(b" ")
    return scheme.lower() + space + rest


def _stale(stamp: bytes, rule: Signature, now: datetime) -> str:
    name = (rule.timestamp_header or b"").decode()
    if not stamp.isdigit() or len(stamp) > len("99999999999"):
        return f"the header {name} must hold the time in unix seconds"
    away = abs(now.timestamp() - int(stamp))
    if away > rule.max_age.total_seconds():
        return f"the time in {name} is {away:.0f} s off; check the clocks, or somebody replays"
    return ""
