"""A configuration for every test of a command that asks for one."""

from pathlib import Path

import pytest

from tests.cli.given import Desk, desk


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """Where somebody types commands over a sound configuration."""
    return desk(tmp_path)
