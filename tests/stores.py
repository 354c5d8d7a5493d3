"""A migrated, empty store of each kind for tests; a conftest imports the fixtures it offers."""

import atexit
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa

from watcher.store.store import Store


@cache
def _shape() -> Path:
    """The files of a migrated, empty SQLite store, made once for each process."""
    folder = Path(tempfile.mkdtemp(prefix="shape"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    migrate(f"sqlite:///{folder}/watcher.db")
    return folder


def migrate(url: str) -> None:
    """Gives an empty database its shape."""
    opened = Store.open(url)
    opened.upgrade()
    opened.close()


def sqlite_in(folder: Path) -> str:
    """The URL of a migrated, empty SQLite store in this folder."""
    shutil.copytree(_shape(), folder, dirs_exist_ok=True)
    return f"sqlite:///{folder}/watcher.db"


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store/watcher.db"
    return cast("str", request.getfixturevalue("postgres_url"))


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated, empty database of each kind in turn."""
    if request.param == "sqlite":
        return sqlite_in(tmp_path / "store")
    return cast("str", request.getfixturevalue("shaped_postgres_url"))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A migrated, empty store of each kind in turn."""
    opened = Store.open(store_url)
    yield opened
    opened.close()


@pytest.fixture
def postgres_store(shaped_postgres_url: str) -> Iterator[Store]:
    """A migrated, empty store on PostgreSQL, for what SQLite cannot do: two writers at once."""
    opened = Store.open(shaped_postgres_url)
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
