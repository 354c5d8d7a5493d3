"""Reads the inventory: which hosts there are, under which names, and how one logs in to them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from watcher.model.catalogue import Host, SshProfile
from watcher.policy.customers import check_customers
from watcher.policy.logins import Logins, ProfileEntry, load_profiles
from watcher.policy.problems import Place, Problems, entries, read
from watcher.policy.suggest import did_you_mean
from watcher.policy.values import Name, Names, Port, Strict


class HostEntry(Strict):
    """One machine."""

    name: Name
    customer: Name = "default"
    aliases: Names = ()
    address: Name | None = None
    port: Port | None = None
    ssh: Name | None = None
    tags: dict[str, str] = Field(default_factory=dict)


class InventoryFile(Strict):
    """What an inventory file may hold."""

    hosts: tuple[HostEntry, ...] = ()
    profiles: dict[str, ProfileEntry] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inventory:
    """The hosts by (customer, lower-case alias), and the profiles by name."""

    by_alias: Mapping[tuple[str, str], Host]
    profiles: Mapping[str, SshProfile]


def load_inventory(
    paths: Sequence[Path], customers: Collection[str], problems: Problems, *logins: Logins
) -> Inventory:
    """The hosts of these files, and the profiles in them and in `logins`; notes what is wrong."""
    files = []
    for path in paths:
        context = {"base": path.parent}
        if document := read(path, InventoryFile, problems, context):
            check_customers(document, "hosts", customers, problems)
            files.append(Logins(document, "profiles", context))
    everywhere = [*logins, *files]
    names = {name for one in everywhere for name in one.names()}
    hosts = [found for one in files for found in entries(one.document, "hosts", HostEntry)]
    for place, host in hosts:
        _check_host(place, host, names, problems)
    machines = [(place, Host(**entry.model_dump())) for place, entry in hosts]
    profiles = load_profiles(everywhere, (host for _, host in machines), problems)
    return Inventory(_by_alias(machines, problems), profiles)


def _check_host(
    place: Place, host: HostEntry, profiles: Collection[str], problems: Problems
) -> None:
    if host.ssh and host.ssh not in profiles:
        hint = did_you_mean(host.ssh, profiles)
        problems.error(place / "ssh", f"there is no SSH profile {host.ssh!r}{hint}")
    if host.ssh and not host.address:
        problems.error(place / "ssh", f"host {host.name!r} has an SSH profile but no address")


def _by_alias(
    hosts: Iterable[tuple[Place, Host]], problems: Problems
) -> dict[tuple[str, str], Host]:
    found: dict[tuple[str, str], tuple[Place, Host]] = {}
    for place, host in hosts:
        for alias in dict.fromkeys(name.lower() for name in (host.name, *host.aliases)):
            first, other = found.setdefault((host.customer, alias), (place, host))
            if other is host:
                continue
            if other.name == host.name:
                problems.error(place, f"host {host.name!r} is described twice (see {first})")
                break
            problems.error(
                place, f"{alias!r} means both {host.name!r} and {other.name!r} (see {first})"
            )
    return {key: host for key, (_, host) in found.items()}
