"""What stands between Watcher and the API of a Zabbix: it lets calls through, or plays tricks."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import orjson
import requests

from tests.e2e.process import LOOPBACK, wait_for

OPEN_PROBLEMS = "problem.get"


class Trick(Enum):
    """What becomes of a call."""

    NONE = "it is let through"
    EMPTY = "no problem is open, it says"
    ERROR = "to ask for problems is an error"
    GONE = "there is no API"


@dataclass
class FrontDoor:
    """`url` is where Watcher finds the pages of Zabbix; `asked` counts calls for open problems."""

    url: str = ""
    trick: Trick = Trick.NONE
    asked: Counter[Trick] = field(default_factory=Counter)

    def play(self, trick: Trick, times: int) -> None:
        """Plays a trick on the next so many calls for open problems, then lets all through."""
        before, self.trick = self.asked[trick], trick
        try:
            wait_for(lambda: self.asked[trick] - before >= times, f"Watcher to ask: {trick.value}")
        finally:
            self.trick = Trick.NONE

    def answer(self, method: str, answer: dict[str, Any]) -> dict[str, Any]:
        """What Watcher hears of it."""
        if method != OPEN_PROBLEMS:
            return answer
        self.asked[self.trick] += 1
        if self.trick is Trick.EMPTY:
            nothing = "0" if isinstance(answer.get("result"), str) else []
            return answer | {"result": nothing}
        if self.trick is Trick.ERROR:
            error = {"code": -32500, "message": "Application error.", "data": "SQL error"}
            return {"jsonrpc": "2.0", "id": answer["id"], "error": error}
        return answer


def _handler(door: FrontDoor, api: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if door.trick is Trick.GONE:
                door.asked[door.trick] += 1
                self._say(503, b"gone")
                return
            headers = {"Content-Type": self.headers["Content-Type"]}
            with requests.Session() as session:
                session.trust_env = False  # Proxies and passwords of this machine are not for it.
                passed = session.post(api, data=body, headers=headers, timeout=60)
            method = orjson.loads(body)["method"]
            self._say(200, orjson.dumps(door.answer(method, passed.json())))

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A test's output is its verdict."""

    return Handler


@contextmanager
def front_door(zabbix: str) -> Iterator[FrontDoor]:
    """Stands before the Zabbix whose pages are there."""
    door = FrontDoor()
    handler = _handler(door, f"{zabbix}api_jsonrpc.php")
    with ThreadingHTTPServer((LOOPBACK, 0), handler) as server:
        server.daemon_threads = True
        door.url = f"http://{LOOPBACK}:{server.server_address[1]}"
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield door
        finally:
            server.shutdown()
