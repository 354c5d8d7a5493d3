"""Turns: at most so many threads at a time may do something with the same thing."""

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

from watcher.diagnostics.base import Unreachable
from watcher.model.evidence import Fault


class Turns:
    """One queue for each key, which is gone when nobody stands in it. One waits so many `seconds`,
    or as long as it takes.
    """

    def __init__(self, places: int, seconds: float | None = None, what: str = "") -> None:
        self._places = places
        self._seconds = seconds
        self._what = what
        self._queues: WeakValueDictionary[Hashable, threading.Semaphore] = WeakValueDictionary()
        self._lock = threading.Lock()

    @contextmanager
    def take(self, key: Hashable) -> Iterator[None]:
        """Waits for a turn, which lasts as long as the block. Raises Unreachable with Fault.BUSY
        where it does not come in time.
        """
        with self._lock:
            queue = self._queues.get(key) or threading.Semaphore(self._places)
            self._queues[key] = queue
        if not queue.acquire(timeout=self._seconds):
            problem = f"{self._what} for more than {self._seconds:g} s; try again later"
            raise Unreachable(problem, Fault.BUSY)
        try:
            yield
        finally:
            queue.release()
