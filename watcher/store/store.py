"""The store: opened by its URL, brought to the present shape, read and written in transactions."""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from watcher.store.base import StoreError, StoreUnavailable
from watcher.store.inbox import Inbox
from watcher.store.link import Database
from watcher.store.postgres import PostgresDatabase
from watcher.store.sqlite import SqliteDatabase
from watcher.store.tx import Tx
from watcher.store.views import View

_DATABASES: dict[str, type[SqliteDatabase | PostgresDatabase]] = {
    "sqlite": SqliteDatabase,
    "postgresql": PostgresDatabase,
}


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
        kind = _DATABASES.get(address.get_backend_name())
        if kind is None:
            raise ValueError(f"{address.drivername} is neither sqlite nor postgresql")
        return cls(kind(address.set(drivername=kind.driver)))

    def upgrade(self) -> None:
        """Brings the database to the present shape; while several try at once, one does it.

        Raises StoreError if the database is newer than this program.
        """
        with self._connection() as connection, connection.begin():
            self._database.lock_shape(connection)
            migrations = _migrations()
            migrations.attributes["connection"] = connection
            try:
                command.upgrade(migrations, "head")
            except CommandError as error:
                raise StoreError(f"this program does not know this database: {error}") from error

    def revision(self) -> tuple[str | None, str]:
        """The shape of the database (None while it is empty), and the one that this program has."""
        head = ScriptDirectory.from_config(_migrations()).get_current_head() or ""
        with self._connection() as connection:
            return MigrationContext.configure(connection).get_current_revision(), head

    def inbox(self, now: datetime) -> Inbox:
        """A new way in for deliveries, for one thread. Raises StoreUnavailable."""
        return Inbox(self._open_stream, self._database.line, now)

    @contextlib.contextmanager
    def begin(self) -> Iterator[Tx]:
        """One write transaction, committed at the end unless an exception leaves it."""
        with self._connection() as connection, connection.begin():
            self._database.lock(connection)
            yield Tx(self._database.link(connection))

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
        try:
            with self._database.engine.connect() as connection:
                yield connection
        except sa.exc.TimeoutError as error:
            raise StoreUnavailable("all connections to the database are in use") from error
        except sa.exc.DBAPIError as error:
            found = self._database.trouble(error.orig) if error.orig else None
            raise found or error from error


def _migrations() -> Config:
    config = Config()
    # A percent sign in the path would be taken for a reference.
    folder = str(Path(__file__).with_name("migrations")).replace("%", "%%")
    config.set_main_option("script_location", folder)
    return config
