"""A seeded store and the site over it; seeding happens once, every test gets its own copy."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from tests.web.seed import seed
from tests.web.world import World, a_portal
from watcher.store.query import Query
from watcher.store.store import Store


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """One event loop for all sites of the tests."""
    with a_portal() as portal:
        yield portal


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a closed SQLite store that holds one night."""
    directory = tmp_path_factory.mktemp("seeded")
    store = Store.open(f"sqlite:///{directory}/watcher.db")
    store.upgrade()
    seed(store)
    store.close()
    return directory


@pytest.fixture
def world(seeded: Path, tmp_path: Path, portal: BlockingPortal) -> Iterator[World]:
    """The site over its own copy of that night."""
    directory = tmp_path / "store"
    shutil.copytree(seeded, directory)
    store = Store.open(f"sqlite:///{directory}/watcher.db")
    yield World(store, portal)
    store.close()


@pytest.fixture
def deliveries(world: World) -> list[int]:
    """The ids of the night's deliveries: one understood, one dead, one of another customer."""
    with world.store.view() as view:
        return sorted(each.id for each in view.delivery_list(Query()).items)
