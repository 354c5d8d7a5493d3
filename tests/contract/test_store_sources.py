"""What the store keeps of sources: their state, their drift, what is held, what is on the way."""

from datetime import date, timedelta

from tests.contract.given import MINUTE, NOW, alert, arrival, occurrence
from watcher.model.alert import AlertStatus
from watcher.model.change import replace
from watcher.model.concern import Letters
from watcher.model.delivery import HISTORY, ORIGIN, RECONCILED
from watcher.model.matcher import Matcher, Operator
from watcher.model.source import Ahead, Asked, Drift, Heard, Missed, SourceState
from watcher.model.survey import Held
from watcher.store.query import Query
from watcher.store.store import Store

ASKED = Asked(
    cursor="42",
    ahead=Ahead("43", NOW),
    at=NOW,
    complete_at=NOW - MINUTE,
    took=timedelta(seconds=1.5),
    trouble="token",
    problem="the token has expired",
    since=NOW - MINUTE,
    absent={"v1:7": NOW - MINUTE},
)


def test_of_a_new_source_nothing_is_known(store: Store) -> None:
    """It has a state all the same: the empty one."""
    with store.view() as view:
        assert (SourceState(), {}) == (view.source("zabbix"), view.sources())


def test_the_two_halves_of_a_state_are_written_apart(store: Store) -> None:
    """Who hears does not overwrite what was asked, nor the other way round."""
    heard = Heard(NOW, {NOW.date(): MINUTE, date(2026, 2, 27): timedelta(microseconds=7)})
    with store.begin() as tx:
        tx.save_asked("zabbix", Asked(cursor="1"))
        tx.save_heard("zabbix", heard)
        tx.save_asked("zabbix", ASKED)
        tx.save_heard("grafana", Heard(NOW))
        tx.save_asked("grafana", Asked())
        known = tx.source("zabbix")
    with store.view() as view:
        found = view.sources()

    assert {"zabbix": SourceState(heard, ASKED), "grafana": SourceState(Heard(NOW))} == found
    assert SourceState(heard, ASKED) == known


def test_a_cursor_comes_back_without_what_was_ahead(store: Store) -> None:
    """Whatever text a monitor makes of it."""
    with store.begin() as tx:
        tx.save_asked("zabbix", replace(ASKED, cursor='{"a": ["б"]}', ahead=None))
        tx.save_asked("grafana", replace(ASKED, cursor="", ahead=Ahead("1", NOW)))
    with store.view() as view:
        zabbix, grafana = view.source("zabbix").asked, view.source("grafana").asked

    assert ('{"a": ["б"]}', None) == (zabbix.cursor, zabbix.ahead)
    assert ("", Ahead("1", NOW)) == (grafana.cursor, grafana.ahead)


def test_drift_adds_up_by_day_and_kind(store: Store) -> None:
    """And is read from a day on, or all of it."""
    with store.begin() as tx:
        tx.add_drift("zabbix", NOW - timedelta(days=2), {Drift.OPENING: 200})
        tx.add_drift("zabbix", NOW, {Drift.OPENING: 1, Drift.RECOVERY: 2})
        tx.add_drift("zabbix", NOW + MINUTE, {Drift.RECOVERY: 3})
    with store.view() as view:
        lately, ever = view.missed(NOW.date()), view.missed()

    today = [
        Missed("zabbix", NOW.date(), Drift.OPENING, 1),
        Missed("zabbix", NOW.date(), Drift.RECOVERY, 5),
    ]
    assert today == lately
    assert [Missed("zabbix", date(2026, 2, 27), Drift.OPENING, 200), *today] == ever


def test_what_a_source_holds_are_its_alerts_that_fire(store: Store) -> None:
    """Not those of others, and not what is over."""
    mine = alert(occurrence="o2", host="db1", labels={"имя": "значение"}, url="https://z.example")
    with store.begin() as tx:
        tx.save_alerts(
            [
                mine,
                alert("over", status=AlertStatus.RESOLVED),
                alert("other", source="grafana"),
                alert("foreign", customer="globex"),
            ]
        )
    with store.view() as view:
        found = view.held("acme", "zabbix")

    url = "https://z.example"
    held = Held("k1", "o2", mine.name, mine.started_at, "db1", {"имя": "значение"}, url)
    assert [held] == found


def test_known_spans_are_looked_up_without_a_lock(store: Store) -> None:
    """Those that are not known are left out."""
    span = occurrence("k1", "o1")
    with store.begin() as tx:
        tx.save_occurrences([span])
    with store.view() as view:
        found = view.occurrences([("acme", "k1", "o1"), ("acme", "k1", "o2")])

    assert {("acme", "k1", "o1"): span} == found


def test_what_is_under_way_is_what_no_digest_has_seen(store: Store) -> None:
    """And what was made by asking and then died; what a source posted and died may be missed."""
    inbox = store.inbox(NOW)
    made = replace(arrival(b'{"a":1}'), headers={ORIGIN: RECONCILED})
    inbox.append([made, arrival(b'{"a":2}'), made])
    inbox.close()
    with store.begin() as tx:
        first, second, third = tx.undigested(10, 1000)
        tx.verdict(first.id, True, "no", NOW)
        tx.verdict(second.id, True, "no", NOW)
        tx.digested([first, second])
    with store.view() as view:
        found, none = view.underway("zabbix", 10), view.underway("grafana", 10)

    assert ([third.id, first.id], []) == ([each.id for each in found], none)
    assert [RECONCILED, RECONCILED] == [each.origin for each in found]


def test_a_delivery_is_listed_with_its_origin(store: Store) -> None:
    """And found by it."""
    inbox = store.inbox(NOW)
    made = [replace(arrival(b"1"), headers={ORIGIN: each}) for each in (RECONCILED, HISTORY)]
    inbox.append([arrival(b"2"), *made])
    inbox.close()
    found = {}
    with store.view() as view:
        for origin in ("", RECONCILED, HISTORY):
            asked = (Matcher("origin", Operator.EQUAL, origin),)
            found[origin] = [each.origin for each in view.delivery_list(Query(asked)).items]

    assert {origin: [origin] for origin in ("", RECONCILED, HISTORY)} == found


def test_what_a_source_fires_is_found_for_all_customers(store: Store) -> None:
    """Not what is over, nor that of other sources."""
    mine = [alert("a", source="watcher"), alert("b", source="watcher", customer="globex")]
    over = alert("c", source="watcher", status=AlertStatus.RESOLVED)
    with store.begin() as tx:
        tx.save_alerts([*mine, over, alert("d")])
    with store.view() as view:
        assert mine == view.firing_of("watcher")


def test_dead_letters_are_counted_beside_what_came_with_them(store: Store) -> None:
    """By source, where there are so many, with the time of the first; in a flood the newest."""
    at = {name: NOW + n * MINUTE for n, name in enumerate(("old", "bad", "few", "good", "newest"))}
    inbox = store.inbox(NOW)
    numbers = {}
    for name, received_at in at.items():
        source = "few" if name == "few" else "zabbix"
        given = replace(arrival(at=received_at), source=source)
        numbers[name] = inbox.append([given] * 3)
    inbox.close()
    with store.begin() as tx:
        for name in ("old", "bad", "newest"):
            for number in numbers[name]:
                tx.verdict(number, True, "no", NOW)
        tx.verdict(numbers["few"][0], True, "no", NOW)
        tx.verdict(numbers["good"][0], False, "no event", NOW)
    with store.view() as view:
        assert {"zabbix": Letters(6, 9, at["bad"])} == view.letters(at["bad"], 2)
        assert {"zabbix": Letters(3, 6, at["newest"])} == view.letters(at["bad"], 2, newest=6)
        assert {} == view.letters(at["good"], 4)


def test_when_a_source_spoke_is_read_by_itself(store: Store) -> None:
    """Nothing is known of a new one, nor of one that was only asked."""
    heard = Heard(NOW, {NOW.date(): MINUTE})
    with store.begin() as tx:
        tx.save_asked("grafana", Asked())
        tx.save_heard("zabbix", heard)
        assert [heard, Heard(), Heard()] == [
            tx.heard(name) for name in ("zabbix", "grafana", "new")
        ]
