"""`watcher connect alertmanager`: what is printed, and what amtool and Alertmanager say to it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from tests.monitors.alertmanager_api import AlertmanagerServer, running_alertmanager
from watcher.cli import build

CONFIG = """\
public_url: https://watcher.example.org
sources:
  - name: am
    kind: alertmanager
    auth: {auth}
    {monitor}
"""
BEARER = "{bearer: {env: TOKEN}}"

Connect = Callable[..., Result]


@pytest.fixture
def server() -> Iterator[AlertmanagerServer]:
    """An Alertmanager that was connected before."""
    with running_alertmanager() as made:
        yield made


@pytest.fixture
def connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Calls the command over a source, with an amtool that says what the test says."""

    def run(auth: str = BEARER, monitor: str = "", amtool: str | None = "exit 0") -> Result:
        if amtool is not None:
            program = tmp_path / "bin" / "amtool"
            program.parent.mkdir()
            program.write_text(f"#!/bin/sh\n{amtool}\n")
            program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}/bin")
        config = tmp_path / "watcher.yaml"
        config.write_text(CONFIG.format(auth=auth, monitor=monitor))
        words = ["connect", "alertmanager", "--config", str(config)]
        return CliRunner().invoke(build(["connect"]), words, env={"TOKEN": "proves-it"})

    return run


@pytest.mark.parametrize(
    ("auth", "proof"),
    [
        (
            BEARER,
            {
                "authorization": {
                    "type": "Bearer",
                    "credentials_file": "/etc/alertmanager/watcher-secret",
                }
            },
        ),
        (
            "{basic: {user: am, password: {env: TOKEN}}}",
            {
                "basic_auth": {
                    "username": "am",
                    "password_file": "/etc/alertmanager/watcher-secret",
                }
            },
        ),
        ("none", None),
    ],
)
def test_the_receiver_proves_itself_as_the_source_wants(
    connect: Connect, auth: str, proof: object
) -> None:
    """The secret is named by its file and printed nowhere."""
    result = connect(auth)

    receiver, first, last = yaml.safe_load(result.output.partition("\n\n")[0])
    (hook,) = receiver["webhook_configs"]
    assert "https://watcher.example.org/hooks/am" == hook["url"]
    assert proof == hook.get("http_config")
    assert ("watcher", True) == (first["receiver"], first["continue"])
    assert {"receiver": "default", "continue": True} == last
    assert "amtool takes it.\n" in result.output
    assert "With `monitor: {url: …}` in the source Watcher also asks" in result.output
    assert "proves-it" not in result.output


@pytest.mark.parametrize(
    "auth", ["{hmac: {secret: {env: TOKEN}}}", "{header: {name: X-Token, value: {env: TOKEN}}}"]
)
def test_what_alertmanager_cannot_show_is_refused(connect: Connect, auth: str) -> None:
    """It signs nothing and sends no headers of one's own."""
    result = connect(auth)

    assert 1 == result.exit_code
    assert "give 'am' `auth: {bearer: …}` or basic" in result.output


@pytest.mark.parametrize(
    ("amtool", "code", "words"),
    [
        (None, 0, "amtool is not here: not checked.\n"),
        ("echo no such field; exit 1", 1, "amtool does not take it: no such field\n"),
    ],
)
def test_what_amtool_says_is_told(
    connect: Connect, amtool: str | None, code: int, words: str
) -> None:
    """Where it is not there, that is said; what it refuses ends the command."""
    result = connect(amtool=amtool)

    assert (code, True) == (result.exit_code, words in result.output)


def test_an_amtool_that_cannot_be_run_checks_nothing(connect: Connect, tmp_path: Path) -> None:
    """A file that is no program is no reason to stop."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "amtool").write_bytes(b"\x7fELF")
    (tmp_path / "bin" / "amtool").chmod(0o755)

    assert "amtool cannot be run, so this is not checked" in connect(amtool=None).output


def test_an_alertmanager_that_has_it_is_connected(
    connect: Connect, server: AlertmanagerServer
) -> None:
    """Run again after pasting, the command asks."""
    result = connect(monitor=f'monitor: {{url: "{server.url}"}}')

    assert f"{server.url} has the receiver; alerts that go to it now: 0.\n" in result.output


def test_an_alertmanager_that_lacks_it_says_so(
    connect: Connect, server: AlertmanagerServer
) -> None:
    """Until it is pasted and Alertmanager reloaded."""
    server.receivers = ("pager",)

    result = connect(monitor=f'monitor: {{url: "{server.url}"}}')

    assert 1 == result.exit_code
    assert f"asked at {server.url}: Alertmanager has no receiver 'watcher'" in result.output
