"""PostgreSQL: sets go in as arrays, one statement for each, and come out in binary form."""

import contextlib
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

import psycopg
import sqlalchemy as sa

from watcher.model.delivery import Arrival
from watcher.store.base import StoreError, StoreUnavailable, TooSlow, Unstorable
from watcher.store.link import DELIVERY, NOTHING, Line, Link, Parameters, Shape
from watcher.store.numbers import take_ids
from watcher.store.rows import from_arrival
from watcher.store.values import Row

# Finds out soon when the server has gone without a word.
_KEEPALIVE = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "application_name": "watcher",
}

# A replica that hangs in a transaction must not hold up the others; a step of the engine ends by
# itself; and "off" would break the promise that an answered delivery is on disk.
_SESSION = """
SELECT set_config('idle_in_transaction_session_timeout', '60s', false),
       set_config('lock_timeout', '20s', false),
       set_config('statement_timeout', '0', false),
       set_config('jit', 'off', false),
       set_config('synchronous_commit',
                  replace(current_setting('synchronous_commit'), 'off', 'on'), false)
"""
_MIGRATION_LOCK = 0x57415443
_REFUSED = (psycopg.DataError, psycopg.IntegrityError, UnicodeError)
_GONE = (psycopg.OperationalError, psycopg.InternalError, psycopg.InterfaceError)
_TROUBLE = (psycopg.Error, UnicodeError)


class PostgresDatabase:
    """One database, shared by all replicas."""

    name = "postgresql"
    driver = "postgresql+psycopg"

    def __init__(self, url: sa.URL) -> None:
        settings = {name: value for name, value in _KEEPALIVE.items() if name not in url.query}
        self.engine = sa.create_engine(
            url, connect_args=settings, pool_pre_ping=True, pool_use_lifo=True
        )
        sa.event.listen(self.engine, "connect", _prepare)

    def link(self, connection: sa.Connection) -> Link:
        """Speaks for a connection whose transaction has begun."""
        return PostgresLink(_driver(connection.connection))

    def lock(self, connection: sa.Connection) -> None:
        """Nothing: rows are locked one by one."""

    def snapshot(self, connection: sa.Connection) -> sa.Connection:
        """The same connection, set to read one state of the data only."""
        return connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    def lock_shape(self, connection: sa.Connection) -> None:
        """Keeps every other process from migrating until the transaction ends."""
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")

    def line(self, stream: int) -> Line:
        """Opens the way in for deliveries of a stream."""
        try:
            pooled = self.engine.raw_connection()
            connection = _driver(pooled)
            pooled.detach()
            return PostgresLine(connection, stream)
        except _TROUBLE as error:
            raise translated(error) from error

    def keep(self, rows: Sequence[Row]) -> None:
        """See `Database`."""
        with self.engine.begin() as connection:
            self.link(connection).upsert(DELIVERY, rows)

    def remove(self, deliveries: Sequence[int]) -> None:
        """See `Database`."""
        with self.engine.begin() as connection:
            self.link(connection).run(_REMOVE, {"ids": list(deliveries)})

    def trouble(self, error: BaseException) -> StoreError | None:
        """The error in the store's words; None where it is a mistake of the program."""
        return trouble(error)


def _prepare(connection: psycopg.Connection, _: object) -> None:
    connection.autocommit = True
    connection.execute(_SESSION)
    connection.autocommit = False


def _driver(connection: sa.PoolProxiedConnection) -> psycopg.Connection:
    return cast("psycopg.Connection", connection.driver_connection)


def trouble(error: BaseException) -> StoreError | None:
    """The error in the store's words; None where it is a mistake of the program."""
    if isinstance(error, _REFUSED):
        return Unstorable(f"PostgreSQL does not take this: {_words(error)}")
    if isinstance(error, psycopg.errors.QueryCanceled):
        return TooSlow("this query takes too long: ask for less")
    if isinstance(error, _GONE):
        return StoreUnavailable(f"PostgreSQL cannot work now: {_words(error)}")
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return StoreUnavailable(f"the database is older than this program: {_words(error)}")
    return None


def _words(error: BaseException) -> str:
    """The first line: what follows may quote a row."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def translated(error: Exception) -> Exception:
    """What to raise in the place of an error of the driver."""
    return trouble(error) or error


class PostgresLink:
    """See `Link`."""

    each = "SELECT value::int8 FROM json_array_elements_text(CAST(:ids AS json))"
    cursor = "stream.digested"

    def __init__(self, connection: psycopg.Connection) -> None:
        self._cursor = connection.cursor(binary=True)

    def using(self, index: str | None) -> str:
        """See `Link`; this planner knows."""
        return ""

    def rows(self, sql: str, parameters: Parameters = NOTHING) -> list[Row]:
        """See `Link`."""
        return self._execute(_own(sql), parameters).fetchall()

    def run(self, sql: str, parameters: Parameters = NOTHING) -> int:
        """See `Link`."""
        return self._execute(_own(sql), parameters).rowcount

    def find(
        self,
        shape: Shape,
        by: tuple[str, ...],
        keys: Sequence[Row],
        also: str = "",
        parameters: Parameters = NOTHING,
    ) -> list[Row]:
        """See `Link`; locks in the order of the primary key, as every writer does."""
        if not keys:
            return []
        sets = dict(zip(by, map(list, zip(*keys, strict=True)), strict=True))
        return self._execute(_find(shape, by, also), {**sets, **parameters}).fetchall()

    def upsert(self, shape: Shape, rows: Sequence[Row]) -> None:
        """See `Link`."""
        if rows:
            self._execute(_upsert(shape), _arrays(shape.columns, rows))

    def add(self, shape: Shape, rows: Sequence[Row]) -> int:
        """See `Link`."""
        if not rows:
            return 0
        return self._execute(_add(shape), _arrays(shape.without_id, rows)).rowcount

    def head(self, limit: int, max_bytes: int) -> list[Row]:
        """See `Link`; each stream gives its oldest, since ids grow only within a stream."""
        return self._execute(_HEAD, {"limit": limit, "max_bytes": max_bytes}).fetchall()

    def choose(self, heads: str, parameters: Parameters) -> list[int]:
        """See `Link`; rows that another transaction has are passed over."""
        return [number for (number,) in self.rows(_LANES.format(heads=heads), parameters)]

    def _execute(self, sql: str, parameters: Parameters) -> psycopg.Cursor[Any]:
        try:
            return self._cursor.execute(sql.encode(), parameters)
        except _TROUBLE as error:
            raise translated(error) from error


# Locking the row keeps a second claimer off the same action, locking the lane off its neighbours.
_LANES = """
SELECT id FROM ({heads} FOR UPDATE OF a SKIP LOCKED) AS head
WHERE pg_try_advisory_xact_lock(hashtext('lane'), hashtext(incident || ' ' || lane))
"""

_REMOVE = "DELETE FROM delivery WHERE id = ANY(:ids)"

# The sizes are summed before a body is read.
_HEAD = f"""
WITH oldest AS (
    SELECT d.id, d.size FROM stream AS s CROSS JOIN LATERAL (
        SELECT id, octet_length(body) AS size FROM delivery
        WHERE stream = s.id AND id > s.digested ORDER BY id LIMIT %(limit)s
    ) AS d ORDER BY d.id LIMIT %(limit)s
), fitting AS (
    SELECT id FROM (
        SELECT id, row_number() OVER w AS place, sum(size) OVER w AS total
        FROM oldest WINDOW w AS (ORDER BY id)
    ) AS summed WHERE place = 1 OR total <= %(max_bytes)s
)
SELECT {", ".join(DELIVERY.columns)} FROM fitting JOIN delivery USING (id) ORDER BY id
"""  # noqa: S608 - names of the schema


@lru_cache
def _own(sql: str) -> str:
    """The statement with parameters as psycopg writes them."""
    return re.sub(r"(?<!:):(\w+)", r"%(\1)s", sql)


@lru_cache
def _find(shape: Shape, by: tuple[str, ...], also: str) -> str:
    columns = ", ".join(f"t.{name}" for name in shape.columns)
    same = " AND ".join(f"t.{name} = k.{name}" for name in by)
    order = ", ".join(f"t.{name}" for name in shape.key)
    where = f"WHERE {_own(also)}" if also else ""
    # A lock writes to every row that it locks.
    lock = "FOR UPDATE OF t" if shape.shared else ""
    return f"""
    SELECT {columns} FROM {_unnest(shape, by)} AS k ({", ".join(by)})
    JOIN {shape.table} AS t ON {same} {where} ORDER BY {order} {lock}
    """  # noqa: S608 - names of the schema


@lru_cache
def _upsert(shape: Shape) -> str:
    news = ", ".join(f"{name} = excluded.{name}" for name in shape.columns if name not in shape.key)
    key = ", ".join(shape.key)
    change = f"UPDATE SET {news}" if news else "NOTHING"
    return f"{_insert(shape, shape.columns)} ON CONFLICT ({key}) DO {change}"


@lru_cache
def _add(shape: Shape) -> str:
    return f"{_insert(shape, shape.without_id)} ON CONFLICT DO NOTHING"


def _insert(shape: Shape, columns: tuple[str, ...]) -> str:
    names = ", ".join(columns)
    rows = _unnest(shape, columns)
    return f"INSERT INTO {shape.table} ({names}) SELECT * FROM {rows}"  # noqa: S608 - as above


def _unnest(shape: Shape, columns: tuple[str, ...]) -> str:
    return f"unnest({', '.join(f'%({name})b::{shape.types[name]}[]' for name in columns)})"


def _arrays(columns: tuple[str, ...], rows: Sequence[Row]) -> dict[str, list[Any]]:
    return dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))


_WRITE = _insert(DELIVERY, DELIVERY.columns)


class PostgresLine:
    """See `Line`."""

    def __init__(self, connection: psycopg.Connection, stream: int) -> None:
        self.stream = stream
        self._connection = connection
        self._connection.autocommit = True

    def write(self, arrivals: Sequence[Arrival], after: int) -> list[int]:
        """See `Line`. One statement is one transaction, in one round trip."""
        numbers = take_ids(len(arrivals), arrivals[-1].received_at, self.stream, after)
        rows = [
            from_arrival(arrival, number, self.stream)
            for arrival, number in zip(arrivals, numbers, strict=True)
        ]
        try:
            self._connection.execute(_WRITE.encode(), _arrays(DELIVERY.columns, rows))
        except _TROUBLE as error:
            raise translated(error) from error
        return numbers

    def close(self) -> None:
        """See `Line`."""
        with contextlib.suppress(psycopg.Error):
            self._connection.close()
