"""Every query of the engine finds its rows by an index, so that its cost does not grow."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, cast

import pytest

from tests.contract.given import (
    MINUTE,
    NOW,
    action,
    alert,
    diagnosis,
    entry,
    incident,
    intent,
    occurrence,
    run,
)
from tests.stores import peek, poke
from watcher.model.action import ActionStatus
from watcher.store import schema
from watcher.store.store import Store
from watcher.store.tx import Tx
from watcher.store.values import from_micros, to_micros
from watcher.store.views import View

LEASE = timedelta(seconds=60)
MANY = 5_000
# What one step may touch at most: far more than it needs here, far less than there is.
FEW = 600
SMALL = {"stream", "counter", "lease"}

# As many of everything as a store has after a while; most of it is over, as it is in life.
HISTORY = (
    "INSERT INTO stream (opened_at, digested) VALUES ({now}, {many})",
    "INSERT INTO delivery SELECT n, 1, 's', 'acme', {now}, '{{}}', CAST('x' AS {blob})"
    " FROM {numbers}",
    "INSERT INTO verdict SELECT n, n > 4900, 'r', {now}, false FROM {numbers}",
    "INSERT INTO alert (customer, key, source, occurrence, status, severity, name, host,"
    " host_known, service, labels, summary, url, first_at, last_at, started_at, count,"
    " suppressed, incident) SELECT 'acme', 'k' || n, 's', 'o', 'resolved', 'high', 'n',"
    " 'h' || (n / 10), true, 's', '{{}}', '', '', 1, n, 1, 1, false, n FROM {numbers}",
    "INSERT INTO occurrence (customer, key, occurrence, severity, severity_at, started_at,"
    " ended_at, incident, joined_at, worst, heard_at) SELECT 'acme', 'k' || n, 'o', 'high', 1, 1,"
    " 2, n, 1, 'high', 1 FROM {numbers}",
    "INSERT INTO maintenance (id, name, kind, customer, matchers, starts, length, repeat, zone,"
    " comment, author, created_at, over_at) SELECT n, 'mute:' || n, 'mute', 'acme', '[]', 1, 1,"
    " '', 'UTC', '', 'olga', 1, n FROM {numbers}",
    "INSERT INTO incident (number, customer, title, status, priority, terms, group_key, severity,"
    " hosts, opened_at, opened_by, last_at, firing, alerts, resolved_at) SELECT n,"
    " 'acme', 't', 'closed', 'P3', '[]', 'g' || n, 'high', '[]', 1, 'w', n, 0, 1, 1"
    " FROM {numbers}",
    "INSERT INTO entry (incident, at, kind, actor, text, reason)"
    " SELECT n, 1, 'note', 'w', 't', 'r' FROM {numbers}",
    "INSERT INTO action (incident, customer, kind, lane, key, payload, status, attempts,"
    " created_at, next_at, token, reason) SELECT n, 'acme', 'notify', 'mail', 'k' || n, '{{}}',"
    " 'done', 1, 1, {now} + n, 1, '' FROM {numbers}",
    "INSERT INTO evidence (incident, action, host, runbook, at, body, customer, complete)"
    " SELECT n, n, 'h', 'r', {now}, CAST('x' AS {blob}), 'acme', false FROM {numbers}",
    "INSERT INTO run (at, customer, runbook, host, ordered_by, incident, approved_by, address,"
    " login, via, host_key, verified, digest, script, inputs, fault, outcome, milliseconds, size)"
    " SELECT {now} + n, 'acme', 'r', 'h', 'a', n, '', '', '', '[]', '', '', '', '', '{{}}', '',"
    " '', 1, 1 FROM {numbers}",
)


class Recorder:
    """Stands before a driver's cursor and asks for the plan of each statement before it runs."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.findings: list[str] = []

    def execute(self, sql: str | bytes, parameters: Mapping[str, Any]) -> Any:
        """Runs the statement, after a look at its plan."""
        if isinstance(sql, bytes):
            self._measure(sql, parameters)
        else:
            self._ask(sql, parameters)
        return self._cursor.execute(sql, parameters)

    @property
    def connection(self) -> "Recorder":
        """What gives out cursors: all are this one."""
        return self

    def cursor(self) -> "Recorder":
        """A cursor that is looked at, too."""
        return self

    def close(self) -> None:
        """Nothing: the transaction goes on."""

    def executemany(self, sql: str, rows: Any) -> Any:
        """Runs a statement that only adds or replaces rows."""
        return self._cursor.executemany(sql, rows)

    def _ask(self, sql: str, parameters: Mapping[str, Any]) -> None:
        plan = self._cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
        names = "|".join({*schema.state.tables, *schema.inbox.tables} - SMALL)
        # Partial indexes hold only what is open; the oldest evidence and the newest entries are
        # read up to a limit.
        bounded = r"USING INDEX (verdict_replay|action_open|incident_lively)|SCAN (evidence|entry)$"
        self.findings += [
            f"{step}: {sql}"
            for *_, step in plan
            if re.match(rf"SCAN ({names}|[abdeistv])\b", step) and not re.search(bounded, step)
        ]

    def _measure(self, sql: bytes, parameters: Mapping[str, Any]) -> None:
        self._cursor.execute(b"SAVEPOINT look")
        self._cursor.execute(b"EXPLAIN (ANALYZE, FORMAT JSON) " + sql, parameters)
        [[[explained]]] = self._cursor.fetchall()
        self._cursor.execute(b"ROLLBACK TO look")
        for node in nodes(explained["Plan"]):
            removed = sum(value for name, value in node.items() if name.startswith("Rows Removed"))
            touched = (node["Actual Rows"] + removed) * node["Actual Loops"]
            if node.get("Relation Name") and touched > FEW:
                self.findings.append(f"{node['Node Type']} touches {touched}: {sql.decode()}")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan and all its parts."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


COUNTED = (
    "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s LIMIT {many}) SELECT n FROM s)"
)


@pytest.fixture
def old_store(store: Store, store_url: str) -> Store:
    """A store with a history; PostgreSQL knows its statistics, SQLite never does."""
    on_sqlite = store_url.startswith("sqlite")
    words = {
        "now": to_micros(NOW),
        "many": MANY,
        "numbers": (COUNTED if on_sqlite else "generate_series(1, {many}) AS n").format(many=MANY),
        "blob": "blob" if on_sqlite else "bytea",
    }
    with poke(store) as connection:
        for statement in (*HISTORY, *(() if on_sqlite else ("ANALYZE",))):
            connection.exec_driver_sql(statement.format(**words))
    return store


def what_holds_back(tx: Tx, keys: list[str]) -> None:
    """The steps about what must not open an incident yet."""
    tx.due(NOW)
    tx.held_back()
    tx.inhibited([("acme", key) for key in keys])
    tx.firing()
    tx.windows(NOW)
    tx.windows_named(["mute:7"])
    tx.cancel_window(7, "olga", NOW)


def what_goes_on(tx: Tx) -> None:
    """The steps of a digest that knows nothing yet."""
    tx.lively("acme", NOW - MINUTE)
    tx.lively("acme", from_micros(MANY - 20))
    tx.busy()
    tx.begun("acme", ["h7", "h8"])
    tx.regroupings()
    tx.regrouped()
    tx.members(range(5, 25))
    tx.take_back(5)


def what_people_hold(tx: Tx) -> None:
    """The steps about what waits for a person, and the log of what ran."""
    tx.lapse("", NOW, 10)
    tx.approve(7, "olga", NOW)
    tx.refuse(7, "olga", NOW)
    tx.add_runs([run()])


def everything(tx: Tx) -> None:
    """Every step of the engine, with a little news of each kind."""
    keys = [f"k{n}" for n in range(5, 25)]
    tx.lease("digest", "me", NOW, LEASE)
    tx.held("digest", 1)
    tx.open_stream(NOW)
    tx.verdict(2, True, "dead", NOW)
    tx.replay(2)
    tx.digested(tx.undigested(100, 10_000))
    tx.alerts([("acme", key) for key in keys])
    tx.occurrences([("acme", key, "o") for key in keys])
    tx.incidents(range(5, 25))
    what_goes_on(tx)
    [number] = tx.numbers(1)
    tx.save_incidents([incident(MANY + number)])
    tx.save_alerts([alert(key) for key in keys])
    tx.save_occurrences([occurrence(key) for key in keys])
    tx.add_entries([entry(5), entry(6, "a", "b")])
    tx.merge(7, 8)
    tx.queue([intent("new1"), intent("new2"), intent("new3", "b")], NOW)
    what_people_hold(tx)
    for each in tx.claim(NOW, LEASE, 10, together=8):
        tx.settle(each, ActionStatus.GAVE_UP, "", None, NOW)
        tx.retry_action(each.id, NOW)
        tx.add_evidence(5, each.id, diagnosis())
    tx.due_to_close(NOW, 10)
    tx.due_for_review(NOW, 10)
    tx.living(MANY, 10)
    what_holds_back(tx, keys)
    tx.forget_deliveries(NOW, 10)
    tx.expire(NOW, NOW - MINUTE, NOW - MINUTE, 10)


def watched(tx: Tx | View) -> Recorder:
    """Has the statements of a transaction looked at from now on."""
    link: Any = tx._link
    link._cursor = Recorder(link._cursor)
    return cast("Recorder", link._cursor)


def test_no_step_searches_through_a_whole_table(old_store: Store) -> None:
    """However many alerts, incidents and deliveries there are, a step touches only its own."""
    with old_store.begin() as tx:
        recorder = watched(tx)
        everything(tx)

    assert recorder.findings == []
    assert len(peek(old_store, "SELECT id FROM action WHERE status <> 'done'")) == 3


def test_nothing_that_is_asked_all_the_time_counts_history(old_store: Store) -> None:
    """Metrics and pages that wait for changes ask every few seconds."""
    with old_store.view() as view:
        recorder = watched(view)
        view.counts()
        view.change_mark()
        view.last_evidence("acme", "r", "h", NOW)
        view.lanes_before(action(), "7/diagnose/r/", 5)

    assert recorder.findings == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM alert WHERE name = 'x'",
        "SELECT e.id FROM entry AS e JOIN incident AS i ON i.title = e.kind",
    ],
)
def test_a_search_through_a_whole_table_would_be_found(old_store: Store, sql: str) -> None:
    """The test above can fail."""
    with old_store.begin() as tx:
        recorder = watched(tx)
        tx._link.run(sql)

    assert recorder.findings != []
