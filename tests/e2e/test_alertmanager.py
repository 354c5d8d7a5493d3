"""A real Alertmanager, connected by what `watcher connect alertmanager` prints, asked and answered.

Its webhook is caught where Watcher would take it.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from tests.e2e.process import LOOPBACK, free_port, running, wait_for
from tests.monitors.given import access, answer, held, read
from tests.peers import Answer, HttpPeer
from watcher.cli import build
from watcher.kit.clock import Clock
from watcher.kit.http import Door, Reach
from watcher.model.action import Verdict
from watcher.model.answer import Verb
from watcher.model.event import Event
from watcher.model.survey import Held, Survey
from watcher.monitors.alertmanager import Alertmanager, monitor

CONFIG = """\
public_url: {hook}
sources:
  - name: src
    kind: alertmanager
    auth: {{bearer: {{env: TOKEN}}}}
    monitor: {{url: "{url}"}}
"""
SECRET = "proves-who-it-is"
LABELS = {"alertname": "PostgresDown", "instance": "10.0.0.5:9100", "severity": "critical"}


@dataclass
class Connected:
    """An Alertmanager that posts to `watcher`, and the monitor that asks it."""

    url: str
    watcher: HttpPeer
    monitor: Alertmanager
    said: str

    def post(self, started_at: str, **labels: str) -> None:
        """An alert comes in, as Prometheus sends it."""
        alert = {"labels": labels, "startsAt": started_at, "annotations": {"summary": "down"}}
        answer = _call("POST", f"{self.url}/api/v2/alerts", [alert])
        assert 200 == answer.status, answer.body

    def survey(self, *spans: Held) -> Survey:
        return self.monitor.survey(spans, "", Clock().now())

    def webhook(self) -> Event:
        """The first alert that it posts."""
        wait_for(lambda: self.watcher.calls, "Alertmanager to post", seconds=30)
        return read("alertmanager", [self.watcher.calls[0].body])[0]


def _call(method: str, url: str, value: object = None) -> Any:
    body = json.dumps(value).encode() if value is not None else b""
    headers = {"Content-Type": "application/json"}
    return Door(Reach(private=True)).call(method, url, headers=headers, body=body)


def _connect(folder: Path, url: str, hook: str) -> str:
    """What the command prints."""
    config = folder / "watcher.yaml"
    config.write_text(CONFIG.format(hook=hook, url=url))
    words = ["connect", "alertmanager", "--config", str(config)]
    return CliRunner().invoke(build(["connect"]), words, env={"TOKEN": SECRET}).output


def _configuration(printed: str, secret: Path) -> dict[str, Any]:
    """A whole configuration with what was printed in its places, only more impatient."""
    receiver, first, last = yaml.safe_load(printed.partition("\n\n")[0])
    receiver["webhook_configs"][0]["http_config"]["authorization"]["credentials_file"] = str(secret)
    return {
        "route": {"receiver": "default", "routes": [{**first, "group_wait": "0s"}, last]},
        "receivers": [{"name": "default"}, receiver],
    }


@contextmanager
def _running(folder: Path, watcher: HttpPeer) -> Iterator[Connected]:
    url = f"http://{LOOPBACK}:{(port := free_port())}"
    hook = f"http://{LOOPBACK}:{watcher.port}"
    secret, file = folder / "secret", folder / "alertmanager.yml"
    secret.write_text(SECRET)
    file.write_text(yaml.safe_dump(_configuration(_connect(folder, url, hook), secret)))
    with running(
        "prometheus-alertmanager",
        f"--config.file={file}",
        f"--storage.path={folder}/data",
        f"--web.listen-address={LOOPBACK}:{port}",
        "--cluster.listen-address=",
        folder=folder,
    ) as program:
        program.wait_for_port(port)
        asked = monitor(access("alertmanager", url, ""), Clock())
        yield Connected(url, watcher, asked, _connect(folder, url, hook))


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    """One for all tests here: each has alerts of its own."""
    if shutil.which("prometheus-alertmanager") is None:
        pytest.skip("there is no Alertmanager here; `tools/packages.sh e2e` installs it")
    with (
        HttpPeer(Answer(202, b'{"delivery": "1"}')) as watcher,
        _running(tmp_path_factory.mktemp("alertmanager"), watcher) as connected,
    ):
        yield connected


def test_what_connect_prints_is_taken(alertmanager: Connected) -> None:
    """By amtool, and by the server that was started with it: it has the receiver."""
    amtool, asked = alertmanager.said.strip().splitlines()[-2:]

    assert "amtool takes it." == amtool
    assert f"{alertmanager.url} has the receiver; alerts that go to it now: 0." == asked


def test_an_alert_is_the_same_by_webhook_and_when_asked(alertmanager: Connected) -> None:
    """Its keys agree although the webhook has nanoseconds, and the API milliseconds."""
    alertmanager.post("2026-11-22T09:14:48.325695871Z", **LABELS)
    told = alertmanager.webhook()
    assert f"Bearer {SECRET}" == alertmanager.watcher.calls[0].headers["authorization"]

    survey = alertmanager.survey(held(told))

    (event,) = read("alertmanager", survey.bodies)
    assert (told.key, told.occurrence) == (event.key, event.occurrence)
    assert (told.labels, told.name, told.summary) == (event.labels, event.name, event.summary)
    assert frozenset({told.occurrence}) == survey.open
    assert not survey.complete
    assert "Alertmanager has just started and does not know of all alerts yet" == survey.problem


def test_a_silence_is_set_once_and_holds_the_alert_back(alertmanager: Connected) -> None:
    """It is Alertmanager that says so, and amtool shows by whom, why and until when."""
    started_at = datetime.now(UTC).isoformat()
    alertmanager.post(started_at, **{**LABELS, "instance": "10.0.0.6:9100"})
    (event,) = [
        each
        for each in read("alertmanager", alertmanager.survey().bodies)
        if each.labels["instance"] == "10.0.0.6:9100"
    ]
    until = datetime.now(UTC) + timedelta(hours=2)
    wish = answer(Verb.SILENCE, held(event), until=until)

    first, second = alertmanager.monitor.answer(wish), alertmanager.monitor.answer(wish)

    assert (Verdict.DONE, "1 silenced, 0 were already") == (first.verdict, first.reason)
    assert (Verdict.DONE, "0 silenced, 1 were already") == (second.verdict, second.reason)
    wait_for(
        lambda: event.occurrence in alertmanager.survey().suppressed,
        "the alert to be held back",
        seconds=15,
    )
    (silence,) = json.loads(_call("GET", f"{alertmanager.url}/api/v2/silences").body)
    assert ("ann", True) == (silence["createdBy"], silence["comment"].startswith("Watcher: "))
    assert event.occurrence in alertmanager.survey().open
