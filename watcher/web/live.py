"""Tells listening pages that something changed, so that they can fetch themselves anew.

One task looks at the store for all listeners, and only while there are any.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from starlette.concurrency import run_in_threadpool

from watcher.kit.clock import Clock
from watcher.kit.metrics import Metrics
from watcher.store.base import StoreUnavailable
from watcher.store.store import Store

LOOK_EVERY = 1.0
# A comment now and then keeps proxies from closing a quiet line.
KEEP_ALIVE = 15.0
# The browser then comes back by itself, and proves again who asks.
_LONGEST = 600.0


class Live:
    """The changes of one store, as server-sent events."""

    def __init__(self, store: Store, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._mark: int | None = None
        self._news = asyncio.Event()
        self._listeners = 0
        self._looking: asyncio.Task[None] | None = None
        self._stopped = False

    async def events(self, since: int) -> AsyncGenerator[str, None]:
        """What a page hears that shows the state of `since`: an event for each change after it."""
        until = self._clock.monotonic() + _LONGEST
        self._join()
        try:
            yield "retry: 2000\n\n"
            while not self._stopped and self._clock.monotonic() < until:
                mark = await self._other_than(since)
                yield f"id: {mark}\nevent: changed\ndata: {mark}\n\n" if mark != since else ":\n\n"
                since = mark
        finally:
            self._leave()

    def stop(self) -> None:
        """Ends all streams, so that a server that shuts down need not wait for them."""
        self._stopped = True
        self._news.set()

    async def _other_than(self, since: int) -> int:
        """The mark as soon as it is another one, or the same after a while of silence."""
        news = self._news
        if self._mark in {None, since}:
            with suppress(TimeoutError):
                async with asyncio.timeout(KEEP_ALIVE):
                    await news.wait()
        return since if self._mark is None else self._mark

    def _join(self) -> None:
        self._listeners += 1
        self._metrics.listeners.set(self._listeners)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())

    def _leave(self) -> None:
        self._listeners -= 1
        self._metrics.listeners.set(self._listeners)
        if self._listeners == 0 and self._looking is not None:
            self._looking.cancel()
            self._looking = None
            self._mark = None

    async def _look(self) -> None:
        while True:
            with suppress(StoreUnavailable):
                mark = await run_in_threadpool(self._read)
                if mark != self._mark:
                    self._mark = mark
                    news, self._news = self._news, asyncio.Event()
                    news.set()
            await asyncio.sleep(LOOK_EVERY)

    def _read(self) -> int:
        with self._store.view() as view:
            return view.change_mark()
