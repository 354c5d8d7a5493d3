"""What a transaction keeps: alerts, occurrences, incidents, timelines, evidence, on both stores."""

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest

from tests.contract.given import (
    MINUTE,
    NOW,
    REASON,
    alert,
    diagnosis,
    entry,
    incident,
    intent,
    occurrence,
    suspect,
)
from tests.stores import peek
from watcher.engine.loop import Duty, Loops
from watcher.model.alert import AlertStatus, Counted, Pause, Taken
from watcher.model.event import Severity
from watcher.model.evidence import Evidence
from watcher.model.incident import Judgement, Priority, Status, Term, Ticket
from watcher.store import incident_rows
from watcher.store.base import StoreUnavailable, Unstorable
from watcher.store.store import Store
from watcher.store.tx import Tx


def test_an_alert_comes_back_as_it_was_saved(store: Store) -> None:
    """Every field survives, to the microsecond and to the last letter."""
    bare = alert("bare")
    full = alert(
        "full",
        status=AlertStatus.RESOLVED,
        host="db1",
        host_known=True,
        service="billing",
        labels={"job": "node", "имя": "значение\nс новой строкой"},
        summary="no answer for 5m; \u2028 quotes ' and \" too",
        url="https://zabbix.example/1",
        count=7,
        suppressed=True,
        incident=12,
        pauses=(Pause(NOW, MINUTE), Pause(NOW + 2 * MINUTE, timedelta(microseconds=7))),
    )
    with store.begin() as tx:
        tx.save_alerts([full, bare])
    with store.begin() as tx:
        found = tx.alerts([("acme", "full"), ("acme", "bare"), ("acme", "unknown")])

    assert {("acme", "full"): full, ("acme", "bare"): bare} == found


def test_an_occurrence_comes_back_as_it_was_saved(store: Store) -> None:
    """Every field survives, also of a span of which only the end is known."""
    bare = occurrence(span="bare")
    full = occurrence(
        span="full",
        started_at=NOW - MINUTE,
        ended_at=NOW,
        incident=3,
        joined_at=NOW,
        reason=REASON,
        counted=Counted(NOW - MINUTE, 3, 17, "before", long=True),
        taken=Taken(NOW, "anna", on=True),
    )
    with store.begin() as tx:
        tx.save_occurrences([bare, full])
        found = tx.occurrences({("acme", "k1", "bare"), ("acme", "k1", "full"), ("acme", "x", "")})

    assert {("acme", "k1", "bare"): bare, ("acme", "k1", "full"): full} == found


def test_the_sources_of_what_fires_of_an_incident_are_known(store: Store) -> None:
    """Each once, in order; not those of what is over, or of another incident."""
    sources = {"a": "zabbix", "b": "zabbix", "c": "grafana", "over": "generic", "other": "loki"}
    ended = {"over": NOW}
    with store.begin() as tx:
        tx.save_incidents([incident(1), incident(2)])
        tx.save_alerts([alert(key, source=source) for key, source in sources.items()])
        tx.save_occurrences(
            occurrence(
                key,
                started_at=NOW - MINUTE,
                ended_at=ended.get(key),
                incident=2 if key == "other" else 1,
            )
            for key in sources
        )
        found = tx.speaking(1)

    assert ["grafana", "zabbix"] == found


def test_an_incident_comes_back_as_it_was_saved(store: Store) -> None:
    """Every field survives, with every term of the priority and the suspect."""
    bare = incident(1, terms=())
    full = incident(
        2,
        status=Status.CLOSED,
        priority=Priority.P1,
        terms=(Term("impact", "high", "many hosts"), Term("urgency", "high", "disaster")),
        service="billing",
        hosts=("db1", "web1"),
        suspect=suspect(),
        firing=2,
        alerts=3,
        opened_by="anna",
        acknowledged_at=NOW,
        acknowledged_by="boris",
        resolved_at=NOW + MINUTE,
        closed_at=NOW + 2 * MINUTE,
        merged_into=1,
        ticket=Ticket("jira", "OPS-1", "https://jira.example/browse/OPS-1"),
        problem=4,
        judgement=Judgement(Priority.P1, "anna", "so", Priority.P2, Severity.DISASTER),
    )
    with store.begin() as tx:
        tx.save_incidents([full, bare])
        found = tx.incidents([1, 2, 3])

    assert {1: bare, 2: full} == found


def test_saving_again_replaces(store: Store) -> None:
    """There is one row for each key, the newest."""
    with store.begin() as tx:
        tx.save_alerts([alert()])
    with store.begin() as tx:
        tx.save_alerts([alert(count=2), alert("k2")])
        found = tx.alerts([("acme", "k1"), ("acme", "k2")])

    assert [found["acme", key].count for key in ("k1", "k2")] == [2, 1]


def test_the_last_of_the_same_key_in_one_set_wins(store: Store) -> None:
    """A set is folded before it is stored; PostgreSQL would refuse it otherwise."""
    with store.begin() as tx:
        tx.save_alerts([alert(count=2), alert(count=3)])
        found = tx.alerts([("acme", "k1"), ("acme", "k1")])

    assert {("acme", "k1"): alert(count=3)} == found


def test_nothing_asked_is_nothing_done(store: Store) -> None:
    """Empty sets are as good as any."""
    with store.begin() as tx:
        tx.save_alerts([])
        tx.add_entries([])
        found = (tx.queue([], NOW), tx.alerts([]), tx.incidents([]), tx.begun("acme", []))

    assert found == (0, {}, {}, [])


def test_an_exception_undoes_the_whole_transaction(store: Store) -> None:
    """A step of the engine is stored as a whole or not at all."""

    def fail() -> None:
        with store.begin() as tx:
            tx.save_alerts([alert()])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.begin() as tx:
        found = tx.alerts([("acme", "k1")])

    assert found == {}


@pytest.mark.parametrize("key", ["\\u0000", "quote ' \" \\ slash", "\u2028 100 % :now {x} ?", ""])
def test_a_key_is_never_syntax(store: Store, key: str) -> None:
    """Whatever a source makes up is found under exactly that name."""
    with store.begin() as tx:
        tx.save_alerts([alert(key), alert(f"{key}!")])
        found = tx.alerts([("acme", key)])

    assert {("acme", key): alert(key)} == found


def test_customers_are_strangers(store: Store) -> None:
    """The same key of another customer is another alert, and what goes on there another thing."""
    with store.begin() as tx:
        tx.save_alerts([alert(customer="acme"), alert(customer="other", count=9)])
        tx.save_incidents([incident(1, customer="acme"), incident(2, customer="other")])
        alerts = tx.alerts([("other", "k1")])
        incidents = tx.lively("other", NOW)

    assert {("other", "k1"): alert(customer="other", count=9)} == alerts
    assert [incident(2, customer="other")] == incidents


def test_the_members_of_an_incident_are_what_joined_it(store: Store) -> None:
    """All of them, in the order in which they joined, and nobody else's."""
    first = occurrence("k1", incident=1, joined_at=NOW)
    second = occurrence("k2", incident=1, joined_at=NOW + MINUTE)
    with store.begin() as tx:
        tx.save_occurrences([second, first, occurrence("k3", incident=2), occurrence("k4")])
        found = tx.members([1, 7])

    assert [first, second] == found


def test_what_was_resolved_long_ago_is_due_to_close(store: Store) -> None:
    """The longest resolved come first, not more than asked for."""
    resolved = [
        incident(n, status=Status.RESOLVED, resolved_at=NOW - n * MINUTE) for n in (1, 2, 3, 4)
    ]
    with store.begin() as tx:
        tx.save_incidents([*resolved, incident(9), incident(8, status=Status.CLOSED)])
        found = tx.due_to_close(NOW - 2 * MINUTE, 2)

    assert [each.number for each in found] == [4, 3]


def test_numbers_are_given_out_once(store: Store) -> None:
    """Numbers of incidents run on without a gap, also in another transaction."""
    with store.begin() as tx:
        first = [*tx.numbers(2), *tx.numbers(1), *tx.numbers(0)]
    with store.begin() as tx:
        second = [*tx.numbers(2)]

    assert first + second == [1, 2, 3, 4, 5]


def test_a_keyed_line_is_written_once(store: Store) -> None:
    """News delivered twice is told once; lines without a key are all written, in their order."""
    lines = [entry(1, "a"), entry(1, "b", "seen"), entry(1, "a"), entry(1, "c", "seen")]
    with store.begin() as tx:
        tx.add_entries(lines)
    with store.begin() as tx:
        tx.add_entries([entry(1, "d", "seen"), entry(2, "e", "seen")])
    found = [incident_rows.to_entry(row) for row in peek(store, "SELECT * FROM entry ORDER BY id")]

    assert [*lines[:3], entry(2, "e", "seen")] == found


def test_evidence_is_kept_once_for_each_action(store: Store) -> None:
    """A diagnosis that was tried twice is one piece of evidence: what came of it last."""
    with store.begin() as tx:
        tx.add_evidence(7, 21, diagnosis())
        tx.add_evidence(7, 21, replace(diagnosis(), seconds=9.0))
    with store.view() as view:
        found = view.evidence_of(7)

    assert [Evidence(1, 7, replace(diagnosis(), seconds=9.0))] == found


def test_a_merge_hands_everything_over(store: Store) -> None:
    """Alerts and occurrences change hands; waiting messages of the first are done with a reason."""
    with store.begin() as tx:
        tx.save_alerts([alert("a", incident=1), alert("b", incident=3)])
        tx.save_occurrences([occurrence("a", incident=1), occurrence("b", incident=3)])
        tx.queue([intent("one", incident=1), intent("two", incident=2)], NOW)
        tx.merge(1, 2)
        alerts = tx.alerts([("acme", "a"), ("acme", "b")])
        spans = tx.occurrences([("acme", "a", "o1"), ("acme", "b", "o1")])
    found = peek(store, "SELECT status, reason FROM action ORDER BY id")

    assert [each.incident for each in alerts.values()] == [2, 3]
    assert [each.incident for each in spans.values()] == [2, 3]
    assert found == [("done", "merged into 2"), ("waiting", "")]


@pytest.mark.parametrize(
    "write",
    [
        lambda tx: tx.save_alerts([alert("half a pair \ud800")]),
        lambda tx: tx.alerts([("acme", "half a pair \ud800")]),
        lambda tx: tx.alerts([("acme", "nothing after this: \0")]),
        lambda tx: tx.save_alerts([alert(count=2**70)]),
        lambda tx: tx.save_alerts([alert(labels={"a": "\ud800"})]),
        lambda tx: tx.numbers(2**70),
        lambda tx: tx.add_evidence(2**70, 1, diagnosis()),
        lambda tx: tx.save_alerts([alert(name=None)]),
    ],
)
def test_what_no_database_takes_is_refused_for_good(
    store: Store, write: Callable[[Tx], object]
) -> None:
    """Trying again would not help, so the error is another one than for a database away."""
    with pytest.raises(Unstorable), store.begin() as tx:
        write(tx)


def test_the_store_works_after_a_refusal(store: Store) -> None:
    """One bad alert costs its own transaction only."""
    with pytest.raises(Unstorable), store.begin() as tx:
        tx.save_alerts([alert(name=None)])
    with store.begin() as tx:
        tx.save_alerts([alert(severity=Severity.WARNING)])
        found = tx.alerts([("acme", "k1")])

    assert {("acme", "k1"): alert(severity=Severity.WARNING)} == found


def test_too_many_at_once_are_sent_away(store: Store) -> None:
    """Connections are bounded; who does not get one in time may come again."""
    with contextlib.ExitStack() as readers:
        engine = store._database.engine
        for _ in range(15):
            readers.enter_context(engine.connect())
        vars(engine.pool)["_timeout"] = 0.05
        with pytest.raises(StoreUnavailable), store.begin():
            pass
    with store.begin() as tx:
        found = tx.numbers(1)

    assert [*found] == [1]


def test_two_writers_of_one_incident_do_not_lose_each_others_news(store: Store) -> None:
    """What was read in a transaction cannot be changed by another before its end."""
    with store.begin() as tx:
        tx.save_incidents([incident(1, alerts=0)])
    together = Barrier(4, timeout=30)

    def count_up(_: int) -> None:
        together.wait()
        for _ in range(5):
            with store.begin() as tx:
                [known] = tx.incidents([1]).values()
                tx.save_incidents([replace(known, alerts=known.alerts + 1)])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count_up, range(4)))
    with store.begin() as tx:
        found = tx.incidents([1])[1].alerts

    assert found == 20


def test_writers_of_the_same_keys_do_not_block_each_other_for_ever(store: Store) -> None:
    """Sets are written in the order of their keys, whatever order they come in: no deadlock."""
    keys = [f"k{number}" for number in range(40)]
    together = Barrier(4, timeout=30)

    def write(worker: int) -> None:
        mine = keys if worker % 2 else keys[::-1]
        together.wait()
        for _ in range(10):
            with store.begin() as tx:
                tx.save_alerts([alert(key) for key in mine])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    [(found,)] = peek(store, "SELECT count(*) FROM alert")

    assert found == 40


def test_writers_in_a_ring_both_come_to_an_end(postgres_store: Store) -> None:
    """A digest locks incidents in two steps; if that meets another writer, one tries again."""
    store = postgres_store
    with store.begin() as tx:
        tx.save_incidents([incident(1), incident(2)])
    together = Barrier(2, timeout=30)
    tries: list[str] = []
    done: list[str] = []

    def write(name: str, *locks: Callable[[Tx], object]) -> int:
        if name in done:
            return 0
        tries.append(name)
        with store.begin() as tx:
            locks[0](tx)
            if tries.count(name) == 1:
                together.wait()
            locks[1](tx)
            tx.add_entries([entry(1, name)])
        done.append(name)
        return 1

    digest = partial(write, "digest", lambda tx: tx.incidents([2]), lambda tx: tx.incidents([1]))
    sweep = partial(write, "sweep", lambda tx: tx.incidents([1]), lambda tx: tx.incidents([2]))
    loops = Loops([Duty("digest", digest, every=3600), Duty("sweep", sweep, every=3600)])
    loops.start()
    deadline = time.monotonic() + 30
    while len(done) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    loops.stop(20)

    assert sorted(done) == ["digest", "sweep"]
    assert len(tries) == 3
    with store.view() as view:
        assert sorted(each.text for each in view.timeline(1)) == ["digest", "sweep"]


def test_what_goes_on_at_a_customer_is_what_started_something_lately(store: Store) -> None:
    """Open, taken on or resolved; not what is closed, a stranger's, or older than is asked for."""
    given = [
        incident(1, last_at=NOW - 2 * MINUTE),
        incident(2, last_at=NOW - MINUTE),
        incident(3, status=Status.ACKNOWLEDGED),
        incident(4, status=Status.RESOLVED, resolved_at=NOW),
        incident(5, status=Status.CLOSED, last_at=NOW + MINUTE),
        incident(6, customer="globex", last_at=NOW - MINUTE),
    ]
    with store.begin() as tx:
        tx.save_incidents(reversed(given))
        found = tx.lively("acme", NOW - MINUTE)
        none = tx.lively("initech", NOW - MINUTE)
        busy = tx.busy()

    assert (given[1:4], []) == (found, none)
    assert {"acme": NOW, "globex": NOW - MINUTE} == busy


def test_what_began_on_a_host_is_counted_over_all_its_alerts(store: Store) -> None:
    """Hosts where nothing ever did are not told of, nor is anything of a stranger."""
    alerts = [
        alert("cpu", host="db1", count=3),
        alert("disk", host="db1", count=4, status=AlertStatus.RESOLVED),
        alert("cpu2", host="db2"),
        alert("cpu3", host="db3", count=5),
        alert("cpu", "globex", host="db1", count=9),
    ]
    with store.begin() as tx:
        tx.save_alerts(alerts)
        found = tx.begun("acme", {"db1", "db2", "quiet"})
        strangers = tx.begun("globex", ["db1"])
        many = tx.begun("acme", {f"h{n}" for n in range(1200)} | {"db3"})
        none = tx.begun("acme", set())

    assert {"db1": 7, "db2": 1} == dict(found)
    assert ([("db1", 9)], [("db3", 5)], []) == (strangers, many, none)


def test_what_people_regroup_is_counted(store: Store) -> None:
    """Nothing at first, one more each time; what is broken off does not count."""
    seen = []
    for _ in range(3):
        with store.begin() as tx:
            seen.append(tx.regroupings())
            tx.regrouped()
    with contextlib.suppress(ZeroDivisionError), store.begin() as tx:
        tx.regrouped()
        raise ZeroDivisionError
    with store.begin() as tx:
        seen.append(tx.regroupings())
        [number] = tx.numbers(1)

    assert [0, 1, 2, 3] == seen
    assert 1 == number
