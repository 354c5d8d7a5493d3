"""`watcher token create`: prints a token for a program that uses the API."""

from typing import Annotated

import typer

from watcher.cli._common import Config, check_customer, check_name, settings_of, store_of
from watcher.kit.clock import Clock
from watcher.model.person import Role
from watcher.store.people import Token
from watcher.web.auth import digest, new_secret


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="Tokens for programs.", no_args_is_help=True)
    group.command("create")(_create)
    app.add_typer(group, name="token")


def _create(
    role: Annotated[Role, typer.Option(help="What the token allows.")],
    customer: Annotated[str | None, typer.Option(help="Show this customer's only.")] = None,
    name: Annotated[str, typer.Option(help="What it is for.")] = "api",
    config: Config = None,
) -> None:
    """Print a new token, which is shown only this once."""
    check_name(name)
    settings = settings_of(config)
    check_customer(settings, customer)
    secret = new_secret()
    token = Token(digest(secret), name, role, customer, Clock().now())
    with store_of(settings) as store, store.begin() as tx:
        tx.add_token(token)
    typer.echo(secret)
