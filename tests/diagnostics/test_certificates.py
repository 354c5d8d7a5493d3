"""Certificates of hosts and of our own: what they prove, and what they do not."""

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import StartSshd
from tests.diagnostics.lines import certify, host_of, nothing_left, profile_of, said
from tests.sshd import SshServer, make_key
from watcher.diagnostics.base import HostKeyRefused, Unreachable
from watcher.diagnostics.certificates import BadCertificate, check_host
from watcher.diagnostics.hostkeys import HostKey, KnownHost
from watcher.diagnostics.pins import pin
from watcher.diagnostics.pool import Pool
from watcher.kit.clock import Clock
from watcher.model.catalogue import HostKeys, SshProfile
from watcher.model.evidence import Fault


@pytest.fixture(autouse=True)
def _leaves_nothing() -> Iterator[None]:
    with nothing_left():
        yield


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A key that vouches for others."""
    make_key(tmp_path / "authority")
    return tmp_path / "authority"


def verified(server: SshServer, profile: SshProfile) -> str:
    """How the host key was verified. Raises Unreachable."""
    with Pool(Clock()) as pool, pool.connection(host_of(server), profile) as connection:
        assert said(connection, "echo in") == "in\n"
        return connection.audit.verified


def refused(server: SshServer, profile: SshProfile) -> str:
    """Why the host is not trusted."""
    with pytest.raises(HostKeyRefused) as refusal:
        verified(server, profile)
    return str(refusal.value)


def certified(
    sshd: StartSshd,
    authority: Path,
    *options: str,
    names: str = "127.0.1.*",
    valid: str = "-1d:+1d",
) -> SshServer:
    """A server that shows a certificate of its host key."""
    folder = authority.parent / "host"
    folder.mkdir()
    make_key(folder / "key")
    certificate = certify(authority, folder / "key.pub", *options, names=names, valid=valid)
    return sshd(f"HostKey {folder}/key", f"HostCertificate {certificate}")


def trusting(server: SshServer, line: str) -> SshProfile:
    """A profile that knows this line and no more."""
    profile = profile_of(server)
    Path(profile.known_hosts).write_text(line)
    return profile


def authority_line(authority: Path, hosts: str = "127.0.1.*") -> str:
    """An authority as it stands in known_hosts."""
    return f"@cert-authority {hosts} {authority.with_suffix('.pub').read_text()}"


@pytest.mark.parametrize("hosts", ["127.0.1.*", "[127.0.1.*]:*", "*"])
def test_a_certificate_makes_a_host_known(sshd: StartSshd, authority: Path, hosts: str) -> None:
    """No line for the host itself is needed, and the audit says how it is known."""
    server = certified(sshd, authority, "-h")

    assert verified(server, trusting(server, authority_line(authority, hosts))) == "certificate"


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_certificates_of_any_kind_are_understood(
    sshd: StartSshd, authority: Path, kind: str
) -> None:
    """The kind of key that is certified does not matter."""
    make_key(authority.parent / kind, kind)
    certificate = certify(authority, authority.parent / f"{kind}.pub", "-h", names="127.0.1.*")
    server = sshd(f"HostKey {authority.parent}/{kind}", f"HostCertificate {certificate}")

    assert verified(server, trusting(server, authority_line(authority))) == "certificate"


@pytest.mark.parametrize(
    ("options", "names", "valid", "reason"),
    [
        (["-h"], "127.0.1.*", "-2d:-1d", "it expired at "),
        (["-h"], "127.0.1.*", "+1d:+2d", "it is not valid before "),
        (["-h"], "db1,db2", "-1d:+1d", "it is for db1, db2, not for 127.0.1."),
        (["-h"], "", "-1d:+1d", "it is for nobody, not for 127.0.1."),
        (["-h", "-O", "critical:x@example.com=1"], "127.0.1.*", "-1d:+1d", "critical options"),
    ],
    ids=["expired", "too early", "another host", "no host", "critical options"],
)
def test_a_certificate_that_is_no_proof_is_refused(
    sshd: StartSshd, authority: Path, options: list[str], names: str, valid: str, reason: str
) -> None:
    """Even where the authority is the right one, and the bare key is known."""
    server = certified(sshd, authority, *options, names=names, valid=valid)
    key = (authority.parent / "host" / "key.pub").read_text()
    line = f"[{server.address}]:{server.port} {key}"

    assert reason in refused(server, trusting(server, authority_line(authority) + line))


def test_a_certificate_of_another_authority_proves_nothing(
    sshd: StartSshd, authority: Path
) -> None:
    """The bare key may still be known; if not, the message says what was shown."""
    server = certified(sshd, authority, "-h")
    make_key(authority.parent / "other")
    other = authority_line(authority.parent / "other")
    key = (authority.parent / "host" / "key.pub").read_text()

    problem = refused(server, trusting(server, other))
    assert "is unknown" in problem
    assert "it is signed by an authority that is not known for this host" in problem
    line = f"[{server.address}]:{server.port} {key}"
    assert verified(server, trusting(server, other + line)) == "known_hosts"


def test_an_authority_for_other_hosts_is_not_asked(sshd: StartSshd, authority: Path) -> None:
    """The pattern of an authority limits whom it may vouch for."""
    server = certified(sshd, authority, "-h")

    assert "is unknown" in refused(server, trusting(server, authority_line(authority, "10.*")))


def test_a_revoked_authority_does_not_count(sshd: StartSshd, authority: Path) -> None:
    """Nor does a certified key that is revoked itself."""
    server = certified(sshd, authority, "-h")
    line = authority_line(authority)
    key = (authority.parent / "host" / "key.pub").read_text()
    for revoked in (authority.with_suffix(".pub").read_text(), key):
        problem = refused(server, trusting(server, f"{line}@revoked * {revoked}"))
        assert "is marked as revoked" in problem


def test_a_users_certificate_is_no_hosts(sshd: StartSshd, authority: Path) -> None:
    """What an authority made for people does not make a host known."""
    folder = authority.parent
    make_key(folder / "key")
    certify(authority, folder / "key.pub", names="127.0.1.1")
    blob = _blob(folder / "key-cert.pub")
    with pytest.raises(BadCertificate, match="it is not for a host"):
        check_host(blob, "127.0.1.1", {_blob(folder / "authority.pub")}, Clock().now())


@pytest.mark.parametrize("spoil", [30, -5], ids=["content", "signature"])
def test_a_certificate_that_was_changed_is_no_proof(authority: Path, spoil: int) -> None:
    """Whoever changes a byte of it has nothing."""
    folder = authority.parent
    make_key(folder / "key")
    certify(authority, folder / "key.pub", "-h", names="db1")
    blob = bytearray(_blob(folder / "key-cert.pub"))
    blob[spoil] ^= 1
    with pytest.raises(BadCertificate):
        check_host(bytes(blob), "db1", {_blob(folder / "authority.pub")}, Clock().now())


def trusted(sshd: StartSshd, authority: Path) -> SshServer:
    """A server that lets in whom the authority certifies as `watcher`, and nobody else."""
    principals = authority.parent / "principals"
    principals.write_text("watcher\n")
    return sshd(
        f"TrustedUserCAKeys {authority}.pub",
        f"AuthorizedPrincipalsFile {principals}",
        "AuthorizedKeysFile none",
    )


def test_our_own_certificate_lets_us_in(sshd: StartSshd, authority: Path) -> None:
    """By name, or because it lies beside the key; it is read again when it changes."""
    server = trusted(sshd, authority)
    folder = authority.parent
    make_key(folder / "key")
    beside = certify(authority, folder / "key.pub", "-O", "clear", names="watcher")
    elsewhere = folder / "certificate"
    plain = profile_of(server, key_file=str(folder / "key"))
    named = replace(plain, certificate_file=str(elsewhere))

    assert verified(server, plain) == "known_hosts"
    with pytest.raises(Unreachable) as missing:
        verified(server, named)
    assert missing.value.fault is Fault.CONFIGURATION
    beside.rename(elsewhere)
    assert verified(server, named) == "known_hosts"


@pytest.mark.parametrize(
    ("names", "valid", "fault", "reason"),
    [
        ("watcher", "-2d:-1d", Fault.CONFIGURATION, "is of no use: it expired at "),
        ("watcher", "+1d:+2d", Fault.CONFIGURATION, "is of no use: it is not valid before "),
        ("somebody", "-1d:+1d", Fault.LOGIN, "and its certificate; is the authority among"),
    ],
    ids=["expired", "too early", "another user"],
)
def test_a_certificate_of_ours_that_is_no_good_is_told(
    sshd: StartSshd, authority: Path, names: str, valid: str, fault: Fault, reason: str
) -> None:
    """What we can see ourselves costs no attempt to log in."""
    server = trusted(sshd, authority)
    make_key(authority.parent / "key")
    certify(authority, authority.parent / "key.pub", names=names, valid=valid)
    with pytest.raises(Unreachable, match=reason) as refusal:
        verified(server, profile_of(server, key_file=str(authority.parent / "key")))

    assert refusal.value.fault is fault


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("other-cert.pub", "it belongs to another key"),
        ("key.pub", "it is no certificate that can be read"),
        ("host-cert.pub", "it is not for a user"),
        ("rubbish", "is not a private key that can be used, or .* not its certificate"),
    ],
)
def test_a_file_that_is_not_the_certificate_of_the_key_is_told(
    server: SshServer, authority: Path, certificate: str, reason: str
) -> None:
    """Before anybody is connected to."""
    folder = authority.parent
    for name in ("key", "other"):
        make_key(folder / name)
    certify(authority, folder / "other.pub", names="watcher")
    (folder / "host.pub").write_text((folder / "key.pub").read_text())
    certify(authority, folder / "host.pub", "-h", names="watcher")
    (folder / "rubbish").write_text("rubbish\n")
    profile = profile_of(
        server, key_file=str(folder / "key"), certificate_file=str(folder / certificate)
    )
    with pytest.raises(Unreachable, match=reason) as refusal:
        verified(server, profile)

    assert refusal.value.fault is Fault.CONFIGURATION


def test_a_new_host_key_is_kept(server: SshServer, tmp_path: Path) -> None:
    """The first time it is taken as it is; from then on the host is held to it."""
    pins = tmp_path / "state" / "pins"
    profile = trusting(server, "")
    profile = replace(profile, host_keys=HostKeys.ACCEPT_NEW, pins=str(pins))

    assert verified(server, profile) == "first use"
    assert pins.read_text().startswith(f"{server.known_hosts} first seen ")
    assert verified(server, profile) == "pinned"

    make_key(tmp_path / "other")
    name = server.known_hosts.split(" ")[0]
    pins.write_text(f"{name} {(tmp_path / 'other.pub').read_text()}")
    problem = refused(server, profile)
    assert "HAS CHANGED" in problem
    assert f"replace its lines in {pins} with" in problem


def test_a_key_that_is_known_need_not_be_kept(server: SshServer, tmp_path: Path) -> None:
    """What known_hosts says counts before anything that was seen."""
    make_key(tmp_path / "other")
    name = server.known_hosts.split(" ")[0]
    accepting = {"host_keys": HostKeys.ACCEPT_NEW, "pins": str(tmp_path / "pins")}
    profile = profile_of(server, **accepting)

    assert verified(server, profile) == "known_hosts"
    Path(profile.known_hosts).write_text(f"{name} {(tmp_path / 'other.pub').read_text()}")
    assert "HAS CHANGED" in refused(server, profile)
    assert not (tmp_path / "pins").exists()
    (tmp_path / "pins").write_text(server.known_hosts)
    assert "HAS CHANGED" in refused(server, profile)


def test_two_who_meet_a_new_host_at_once_keep_one_key(server: SshServer, tmp_path: Path) -> None:
    """Whoever is later is held to what the first one kept; the other lines stay."""
    file = str(tmp_path / "pins")
    known = KnownHost("db1", "db1", "known_hosts")
    first, second = HostKey("ssh-ed25519", b"first"), HostKey("ssh-ed25519", b"second")
    now = datetime(2026, 3, 14, tzinfo=UTC)

    assert pin(file, replace(known, name="db2", address="db2"), 22, second, now) == "first use"
    assert pin(file, known, 22, first, now) == "first use"
    assert pin(file, known, 22, first, now) == "pinned"
    with pytest.raises(HostKeyRefused, match="HAS CHANGED"):
        pin(file, known, 22, second, now)
    assert Path(file).read_text().count("\n") == 2


def test_pins_that_cannot_be_kept_keep_everybody_out(server: SshServer, tmp_path: Path) -> None:
    """A key that would be forgotten again is not accepted."""
    (tmp_path / "file").write_text("")
    profile = trusting(server, "")
    for pins in (tmp_path, tmp_path / "file" / "pins"):
        accepting = replace(profile, host_keys=HostKeys.ACCEPT_NEW, pins=str(pins))
        with pytest.raises(Unreachable, match="where new host keys are kept, cannot be used"):
            verified(server, accepting)


def _blob(path: Path) -> bytes:
    return b64decode(path.read_text().split()[1])
