"""What is held back opens nothing until its time has come; then it is as if it began, once."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decide.given import T0, at, event
from tests.engine.streams import CATALOGUE, RULEBOOK, Line, ndjson, received, story
from tests.engine.test_digest import GENERIC, deliver, empty, outcome, turn
from tests.fakes import FakeClock
from watcher.decide.match import parse
from watcher.engine.book import Book
from watcher.engine.digest import Digest
from watcher.engine.fold import Fold
from watcher.engine.replay import read_events, replay
from watcher.engine.rulebook import Rulebook, identify
from watcher.model.alert import Occurrence
from watcher.model.event import Event, Kind, Severity
from watcher.model.incident import EntryKind, Incident
from watcher.model.policy import AlertRule
from watcher.model.silence import Inhibition, Window, WindowKind
from watcher.store.store import Store

HOUR = timedelta(hours=1)


def window(when: str, first: float = 0, last: float = 60, **changes: Any) -> Window:
    """Maintenance of acme from so many minutes to so many."""
    given: dict[str, Any] = {
        "kind": WindowKind.MAINTENANCE,
        "customer": "acme",
        "when": parse(when),
        "starts": at(first),
        "length": at(last) - at(first),
        "title": "upgrade",
        **changes,
    }
    return Window(**given)


def waiting(minutes: float, when: str = 'key=~".*"') -> AlertRule:
    """A rule by which alerts wait for so long."""
    return AlertRule("patience", parse(when), wait=timedelta(minutes=minutes))


def inhibition(source: str, target: str, *equal: str, **changes: Any) -> Inhibition:
    """A rule by which one kind of alert holds back another."""
    return Inhibition("uplink", parse(source), parse(target), equal, **changes)


def rulebook(**policy: Any) -> Rulebook:
    """The usual rules, and these."""
    return Rulebook(replace(RULEBOOK.policy, runbooks=(), **policy), CATALOGUE)


def folded(
    stream: Iterable[tuple[float, Event]],
    rules: Rulebook,
    until: float = 0,
    windows: Iterable[Window] = (),
) -> Book:
    """The book after events, each with the minute in which it was received, and after that time."""
    book = Book(iter(range(1, 1000)))
    fold = Fold(book, rules, tuple(windows))
    for minute, each in stream:
        fold.take(identify(each, "acme", at(minute), CATALOGUE))
    fold.advance(at(until))
    return book


def only(book: Book) -> Occurrence:
    """The one span there is."""
    [span] = book.occurrences.values()
    return span


def only_incident(book: Book) -> Incident:
    """The one incident there is."""
    [incident] = book.incidents.values()
    return incident


def test_an_alert_in_maintenance_opens_nothing_and_is_kept_with_its_reason() -> None:
    """It is shown as suppressed, with the window that does it and until when."""
    rules = rulebook(maintenance=(window("host=db01", comment="new disks"),))
    book = folded([(10, event(10))], rules, until=59)
    [alert] = book.alerts.values()

    assert {} == book.incidents
    assert [] == book.intents
    assert alert.suppressed
    assert alert.withheld == only(book).withheld
    assert alert.withheld is not None
    assert ("maintenance:upgrade", at(60), at(10)) == (
        alert.withheld.by,
        alert.withheld.until,
        alert.withheld.since,
    )
    assert "maintenance upgrade until 2026-03-01 04:00 (UTC): new disks" == (
        alert.withheld.reason.text
    )


def test_an_alert_still_firing_when_its_window_ends_is_raised_then() -> None:
    """At that very time, however late somebody looks; the timeline tells of the wait."""
    rules = rulebook(maintenance=(window("host=db01"),))
    book = folded([(10, event(10))], rules, until=75)
    incident = only_incident(book)
    [alert] = book.alerts.values()

    assert at(60) == incident.opened_at == only(book).joined_at
    assert (None, False, 1) == (alert.withheld, alert.suppressed, alert.incident)
    assert incident.suspect is not None
    assert at(10) == incident.suspect.started_at
    assert "cpu is high on db01 was held back since 2026-03-01 03:10:00 UTC" in [
        each.text for each in book.entries if each.kind is EntryKind.NOTE
    ]


def test_an_alert_that_ends_in_its_window_never_opens_anything() -> None:
    """It is counted and keeps its reason."""
    rules = rulebook(maintenance=(window("host=db01"),))
    book = folded([(10, event(10)), (20, event(20, Kind.RESOLVED))], rules, until=120)
    [alert] = book.alerts.values()

    assert {} == book.incidents
    assert (1, True) == (alert.count, alert.suppressed)
    assert only(book).withheld is not None


def test_an_alert_outside_of_its_windows_is_raised_at_once() -> None:
    """Another host, another customer, another time."""
    for other in (
        window("host=web01"),
        window("host=db01", customer="other"),
        window("host=db01", first=11),
        window("host=db01", last=10),
    ):
        book = folded([(10, event(10))], rulebook(maintenance=(other,)))

        assert at(10) == only_incident(book).opened_at


def test_windows_in_a_row_are_one() -> None:
    """When one ends and the next has begun, the alert goes on being held back."""
    windows = (window("host=db01"), window("host=db01", 45, 90, title="second"))
    book = folded([(10, event(10))], rulebook(maintenance=windows), until=100)

    assert at(90) == only_incident(book).opened_at


def test_an_alert_that_began_just_before_the_window_is_not_held_back() -> None:
    """Had its news been in time, nothing would have held it back."""
    rules = rulebook(maintenance=(window("host=db01", 10),))
    book = folded([(10.2, event(9.8))], rules)

    assert at(10.2) == only_incident(book).opened_at


def test_an_alert_of_the_window_that_is_heard_of_after_it_is_raised() -> None:
    """It still fires, and the window is over."""
    rules = rulebook(maintenance=(window("host=db01", last=10),))
    book = folded([(10.2, event(9.8))], rules)

    assert at(10.2) == only_incident(book).opened_at


def test_a_cancelled_window_lets_go_at_once() -> None:
    """What it holds back is decided about when it is cancelled."""
    mute = window("key=cpu", kind=WindowKind.MUTE, id=7, author="olga", cancelled_at=at(30))
    book = folded([(10, event(10))], rulebook(), until=40, windows=[mute])

    assert at(30) == only_incident(book).opened_at


def test_a_mute_says_who_did_it() -> None:
    """Its author stands in the reason."""
    mute = window("key=cpu", kind=WindowKind.MUTE, id=7, author="olga", comment="known, #12")
    book = folded([(10, event(10))], rulebook(), windows=[mute])
    withheld = only(book).withheld

    assert withheld is not None
    assert ("mute:7", "muted by olga until 2026-03-01 04:00 (UTC): known, #12") == (
        withheld.by,
        withheld.reason.text,
    )


def test_an_alert_that_gets_worse_leaves_a_window_for_what_is_harmless() -> None:
    """A mute of warnings does not hide a disaster."""
    mute = window('severity!="disaster"', kind=WindowKind.MUTE, id=7)
    worse = event(20, Kind.UPDATE, severity=Severity.DISASTER)
    book = folded([(10, event(10)), (20, worse)], rulebook(), windows=[mute])

    assert at(20) == only_incident(book).opened_at


def test_an_alert_that_gets_worse_within_its_window_stays_held_back() -> None:
    """Its matchers hold as before."""
    rules = rulebook(maintenance=(window("host=db01"),))
    worse = event(20, Kind.UPDATE, severity=Severity.DISASTER)
    book = folded([(10, event(10)), (20, worse)], rules)
    withheld = only(book).withheld

    assert {} == book.incidents
    assert withheld is not None
    assert (at(10), at(60)) == (withheld.since, withheld.until)


def test_an_older_span_that_is_heard_of_late_says_nothing_of_the_alert() -> None:
    """It is held back, too, but the alert shows what holds back its newest."""
    rules = rulebook(maintenance=(window("host=db01"),))
    book = folded([(10, event(10, occurrence="o2")), (11, event(5))], rules)
    [alert] = book.alerts.values()

    assert [at(10), at(11)] == [
        each.withheld.since for each in book.occurrences.values() if each.withheld
    ]
    assert alert.withheld is not None
    assert at(10) == alert.withheld.since


def test_a_transient_alert_opens_nothing_under_a_rule_with_for() -> None:
    """It waits, which is not suppression, and ends before its time."""
    book = folded(
        [(10, event(10)), (11, event(11, Kind.RESOLVED))], rulebook(rules=(waiting(2),)), until=30
    )
    [alert] = book.alerts.values()

    assert {} == book.incidents
    assert not alert.suppressed
    assert alert.withheld is not None
    assert ("for:patience", at(12), 120.0) == (
        alert.withheld.by,
        alert.withheld.until,
        alert.withheld.reason.gap,
    )


def test_an_alert_that_lasts_opens_an_incident_when_it_has() -> None:
    """Two minutes after its start."""
    book = folded([(10, event(10))], rulebook(rules=(waiting(2),)), until=30)

    assert at(12) == only_incident(book).opened_at


def test_an_alert_that_had_lasted_before_it_was_heard_of_does_not_wait() -> None:
    """Also when its end is known already: it is on record."""
    over = [(13, event(12.5, Kind.RESOLVED)), (13, event(11))]
    for stream in ([(13, event(11))], over):
        book = folded(stream, rulebook(rules=(waiting(1.5),)))

        assert at(13) == only_incident(book).opened_at


def test_an_alert_whose_end_is_heard_of_first_does_not_open_if_it_was_short() -> None:
    """It lasted for a minute, and two are asked for."""
    stream = [(13, event(12, Kind.RESOLVED)), (13.5, event(11))]
    book = folded(stream, rulebook(rules=(waiting(2),)))

    assert {} == book.incidents


def test_a_condition_that_comes_back_and_lasts_returns_to_its_incident() -> None:
    """Spans that were too short between them do not make it forget."""
    stream = [
        (0, event(0)),
        (3, event(3, Kind.RESOLVED)),
        (4, event(4, occurrence="o2")),
        (4.5, event(4.5, Kind.RESOLVED, occurrence="o2")),
        (5, event(5, occurrence="o3")),
    ]
    book = folded(stream, rulebook(rules=(waiting(1),)), until=10)

    assert [1, None, 1] == [each.incident for each in book.occurrences.values()]


def switch_and_web(first: float, second: float) -> list[tuple[float, Event]]:
    """A switch that is down from one minute on, a web server from another."""
    switch = event(first, key="switch", host="web01", severity=Severity.DISASTER)
    web = event(second, key="web", host="web02")
    return sorted([(first, switch), (second, web)], key=lambda each: each[0])


SWITCH = inhibition("key=switch", "key=web")


def test_an_alert_is_inhibited_as_long_as_its_cause_fires() -> None:
    """When the cause ends and it still fires, it is raised at that moment."""
    stream = switch_and_web(0, 1)
    rules = rulebook(inhibit=(SWITCH,))
    during = folded(stream, rules, until=30)
    withheld = during.occurrences["acme", "web", "o1"].withheld
    end = event(40, Kind.RESOLVED, key="switch", host="web01")
    after = folded([*stream, (40, end)], rules, until=50)

    assert withheld is not None
    assert ("inhibit:uplink", "switch", ("uplink", "switch")) == (
        withheld.by,
        withheld.source,
        withheld.reason.keys,
    )
    assert [1] == list(during.incidents)
    assert at(40) == after.occurrences["acme", "web", "o1"].joined_at


def test_what_is_in_an_incident_is_not_inhibited_any_more() -> None:
    """Nothing that people see is taken away again."""
    book = folded(switch_and_web(1, 0), rulebook(inhibit=(SWITCH,)))

    assert None is book.occurrences["acme", "web", "o1"].withheld


def test_a_stale_inhibitor_does_not_mute_for_ever() -> None:
    """After `at_most` its targets are raised, though it never ended."""
    rule = replace(SWITCH, at_most=timedelta(minutes=30))
    book = folded(switch_and_web(0, 1), rulebook(inhibit=(rule,)), until=100)

    assert at(30) == book.occurrences["acme", "web", "o1"].joined_at


def test_a_cause_that_is_no_cause_any_more_lets_go() -> None:
    """Its severity fell, and the rule asks for a disaster."""
    rule = inhibition("key=switch, severity=disaster", "key=web")
    calmer = event(20, Kind.UPDATE, key="switch", host="web01", severity=Severity.WARNING)
    book = folded([*switch_and_web(0, 1), (20, calmer)], rulebook(inhibit=(rule,)))

    assert at(20) == book.occurrences["acme", "web", "o1"].joined_at


def test_another_cause_takes_over() -> None:
    """One of two ends: the alert is held back by the other."""
    other = event(2, key="switch", host="db01")
    both = inhibition('key=~"switch|router"', "key=web")
    router = event(2, key="router", host="db01")
    end = event(10, Kind.RESOLVED, key="switch", host="web01")
    stream = [*switch_and_web(0, 1), (2, router), (10, end)]
    book = folded(stream, rulebook(inhibit=(both,)))
    withheld = book.occurrences["acme", "web", "o1"].withheld

    assert other.key == "switch"
    assert withheld is not None
    assert "router" == withheld.source


def test_an_alert_inhibits_also_while_it_is_held_back() -> None:
    """As with Alertmanager: the switch is in maintenance, and what hangs on it stays quiet."""
    rules = rulebook(inhibit=(SWITCH,), maintenance=(window("key=switch"),))
    book = folded(switch_and_web(5, 6), rules)

    assert {} == book.incidents


TWO_SETS = [
    replace(RULEBOOK.policy, maintenance=(window("host=db01", 5, 25, customer=None),)),
    replace(
        RULEBOOK.policy,
        rules=(waiting(3, 'severity!="disaster"'),),
        inhibit=(
            inhibition('key=~".*k[0-4]", severity=~"high|disaster"', 'key=~".*k[3-9]"', "env"),
            inhibition('key=~".*k[0-9]", host="web01"', 'host="web02"', "service"),
        ),
        maintenance=(
            window(
                'severity=~"warning|average"',
                4,
                9,
                customer=None,
                repeat="FREQ=DAILY",
                zone="Europe/Berlin",
            ),
            window('host=~"web.*"', 20, 33, customer="default"),
        ),
    ),
]
END = T0 + 3 * HOUR
LOOK = HOUR / 240


def digested(store: Store, lines: list[Line], rules: Rulebook, limits: list[int]) -> None:
    """Puts a stream through replicas in turn, each with its own size of batches."""
    empty(store)
    deliver(store, lines)
    clock = FakeClock(END)
    for n, limit in enumerate(limits * 1000):
        replica = Digest(store, {"gen": GENERIC}, lambda: rules, clock, f"replica {n}")
        if not turn(replica, limit):
            break


@pytest.mark.parametrize("policy", TWO_SETS)
@pytest.mark.parametrize("seed", [3, 8, 203])
def test_batches_of_any_size_hold_back_the_same(store: Store, seed: int, policy: Any) -> None:
    """One by one with a new digest each time, in sevens or all at once: nothing is different."""
    outcomes = []
    for limits in ([1], [7], [1000]):
        digested(store, story(seed, 14, late=60), Rulebook(policy, CATALOGUE), limits)
        outcomes.append(outcome(store))

    assert outcomes[0].incidents
    for each in outcomes[1:]:
        assert outcomes[0] == each


@pytest.mark.parametrize("policy", TWO_SETS)
@pytest.mark.parametrize("seed", [3, 8, 112])
def test_a_replay_holds_back_the_same_as_the_digest(store: Store, seed: int, policy: Any) -> None:
    """Every span has the same incident, since the same time, for the same reason."""
    rules = Rulebook(policy, CATALOGUE)
    lines = story(seed, 14, late=60)
    digested(store, lines, rules, [5])
    book = replay(read_events(ndjson(received(lines))), rules, until=END)
    with store.begin() as tx:
        stored = tx.occurrences(list(book.occurrences))

    assert stored
    assert {each: book.occurrences[each] for each in stored} == stored


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1_000_000), st.sampled_from(TWO_SETS), st.data())
def test_looking_at_any_time_changes_nothing(seed: int, policy: Any, data: st.DataObject) -> None:
    """Time is looked at whenever somebody has time: what is due is done as of its own moment."""
    lines = list(read_events(ndjson(story(seed, 8, late=60))))
    rules = Rulebook(policy, CATALOGUE)
    books = []
    for looks in (False, True):
        book = Book(iter(range(1, 1000)))
        fold = Fold(book, rules)
        now = T0
        for each in lines:
            if looks and data.draw(st.booleans()):
                share = data.draw(st.floats(0, 1))
                fold.advance(now + (max(now, each.received_at) - now) * share)
            now = max(now, each.received_at)
            fold.take(identify(each.event, "default", now, CATALOGUE))
        fold.advance(END)
        books.append(book)

    assert books[0].occurrences == books[1].occurrences
    assert books[0].incidents == books[1].incidents
    assert books[0].entries == books[1].entries


@pytest.mark.parametrize("seed", [6, 23, 358])
def test_what_time_brings_about_happens_in_the_order_of_time(seed: int) -> None:
    """A suspect is settled before something is raised later, also where nobody looked between."""
    rules = Rulebook(TWO_SETS[1], CATALOGUE)
    books = []
    for often in (False, True):
        book = Book(iter(range(1, 1000)))
        fold = Fold(book, rules)
        now = T0
        for each in read_events(ndjson(story(seed, 8, late=60))):
            while often and now + LOOK < each.received_at:
                now += LOOK
                fold.advance(now)
            now = max(now, each.received_at)
            fold.take(identify(each.event, "default", now, CATALOGUE))
        fold.advance(END)
        books.append(book)

    assert books[0].entries == books[1].entries
    assert books[0].incidents == books[1].incidents


def test_what_is_due_is_raised_though_nothing_is_heard(store: Store) -> None:
    """The digest looks at the clock while the inbox is empty."""
    rules = Rulebook(TWO_SETS[0], CATALOGUE)
    digest, clock = digest_of(store, rules)
    deliver(store, one_alert(600))
    show(clock, at(24))
    assert 1 == digest.step()
    assert 0 == digest.step()
    before = outcome(store).incidents
    show(clock, at(26))
    assert 0 == digest.step()

    assert [] == before
    assert 1 == len(outcome(store).incidents)


def show(clock: FakeClock, moment: datetime) -> None:
    """Puts the hands of a clock to a moment."""
    clock.advance(moment - clock.now())


def digest_of(store: Store, rules: Rulebook) -> tuple[Digest, FakeClock]:
    """A digest and its clock."""
    clock = FakeClock(T0)
    return Digest(store, {"gen": GENERIC}, lambda: rules, clock, "me"), clock


def one_alert(second: float) -> list[Line]:
    """A stream of one alert of db01, from that second on."""
    moment = (T0 + timedelta(seconds=second)).isoformat()
    [first, *_] = story(3)
    return [{**first, "at": moment, "received_at": moment, "started_at": moment, "host": "db01"}]


def test_new_rules_let_go_what_the_old_ones_held_back(store: Store) -> None:
    """The window is taken out of the rules: the alert is decided about at once."""
    rules = [Rulebook(TWO_SETS[0], CATALOGUE)]
    clock = FakeClock(T0)
    digest = Digest(store, {"gen": GENERIC}, lambda: rules[-1], clock, "me")
    deliver(store, one_alert(600))
    show(clock, at(12))
    digest.step()
    before = outcome(store).incidents
    rules.append(RULEBOOK)
    digest.step()

    assert [] == before
    assert 1 == len(outcome(store).incidents)


def test_a_lifted_mute_lets_go_in_the_store(store: Store) -> None:
    """The digest finds what it held back, as of the moment at which it was lifted."""
    digest, clock = digest_of(store, RULEBOOK)
    with store.begin() as tx:
        mute = tx.plan_window(
            window("host=db01", customer="default", kind=WindowKind.MUTE, created_at=T0)
        )
    deliver(store, one_alert(600))
    show(clock, at(12))
    digest.step()
    with store.begin() as tx:
        assert tx.cancel_window(mute.id or 0, "olga", at(11))
    digest.step()
    with store.begin() as tx:
        [incident] = tx.incidents([1]).values()

    assert at(11) == incident.opened_at
