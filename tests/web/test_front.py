"""What listens: hooks and health at once, pages and API when they have been loaded."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stores import sqlite_in
from tests.web.hooked import RIGHT, Hooked, Message, ask, pieces, request
from watcher.store.store import Store
from watcher.web.front import Front, Site
from watcher.web.hooks import Receive, Scope, Send

ALERT = b'{"name": "Disk is full"}'


async def page(_: Scope, __: Receive, send: Send) -> None:
    """A site of one page."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"a page"})


class Life:
    """The life of a server around a front: it starts, is asked, and shuts down."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._sent: asyncio.Queue[Message] = asyncio.Queue()

    async def __aenter__(self) -> "Life":
        scope = {"type": "lifespan"}
        self._task = asyncio.create_task(self.front(scope, self._messages.get, self._sent.put))
        await self._messages.put({"type": "lifespan.startup"})
        assert "lifespan.startup.complete" == (await self._sent.get())["type"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._messages.put({"type": "lifespan.shutdown"})
        assert "lifespan.shutdown.complete" == (await self._sent.get())["type"]
        await self._task

    async def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of a page."""
        start, body = await ask(self.front, request(path, {}, "GET"), pieces(b""))
        return start["status"], body["body"]

    async def post(self) -> int:
        """The status of the answer to an alert."""
        sent = await ask(self.front, request("/hooks/zabbix", RIGHT), pieces(ALERT))
        return int(sent[0]["status"])


@pytest.fixture
def hooked(tmp_path: Path) -> Hooked:
    """Hooks over an empty store."""
    store = Store.open(sqlite_in(tmp_path))
    return Hooked(store)


def live(hooked: Hooked, load: Callable[[], Any], talk: Callable[[Life], Awaitable[None]]) -> None:
    """Leads a life to its end."""

    async def whole() -> None:
        async with Life(Front(hooked.app, hooked.intake, load)) as life:
            await talk(life)

    asyncio.run(whole())
    hooked.store.close()


def test_hooks_and_health_do_not_wait_for_pages(hooked: Hooked) -> None:
    """Alerts are taken while pages are still being loaded, however long that takes."""
    loading, go_on = threading.Event(), threading.Event()

    def load() -> Any:
        loading.set()
        assert go_on.wait(30)
        return Site(page, lambda: None, lambda: None)

    async def talk(life: Life) -> None:
        asked = asyncio.create_task(life.get("/incidents"))
        while not loading.is_set():
            await asyncio.sleep(0.01)
        assert 202 == await life.post()
        assert (200, b'{"status":"alive"}') == await life.get("/healthz")
        assert not asked.done()
        go_on.set()
        assert (200, b"a page") == await asked

    live(hooked, load, talk)


def test_pages_are_loaded_once_and_by_themselves(hooked: Hooked) -> None:
    """Soon after the start, without anybody asking; all who ask share what was loaded."""
    loaded = []

    def load() -> Any:
        loaded.append(1)
        return Site(page, lambda: None, lambda: None)

    async def talk(life: Life) -> None:
        while not loaded:
            await asyncio.sleep(0.01)
        answers = await asyncio.gather(*(life.get("/") for _ in range(5)))
        assert {(200, b"a page")} == set(answers)

    live(hooked, load, talk)

    assert [1] == loaded


def test_pages_that_cannot_be_loaded_are_tried_again(hooked: Hooked) -> None:
    """Whoever asks meanwhile is told in a line, alerts are taken, and no restart is needed."""
    attempts: list[int] = []

    def load() -> Any:
        attempts.append(1)
        if len(attempts) == 1:
            raise ImportError("the disk is away")
        return Site(page, lambda: None, lambda: None)

    async def talk(life: Life) -> None:
        status, text = await life.get("/")
        life.front.hang_up()
        assert (503, True) == (status, text.startswith(b"Pages and API cannot be loaded"))
        assert 202 == await life.post()
        assert (200, b"a page") == await life.get("/")

    live(hooked, load, talk)

    assert [1, 1] == attempts


def test_listening_pages_are_hung_up_on(hooked: Hooked) -> None:
    """Once they are loaded: a stream that never ends would keep the server from stopping."""
    hung_up: list[int] = []

    async def talk(life: Life) -> None:
        life.front.hang_up()
        assert [] == hung_up
        await life.get("/")
        life.front.hang_up()

    live(hooked, lambda: Site(page, lambda: hung_up.append(1), lambda: None), talk)

    assert [1] == hung_up


def test_rules_are_read_anew_once_there_is_a_site(hooked: Hooked) -> None:
    """A site that is yet to be loaded reads them then; no site is loaded for that."""
    read: list[int] = []

    async def talk(life: Life) -> None:
        life.front.read_rules()
        assert [] == read
        await life.get("/")
        life.front.read_rules()

    live(hooked, lambda: Site(page, lambda: None, lambda: read.append(1)), talk)

    assert [1] == read


def test_whoever_goes_away_does_not_stop_the_loading(hooked: Hooked) -> None:
    """A client that gives up while pages are loaded leaves them to the next one."""

    async def talk(life: Life) -> None:
        impatient = asyncio.create_task(life.get("/"))
        await asyncio.sleep(0)
        impatient.cancel()
        assert (200, b"a page") == await life.get("/")

    live(hooked, lambda: Site(page, lambda: None, lambda: None), talk)


def test_what_waits_is_stored_before_the_end(hooked: Hooked) -> None:
    """A shutdown answers every request that it has taken in."""

    async def talk(life: Life) -> None:
        statuses = await asyncio.gather(*(life.post() for _ in range(50)))
        assert [202] * 50 == statuses
        assert 50 == len(hooked.stored())

    live(hooked, lambda: Site(page, lambda: None, lambda: None), talk)
