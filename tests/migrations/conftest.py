"""A database of each kind, empty, and what migrations make of it."""

from collections.abc import Iterator

import pytest

from tests.stores import empty_url
from watcher.store.store import Store

__all__ = ["empty_url"]


@pytest.fixture
def store(empty_url: str) -> Iterator[Store]:
    """A store that was migrated, of each kind in turn."""
    opened = Store.open(empty_url)
    opened.upgrade()
    yield opened
    opened.close()
