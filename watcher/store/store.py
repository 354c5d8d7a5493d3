"""The store: opened by its URL, brought to the present shape, read and written in transactions."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import sqlalchemy as sa

from watcher.model.delivery import Arrival
from watcher.store import archive
from watcher.store.base import StoreUnavailable
from watcher.store.inbox import Inbox
from watcher.store.link import Database
from watcher.store.migrations import versions
from watcher.store.tx import Tx
from watcher.store.views import View

if TYPE_CHECKING:
    from watcher.store.postgres import PostgresDatabase
    from watcher.store.sqlite import SqliteDatabase

_REVISION = "SELECT version_num FROM alembic_version"


class Store:
    """One database, SQLite or PostgreSQL; safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url: str) -> "Store":
        """The store at `sqlite:////absolute/file.db` (its directory is made) or
        `postgresql://...`. Raises ValueError for any other URL.
        """
        try:
            address = sa.make_url(url)
        except sa.exc.ArgumentError:
            raise ValueError("this is not the URL of a database") from None
        name = address.get_backend_name()
        if name not in {"sqlite", "postgresql"}:
            raise ValueError(f"{address.drivername} is neither sqlite nor postgresql")
        kind = _kind(name)
        return cls(kind(address.set(drivername=kind.driver)))

    def upgrade(self) -> None:
        """Brings the database to the present shape; while several try at once, one does it.

        Raises StoreError if the database is newer than this program.
        """
        with self._connection() as connection, connection.begin():
            # Alembic takes a tenth of a second and of the memory; most starts do without.
            from watcher.store.migrate import upgrade  # noqa: PLC0415 - see above

            self._database.lock_shape(connection)
            upgrade(connection)

    def revision(self) -> tuple[str | None, str]:
        """The shape of the database (None while it is empty), and the one that this program has."""
        # A step is named after its revision: m0001_first_shape.
        newest = max(step.name for step in iter_modules(versions.__path__))
        with self._connection() as connection:
            present = None
            if sa.inspect(connection).has_table("alembic_version"):
                present = connection.exec_driver_sql(_REVISION).scalar()
            return present, newest[1:].partition("_")[0]

    def inbox(self, now: datetime) -> Inbox:
        """A new way in for deliveries, for one thread. Raises StoreUnavailable."""
        return Inbox(self._open_stream, self._database.line, now)

    @contextlib.contextmanager
    def begin(self) -> Iterator[Tx]:
        """One write transaction, committed at the end unless an exception leaves it."""
        with self._connection() as connection, connection.begin():
            self._database.lock(connection)
            yield Tx(self._database.link(connection))

    def expire_deliveries(self, before: datetime, limit: int) -> int:
        """Removes the oldest deliveries from before then, at most `limit`; returns how many.

        One that waits for its digest, also because somebody wants it digested again, stays.
        """
        with self.begin() as tx:
            old = tx.forget_deliveries(before, limit)
        if old:
            with self._own_words():
                self._database.remove(old)
        return len(old)

    def archive(self, arrivals: Sequence[Arrival]) -> int:
        """Keeps what tells of the past, as received when it happened, and in that order; nothing
        digests it. Returns how much of it was not kept before.
        """
        fresh = []
        if arrivals:
            with self._connection() as connection, connection.begin():
                fresh = archive.fresh(self._database.link(connection), arrivals)
        if fresh:
            with self._own_words():
                self._database.keep(fresh)
        return len(fresh)

    @contextlib.contextmanager
    def view(self) -> Iterator[View]:
        """Reads one state of the data, whatever is written meanwhile."""
        with self._connection() as connection:
            snapshot = self._database.snapshot(connection)
            with snapshot.begin():
                yield View(self._database.link(snapshot), self._database.name)

    def close(self) -> None:
        """Lets go of all connections."""
        self._database.engine.dispose()

    def _open_stream(self, now: datetime) -> tuple[int, int]:
        with self.begin() as tx:
            return tx.open_stream(now)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        with self._own_words(), self._database.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def _own_words(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.TimeoutError as error:
            raise StoreUnavailable("all connections to the database are in use") from error
        except sa.exc.DBAPIError as error:
            found = self._database.trouble(error.orig) if error.orig else None
            raise found or error from error


def _kind(name: str) -> "type[SqliteDatabase | PostgresDatabase]":
    # Only one driver is loaded: each is a tenth of the time of a start, and of its memory.
    if name == "sqlite":
        from watcher.store.sqlite import SqliteDatabase  # noqa: PLC0415 - see above

        return SqliteDatabase
    from watcher.store.postgres import PostgresDatabase  # noqa: PLC0415 - see above

    return PostgresDatabase
