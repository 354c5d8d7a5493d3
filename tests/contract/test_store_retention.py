"""What is kept and what goes, in bounded steps, on both stores."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.contract.given import MINUTE, NOW, arrival, diagnosis, intent
from tests.stores import peek, sqlite_in
from watcher.model.action import ActionStatus
from watcher.model.delivery import DeliveryStatus
from watcher.store.base import StoreUnavailable
from watcher.store.query import Query
from watcher.store.store import Store

DAY = timedelta(days=1)
NEVER = NOW - 1000 * DAY


def take_in(store: Store, *moments: datetime) -> list[int]:
    """Deliveries of these moments, all in one stream."""
    inbox = store.inbox(NOW)
    numbers = [number for at in moments for number in inbox.append([arrival(at=at)])]
    inbox.close()
    return numbers


def digest(store: Store, count: int) -> None:
    """Says that the oldest so many have been digested."""
    with store.begin() as tx:
        tx.digested(tx.undigested(count, 1_000_000))


def undigested(store: Store) -> list[int]:
    """What waits for its digest."""
    with store.begin() as tx:
        return sorted(each.id for each in tx.undigested(100, 1_000_000))


def states(store: Store) -> list[tuple[int, DeliveryStatus]]:
    """What the list of deliveries says of them."""
    with store.view() as view:
        return [(each.id, each.status) for each in view.delivery_list(Query()).items]


def wait_until_waiting(store: Store) -> None:
    """Until one transaction waits for another, on PostgreSQL."""
    deadline = time.monotonic() + 30
    while not peek(store, "SELECT 1 FROM pg_locks WHERE NOT granted"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ids(store: Store, table: str) -> list[int]:
    """What there is in a table."""
    return [row[0] for row in peek(store, f"SELECT * FROM {table} ORDER BY 1")]  # noqa: S608 - a name


def expire(
    store: Store,
    deliveries: datetime = NEVER,
    actions: datetime = NEVER,
    evidence: datetime = NEVER,
    limit: int = 100,
) -> int:
    """One pass over everything."""
    removed = store.expire_deliveries(deliveries, limit)
    with store.begin() as tx:
        return removed + tx.expire(actions, evidence, NEVER, limit)


def test_old_deliveries_go_with_their_verdicts(store: Store) -> None:
    """Those received before go, whatever came of them; the others stay."""
    numbers = take_in(store, NOW, NOW + MINUTE, NOW + 2 * MINUTE)
    digest(store, 3)
    with store.begin() as tx:
        for number in numbers:
            tx.verdict(number, number == numbers[0], "because", NOW)
    removed = expire(store, deliveries=NOW + 2 * MINUTE)

    assert removed == 2
    assert (ids(store, "delivery"), ids(store, "verdict")) == (numbers[2:], numbers[2:])
    assert expire(store, deliveries=NOW + 2 * MINUTE) == 0


def test_a_delivery_that_waits_for_its_digest_stays(store: Store) -> None:
    """However old it is, also when a person asked for its replay."""
    numbers = take_in(store, NOW, NOW, NOW)
    digest(store, 2)
    with store.begin() as tx:
        tx.verdict(numbers[0], True, "bad", NOW)
        tx.replay(numbers[0])
    removed = expire(store, deliveries=NOW + DAY)

    assert removed == 1
    assert ids(store, "delivery") == [numbers[0], numbers[2]]
    assert ids(store, "verdict") == [numbers[0]]


def test_no_more_goes_at_once_than_asked_for(store: Store) -> None:
    """The oldest go first."""
    numbers = take_in(store, *[NOW] * 5)
    digest(store, 5)
    removed = [expire(store, deliveries=NOW + DAY, limit=2) for _ in range(4)]

    assert removed == [2, 2, 1, 0]
    assert len(numbers) == 5


def test_more_goes_than_one_statement_removes(store: Store) -> None:
    """So that deliveries can come in meanwhile, a few go at a time."""
    inbox = store.inbox(NOW)
    inbox.append([arrival() for _ in range(120)])
    inbox.close()
    digest(store, 120)

    assert expire(store, deliveries=NOW + DAY, limit=119) == 119
    assert len(ids(store, "delivery")) == 1


def test_what_could_not_go_goes_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can have a delivery digested again that has been chosen to go."""
    monkeypatch.setattr("watcher.store.sqlite.BUSY_SECONDS", 0.05)
    store = Store.open(sqlite_in(tmp_path))
    [number] = take_in(store, NOW)
    digest(store, 1)
    with store.begin() as tx:
        tx.verdict(number, True, "bad", NOW)
    busy = sa.create_engine(f"sqlite:///{tmp_path}/watcher-inbox.db")
    with busy.connect() as writer:
        writer.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            store.expire_deliveries(NOW + DAY, 10)
    with store.begin() as tx:
        asked = tx.replay(number)
    left = ids(store, "delivery")

    assert (asked, left) == (False, [number])
    assert expire(store, deliveries=NOW + DAY) == 1
    assert ids(store, "delivery") == []
    busy.dispose()
    store.close()


def test_a_replay_asked_for_meanwhile_is_not_lost(postgres_store: Store) -> None:
    """Who asks while retention chooses is told the truth: it is digested again."""
    store = postgres_store
    [number] = take_in(store, NOW)
    digest(store, 1)
    with store.begin() as tx:
        tx.verdict(number, True, "bad", NOW)
    with ThreadPoolExecutor(1) as thread:
        with store.begin() as tx:
            asked = tx.replay(number)
            removing = thread.submit(store.expire_deliveries, NOW + DAY, 10)
            wait_until_waiting(store)
        removed = removing.result(timeout=30)

    assert (asked, removed) == (True, 0)
    assert undigested(store) == [number]


def test_a_verdict_that_lost_its_delivery_goes(store: Store) -> None:
    """A power cut may come between the two files of SQLite; the next pass puts that right."""
    with store.begin() as tx:
        tx.verdict(12345, True, "bad", NOW)
    expire(store, deliveries=NOW + DAY)

    assert ids(store, "verdict") == []


@pytest.mark.parametrize("status", [ActionStatus.DONE, ActionStatus.GAVE_UP])
def test_ended_actions_go_by_their_end(store: Store, status: ActionStatus) -> None:
    """Actions that wait, run or are to be retried stay however old they are."""
    with store.begin() as tx:
        tx.queue([intent(key, lane=key) for key in ("a", "b", "c", "d")], NOW)
        first, second, third = tx.claim(NOW, MINUTE, 3)
        tx.settle(first, status, "", None, NOW)
        tx.settle(second, status, "", None, NOW + MINUTE)
        tx.settle(third, ActionStatus.RETRY, "", NOW, NOW)
    removed = expire(store, actions=NOW + MINUTE)

    assert removed == 1
    assert ids(store, "action") == [2, 3, 4]


def test_a_number_of_an_action_does_not_come_back(store: Store) -> None:
    """Evidence names its action for longer than that is kept."""
    with store.begin() as tx:
        tx.queue([intent("a")], NOW)
        [action] = tx.claim(NOW, MINUTE, 1)
        tx.settle(action, ActionStatus.DONE, "", None, NOW)
    expire(store, actions=NOW + MINUTE)
    with store.begin() as tx:
        tx.queue([intent("b")], NOW)

    assert ids(store, "action") == [2]


def test_old_evidence_goes(store: Store) -> None:
    """It goes by the start of its diagnosis."""
    with store.begin() as tx:
        for action in (1, 2, 3):
            tx.add_evidence(1, action, diagnosis())
    removed = [
        expire(store, evidence=NOW),
        expire(store, evidence=NOW + MINUTE, limit=2),
    ]

    assert removed == [0, 2]
    assert ids(store, "evidence") == [3]


def test_a_stream_is_forgotten_when_nothing_can_come_of_it(store: Store) -> None:
    """Long after its day, and not before all its deliveries are digested and gone."""
    take_in(store, NOW, NOW)
    take_in(store, NOW)
    long_after = NOW + 9 * DAY
    expire(store, deliveries=NOW + 7 * DAY)
    young = ids(store, "stream")
    digest(store, 1)
    expire(store, deliveries=long_after)
    half = ids(store, "stream")
    digest(store, 2)
    for _ in range(2):
        expire(store, deliveries=long_after)

    assert (young, half) == ([1, 2], [1, 2])
    assert ids(store, "stream") == [2]
    assert len(take_in(store, NOW)) == 1


def test_the_cursor_outlives_what_it_counted(store: Store) -> None:
    """After weeks off there is more to remove than one pass does: none of it comes back."""
    numbers = take_in(store, *[NOW] * 3)
    digest(store, 3)
    first = expire(store, deliveries=NOW + 20 * DAY, limit=2)
    again = undigested(store)
    listed = states(store)
    rest = expire(store, deliveries=NOW + 20 * DAY, limit=2)
    [new] = take_in(store, NOW + 20 * DAY)
    waiting = undigested(store)
    digest(store, 1)

    assert (first, rest) == (2, 1)
    assert (again, listed) == ([], [(numbers[2], DeliveryStatus.DONE)])
    assert waiting == [new]
    assert undigested(store) == []


@pytest.mark.parametrize("limit", [1, 100])
def test_what_nobody_digested_stays_after_weeks_off(store: Store, limit: int) -> None:
    """In the newest stream as in an older one, however often old rows are let go."""
    first = take_in(store, NOW, NOW)
    second = take_in(store, NOW, NOW)
    digest(store, 1)
    for _ in range(5):
        expire(store, deliveries=NOW + 20 * DAY, limit=limit)
    waiting = ids(store, "delivery")

    assert [first[1], *second] == waiting == undigested(store)
    assert ids(store, "stream") == [1, 2]
