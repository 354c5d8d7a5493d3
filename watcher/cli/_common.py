"""What commands share: the configuration, the store, and how they say that something is wrong."""

import getpass
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import orjson
import typer

from watcher.app.stored import open_store
from watcher.decide.lifecycle import is_machine
from watcher.kit.log import configure
from watcher.model.person import Principal, Role
from watcher.policy.values import parse_duration
from watcher.settings import Settings, SettingsError, load
from watcher.store.base import StoreError
from watcher.store.store import Store

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", envvar="WATCHER_CONFIG", help="The configuration file."),
]


def _span(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Span = Annotated[
    timedelta, typer.Option("--for", parser=_span, metavar="TIME", help="For how long, as 2h.")
]

STARTER = "watcher.yaml"


class Format(StrEnum):
    """How it is written: for people, or for programs."""

    TEXT = "text"
    JSON = "json"


AsFormat = Annotated[Format, typer.Option("--format", help="How it is written.")]


def write_json(value: object) -> None:
    """Writes values as JSON that people can read as well."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")


def fail(text: str) -> NoReturn:
    """Ends the command with a message on standard error."""
    typer.echo(f"watcher: {text}", err=True)
    raise typer.Exit(1)


def settings_of(
    config: Path | None, *, brief: bool = False, awaited: Collection[Path] = ()
) -> Settings:
    """The settings; every problem is printed when they cannot be used."""
    try:
        settings = load(config or starter_config(), os.environ, brief=brief, awaited=awaited)
    except SettingsError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        fail("the configuration cannot be used")
    configure(settings.log.level, as_json=settings.log.format == "json")
    return settings


def data_dir() -> Path:
    """Where Watcher keeps what it makes itself when no configuration says otherwise."""
    return Path(os.environ.get("WATCHER_DATA_DIR") or "var").absolute()


def starter_config() -> Path | None:
    """The configuration that a first `watcher serve` wrote, where there is one."""
    path = data_dir() / STARTER
    return path if path.exists() else None


def check_name(name: str) -> None:
    """Ends the command if nobody may be called that."""
    if is_machine(name):
        fail(f"the name {name!r} is Watcher's own: timelines could not tell who did what")


def check_customer(settings: Settings, customer: str | None) -> None:
    """Ends the command if the catalogue knows customers, and not this one."""
    known = settings.catalogue.customers
    if customer is not None and known and customer not in known:
        fail(f"there is no customer {customer!r}; there are: {', '.join(sorted(known))}")


def access(name: str, role: Role, customer: str | None, since: datetime) -> str:
    """One line of a list of those who may come in."""
    whose = customer or "(all)"
    return f"{name:<24} {role:<14} {whose:<16} {since.isoformat(timespec='seconds')}"


def me() -> Principal:
    """Who types; the account of the service is called like Watcher itself, which did not do it."""
    name = getpass.getuser()
    return Principal(
        f"{name}@{socket.gethostname()}" if is_machine(name) else name, Role.ADMINISTRATOR
    )


def local_url(settings: Settings) -> str:
    """Where this machine reaches Watcher."""
    host, port = settings.listen
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def on_hangup(*calls: Callable[[], None]) -> None:
    """Has SIGHUP do this, unless we run in a terminal, whose end is ours."""

    def heard(*_: object) -> None:
        # What the signal interrupted may hold a lock that the calls need.
        for call in calls:
            threading.Thread(target=call).start()

    if not sys.stdin.isatty():
        signal.signal(signal.SIGHUP, heard)


@contextmanager
def store_of(settings: Settings, *, apart: bool = False) -> Iterator[Store]:
    """The store, brought to its present shape, for one command; `apart` as for `open_store`."""
    try:
        store = open_store(settings, apart=apart)
    except StoreError as error:
        fail(str(error))
    try:
        yield store
    except StoreError as error:
        fail(str(error))
    finally:
        store.close()
