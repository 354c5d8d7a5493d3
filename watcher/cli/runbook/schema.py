"""`watcher runbook schema`: what a runbook may hold, for editors to check and complete."""

import json

import typer

from watcher.policy.runbooks.schema import schema


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("schema")(_command)


def _command() -> None:
    """Print the JSON Schema of a runbook."""
    typer.echo(json.dumps(schema(), indent=2))
