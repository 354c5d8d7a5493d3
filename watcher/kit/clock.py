"""The one door to the time of day."""

import time
from datetime import UTC, datetime


class Clock:
    """The machine's clock; tests hand in their own."""

    def now(self) -> datetime:
        """The time now, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only grow, for measuring spans."""
        return time.monotonic()
