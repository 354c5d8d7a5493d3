"""Signed scripts, as ssh-keygen and a host's forced command see them."""

import subprocess
from pathlib import Path

import paramiko
import pytest

from tests.conftest import StartSshd
from tests.diagnostics.given import gone, unique_seconds
from tests.diagnostics.lines import host_of, profile_of, said
from tests.sshd import SshServer, make_key
from watcher.diagnostics.base import Unreachable
from watcher.diagnostics.pool import Pool
from watcher.diagnostics.sign import NAMESPACE, signature, signed_command, signed_input
from watcher.kit.clock import Clock
from watcher.model.evidence import Fault

SCRIPT = "echo Привет; echo 'a  b'\n".encode()

# The smallest forced command that speaks the protocol.
FORCED = """\
#!/bin/sh
case "$SSH_ORIGINAL_COMMAND" in "watcher-run "*) ;; *) exit 126 ;; esac
read -r count
head -c "$count" >{folder}/script
printf %s "${{SSH_ORIGINAL_COMMAND#watcher-run }}" | tr _ '\\n' >{folder}/signature
ssh-keygen -Y verify -f {folder}/signers -I watcher -n watcher-runbook \\
  -s {folder}/signature <{folder}/script >&2 || exit 126
exec sh -c "$(cat {folder}/script)"
"""


def verdict(folder: Path, text: bytes, signed: str) -> str:
    """What ssh-keygen says of a signature."""
    (folder / "signers").write_text(f"watcher {(folder / 'key.pub').read_text()}")
    (folder / "signature").write_text(signed)
    command = ["ssh-keygen", "-Y", "verify", "-f", f"{folder}/signers", "-I", "watcher"]
    command += ["-n", NAMESPACE, "-s", f"{folder}/signature"]
    found = subprocess.run(command, input=text, capture_output=True, check=False)
    return (found.stdout + found.stderr).decode()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_ssh_keygen_takes_our_signatures(tmp_path: Path, kind: str) -> None:
    """Of the text as it is, and of no other."""
    make_key(tmp_path / "key", kind)
    signed = signature(SCRIPT, paramiko.PKey.from_path(tmp_path / "key"))

    assert 'Good "watcher-runbook" signature for watcher' in verdict(tmp_path, SCRIPT, signed)
    assert "Signature verification failed" in verdict(tmp_path, SCRIPT + b"#", signed)


def test_a_signature_fits_into_a_command(tmp_path: Path) -> None:
    """It is one line, and its ends of line can be put back."""
    make_key(tmp_path / "key")
    key = paramiko.PKey.from_path(tmp_path / "key")
    command = signed_command(SCRIPT, key)

    assert command.startswith("watcher-run -----BEGIN SSH SIGNATURE-----_")
    assert "\n" not in command
    assert command.removeprefix("watcher-run ").replace("_", "\n") == signature(SCRIPT, key)
    assert signed_input(SCRIPT) == b"%d\n" % len(SCRIPT) + SCRIPT


@pytest.fixture
def careful(sshd: StartSshd, tmp_path: Path) -> SshServer:
    """A host that runs only what is signed with the key in `tmp_path`."""
    make_key(tmp_path / "key")
    (tmp_path / "signers").write_text(f"watcher {(tmp_path / 'key.pub').read_text()}")
    (tmp_path / "run").write_text(FORCED.format(folder=tmp_path))
    (tmp_path / "run").chmod(0o755)
    return sshd("SetEnv HOME=/nonexistent", key_options=f'restrict,command="{tmp_path}/run"')


def test_a_signed_script_runs(careful: SshServer, tmp_path: Path) -> None:
    """The connection can be used again, as always."""
    profile = profile_of(careful, signing_key_file=str(tmp_path / "key"))
    with Pool(Clock()) as pool:
        for _ in range(2):
            with pool.connection(host_of(careful), profile) as connection:
                assert said(connection, "echo Привет; echo 'a  b'") == "Привет\na  b\n"
                assert connection.fit


@pytest.mark.parametrize("key", ["", "other"])
def test_a_script_without_the_right_signature_does_not_run(
    careful: SshServer, tmp_path: Path, key: str
) -> None:
    """Neither an unsigned one nor one that somebody else signed."""
    make_key(tmp_path / "other")
    signing = str(tmp_path / key) if key else ""
    profile = profile_of(careful, signing_key_file=signing)
    with Pool(Clock()) as pool, pool.connection(host_of(careful), profile) as connection:
        answer = connection.run("echo run\necho the end\n", b"the end\n", 20, Clock())

    assert answer.stdout == b""


def test_a_signed_script_ends_with_its_connection(careful: SshServer, tmp_path: Path) -> None:
    """Stdin stays open behind the script, so that it can notice."""
    mark = unique_seconds()
    profile = profile_of(careful, signing_key_file=str(tmp_path / "key"))
    script = f"sleep {mark} & exec 9<&0; {{ read -r line; kill $!; }} <&9\n"
    with Pool(Clock()) as pool, pool.connection(host_of(careful), profile) as connection:
        connection.run(script, b"never", 1.5, Clock())

    assert gone(f"sleep {mark}")


def test_a_signing_key_that_cannot_be_used_is_told(careful: SshServer, tmp_path: Path) -> None:
    """It is our configuration that is wrong, and nothing was run."""
    profile = profile_of(careful, signing_key_file=str(tmp_path / "none"))
    with (
        Pool(Clock()) as pool,
        pytest.raises(Unreachable, match=r"the signing key .*/none of SSH profile lab") as refusal,
        pool.connection(host_of(careful), profile) as connection,
    ):
        said(connection, "echo run")

    assert refusal.value.fault is Fault.CONFIGURATION
