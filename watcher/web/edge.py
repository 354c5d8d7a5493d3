"""What every request of the pages and the API passes through: limits, headers, measurements."""

from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watcher.kit.clock import Clock
from watcher.kit.metrics import Metrics

LARGEST_BODY = 256 * 1024
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: under it browsers hide the origin of a form, which the guard asks for.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_TOO_LARGE = f"a request may have {LARGEST_BODY // 1024} KiB at most"


class Edge:
    """Wraps the application: refuses large bodies, adds the headers of safety, counts and times."""

    def __init__(self, app: ASGIApp, metrics: Metrics, clock: Clock) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(self, scope, send)
        if _too_large(scope):
            refusal = JSONResponse({"error": _TOO_LARGE}, status_code=413)
            await refusal(scope, receive, answer.send)
        else:
            await self._app(scope, _limited(receive), answer.send)

    def measure(self, scope: Scope, status: int, began: float) -> None:
        """Counts an answer under its route, so that the number of time series stays small."""
        route = getattr(scope.get("route"), "path", "other")
        self._metrics.requests.labels(scope["method"], route, status).inc()
        self._metrics.request_seconds.labels(route).observe(self._clock.monotonic() - began)

    def monotonic(self) -> float:
        """The time for measuring spans."""
        return self._clock.monotonic()


class _Answer:
    """Sees an answer off."""

    def __init__(self, edge: Edge, scope: Scope, send: Send) -> None:
        self._edge = edge
        self._scope = scope
        self._send = send
        self._began = edge.monotonic()

    async def send(self, message: Message) -> None:
        """Sends a part of it on; the first one gets the headers."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
            self._edge.measure(self._scope, message["status"], self._began)
        await self._send(message)


def _too_large(scope: MutableMapping[str, Any]) -> bool:
    length = Headers(scope=scope).get("content-length", "0")
    return not length.isdecimal() or int(length) > LARGEST_BODY


def _limited(receive: Receive) -> Receive:
    """The same, but a body without a stated length ends in an error where it gets too large."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > LARGEST_BODY:
            raise HTTPException(413, _TOO_LARGE)
        return message

    return limited
