"""What we log in and sign with: keys and certificates from files, read again when they change."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm

from watcher.diagnostics.base import Unreachable
from watcher.diagnostics.certificates import BadCertificate, check_user
from watcher.model.catalogue import SshProfile
from watcher.model.evidence import Fault

Version = tuple[int, ...]


def login_key(profile: SshProfile, now: datetime) -> paramiko.PKey:
    """The key of a profile with its certificate, if it has one. Raises Unreachable."""
    beside = f"{profile.key_file}-cert.pub"
    certificate = profile.certificate_file or (beside if Path(beside).exists() else "")
    problem = f"the key {profile.key_file} of SSH profile {profile.name}"
    key = _load(profile.key_file, problem, certificate)
    if key.public_blob is not None:
        try:
            check_user(key.public_blob.key_blob, key.asbytes(), now)
        except BadCertificate as bad:
            problem = f"the certificate {certificate} of SSH profile {profile.name} is of no use"
            raise Unreachable(f"{problem}: {bad}", Fault.CONFIGURATION) from None
    return key


def signing_key(profile: SshProfile) -> paramiko.PKey:
    """The key that signs scripts. Raises Unreachable."""
    problem = f"the signing key {profile.signing_key_file} of SSH profile {profile.name}"
    return _load(profile.signing_key_file, problem)


def mended(profile: SshProfile) -> tuple[Version, ...]:
    """Changes with any of the files of a profile: what failed because of one may go well now."""
    paths = (profile.key_file, profile.certificate_file, profile.known_hosts, profile.pins)
    return tuple(_version(path) for path in paths if path)


def _load(path: str, problem: str, certificate: str = "") -> paramiko.PKey:
    try:
        return _cached(path, _version(path), certificate, _version(certificate))
    except OSError as error:
        words = f"cannot be read: {error.strerror}"
    except (paramiko.PasswordRequiredException, TypeError):
        words = "has a passphrase; give Watcher one without"
    except (paramiko.SSHException, UnsupportedAlgorithm, ValueError):
        words = "is not a private key that can be used"
        words += f", or {certificate} not its certificate" if certificate else ""
    raise Unreachable(f"{problem} {words}", Fault.CONFIGURATION) from None


@lru_cache(maxsize=64)
def _cached(path: str, version: Version, certificate: str, issue: Version) -> paramiko.PKey:
    """The key in these versions of its files; paramiko takes a certificate that lies beside it."""
    key = paramiko.PKey.from_path(path)
    if certificate:
        key.load_certificate(certificate)
    return key


def _version(path: str) -> Version:
    """Another one whenever the file has changed, and none where there is no file."""
    try:
        stat = Path(path).stat()
    except (OSError, ValueError):
        return ()
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
