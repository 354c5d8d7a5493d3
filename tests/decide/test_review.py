"""What the record says of an incident: nothing is made up, and what it lacks is named."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from watcher.decide.deployments import Near
from watcher.decide.review import MOST_FACTS, FactKind, Gap, Record, account
from watcher.model.action import Action, ActionKind, ActionStatus
from watcher.model.alert import Alert, AlertStatus, Occurrence
from watcher.model.change import replace
from watcher.model.deployment import Deployment, DeploymentStatus
from watcher.model.event import Severity
from watcher.model.evidence import Diagnosis, Evidence
from watcher.model.incident import (
    Course,
    Entry,
    EntryKind,
    Incident,
    Priority,
    Stake,
    Status,
)
from watcher.model.reason import Reason
from watcher.model.review import ActionItem

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
INCIDENT = Incident(
    7, "acme", "disk", Status.OPEN, Priority.P2, (), "host:db1", Severity.HIGH, NOW, NOW
)
SPAN = Occurrence("acme", "k1", "o1", Severity.HIGH, NOW, Severity.HIGH, NOW, NOW - 2 * MINUTE)
ALERT = Alert(
    "acme", "k1", "zbx", "o1", AlertStatus.FIRING, Severity.HIGH, "full", NOW, NOW, NOW, "db1"
)
CHANGE = Deployment(
    "acme",
    "ci",
    "1",
    "billing 2.1",
    NOW - 5 * MINUTE,
    DeploymentStatus.SUCCEEDED,
    author="mira",
)


def entry(kind: EntryKind, after: int = 0, text: str = "said") -> Entry:
    """A line of the timeline, so many minutes later."""
    return Entry(7, NOW + after * MINUTE, kind, text, Reason("x", "because"), "olga")


def message(status: ActionStatus, **changes: Any) -> Action:
    """Something that a channel was to be told."""
    payload = {"channel": "ops", "event": "opened"}
    kind, key = ActionKind.NOTIFY, "7/notify"
    made = Action(
        1, 7, "acme", kind, "ops", key, payload, status, 1, NOW, NOW, reason="mail is off"
    )
    return replace(made, **changes) if changes else made


def test_a_bare_incident_is_mostly_unknown() -> None:
    """Opened by hand, with nothing else on record."""
    found = account(Record(INCIDENT))

    assert () == found.facts
    assert (None, None, None, None) == (
        found.times.detect,
        found.times.acknowledge,
        found.times.resolve,
        found.times.disrupted,
    )
    assert set(Gap) - {Gap.CLOCKS, Gap.HISTORY} == set(found.gaps)


def test_a_full_record_leaves_nothing_open() -> None:
    """All times and the whole account follow from it, in the order in which it happened."""
    incident = replace(
        INCIDENT,
        service="billing",
        stakes=(Stake("shop", Severity.HIGH), Stake(None, Severity.HIGH)),
        acknowledged_at=NOW + 5 * MINUTE,
        resolved_at=NOW + 30 * MINUTE,
    )
    record = Record(
        incident,
        spans=[
            (ALERT, replace(SPAN, joined_at=NOW)),
            (ALERT, replace(SPAN, started_at=None, joined_at=None)),
        ],
        timeline=[entry(EntryKind.RESOLVED, 30), entry(EntryKind.OPENED)],
        evidence=[Evidence(1, 7, Diagnosis("linux", "Look", "db1", NOW + MINUTE, 1.0))],
        actions=[
            message(ActionStatus.DONE),
            message(ActionStatus.GAVE_UP),
            message(ActionStatus.RETRY),
            message(ActionStatus.DONE, kind=ActionKind.DIAGNOSE),
        ],
        changes=[Near(CHANGE, "billing", 0, MINUTE, under_way=False)],
    )

    found = account(record)

    assert () == found.gaps
    assert ("billing", "shop") == found.services
    assert [
        FactKind.CHANGE,
        FactKind.SYMPTOM,
        FactKind.DETECTED,
        FactKind.ENTRY,
        FactKind.TOLD,
        FactKind.NOT_TOLD,
        FactKind.TO_TELL,
        FactKind.EVIDENCE,
        FactKind.ENTRY,
    ] == [each.kind for each in found.facts]
    assert (("billing 2.1",), "mira") == (found.facts[0].said, found.facts[0].actor)
    assert "a change of billing was over 1 min" in found.facts[0].because
    assert ("full on db1",) == found.facts[1].said
    assert ("", "mail is off", "") == tuple(each.because for each in found.facts[4:7])
    assert (2 * MINUTE, 5 * MINUTE, 30 * MINUTE, 32 * MINUTE) == (
        found.times.detect,
        found.times.acknowledge,
        found.times.resolve,
        found.times.disrupted,
    )


def test_clocks_that_contradict_each_other_give_no_time() -> None:
    """A monitoring system whose clock is ahead saw it begin after Watcher heard of it."""
    ahead = replace(SPAN, started_at=NOW + MINUTE, joined_at=NOW)

    found = account(Record(INCIDENT, spans=[(ALERT, ahead)]))

    assert found.times.detect is None
    assert Gap.CLOCKS in found.gaps
    assert Gap.SYMPTOM not in found.gaps


@pytest.mark.parametrize(
    ("joined", "notes", "left_out", "of_alerts"),
    [(10, 10, 0, 10), (MOST_FACTS, 10, 10, MOST_FACTS - 10), (5, MOST_FACTS + 20, 25, 0)],
)
def test_a_long_timeline_tells_less_of_single_alerts(
    joined: int, notes: int, left_out: int, of_alerts: int
) -> None:
    """The last lines about them go first; what people did stays as long as there is room."""
    lines = [entry(EntryKind.JOINED, 1)] * joined + [entry(EntryKind.NOTE, 2)] * notes

    found = account(Record(INCIDENT, timeline=lines))

    assert left_out == found.left_out
    assert of_alerts == sum(each.kind is FactKind.ALERT for each in found.facts)


def test_an_action_item_waits_until_it_is_done() -> None:
    """Somebody says when."""
    item = ActionItem("rotate")

    assert (False, True) == (item.done, replace(item, done_at=NOW).done)


def test_history_was_neither_noticed_nor_taken_on() -> None:
    """It was over before Watcher heard of it: to say how soon would mean nothing."""
    past = replace(INCIDENT, course=Course(history=True), resolved_at=NOW + MINUTE)
    found = account(Record(past, spans=[(ALERT, replace(SPAN, joined_at=NOW))]))

    assert FactKind.DETECTED not in [each.kind for each in found.facts]
    assert (None, MINUTE) == (found.times.detect, found.times.resolve)
    assert Gap.HISTORY in found.gaps
    assert not {Gap.CLOCKS, Gap.ACKNOWLEDGED} & {*found.gaps}
