"""`watcher problem …`: causes behind incidents that come back; one file for each command."""

from importlib import import_module

import typer

from watcher.kit.plugins import kinds


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="Problems: the causes behind incidents.", no_args_is_help=True)
    for name in kinds(__name__):
        import_module(f"{__name__}.{name}").register(group)
    app.add_typer(group, name="problem")
