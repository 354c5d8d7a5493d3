"""What the two kinds of action do: tell people, and diagnose hosts of the inventory only."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.conftest import StartSshd
from tests.engine.test_deliver import actions, incident, intent, told
from tests.fakes import NOON, FakeClock
from tests.peers import HttpPeer, closed_port
from tests.sshd import SshServer
from watcher.engine.deliver import Deliverer
from watcher.engine.hands import DiagnoseHand, Hand, NotifyHand
from watcher.kit.clock import Clock
from watcher.model.action import ActionKind, ActionStatus, Intent
from watcher.model.alert import Alert, AlertStatus, Occurrence
from watcher.model.catalogue import Catalogue, Host, SshProfile
from watcher.model.event import Severity
from watcher.model.incident import Status
from watcher.model.runbook import Input, InputType, Runbook, Step
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
BOOK = Runbook(
    "look",
    "A look",
    "us",
    (Step("echo", "Echo", "echo seen {{ inputs.fs }}"),),
    inputs=(Input("fs", InputType.PATH, ("alert.labels.filesystem",)),),
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


def test_the_most_patient_channel_sets_the_lease() -> None:
    """Without channels there is nothing to wait for."""
    assert notifying(1).longest == 40.0
    assert NotifyHand({}, FakeClock(), PUBLIC_URL).longest == 0.0


def looking(host: Host, profile: SshProfile | None = None, *books: Runbook) -> DiagnoseHand:
    """Diagnoses that host of acme with these runbooks."""
    catalogue = Catalogue(
        by_alias={("acme", "db01"): host},
        profiles={profile.name: profile} if profile else {},
    )
    return DiagnoseHand(catalogue, {each.id: each for each in books or (BOOK,)}, Clock())


def wanted(key: str = "d", host: str = "db01", runbook: str = "look") -> Intent:
    """A diagnosis because of the alert."""
    payload = {"host": host, "runbook": runbook, "alert": "z:1"}
    return intent(key, f"diagnose/{host}", kind=ActionKind.DIAGNOSE, payload=payload)


def on(server: SshServer) -> tuple[Host, SshProfile]:
    """That server as a host of the inventory."""
    known = str(server.known_hosts_file())
    profile = SshProfile("lab", server.user, str(server.client_key), known)
    return Host("acme", "db01", address=server.address, port=server.port, ssh="lab"), profile


def outputs(store: Store, number: int = 1) -> list[str]:
    """What the steps of an incident's diagnoses printed."""
    with store.view() as view:
        found = view.evidence_of(number)
    return [step.output for each in found for step in each.diagnosis.steps]


def test_a_diagnosis_becomes_evidence(store: Store, sshd: StartSshd) -> None:
    """The runbook runs on the host with the values of the alert, and its output is kept."""
    hand = looking(*on(sshd()))

    carry_out(store, ActionKind.DIAGNOSE, hand, wanted())

    assert outputs(store) == ["seen /var"]
    assert actions(store)["d"].status is ActionStatus.DONE
    assert actions(store)["d"].reason.startswith("1 steps in ")
    assert told(store)[0][0] == "diagnosis look of db01: done"


def test_a_merged_incident_still_lends_its_alert(store: Store, sshd: StartSshd) -> None:
    """The alert of a diagnosis is found at the incident that has taken it in."""
    hand = looking(*on(sshd()))
    with store.begin() as tx:
        tx.save_incidents([replace(incident(2), status=Status.CLOSED, merged_into=1)])
        tx.queue([replace(wanted(), incident=2)], NOON)

    carry_out(store, ActionKind.DIAGNOSE, hand)

    assert outputs(store) == ["seen /var"]
    assert outputs(store, 2) == []


def test_a_host_that_does_not_answer_is_tried_again(store: Store, sshd: StartSshd) -> None:
    """A host that is away leaves a reason, and no evidence yet."""
    host, profile = on(sshd())

    carry_out(
        store, ActionKind.DIAGNOSE, looking(replace(host, port=closed_port()), profile), wanted()
    )

    assert actions(store)["d"].status is ActionStatus.RETRY
    assert actions(store)["d"].reason != ""
    assert outputs(store) == []


NOWHERE = Host("acme", "db01", address="127.0.0.1", ssh="lab")
PROFILE = SshProfile("lab", "nobody", "/nonexistent", "/nonexistent")


@pytest.mark.parametrize(
    ("host", "profile", "asked"),
    [
        (NOWHERE, PROFILE, "db02"),
        (replace(NOWHERE, address=None), PROFILE, "db01"),
        (replace(NOWHERE, ssh=None), PROFILE, "db01"),
        (NOWHERE, None, "db01"),
    ],
)
def test_a_host_without_a_way_in_is_left_alone(
    store: Store, host: Host, profile: SshProfile | None, asked: str
) -> None:
    """Unknown, without an address, without a profile, or with one that is gone: never connected."""
    carry_out(store, ActionKind.DIAGNOSE, looking(host, profile), wanted(host=asked))

    assert actions(store)["d"].status is ActionStatus.DONE
    assert "never connected to" in actions(store)["d"].reason
    assert outputs(store) == []


def test_a_host_of_another_customer_is_unknown(store: Store) -> None:
    """The same name in another customer's inventory leads nowhere."""
    strange = replace(wanted(), customer="globex")

    carry_out(store, ActionKind.DIAGNOSE, looking(NOWHERE, PROFILE), strange)

    assert "never connected to" in actions(store)["d"].reason


def test_a_runbook_that_is_gone_is_said(store: Store) -> None:
    """A runbook that was taken away meanwhile needs a person."""
    carry_out(store, ActionKind.DIAGNOSE, looking(NOWHERE, PROFILE), wanted(runbook="other"))

    assert actions(store)["d"].reason == "there is no runbook 'other' any more"


def test_without_its_incident_a_diagnosis_has_no_values(store: Store) -> None:
    """Where the incident is gone the host is still looked at, with nothing from the alert."""
    gone = replace(wanted(), incident=7)

    carry_out(store, ActionKind.DIAGNOSE, looking(NOWHERE, PROFILE), gone)

    with store.view() as view:
        assert [each.diagnosis.host for each in view.evidence_of(7)] == ["db01"]


def test_the_longest_runbook_sets_the_lease() -> None:
    """Every runbook ends before its lease, with the connection before it."""
    books = (BOOK, replace(BOOK, id="slow", timeout=600.0))

    assert looking(NOWHERE, PROFILE, *books).longest == 600 + 2 * 5 + 40
    assert DiagnoseHand(Catalogue(), {}, Clock()).longest == 40.0
