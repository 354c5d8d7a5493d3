"""A real Zabbix fires, and Watcher has one enriched incident: the whole path, on both stores."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.e2e.process import LOOPBACK, wait_for
from tests.e2e.watcher import Watcher
from tests.e2e.zabbix import Trigger, Zabbix
from tests.sshd import SshServer

# The codes of Zabbix's severities.
WARNING, AVERAGE, HIGH, DISASTER = 2, 3, 4, 5

NASTY = 'Диск «/var» на 97 % полон: "rm -rf /" \\ $(id) <b>&amp;</b>'
TRIGGERS = (
    Trigger("srv-db-01", NASTY, HIGH, [("env", "прод"), ("say", 'a "quoted", word')]),
    Trigger("srv-app-01", "Очередь растёт", WARNING),
    Trigger("srv-web-01", "Site is slow", AVERAGE, [("service", "site")]),
    Trigger("srv-log-01", "Errors in the log", AVERAGE, opdata="{ITEM.LASTVALUE}" * 3),
    Trigger("srv-far-01", "Link is down", HIGH),
)
CONFIG = """\
listen: {ip}:{port}
database_url: {database}
catalogue: [catalogue.yaml]
inventory: [inventory.yaml]
sources:
  - name: zabbix
    kind: zabbix
    auth:
      bearer: {{file: zabbix-token}}
"""
CATALOGUE = """\
services:
  - {name: billing, criticality: 4, hosts: [srv-db-01]}
  - {name: shop, criticality: 2, hosts: [srv-app-01]}
  - {name: site, criticality: 3}
"""
INVENTORY = """\
hosts:
  - name: srv-db-01
    address: {sshd.address}
    port: {sshd.port}
    ssh: diagnosis
    tags: {{os: linux}}
profiles:
  diagnosis:
    user: {sshd.user}
    key_file: {sshd.client_key}
    known_hosts: {known_hosts}
"""


@pytest.fixture(scope="session")
def watching_zabbix(connected_zabbix: Zabbix) -> Zabbix:
    """A Zabbix with a host for each test."""
    connected_zabbix.watch(*TRIGGERS)
    return connected_zabbix


@pytest.fixture(scope="module")
def watcher(
    database_url: str,
    ssh_server: SshServer,
    watcher_port: int,
    source_token: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Watcher]:
    """A Watcher for this store, asked by an operator."""
    with requests.Session() as session:
        watcher = Watcher(tmp_path_factory.mktemp("watcher"), watcher_port, session)
        known_hosts = ssh_server.known_hosts_file()
        watcher.configure(
            {
                "watcher.yaml": CONFIG.format(
                    ip=LOOPBACK, port=watcher_port, database=database_url
                ),
                "catalogue.yaml": CATALOGUE,
                "inventory.yaml": INVENTORY.format(sshd=ssh_server, known_hosts=known_hosts),
                "zabbix-token": source_token,
            }
        )
        watcher.start()
        try:
            watcher.log_in()
            yield watcher
        finally:
            watcher.stop()


@pytest.fixture
def zabbix(watching_zabbix: Zabbix, watcher: Watcher) -> Iterator[Zabbix]:
    """A Zabbix in which nothing fires before or after a test."""
    yield watching_zabbix
    for host in tuple(watching_zabbix.firing):
        watching_zabbix.recover(host)
        watcher.only_incident(f"hosts={host}", until=is_resolved)


@pytest.fixture(scope="module")
def outage(watching_zabbix: Zabbix, watcher: Watcher) -> dict[str, Any]:
    """The incident of a short problem on the host of the most critical service."""
    watching_zabbix.fire("srv-db-01")
    incident = watcher.only_incident("hosts=srv-db-01", until=lambda each: each["evidence"])
    watching_zabbix.recover("srv-db-01")
    watcher.only_incident("hosts=srv-db-01", until=is_resolved)
    return incident


def test_a_trigger_becomes_one_prioritised_incident(outage: dict[str, Any]) -> None:
    """A high problem on the host of the most critical service is P1."""
    assert tuple(outage[name] for name in ("priority", "status", "service", "hosts")) == (
        "P1",
        "open",
        "billing",
        ["srv-db-01"],
    )
    assert [(term["name"], term["value"]) for term in outage["terms"]] == [
        ("impact", "extensive"),
        ("urgency", "high"),
    ]
    assert all(entry["reason"]["text"] for entry in outage["timeline"])


def test_names_and_tags_arrive_as_they_are_written_in_zabbix(outage: dict[str, Any]) -> None:
    """Cyrillic, quotes, backslashes and markup mean nothing on the way."""
    [alert] = outage["alerts"]
    assert tuple(alert[name] for name in ("name", "host", "severity", "status", "count")) == (
        NASTY,
        "srv-db-01",
        "high",
        "firing",
        1,
    )
    assert (alert["labels"]["env"], alert["labels"]["say"]) == ("прод", 'a "quoted", word')


def test_the_evidence_is_what_the_runbook_found_on_the_host(outage: dict[str, Any]) -> None:
    """The shipped first look at a Linux host ran over SSH, and no step of it failed; those for
    other kinds of hosts were left out.
    """
    [run] = outage["evidence"]
    assert (run["runbook"], run["host"], run["problem"]) == ("linux-base", "srv-db-01", "")
    assert {step["status"] for step in run["steps"]}.isdisjoint({"failed", "timeout"})
    output = {step["step"]: step["output"] for step in run["steps"]}
    assert "processors:" in output["load"]
    assert "MemAvailable" in output["memory"]


def test_what_people_do_in_zabbix_is_noted_and_a_worse_severity_raises_the_priority(
    zabbix: Zabbix, watcher: Watcher
) -> None:
    """An acknowledgement with a message is a note; warning turned disaster makes P4 P2."""
    zabbix.fire("srv-app-01")
    assert watcher.only_incident("hosts=srv-app-01")["priority"] == "P4"

    zabbix.update("srv-app-01", 'взял "в работу"', DISASTER)

    incident = watcher.only_incident(
        "hosts=srv-app-01", until=lambda each: each["priority"] != "P4"
    )
    assert incident["priority"] == "P2"
    assert texts(incident, "note") == [
        "Zabbix Administrator (Admin) acknowledged, commented and changed severity"
        ' from Warning to Disaster: взял "в работу"'
    ]
    assert len(texts(incident, "priority")) == 1


def test_a_recovery_resolves_and_the_next_problem_reopens(zabbix: Zabbix, watcher: Watcher) -> None:
    """Down, up and down again within minutes are one incident that resolves and comes back."""
    zabbix.fire("srv-web-01")
    first = watcher.only_incident("hosts=srv-web-01")
    assert (first["service"], first["priority"]) == ("site", "P3")
    zabbix.recover("srv-web-01")
    assert watcher.only_incident("hosts=srv-web-01", until=is_resolved)["resolved_at"]

    zabbix.fire("srv-web-01")

    again = watcher.only_incident("hosts=srv-web-01", until=lambda each: each["status"] == "open")
    assert first["number"] == again["number"]
    assert len(texts(again, "reopened")) == 1
    assert {alert["count"] for alert in again["alerts"]} == {2}


def test_a_message_that_zabbix_cut_off_opens_its_incident(zabbix: Zabbix, watcher: Watcher) -> None:
    """Zabbix keeps 65,535 characters of a message; what matters arrives, with a remark."""
    zabbix.fire("srv-log-01", "DOWN " + 'ю"' * 15_000)

    incident = watcher.only_incident("hosts=srv-log-01")

    assert "Errors in the log" in incident["title"]
    assert watcher.items("deliveries", 'reason=~".*cut the message.*"')


def test_the_test_button_succeeds_and_opens_nothing(
    zabbix: Zabbix, watcher: Watcher, source_token: str
) -> None:
    """A test of the media type is taken, recognised and has no effect."""
    before = watcher.items("incidents")

    answer = zabbix.press_test_button(
        watcher_url=f"{watcher.url}/hooks/zabbix", watcher_token=source_token
    )

    assert answer["response"] == "success"
    wait_for(
        lambda: watcher.items("deliveries", 'reason=~".*Test button.*"'), "the test to be digested"
    )
    assert before == watcher.items("incidents")


def test_zabbix_delivers_by_itself_what_happened_while_watcher_was_down(
    zabbix: Zabbix, watcher: Watcher
) -> None:
    """A problem during an outage of Watcher is an incident, once, soon after."""
    watcher.stop()
    zabbix.fire("srv-far-01")
    wait_for(lambda: zabbix.failed_tries("srv-far-01"), "Zabbix to fail")

    watcher.start()

    incident = watcher.only_incident("hosts=srv-far-01")
    assert [alert["count"] for alert in incident["alerts"]] == [1]
    assert len(texts(incident, "reopened")) == 0


def is_resolved(incident: dict[str, Any]) -> bool:
    """Whether nothing of it fires any more."""
    return bool(incident["status"] == "resolved")


def texts(incident: dict[str, Any], kind: str) -> list[str]:
    """What the timeline says in entries of that kind."""
    return [entry["text"] for entry in incident["timeline"] if entry["kind"] == kind]
