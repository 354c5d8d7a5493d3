"""Whether a server is the one that we know: strict, from an OpenSSH known_hosts file."""

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

SSH_PORT = 22


class HostKeyRefused(Exception):
    """The server has not proved who it is; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public key: `type` as in known_hosts, `blob` its bytes."""

    type: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """SHA256:…, as OpenSSH prints it."""
        digest = hashlib.sha256(self.blob).digest()
        return "SHA256:" + b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class KnownHost:
    """What a known_hosts file says of one server, under the name that OpenSSH gives it."""

    name: str
    file: str
    keys: tuple[HostKey, ...] = ()
    revoked: frozenset[bytes] = frozenset()

    def verify(self, offered: HostKey) -> None:
        """Returns if this is the server's key. Raises HostKeyRefused."""
        if offered.blob in self.revoked:
            raise HostKeyRefused(
                f"the host key {offered.fingerprint} of {self.name} is marked as revoked in "
                f"{self.file}; find out why before anything else"
            )
        if offered in self.keys:
            return
        line = f"{self.name} {offered.type} {b64encode(offered.blob).decode()}"
        if self.keys:
            known = ", ".join(f"{key.type} {key.fingerprint}" for key in self.keys)
            raise HostKeyRefused(
                f"the host key of {self.name} HAS CHANGED: it is now {offered.type} "
                f"{offered.fingerprint}, known is {known}. Either the host was reinstalled or "
                f"somebody stands in between. If it is right, replace its lines in {self.file} "
                f"with: {line}"
            )
        raise HostKeyRefused(
            f"the host key of {self.name} is unknown: {offered.type} {offered.fingerprint}. "
            f"Compare it on the host (ssh-keygen -lf /etc/ssh/ssh_host_…_key.pub); if it is "
            f"right, add this line to {self.file}: {line}"
        )


def look_up(file: str, address: str, port: int) -> KnownHost:
    """What this known_hosts file says of a server. Raises OSError where it cannot be read."""
    name = address if port == SSH_PORT else f"[{address}]:{port}"
    keys: list[HostKey] = []
    revoked: set[bytes] = set()
    for marker, hosts, key in _entries(Path(file).read_text(errors="replace")):
        if not _covers(hosts, name.lower()):
            continue
        if marker == "@revoked":
            revoked.add(key.blob)
        elif not marker:
            keys.append(key)
    return KnownHost(name, file, tuple(dict.fromkeys(keys)), frozenset(revoked))


def _entries(text: str) -> Iterator[tuple[str, str, HostKey]]:
    """Marker, hosts and key of each line; comments and lines that are no entries are left out."""
    for line in text.splitlines():
        fields = line.split()
        marker = fields.pop(0) if line.startswith("@") else ""
        if len(fields) < 3 or fields[0].startswith("#"):  # noqa: PLR2004 - hosts, type and key
            continue
        try:
            blob = b64decode(fields[2], validate=True)
        except binascii.Error:
            continue
        yield marker, fields[0], HostKey(fields[1], blob)


def _covers(hosts: str, name: str) -> bool:
    if hosts.startswith("|1|"):
        return _is_hash_of(hosts, name)
    patterns = hosts.lower().split(",")
    if any(one.startswith("!") and _matches(one[1:], name) for one in patterns):
        return False
    return any(_matches(one, name) for one in patterns)


def _matches(pattern: str, name: str) -> bool:
    """OpenSSH knows `*` and `?`; brackets stand around an address that has a port."""
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def _is_hash_of(hosts: str, name: str) -> bool:
    try:
        salt, digest = (b64decode(part, validate=True) for part in hosts.split("|")[2:4])
    except ValueError:
        return False
    return hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), digest)
