"""Takes deliveries in: a request is answered only when the group that holds it is on disk.

The request appends itself and waits; ONE writer thread stores all that have gathered in a single
synced commit and wakes them together. Groups grow with the load by themselves.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable

from watcher.kit.log import logger
from watcher.model.delivery import Arrival
from watcher.store.base import StoreUnavailable
from watcher.store.inbox import Inbox

_MAX_WAITING_BYTES = 256 * 1024 * 1024
_MAX_GROUP = 2000
_log = logger("intake")

_Waiting = tuple[Arrival, "asyncio.Future[int]"]


class Intake:
    """The way into the inbox; `on_commit` is called on the writer thread after each commit."""

    def __init__(self, open_inbox: Callable[[], Inbox], on_commit: Callable[[], None]) -> None:
        self._open_inbox = open_inbox
        self._on_commit = on_commit
        # A deque because it may be filled and emptied by two threads without a lock.
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._ready = threading.Event()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Starts the writer; requests are answered on that event loop."""
        self._loop = loop
        self._thread.start()

    def stop(self) -> None:
        """Stores what still waits, then ends."""
        self._stopping = True
        self._ready.set()
        self._thread.join()

    async def accept(self, arrival: Arrival) -> int:
        """Stores a delivery durably and returns its id. Raises StoreUnavailable: nothing stored."""
        if self._stopping:
            raise StoreUnavailable("Watcher is stopping")
        if self._bytes > _MAX_WAITING_BYTES:
            raise StoreUnavailable("more is waiting to be stored than can be held in memory")
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._bytes += len(arrival.body)
        self._waiting.append((arrival, future))
        self._ready.set()
        try:
            return await future
        finally:
            self._bytes -= len(arrival.body)

    def _run(self) -> None:
        inbox: Inbox | None = None
        while not (self._stopping and not self._waiting):
            self._ready.wait()
            self._ready.clear()
            while group := self._take():
                inbox = self._store(inbox, group)
        if inbox is not None:
            inbox.close()

    def _take(self) -> list[_Waiting]:
        """The next group, at most as many as one commit should hold."""
        waiting = self._waiting
        return [waiting.popleft() for _ in range(min(len(waiting), _MAX_GROUP))]

    def _store(self, inbox: Inbox | None, group: list[_Waiting]) -> Inbox | None:
        try:
            inbox = inbox or self._open_inbox()
            ids = inbox.append([arrival for arrival, _ in group])
        except Exception as error:  # noqa: BLE001 - whoever waits is answered, whatever failed
            _log.warning("not stored", deliveries=len(group), error=str(error))
            self._answer(_refuse, group, StoreUnavailable(str(error)))
            return inbox
        # The worker first: when a sender has its answer, the digest knows that there is work.
        self._on_commit()
        self._answer(_resolve, group, ids)
        return inbox

    def _answer(self, how: Callable[..., None], group: list[_Waiting], what: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(how, group, what)


def _resolve(group: list[_Waiting], ids: list[int]) -> None:
    for (_, future), number in zip(group, ids, strict=True):
        if not future.done():
            future.set_result(number)


def _refuse(group: list[_Waiting], error: StoreUnavailable) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(error)
