"""Where deliveries come in: many at once in one synced commit, in the order of their ids."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from watcher.model.delivery import Arrival
from watcher.store.link import Line

# A stream is not written to after this; retention forgets streams only when they are much older.
STREAM_LIFE = timedelta(days=1)


class Inbox:
    """The way in of one process, for one thread. Each connection is a stream of its own: what a
    broken one may still bring to an end never comes behind a cursor that has moved on.
    """

    def __init__(self, open_line: Callable[[datetime], tuple[Line, int]], now: datetime) -> None:
        self._open_line = open_line
        self._opened_at = now
        self._line: Line | None = None
        self._last = 0
        self._ready(now)

    def append(self, arrivals: Sequence[Arrival]) -> list[int]:
        """Stores them all and returns their ids, or stores none and raises StoreUnavailable.

        They are on disk when this returns. After an error the next call starts with a new
        connection.
        """
        if not arrivals:
            return []
        line = self._ready(arrivals[-1].received_at)
        try:
            numbers = line.write(arrivals, self._last)
        except BaseException:
            self.close()
            raise
        self._last = numbers[-1]
        return numbers

    def close(self) -> None:
        """Lets go of the connection."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _ready(self, now: datetime) -> Line:
        if self._line is not None and now - self._opened_at > STREAM_LIFE:
            self.close()
        if self._line is None:
            self._line, last = self._open_line(now)
            self._last = max(self._last, last)
            self._opened_at = now
        return self._line
