"""`watcher user add|list|remove`: the logins of people."""

import sys
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
from watcher.store.people import Person
from watcher.web.auth import hash_password

_SHORTEST = 8


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="People who may log in.", no_args_is_help=True)
    group.command("add")(_add)
    group.command("list")(_list)
    group.command("remove")(_remove)
    app.add_typer(group, name="user")


def _add(
    name: Annotated[str, typer.Argument(help="The name to log in with.")],
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.VIEWER,
    customer: Annotated[str | None, typer.Option(help="Show this customer's only.")] = None,
    config: Config = None,
) -> None:
    """Make a login; the password is asked for, or read from standard input."""
    check_name(name)
    settings = settings_of(config, brief=True)
    check_customer(settings, customer)
    password = _password()
    if len(password) < _SHORTEST:
        fail(f"the password needs at least {_SHORTEST} characters")
    person = Person(name, hash_password(password), role, customer, Clock().now())
    with store_of(settings) as store, store.begin() as tx:
        tx.save_person(person)
    typer.echo(f"{name} may log in as {role}" + (f" of {customer}" if customer else ""))


def _list(config: Config = None) -> None:
    """List who may log in: role, customer, since when the password is as it is."""
    with store_of(settings_of(config, brief=True)) as store, store.view() as view:
        for each in view.people():
            typer.echo(access(each.name, each.role, each.customer, each.created_at))


def _remove(name: Annotated[str, typer.Argument(help="The login.")], config: Config = None) -> None:
    """Take a login away; whoever is logged in by it is logged out."""
    with store_of(settings_of(config, brief=True)) as store, store.begin() as tx:
        removed = tx.remove_person(name)
    if not removed:
        fail(f"there is no login {name!r}; see: watcher user list")
    typer.echo(f"{name} may not log in any more")


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
