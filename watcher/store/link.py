"""What the two databases say differently, behind one face.

Statements are written once, with `:name` for a parameter; each database puts it in its own form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from watcher.store import schema
from watcher.store.base import StoreError
from watcher.store.values import Row

Parameters = Mapping[str, Any]
NOTHING: Parameters = {}

_TYPES = {str: "text", bool: "boolean", bytes: "bytea", int: "int8", float: "float8"}


@dataclass(frozen=True, eq=False)
class Shape:
    """What statements about a table need to know of it; `types` are PostgreSQL's names, `steady`
    the indexed columns that seldom change. `shared` are rows that others than the digest write.
    """

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    types: Mapping[str, str]
    steady: tuple[str, ...] = ()
    shared: bool = False

    @classmethod
    def of(cls, table: sa.Table) -> "Shape":
        """The shape of a table of the schema."""
        return cls(
            table.name,
            tuple(column.name for column in table.primary_key.columns),
            tuple(column.name for column in table.columns),
            {column.name: _TYPES[column.type.python_type] for column in table.columns},
            tuple(column.name for column in table.columns if column.info is schema.STEADY),
            table in {schema.article, schema.incident, schema.problem, schema.verdict},
        )

    @property
    def without_id(self) -> tuple[str, ...]:
        """The columns of a row whose id the database gives."""
        return self.columns[1:]


DELIVERY = Shape.of(schema.delivery)
ALERT = Shape.of(schema.alert)
OCCURRENCE = Shape.of(schema.occurrence)
INCIDENT = Shape.of(schema.incident)
ENTRY = Shape.of(schema.entry)
ACTION = Shape.of(schema.action)
EXAMPLE = Shape.of(schema.example)
RUN = Shape.of(schema.run)
PROBLEM = Shape.of(schema.problem)
PROBLEM_ENTRY = Shape.of(schema.problem_entry)
TIE = Shape.of(schema.tie)
SIGNATURE = Shape.of(schema.signature)
TRAIT = Shape.of(schema.trait)
DEPLOYMENT = Shape.of(schema.deployment)
TRAIT_COUNT = Shape.of(schema.trait_count)
VERDICT = Shape.of(schema.verdict)


class Link(Protocol):
    """One connection in one transaction. Raises StoreUnavailable or Unstorable.

    `each` yields the members of the JSON list `:ids`, and `cursor` the id up to which a `stream`
    has been digested.
    """

    each: str
    cursor: str

    def using(self, index: str | None) -> str:
        """Tells a planner that knows no statistics to search by an index, or (None) by the id."""

    def rows(self, sql: str, parameters: Parameters = NOTHING) -> list[Row]:
        """All rows that a statement gives back."""

    def run(self, sql: str, parameters: Parameters = NOTHING) -> int:
        """The number of rows that a statement changed."""

    def find(
        self,
        shape: Shape,
        by: tuple[str, ...],
        keys: Sequence[Row],
        also: str = "",
        parameters: Parameters = NOTHING,
    ) -> list[Row]:
        """The rows whose columns `by` are one of the keys; shared ones stay locked to the end."""

    def upsert(self, shape: Shape, rows: Sequence[Row]) -> None:
        """Puts rows in the place of those with the same primary key, if any."""

    def add(self, shape: Shape, rows: Sequence[Row]) -> int:
        """Adds rows without their id, but not those with a known unique key; returns how many."""

    def head(self, limit: int, max_bytes: int) -> list[Row]:
        """The oldest deliveries that no digest has seen, at least one if there is any."""

    def choose(self, heads: str, parameters: Parameters) -> list[int]:
        """The ids of a query for (id, incident, lane), with their lanes locked to others."""


class Line(Protocol):
    """The one connection by which deliveries come in, in one stream."""

    stream: int

    def write(self, arrivals: Sequence[Any], after: int) -> list[int]:
        """Stores them all, synced, or nothing; returns their ids, all greater than `after`."""

    def close(self) -> None:
        """Lets go of the connection; never raises."""


class Database(Protocol):
    """One of the two databases."""

    name: str
    engine: sa.Engine

    def link(self, connection: sa.Connection) -> Link:
        """Speaks for a connection whose transaction has begun."""

    def lock(self, connection: sa.Connection) -> None:
        """Takes the right to write, where only one may have it."""

    def snapshot(self, connection: sa.Connection) -> sa.Connection:
        """The same connection, set to read one state of the data only."""

    def lock_shape(self, connection: sa.Connection) -> None:
        """Keeps every other process from migrating until the transaction ends."""

    def line(self, stream: int) -> Line:
        """Opens the way in for deliveries of a stream."""

    def keep(self, rows: Sequence[Row]) -> None:
        """Stores deliveries that have an id, in one transaction."""

    def remove(self, deliveries: Sequence[int]) -> None:
        """Removes deliveries, without ever holding up those that come in."""

    def trouble(self, error: BaseException) -> StoreError | None:
        """The error in the store's words; None where it is a mistake of the program."""
