"""What the steps of a runbook may see of an alert and its incident."""

from watcher.model.action import Action
from watcher.model.alert import Alert
from watcher.model.incident import Incident
from watcher.store.views import View


def values_of(action: Action, view: View) -> dict[str, str]:
    """The fields of the alert behind a diagnosis, and of its incident."""
    incident = _living(view, action)
    if incident is None:
        return {}
    return known_values(incident, view.alert(action.customer, action.payload.get("alert", "")))


def known_values(incident: Incident, alert: Alert | None) -> dict[str, str]:
    """The fields of an incident, and of one of its alerts if there is one."""
    values = {
        "incident.number": str(incident.number),
        "incident.customer": incident.customer,
        "incident.service": incident.service or "",
    }
    return values | alert_values(alert) if alert else values


def alert_values(alert: Alert) -> dict[str, str]:
    """The fields of an alert under the names by which inputs ask for them."""
    labels = {f"alert.labels.{name}": value for name, value in alert.labels.items()}
    return {
        **labels,
        "alert.key": alert.key,
        "alert.name": alert.name,
        "alert.source": alert.source,
        "alert.severity": alert.severity,
        "alert.host": alert.host or "",
        "alert.service": alert.service or "",
        "alert.summary": alert.summary,
    }


def _living(view: View, action: Action) -> Incident | None:
    """The action's incident, or the one that has taken it in meanwhile, with its alerts."""
    incident = view.incident(action.incident, action.customer)
    while incident is not None and incident.merged_into is not None:
        incident = view.incident(incident.merged_into, action.customer)
    return incident
