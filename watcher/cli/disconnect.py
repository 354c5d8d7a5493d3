"""`watcher disconnect …`: takes back what `watcher connect` did."""

import typer

from watcher.kit.plugins import adapter, kinds

_CONNECT = "watcher.cli.connect"


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="Take back what `watcher connect` did.", no_args_is_help=True)
    for kind in kinds(_CONNECT):
        module = adapter(_CONNECT, kind)
        if hasattr(module, "disconnect"):
            group.command(kind)(module.disconnect)
    app.add_typer(group, name="disconnect")
