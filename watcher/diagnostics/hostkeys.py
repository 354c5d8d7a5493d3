"""Whether a server is the one that we know, from known_hosts as OpenSSH writes it."""

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from watcher.diagnostics.base import HostKeyRefused
from watcher.diagnostics.certificates import SUFFIX, BadCertificate, UnknownAuthority, check_host

SSH_PORT = 22

_RSA_SIGNATURES = ("rsa-sha2-512", "rsa-sha2-256")


class UnknownHostKey(HostKeyRefused):
    """Nothing is known of the server yet."""


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public key: `type` as in known_hosts, `blob` its bytes, `certificate` what vouches for it,
    where the server showed one.
    """

    type: str
    blob: bytes
    certificate: bytes | None = None

    @property
    def fingerprint(self) -> str:
        """SHA256:…, as OpenSSH prints it."""
        digest = hashlib.sha256(self.blob).digest()
        return "SHA256:" + b64encode(digest).decode().rstrip("=")

    @property
    def line(self) -> str:
        """Type and key as they stand in a file."""
        return f"{self.type} {b64encode(self.blob).decode()}"


@dataclass(frozen=True, slots=True)
class KnownHost:
    """What a known_hosts file says of one server, under the name that OpenSSH gives it.

    `authorities` may vouch for its key with a certificate; `source` is what makes the keys known.
    """

    name: str
    address: str
    file: str
    keys: tuple[HostKey, ...] = ()
    revoked: frozenset[bytes] = frozenset()
    authorities: tuple[HostKey, ...] = ()
    source: str = "known_hosts"

    def wanted(self, usual: Sequence[str]) -> tuple[str, ...]:
        """The kinds of host key to ask for: those that we can verify first, so that a server which
        has several shows one of them.
        """
        types = {key.type for key in self.keys}
        if "ssh-rsa" in types:
            types.update(_RSA_SIGNATURES)
        certified = [f"{name}{SUFFIX}" for name in usual if self.authorities]
        return (*certified, *sorted(usual, key=lambda name: name not in types))

    def verify(self, offered: HostKey, now: datetime) -> str:
        """Returns how we know that this is the server's key. Raises HostKeyRefused, and
        UnknownHostKey where nothing speaks for the key, nor against it.
        """
        if offered.blob in self.revoked or self._is_by_revoked(offered):
            raise HostKeyRefused(
                f"the host key {offered.fingerprint} of {self.name} is marked as revoked in "
                f"{self.file}; find out why before anything else"
            )
        why = ""
        if offered.certificate is not None:
            try:
                authorities = {one.blob for one in self.authorities}
                check_host(offered.certificate, self.address, authorities, now)
            except UnknownAuthority as unknown:
                why = f" Its certificate does not help: {unknown}."
            except BadCertificate as bad:
                raise HostKeyRefused(
                    f"the certificate of the host key of {self.name} ({offered.fingerprint}) is no "
                    f"proof: {bad}. Have a new one made for the host"
                ) from None
            else:
                return "certificate"
        if any((offered.type, offered.blob) == (key.type, key.blob) for key in self.keys):
            return self.source
        raise self._refusal(offered, why)

    def _is_by_revoked(self, offered: HostKey) -> bool:
        """Whether an authority that signed the certificate is revoked: its key stands in there."""
        certificate = offered.certificate or b""
        return any(blob in certificate for blob in self.revoked)

    def _refusal(self, offered: HostKey, why: str) -> HostKeyRefused:
        line = f"{self.name} {offered.line}"
        shown = f"{offered.type} {offered.fingerprint}"
        if self.keys:
            known = ", ".join(f"{key.type} {key.fingerprint}" for key in self.keys)
            return HostKeyRefused(
                f"the host key of {self.name} HAS CHANGED: it is now {shown}, known is {known}."
                f"{why} Either the host was reinstalled or somebody stands in between. If it is "
                f"right, replace its lines in {self.file} with: {line}"
            )
        return UnknownHostKey(
            f"the host key of {self.name} is unknown: {shown}.{why} Compare it on the host "
            f"(ssh-keygen -lf /etc/ssh/ssh_host_…_key.pub); if it is right, add this line to "
            f"{self.file}: {line}"
        )


def look_up(file: str, address: str, port: int) -> KnownHost:
    """What this known_hosts file says of a server. Raises OSError where it cannot be read."""
    name = address if port == SSH_PORT else f"[{address}]:{port}"
    path = Path(file)
    stat = path.stat()
    keys: list[HostKey] = []
    revoked: set[bytes] = set()
    authorities: list[HostKey] = []
    for marker, hosts, key in _entries(path, (stat.st_ino, stat.st_mtime_ns, stat.st_size)):
        covered = _covers(hosts, name.lower())
        if marker == "@revoked" and covered:
            revoked.add(key.blob)
        elif marker == "@cert-authority" and (covered or _covers(hosts, address.lower())):
            authorities.append(key)
        elif not marker and covered:
            keys.append(key)
    return KnownHost(
        name,
        address,
        file,
        keys=tuple(dict.fromkeys(keys)),
        revoked=frozenset(revoked),
        authorities=tuple(authorities),
    )


@lru_cache(maxsize=32)
def _entries(path: Path, version: tuple[int, ...]) -> tuple[tuple[str, str, HostKey], ...]:
    """The lines of this version of the file, which is read again when it has changed."""
    return tuple(_parse(path.read_text(errors="replace")))


def _parse(text: str) -> Iterator[tuple[str, str, HostKey]]:
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
