"""Reads the inventory: which hosts there are, under which names, and how one logs in to them."""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import Field

from watcher.model.catalogue import Host, SshProfile
from watcher.policy.customers import check_customers
from watcher.policy.problems import Place, Problems, entries, read
from watcher.policy.suggest import did_you_mean
from watcher.policy.values import Duration, FilePath, Name, Names, Port, Strict


class HostEntry(Strict):
    """One machine."""

    name: Name
    customer: Name = "default"
    aliases: Names = ()
    address: Name | None = None
    port: Port | None = None
    ssh: Name | None = None
    tags: dict[str, str] = Field(default_factory=dict)


class ProfileEntry(Strict):
    """One way to log in."""

    user: Name
    key_file: FilePath
    known_hosts: FilePath
    port: Port = 22
    connect_timeout: Duration = timedelta(seconds=5)


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
    paths: Sequence[Path],
    customers: Collection[str],
    profiles: Mapping[str, SshProfile],
    problems: Problems,
) -> Inventory:
    """The hosts and profiles of these files, with the profiles given; notes what is wrong."""
    contexts = [{"base": path.parent} for path in paths]
    files = [
        (document, context)
        for path, context in zip(paths, contexts, strict=True)
        if (document := read(path, InventoryFile, problems, context))
    ]
    known = dict(profiles)
    for document, context in files:
        check_customers(document, "hosts", customers, problems)
        for place, entry in entries(document, "profiles", ProfileEntry, context):
            name = str(place.location[-1])
            if name in known:
                problems.error(place, f"there is another SSH profile {name!r}")
            known[name] = profile(name, entry, place, problems)
    hosts = [found for document, _ in files for found in entries(document, "hosts", HostEntry)]
    for place, host in hosts:
        _check_host(place, host, known, problems)
    return Inventory(_by_alias(hosts, problems), known)


def profile(name: str, entry: ProfileEntry, place: Place, problems: Problems) -> SshProfile:
    """The profile as the diagnostics take it; warns of files that cannot be read now."""
    for key, path in (("key_file", entry.key_file), ("known_hosts", entry.known_hosts)):
        if not path.is_file() or not os.access(path, os.R_OK):
            problems.warn(place / key, f"{path} cannot be read, so no login will succeed")
    return SshProfile(
        name,
        user=entry.user,
        key_file=str(entry.key_file),
        known_hosts=str(entry.known_hosts),
        port=entry.port,
        connect_timeout=entry.connect_timeout.total_seconds(),
    )


def _check_host(
    place: Place,
    host: HostEntry,
    profiles: Collection[str],
    problems: Problems,
) -> None:
    if host.ssh and host.ssh not in profiles:
        hint = did_you_mean(host.ssh, profiles)
        problems.error(place / "ssh", f"there is no SSH profile {host.ssh!r}{hint}")
    if host.ssh and not host.address:
        problems.error(place / "ssh", f"host {host.name!r} has an SSH profile but no address")


def _by_alias(
    hosts: Iterable[tuple[Place, HostEntry]], problems: Problems
) -> dict[tuple[str, str], Host]:
    found: dict[tuple[str, str], tuple[Place, Host]] = {}
    for place, entry in hosts:
        host = Host(**entry.model_dump())
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
