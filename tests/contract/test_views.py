"""What is read is the same on both stores: lists, matchers, pages, totals, and nobody else's."""

import base64
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import orjson
import pytest

from tests.contract.given import (
    MINUTE,
    NOW,
    alert,
    arrival,
    diagnosis,
    entry,
    incident,
    intent,
    occurrence,
)
from watcher.decide.match import parse
from watcher.model.action import ActionStatus
from watcher.model.alert import Alert, AlertStatus
from watcher.model.delivery import DeliveryStatus
from watcher.model.event import Severity
from watcher.model.incident import Priority, Status, Ticket
from watcher.store.base import BadCursor, TooSlow, UnknownField
from watcher.store.functions import limit_reading
from watcher.store.query import Query, to_cursor
from watcher.store.sqlite import trouble
from watcher.store.store import Store
from watcher.store.views import Counts, View

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """A store of each kind with two customers in it, for tests that only read."""
    if request.param == "sqlite":
        opened = _filled(f"sqlite:///{tmp_path_factory.mktemp('world')}/watcher.db")
        yield opened
        opened.close()
    else:
        with request.getfixturevalue("postgres_server").fresh_database() as url:
            opened = _filled(url)
            yield opened
            opened.close()


@pytest.fixture
def view(world: Store) -> Iterator[View]:
    """One reading of the world."""
    with world.view() as opened:
        yield opened


def _filled(url: str) -> Store:
    store = Store.open(url)
    store.upgrade()
    with store.begin() as tx:
        tx.save_incidents(
            [
                incident(
                    1, priority=Priority.P1, service="billing", hosts=("db1", "web1"), alerts=2
                ),
                incident(
                    2, status=Status.ACKNOWLEDGED, hosts=("db2",), acknowledged_at=NOW, alerts=1
                ),
                incident(3, status=Status.RESOLVED, service="mail", resolved_at=NOW + HOUR),
                incident(
                    4,
                    "rival",
                    title="Почта (mx) down",
                    status=Status.CLOSED,
                    service="billing",
                    hosts=("db1",),
                    ticket=Ticket("jira", "OPS-1", "https://jira.example/browse/OPS-1"),
                    problem=7,
                    alerts=12,
                ),
            ]
        )
        tx.save_alerts(
            [
                alert(
                    "k1",
                    host="db1",
                    service="billing",
                    incident=1,
                    labels={"team": "dba", "a.b": "1"},
                ),
                alert("k2", host="web1", service="billing", incident=1, labels={"team": "web"}),
                alert(
                    "k3",
                    host="db2",
                    status=AlertStatus.RESOLVED,
                    severity=Severity.WARNING,
                    last_at=NOW - MINUTE,
                    labels={'my "tag"': "a b"},
                    incident=2,
                    count=12,
                ),
                alert(
                    "k4",
                    suppressed=True,
                    last_at=NOW + MINUTE,
                    name="aaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
                ),
                alert("k1", "rival", host="db1", labels={"team": "dba"}, incident=4),
            ]
        )
        tx.save_occurrences(
            [
                occurrence("k1", incident=1, started_at=NOW - MINUTE),
                occurrence("k2", incident=1, started_at=NOW - HOUR),
                occurrence("k3", incident=2, joined_at=NOW),
                occurrence("k3", "o0", incident=1, joined_at=NOW),
                replace(occurrence("k1", incident=4), customer="rival"),
            ]
        )
        tx.add_entries([entry(1, "opened"), entry(1, "joined"), entry(4, "opened")])
        tx.queue([intent("a1"), intent("a2", incident=2), intent("a3", "sms")], NOW)
        [action, *_] = tx.claim(NOW, HOUR, 1)
        tx.settle(action, ActionStatus.GAVE_UP, "no such mailbox", None, NOW)
        tx.add_evidence(1, action.id, diagnosis())
    _deliver(store)
    return store


def _deliver(store: Store) -> None:
    """One done with a note, one dead, one to be replayed, one of the rival pending."""
    inbox = store.inbox(NOW)
    done, dead, again, _ = inbox.append(
        [arrival(b"1"), arrival(b"22"), arrival(b"333"), arrival(b"4444", customer="rival")]
    )
    inbox.close()
    with store.begin() as tx:
        tx.digested(tx.undigested(3, 10**6))
        tx.verdict(done, False, "a test message", NOW)
        tx.verdict(dead, True, "not JSON", NOW)
        tx.verdict(again, True, "not JSON", NOW)
        tx.replay(again)


INCIDENTS = [
    ("{}", [4, 3, 2, 1]),
    ("id=2", [2]),
    ("number=2", [2]),
    ("number=02", []),
    ('number=~"[12]"', [2, 1]),
    ("number!=2", [4, 3, 1]),
    (f"number={'9' * 30}", []),
    ("status=open", [1]),
    ('status=~"open|resolved"', [3, 1]),
    ("status!=closed", [3, 2, 1]),
    ("status=nonsense", []),
    ("status!=nonsense", [4, 3, 2, 1]),
    ('status=~"re.*"', [3]),
    ('status=~"re"', []),
    ("priority=P1", [1]),
    ('priority!~"P[13]"', [4, 3, 2]),
    ("customer=rival", [4]),
    ("service=billing", [4, 1]),
    ('service=""', [2]),
    ("service!=billing", [3, 2]),
    ('service=~"b.*|"', [4, 2, 1]),
    ("hosts=db1", [4, 1]),
    ("hosts!=db1", [3, 2]),
    ('hosts=""', [3]),
    ('hosts!=""', [4, 2, 1]),
    ('hosts=~"db."', [4, 2, 1]),
    ('hosts=~"db"', []),
    ('hosts!~"web.*"', [4, 3, 2]),
    ('hosts=~"web1|"', [3, 1]),
    ('title="Почта (mx) down"', [4]),
    (r'title=~"Почта \(mx\) .*"', [4]),
    ('title=~"[А-Я][а-я]+.*"', [4]),
    ('title=~"billing: down$"', [3, 2, 1]),
    ('title=~".*ling: do.*"', [3, 2, 1]),
    ('title!~".*ling: do.*"', [4]),
    ("opened_at=2026-03-01T12:00:00.123456Z", [4, 3, 2, 1]),
    ('opened_at=~"2026-03-01T12:.*"', [4, 3, 2, 1]),
    ('acknowledged_at!=""', [2]),
    ('resolved_at=~"2026-03-01T13:00:00.*"', [3]),
    ("alerts=12", [4]),
    ("alerts=1", [2]),
    ("evidence=1", [1]),
    ("evidence=0", [4, 3, 2]),
    ("problem=7", [4]),
    ('problem=""', [3, 2, 1]),
    ("ticket=OPS-1", [4]),
    ("tracker=jira", [4]),
    ('ticket_url=~".*/OPS-1"', [4]),
    ('ticket=~"OPS-.+"', [4]),
    ("url=https://watcher/incidents/3", [3]),
    ("team=dba", [4, 1]),
    ("team!=dba", [3, 2]),
    ('team=""', [3, 2, 1]),
    ('team!=""', [4]),
    ('team=~"d.*|w.*"', [4, 1]),
    ('team!~".+"', [3, 2]),
    ('"my \\"tag\\""="a b"', [2, 1]),
    ("a.b=1", [1]),
    ("team=dba,status=open,service=billing", [1]),
    ("team=dba,status!=open,customer=acme", []),
]


@pytest.mark.parametrize(("match", "numbers"), INCIDENTS)
def test_incidents_are_matched(view: View, match: str, numbers: list[int]) -> None:
    """Fields and labels of any alert are matched; a negative must hold for all its values."""
    query = Query(parse(match), total=True, site="https://watcher/incidents/")

    page = view.incident_list(query)

    assert numbers == [each.number for each in page.items]
    assert (None, len(numbers), True) == (page.next, page.total, page.total_exact)


ALERTS = [
    ("{}", ["acme/k4", "rival/k1", "acme/k2", "acme/k1", "acme/k3"]),
    ("key=k1", ["rival/k1", "acme/k1"]),
    ("key=nothing", []),
    ('key=~"k[12]",customer=acme', ["acme/k2", "acme/k1"]),
    ("occurrence=o1,customer=rival", ["rival/k1"]),
    ("status=resolved", ["acme/k3"]),
    ("status!=firing", ["acme/k3"]),
    ("suppressed=true", ["acme/k4"]),
    ("suppressed=false,status=resolved", ["acme/k3"]),
    ("severity=warning", ["acme/k3"]),
    ('severity=~"(in|wa).*"', ["acme/k3"]),
    ('name=~"База .*",host=web1', ["acme/k2"]),
    ("host=db1", ["rival/k1", "acme/k1"]),
    ('host=""', ["acme/k4"]),
    ('host!~"db.*|"', ["acme/k2"]),
    ("service=billing", ["acme/k2", "acme/k1"]),
    ('service!=billing,host!=""', ["rival/k1", "acme/k3"]),
    ('first_at=~".*Z",status=resolved', ["acme/k3"]),
    ("last_at=2026-03-01T11:59:00.123456Z", ["acme/k3"]),
    ("count=12", ["acme/k3"]),
    ("incident=1", ["acme/k2", "acme/k1"]),
    ('incident=""', ["acme/k4"]),
    ("team=dba", ["rival/k1", "acme/k1"]),
    ('team=""', ["acme/k4", "acme/k3"]),
    ("team!=dba", ["acme/k4", "acme/k2", "acme/k3"]),
    ('team=~"d.+|web"', ["rival/k1", "acme/k2", "acme/k1"]),
    ("a.b=1", ["acme/k1"]),
    ('"my \\"tag\\""=~"a.b"', ["acme/k3"]),
    ('name=~"(a+)+$"', []),
    ('name=~"(a+)+!$"', ["acme/k4"]),
]


@pytest.mark.parametrize(("match", "keys"), ALERTS)
def test_alerts_are_matched(view: View, match: str, keys: list[str]) -> None:
    """Every field and label of an alert can be matched."""
    page = view.alert_list(Query(parse(match), total=True))

    assert sorted(keys) == sorted(f"{each.customer}/{each.key}" for each in page.items)
    assert len(keys) == page.total


DELIVERIES = [
    ("{}", ["4444", "333", "22", "1"]),
    ("status=done", ["1"]),
    ("status=dead", ["22"]),
    ("status=pending", ["4444", "333"]),
    ("status!=done", ["4444", "333", "22"]),
    ("status!=pending", ["22", "1"]),
    ("source=zabbix,size=2", ["22"]),
    ('reason="not JSON"', ["333", "22"]),
    ('reason=""', ["4444"]),
    ("customer=rival", ["4444"]),
    ('received_at=~"2026-.*",size=~"[13]"', ["333", "1"]),
    ("id=12", []),
]


@pytest.mark.parametrize(("match", "bodies"), DELIVERIES)
def test_deliveries_are_matched(view: View, match: str, bodies: list[str]) -> None:
    """A delivery waits for its first digest or another one, or is dead, or is done."""
    page = view.delivery_list(Query(parse(match), total=True))

    assert [len(body) for body in bodies] == [each.size for each in page.items]
    assert len(bodies) == page.total


ACTIONS = [
    ("{}", [3, 2, 1]),
    ("status=gave_up", [1]),
    ("status!=waiting", [1]),
    ("incident=2", [2]),
    ("kind=notify,attempts=0", [3, 2]),
    ("customer=acme,reason=no such mailbox", [1]),
    ('next_at=~"2026-03-01T12:00:00.*",id!=1', [3, 2]),
]


@pytest.mark.parametrize(("match", "numbers"), ACTIONS)
def test_actions_are_matched(view: View, match: str, numbers: list[int]) -> None:
    """Every field of an action can be matched."""
    assert numbers == [each.id for each in view.action_list(Query(parse(match))).items]


def test_a_field_that_is_not_there_is_refused(view: View) -> None:
    """Deliveries and actions have no labels, so that an unknown name is a mistake."""
    for look in (view.delivery_list, view.action_list):
        with pytest.raises(UnknownField, match="have no 'team'; they have id, "):
            look(Query(parse("team=dba")))


def test_a_stranger_sees_nothing(view: View) -> None:
    """A customer without anything finds nothing, whatever is asked."""
    for match in ("{}", "customer=acme", "customer!=stranger", "status!=x", "id!=0"):
        query = Query(parse(match), customer="stranger", total=True)
        for look in (view.incident_list, view.alert_list, view.delivery_list, view.action_list):
            page = look(query)

            assert ((), None, 0) == (page.items, page.next, page.total)
    assert [None] * 4 == [view.incident(number, "stranger") for number in (1, 2, 3, 4)]


def test_a_customer_sees_its_own_only(view: View) -> None:
    """What a customer is shown is the same as if the others were not there."""
    assert [4] == [each.number for each in view.incident_list(Query(customer="rival")).items]
    assert ["k1"] == [each.key for each in view.alert_list(Query(customer="rival")).items]
    assert [4] == [each.size for each in view.delivery_list(Query(customer="rival")).items]
    assert () == view.action_list(Query(customer="rival")).items
    assert () == view.incident_list(Query(parse("customer=acme"), customer="rival")).items
    assert "billing: down" == (view.incident(1, "acme") or incident(9, title="")).title
    assert view.incident(4, None) is not None
    assert view.incident(5, None) is None


def test_pages_follow_each_other(view: View) -> None:
    """Page by page, every alert comes once, those heard of at the same time too."""
    for limit in (1, 2, 3, 4):
        seen: list[Alert] = []
        cursor: str | None = None
        while True:
            page = view.alert_list(Query(limit=limit, cursor=cursor))
            seen += page.items
            cursor = page.next
            if cursor is None:
                break

        assert view.alert_list(Query()).items == tuple(seen)


def test_the_total_is_that_of_all_pages(view: View) -> None:
    """The total does not depend on the cursor."""
    first = view.incident_list(Query(limit=3, total=True))
    second = view.incident_list(Query(limit=3, total=True, cursor=first.next))

    assert ([4, 3, 2], 4) == ([each.number for each in first.items], first.total)
    assert ([1], 4, None) == ([each.number for each in second.items], second.total, second.next)


def _packed(value: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "💣",
        "WyJh",
        _packed({}),
        _packed([]),
        _packed(["incidents"]),
        _packed(["incidents", "1"]),
        _packed(["incidents", True]),
        _packed(["incidents", 1, 2]),
        _packed(["incidents", 2**63]),
        to_cursor("alerts", [1, "acme", "k1"]),
    ],
)
def test_a_changed_cursor_is_refused(view: View, cursor: str) -> None:
    """Only what this list gave out is taken, and nothing else reaches the database."""
    with pytest.raises(BadCursor):
        view.incident_list(Query(cursor=cursor))


def test_a_cursor_with_what_no_database_stores_is_refused(view: View) -> None:
    """NUL and numbers without end stay outside."""
    with pytest.raises(BadCursor):
        view.alert_list(Query(cursor=to_cursor("alerts", [1, "ac\0me", "k1"])))


def test_an_incident_comes_with_all_that_belongs_to_it(view: View) -> None:
    """Timeline in order, alerts with their newest span, evidence, actions with their state."""
    spans = [(mine.key, span.occurrence) for mine, span in view.alerts_of(1)]

    assert ["opened", "joined"] == [each.text for each in view.timeline(1)]
    assert [("k2", "o1"), ("k1", "o1"), ("k3", "o0")] == spans
    assert [diagnosis()] == [each.diagnosis for each in view.evidence_of(1)]
    assert [ActionStatus.GAVE_UP, ActionStatus.WAITING] == [
        each.status for each in view.actions_of(1)
    ]
    assert {1: 1} == view.evidence_counts([1, 2, 99])
    assert {} == view.evidence_counts([])


def test_operators_can_look_at_a_delivery_as_it_came(view: View) -> None:
    """Body and headers are there, and no delivery is where none is."""
    [dead] = view.delivery_list(Query(parse("status=dead"))).items
    raw = view.raw_delivery(dead.id, None)

    assert raw is not None
    assert (b"22", {"content-type": "application/json"}) == (raw.body, raw.headers)
    assert DeliveryStatus.DEAD == dead.status
    assert raw == view.raw_delivery(dead.id, raw.customer)
    assert view.raw_delivery(dead.id, "stranger") is None
    assert view.raw_delivery(1, None) is None


def test_everything_is_counted(view: View) -> None:
    """Each status that is not the end of it has its number, also when that is none."""
    assert (
        Counts(
            incidents=dict.fromkeys((Status.OPEN, Status.ACKNOWLEDGED, Status.RESOLVED), 1),
            actions={
                ActionStatus.HELD: 0,
                ActionStatus.WAITING: 2,
                ActionStatus.RUNNING: 0,
                ActionStatus.RETRY: 0,
                ActionStatus.GAVE_UP: 1,
            },
            pending=2,
            dead=1,
        )
        == view.counts()
    )


def test_the_mark_changes_with_what_happens(store: Store) -> None:
    """An entry on a timeline and new evidence change the mark, reading does not."""
    marks = [_mark(store), _mark(store)]
    with store.begin() as tx:
        tx.add_entries([entry(1)])
    marks.append(_mark(store))
    with store.begin() as tx:
        tx.add_evidence(1, 1, diagnosis())
    marks.append(_mark(store))

    assert marks[0] == marks[1]
    assert 3 == len(set(marks))


def _mark(store: Store) -> int:
    with store.view() as view:
        return view.change_mark()


def test_long_lists_give_the_same_answers_as_short_ones(store: Store) -> None:
    """Counting ends at ten thousand; what is rare is found far behind what is newest."""
    with store.begin() as tx:
        tx.save_alerts(alert(f"k{number:05d}") for number in range(10_001))
    with store.view() as view:
        many = view.alert_list(Query(parse("customer=acme"), total=True, limit=2))
        exact = view.alert_list(Query(parse("key!=k00000"), total=True, limit=1))
        rare = parse('key=~"k0000."')
        first = view.alert_list(Query(rare, "acme", limit=4, total=True))
        second = view.alert_list(Query(rare, limit=6, cursor=first.next))

    assert (10_000, False) == (many.total, many.total_exact)
    assert ["k10000", "k09999"] == [each.key for each in many.items]
    assert (10_000, True) == (exact.total, exact.total_exact)
    assert (10, True) == (first.total, first.total_exact)
    found = [each.key for each in (*first.items, *second.items)]
    assert [f"k0000{digit}" for digit in "9876543210"] == found
    assert second.next is None


def test_a_view_does_not_move(store: Store) -> None:
    """What is written while one reads is seen by the next reader."""
    with store.view() as before:
        assert () == before.incident_list(Query()).items
        with store.begin() as tx:
            tx.save_incidents([incident(1)])

        assert () == before.incident_list(Query()).items
    with store.view() as after:
        assert 1 == len(after.incident_list(Query()).items)


def test_sqlite_stops_what_takes_too_long() -> None:
    """A query beyond its time is interrupted, and the error says what to do."""
    connection = sqlite3.connect(":memory:")
    limit_reading(connection, 0.05)
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
    before = perf_counter()

    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute(endless)
    connection.close()

    assert isinstance(trouble(caught.value), TooSlow)
    assert perf_counter() - before < 5


def test_postgres_stops_what_takes_too_long(postgres_store: Store) -> None:
    """A list sets a limit for its own transaction, after which it is given up."""
    with postgres_store.view() as view:
        view.incident_list(Query())
        [(limit,)] = view._link.rows("SHOW statement_timeout")
    with postgres_store.view() as view:
        view._link.run("SET LOCAL statement_timeout = 50")
        with pytest.raises(TooSlow):
            view._link.rows("SELECT pg_sleep(20)")

    assert "5s" == limit


def test_writers_are_not_limited_in_time(tmp_path: Path) -> None:
    """What limits reading does not stay on a connection that writes next."""
    store = Store.open(f"sqlite:///{tmp_path}/watcher.db")
    store.upgrade()
    with store.view() as view:
        view.incident_list(Query())
    with store.begin() as tx:
        tx.save_incidents([incident(1)])
    store.close()


@pytest.mark.parametrize(
    ("source", "span", "customer", "expected"),
    [
        ("zabbix", "o1", "rival", 4),
        ("zabbix", "o0", None, 1),
        ("zabbix", "o0", "acme", 1),
        ("zabbix", "o0", "rival", None),
        ("grafana", "o0", None, None),
        ("zabbix", "o9", None, None),
    ],
)
def test_a_span_is_found_by_its_name(
    view: View, source: str, span: str, customer: str | None, expected: int | None
) -> None:
    """Among those of its source, and of the customer who may see it."""
    found = view.named(source, span, customer)

    assert expected == (found and found.incident)


def test_the_newest_span_is_found_by_its_condition(view: View) -> None:
    """At one of the customers who may be meant."""
    found = [view.newest("k1", customers) for customers in (["acme"], ["rival"], ["else"], [])]

    assert [1, 4, None, None] == [each and each.incident for each in found]
