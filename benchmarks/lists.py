"""How long lists take at a million alerts and a hundred thousand incidents, on both stores.

Run as `python -m benchmarks.lists [--alerts N] [--runs N] [--sqlite FILE] [--postgres URL]`; what
is not named is made and thrown away, what is named and already filled is used as it is.
"""

import argparse
import contextlib
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import sqlalchemy as sa

from tests.postgres import running_postgres
from watcher.decide.match import parse
from watcher.model.action import ActionKind, ActionStatus, Intent
from watcher.model.alert import Alert, AlertStatus, Occurrence
from watcher.model.delivery import Arrival
from watcher.model.event import Severity
from watcher.model.incident import Incident, Priority, Status
from watcher.model.reason import Reason
from watcher.store.query import Page, Query
from watcher.store.store import Store
from watcher.store.views import View

START = datetime(2026, 1, 1, tzinfo=UTC)
REASON = Reason("group", "shares the service")
BATCH = 5_000
ALERTS_EACH = 10
RARE = 7  # How many alerts or incidents have what little has.

# What is asked of which list; the comment says how much of it there is at full size.
ASKED = [
    ("incidents", ""),
    ("incidents", "status=open"),  # 2,000
    ("incidents", "status=acknowledged"),  # 7
    ("incidents", "status=closed"),  # nearly all
    ("incidents", "status!=closed"),
    ("incidents", "priority=P1"),  # 7
    ("incidents", "priority=P5"),  # none
    ("incidents", "priority=P3"),  # half
    ("incidents", "service=svc-17"),
    ("incidents", "service=rare"),  # 7
    ("incidents", "service=nothing"),  # none
    ("incidents", "hosts=host-00017"),  # ten
    ("incidents", "hosts=rare"),  # 7
    ("incidents", "hosts=nothing"),  # none
    ("incidents", "customer=rare"),  # 7
    ("incidents", "customer=nobody"),  # none
    ("incidents", 'title=~"no such.*"'),  # none
    ("incidents", "team=team-3"),
    ("incidents", "team=rare"),  # 7
    ("alerts", ""),
    ("alerts", "status=firing"),  # 20,000
    ("alerts", "status=resolved"),
    ("alerts", "severity=disaster"),  # 7
    ("alerts", "service=svc-17"),
    ("alerts", "service=rare"),  # 7
    ("alerts", "service=nothing"),  # none
    ("alerts", "host=host-00017"),  # a hundred
    ("alerts", "host=rare"),  # 7
    ("alerts", "host=nothing"),  # none
    ("alerts", "customer=customer-3"),
    ("alerts", "customer=rare"),  # 7
    ("alerts", "customer=nobody"),  # none
    ("alerts", "status=firing,service=svc-17"),
    ("alerts", "status=firing,host=host-00017"),
    ("alerts", "incident=77"),
    ("alerts", "key=key-0000077"),
    ("alerts", "name=rare"),  # 7
    ("alerts", "team=team-3"),
    ("alerts", "team=rare"),  # 7
    ("alerts", "team=rare,status=firing"),
    ("alerts", 'host=~"host-0001."'),
    ("deliveries", ""),
    ("deliveries", "status=dead"),  # 7
    ("deliveries", "status=pending"),
    ("deliveries", "source=rare"),  # 7
    ("deliveries", "customer=rare"),  # 7
    ("actions", ""),
    ("actions", "status=gave_up"),  # 7
    ("actions", "status=done"),
    ("actions", "customer=rare"),  # 7
    ("actions", "incident=77"),
]


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of everything."""

    alerts: int

    @property
    def incidents(self) -> int:
        """One for ten alerts."""
        return self.alerts // ALERTS_EACH


def main() -> None:
    """Fills what is empty, then measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--sqlite")
    parser.add_argument("--postgres")
    parser.add_argument("--only", default="", help="lists whose name begins so")
    given = parser.parse_args()
    with _sqlite(given.sqlite) as sqlite, _postgres(given.postgres) as postgres:
        for url in (sqlite, postgres):
            store = Store.open(url)
            store.upgrade()
            fill(store, Size(given.alerts))
            settle(url)
            asked = [each for each in ASKED if each[0].startswith(given.only)]
            measure(store, asked, given.runs, sa.make_url(url).get_backend_name())
            store.close()


@contextlib.contextmanager
def _sqlite(file: str | None) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as directory:
        yield f"sqlite:///{file or directory + '/watcher.db'}"


@contextlib.contextmanager
def _postgres(url: str | None) -> Iterator[str]:
    if url:
        yield url
    else:
        with running_postgres() as server, server.fresh_database() as fresh:
            yield fresh


def fill(store: Store, size: Size) -> None:
    """Writes everything, unless it is already there."""
    with store.view() as view:
        if view.incident_list(Query(limit=1)).items:
            return
    began = perf_counter()
    chance = random.Random(1)
    for first in range(0, size.incidents, BATCH // ALERTS_EACH):
        numbers = range(first, min(first + BATCH // ALERTS_EACH, size.incidents))
        incidents = [_incident(number, size) for number in numbers]
        alerts = [alert for each in incidents for alert in _alerts(each, size, chance)]
        with store.begin() as tx:
            tx.save_incidents(incidents)
            tx.save_alerts(alerts)
            tx.save_occurrences(map(_occurrence, alerts))
            tx.queue(map(_intent, incidents), START)
    _deliver(store, size)
    print(f"filled in {perf_counter() - began:.0f} s")


def _incident(number: int, size: Size) -> Incident:
    rare = number < RARE
    at = START + timedelta(seconds=number)
    status = Status.CLOSED
    if number >= size.incidents * 98 // 100:
        status = Status.OPEN
    return Incident(
        number=number,
        customer="rare" if rare else f"customer-{number % 20}",
        title=f"Service svc-{number % 300} is disturbed",
        status=Status.ACKNOWLEDGED if rare else status,
        priority=Priority.P1 if rare else (Priority.P3, Priority.P4)[number % 2],
        terms=(),
        group=f"service:svc-{number % 300}",
        severity=Severity.HIGH,
        opened_at=at,
        last_at=at,
        service="rare" if rare else f"svc-{number % 300}",
        hosts=("rare",) if rare else (f"host-{number % 10_000:05d}",),
        alerts=ALERTS_EACH,
    )


def _alerts(incident: Incident, size: Size, chance: random.Random) -> Iterator[Alert]:
    for index in range(ALERTS_EACH):
        number = incident.number * ALERTS_EACH + index
        rare = number < RARE
        at = START + timedelta(seconds=chance.randrange(size.alerts))
        firing = incident.status is Status.OPEN
        yield Alert(
            customer=incident.customer
            if number < RARE or incident.number >= RARE
            else "customer-1",
            key=f"key-{number:07d}",
            source="zabbix",
            occurrence=f"span-{number}",
            status=AlertStatus.FIRING if firing else AlertStatus.RESOLVED,
            severity=Severity.DISASTER if rare else Severity.HIGH,
            name="rare" if rare else "The load of a processor is too high",
            first_at=at,
            last_at=at,
            started_at=at,
            host="rare" if rare else f"host-{number % 10_000:05d}",
            host_known=True,
            service="rare" if rare else f"svc-{number % 300}",
            labels={
                "alertname": "HostHighCpuLoad",
                "instance": f"10.0.{number % 250}.{number // 250 % 250}:9100",
                "job": "node",
                "team": "rare" if rare else f"team-{number % 9}",
            },
            summary="The load has been above 90 % for ten minutes",
            incident=incident.number,
        )


def _occurrence(alert: Alert) -> Occurrence:
    return Occurrence(
        customer=alert.customer,
        key=alert.key,
        occurrence=alert.occurrence,
        severity=alert.severity,
        severity_at=alert.last_at,
        worst=alert.severity,
        heard_at=alert.last_at,
        started_at=alert.started_at,
        incident=alert.incident,
        joined_at=alert.last_at,
        reason=REASON,
    )


def _intent(incident: Incident) -> Intent:
    key = f"notify:{incident.number}"
    return Intent(incident.number, incident.customer, ActionKind.NOTIFY, "mail", key, {})


def _deliver(store: Store, size: Size) -> None:
    inbox = store.inbox(START)
    for first in range(0, size.incidents, BATCH):
        arrivals = [
            Arrival(
                "rare" if number < RARE else "zabbix",
                "rare" if number < RARE else f"customer-{number % 20}",
                START + timedelta(seconds=number),
                {},
                b"x" * 1000,
            )
            for number in range(first, min(first + BATCH, size.incidents))
        ]
        inbox.append(arrivals)
    inbox.close()
    with store.begin() as tx:
        taken = tx.undigested(size.incidents, 2**40)
        tx.digested(taken)
        for delivery in taken[:RARE]:
            tx.verdict(delivery.id, dead=True, reason="not JSON", now=START)
    later = START + timedelta(days=1)
    for _ in range(0, size.incidents, BATCH // ALERTS_EACH):
        with store.begin() as tx:
            for action in tx.claim(later, timedelta(days=1), BATCH // ALERTS_EACH):
                done = ActionStatus.GAVE_UP if action.incident < RARE else ActionStatus.DONE
                tx.settle(action, done, "", None, START)


def settle(url: str) -> None:
    """What autovacuum does in a while is done at once, so that runs are alike."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if engine.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")
        else:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


def measure(store: Store, asked: list[tuple[str, str]], runs: int, name: str) -> None:
    """Prints one line for each list and matcher."""
    print(f"\n{name:52} {'p50 ms':>8} {'p95 ms':>8} {'total ms':>9} {'total':>7}")
    for kind, text in asked:
        query = Query(parse(text) if text else ())
        try:
            times = sorted(_timed(store, kind, query)[0] for _ in range(runs))
            counting, page = _timed(store, kind, Query(query.matchers, total=True))
        except Exception as error:  # noqa: BLE001 - the table shows what cannot be had
            print(f"{kind} {text:40} {error}")
            continue
        p95 = statistics.quantiles(times, n=20, method="inclusive")[18]
        total = f"{page.total}{'' if page.total_exact else '+'}"
        row = f"{statistics.median(times):8.1f} {p95:8.1f} {counting:9.1f} {total:>7}"
        print(f"{kind + ' ' + text:52} {row}", flush=True)


def _timed(store: Store, kind: str, query: Query) -> tuple[float, Page[Any]]:
    began = perf_counter()
    with store.view() as view:
        page = _LISTS[kind](view, query)
    return (perf_counter() - began) * 1000, page


_LISTS: dict[str, Callable[[View, Query], Page[Any]]] = {
    "incidents": lambda view, query: view.incident_list(query),
    "alerts": lambda view, query: view.alert_list(query),
    "deliveries": lambda view, query: view.delivery_list(query),
    "actions": lambda view, query: view.action_list(query),
}


if __name__ == "__main__":
    main()
