"""Makes calls over HTTP for the door: with requests, over connections of our own."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from socket import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from watcher.kit.net import Deadline, connect, plainly, resolve
from watcher.kit.reach import Limits, Reach, RefusedError, Response, UnreachableError, peer_of

Dial = Callable[[str, int], socket]

_CHUNK = 16 * 1024


@dataclass(frozen=True, slots=True)
class Caller:
    """Makes calls under the policy of a door."""

    reach: Reach
    limits: Limits
    ca_file: str

    def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
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
                    "called; if it is meant, permit private addresses (`allow_private`) or name "
                    "its network (`networks`)"
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


def _prepare(
    method: str, url: str, headers: Mapping[str, str], body: bytes
) -> requests.PreparedRequest:
    try:
        # The library itself would find this out only while it sends.
        "".join(headers.values()).encode("latin-1")
        return requests.Request(method, url, headers=dict(headers), data=body).prepare()
    except (requests.RequestException, ValueError):
        raise RefusedError(
            f"{peer_of(url)}: the URL or a header of the call is malformed; a secret that travels "
            "in a header has one line of Latin letters"
        ) from None


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
