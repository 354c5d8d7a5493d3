"""A migrated, empty store of each kind for tests; a conftest imports the fixtures it offers."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa

from watcher.store.store import Store


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store/watcher.db"
    return cast("str", request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A migrated, empty store of each kind in turn."""
    opened = Store.open(store_url)
    opened.upgrade()
    yield opened
    opened.close()


@pytest.fixture
def postgres_store(postgres_url: str) -> Iterator[Store]:
    """A migrated, empty store on PostgreSQL, for what SQLite cannot do: two writers at once."""
    opened = Store.open(postgres_url)
    opened.upgrade()
    yield opened
    opened.close()


def peek(store: Store, statement: str) -> list[tuple[Any, ...]]:
    """What a statement finds, past the interface of the store."""
    with store._database.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


@contextlib.contextmanager
def poke(store: Store) -> Iterator[sa.Connection]:
    """A transaction that may write everything, with the locks of an upgrade."""
    with store._database.engine.connect() as connection, connection.begin():
        store._database.lock_shape(connection)
        yield connection
