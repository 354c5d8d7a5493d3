"""People know an incident by its title: it changes once at the most, and not behind their back."""

from dataclasses import replace

import pytest

from tests.decide.given import at, incident
from watcher.decide.naming import title_of
from watcher.model.alert import Alert, AlertStatus
from watcher.model.event import Severity
from watcher.model.incident import Incident


def alert(name: str, host: str | None, service: str | None = None) -> Alert:
    """An alert that fires."""
    return Alert(
        "acme", f"{host}/{name}", "zabbix", "o1", AlertStatus.FIRING, Severity.HIGH, name,
        at(0), at(0), at(0), host=host, service=service,
    )  # fmt: skip


FIRST = alert("Requests are slow", "web1", "shop")
SWITCH = alert("Link down", "switch7")
MACHINES = replace(incident(), title="shop: Requests are slow on web1")


@pytest.mark.parametrize(
    ("given", "suspected", "title"),
    [
        (MACHINES, None, "shop: Requests are slow on web1"),
        (replace(MACHINES, title="came later"), None, "shop: Requests are slow on web1"),
        (MACHINES, SWITCH, "Link down on switch7"),
        (MACHINES, alert("CPU is busy", "web1"), "shop: Requests are slow on web1"),
        (replace(MACHINES, acknowledged_at=at(1)), SWITCH, "shop: Requests are slow on web1"),
        (replace(MACHINES, opened_by="olga", title="No mail"), SWITCH, "No mail"),
    ],
    ids=["first", "first heard late", "suspect", "same host", "somebody works on it", "person's"],
)
def test_the_title_is_that_of_the_first_alert_until_the_cause_is_known(
    given: Incident, suspected: Alert | None, title: str
) -> None:
    """Then it is that of the suspect, unless people know the incident by another already."""
    assert title == title_of(given, FIRST, suspected)


def test_services_without_hosts_are_told_apart() -> None:
    """One on another service is another place."""
    web, mail = alert("Down", None, "web"), alert("Slow", None, "mail")

    assert "mail: Slow" == title_of(incident(), web, mail)
