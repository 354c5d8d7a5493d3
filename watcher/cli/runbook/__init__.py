"""`watcher runbook …`: what runbook authors write and try with; one file for each command."""

from importlib import import_module

import typer

from watcher.kit.plugins import kinds


def register(group: typer.Typer) -> None:
    """Adds the group of commands."""
    app = typer.Typer(help="The runbooks.", no_args_is_help=True)
    for name in kinds(__name__):
        import_module(f"{__name__}.{name}").register(app)
    group.add_typer(app, name="runbook")
