"""`watcher runbook target`: the script that lets Watcher in on a host, from the configuration."""

import subprocess

import pytest

from tests.cli.given import Desk
from tests.sshd import make_key

PROFILE = "ssh: {linux: {user: watcher, key_file: login, known_hosts: known}}\n"


@pytest.fixture
def keyed(at: Desk) -> Desk:
    """A configuration with an SSH profile."""
    make_key(at.folder / "login")
    (at.folder / "known").touch()
    at.config.write_text(at.config.read_text() + PROFILE)
    return at


def test_the_script_is_printed(keyed: Desk) -> None:
    """It holds the public key, the networks and what the runbooks ask of sudo, and is sound."""
    answer = keyed.run(
        *("runbook", "target", "--profile", "linux", "--level", "2"),
        *("--source-address", "10.1.0.0/24"),
    )

    assert (0, "") == (answer.exit_code, answer.stderr)
    key = " ".join((keyed.folder / "login.pub").read_text().split()[:2])
    assert f'\nrestrict,from="10.1.0.0/24" {key} watcher\n' in answer.stdout
    assert "\n  allow dmesg '\"\"'\n" in answer.stdout
    assert "PRIVATE KEY" not in answer.stdout
    subprocess.run(["sh", "-n"], input=answer.stdout, text=True, check=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--profile", "linus"], "there is no SSH profile 'linus'; did you mean 'linux'?"),
        (["--profile", "linux", "--level", "3"], "level 3 needs a `signing_key_file`"),
        (["--profile", "linux", "--source-address", "here"], "--source-address: 'here' does not"),
    ],
)
def test_what_cannot_be_printed(keyed: Desk, words: list[str], said: str) -> None:
    """What is asked for wrongly is refused in words, and nothing is printed that could be run."""
    answer = keyed.run("runbook", "target", *words)

    assert (1, "") == (answer.exit_code, answer.stdout)
    assert said in answer.stderr


def test_a_key_that_cannot_be_read(keyed: Desk) -> None:
    """Without the key there is nothing to let in."""
    (keyed.folder / "login").write_text("no key")
    answer = keyed.run("runbook", "target", "--profile", "linux")

    assert answer.exit_code == 1
    assert "of SSH profile linux is not a private key that can be used" in answer.stderr
