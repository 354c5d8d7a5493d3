"""Which calls over HTTP may be made, how patiently, what comes of them, and why nothing does.

    HttpError
        RefusedError      we will not make this call; asking again does not help
        UnreachableError  the call failed; it may work later

No error names more of a URL than its host: paths and queries of web hooks are secrets.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import responses
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from watcher.kit.redact import redact
from watcher.kit.text import cut, one_line

_QUOTE = 300
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
_NAT64 = ip_network("64:ff9b::/96")


class HttpError(Exception):
    """A call that brought no answer, in words for the person who can mend it."""


class RefusedError(HttpError):
    """We will not make this call."""


class UnreachableError(HttpError):
    """The call failed; it may work later."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which addresses may be called besides the public ones.

    `private` opens private and loopback networks, `networks` (like 10.1.0.0/16) anything by name.
    Link-local addresses, where clouds keep their credentials, need to be named.
    """

    private: bool = False
    networks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for network in self.networks:
            ip_network(network)

    def permits(self, address: str) -> bool:
        """Whether a connection to this IP address may be made."""
        ip = _innermost(ip_address(address))
        if any(ip in ip_network(network) for network in self.networks):
            return True
        if ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved:
            return ip.is_loopback and self.private
        return ip.is_global or self.private


def _innermost(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one is a mere wrapping of."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to wait for a connection, for the next bytes, and for everything; bytes to read."""

    connect: float = 5.0
    read: float = 10.0
    total: float = 30.0
    size: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. Header names are in lower case; a body over the limit, or one that broke off,
    is not `complete`.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True

    @property
    def passes(self) -> bool:
        """Whether it is a refusal for now: the same call may succeed later."""
        return self.status in _PASSING or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    def told(self, peer: str, words: str = "", secrets: Iterable[str] = ()) -> str:
        """What the peer answered, with the words that came with it, but without our secrets and
        these.
        """
        said = f"{peer} answered {self.status} {responses.get(self.status, '')}".rstrip()
        quote = cut(one_line(redact(words, secrets)), _QUOTE)
        return f"{said}: {quote}" if quote else said

    def retry_after(self, now: datetime) -> float | None:
        """The seconds after which the peer wants to be asked again, if it says so."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return float(value)
        try:
            return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
        except (TypeError, ValueError):
            return None


def peer_of(url: str) -> str:
    """The host of a URL as errors may name it. Raises RefusedError for what cannot be called."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RefusedError("the URL is malformed") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise RefusedError("the URL must begin with http:// or https:// and name a host")
    if parts.username or parts.password:
        raise RefusedError(f"{parts.hostname}: a URL must not carry a login; use a secret")
    return parts.hostname if port is None else f"{parts.hostname}:{port}"
