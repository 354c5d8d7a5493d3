"""An incident of two alerts in a store, for commands that take incidents apart."""

from datetime import UTC, datetime, timedelta

from watcher.model.alert import Alert, AlertStatus, Occurrence
from watcher.model.event import Severity
from watcher.model.incident import Incident, Priority, Status
from watcher.model.reason import Reason
from watcher.store.store import Store

T0 = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def seed_two_alerts(store: Store) -> None:
    """Incident 1 of acme: `cpu` and, a minute later, `disk` of web01."""
    pairs = [_member("cpu", 0), _member("disk", 1)]
    with store.begin() as tx:
        tx.numbers(1)
        tx.save_incidents([_incident()])
        tx.save_alerts(alert for alert, _ in pairs)
        tx.save_occurrences(span for _, span in pairs)


def _member(key: str, minute: float) -> tuple[Alert, Occurrence]:
    at, average = T0 + timedelta(minutes=minute), Severity.AVERAGE
    reason = Reason("same-group", "same host web01, 1 min apart", ("host:web01",), gap=60.0)
    alert = Alert(
        "acme", key, "zbx", "o1", AlertStatus.FIRING, average, f"{key} is high", at, at, at,
        host="web01", host_known=True, labels={"env": "prod"}, incident=1,
    )  # fmt: skip
    return alert, Occurrence("acme", key, "o1", average, at, average, at, at, None, 1, at, reason)


def _incident() -> Incident:
    return Incident(
        number=1, customer="acme", title="cpu is high on web01", status=Status.OPEN,
        priority=Priority.P3, terms=(), group="host:web01", severity=Severity.AVERAGE,
        opened_at=T0, last_at=T0, hosts=("web01",), firing=2, alerts=2,
    )  # fmt: skip
