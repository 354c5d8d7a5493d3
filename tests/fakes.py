"""What stands in for the world in tests: a clock whose hands the test moves."""

from datetime import UTC, datetime, timedelta

from watcher.kit.clock import Clock

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


class FakeClock(Clock):
    """Shows `now` until it is advanced."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._seconds

    def advance(self, by: timedelta) -> datetime:
        """Moves the hands on; returns what the clock shows then."""
        self._now += by
        self._seconds += by.total_seconds()
        return self._now
