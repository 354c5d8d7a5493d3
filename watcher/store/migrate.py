"""Brings a database to the present shape, with Alembic, which only an upgrade needs to load."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from watcher.store.base import StoreError


def upgrade(connection: sa.Connection) -> None:
    """Takes every step that is still to be taken; raises StoreError for a newer database."""
    # A percent sign in the path would be taken for a reference.
    migrations = Config()
    folder = str(Path(__file__).with_name("migrations"))
    migrations.set_main_option("script_location", folder.replace("%", "%%"))
    migrations.attributes["connection"] = connection
    try:
        command.upgrade(migrations, "head")
    except CommandError as error:
        raise StoreError(f"this program does not know this database: {error}") from error
