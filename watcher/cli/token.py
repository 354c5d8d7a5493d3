"""`watcher token create|list|revoke`: what programs that use the API prove themselves by."""

from typing import Annotated

import typer

from watcher.cli._common import (
    Config,
    access,
    check_customer,
    check_name,
    fail,
    settings_of,
    store_of,
)
from watcher.kit.clock import Clock
from watcher.model.person import Role
from watcher.store.people import Token
from watcher.web.auth import digest, new_secret


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="Tokens for programs.", no_args_is_help=True)
    group.command("create")(_create)
    group.command("list")(_list)
    group.command("revoke")(_revoke)
    app.add_typer(group, name="token")


def _create(
    role: Annotated[Role, typer.Option(help="What the token allows.")],
    customer: Annotated[str | None, typer.Option(help="Show this customer's only.")] = None,
    name: Annotated[str, typer.Option(help="What it is for.")] = "api",
    config: Config = None,
) -> None:
    """Print a new token, which is shown only this once."""
    check_name(name)
    settings = settings_of(config, brief=True)
    check_customer(settings, customer)
    secret = new_secret()
    token = Token(digest(secret), name, role, customer, Clock().now())
    with store_of(settings) as store, store.begin() as tx:
        tx.add_token(token)
    typer.echo(secret)


def _list(config: Config = None) -> None:
    """List the tokens by name: role, customer, since when; the secrets are kept nowhere."""
    with store_of(settings_of(config, brief=True)) as store, store.view() as view:
        for each in view.tokens():
            typer.echo(access(each.name, each.role, each.customer, each.created_at))


def _revoke(
    name: Annotated[str, typer.Argument(help="All tokens of this name.")], config: Config = None
) -> None:
    """Let nobody in any more by the tokens of that name."""
    with store_of(settings_of(config, brief=True)) as store, store.begin() as tx:
        count = tx.revoke_tokens(name)
    if not count:
        fail(f"there is no token {name!r}; see: watcher token list")
    typer.echo(f"{count} {'token' if count == 1 else 'tokens'} revoked")
