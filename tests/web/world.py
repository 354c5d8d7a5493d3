"""The site over a real store that holds one night, for tests that talk to it as clients do."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from argon2 import PasswordHasher
from fastapi import FastAPI

from tests.web.seed import CATALOGUE, NOW, RUNBOOKS, in_force
from watcher.decide.answers import Listeners
from watcher.engine.reload import InForce
from watcher.kit.clock import Clock
from watcher.kit.metrics import Metrics
from watcher.model.answer import Verb
from watcher.model.catalogue import Catalogue
from watcher.model.concern import Watched
from watcher.model.person import Role
from watcher.model.runbook import Runbook
from watcher.store.people import Person, Token
from watcher.store.store import Store
from watcher.trackers.base import Tracker
from watcher.web.auth import digest
from watcher.web.deps import Deps
from watcher.web.site import site

PUBLIC_URL = "http://watcher.example"
PASSWORD = "correct horse"
# A hash says itself what it costs to verify; hundreds of tests log in.
_HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


class TestClock(Clock):
    """A clock that a test moves by hand."""

    __test__ = False

    def __init__(self) -> None:
        self._now = NOW

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def forward(self, **span: float) -> None:
        self._now += timedelta(**span)


class InProcess(httpx.BaseTransport):
    """Hands requests to an ASGI application that runs on the loop of the portal."""

    def __init__(self, app: FastAPI, portal: BlockingPortal) -> None:
        self._asgi = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._portal = portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._portal.call(self._answer, request)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        chunks = list(request.stream)
        same = httpx.Request(
            request.method, request.url, headers=request.headers, content=_later(chunks)
        )
        answer = await self._asgi.handle_async_request(same)
        content = await answer.aread()
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)


async def _later(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@dataclass
class World:
    """The parts of the site under test. `woken` counts how often the worker was woken."""

    store: Store
    portal: BlockingPortal
    public_url: str = PUBLIC_URL
    clock: TestClock = field(default_factory=TestClock)
    metrics: Metrics = field(default_factory=Metrics)
    rules: InForce = field(default_factory=in_force)
    catalogue: Catalogue = CATALOGUE
    runbooks: Mapping[str, Runbook] = field(default_factory=lambda: RUNBOOKS)
    listeners: Listeners = field(default_factory=lambda: {"zabbix-acme": frozenset(Verb)})
    sources: tuple[Watched, ...] = ()
    trackers: tuple[Tracker, ...] = ()
    woken: int = 0

    def __post_init__(self) -> None:
        self.app = site(
            Deps(
                store=self.store,
                clock=self.clock,
                public_url=self.public_url,
                metrics=self.metrics,
                rules=self.rules,
                catalogue=self.catalogue,
                wake=self._wake,
                runbooks=self.runbooks,
                listeners=self.listeners,
                sources=self.sources,
                trackers=self.trackers,
            )
        )

    @staticmethod
    def clock_of_tests() -> TestClock:
        """A clock of its own."""
        return TestClock()

    def _wake(self) -> None:
        self.woken += 1

    def client(self, **headers: str) -> httpx.Client:
        """Somebody who has not logged in."""
        transport = InProcess(self.app, self.portal)
        return httpx.Client(transport=transport, base_url=self.public_url, headers=headers)

    def token(self, role: Role = Role.OPERATOR, customer: str | None = None) -> str:
        """A new token; its name tells what it may do."""
        secret = f"secret-{role}-{customer}"
        name = f"{role}-of-{customer or 'all'}"
        with self.store.begin() as tx:
            tx.add_token(Token(digest(secret), name, role, customer, NOW))
        return secret

    def program(self, role: Role = Role.OPERATOR, customer: str | None = None) -> httpx.Client:
        """A program with a token."""
        return self.client(Authorization=f"Bearer {self.token(role, customer)}")

    def person(
        self, role: Role = Role.OPERATOR, customer: str | None = None, name: str = "olga"
    ) -> httpx.Client:
        """A person who has logged in with a browser."""
        with self.store.begin() as tx:
            tx.save_person(Person(name, _HASHED, role, customer, NOW))
        browser = self.client(Origin=self.public_url)
        answer = browser.post("/login", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return browser


@contextmanager
def a_portal() -> Iterator[BlockingPortal]:
    """A thread with an event loop for the application."""
    with start_blocking_portal() as portal:
        yield portal


def form_token(page: str) -> str:
    """The token that the forms of a page carry."""
    return page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
