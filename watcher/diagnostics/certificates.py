"""OpenSSH certificates: whether a server's, or our own, is good for this host at this time."""

from base64 import b64encode
from collections.abc import Collection
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateType,
    load_ssh_public_identity,
)

SUFFIX = "-cert-v01@openssh.com"


class BadCertificate(Exception):
    """A certificate that proves nothing; the message says why."""


class UnknownAuthority(BadCertificate):
    """A certificate that may be good for somebody who knows who signed it."""


def check_host(blob: bytes, address: str, authorities: Collection[bytes], now: datetime) -> None:
    """Returns if one of the authorities says that the key of this certificate is the host's.

    `authorities` are public keys as bytes. Raises BadCertificate and UnknownAuthority.
    """
    certificate = _parse(blob)
    signer = certificate.signature_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    if signer not in {_line(one) for one in authorities}:
        raise UnknownAuthority("it is signed by an authority that is not known for this host")
    _check(certificate, SSHCertificateType.HOST, now)
    names = [name.decode(errors="replace").lower() for name in certificate.valid_principals]
    if not any(fnmatchcase(address.lower(), name) for name in names):
        raise BadCertificate(f"it is for {', '.join(names) or 'nobody'}, not for {address}")


def check_user(blob: bytes, public: bytes, now: datetime) -> None:
    """Returns if a server may take this certificate of ours. Raises BadCertificate."""
    certificate = _parse(blob)
    key = certificate.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    if key != _line(public):
        raise BadCertificate("it belongs to another key")
    _check(certificate, SSHCertificateType.USER, now)


def _parse(blob: bytes) -> SSHCertificate:
    try:
        found = load_ssh_public_identity(_line(blob))
        if isinstance(found, SSHCertificate):
            found.verify_cert_signature()
            return found
    except InvalidSignature:
        raise BadCertificate("its signature is wrong") from None
    except (ValueError, UnsupportedAlgorithm):
        pass
    raise BadCertificate("it is no certificate that can be read")


def _check(certificate: SSHCertificate, kind: SSHCertificateType, now: datetime) -> None:
    if certificate.type is not kind:
        raise BadCertificate(f"it is not for a {kind.name.lower()}")
    if now.timestamp() < certificate.valid_after:
        raise BadCertificate(f"it is not valid before {_time(certificate.valid_after)}")
    if now.timestamp() >= certificate.valid_before:
        raise BadCertificate(f"it expired at {_time(certificate.valid_before)}")
    if kind is SSHCertificateType.HOST and certificate.critical_options:
        raise BadCertificate("it has critical options, which no host certificate has")


def _time(seconds: int) -> str:
    """As far as the calendar goes."""
    last = int(datetime.max.replace(tzinfo=UTC).timestamp())
    return f"{datetime.fromtimestamp(min(seconds, last), UTC):%Y-%m-%d %H:%M:%S} UTC"


def _line(blob: bytes) -> bytes:
    """A public key or certificate as it stands in a file, from its bytes as they are sent."""
    kind = blob[4 : 4 + int.from_bytes(blob[:4], "big")]
    return kind + b" " + b64encode(blob)
