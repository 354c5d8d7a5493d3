"""What SQLite is taught for lists, and how long it may read."""

import sqlite3

import orjson

from watcher.decide.pattern import compiled
from watcher.kit.clock import Clock
from watcher.store.values import from_micros

# A query that needs longer than this is refused, on both databases.
PATIENCE_SECONDS = 5
_STEPS_BETWEEN_LOOKS = 10_000


def teach(connection: sqlite3.Connection) -> None:
    """Functions that PostgreSQL has of itself."""
    connection.create_function("matches", 2, _matches, deterministic=True)
    connection.create_function("label", 2, _label, deterministic=True)
    connection.create_function("moment", 1, _moment, deterministic=True)


def limit_reading(connection: sqlite3.Connection, seconds: float = PATIENCE_SECONDS) -> None:
    """Interrupts whatever still runs on the connection after a while from now."""
    clock = Clock()
    until = clock.monotonic() + seconds
    connection.set_progress_handler(lambda: clock.monotonic() > until, _STEPS_BETWEEN_LOOKS)


def _matches(text: str, pattern: str) -> bool:
    return compiled(pattern).matches(text)


def _label(labels: str, name: str) -> str | None:
    found: dict[str, str] = orjson.loads(labels)
    return found.get(name)


def _moment(micros: int | None) -> str | None:
    return None if micros is None else from_micros(micros).isoformat().replace("+00:00", "Z")
