"""Deliveries become incidents: the same ones in whatever batches, once, and past every culprit."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
import structlog

from tests.engine.streams import RULEBOOK, Line, in_order_of_arrival, line, ndjson, received, story
from tests.fakes import FakeClock
from tests.stores import peek, poke, sqlite_in
from watcher.app.worker import reader
from watcher.engine.book import Book
from watcher.engine.digest import Digest, Read
from watcher.engine.replay import read_events, replay, write_incidents
from watcher.kit.log import configure
from watcher.model.delivery import Arrival, Delivery, DeliveryStatus
from watcher.model.event import Event, Kind, Reading, Severity
from watcher.policy.endpoints import Auth, Source
from watcher.receivers import generic
from watcher.store.query import Query
from watcher.store.store import Store

# The last ones hold mergers by late news.
SEEDS = [3, 73, 112]
GENERIC = reader(Source("gen", "generic", "default", Auth(), 1 << 20, generic.Options()))


@pytest.fixture(autouse=True)
def plain_log() -> Iterator[None]:
    """Failures are logged as in production, not with all their variables."""
    configure("error")
    yield
    structlog.reset_defaults()


def hour(seed: int) -> list[Line]:
    """A busy hour with much late news."""
    return story(seed, conditions=14, late=115)


def a_digest(store: Store, holder: str = "me", **sources: Read) -> Digest:
    """A digest with the generic source `gen` and these."""
    return Digest(store, {"gen": GENERIC, **sources}, lambda: RULEBOOK, FakeClock(), holder)


def post(
    store: Store, *bodies: bytes, source: str = "gen", at: datetime | None = None
) -> list[int]:
    """Puts bodies into the inbox, received at that time."""
    inbox = store.inbox(FakeClock().now())
    received_at = at or FakeClock().now()
    numbers = inbox.append([Arrival(source, "default", received_at, {}, each) for each in bodies])
    inbox.close()
    return numbers


def deliver(store: Store, lines: Iterable[Line]) -> None:
    """Puts a stream into the inbox, each line when it was received."""
    inbox = store.inbox(FakeClock().now())
    inbox.append(
        [
            Arrival("gen", "default", datetime.fromisoformat(each["received_at"]), {}, body)
            for each in lines
            for body in ndjson([each])
        ]
    )
    inbox.close()


def drain(digest: Digest, limit: int = 1000) -> None:
    """Digests all there is."""
    while digest.step(limit):
        pass


@dataclass(frozen=True)
class Outcome:
    """All that came of a stream, as it is stored."""

    incidents: list[tuple[Any, ...]]
    alerts: list[tuple[Any, ...]]
    occurrences: list[tuple[Any, ...]]
    timeline: list[tuple[Any, ...]]
    actions: list[tuple[Any, ...]]


def outcome(store: Store) -> Outcome:
    """What the store holds, table by table, without the ids that the database gives."""

    def rows(table: str) -> list[tuple[Any, ...]]:
        return sorted(peek(store, f"SELECT * FROM {table}"), key=str)  # noqa: S608 - names of ours

    return Outcome(
        rows("incident"),
        rows("alert"),
        rows("occurrence"),
        sorted((row[1:] for row in rows("entry")), key=str),
        sorted(
            peek(store, "SELECT incident, lane, key, kind, status, payload FROM action"), key=str
        ),
    )


def test_a_batch_asks_the_store_as_often_whatever_it_opens_and_settles(tmp_path: Path) -> None:
    """Nothing is looked up alert by alert, and the numbers of incidents have no gaps."""
    store, asked, questions = Store.open(sqlite_in(tmp_path)), list[str](), []
    sa.event.listen(
        store._database.engine, "checkout", lambda each, *_: each.set_trace_callback(asked.append)
    )
    digest = a_digest(store)
    for hour, hosts in enumerate((3, 3, 30, 30)):
        names = [f"db{hour}-{number}" for number in range(hosts)]
        deliver(store, [line(hour * 3600, key=each, occurrence=each, host=each) for each in names])
        asked.clear()
        drain(digest)
        questions.append(sum(each.lstrip().startswith("SELECT") for each in asked))

    assert questions[1] == questions[3]
    assert [(number,) for number in range(1, 67)] == peek(store, "SELECT number FROM incident")
    store.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_batches_of_any_size_give_the_same(store: Store, seed: int) -> None:
    """One by one, in pairs or sevens or all at once, by one digest or by two in turn."""
    outcomes = []
    for limits in ([1], [2], [7], [1000], [3, 1, 5]):
        empty(store)
        deliver(store, hour(seed))
        digests = [a_digest(store, f"replica {n}") for n, _ in enumerate(limits)]
        while sum(turn(each, limit) for each, limit in zip(digests, limits, strict=True)):
            pass
        outcomes.append(outcome(store))

    assert outcomes[0].incidents
    for each in outcomes[1:]:
        assert outcomes[0] == each


def turn(digest: Digest, limit: int) -> int:
    """One batch, after which another replica may go on."""
    done = digest.step(limit)
    digest.release()
    return done


def empty(store: Store) -> None:
    """Takes everything out of a store."""
    tables = (
        "action", "entry", "occurrence", "alert", "incident", "verdict", "delivery", "stream",
        "counter", "lease",
    )  # fmt: skip
    with poke(store) as connection:
        for table in tables:
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - names of ours


@pytest.mark.parametrize("seed", SEEDS)
def test_deliveries_twice_have_one_effect(store: Store, seed: int) -> None:
    """Senders repeat themselves: nothing is counted, told or written twice."""
    deliver(store, hour(seed))
    drain(a_digest(store))
    once = outcome(store)
    empty(store)
    deliver(store, [each for each in hour(seed) for _ in range(2)])
    drain(a_digest(store), 3)

    assert once == outcome(store)


def test_a_whole_history_again_changes_nothing(store: Store) -> None:
    """Replayed after the end, an hour of alerts is old news."""
    deliver(store, story(5, late=0))
    drain(a_digest(store))
    before = outcome(store)
    deliver(store, story(5, late=0))
    drain(a_digest(store))
    after = outcome(store)

    assert before.incidents == after.incidents
    assert (before.occurrences, before.actions) == (after.occurrences, after.actions)
    assert [row[:-1] for row in before.timeline] == [row[:-1] for row in after.timeline]


def swapped(lines: Sequence[Line], seed: int) -> list[Line]:
    """The same stream, with the lines of each second in another order."""
    dice = random.Random(seed)
    return sorted(lines, key=lambda each: (each["received_at"][:19], dice.random()))


@pytest.mark.parametrize("seed", SEEDS)
def test_order_within_a_second_does_not_matter(store: Store, seed: int) -> None:
    """Two connections may overtake each other: the same alerts stand together."""
    lines = in_order_of_arrival(
        [
            each
            for second in range(0, 1200, 97)
            for n in range(3)
            for each in [line(second + n / 10, key=f"k{n}", occurrence=f"{second}.{n}")]
        ]
    )
    deliver(store, lines)
    drain(a_digest(store))
    in_order = together(store)
    empty(store)
    deliver(store, swapped(lines, seed))
    drain(a_digest(store))

    assert in_order == together(store)


def together(store: Store) -> set[frozenset[tuple[str, str]]]:
    """Which occurrences stand together."""
    found: dict[int, set[tuple[str, str]]] = {}
    for incident, key, span in peek(store, "SELECT incident, key, occurrence FROM occurrence"):
        found.setdefault(incident, set()).add((key, span))
    return {frozenset(each) for each in found.values()}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("limit", [1, 1000])
def test_the_digest_decides_as_the_replay_does(store: Store, seed: int, limit: int) -> None:
    """The same stream gives the same incidents, in the same order and for the same reasons."""
    lines = hour(seed)
    deliver(store, lines)
    drain(a_digest(store), limit)
    book = replay(read_events(ndjson(received(lines))), RULEBOOK)

    assert normal(book) == normal(stored(store))


def stored(store: Store) -> Book:
    """What a store knows, as a book."""
    book = Book(count(1))
    with store.view() as view:
        incidents = view.incident_list(Query(limit=500)).items
    with store.begin() as tx:
        spans = tx.members([each.number for each in incidents])
    book.load(occurrences=spans, incidents=incidents)
    return book


def normal(book: Book) -> list[Line]:
    """The lines of a replay, the alerts of each incident in the order of their names."""
    lines = [orjson.loads(each) for each in write_incidents(book)]
    for each in lines:
        each["alerts"].sort(key=lambda alert: (alert["key"], alert["occurrence"]))
    return lines


def statuses(store: Store) -> list[tuple[DeliveryStatus, str]]:
    """What became of the deliveries, oldest first."""
    with store.view() as view:
        found = sorted(view.delivery_list(Query(limit=500)).items, key=lambda each: each.id)
    return [(each.status, each.reason) for each in found]


def names(store: Store) -> list[str]:
    """The alerts that there are."""
    with store.view() as view:
        return sorted(each.name for each in view.alert_list(Query(limit=500)).items)


DONE = (DeliveryStatus.DONE, "")


def body(name: str, **fields: Any) -> bytes:
    """One plain alert."""
    return orjson.dumps({"name": name, "host": "db01", **fields})


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"{", "the body is not JSON"),
        (b'{"name": "\xff"}', "UTF-8"),
        (b"[" * 100_000, "nested"),
        (b"{}", "the body has no name"),
        (b"[1]", "body[0]"),
        (b'{"name": "x", "status": "odd"}', "the body: status is"),
    ],
)
def test_what_cannot_be_understood_is_put_aside(store: Store, bad: bytes, reason: str) -> None:
    """A dead letter says why, and its neighbours before and behind it are digested."""
    post(store, body("a"), bad, body("b"))
    drain(a_digest(store))
    found = statuses(store)

    assert ["a", "b"] == names(store)
    assert [DONE, DONE] == [found[0], found[2]]
    assert DeliveryStatus.DEAD is found[1][0]
    assert reason.lower() in found[1][1].lower()


def test_a_receiver_that_fails_loses_no_neighbour(store: Store) -> None:
    """A bug in one receiver is a dead letter, with a word on the bug."""

    def broken(_: Delivery) -> Reading:
        raise RuntimeError("a bug")

    post(store, body("a"))
    post(store, b"{}", source="broken")
    post(store, body("b"))
    drain(a_digest(store, broken=broken))

    assert ["a", "b"] == names(store)
    assert [
        DONE,
        (DeliveryStatus.DEAD, "the receiver failed: RuntimeError: a bug"),
        DONE,
    ] == statuses(store)


def poison(delivery: Delivery) -> Reading:
    """Reads an event that no database takes."""
    event = Event("bad", Kind.FIRING, "k", "o", delivery.received_at, "\ud800", Severity.HIGH)
    return Reading((event,))


@pytest.mark.parametrize("place", [0, 1, 4, 9])
def test_a_poison_event_is_found_by_halving(store: Store, place: int) -> None:
    """The one that fails in the transaction stands alone in the end; all others are digested."""
    for n in range(10):
        post(store, body(f"a{n}", key=f"k{n}"), source="bad" if n == place else "gen")
    digest = a_digest(store, bad=poison)

    assert 10 == digest.step()
    assert [f"a{n}" for n in range(10) if n != place] == names(store)
    assert [place] == [
        n for n, each in enumerate(statuses(store)) if each[0] is DeliveryStatus.DEAD
    ]
    assert statuses(store)[place][1].startswith("digesting failed: Unstorable: ")
    assert 0 == digest.step()


def test_two_culprits_are_both_found(store: Store) -> None:
    """However many there are."""
    for n in range(8):
        post(store, body(f"a{n}", key=f"k{n}"), source="bad" if n in {2, 3} else "gen")
    drain(a_digest(store, bad=poison))

    assert [2, 3] == [n for n, each in enumerate(statuses(store)) if each != DONE]
    assert 6 == len(names(store))


def test_what_holds_no_alert_says_so(store: Store) -> None:
    """An empty list is understood: nothing came of it, and the list of deliveries tells why."""
    post(store, b"[]")
    drain(a_digest(store))

    assert [(DeliveryStatus.DONE, "no alerts in it")] == statuses(store)


def test_a_dead_letter_counts_after_the_mending(store: Store) -> None:
    """A source that was missing is configured, the letter replayed: its alert is there, once."""
    [number] = post(store, body("a"), source="lab")
    post(store, body("b"))
    drain(a_digest(store))
    dead = (DeliveryStatus.DEAD, "there is no source 'lab' any more")

    assert [dead, DONE] == statuses(store)
    with store.begin() as tx:
        assert tx.replay(number)
    drain(a_digest(store))
    assert [dead, DONE] == statuses(store)

    mended = reader(Source("lab", "generic", "default", Auth(), 1 << 20, generic.Options()))
    for _ in range(2):
        with store.begin() as tx:
            tx.replay(number)
        drain(a_digest(store, lab=mended))
    assert [DONE, DONE] == statuses(store)
    assert ["a", "b"] == names(store)


def test_only_the_holder_of_the_lease_digests(store: Store) -> None:
    """A second replica does nothing, and takes over when the first has been silent."""
    post(store, body("a"))
    first = a_digest(store, "first")
    assert 1 == first.step()
    post(store, body("b"))
    clock = FakeClock()
    second = Digest(store, {"gen": GENERIC}, lambda: RULEBOOK, clock, "second")

    assert 0 == second.step()
    clock.advance(timedelta(seconds=16))
    assert 1 == second.step()
    assert ["a", "b"] == names(store)


def test_a_lost_lease_digests_nothing_and_loses_nothing(store: Store) -> None:
    """Whoever slept through its lease finds out in its own transaction and writes nothing."""
    sleeper = a_digest(store, "sleeper")
    sleeper.step()
    late = FakeClock()
    late.advance(timedelta(seconds=16))
    other = Digest(store, {"gen": GENERIC}, lambda: RULEBOOK, late, "other")
    other.step()
    post(store, body("a"))

    assert 0 == sleeper.step()
    assert (0, []) == (sleeper.step(), names(store))
    assert 1 == other.step()
    assert ["a"] == names(store)


def test_a_lease_is_renewed_before_it_ends(store: Store) -> None:
    """As long as a digest works nobody takes over, and it does not ask for each batch."""
    clock = FakeClock()
    digest = Digest(store, {"gen": GENERIC}, lambda: RULEBOOK, clock, "me")
    until = []
    for _ in range(5):
        digest.step()
        with store.view() as view:
            until.append(view.leased_until("digest"))
        clock.advance(timedelta(seconds=3))

    assert [15, 15, 21, 21, 27] == [
        (each - FakeClock().now()).total_seconds() for each in until if each is not None
    ]
