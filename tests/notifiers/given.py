"""An incident to tell of, and options that lead to a peer on this machine."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

from watcher.decide.lifecycle import News
from watcher.kit.secrets import Secret
from watcher.model.alert import Alert, AlertStatus
from watcher.model.event import Severity
from watcher.model.evidence import Diagnosis, Evidence, StepResult, StepStatus
from watcher.model.incident import Incident, Priority, Status, Suspect, Term
from watcher.model.problem import Problem
from watcher.model.reason import Reason
from watcher.notifiers import Briefing, Message, compose, email, webhook

AT = datetime(2026, 3, 14, 3, 7, tzinfo=UTC)
SECRET = "correct-horse-battery"

INCIDENT = Incident(
    number=42,
    customer="acme",
    title="CPU is high on db01",
    status=Status.OPEN,
    priority=Priority.P1,
    terms=(
        Term("impact", "high", "billing has criticality 4"),
        Term("urgency", "high", "severity disaster"),
    ),
    group="service:billing",
    severity=Severity.DISASTER,
    opened_at=AT - timedelta(minutes=3),
    last_at=AT,
    service="billing",
    hosts=("db01", "db02"),
    suspect=Suspect("z:1", "db01", AT, Reason("first-to-fire", "the first alert to fire")),
    firing=2,
    alerts=3,
)
ALERT = Alert(
    customer="acme",
    key="z:1",
    source="zabbix",
    occurrence="1",
    status=AlertStatus.FIRING,
    severity=Severity.DISASTER,
    name="CPU is high",
    first_at=AT,
    last_at=AT,
    started_at=AT,
    host="db01",
)
DIAGNOSIS = Diagnosis(
    runbook="linux-load",
    title="Load of a Linux host",
    host="db01",
    started_at=AT,
    seconds=1.5,
    steps=(
        StepResult("load", "Load and uptime", StepStatus.OK, "03:07 up 9 days\n\nload 48.1\n"),
        StepResult("oom", "Killed processes", StepStatus.FAILED, "", reason="exit code 1"),
    ),
)


def written(
    incident: Incident = INCIDENT,
    event: News = News.OPENED,
    diagnosis: Diagnosis | None = None,
    key: str = "42/notify/night/opened/1",
    earlier: tuple[Diagnosis, ...] = (),
    *,
    problem: Problem | None = None,
    likeness: tuple[str, ...] = (),
    alerts: tuple[Alert, ...] = (ALERT,),
) -> Message:
    """The message about that incident."""
    found = (*earlier, diagnosis) if diagnosis else earlier
    evidence = tuple(Evidence(number, 42, each) for number, each in enumerate(found, start=1))
    url = "https://watcher.example.com/incidents/42"
    about = f"https://watcher.example.com/problems/{problem.number}" if problem else ""
    briefing = Briefing(event, incident, alerts, evidence, url, AT, problem, about, likeness)
    return compose(briefing, key, "watcher.example.com#42/night")


RESOLVED = replace(INCIDENT, status=Status.RESOLVED, resolved_at=AT)


def aimed(kind: ModuleType, port: int, **changes: Any) -> Any:
    """The options of a notifier, with its secrets, for a peer on this machine."""
    if kind is email:
        plain = email.Security.PLAIN
        return email.Options(
            host="localhost",
            port=port,
            sender="watcher@example.com",
            to=("oncall@example.com",),
            security=plain,
            password=Secret(SECRET),
            **changes,
        )
    return webhook.Options(
        url=f"http://localhost:{port}/{SECRET}",
        token=Secret(SECRET),
        sign=Secret(SECRET),
        allow_private=True,
        **changes,
    )
