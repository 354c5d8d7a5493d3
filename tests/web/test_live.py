"""Pages are told of changes: by one look at the store a second, and only while they listen."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.web.seed import ENTRIES
from tests.web.world import World
from watcher.store.base import StoreUnavailable
from watcher.store.store import Store
from watcher.store.views import View
from watcher.web import live
from watcher.web.live import Live


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second is long in a test."""
    monkeypatch.setattr(live, "LOOK_EVERY", 0.02)


def _mark(world: World) -> int:
    with world.store.view() as view:
        return view.change_mark()


def _listeners(world: World) -> float | None:
    return world.metrics.registry.get_sample_value("watcher_live_listeners")


def _change(world: World) -> None:
    with world.store.begin() as tx:
        tx.add_entries(ENTRIES[:1])
        tx.save_incidents(tx.incidents([8]).values())


async def _event(events: AsyncIterator[str]) -> str:
    async with asyncio.timeout(20):
        async for event in events:
            if event.startswith("id:"):
                return event
    return "the end"


def test_every_listener_hears_of_a_change(world: World) -> None:
    """With the new mark, so that a page that comes back knows whether it missed something."""

    async def story() -> list[str]:
        stream = Live(world.store, world.clock, world.metrics)
        mark = _mark(world)
        listeners = [stream.events(mark), stream.events(mark)]
        waiting = [asyncio.create_task(_event(each)) for each in listeners]
        while _listeners(world) != 2:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(_change, world)
        heard = [await each for each in waiting]
        for each in listeners:
            await each.aclose()
        return heard

    heard = asyncio.run(story())
    mark = _mark(world)

    assert [f"id: {mark}\nevent: changed\ndata: {mark}\n\n"] * 2 == heard
    assert 0 == _listeners(world)


def test_a_page_that_is_behind_hears_of_it_at_once(world: World) -> None:
    """What changed between the making of a page and its listening is not lost."""

    async def story() -> str:
        stream = Live(world.store, world.clock, world.metrics)
        events = stream.events(0)
        event = await _event(events)
        await events.aclose()
        return event

    assert f"id: {_mark(world)}\n" in asyncio.run(story())


def test_a_server_that_ends_ends_the_streams(world: World) -> None:
    """So that it need not wait for them."""

    async def story() -> str:
        stream = Live(world.store, world.clock, world.metrics)
        events = stream.events(_mark(world))
        waiting = asyncio.create_task(_event(events))
        await asyncio.sleep(0.01)
        stream.stop()
        return await waiting

    assert "the end" == asyncio.run(story())


def test_a_quiet_line_is_kept_open_and_ends_some_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comment now and then; after ten minutes the browser has to prove again who listens."""
    monkeypatch.setattr(live, "KEEP_ALIVE", 0.01)

    async def story() -> list[str]:
        heard = []
        stream = Live(world.store, world.clock, world.metrics)
        async for event in stream.events(_mark(world)):
            heard.append(event)
            world.clock.forward(minutes=6)
        return heard

    assert ["retry: 2000\n\n", ":\n\n"] == asyncio.run(story())


class Watched(Store):
    """A store that counts the looks at it; its database is away for the first `away` of them."""

    away = 0
    looks = 0

    @contextmanager
    def view(self) -> Iterator[View]:
        self.looks += 1
        if self.looks <= self.away:
            raise StoreUnavailable("away")
        with super().view() as view:
            yield view


@pytest.fixture
def watched(seeded: Path) -> Iterator[Watched]:
    """The same night in such a store."""
    store = Watched.open(f"sqlite:///{seeded}/watcher.db")
    assert isinstance(store, Watched)
    yield store
    store.close()


def test_a_database_that_is_away_is_asked_again(world: World, watched: Watched) -> None:
    """Listeners hear nothing meanwhile, and of the change afterwards."""
    watched.away = 3

    async def story() -> str:
        events = Live(watched, world.clock, world.metrics).events(0)
        event = await _event(events)
        await events.aclose()
        return event

    assert f"id: {_mark(world)}\n" in asyncio.run(story())


def test_a_page_that_joins_others_hears_what_they_know(world: World, watched: Watched) -> None:
    """It need not wait for the next look."""
    mark = _mark(world)

    async def story() -> str:
        stream = Live(watched, world.clock, world.metrics)
        patient, late = stream.events(mark), stream.events(0)
        waiting = asyncio.create_task(_event(patient))
        while watched.looks < 3:
            await asyncio.sleep(0.01)
        event = await _event(late)
        stream.stop()
        await waiting
        await patient.aclose()
        await late.aclose()
        return event

    assert f"id: {mark}\n" in asyncio.run(story())


def test_whoever_may_see_incidents_may_listen(world: World) -> None:
    """As server-sent events, from where the page or the browser stopped."""
    world.app.state.live.stop()
    answer = world.person().get("/live?since=1", headers={"Last-Event-ID": "2"})

    assert ("retry: 2000\n\n", 200) == (answer.text, answer.status_code)
    assert answer.headers["content-type"].startswith("text/event-stream")
