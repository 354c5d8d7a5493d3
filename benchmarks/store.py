"""What each step of the store costs, in microseconds for each alert.

Run `python -m benchmarks.store [sqlite|postgres] [--batch N] [--rounds N] [--stored N]`. Every
alert is a delivery of its own; of ten, nine are known already. The server's CPU is counted too.
"""

import argparse
import contextlib
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.postgres import running_postgres
from watcher.model.action import ActionKind, Intent
from watcher.model.alert import Alert, AlertStatus, Occurrence
from watcher.model.delivery import Arrival
from watcher.model.event import Severity
from watcher.model.incident import Entry, EntryKind, Incident, Priority, Status, Term
from watcher.model.reason import Reason
from watcher.store.inbox import Inbox
from watcher.store.store import Store

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REASON = Reason("group", "same service within 5 minutes", ("service:billing",), None, 12.0)
BODY = b'{"event": "' + b"x" * 1000 + b'"}'
HEADERS = {"content-type": "application/json", "user-agent": "Zabbix"}
LABELS = {"job": "node", "instance": "db01:9100", "team": "billing", "alertname": "HighLoad"}
TERMS = (Term("impact", "high", "criticality 4"), Term("urgency", "high", "severity high"))


class Meter:
    """Adds up time and CPU by step, of this process and of the server that it talks to."""

    def __init__(self, server: int | None) -> None:
        self._server = server
        self._spent: dict[str, list[float]] = {}

    @contextlib.contextmanager
    def step(self, name: str, rows: int) -> Iterator[None]:
        """Measures what happens inside."""
        before = self._clocks()
        yield
        total = self._spent.setdefault(name, [0.0, 0.0, 0.0, 0.0])
        for place, (now, then) in enumerate(zip(self._clocks(), before, strict=True)):
            total[place] += now - then
        total[3] += rows

    def table(self) -> str:
        """Microseconds for each row, and their sum."""
        lines = [f"{'step':<14}{'wall':>8}{'own CPU':>10}{'server CPU':>12}   us a row"]
        sums = [0.0, 0.0, 0.0]
        for name, (*spent, rows) in self._spent.items():
            each = [1e6 * value / rows for value in spent]
            sums = [a + b for a, b in zip(sums, each, strict=True)]
            lines.append(f"{name:<14}{each[0]:>8.1f}{each[1]:>10.1f}{each[2]:>12.1f}")
        lines.append(f"{'all':<14}{sums[0]:>8.1f}{sums[1]:>10.1f}{sums[2]:>12.1f}")
        return "\n".join(lines)

    def _clocks(self) -> tuple[float, float, float]:
        return time.perf_counter(), time.process_time(), self._server_seconds()

    def _server_seconds(self) -> float:
        if self._server is None:
            return 0.0
        children = Path(f"/proc/{self._server}/task/{self._server}/children").read_text().split()
        return sum(_seconds(int(pid)) for pid in children)


def _seconds(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except FileNotFoundError:
        return 0.0


def alert(number: int, now: datetime) -> Alert:
    """An alert as the digest writes it."""
    return Alert(
        customer="acme",
        key=f"zabbix:main:{number}:HighLoad:db{number}",
        source="main",
        occurrence=f"{number}",
        status=AlertStatus.FIRING,
        severity=Severity.HIGH,
        name=f"High load on db{number}",
        first_at=now,
        last_at=now,
        started_at=now,
        host=f"db{number}",
        host_known=True,
        service="billing",
        labels=LABELS,
        summary="load average is 17 on a machine with 4 cores",
        url="https://zabbix.example/tr_events.php?triggerid=1&eventid=2",
        incident=number % 50,
    )


def occurrence(number: int, now: datetime) -> Occurrence:
    """Its span."""
    return Occurrence(
        customer="acme",
        key=f"zabbix:main:{number}:HighLoad:db{number}",
        occurrence=f"{number}",
        severity=Severity.HIGH,
        severity_at=now,
        worst=Severity.HIGH,
        heard_at=now,
        started_at=now,
        incident=number % 50,
        joined_at=now,
        reason=REASON,
    )


def incident(number: int, now: datetime) -> Incident:
    """What it belongs to."""
    return Incident(
        number=number,
        customer="acme",
        title="billing: High load",
        status=Status.OPEN,
        priority=Priority.P2,
        terms=TERMS,
        group=f"service:billing{number}",
        severity=Severity.HIGH,
        opened_at=now,
        last_at=now,
        service="billing",
        hosts=("db1", "db2", "db3"),
    )


def pile_up(store: Store, count: int) -> None:
    """Stores so many alerts with their spans, and a tenth as many incidents, all of them over."""
    for first in range(0, count, 10_000):
        numbers = range(10_000_000 + first, 10_000_000 + min(first + 10_000, count))
        with store.begin() as tx:
            tx.save_alerts(alert(number, NOW) for number in numbers)
            tx.save_occurrences(occurrence(number, NOW) for number in numbers)
            tx.save_incidents(
                replace(incident(number, NOW), status=Status.CLOSED) for number in numbers[::10]
            )


def take_in(inbox: Inbox, meter: Meter, batch: int, now: datetime) -> None:
    """One group commit."""
    arrivals = [Arrival("main", "acme", now, HEADERS, BODY) for _ in range(batch)]
    with meter.step("append", batch):
        inbox.append(arrivals)


def digest(store: Store, meter: Meter, numbers: Iterable[int], now: datetime) -> None:
    """What a digest of one batch reads and writes."""
    alerts = [alert(number, now) for number in numbers]
    spans = [occurrence(number, now) for number in numbers]
    incidents = [incident(number, now) for number in range(len(alerts) // 10 or 1)]
    entries = [
        Entry(each.incident or 0, now, EntryKind.JOINED, each.name, REASON) for each in alerts
    ]
    intents = [
        Intent(
            n, "acme", ActionKind.NOTIFY, "mail", f"notify:{n}:{now}", {}, now + timedelta(days=1)
        )
        for n in range(len(alerts) // 50)
    ]
    count = len(alerts)
    with store.begin() as tx:
        with meter.step("undigested", count):
            deliveries = tx.undigested(count, 1 << 30)
        assert len(deliveries) == count
        steps: dict[str, Callable[[], object]] = {
            "alerts": lambda: tx.alerts({(each.customer, each.key) for each in alerts}),
            "occurrences": lambda: tx.occurrences(
                {(each.customer, each.key, each.occurrence) for each in spans}
            ),
            "lively": lambda: tx.lively("acme", now - timedelta(minutes=5)),
            "incidents": lambda: tx.incidents({each.number for each in incidents}),
            "save incidents": lambda: tx.save_incidents(incidents),
            "save alerts": lambda: tx.save_alerts(alerts),
            "save spans": lambda: tx.save_occurrences(spans),
            "add entries": lambda: tx.add_entries(entries),
            "queue": lambda: tx.queue(intents, now),
            "digested": lambda: tx.digested(deliveries),
        }
        for name, do in steps.items():
            with meter.step(name, count):
                do()


def run(url: str, server: int | None, options: argparse.Namespace) -> str:
    """The table for one store."""
    batch, rounds = options.batch, options.rounds
    store = Store.open(url)
    store.upgrade()
    pile_up(store, options.stored)
    inbox = store.inbox(NOW)
    meter = Meter(server)
    for turn in range(rounds):
        now = NOW + timedelta(seconds=turn)
        # Nine of ten alerts of a round were there in the round before.
        first = turn * batch // 10
        take_in(inbox, meter, batch, now)
        with meter.step("whole digest", batch):
            digest(store, meter, range(first, first + batch), now)
    inbox.close()
    store.close()
    return meter.table()


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", nargs="?", choices=["sqlite", "postgres"])
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--stored", type=int, default=0)
    options = parser.parse_args()
    if options.store != "postgres":
        with tempfile.TemporaryDirectory() as directory:
            url = f"sqlite:///{directory}/watcher.db"
            print("SQLite", run(url, None, options), sep="\n")
    if options.store != "sqlite":
        with running_postgres(durable=True) as server:
            print("PostgreSQL", run(server.url(), server.process.pid, options), sep="\n")


if __name__ == "__main__":
    main()
