"""Short ways to say what is given in tests of decisions."""

from datetime import UTC, datetime, timedelta

from watcher.model.event import Event, Kind, Severity
from watcher.model.incident import Incident, Priority, Status
from watcher.model.policy import Grouping, Policy, PriorityRules

T0 = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)

_IMPACTS = ("extensive", "significant", "moderate", "minor")
_URGENCIES = ("critical", "high", "medium", "low")
_ROWS = ("P1 P1 P2 P3", "P1 P2 P3 P4", "P2 P3 P3 P4", "P3 P4 P4 P5")

RULES = PriorityRules(
    impacts=_IMPACTS,
    urgencies=_URGENCIES,
    matrix={
        (impact, urgency): Priority(priority)
        for impact, row in zip(_IMPACTS, _ROWS, strict=True)
        for urgency, priority in zip(_URGENCIES, row.split(), strict=True)
    },
    impact={4: "extensive", 3: "significant", 2: "moderate", 1: "minor"},
    urgency={
        Severity.DISASTER: "critical",
        Severity.HIGH: "high",
        Severity.AVERAGE: "medium",
        Severity.WARNING: "low",
        Severity.INFORMATION: "low",
    },
)
POLICY = Policy(priority=RULES, grouping=Grouping())


def at(minutes: float) -> datetime:
    """So many minutes after three in the morning."""
    return T0 + timedelta(minutes=minutes)


def event(
    minutes: float = 0,
    kind: Kind = Kind.FIRING,
    *,
    key: str = "cpu",
    occurrence: str = "o1",
    severity: Severity = Severity.AVERAGE,
    host: str | None = "db01",
    service: str | None = None,
    started: float | None = None,
    note: str = "",
) -> Event:
    """An event of the condition `key`, by default firing."""
    return Event(
        source="zabbix",
        kind=kind,
        key=key,
        occurrence=occurrence,
        at=at(minutes),
        name=f"{key} is high",
        severity=severity,
        host=host,
        service=service,
        started_at=None if started is None else at(started),
        note=note,
    )


def incident(
    number: int = 1,
    first: float = 0,
    last: float = 0,
    *,
    status: Status = Status.OPEN,
    group: str = "host:db01",
    opened: float | None = None,
) -> Incident:
    """An incident whose alerts started between `first` and `last`."""
    return Incident(
        number=number,
        customer="acme",
        title="cpu is high (db01)",
        status=status,
        priority=Priority.P3,
        terms=(),
        group=group,
        severity=Severity.AVERAGE,
        opened_at=at(first if opened is None else opened),
        last_at=at(last),
    )
