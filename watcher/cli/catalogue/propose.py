"""`watcher catalogue propose`: what exists elsewhere, as files to review."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from watcher.cli._common import Config, fail, settings_of
from watcher.cli.catalogue._proposed import Wish, propose
from watcher.kit.clock import Clock
from watcher.kit.plugins import adapter
from watcher.kit.secrets import Secret
from watcher.model.estate import Estate, Whose
from watcher.monitors.base import MonitorError, Registrar
from watcher.policy.catalogue import DEFAULT
from watcher.policy.estate.netbox import NetBox, NetBoxError
from watcher.policy.estate.table import COLUMNS, read_table
from watcher.policy.spreadsheet import TableError
from watcher.settings.schema import MONITORS

Customer = Annotated[
    str, typer.Option(help="Whose all of it is; with --customer-from what nothing else says.")
]
CustomerFrom = Annotated[
    str,
    typer.Option(
        help='What says whose it is: group:"Customers/*" (host groups of Zabbix), tag:NAME, tenant '
        "(NetBox) or column (CSV)."
    ),
]
Rated = Annotated[
    int | None,
    typer.Option("--criticality", min=1, max=4, help="Of services of which nobody says it."),
]
Out = Annotated[Path | None, typer.Option(help="The folder to write the proposal into.")]
HostsOnly = Annotated[bool, typer.Option("--hosts-only", help="Take over no services.")]
Name = Annotated[str, typer.Option(help="What the files are called.")]


def register(app: typer.Typer) -> None:
    """Adds a command for each of those who may be asked."""
    group = typer.Typer(help="Propose what could be taken over.", no_args_is_help=True)
    group.command("zabbix")(_zabbix)
    group.command("netbox")(_netbox)
    group.command("csv")(_csv)
    app.add_typer(group, name="propose")


def _zabbix(  # noqa: PLR0913, PLR0917 - the options of a command are its arguments
    source: Annotated[str, typer.Argument(help="The source whose Zabbix is asked.")],
    customer: Customer = "",
    customer_from: CustomerFrom = "",
    criticality: Rated = None,
    out: Out = None,
    hosts_only: HostsOnly = False,
    config: Config = None,
) -> None:
    """Propose the monitored hosts of a Zabbix, their dependencies and its services."""
    settings = settings_of(config, brief=True)
    found = next((each for each in settings.sources if each.name == source), None)
    if found is None:
        fail(f"there is no source {source!r}")
    kind, access = found.kind, found.monitor
    if access is None:
        fail(f"source {source!r} has no `monitor`, so that it cannot be asked")
    monitor = adapter(MONITORS, kind).monitor(access, Clock())
    if not isinstance(monitor, Registrar):
        fail(f"a source of kind {kind} knows no hosts and services")
    whose = _whose(customer, customer_from, access.customer)
    read = _reading(lambda: monitor.estate(services=not hosts_only))
    propose(Wish(f"{kind}-{source}", whose, criticality, out, config), read)


def _netbox(  # noqa: PLR0913, PLR0917 - the options of a command are its arguments
    url: Annotated[str, typer.Option(help="The address of its pages.")],
    token: Annotated[str, typer.Option(envvar="NETBOX_TOKEN", help="Better in NETBOX_TOKEN.")],
    customer: Customer = "",
    customer_from: CustomerFrom = "",
    criticality: Rated = None,
    out: Out = None,
    hosts_only: HostsOnly = False,
    name: Name = "netbox",
    ca_file: Annotated[str, typer.Option(help="The authority that vouches for it.")] = "",
    config: Config = None,
) -> None:
    """Propose the active devices and machines of a NetBox, and what runs on them."""
    whose = _whose(customer, customer_from, "")
    netbox = NetBox(url, Secret(token), ca_file)
    read = _reading(lambda: netbox.estate(services=not hosts_only))
    propose(Wish(_checked(name), whose, criticality, out, config), read)


def _csv(  # noqa: PLR0913, PLR0917 - the options of a command are its arguments
    table: Annotated[Path, typer.Argument(help="The file.")],
    column: Annotated[
        list[str] | None, typer.Option(help="Where one of ours stands, as in name=Host.")
    ] = None,
    customer: Customer = "",
    customer_from: CustomerFrom = "",
    criticality: Rated = None,
    out: Out = None,
    hosts_only: HostsOnly = False,
    name: Name = "",
    config: Config = None,
) -> None:
    """Propose the hosts of a table, one a row, and the services that it names."""
    columns = _columns(column or [])
    whose = _whose(customer, customer_from, "")
    read = _reading(lambda: read_table(table, columns, services=not hosts_only))
    stem = re.sub(r"[^\w.-]+", "-", table.stem).strip("-.")
    propose(Wish(_checked(name or f"csv-{stem}"), whose, criticality, out, config), read)


def _whose(customer: str, source: str, otherwise: str) -> Whose:
    """How one knows whose something is; ends the command where that is not to be understood."""
    kind, _, value = source.partition(":")
    known = {
        "": True,
        "group": value.endswith("*") and value.count("*") == 1,
        "tag": bool(value),
        "tenant": not value,
        "column": not value,
    }
    if not known.get(kind):
        fail('--customer-from is one of group:"Customers/*", tag:NAME, tenant and column')
    return Whose(
        customer if source else customer or otherwise or DEFAULT,
        group=value[:-1] if kind == "group" else "",
        tag=value if kind == "tag" else "",
        said=kind in {"tenant", "column"},
    )


def _columns(given: list[str]) -> dict[str, str]:
    columns = {}
    for each in given:
        ours, _, theirs = each.partition("=")
        if not theirs or not (ours in COLUMNS or ours.startswith("tag:")):
            known = ", ".join(COLUMNS)
            fail(f"--column {each}: write one of {known} or tag:NAME, and = with its heading")
        columns[ours] = theirs
    return columns


def _checked(name: str) -> str:
    """The name of a file; ends the command if it is none."""
    if not re.fullmatch(r"\w[\w.-]{0,63}", name):
        fail("--name is one of up to 64 letters, digits, dots, dashes and underscores")
    return name


def _reading(read: Callable[[], Estate]) -> Callable[[], Estate]:
    """The same; what cannot be read ends the command with the reason."""

    def reading() -> Estate:
        try:
            return read()
        except (MonitorError, NetBoxError, TableError) as error:
            fail(f"{error}; nothing was written")

    return reading
