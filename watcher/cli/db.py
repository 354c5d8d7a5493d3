"""`watcher db upgrade`: brings the database to the shape that this version needs."""

import typer

from watcher.cli._common import Config, fail, settings_of
from watcher.store.base import StoreError
from watcher.store.store import Store


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="The database.", no_args_is_help=True)
    group.command("upgrade")(_upgrade)
    app.add_typer(group, name="db")


def _upgrade(config: Config = None) -> None:
    """Bring the database to the present shape; safe to repeat, and on several replicas at once."""
    settings = settings_of(config, brief=True)
    try:
        store = Store.open(settings.database_url)
        before, wanted = store.revision()
        store.upgrade()
        store.close()
    except StoreError as error:
        fail(str(error))
    typer.echo(f"the database is at {wanted}" + (" already" if before == wanted else ""))
