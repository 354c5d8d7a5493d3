"""The hooks over a real store, asked as a web server asks them: path by path, piece by piece."""

import asyncio
from collections.abc import AsyncIterator, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from tests.fakes import FakeClock
from watcher.engine.intake import Intake
from watcher.kit.metrics import Metrics
from watcher.model.delivery import Delivery
from watcher.store.base import StoreUnavailable
from watcher.store.inbox import Inbox
from watcher.store.store import Store
from watcher.web.gate import Gate, Signature, bearer
from watcher.web.hooks import Hooks

TOKEN = "s3cret-of-zabbix"
STAMP = b"x-stamp"
LIMIT = 1000
RIGHT = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}

Message = MutableMapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a sender is told."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, str]:
        answer: dict[str, str] = orjson.loads(self.body)
        return answer


def gates() -> dict[str, Gate]:
    """A source with a token, one with signed and timed bodies, one that is open."""
    name, value = bearer(TOKEN)
    signature = Signature(b"secret", timestamp_header=STAMP)
    return {
        "zabbix": Gate("zabbix", "acme", {name: (value,)}, max_body=LIMIT),
        "signed": Gate("signed", "acme", {}, signature, max_body=LIMIT),
        "lab": Gate("lab", "globex", {}, max_body=LIMIT, open=True),
    }


async def ask(
    app: Any, scope: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]
) -> list[Message]:
    """All that an ASGI application sends in answer to these messages."""
    waiting, sent = list(messages), []

    async def receive() -> Message:
        return dict(waiting.pop(0)) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(dict(scope), receive, send)
    return sent


def request(path: str, headers: Mapping[str, str], method: str = "POST") -> dict[str, Any]:
    """The scope of a request."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http", "method": method, "path": path, "headers": raw}


def pieces(*chunks: bytes) -> list[dict[str, Any]]:
    """A body as it comes in; the last piece ends it."""
    last = len(chunks) - 1
    return [
        {"type": "http.request", "body": chunk, "more_body": n < last}
        for n, chunk in enumerate(chunks)
    ]


class Hooked:
    """The hooks with three sources, and a clock that stands still unless it is moved. The inbox
    cannot be opened while `away` says why.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = FakeClock()
        self.metrics = Metrics()
        self.commits = 0
        self.away = ""
        self.intake = Intake(self._open_inbox, self._committed)
        self.app = Hooks(gates(), self.intake, self.clock, self.metrics)

    def _open_inbox(self) -> Inbox:
        if self.away:
            raise StoreUnavailable(self.away)
        return self.store.inbox(self.clock.now())

    def _committed(self) -> None:
        self.commits += 1

    async def post(
        self,
        path: str,
        *chunks: bytes,
        headers: Mapping[str, str] = RIGHT,
        method: str = "POST",
    ) -> Answer:
        """The answer to a request."""
        return await self.send(request(path, headers, method), pieces(*chunks or (b"",)))

    async def send(self, scope: Mapping[str, Any], messages: Sequence[Message]) -> Answer:
        """The answer to what a web server hands on."""
        start, body = await ask(self.app, scope, messages)
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], headers, body["body"])

    def stored(self) -> list[Delivery]:
        """The deliveries in the inbox, oldest first."""
        with self.store.begin() as tx:
            return tx.undigested(10_000, 1 << 30)

    def counted(self, source: str, outcome: str) -> float:
        """How often that came of a request to a source."""
        labels = {"source": source, "outcome": outcome}
        registry = self.metrics.registry
        return registry.get_sample_value("watcher_deliveries_total", labels) or 0.0


@asynccontextmanager
async def running(store: Store) -> AsyncIterator[Hooked]:
    """The hooks while the intake works; at the end all that waits has been stored."""
    hooked = Hooked(store)
    async with at_work(hooked.intake):
        yield hooked


@asynccontextmanager
async def at_work(intake: Intake) -> AsyncIterator[Intake]:
    """The intake at work on this event loop."""
    loop = asyncio.get_running_loop()
    intake.start(loop)
    try:
        yield intake
    finally:
        await loop.run_in_executor(None, intake.stop)
