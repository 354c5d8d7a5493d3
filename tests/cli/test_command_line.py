"""The command line as a whole: what there is, and what there is not."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from watcher.cli import build

COMMANDS = [
    "check",
    "connect",
    "db",
    "deliveries",
    "disconnect",
    "incident",
    "maintenance",
    "mute",
    "replay",
    "rules",
    "send",
    "serve",
    "token",
    "user",
]


def watcher(*words: str) -> subprocess.CompletedProcess[str]:
    """What the program answers."""
    command = [sys.executable, "-m", "watcher", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_every_command_is_listed() -> None:
    """Except the worker, which nobody has a reason to call."""
    answer = watcher("--help")

    assert 0 == answer.returncode
    for command in COMMANDS:
        assert f" {command} " in answer.stdout
    assert " worker " not in answer.stdout


def test_an_unknown_command_is_named() -> None:
    """With a hint at where to look."""
    answer = watcher("server")

    assert 2 == answer.returncode
    assert "server" in answer.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    """Loaded alone, so that it starts quickly, and with help for each of its options."""
    result = CliRunner().invoke(build([command]), [command, "--help"])

    assert 0 == result.exit_code
    assert "Usage: " in result.output
