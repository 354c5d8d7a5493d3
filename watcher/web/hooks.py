"""`POST /hooks/{source}`: authenticate, limit the size, look at the first byte, store, answer.

A raw ASGI application in front of the framework: nothing is parsed here and no policy decided. It
never redirects: senders would follow with an empty body and call the answer a success.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import orjson

from watcher.engine.intake import Intake
from watcher.kit.clock import Clock
from watcher.kit.metrics import Metrics
from watcher.model.delivery import Arrival
from watcher.store.base import StoreUnavailable
from watcher.web.gate import Gate, Guard

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX = "/hooks/"
_KEPT = (b"content-type", b"user-agent")
_WHITESPACE = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
# Connectors of Zabbix call everything but 200 and 201 a failure.
_STREAM = b"application/x-ndjson"


class Refusal(Exception):
    """The request is not taken; `text` tells the sender's administrator why."""

    def __init__(self, status: int, outcome: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.outcome = outcome
        self.text = text


class Hooks:
    """The ASGI application behind `/hooks/`."""

    def __init__(
        self, gates: Mapping[str, Gate], intake: Intake, clock: Clock, metrics: Metrics
    ) -> None:
        self._gates = {name: (gate, Guard(gate)) for name, gate in gates.items()}
        self._intake = intake
        self._clock = clock
        self._metrics = metrics
        self._counters: dict[tuple[str, str], Callable[[], None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        started = self._clock.monotonic()
        source = scope["path"][len(PREFIX) :]
        try:
            number, status = await self._accept(source, scope, receive)
        except Refusal as refusal:
            known = source if source in self._gates else "unknown"
            self._count(known, refusal.outcome)
            await _answer(send, refusal.status, {"error": refusal.text})
            return
        self._count(source, "accepted")
        self._metrics.delivery_seconds.observe(self._clock.monotonic() - started)
        await _answer(send, status, {"delivery": str(number)})

    async def _accept(self, source: str, scope: Scope, receive: Receive) -> tuple[int, int]:
        if source not in self._gates:
            raise Refusal(404, "unknown_source", f"there is no source {source[:64]!r} here")
        gate, guard = self._gates[source]
        if scope["method"] not in {"POST", "PUT"}:
            raise Refusal(405, "wrong_method", "alerts are posted here: use POST")
        headers = dict(scope["headers"])
        if not guard.credentials_hold(headers):
            raise Refusal(401, "unauthenticated", f"wrong or missing token for source {source!r}")
        body = await _body(headers, receive, gate.max_body)
        now = self._clock.now()
        if fault := guard.signature_fault(headers, body, now):
            raise Refusal(401, "unauthenticated", fault)
        _look_at(body)
        kept = {name.decode(): headers[name].decode("latin-1") for name in _KEPT if name in headers}
        guard.remember(headers, now)
        try:
            number = await self._intake.accept(Arrival(source, gate.customer, now, kept, body))
        except StoreUnavailable as error:
            guard.forget(headers)
            raise Refusal(503, "unavailable", "not stored, send it again") from error
        return number, 200 if headers.get(b"content-type") == _STREAM else 202

    def _count(self, source: str, outcome: str) -> None:
        counter = self._counters.get((source, outcome))
        if counter is None:
            counter = self._metrics.deliveries.labels(source, outcome).inc
            self._counters[source, outcome] = counter
        counter()


async def _body(headers: Mapping[bytes, bytes], receive: Receive, limit: int) -> bytes:
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "cut", "the connection ended before the body did")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise _too_large(limit)
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(limit: int) -> Refusal:
    return Refusal(413, "too_large", f"the body is larger than {limit} bytes")


def _look_at(body: bytes) -> None:
    """Refuses what cannot be an alert at all, so that the sender's administrator hears of it."""
    start = body[:64].removeprefix(_BOM).lstrip(_WHITESPACE)[:1]
    if start in {b"{", b"["}:
        return
    text = body.removeprefix(_BOM).strip(_WHITESPACE)
    if not text:
        raise Refusal(400, "empty", "the body is empty")
    if text[:1] not in {b"{", b"["}:
        raise Refusal(400, "not_json", "the body does not begin like JSON")


async def _answer(send: Send, status: int, body: Mapping[str, str]) -> None:
    payload = orjson.dumps(body)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(payload)).encode()),
    ]
    if status == 503:  # noqa: PLR2004 - the HTTP status
        headers.append((b"retry-after", b"5"))
    if status == 405:  # noqa: PLR2004 - the HTTP status
        headers.append((b"allow", b"POST, PUT"))
    if status == 401:  # noqa: PLR2004 - the HTTP status
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload})
