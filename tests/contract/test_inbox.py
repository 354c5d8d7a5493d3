"""The inbox: what it returned is on disk, whatever happens to disk, server or clock."""

import errno
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.contract.given import MINUTE, NOW, arrival
from tests.postgres import NoPostgres, running_postgres
from tests.stores import peek, poke, sqlite_in
from watcher.model.delivery import Arrival, Delivery
from watcher.store.base import StoreUnavailable, Unstorable
from watcher.store.inbox import STREAM_LIFE, Inbox
from watcher.store.store import Store

PLENTY = 1_000_000


def undigested(store: Store, limit: int = 10_000, max_bytes: int = PLENTY) -> list[Delivery]:
    """What waits for a digest."""
    with store.begin() as tx:
        return tx.undigested(limit, max_bytes)


def digest(store: Store, deliveries: list[Delivery]) -> None:
    """Says that these have been digested."""
    with store.begin() as tx:
        tx.digested(deliveries)


def bodies(deliveries: list[Delivery]) -> list[bytes]:
    """What is in them."""
    return [delivery.body for delivery in deliveries]


def stored(store: Store) -> int:
    """How many deliveries there are."""
    [(count,)] = peek(store, "SELECT count(*) FROM delivery")
    return int(count)


@pytest.fixture
def inbox(store: Store) -> Inbox:
    """The way in of each store in turn."""
    return store.inbox(NOW)


def test_a_delivery_comes_out_as_it_went_in(store: Store, inbox: Inbox) -> None:
    """The body to the last byte, with its headers, source, customer and time."""
    given = Arrival("grafana", "acme", NOW, {"x-a": "é\0"}, bytes(range(256)))
    [number] = inbox.append([given])
    inbox.close()

    assert undigested(store) == [
        Delivery(number, "grafana", "acme", NOW, given.body, given.headers, stream=1)
    ]


def test_ids_grow_and_name_the_deliveries_in_their_order(store: Store, inbox: Inbox) -> None:
    """Also with more in one millisecond than fit into it, and when the clock jumps back."""
    groups = [
        [arrival(b"%d" % n) for n in range(5000)],
        [arrival(b"back", NOW - timedelta(hours=1))],
        [arrival(b"forth", NOW + MINUTE)],
        [],
    ]
    numbers = [number for group in groups for number in inbox.append(group)]
    inbox.close()

    assert all(a < b for a, b in pairwise(numbers))
    assert [(each.id, each.body) for each in undigested(store)] == [
        *zip(numbers, [each.body for group in groups for each in group], strict=True)
    ]


def test_ids_grow_across_restarts(store: Store, inbox: Inbox) -> None:
    """A new process goes on where the last one was, even with a clock that is behind."""
    [first] = inbox.append([arrival()])
    inbox.close()
    early = NOW - timedelta(days=2)
    again = store.inbox(early)
    [second] = again.append([arrival(at=early)])
    again.close()
    digest(store, undigested(store))
    store.expire_deliveries(NOW + MINUTE, 10)
    last = store.inbox(early)
    [third] = last.append([arrival(at=early)])
    last.close()

    assert first < second < third
    assert [each.id for each in undigested(store)] == [third]


def test_many_processes_take_in_at_once(store: Store) -> None:
    """No two ids are the same, and each delivery is digested once, in the order of its stream."""
    inboxes = [store.inbox(NOW) for _ in range(3)]

    def fill(worker: int) -> list[int]:
        return [
            number
            for n in range(20)
            for number in inboxes[worker].append([arrival(b"%d" % (worker * 1000 + n))])
        ]

    seen: list[Delivery] = []
    deadline = time.monotonic() + 60
    with ThreadPoolExecutor(3) as threads:
        futures = [threads.submit(fill, worker) for worker in range(3)]
        while len(seen) < 60 and time.monotonic() < deadline:
            batch = undigested(store, limit=7)
            digest(store, batch)
            seen += batch
    numbers = [number for future in futures for number in future.result()]
    for each in inboxes:
        each.close()

    assert sorted(numbers) == sorted(each.id for each in seen)
    for worker in range(3):
        mine = [int(each.body) for each in seen if int(each.body) // 1000 == worker]
        assert mine == [worker * 1000 + n for n in range(20)]


def test_a_digest_takes_the_oldest_as_far_as_they_fit(store: Store, inbox: Inbox) -> None:
    """Limits are by number and by bytes, but one is always given, or it would never go on."""
    inbox.append([arrival(b"a" * 10), arrival(b"b" * 10), arrival(b"c" * 100), arrival(b"d")])
    inbox.close()

    assert [body[:1] for body in bodies(undigested(store, 1))] == [b"a"]
    assert [body[:1] for body in bodies(undigested(store, 10, 20))] == [b"a", b"b"]
    assert [body[:1] for body in bodies(undigested(store, 10, 1))] == [b"a"]
    digest(store, undigested(store, 2))
    assert [body[:1] for body in bodies(undigested(store, 10, 1))] == [b"c"]


def test_a_batch_cut_short_does_not_stay_in_the_past(store: Store, inbox: Inbox) -> None:
    """The connection that read it can write again after another one has written."""
    inbox.append([arrival(b"a" * 10), arrival(b"b" * 10)])
    inbox.close()
    with store.begin() as tx:
        assert [b"a" * 10] == bodies(tx.undigested(10, 10))
    with store.view(), store.begin() as other:
        other.numbers(1)
    taken: list[int] = []
    for _ in range(3):
        with store.begin() as again:
            taken += again.numbers(1)

    assert [2, 3, 4] == taken


def test_cursors_never_go_back(store: Store, inbox: Inbox) -> None:
    """Saying again that something old was digested brings nothing up again."""
    inbox.append([arrival(b"a"), arrival(b"b")])
    inbox.close()
    both = undigested(store)
    digest(store, both)
    digest(store, both[:1])

    assert undigested(store) == []


def test_a_dead_delivery_is_replayed_on_demand(store: Store, inbox: Inbox) -> None:
    """It is digested again once; without a new verdict it is dead no more."""
    [first, second] = inbox.append([arrival(b"a"), arrival(b"b")])
    inbox.append([arrival(b"c")])
    inbox.close()
    digest(store, undigested(store, 2))
    with store.begin() as tx:
        tx.verdict(first, True, "not \0 JSON \ud800", NOW)
        tx.verdict(second, False, "a test", NOW)
        asked = [tx.replay(first), tx.replay(second), tx.replay(12345)]
    waiting = undigested(store)
    digest(store, waiting[1:])
    digest(store, undigested(store))

    assert asked == [True, False, False]
    assert bodies(waiting) == [b"a", b"c"]
    assert undigested(store) == []
    assert peek(store, "SELECT delivery, reason FROM verdict") == [(second, "a test")]


def test_a_replayed_delivery_can_die_again(store: Store, inbox: Inbox) -> None:
    """Its new reason stands, and it is not digested for ever."""
    [number] = inbox.append([arrival(b"a")])
    inbox.close()
    digest(store, undigested(store))
    with store.begin() as tx:
        tx.verdict(number, True, "bad", NOW)
        tx.replay(number)
        replayed = tx.undigested(1, PLENTY)
        tx.verdict(number, True, "still bad", NOW)
        tx.digested(replayed)

    assert undigested(store) == []
    assert peek(store, "SELECT reason FROM verdict WHERE dead") == [("still bad",)]


def test_the_digest_does_not_hold_up_the_intake(store: Store, inbox: Inbox) -> None:
    """Deliveries are stored while a long write transaction of the digest is open."""
    with store.begin() as tx:
        tx.numbers(1)
        numbers = inbox.append([arrival()])
    inbox.close()

    assert len(numbers) == 1


def test_a_stream_ends_after_a_day(store: Store, inbox: Inbox) -> None:
    """So that retention knows which streams can bring nothing any more; no delivery is lost."""
    inbox.append([arrival(b"a")])
    inbox.append([arrival(b"b", NOW + STREAM_LIFE + MINUTE)])
    inbox.close()

    assert [(each.stream, each.body) for each in undigested(store)] == [(1, b"a"), (2, b"b")]


def test_a_refused_group_is_not_stored_in_part(store: Store, inbox: Inbox) -> None:
    """One delivery that no database takes costs its group, and the next group is stored."""
    bad = Arrival("half a pair \ud800", "acme", NOW, {}, b"")
    with pytest.raises(Unstorable):
        inbox.append([arrival(), bad])
    inbox.append([arrival(b"next")])
    inbox.close()

    assert bodies(undigested(store)) == [b"next"]


def test_a_file_that_may_not_grow_stores_nothing_until_it_may(tmp_path: Path) -> None:
    """The group is refused as a whole; as soon as there is room, all goes on."""
    store = Store.open(sqlite_in(tmp_path))
    inbox = store.inbox(NOW)
    inbox.append([arrival(b"before")])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                inbox.append([arrival(b"x" * 1000) for _ in range(500)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    inbox.append([arrival(b"after")])
    inbox.close()

    assert bodies(undigested(store)) == [b"before", b"after"]
    store.close()


BREAK = """
import sys
from tests.broken_disk import fail
from tests.contract.given import NOW, arrival
from watcher.store.base import StoreUnavailable
from watcher.store.store import Store

inbox = Store.open(sys.argv[1]).inbox(NOW)
inbox.append([arrival(b"promised")])
fail(sys.argv[2], int(sys.argv[3]))
for _ in range(2):
    try:
        inbox.append([arrival(b"refused")])
    except StoreUnavailable as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("call", "number"), [("fsync", errno.EIO), ("write", errno.EIO), ("write", errno.ENOSPC)]
)
def test_a_broken_disk_acknowledges_nothing(tmp_path: Path, call: str, number: int) -> None:
    """Where sync or write fails, each group is refused; what was promised before is there."""
    url = sqlite_in(tmp_path)
    store = Store.open(url)
    command = [sys.executable, "-c", BREAK, url, call, str(number)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    inbox = store.inbox(NOW)
    inbox.append([arrival(b"promised too")])
    inbox.close()
    found = [body for body in bodies(undigested(store)) if body != b"refused"]
    store.close()

    assert run.stdout.count("SQLite cannot work now") == 2
    assert found == [b"promised", b"promised too"]


def test_a_locked_inbox_is_unavailable_not_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who cannot write in time stores nothing and may come again."""
    monkeypatch.setattr("watcher.store.sqlite.BUSY_SECONDS", 0.05)
    store = Store.open(sqlite_in(tmp_path))
    one, other = store.inbox(NOW), store.inbox(NOW)
    with poke(store), pytest.raises(StoreUnavailable):
        one.append([arrival(b"locked out")])
    other.append([arrival(b"a")])
    one.append([arrival(b"b")])
    one.close()
    other.close()

    assert bodies(undigested(store)) == [b"a", b"b"]
    store.close()


def test_no_transaction_of_the_state_holds_up_what_comes_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it begins and whatever it writes, the inbox takes deliveries until it commits."""
    monkeypatch.setattr("watcher.store.sqlite.BUSY_SECONDS", 0.1)
    store = Store.open(sqlite_in(tmp_path))
    inbox = store.inbox(NOW)
    inbox.append([arrival(b"a")])
    with store._database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        inbox.append([arrival(b"b")])
    with store.begin() as tx:
        tx.digested(tx.undigested(1, PLENTY))
        tx.forget_deliveries(NOW + MINUTE, 10)
        inbox.append([arrival(b"c")])
    inbox.close()

    assert bodies(undigested(store)) == [b"b", b"c"]
    store.close()


def test_the_state_cannot_write_what_comes_in(tmp_path: Path) -> None:
    """So that no transaction can span both files by mistake."""
    store = Store.open(sqlite_in(tmp_path))
    with pytest.raises(StoreUnavailable, match="readonly"), store.begin() as tx:
        tx._link.run("DELETE FROM delivery")
    store.close()


def test_a_state_older_than_its_inbox_catches_up(tmp_path: Path) -> None:
    """After a backup was put back, also the deliveries of streams it does not know are digested."""
    store = Store.open(sqlite_in(tmp_path))
    for body in (b"a", b"b", b"c"):
        inbox = store.inbox(NOW)
        inbox.append([arrival(body)])
        inbox.close()
    with poke(store) as connection:
        connection.exec_driver_sql("DELETE FROM stream WHERE id > 1")
    found = undigested(store)
    digest(store, found)

    assert bodies(found) == [b"a", b"b", b"c"]
    assert undigested(store) == []
    store.close()


def test_a_new_way_in_waits_for_the_readers_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that no doubtful page of the log comes before those that are promised."""
    monkeypatch.setattr("watcher.store.sqlite.BUSY_SECONDS", 0.05)
    store = Store.open(sqlite_in(tmp_path))
    first = store.inbox(NOW)
    first.append([arrival(b"a")])
    with store._database.engine.begin() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM delivery").all()
        first.append([arrival(b"b")])
        with pytest.raises(StoreUnavailable):
            store.inbox(NOW)
    second = store.inbox(NOW)
    second.append([arrival(b"c")])
    first.close()
    second.close()

    assert bodies(undigested(store)) == [b"a", b"b", b"c"]
    store.close()


def test_a_long_outage_does_not_pile_up_streams(tmp_path: Path) -> None:
    """Attempts that stored nothing share one stream."""
    store = Store.open(sqlite_in(tmp_path))
    inbox = store.inbox(NOW)
    bad = Arrival("half a pair \ud800", "acme", NOW, {}, b"")
    inbox.append([arrival()])
    for _ in range(5):
        with pytest.raises(Unstorable):
            inbox.append([bad])
    inbox.append([arrival()])
    inbox.close()

    assert [each.stream for each in undigested(store)] == [1, 2]
    assert peek(store, "SELECT count(*) FROM stream") == [(2,)]
    store.close()


def test_a_server_that_dies_and_comes_back(tmp_path: Path) -> None:
    """While it is away everything is refused; nothing acknowledged is lost, nothing else needed."""
    try:
        with running_postgres(durable=True) as server:
            store = Store.open(server.url())
            store.upgrade()
            inbox = store.inbox(NOW)
            inbox.append([arrival(b"before")])
            server.kill()
            for _ in range(2):
                with pytest.raises(StoreUnavailable):
                    inbox.append([arrival(b"meanwhile")])
                with pytest.raises(StoreUnavailable):
                    undigested(store)
            server.restart()
            inbox.append([arrival(b"after")])
            found = undigested(store)
            inbox.close()
            store.close()
    except NoPostgres as reason:
        pytest.skip(str(reason))

    assert bodies(found) == [b"before", b"after"]
