"""`watcher catalogue …`: hosts and services from what exists, to review and then to use."""

from importlib import import_module

import typer

from watcher.kit.plugins import kinds


def register(group: typer.Typer) -> None:
    """Adds the group of commands."""
    app = typer.Typer(help="Hosts and services, from what exists.", no_args_is_help=True)
    for name in kinds(__name__):
        import_module(f"{__name__}.{name}").register(app)
    group.add_typer(app, name="catalogue")
