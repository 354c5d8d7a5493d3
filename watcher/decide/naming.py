"""What the machine calls an incident, so that people still know it by its title later."""

from watcher.decide.lifecycle import MACHINE, titled
from watcher.model.alert import Alert
from watcher.model.incident import Incident


def title_of(incident: Incident, first: Alert, suspected: Alert | None = None) -> str:
    """The title by the alert that fired `first`; by that of the suspect once it is settled.

    So the title changes once at the most. It stays where a person gave it or has acknowledged the
    incident, and where the suspect is on the same host or has no alert of its own.
    """
    if incident.opened_by != MACHINE or incident.acknowledged_at is not None:
        return incident.title
    if suspected is None or _where(suspected) == _where(first):
        return titled(first)
    return titled(suspected)


def _where(alert: Alert) -> str | None:
    return alert.host or alert.service
