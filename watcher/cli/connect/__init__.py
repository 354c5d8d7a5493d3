"""`watcher connect …`: has a monitoring system send to Watcher; one file for each kind.

Such a file offers the command `connect`, and `disconnect` where it can be taken back.
"""

import typer

from watcher.kit.plugins import adapter, kinds


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(
        help="Have a monitoring system send to Watcher, and take its answers.",
        no_args_is_help=True,
    )
    for kind in kinds(__name__):
        group.command(kind)(adapter(__name__, kind).connect)
    app.add_typer(group, name="connect")
