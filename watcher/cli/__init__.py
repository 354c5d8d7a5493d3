"""The command line: one file for each command."""

import sys
from importlib import import_module

import typer

from watcher.kit.collector import loading
from watcher.kit.plugins import kinds

_PACKAGE = "watcher.cli"


def main() -> None:
    """Runs the command that is named on the command line."""
    with loading():
        app = build(sys.argv[1:2])
    app()


def build(wanted: list[str]) -> typer.Typer:
    """The command line; when a command is named, only its module is loaded, to start quickly."""
    app = typer.Typer(
        name="watcher",
        help="One prioritised, diagnosed incident before the first user calls.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def group() -> None:
        """One prioritised, diagnosed incident before the first user calls."""

    names = kinds(_PACKAGE)
    for name in wanted if set(wanted) <= set(names) and wanted else names:
        import_module(f"{_PACKAGE}.{name}").register(app)
    return app
