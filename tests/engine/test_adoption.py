"""Tickets that Zabbix filed itself, from the tags of its events to the incidents they are about."""

from datetime import timedelta

import orjson
import pytest

from tests.engine.streams import RULEBOOK
from tests.engine.test_digest import drain
from tests.fakes import FakeClock
from watcher.app.worker import reader
from watcher.engine.digest import Digest
from watcher.model.delivery import Arrival
from watcher.model.incident import Incident, Ticket
from watcher.policy.endpoints import Auth, Source
from watcher.receivers import zabbix
from watcher.store.query import Query
from watcher.store.store import Store

NOW = FakeClock().now()
OPS_1 = Ticket("jira", "OPS-1", "https://jira.example/browse/OPS-1")


def body(event: int, ticket: str = "", *, over: bool = False, updated: bool = False) -> bytes:
    """A problem of a host of its own, or the news of it, with the tags of that time."""
    begun = int((NOW - timedelta(minutes=30)).timestamp())
    tags = [{"tag": "scope", "value": "disk"}]
    if ticket:
        link = f"https://jira.example/browse/{ticket}"
        tags.append({"tag": "__zbx_jira_issuekey", "value": ticket})
        tags.append({"tag": "__zbx_jira_issuelink", "value": link})
    return orjson.dumps(
        {
            "event_source": "0", "event_value": "0" if over else "1", "event_id": str(event),
            "event_update_status": "1" if updated else "0", "event_nseverity": "4",
            "event_name": "Disk full", "event_timestamp": str(begun), "trigger_id": str(event),
            "host_id": "9", "host_host": "db01", "event_tags_json": orjson.dumps(tags).decode(),
            "event_recovery_timestamp": str(begun + 600),
            "event_update_timestamp": str(begun + 300),
        }
    )  # fmt: skip


def taken(store: Store, *bodies: bytes, customer: str = "default") -> list[Incident]:
    """Digests these bodies in one batch each; returns the customer's incidents, oldest first."""
    source = f"zabbix-{customer}"
    inbox = store.inbox(NOW)
    inbox.append([Arrival(source, customer, NOW, {}, each) for each in bodies])
    inbox.close()
    read = reader(Source(source, "zabbix", customer, Auth(), 1 << 20, zabbix.Options()))
    drain(Digest(store, {source: read}, lambda: RULEBOOK, FakeClock(), "me"), 1)
    with store.view() as view:
        return sorted(view.incident_list(Query(customer=customer)).items, key=lambda i: i.number)


def told(store: Store, number: int) -> list[str]:
    """What a timeline says of tickets."""
    with store.view() as view:
        return [each.text for each in view.timeline(number) if " of jira" in each.text]


@pytest.mark.parametrize(
    "bodies",
    [
        [body(1, "OPS-1")],
        [body(1), body(1, "OPS-1", updated=True)],
        [body(1), body(1, "OPS-1", over=True)],
        [body(1, "OPS-1"), body(1), body(1, "OPS-1"), body(1, "OPS-1", over=True)],
    ],
)
def test_an_incident_takes_the_ticket_that_zabbix_filed(store: Store, bodies: list[bytes]) -> None:
    """With the problem, or with whatever news of it first has the tag; it is told once."""
    [incident] = taken(store, *bodies)

    assert OPS_1 == incident.ticket
    assert ["took OPS-1 of jira as its ticket"] == told(store, incident.number)


def test_the_second_ticket_is_noted(store: Store) -> None:
    """Two alerts of one disruption had a ticket each; both are told of, the first is its own."""
    [incident] = taken(store, body(1, "OPS-1"), body(2, "OPS-2"), body(2, "OPS-2", over=True))

    assert OPS_1 == incident.ticket
    assert ["took OPS-1 of jira as its ticket", "OPS-2 of jira is about it too"] == told(
        store, incident.number
    )


def test_no_ticket_crosses_from_one_customer_to_another(store: Store) -> None:
    """The same event of the same host of another customer has none."""
    taken(store, body(1, "OPS-1"))
    [incident] = taken(store, body(1), customer="rival")

    assert incident.ticket is None


def test_an_old_ticket_is_still_read(store: Store) -> None:
    """Whoever wrote only its name into the table."""
    [incident] = taken(store, body(1))
    with store.begin() as tx:
        tx._link.run("UPDATE incident SET ticket = 'OLD-7'")

    with store.view() as view:
        found = view.incident(incident.number, None)
    assert found is not None
    assert Ticket("", "OLD-7") == found.ticket
