"""One source, two ways in: whatever comes by which, how often and in which order, is one span."""

import random
from collections.abc import Iterable
from datetime import timedelta

import orjson
import pytest

from tests.engine.streams import RULEBOOK
from tests.engine.test_digest import drain
from tests.fakes import FakeClock
from tests.stores import peek
from watcher.app.worker import reader
from watcher.decide.keys import occurrence_key
from watcher.engine.alias import settled
from watcher.engine.digest import Digest
from watcher.engine.rulebook import identify
from watcher.model.delivery import Arrival
from watcher.policy.endpoints import Auth, Source
from watcher.receivers import zabbix
from watcher.receivers.base import Context
from watcher.store.store import Store

BOTH = zabbix.Options(connector=True)
NOW = FakeClock().now()
GOES_ON = 109
T0 = NOW - timedelta(hours=2)


def posted(event: int, *, over: bool = False) -> bytes:
    """What the media type posts of a span: all of it, each time."""
    begun, ended = (int((T0 + timedelta(minutes=event % 90 + n)).timestamp()) for n in (0, 3))
    ending = {"event_recovery_timestamp": str(ended)} if over else {}
    return orjson.dumps(
        {
            "event_source": "0", "event_value": "0" if over else "1", "event_id": str(event),
            "event_name": f"Disk is {event} % full", "event_nseverity": "4",
            "event_timestamp": str(begun), "trigger_id": str(event % 4 + 20_000),
            "host_id": "9", "host_host": f"db{event % 4}",
        } | ending
    )  # fmt: skip


def streamed(event: int, *, over: bool = False) -> bytes:
    """What a connector says of it: its end only by its number."""
    begun, ended = (int((T0 + timedelta(minutes=event % 90 + n)).timestamp()) for n in (0, 3))
    if over:
        line: dict[str, object] = {
            "clock": ended, "ns": 5, "value": 0, "eventid": event + 500_000, "p_eventid": event,
        }  # fmt: skip
    else:
        line = {
            "clock": begun, "ns": 77, "value": 1, "eventid": event, "groups": ["DB"], "tags": [],
            "name": f"Disk is {event} % full", "severity": 4,
            "hosts": [{"host": f"db{event % 4}", "name": "A database"}],
        }  # fmt: skip
    return orjson.dumps(line)


def muddle(dice: random.Random, spans: Iterable[int]) -> list[bytes]:
    """All spans, of which the last few go on, each told of at least once, in any order; lines of
    the stream come several at once.
    """
    alone: list[bytes] = []
    lines: list[bytes] = []
    for event in spans:
        for over in (False, True)[: 1 + (event < GOES_ON)]:
            ways = dice.choice([(posted,), (streamed,), (posted, streamed)])
            for way in ways:
                (alone if way is posted else lines).extend(
                    [way(event, over=over)] * dice.choice([1, 1, 2])
                )
    dice.shuffle(lines)
    while lines:
        size = dice.randint(1, 6)
        alone.append(b"\n".join(lines[:size]) + b"\n")
        lines = lines[size:]
    dice.shuffle(alone)
    return alone


def taken(store: Store, source: str, bodies: Iterable[bytes], limit: int) -> None:
    """Digests these bodies of a source in batches of that size."""
    inbox = store.inbox(NOW)
    inbox.append([Arrival(source, f"of-{source}", NOW, {}, body) for body in bodies])
    inbox.close()
    read = reader(Source(source, "zabbix", f"of-{source}", Auth(), 1 << 20, BOTH))
    drain(Digest(store, {source: read}, lambda: RULEBOOK, FakeClock(), "me"), limit)


def spans_of(store: Store, source: str) -> list[tuple[object, ...]]:
    """Every span with its beginning and end, and whether it is in an incident."""
    return sorted(
        peek(
            store,
            "SELECT occurrence, started_at, ended_at, incident IS NOT NULL FROM occurrence"  # noqa: S608 - a name of ours
            f" WHERE customer = 'of-{source}'",
        )
    )


@pytest.mark.parametrize("limit", [1, 4, 1000])
def test_by_whatever_ways_it_comes_it_has_one_effect(store: Store, limit: int) -> None:
    """Both, one of them, doubled, shuffled, the recovery first: the same spans, each once."""
    events = range(101, 113)
    taken(store, "plain", [posted(each) for each in events], limit)
    taken(store, "plain", [posted(each, over=True) for each in events if each < GOES_ON], limit)
    expected = spans_of(store, "plain")

    for seed in range(8):
        taken(store, f"s{seed}", muddle(random.Random(seed), events), limit)
        assert expected == spans_of(store, f"s{seed}"), seed
    assert len(events) == len(expected)


def test_a_recovery_that_names_only_the_problem_ends_it(store: Store) -> None:
    """In a batch of its own, and after the problem came by the other way."""
    taken(store, "zbx", [posted(102)], 10)
    taken(store, "zbx", [streamed(102, over=True)], 10)

    [(key, name, status, count)] = peek(store, "SELECT key, name, status, count FROM alert")
    assert ("v1:zbx:name:Disk is <measure> full:host:db2", "resolved", 1) == (key, status, count)
    assert "Disk is 102 % full" == name


def test_a_recovery_heard_first_lends_its_key_to_the_problem(store: Store) -> None:
    """The alert then has the words of the problem; the next span of the condition has its name."""
    taken(store, "zbx", [streamed(102, over=True)], 10)
    assert [("Zabbix event 102", None)] == peek(store, "SELECT name, host FROM alert")
    taken(store, "zbx", [streamed(102), posted(102), posted(106)], 10)

    found = peek(store, "SELECT key, name, host, occurrence, count FROM alert ORDER BY key")
    by_name = "v1:zbx:name:Disk is <measure> full:host:db2"
    assert [
        ("v1:zbx:event:102", "Disk is 102 % full", "db2", "v1:102", 1),
        (by_name, "Disk is 106 % full", "db2", "v1:106", 1),
    ] == found


def test_each_way_adds_the_labels_that_it_knows(store: Store) -> None:
    """In whichever order they come."""
    taken(store, "one", [streamed(101), posted(101)], 1)
    taken(store, "two", [posted(101), streamed(101)], 1)

    labels = [orjson.loads(text) for (text,) in peek(store, "SELECT labels FROM alert")]
    assert [{"host_name": "A database", "trigger_id": "20001"}] * 2 == labels


def test_events_of_other_sources_keep_out(store: Store) -> None:
    """Two Zabbix servers count alike."""
    taken(store, "east", [posted(101)], 10)
    taken(store, "west", [streamed(101, over=True)], 10)

    assert [("of-east", "firing"), ("of-west", "resolved")] == sorted(
        peek(store, "SELECT customer, status FROM alert")
    )
    with store.begin() as tx:
        span = occurrence_key("101")
        asked = [("of-east", "east", span), ("of-east", "west", span), ("of-west", "east", span)]
        assert asked[:1] == list(tx.keys_of(asked))


def test_a_history_without_a_store_is_settled_alike() -> None:
    """A backtest remembers the keys by itself; what is not aliased is passed on as it is."""
    body = b"\n".join([streamed(102), streamed(102, over=True)])
    events = [
        *zabbix.parse(body, Context("zbx", NOW, BOTH)).events,
        *zabbix.parse(posted(102), Context("zbx", NOW, zabbix.Options())).events,
    ]
    news = [identify(each, "default", NOW, RULEBOOK.catalogue) for each in events]
    first, second, third = settled(news, {})

    assert first.event.key == second.event.key != news[1].event.key
    assert f"alert:{first.event.key}" == second.group
    assert first is news[0]
    assert third is news[2]
