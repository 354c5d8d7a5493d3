"""A story over each of the two stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stores import store, store_url
from tests.stories.telling import Story, told
from watcher.store.store import Store

__all__ = ["store", "store_url", "story"]


@pytest.fixture
def story(tmp_path: Path, store: Store) -> Iterator[Story]:
    """The whole product, at midnight."""
    with told(tmp_path, store) as story:
        yield story
