"""`watcher check`: one line for each problem, or a summary."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.trackers.redmine_api import KEY, RedmineServer
from watcher.cli.check import check, register


@pytest.fixture
def app() -> typer.Typer:
    """The command line with this command, and another so that it keeps its name."""
    app = typer.Typer()
    register(app)
    app.command("other")(lambda: None)
    return app


def written(folder: Path, text: str) -> Path:
    """A configuration file with this content."""
    path = folder / "watcher.yaml"
    path.write_text(text)
    return path


def test_a_sound_configuration_is_summed_up(app: typer.Typer, tmp_path: Path) -> None:
    """Nothing wrong is success, and the counts tell whether all was found."""
    (tmp_path / "catalogue.yaml").write_text("services: [{name: shop, criticality: 3}]")
    (tmp_path / "inventory.yaml").write_text("hosts: [{name: a, aliases: [b, c]}, {name: d}]")
    path = written(tmp_path, "catalogue: catalogue.yaml\ninventory: inventory.yaml\n")
    result = CliRunner().invoke(app, ["check", "--config", str(path)])

    assert result.exit_code == 0
    assert result.output.startswith(
        "The configuration is sound: "
        "0 sources, 0 channels, 0 trackers, 1 customer, 1 service, 2 hosts, "
    )
    assert check(path) == []


def test_every_error_is_a_line(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors come all at once, as `file:line: message`, and the command fails."""
    path = written(tmp_path, "lisen: 1\nsources: many\n")
    monkeypatch.setenv("WATCHER_CONFIG", str(path))
    result = CliRunner().invoke(app, ["check"])

    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"{path}:1: unknown key 'lisen'; did you mean 'listen'?",
        f"{path}:2: sources: should be a list",
    ]
    assert result.output.splitlines() == [str(problem) for problem in check(path)]


def test_the_configuration_of_the_first_start_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --config the command looks at what `watcher serve` would use."""
    monkeypatch.delenv("WATCHER_CONFIG", raising=False)
    monkeypatch.setenv("WATCHER_DATA_DIR", str(tmp_path))
    path = written(tmp_path, "sources: many\n")

    assert [f"{path}:1: sources: should be a list"] == [str(one) for one in check(None)]


def test_warnings_are_no_failure(app: typer.Typer, tmp_path: Path) -> None:
    """A key that is not there yet is worth a line, not an exit code."""
    path = written(tmp_path, "ssh:\n  x: {user: w, key_file: nokey, known_hosts: /etc/hosts}\n")
    result = CliRunner().invoke(app, ["check", "--config", str(path)])
    first, last = result.output.splitlines()

    assert result.exit_code == 0
    assert first == (
        f"{path}:2: warning: {tmp_path}/nokey cannot be read, so no login will succeed"
    )
    assert last.startswith("The configuration is sound: ")


def test_trackers_are_asked_when_somebody_wants_it(app: typer.Typer, tmp_path: Path) -> None:
    """One that does not let Watcher file is a failure; without the option nothing is called."""
    with RedmineServer() as server:
        options = f"{{url: '{server.url}', key: {{env: KEY}}, project: ops, tracker: Task"
        good, bad = (f"{options}, allow_private: {word}}}" for word in ("true", "false"))
        text = "trackers:\n- {{name: ops, kind: redmine, customers: default, options: {}}}\n"
        sound, closed = text.format(good), text.format(bad)
        ran = [
            CliRunner().invoke(
                app, ["check", *asked, "--config", str(written(tmp_path, each))], env={"KEY": KEY}
            )
            for each, *asked in ((sound, "--trackers"), (closed, "--trackers"), (closed,))
        ]

    assert [0, 1, 0] == [each.exit_code for each in ran]
    asked, refused, silent = (each.output.splitlines()[-1] for each in ran)
    assert asked.startswith("tracker ops: localhost:")
    assert asked.endswith("watcher files Task in ops")
    assert "a private or special address, which may not be called" in refused
    assert silent.startswith("The configuration is sound: 0 sources, 0 channels, 1 tracker")
