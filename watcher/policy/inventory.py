"""Reads the inventory: which hosts there are, under which names, and how one logs in to them."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import Field

from watcher.model.catalogue import Host, SshProfile
from watcher.policy.customers import check_customers
from watcher.policy.problems import Place, Problems, entries, parts, read
from watcher.policy.suggest import did_you_mean
from watcher.policy.values import Duration, FilePath, Name, Names, Port, Strict
from watcher.policy.yamlfile import Document


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


@dataclass(frozen=True, slots=True)
class Logins:
    """Where SSH profiles stand: under which key of a file, and what their paths start at."""

    document: Document
    key: str
    context: Mapping[str, object]

    def names(self) -> Iterator[str]:
        """The names of all profiles there, sound or not."""
        return (place.name for place, _ in parts(self.document, self.key))


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
    return Inventory(_by_alias(hosts, problems), _profiles(everywhere, problems))


def _profiles(logins: Iterable[Logins], problems: Problems) -> dict[str, SshProfile]:
    profiles: dict[str, SshProfile] = {}
    for one in logins:
        for place, entry in entries(one.document, one.key, ProfileEntry, one.context):
            if place.name in profiles:
                problems.error(place, f"there is another SSH profile {place.name!r}")
            profiles[place.name] = _profile(place, entry, problems)
    return profiles


def _profile(place: Place, entry: ProfileEntry, problems: Problems) -> SshProfile:
    """The profile as the diagnostics take it; warns of files that cannot be read now."""
    for key, path in (("key_file", entry.key_file), ("known_hosts", entry.known_hosts)):
        if not os.access(path, os.R_OK) or not path.is_file():
            problems.warn(place / key, f"{path} cannot be read, so no login will succeed")
    return SshProfile(
        place.name,
        user=entry.user,
        key_file=str(entry.key_file),
        known_hosts=str(entry.known_hosts),
        port=entry.port,
        connect_timeout=entry.connect_timeout.total_seconds(),
    )


def _check_host(
    place: Place, host: HostEntry, profiles: Collection[str], problems: Problems
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
