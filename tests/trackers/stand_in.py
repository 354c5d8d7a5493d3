"""What the stand-ins of trackers share: they are asked over real sockets, keep what is filed, and
fail as the test tells them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.peers import Answer, Call, HttpPeer

Troubles = Callable[["Request"], Answer | None]


@dataclass(frozen=True, slots=True)
class Request:
    """One call, taken apart."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any

    @property
    def parts(self) -> list[str]:
        return [unquote(part) for part in self.path.strip("/").split("/")]


@dataclass(slots=True)
class Kept:
    """A ticket as people see it: what it is called, what it says, and its marks."""

    number: int
    title: str
    text: str
    due: str = ""
    labels: list[str] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    closed: bool = False


class StandIn(HttpPeer):
    """A tracker. `before` may answer in its place; an answer to a creation is lost `lost` times
    after it was carried out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tickets: list[Kept] = []
        self.before: Troubles = lambda _request: None
        self.lost = 0
        self._lock = Lock()
        self.url = f"http://localhost:{self.port}"

    def answer(self, call: Call) -> Answer:
        address = urlsplit(call.path)
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        is_json = call.headers.get("content-type") == "application/json"
        body = json.loads(call.body) if call.body and is_json else None
        request = Request(call.method, address.path, query, call.headers, body)
        with self._lock:
            given = self.before(request)
            if given is not None:
                return given
            many = len(self.tickets)
            said = self.reply(request)
            if len(self.tickets) > many and self.lost:
                self.lost -= 1
                return Answer(0)
            return said

    def reply(self, request: Request) -> Answer:
        """What the tracker says when it is well."""
        raise NotImplementedError

    def keep(self, ticket: Kept) -> Kept:
        """Somebody made this ticket."""
        self.tickets.append(ticket)
        return ticket

    @property
    def created(self) -> int:
        """How many calls came in that were to make something."""
        return sum(call.path.rpartition("/")[2] in self.makes for call in self.calls if call.body)

    makes: tuple[str, ...] = ()
    """Last parts of the paths by which tickets are made."""


def said(status: int, value: object = None) -> Answer:
    """An answer in JSON, without a body for None."""
    if value is None:
        return Answer(status)
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


def plain(status: int, text: str) -> Answer:
    """An answer in a few words."""
    return Answer(status, text.encode(), {"Content-Type": "text/plain"})
