"""Nouns with everything filled in that a test of the store does not care about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from watcher.model.action import Action, ActionKind, ActionStatus, Intent
from watcher.model.alert import Alert, AlertStatus, Occurrence
from watcher.model.delivery import Arrival
from watcher.model.deployment import Deployment, DeploymentStatus
from watcher.model.event import Severity
from watcher.model.evidence import Audit, Diagnosis, Highlight, Level, StepResult, StepStatus
from watcher.model.incident import (
    Entry,
    EntryKind,
    Incident,
    Priority,
    Status,
    Suspect,
    Term,
)
from watcher.model.reason import Reason
from watcher.model.run import Run

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REASON = Reason("group", "same service", ("service:billing",), ("web", "db"), 12.5)


def arrival(body: bytes = b"{}", at: datetime = NOW, customer: str = "acme") -> Arrival:
    """A request of the source zabbix."""
    return Arrival("zabbix", customer, at, {"content-type": "application/json"}, body)


def alert(key: str = "k1", customer: str = "acme", **changes: Any) -> Alert:
    """A firing alert."""
    given: dict[str, Any] = {
        "customer": customer,
        "key": key,
        "source": "zabbix",
        "occurrence": "o1",
        "status": AlertStatus.FIRING,
        "severity": Severity.HIGH,
        "name": "База данных недоступна",
        "first_at": NOW - MINUTE,
        "last_at": NOW,
        "started_at": NOW - MINUTE,
    }
    return Alert(**{**given, **changes})


def occurrence(key: str = "k1", span: str = "o1", **changes: Any) -> Occurrence:
    """A span of an alert of acme."""
    given: dict[str, Any] = {
        "severity": Severity.HIGH,
        "severity_at": NOW,
        "worst": Severity.HIGH,
        "heard_at": NOW,
    }
    return Occurrence("acme", key, span, **{**given, **changes})


def incident(number: int = 1, customer: str = "acme", **changes: Any) -> Incident:
    """An open incident of the service billing."""
    given: dict[str, Any] = {
        "number": number,
        "customer": customer,
        "title": "billing: down",
        "status": Status.OPEN,
        "priority": Priority.P2,
        "terms": (Term("impact", "high", "critical service"),),
        "group": "service:billing",
        "severity": Severity.HIGH,
        "opened_at": NOW,
        "last_at": NOW,
    }
    return Incident(**{**given, **changes})


def suspect() -> Suspect:
    """The database, held to be the cause."""
    return Suspect("k1", "db1", NOW, REASON, settled=True)


def entry(number: int = 1, text: str = "opened", key: str | None = None) -> Entry:
    """A line on the timeline of an incident."""
    return Entry(number, NOW, EntryKind.OPENED, text, REASON, key=key)


def intent(
    key: str, lane: str = "mail", incident: int = 1, not_before: datetime | None = None
) -> Intent:
    """Somebody is to be told of an incident."""
    payload = {"channel": lane}
    return Intent(incident, "acme", ActionKind.NOTIFY, lane, key, payload, not_before)


def diagnosis() -> Diagnosis:
    """One run of a runbook with one step."""
    full = Highlight("full", Level.BAD, "/var is 95 % full")
    step = StepResult(
        step="disk",
        title="Disk space",
        status=StepStatus.OK,
        output="95%\n",
        exit_code=0,
        seconds=0.2,
        size=4,
        read="full",
        highlights=(full,),
        values={"use": 95, "mount": "/var"},
    )
    audit = Audit(host_key="SHA256:x", script="abc", inputs={"mount": "/var"})
    return Diagnosis("linux", "Linux basics", "db1", NOW, 1.5, (step,), audit=audit)


def action(number: int = 7, incident: int = 7) -> Action:
    """A diagnosis that is carried out."""
    return Action(
        id=number,
        incident=incident,
        customer="acme",
        kind=ActionKind.DIAGNOSE,
        lane="diagnose/db1",
        key=f"{incident}/diagnose/linux/db1",
        payload={},
        status=ActionStatus.RUNNING,
        attempts=1,
        created_at=NOW,
        next_at=NOW,
    )


def run(**changes: Any) -> Run:
    """Somebody ran a runbook."""
    given: dict[str, Any] = {
        "at": NOW,
        "customer": "acme",
        "runbook": "linux",
        "host": "db1",
        "by": "alert v1:k1",
        "incident": 1,
        "approved_by": "olga",
        "address": "10.0.0.5",
        "user": "watcher",
        "via": ("bastion",),
        "host_key": "SHA256:x",
        "verified": "known_hosts",
        "digest": "d1",
        "script": "s1",
        "inputs": {"mount": "/var"},
        "fault": "timeout",
        "outcome": "no answer",
        "seconds": 1.5,
        "size": 4,
    }
    return Run(**{**given, **changes})


def change(key: str = "v1:1", at: datetime = NOW, **said: Any) -> Deployment:
    """A change of acme's billing."""
    given: dict[str, Any] = {
        "customer": "acme",
        "source": "ci",
        "key": key,
        "what": "Округлять счета вверх",
        "at": at,
        "status": DeploymentStatus.SUCCEEDED,
        "service": "billing",
        "host": "db1",
        "environment": "production",
        "revision": "c0ffee",
        "author": "vera",
        "url": "https://ci.example.org/1",
        "ended_at": at + MINUTE,
    }
    return Deployment(**{**given, **said})
