"""A stand-in for Alertmanager and the Prometheus behind it, for the moments that the real one of
the end-to-end tests cannot be brought to.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from tests.monitors.given import NOW
from tests.monitors.grafana_alerts import fingerprint, short

_SILENCE = {"matchers", "startsAt", "endsAt", "createdBy", "comment"}


@dataclass
class AlertmanagerServer:
    """What it says, which tests write; `authorization` is what it wants to be shown."""

    alerts: list[dict[str, Any]] = field(default_factory=list)
    receivers: tuple[str, ...] = ("watcher", "pager")
    started_at: datetime = NOW - timedelta(days=3)
    rules: list[dict[str, Any]] = field(default_factory=list)
    rules_status: str = "success"
    silences: list[dict[str, Any]] = field(default_factory=list)
    authorization: str | None = None
    url: str = ""

    def fires(self, started_at: datetime, *receivers: str, **labels: str) -> dict[str, Any]:
        """An alert of these labels fires; returns the alert as a webhook carries it."""
        posted = {
            "labels": labels,
            "annotations": {"summary": "it is down"},
            "startsAt": short(started_at),
            "generatorURL": "http://prometheus:9090/graph",
            "fingerprint": fingerprint(labels),
        }
        shown = {
            **posted,
            "endsAt": short(started_at + timedelta(hours=1)),
            "updatedAt": short(started_at),
            "receivers": [{"name": name} for name in receivers or ("watcher",)],
            "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        }
        self.alerts.append(shown)
        exact = f"{started_at:%Y-%m-%dT%H:%M:%S.%f}789Z"
        return {**posted, "startsAt": exact, "endsAt": "0001-01-01T00:00:00Z", "status": "firing"}

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """What it says to a call."""
        if (method, path) == ("POST", "/api/v2/silences") and set(body) == _SILENCE:
            self.silences.append({**body, "id": "1-2", "status": {"state": "active"}})
            return 200, {"silenceID": "1-2"}
        groups = [{"name": "all", "file": "rules.yaml", "rules": self.rules}]
        found = {
            "/api/v2/alerts": self.alerts,
            "/api/v2/receivers": [{"name": name} for name in self.receivers],
            "/api/v2/status": {"uptime": short(self.started_at)},
            "/api/v2/silences": self.silences,
            "/api/v1/rules?type=alert": {"status": self.rules_status, "data": {"groups": groups}},
        }
        if method == "GET" and path in found:
            return 200, found[path]
        return 404, f"no {method} {path}"


@contextmanager
def running_alertmanager(**given: Any) -> Iterator[AlertmanagerServer]:
    """One on a free port."""
    server = AlertmanagerServer(**given)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, value = 401, "who are you?"
            if server.authorization in {None, self.headers.get("Authorization")}:
                body = json.loads(raw) if raw else None
                status, value = server.answer(self.command, self.path, body)
            text = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """A test's output is its verdict."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    server.url = f"http://127.0.0.1:{listener.server_address[1]}"
    Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
