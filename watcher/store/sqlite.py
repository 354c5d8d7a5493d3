"""SQLite: the state in one file, the deliveries in another, so that neither waits for the other."""

import contextlib
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import cast

import sqlalchemy as sa

from watcher.model.delivery import Arrival
from watcher.store.base import StoreError, StoreUnavailable, TooSlow, Unstorable
from watcher.store.functions import limit_reading, teach
from watcher.store.link import DELIVERY, NOTHING, Line, Link, Parameters, Shape
from watcher.store.numbers import take_ids
from watcher.store.rows import from_arrival
from watcher.store.values import Row, to_json

# How long a writer waits for another one before it gives up.
BUSY_SECONDS = 20

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA cache_size=-16384",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA temp_store=MEMORY",
)
_REFUSED = (sqlite3.DataError, sqlite3.IntegrityError, UnicodeError, OverflowError)
_TROUBLE = (sqlite3.Error, UnicodeError, OverflowError)


class SqliteDatabase:
    """The two files of one directory."""

    name = "sqlite"
    driver = "sqlite"

    def __init__(self, url: sa.URL) -> None:
        state = Path(url.database or "")
        if not state.is_absolute():
            raise ValueError("the database needs an absolute path, as in sqlite:////var/watcher.db")
        self._inbox = state.with_name(f"{state.stem}-inbox{state.suffix}")
        _make(state, self._inbox)
        self.engine = sa.create_engine(
            url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False, "uri": True}
        )
        sa.event.listen(self.engine, "connect", self._prepare)
        sa.event.listen(self.engine, "begin", _begin)
        sa.event.listen(self.engine, "checkin", _unlimit)

    def link(self, connection: sa.Connection) -> Link:
        """Speaks for a connection whose transaction has begun."""
        return SqliteLink(_raw(connection))

    def lock(self, connection: sa.Connection) -> None:
        """Takes the right to write the state before the first look at it."""
        connection.exec_driver_sql("DELETE FROM lease WHERE 0")

    def snapshot(self, connection: sa.Connection) -> sa.Connection:
        """The same connection: what only reads sees one state of the data anyway."""
        limit_reading(_raw(connection))
        return connection

    def lock_shape(self, connection: sa.Connection) -> None:
        """Takes the right to write both files before the first look at their shape.

        Nobody else gets the connection afterwards: with it the inbox can be written.
        """
        connection.exec_driver_sql("COMMIT")
        connection.detach()
        connection.exec_driver_sql("DETACH DATABASE inbox")
        connection.exec_driver_sql("ATTACH DATABASE ? AS inbox", (str(self._inbox),))
        connection.exec_driver_sql("PRAGMA inbox.journal_mode=WAL")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def line(self, stream: int) -> Line:
        """Opens the inbox for deliveries."""
        try:
            return SqliteLine(self._inbox, stream)
        except _TROUBLE as error:
            raise translated(error) from error

    def keep(self, rows: Sequence[Row]) -> None:
        """See `Database`; the intake waits shortly."""
        try:
            with contextlib.closing(_open(self._inbox)) as inbox:
                inbox.execute("BEGIN IMMEDIATE")
                inbox.executemany(_insert("delivery", DELIVERY.columns), rows)
                inbox.execute("COMMIT")
        except _TROUBLE as error:
            raise translated(error) from error

    def remove(self, deliveries: Sequence[int]) -> None:
        """See `Database`; each statement is a transaction, for which the intake waits shortly."""
        try:
            with contextlib.closing(_open(self._inbox)) as inbox:
                for first in range(0, len(deliveries), _REMOVED_AT_ONCE):
                    inbox.execute(_REMOVE, (to_json(deliveries[first : first + _REMOVED_AT_ONCE]),))
        except _TROUBLE as error:
            raise translated(error) from error

    def trouble(self, error: BaseException) -> StoreError | None:
        """The error in the store's words; None where it is a mistake of the program."""
        return trouble(error)

    def _prepare(self, connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        _set_up(connection)
        # What is attached to be written would be locked with the state, and stop the intake.
        inbox = f"{self._inbox.as_uri()}?mode=ro"
        connection.execute("ATTACH DATABASE ? AS inbox", (inbox,))
        teach(connection)


def _make(*files: Path) -> None:
    """Makes the files with their directory; what was delivered is for the owner only."""
    try:
        for file in files:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)
    except OSError as error:
        raise StoreUnavailable(f"cannot make the database: {error}") from error


def _raw(connection: sa.Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def _set_up(connection: sqlite3.Connection) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _open(inbox: Path) -> sqlite3.Connection:
    """A connection by which deliveries are written, outside of any transaction."""
    connection = sqlite3.connect(
        inbox, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        _set_up(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _unlimit(connection: sqlite3.Connection | None, _: object) -> None:
    if connection is not None:
        connection.set_progress_handler(None, 0)


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def trouble(error: BaseException) -> StoreError | None:
    """The error in the store's words; None where it is a mistake of the program."""
    if isinstance(error, _REFUSED):
        return Unstorable(f"SQLite does not take this: {error}")
    if isinstance(error, sqlite3.OperationalError) and str(error) == "interrupted":
        return TooSlow("this query takes too long: ask for less")
    if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.ProgrammingError):
        return StoreUnavailable(f"SQLite cannot work now: {error}")
    return None


def translated(error: Exception) -> Exception:
    """What to raise in the place of an error of the driver."""
    return trouble(error) or error


class SqliteLink:
    """See `Link`. Ids grow across all streams of one file, so one cursor serves them all."""

    each = "SELECT value FROM json_each(:ids)"
    cursor = "(SELECT max(digested) FROM stream)"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._cursor = connection.cursor()

    def using(self, index: str | None) -> str:
        """See `Link`."""
        return f"INDEXED BY {index}" if index else "NOT INDEXED"

    def rows(self, sql: str, parameters: Parameters = NOTHING) -> list[Row]:
        """See `Link`."""
        try:
            return self._cursor.execute(sql, parameters).fetchall()
        except _TROUBLE as error:
            raise translated(error) from error

    def run(self, sql: str, parameters: Parameters = NOTHING) -> int:
        """See `Link`."""
        try:
            return self._cursor.execute(sql, parameters).rowcount
        except _TROUBLE as error:
            raise translated(error) from error

    def find(
        self,
        shape: Shape,
        by: tuple[str, ...],
        keys: Sequence[Row],
        also: str = "",
        parameters: Parameters = NOTHING,
    ) -> list[Row]:
        """See `Link`; one statement with all keys as JSON costs less than one for each key."""
        if not keys:
            return []
        return self.rows(_find(shape, by, also), {"keys": _json(keys), **parameters})

    def upsert(self, shape: Shape, rows: Sequence[Row]) -> None:
        """See `Link`."""
        for name in shape.steady:
            at = shape.columns.index(name)
            self._many(_change(shape, name), [(row[at], *row[: len(shape.key)]) for row in rows])
        self._many(_upsert(shape), rows)

    def add(self, shape: Shape, rows: Sequence[Row]) -> int:
        """See `Link`."""
        return self._many(_add(shape), rows)

    def head(self, limit: int, max_bytes: int) -> list[Row]:
        """See `Link`; bodies are read only as far as they fit."""
        found: list[Row] = []
        size = 0
        # A cursor that is left before its end would keep the connection at an old state.
        with contextlib.closing(self._cursor.connection.cursor()) as cursor:
            try:
                for row in cursor.execute(_HEAD, {"limit": limit}):
                    size += len(row[-1])
                    if found and size > max_bytes:
                        break
                    found.append(row)
            except _TROUBLE as error:
                raise translated(error) from error
        return found

    def choose(self, heads: str, parameters: Parameters) -> list[int]:
        """See `Link`; the transaction has the whole file."""
        return [row[0] for row in self.rows(heads, parameters)]

    def _many(self, sql: str, rows: Sequence[Row]) -> int:
        try:
            return self._cursor.executemany(sql, rows).rowcount if rows else 0
        except _TROUBLE as error:
            raise translated(error) from error


_REMOVE = "DELETE FROM delivery WHERE id IN (SELECT value FROM json_each(?))"
# So few that also big ones go while a request can wait.
_REMOVED_AT_ONCE = 50

_HEAD = f"""
SELECT {", ".join(DELIVERY.columns)} FROM delivery
WHERE id > (SELECT coalesce(max(digested), 0) FROM stream) ORDER BY id LIMIT :limit
"""  # noqa: S608 – names of the schema


@lru_cache
def _find(shape: Shape, by: tuple[str, ...], also: str) -> str:
    columns = ", ".join(f"t.{name}" for name in shape.columns)
    same = [f"t.{name} = json_extract(k.value, '$[{n}]')" for n, name in enumerate(by)]
    where = " AND ".join([*same, also] if also else same)
    # A cross join keeps its order: for each key a search in the table.
    return (
        f"SELECT {columns} FROM json_each(:keys) AS k CROSS JOIN {shape.table} AS t WHERE {where}"  # noqa: S608 - names of the schema
    )


def _json(keys: Sequence[Row]) -> str:
    """The keys as JSON, in which SQLite would read a text only up to its first NUL."""
    text = to_json(keys)
    if "\\u0000" in text and any("\0" in str(part) for key in keys for part in key):
        raise Unstorable("SQLite does not take a NUL in a key")
    return text


@lru_cache
def _change(shape: Shape, column: str) -> str:
    """SQLite writes the index of every column that an update names, changed or not."""
    keys = " AND ".join(f"{name} = ?{at}" for at, name in enumerate(shape.key, 2))
    return f"UPDATE {shape.table} SET {column} = ?1 WHERE {keys} AND {column} IS NOT ?1"  # noqa: S608 - names of the schema


@lru_cache
def _upsert(shape: Shape) -> str:
    kept = {*shape.key, *shape.steady}
    news = ", ".join(f"{name} = excluded.{name}" for name in shape.columns if name not in kept)
    key = ", ".join(shape.key)
    change = f"UPDATE SET {news}" if news else "NOTHING"
    return f"{_insert(shape.table, shape.columns)} ON CONFLICT ({key}) DO {change}"


@lru_cache
def _add(shape: Shape) -> str:
    return f"{_insert(shape.table, shape.without_id)} ON CONFLICT DO NOTHING"


def _insert(table: str, columns: Sequence[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - as above


class SqliteLine:
    """See `Line`."""

    def __init__(self, file: Path, stream: int) -> None:
        self.stream = stream
        self._connection = _open(file)
        try:
            self._start_afresh()
        except sqlite3.Error:
            self.close()
            raise

    def _start_afresh(self) -> None:
        """What a failed sync may have left in the log must not come before what we promise."""
        [(busy, *_)] = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if busy:
            raise sqlite3.OperationalError("readers hold the log of the inbox")

    def write(self, arrivals: Sequence[Arrival], after: int) -> list[int]:
        """See `Line`. Inside the write lock, ids grow across all processes that share the file."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            [(newest,)] = self._connection.execute("SELECT max(id) FROM delivery").fetchall()
            after = max(after, newest or 0)
            numbers = take_ids(len(arrivals), arrivals[-1].received_at, self.stream, after)
            for first in range(0, len(numbers), _ROWS):
                numbered = zip(arrivals[first : first + _ROWS], numbers[first:], strict=False)
                rows = [from_arrival(arrival, number, self.stream) for arrival, number in numbered]
                self._connection.execute(_write(len(rows)), list(chain.from_iterable(rows)))
            self._connection.execute("COMMIT")
        except _TROUBLE as error:
            raise translated(error) from error
        return numbers

    def close(self) -> None:
        """See `Line`."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()


# After each statement this thread waits for the interpreter, which the requests keep busy.
_ROWS = 64


@lru_cache(maxsize=_ROWS)
def _write(count: int) -> str:
    row = f"({', '.join('?' * len(DELIVERY.columns))})"
    return _insert("delivery", DELIVERY.columns).removesuffix(row) + ", ".join([row] * count)
