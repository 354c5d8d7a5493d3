"""The whole product in one process, with the hands of the clock and the world in the test's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import orjson
from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.fakes import FakeClock
from tests.peers import SmtpPeer, closed_port
from tests.web.hooked import ask, at_work, pieces, request
from watcher.app.front import front
from watcher.app.worker import worker
from watcher.decide.lifecycle import Report
from watcher.engine.command import Desk
from watcher.model.action import Action
from watcher.model.alert import Alert
from watcher.model.event import Severity
from watcher.model.incident import Incident
from watcher.model.person import Principal, Role
from watcher.settings import Settings, load
from watcher.store.query import Query
from watcher.store.store import Store

MIDNIGHT = datetime(2026, 3, 14, tzinfo=UTC)
TOKEN = "every-source-has-this-one"
FILES = {
    "catalogue.yaml": """\
slas: [{name: silver, acknowledge: {P3: 30m}, resolve: {P3: 45m}}]
customers: [{name: acme, sla: silver}, {name: globex}]
services:
  - {name: billing, customer: acme, criticality: 4, hosts: [db01]}
  - {name: shop, customer: acme, criticality: 3, hosts: [web01, web02]}
""",
    "inventory.yaml": """\
profiles:
  lab: {user: watcher, key_file: nokey, known_hosts: nohosts}
hosts:
  - name: db01
    customer: acme
    aliases: ["10.0.0.5:9100", db01.acme.example]
    address: 127.0.0.1
    port: SSH_PORT
    ssh: lab
    tags: {os: linux}
  - {name: web01, customer: acme}
  - {name: web02, customer: acme}
""",
    "watcher.yaml": """\
catalogue: catalogue.yaml
inventory: inventory.yaml
public_url: http://watcher.example
sources:
  - {name: zabbix, kind: zabbix, customer: acme, auth: {bearer: {env: TOKEN}}}
  - {name: zabbix-globex, kind: zabbix, customer: globex, auth: {bearer: {env: TOKEN}}}
  - {name: grafana, kind: grafana, customer: acme, auth: {bearer: {env: TOKEN}}}
channels:
  - name: night
    kind: email
    options:
      host: 127.0.0.1
      port: MAIL_PORT
      security: plain
      sender: watcher@acme.example
      to: [duty@acme.example]
""",
}


def clock_time(text: str) -> datetime:
    """That time of the day of the story, as in "00:05"."""
    hours, minutes = text.split(":")
    return MIDNIGHT + timedelta(hours=int(hours), minutes=float(minutes))


class Said(Protocol):
    """Something that a monitoring system says."""

    @property
    def source(self) -> str:
        """Where it is posted."""

    def body(self, now: datetime) -> bytes:
        """What is posted at that time."""


@dataclass(frozen=True)
class Zabbix:
    """`<host> is down` or `<host> is up`, in the words of Zabbix. `event` names the outage, which
    began at `since`; the news itself is of the moment when it is told, unless `of` says otherwise.
    """

    text: str
    event: int = 1
    severity: Severity = Severity.AVERAGE
    since: str = ""
    of: str = ""
    source: str = "zabbix"

    def body(self, now: datetime) -> bytes:
        host, state = self.text.split(" is ")
        news = clock_time(self.of) if self.of else now
        began = clock_time(self.since) if self.since else news
        fields = {
            "event_source": "0",
            "event_value": "1" if state == "down" else "0",
            "event_update_status": "0",
            "event_nseverity": str(self.severity.rank + 1),
            "event_id": str(self.event),
            "trigger_id": f"7{sum(host.encode())}",
            "host_host": host,
            "host_name": host,
            "event_name": f"{host} is down",
            "event_date": f"{began:%Y.%m.%d}",
            "event_time": f"{began:%H:%M:%S}",
        }
        if state == "up":
            fields |= {
                "event_recovery_id": str(self.event + 1000),
                "event_recovery_date": f"{news:%Y.%m.%d}",
                "event_recovery_time": f"{news:%H:%M:%S}",
            }
        return orjson.dumps(fields)


@dataclass(frozen=True)
class Grafana:
    """One alert of a rule, as Grafana posts it; `synthetic` for what it says of a rule without
    data. `since` is when it began.
    """

    rule: str
    status: str = "firing"
    instance: str = "10.0.0.5:9100"
    since: str = "00:00"
    synthetic: str = ""
    source: str = "grafana"

    def body(self, now: datetime) -> bytes:
        labels = {"alertname": self.rule, "instance": self.instance, "severity": "critical"}
        if self.synthetic:
            labels |= {
                "alertname": self.synthetic,
                "rulename": self.rule,
                "datasource_uid": "prometheus",
                "ref_id": "A",
            }
        ended = now.isoformat() if self.status == "resolved" else "0001-01-01T00:00:00Z"
        alert = {
            "status": self.status,
            "labels": labels,
            "annotations": {"summary": "as the rule says"},
            "startsAt": clock_time(self.since).isoformat(),
            "endsAt": ended,
            "generatorURL": "https://grafana.example/alerting/grafana/r1/view?orgId=1",
            "fingerprint": f"{abs(sum(str(labels).encode())):016x}",
            "values": None if self.synthetic else {"A": 1},
        }
        group = {"receiver": "watcher", "status": self.status, "orgId": 1, "version": "1"}
        return orjson.dumps({**group, "alerts": [alert], "groupKey": "{}", "title": "x"})


zabbix, grafana = Zabbix, Grafana


@dataclass
class Story:
    """What happens, minute by minute, and what comes of it."""

    settings: Settings
    store: Store
    portal: BlockingPortal
    post_box: SmtpPeer
    clock: FakeClock = field(default_factory=lambda: FakeClock(MIDNIGHT))

    def __post_init__(self) -> None:
        self.front = front(self.settings, self.store, self.clock, lambda: None)
        self.worker = worker(self.settings, self.store, self.clock)

    def close(self) -> None:
        """Lets go of what the worker, which never started, holds open."""
        self.worker.pool.close()
        self.worker.vigil.close()
        for keeper in self.worker.keepers:
            keeper.close()

    def at(self, time: str, *said: Said) -> None:
        """At that time the monitoring systems say this."""
        self.wait_until(time)
        for each in said:
            body = each.body(self.clock.now())
            headers = {"authorization": f"Bearer {TOKEN}"}
            sent = self.portal.call(
                ask, self.front, request(f"/hooks/{each.source}", headers), pieces(body)
            )
            assert 202 == sent[0]["status"], sent
        self._work()

    def phone(self, time: str, title: str, **about: str) -> None:
        """At that time a user phones, and somebody opens an incident."""
        self.wait_until(time)
        policy, catalogue = self.settings.policy, self.settings.catalogue
        desk = Desk(self.store, self.clock, policy, catalogue, wake=lambda: None)
        desk.open(Report("acme", title, Severity.AVERAGE, **about), olga())
        self._work()

    def wait_until(self, time: str) -> None:
        """Lets the time pass, minute by minute, with everything that the clock does."""
        while self.clock.now() < clock_time(time):
            step = min(clock_time(time) - self.clock.now(), timedelta(minutes=1))
            self.clock.advance(step)
            self._work()

    def _work(self) -> None:
        while self.worker.digest.step() + self.worker.deliverer.run_due():
            pass
        self.worker.sweep.step()

    def found(self) -> list[Incident]:
        """The incidents that stand for themselves, oldest first."""
        with self.store.view() as view:
            items = view.incident_list(Query(limit=500)).items
        return [each for each in reversed(items) if each.merged_into is None]

    def incidents(self, by: str = "") -> list[str]:
        """Title, priority and status of the incidents at that time."""
        self.wait_until(by or "00:00")
        return [f"{each.title} ({each.priority}, {each.status})" for each in self.found()]

    def alerts(self) -> list[Alert]:
        """All alerts, by name."""
        with self.store.view() as view:
            return sorted(view.alert_list(Query(limit=500)).items, key=lambda each: each.name)

    def mails(self, by: str = "") -> list[str]:
        """The subjects of the mails that had come by then."""
        self.wait_until(by or "00:00")
        return [str(mail["Subject"]) for mail in self.post_box.mails]

    def actions(self) -> list[Action]:
        """All that was to be done outside, in the order in which it was decided."""
        with self.store.view() as view:
            return sorted(view.action_list(Query(limit=500)).items, key=lambda each: each.id)

    def timeline(self, number: int = 1) -> list[str]:
        """What is written on the timeline of an incident."""
        with self.store.view() as view:
            return [each.text for each in view.timeline(number)]


def olga() -> Principal:
    """Who is on duty."""
    return Principal("olga", Role.OPERATOR)


@contextmanager
def told(folder: Path, store: Store, files: Mapping[str, str] | None = None) -> Iterator[Story]:
    """A story over that store; `files` take the place of the usual ones, or are more of them."""
    with SmtpPeer() as post_box, start_blocking_portal() as portal:
        for name, text in {**FILES, **(files or {})}.items():
            (folder / name).parent.mkdir(exist_ok=True)
            mail = text.replace("MAIL_PORT", str(post_box.port))
            (folder / name).write_text(mail.replace("SSH_PORT", str(closed_port())))
        settings = load(folder / "watcher.yaml", {"TOKEN": TOKEN})
        story = Story(settings, store, portal, post_box)
        with portal.wrap_async_context_manager(at_work(story.front._intake)):
            yield story
        story.close()
