"""Reads SSH profiles: as whom Watcher logs in, with which keys, and through which bastions."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import model_validator

from watcher.model.catalogue import Bastion, Host, HostKeys, SshProfile
from watcher.policy.problems import Place, Problems, entries, parts
from watcher.policy.suggest import did_you_mean
from watcher.policy.values import Duration, FilePath, Name, Port, Strict
from watcher.policy.yamlfile import Document

_MOST_BASTIONS = 3
_OTHERS = 0o077


class ProfileEntry(Strict):
    """One way to log in."""

    user: Name
    key_file: FilePath
    certificate_file: FilePath | None = None
    signing_key_file: FilePath | None = None
    known_hosts: FilePath
    host_keys: HostKeys = HostKeys.STRICT
    pins: FilePath | None = None
    port: Port = 22
    connect_timeout: Duration = timedelta(seconds=5)
    via: Name | None = None

    @model_validator(mode="after")
    def _pins_are_for_new_keys(self) -> Self:
        if (self.pins is None) == (self.host_keys is HostKeys.ACCEPT_NEW):
            raise ValueError("`host_keys: accept-new` and `pins`, the file for them, go together")
        return self


@dataclass(frozen=True, slots=True)
class Logins:
    """Where SSH profiles stand: under which key of a file, and what their paths start at."""

    document: Document
    key: str
    context: Mapping[str, object]

    def names(self) -> Iterator[str]:
        """The names of all profiles there, sound or not."""
        return (place.name for place, _ in parts(self.document, self.key))


def load_profiles(
    logins: Iterable[Logins], hosts: Iterable[Host], problems: Problems
) -> dict[str, SshProfile]:
    """The profiles by name, each with the bastions on its way; notes what is wrong."""
    found: dict[str, tuple[Place, ProfileEntry]] = {}
    for one in logins:
        for place, entry in entries(one.document, one.key, ProfileEntry, one.context):
            if place.name in found:
                problems.error(place, f"there is another SSH profile {place.name!r}")
            found[place.name] = place, entry
            _check_files(place, entry, problems)
    ways = _Ways(found, tuple(hosts), problems)
    return {name: ways.profile(name) for name in found}


@dataclass(frozen=True, slots=True)
class _Ways:
    """Puts profiles and the hosts on their way together."""

    entries: Mapping[str, tuple[Place, ProfileEntry]]
    hosts: Sequence[Host]
    problems: Problems

    def profile(self, name: str, trail: tuple[str, ...] = ()) -> SshProfile:
        """The profile with its bastions, on the way of the profiles before it."""
        place, entry = self.entries[name]
        profile = _profile(name, entry)
        if entry.via is None:
            return profile
        return replace(profile, via=self._bastion(place / "via", entry.via, (*trail, name)))

    def _bastion(self, place: Place, name: str, trail: tuple[str, ...]) -> Bastion | None:
        host = self._host(place, name)
        if host is None or host.ssh is None or host.ssh not in self.entries:
            return None
        if host.ssh in trail:
            circle = " -> ".join((*trail, host.ssh))
            self.problems.error(place, f"the way through {name!r} goes in a circle: {circle}")
            return None
        if len(trail) > _MOST_BASTIONS:
            way = " -> ".join((*trail, host.ssh))
            self.problems.error(place, f"there are more than {_MOST_BASTIONS} bastions in {way}")
            return None
        return Bastion(host, self.profile(host.ssh, trail))

    def _host(self, place: Place, name: str) -> Host | None:
        """The one host of this name, or `customer/name`, that one can log in to."""
        known = [host for host in self.hosts if name in (host.name, f"{host.customer}/{host.name}")]
        if not known:
            hint = did_you_mean(name, {host.name for host in self.hosts})
            self.problems.error(place, f"there is no host {name!r} to go through{hint}")
        elif len(known) > 1:
            names = " or ".join(f"{host.customer}/{host.name}" for host in known)
            self.problems.error(place, f"there are several hosts {name!r}; write {names}")
        elif known[0].ssh is None:
            self.problems.error(place, f"host {name!r} has no SSH profile, so nobody gets through")
        return known[0] if len(known) == 1 else None


def _check_files(place: Place, entry: ProfileEntry, problems: Problems) -> None:
    """Warns of files that cannot be read now, and of keys that others can read."""
    keys = {"key_file": entry.key_file, "signing_key_file": entry.signing_key_file}
    others = {"certificate_file": entry.certificate_file, "known_hosts": entry.known_hosts}
    for key, path in (keys | others).items():
        if path is None:
            continue
        if not os.access(path, os.R_OK) or not path.is_file():
            problems.warn(place / key, f"{path} cannot be read, so no login will succeed")
        elif key in keys and _is_open(path):
            problems.warn(place / key, f"{path} can be read by others than its owner; chmod 600 it")


def _is_open(path: Path) -> bool:
    """As OpenSSH has it: a key that is somebody else's is that somebody's concern."""
    stat = path.stat()
    return stat.st_uid == os.getuid() and bool(stat.st_mode & _OTHERS)


def _profile(name: str, entry: ProfileEntry) -> SshProfile:
    return SshProfile(
        name,
        user=entry.user,
        key_file=str(entry.key_file),
        known_hosts=str(entry.known_hosts),
        port=entry.port,
        connect_timeout=entry.connect_timeout.total_seconds(),
        certificate_file=str(entry.certificate_file or ""),
        signing_key_file=str(entry.signing_key_file or ""),
        host_keys=entry.host_keys,
        pins=str(entry.pins or ""),
    )
