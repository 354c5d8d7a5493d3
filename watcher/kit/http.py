"""The one door to outgoing HTTP: in time, to permitted addresses only, without redirects.

    HttpError
        RefusedError      we will not make this call; asking again does not help
        UnreachableError  the call failed; it may work later

No error names more of a URL than its host: paths and queries of web hooks are secrets.
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from socket import socket
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from watcher.kit.net import Deadline, connect, plainly, resolve

Dial = Callable[[str, int], socket]

_CHUNK = 16 * 1024
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

    def retry_after(self, now: datetime) -> float | None:
        """The seconds after which the peer wants to be asked again, if it says so."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return float(value)
        try:
            return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
        except (TypeError, ValueError):
            return None


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
        peer = peer_of(url)
        prepared = _prepare(method, url, headers, body)
        with Deadline(self.limits.total) as deadline, requests.Session() as session:
            session.trust_env = False
            adapter = _Adapter(partial(self._connect, deadline))
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            try:
                answer = session.send(
                    prepared,
                    stream=True,
                    allow_redirects=False,
                    timeout=(self.limits.connect, self.limits.read),
                    verify=self.ca_file or True,
                )
            except (requests.RequestException, OSError) as error:
                why = self._why(error, deadline)
                raise UnreachableError(f"{peer}: {why}") from None
            with answer:
                return _read(answer, self.limits.size, deadline)

    def _connect(self, deadline: Deadline, host: str, port: int) -> socket:
        """Connects to the very address that was checked, so no second look-up can change it."""
        try:
            found = resolve(host.strip("[]"), port, self.limits.connect)
            permitted = [each for each in found if self.reach.permits(each.ip)]
            if found and not permitted:
                raise RefusedError(
                    f"{host} is at {found[0].ip}, a private or special address, which may not be "
                    "called; if it is meant, permit private addresses or name its network"
                )
            return connect(permitted, self.limits.connect, deadline)
        except OSError as error:
            raise UnreachableError(f"{host}:{port}: {plainly(error)}") from None

    def _why(self, error: BaseException, deadline: Deadline) -> str:
        if deadline.expired:
            return f"not done within {deadline.seconds:g} s"
        if isinstance(error, requests.Timeout):
            return f"no answer within {self.limits.read:g} s"
        certificate = _certificate_error(error)
        if certificate is not None:
            return f"its certificate is not trusted: {certificate.verify_message}"
        if isinstance(error, requests.exceptions.SSLError):
            return "no TLS connection could be agreed on"
        return "the connection broke off before an answer"


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


def _prepare(
    method: str, url: str, headers: Mapping[str, str], body: bytes
) -> requests.PreparedRequest:
    try:
        return requests.Request(method, url, headers=dict(headers), data=body).prepare()
    except (requests.RequestException, ValueError):
        peer = peer_of(url)
        raise RefusedError(f"{peer}: the URL or a header of the call is malformed") from None


def _read(answer: requests.Response, size: int, deadline: Deadline) -> Response:
    """The status is what counts: an answer that breaks off after it does not unmake the call."""
    body = bytearray()
    complete = True
    try:
        for piece in answer.iter_content(_CHUNK):
            body += piece
            if len(body) > size:
                complete = False
                break
    except (requests.RequestException, OSError):
        complete = False
    headers = {name.lower(): value for name, value in answer.headers.items()}
    complete = complete and not deadline.expired
    return Response(answer.status_code, headers, bytes(body[:size]), complete)


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error


class _Plain(HTTPConnection):
    """A connection that somebody else makes."""

    def __init__(self, dial: Dial, **options: Any) -> None:
        super().__init__(**options)
        self._dial = dial

    def _new_conn(self) -> socket:
        return self._dial(self.host, self.port)


class _Tls(HTTPSConnection):
    """The same under TLS, which checks the certificate against the name, not the address."""

    def __init__(self, dial: Dial, **options: Any) -> None:
        super().__init__(**options)
        self._dial = dial

    def _new_conn(self) -> socket:
        return self._dial(self.host, self.port)


class _Adapter(HTTPAdapter):
    """Has every connection made by `dial`; never tries twice."""

    def __init__(self, dial: Dial) -> None:
        super().__init__(max_retries=0)
        self._dial = dial

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        """The pool of the library, with our connections in it."""
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = partial(_Tls if pool.scheme == "https" else _Plain, self._dial)
        return pool
