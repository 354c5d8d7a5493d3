"""`watcher sources`: who posts alerts, and how that goes, without any secret."""

from datetime import timedelta

import orjson
import pytest

from tests.cli.given import SECRETS, Desk
from tests.fakes import FakeClock
from watcher.model.alert import Alert, AlertStatus
from watcher.model.concern import OWN
from watcher.model.event import Severity
from watcher.model.source import Asked, Drift, Heard

NOW = FakeClock().now()
HOUR = timedelta(hours=1)
PROBLEM = "zabbix.example did not answer within 10 s"


@pytest.fixture
def known(at: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A configuration whose first source is asked, and what is known of the sources at noon."""
    monkeypatch.setattr("watcher.cli.sources.Clock", FakeClock)
    monitor = "\n    heartbeat: 1h\n    monitor: {url: https://zabbix.example/z, token: {env: GRA}}"
    text = at.config.read_text()
    plain = "- {name: zbx, kind: zabbix, customer: acme, auth: {bearer: {env: ZBX_TOKEN}}}"
    block = (
        "- name: zbx\n    kind: zabbix\n    customer: acme\n    auth: {bearer: {env: ZBX_TOKEN}}"
    )
    assert plain in text
    at.config.write_text(text.replace(plain, block + monitor))
    with at.store() as store, store.begin() as tx:
        tx.save_heard("zbx", Heard(NOW - 2 * HOUR, {NOW.date(): HOUR}))
        since = NOW - HOUR
        asked = Asked(
            at=NOW, complete_at=since, trouble="unreachable", problem=PROBLEM, since=since,
            absent={"o1": since - HOUR, "o2": since - HOUR},
        )  # fmt: skip
        tx.save_asked("zbx", asked)
    return at


def test_maintenance_that_is_not_taken_over_is_named(known: Desk) -> None:
    """With the reason, below its source."""
    with known.store() as store, store.begin() as tx:
        tx.save_left_out("zbx", ["maintenance 'x' is not taken over: why"])

    assert "\n  maintenance 'x' is not taken over: why\n" in known.run("sources").output


def _missed(at: Desk) -> None:
    with at.store() as store, store.begin() as tx:
        tx.add_drift("zbx", NOW, {Drift.OPENING: 2})
        tx.add_drift("zbx", NOW - 24 * HOUR, {Drift.RECOVERY: 1})


def _wrong(at: Desk) -> None:
    with at.store() as store, store.begin() as tx:
        key, name = "v1:watcher:silent:zbx", "Source zbx is silent"
        alert = Alert(
            "acme", key, OWN, "o", AlertStatus.FIRING, Severity.DISASTER, name, NOW, NOW, NOW,
            labels={"about": "zbx", "condition": "silent"}, summary="For 2 h.", incident=7,
        )  # fmt: skip
        tx.save_alerts([alert])


def test_each_source_is_a_line_with_what_is_wrong_below(known: Desk) -> None:
    """Trouble that may pass, until it is an incident."""
    result = known.run("sources")
    lines = result.output.splitlines()

    assert 0 == result.exit_code
    assert ["gen", "gra", "signed", "zbx"] == [each.split()[0] for each in lines[:4]]
    assert "heard of 2 h ago (expected within 60 min); reconciled 60 min ago" in lines[3]
    assert lines[3].endswith("; posted everything in the last 7 days")
    assert "new       heard of never" in lines[0]
    assert "  2 open here only: nothing proves them over" == lines[4]
    assert f"  since 60 min ago: {PROBLEM}" == lines[5]

    _wrong(known)
    assert "  Source zbx is silent (#7): For 2 h." == known.run("sources").output.splitlines()[-1]


def test_what_a_source_did_not_post_is_said_in_words(known: Desk) -> None:
    """Of today and of the week, so that nobody takes it for what is open now."""
    _missed(known)

    told = known.run("sources").output.splitlines()[3].rpartition("; did not post")[2]

    assert ", found by asking: today 2 openings; in 7 days 2 openings, 1 recovery" == told


def test_the_json_is_that_of_the_api(known: Desk) -> None:
    """A list of all of them, and no secret in it."""
    result = known.run("sources", "--format", "json")
    found = {each["name"]: each for each in orjson.loads(result.output)}

    assert ("troubled", PROBLEM) == (
        found["zbx"]["condition"],
        found["zbx"]["monitor"]["problem"],
    )
    assert "zabbix.example" == found["zbx"]["monitor"]["host"]
    assert not [secret for secret in SECRETS.values() if secret in result.output]
