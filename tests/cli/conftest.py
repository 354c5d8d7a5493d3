"""A configuration for every test of a command that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.cli.given import Desk, desk


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """Where somebody types commands over a sound configuration."""
    return desk(tmp_path)


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """A command sets up the log for its own process, of which the next test is no part."""
    yield
    structlog.reset_defaults()
