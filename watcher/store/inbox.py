"""Where deliveries come in: many at once in one synced commit, in the order of their ids."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from watcher.model.delivery import Arrival
from watcher.store.link import Line

# A stream is not written to after this; retention forgets streams only when they are much older.
STREAM_LIFE = timedelta(days=1)

OpenStream = Callable[[datetime], tuple[int, int]]
OpenLine = Callable[[int], Line]


class Inbox:
    """The way in of one process, for one thread.

    A stream that has been written to ends with its connection: what a broken connection may still
    bring to an end does not come behind a cursor that has moved on.
    """

    def __init__(self, open_stream: OpenStream, open_line: OpenLine, now: datetime) -> None:
        self._open_stream = open_stream
        self._open_line = open_line
        self._stream: int | None = None
        self._line: Line | None = None
        self._opened_at = now
        self._written = False
        self._last = 0
        self._ready(now)

    def append(self, arrivals: Sequence[Arrival]) -> list[int]:
        """Stores them all and returns their ids, or stores none and raises StoreUnavailable.

        They are on disk when this returns. After an error the next call starts with a new
        connection. (A commit whose sync failed may come to light later: at least once, never less.)
        """
        if not arrivals:
            return []
        line = self._ready(arrivals[-1].received_at)
        try:
            numbers = line.write(arrivals, self._last)
        except BaseException:
            self._let_go(for_good=self._written)
            raise
        self._last = numbers[-1]
        self._written = True
        return numbers

    def close(self) -> None:
        """Lets go of the connection."""
        self._let_go(for_good=True)

    def _ready(self, now: datetime) -> Line:
        if now - self._opened_at > STREAM_LIFE:
            self._let_go(for_good=True)
        if self._stream is None:
            self._stream, last = self._open_stream(now)
            self._last = max(self._last, last)
            self._opened_at = now
            self._written = False
        if self._line is None:
            self._line = self._open_line(self._stream)
        return self._line

    def _let_go(self, *, for_good: bool) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
        if for_good:
            self._stream = None
