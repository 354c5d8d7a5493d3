"""`watcher rules …`: what rule authors try before they dare; one file for each command."""

from importlib import import_module

import typer

from watcher.kit.plugins import kinds


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="The rules.", no_args_is_help=True)
    for name in kinds(__name__):
        import_module(f"{__name__}.{name}").register(group)
    app.add_typer(group, name="rules")
