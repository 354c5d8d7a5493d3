"""The sample outage: a host to diagnose, and four alerts through the real receivers."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.process import wait_for
from tests.peers import Answer, HttpPeer
from watcher.demo.outage import Outage
from watcher.demo.starter import write_config
from watcher.kit.clock import Clock
from watcher.settings import Settings, load

TAKEN = Answer(202, b'{"delivery": "1"}')


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a first start."""
    return load(write_config(tmp_path), {})


def play(folder: Path, settings: Settings, *answers: Answer, calls: int) -> list[str]:
    """The hooks that were called, when so many calls have come."""
    with HttpPeer(*answers) as peer, closing(Outage(folder)) as outage:
        outage.start()
        outage.play(f"http://127.0.0.1:{peer.port}", settings.sources, Clock())
        wait_for(lambda: len(peer.calls) == calls, "the story")
        return [call.path for call in peer.calls]


def test_the_story_is_told_by_two_monitoring_systems(tmp_path: Path, settings: Settings) -> None:
    """Zabbix and Grafana speak in turn, each with its own token."""
    paths = play(tmp_path, settings, TAKEN, calls=4)

    assert ["/hooks/zabbix", "/hooks/grafana", "/hooks/zabbix", "/hooks/grafana"] == paths


def test_a_story_that_nobody_takes_ends(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line in the log says why."""
    assert ["/hooks/zabbix"] == play(tmp_path, settings, Answer(503, b"later"), calls=1)
    said = ""

    def logged() -> bool:
        nonlocal said
        said += capsys.readouterr().out
        return "could not be posted" in said

    wait_for(logged, "the line in the log")


def test_host_and_services_come_beside_what_is_configured(tmp_path: Path) -> None:
    """Every command finds them in the first configuration, not only the one that plays."""
    config = write_config(tmp_path)
    with closing(Outage(tmp_path)) as outage:
        outage.start()
        settings = load(config, {})

    assert {"billing", "shop"} == {name for _, name in settings.catalogue.services}
    assert "db01" == settings.catalogue.by_alias["default", "10.0.0.5"].name
    assert () == settings.warnings
