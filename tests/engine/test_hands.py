"""How people are told of an incident."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.decide.problems import problem, tie
from tests.engine.test_deliver import actions, incident, intent, told
from tests.fakes import NOON, FakeClock
from tests.peers import HttpPeer
from watcher.engine.deliver import Deliverer
from watcher.engine.hands import Hand, NotifyHand
from watcher.model.action import ActionKind, ActionStatus, Intent
from watcher.model.alert import Alert, AlertStatus, Occurrence
from watcher.model.event import Severity
from watcher.model.problem import ProblemStatus
from watcher.notifiers import Outlet
from watcher.notifiers.webhook import Options
from watcher.store.store import Store

PUBLIC_URL = "https://watcher.example.com"
ALERT = Alert(
    customer="acme",
    key="z:1",
    source="zabbix",
    occurrence="1",
    status=AlertStatus.FIRING,
    severity=Severity.HIGH,
    name="Disk is full",
    first_at=NOON,
    last_at=NOON,
    started_at=NOON,
    host="db01",
    labels={"filesystem": "/var"},
    incident=1,
)
SPAN = Occurrence(
    "acme", "z:1", "1", Severity.HIGH, NOON, Severity.HIGH, NOON, started_at=NOON, incident=1
)


@pytest.fixture
def hook() -> Iterator[HttpPeer]:
    """Somebody who is told."""
    with HttpPeer() as peer:
        yield peer


def carry_out(store: Store, kind: ActionKind, hand: Hand, *intents: Intent) -> None:
    """Queues and carries out actions on an incident with one alert."""
    with store.begin() as tx:
        tx.save_incidents([incident()])
        tx.save_alerts([ALERT])
        tx.save_occurrences([SPAN])
        tx.queue(intents, NOON)
    Deliverer(store, FakeClock(), {kind: hand}).run_due()


def notifying(port: int) -> NotifyHand:
    """Tells over the channel `night`."""
    options = Options(url=f"http://localhost:{port}/", allow_private=True)
    return NotifyHand({"night": Outlet("webhook", options)}, FakeClock(), PUBLIC_URL)


def test_people_are_told_of_an_incident(store: Store, hook: HttpPeer) -> None:
    """The message is written from the incident as it is, and links to its page."""
    carry_out(store, ActionKind.NOTIFY, notifying(hook.port), intent("a"))

    body = json.loads(hook.calls[0].body)
    assert body["subject"] == "[P1] CPU is high (opened #1)"
    assert body["url"] == "https://watcher.example.com/incidents/1"
    assert body["incident"]["customer"] == "acme"
    assert actions(store)["a"].status is ActionStatus.DONE
    assert told(store)[0][0] == "message 'opened' to night: done"


def test_a_channel_that_is_gone_is_said(store: Store, hook: HttpPeer) -> None:
    """A message for a channel that was taken out of the configuration needs a person."""
    carry_out(store, ActionKind.NOTIFY, notifying(hook.port), intent("a", "day"))

    assert actions(store)["a"].reason == "there is no channel 'day' any more"
    assert actions(store)["a"].status is ActionStatus.GAVE_UP


def test_nobody_is_told_of_a_strangers_incident(store: Store, hook: HttpPeer) -> None:
    """An action of one customer never shows the incident of another."""
    strange = replace(intent("a"), customer="globex")

    carry_out(store, ActionKind.NOTIFY, notifying(hook.port), strange)

    assert actions(store)["a"].reason == "the incident is not there any more"
    assert hook.calls == []


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (ProblemStatus.KNOWN_ERROR, True),
        (ProblemStatus.CLOSED, True),
        (ProblemStatus.REFUSED, False),
    ],
)
def test_people_are_told_of_a_problem(
    store: Store, hook: HttpPeer, status: ProblemStatus, sent: bool
) -> None:
    """As it is by then, or the one that it went into; not of one that is refused meanwhile."""
    whole = problem(8, status=status, workaround="restart it")
    with store.begin() as tx:
        tx.save_problems([problem(7, status="closed", merged_into=8), whole])
        tx.save_ties([tie(1, 8, reasons=("the same alert",))])
    asked = intent("a")
    payload = {**asked.payload, "event": "problem_back", "problem": "7"}
    carry_out(store, ActionKind.NOTIFY, notifying(hook.port), replace(asked, payload=payload))

    action = actions(store)["a"]
    assert ActionStatus.DONE is action.status
    assert sent is bool(hook.calls)
    if sent:
        body = json.loads(hook.calls[0].body)
        url = "https://watcher.example.com/problems/8"
        assert (url, url, 8) == (body["url"], body["problem"]["url"], body["problem"]["number"])
        assert "restart it" in body["text"]
        assert "- the same alert" in body["text"]
    else:
        assert "the problem is refused or gone meanwhile" == action.reason


def test_the_most_patient_channel_sets_the_lease() -> None:
    """Without channels there is nothing to wait for."""
    assert notifying(1).longest == 40.0
    assert NotifyHand({}, FakeClock(), PUBLIC_URL).longest == 0.0
