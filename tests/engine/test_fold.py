"""The whole of the decisions over streams of events, in virtual time."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decide.given import POLICY, at, event
from watcher.engine.book import Book
from watcher.engine.fold import Fold
from watcher.engine.rulebook import Rulebook, identify
from watcher.model.action import ActionKind
from watcher.model.catalogue import Catalogue, Host, Service
from watcher.model.event import Event, Kind, Severity
from watcher.model.incident import EntryKind, Priority, Status
from watcher.model.policy import Occasion, RunbookMatch, RunbookPolicy, RunbookTrigger

CATALOGUE = Catalogue(
    services={("acme", "billing"): Service("acme", "billing", 4, hosts=("db01",))},
    by_alias={("acme", "10.0.0.5:9100"): Host("acme", "db01")},
    by_host={("acme", "db01"): (Service("acme", "billing", 4, hosts=("db01",)),)},
)
RULEBOOK = Rulebook(POLICY, CATALOGUE)
Stream = Iterable[tuple[float, Event]]


def fold(stream: Stream, customer: str = "acme", rulebook: Rulebook = RULEBOOK) -> Book:
    """The book after a stream of (minute of arrival, event)."""
    book = Book(count(1))
    folded = Fold(book, rulebook)
    for minute, each in stream:
        folded.take(identify(each, customer, at(minute), rulebook.catalogue))
    return book


def grouping(book: Book) -> set[frozenset[tuple[str, str]]]:
    """Which occurrences stand together."""
    return {
        frozenset((each.key, each.occurrence) for each in book.members(number))
        for number, incident in book.incidents.items()
        if incident.merged_into is None
    }


def test_an_outage_is_one_incident_from_two_sources() -> None:
    """Zabbix's db01 and Grafana's 10.0.0.5:9100 are one host."""
    book = fold([(0, event()), (1, event(1, key="latency", host="10.0.0.5:9100"))])

    reason = book.occurrences["acme", "latency", "o1"].reason

    assert {frozenset({("cpu", "o1"), ("latency", "o1")})} == grouping(book)
    assert Priority.P2 is book.incidents[1].priority
    assert reason is not None
    assert ("same-host", "another alert on db01 1 min before") == (reason.rule, reason.text)


def test_recovery_resolves_and_a_return_reopens() -> None:
    """Problem, recovery, problem within the gap: one incident, open again."""
    stream = [
        (0, event()),
        (3, event(3, Kind.RESOLVED)),
        (6, event(6, occurrence="o2")),
    ]
    book = fold(stream)

    assert Status.RESOLVED is fold(stream[:2]).incidents[1].status
    assert [1] == list(book.incidents)
    assert (Status.OPEN, 1, 1) == (
        book.incidents[1].status,
        book.incidents[1].firing,
        book.incidents[1].alerts,
    )


def test_a_superseded_occurrence_does_not_resolve_its_incident_in_between() -> None:
    """The next occurrence takes over while the incident stays open: nobody is told otherwise."""
    book = fold([(0, event()), (3, event(3, occurrence="o2"))])

    assert (Status.OPEN, 1) == (book.incidents[1].status, book.incidents[1].firing)
    assert EntryKind.RESOLVED not in {entry.kind for entry in book.entries}


def test_recovery_before_problem_ends_as_a_resolved_incident() -> None:
    """Whatever comes first, the outage is on record and over."""
    book = fold([(6, event(5, Kind.RESOLVED)), (6, event(4))])

    assert [Status.RESOLVED] == [each.status for each in book.incidents.values()]


def test_a_recovery_alone_opens_nothing() -> None:
    """There is nothing to work on."""
    assert {} == fold([(6, event(5, Kind.RESOLVED))]).incidents


def test_an_update_raises_the_priority_and_leaves_a_note_once() -> None:
    """The same update twice is one line on the timeline by its key."""
    update = event(2, Kind.UPDATE, severity=Severity.DISASTER, note="olga: on it")
    book = fold([(0, event()), (2, update), (2, update)])
    notes = [entry.key for entry in book.entries if entry.kind is EntryKind.NOTE]

    assert Priority.P1 is book.incidents[1].priority
    assert 1 == len(set(notes))
    assert None not in notes


def test_a_span_cut_off_by_a_newer_one_did_not_recover() -> None:
    """The timeline does not claim what the source never said."""
    book = fold([(8, event(8, occurrence="o2")), (8.5, event(0))])
    reasons = [entry.reason.rule for entry in book.entries if entry.kind is EntryKind.ALERT]

    assert ["superseded"] == reasons


def test_a_service_that_nobody_knows_does_not_tie_hosts_together() -> None:
    """Exporters name themselves as the service, on every host."""
    stream = [
        (0, event(key="a", host="web01", service="node-exporter")),
        (1, event(1, key="b", host="web02", service="node-exporter")),
        (2, event(2, key="c", host="db01", service="node-exporter")),
    ]
    book = fold(stream)

    assert ["host:web01", "host:web02", "service:billing"] == [
        each.group for each in book.incidents.values()
    ]


def test_an_alert_that_was_in_both_is_counted_once_after_a_merge() -> None:
    """The number of alerts is that of conditions, not of spans."""
    stream = [
        (0, event(0, key="a")),
        (15.2, event(15.2, key="a", occurrence="o2")),
        (15.6, event(14, key="b")),
    ]
    book = fold(stream)

    assert [(2, 1)] == book.merges
    assert 2 == book.incidents[1].alerts


def test_an_update_to_what_no_incident_holds_changes_nothing() -> None:
    """News about an occurrence known only by its end has nowhere to go."""
    book = fold([(5, event(5, Kind.RESOLVED)), (6, event(6, Kind.UPDATE, note="late"))])

    assert ({}, []) == (book.incidents, book.entries)


def test_a_recovery_after_a_person_closed_changes_only_the_alert() -> None:
    """What a person closed stays closed."""
    book = fold([(0, event())])
    fold_on = Fold(book, RULEBOOK)
    fold_on.take(identify(event(1, Kind.RESOLVED), "acme", at(1), CATALOGUE))
    fold_on.sweep(at(1) + timedelta(hours=25))
    fold_on.take(identify(event(1, Kind.RESOLVED, occurrence="o1"), "acme", at(1600), CATALOGUE))

    assert Status.CLOSED is book.incidents[1].status


def test_what_was_resolved_for_a_day_is_closed() -> None:
    """The clock closes what is quiet, and says why."""
    book = fold([(0, event()), (3, event(3, Kind.RESOLVED))])
    Fold(book, RULEBOOK).sweep(at(3) + timedelta(hours=24))

    assert Status.CLOSED is book.incidents[1].status
    assert "quiet" == book.entries[-1].reason.rule


def test_late_news_joins_two_provisional_incidents() -> None:
    """Alerts of a host 15 minutes apart are two incidents, until one between them arrives late."""
    stream = [
        (0, event(0, key="a")),
        (15.2, event(15.2, key="c")),
        (15.6, event(14, key="b")),
    ]
    book = fold(stream)

    assert {frozenset({("a", "o1"), ("b", "o1"), ("c", "o1")})} == grouping(book)
    assert [(2, 1)] == book.merges
    assert (3, 3) == (book.incidents[1].alerts, book.incidents[1].firing)
    assert 1 == book.alerts["acme", "c"].incident
    reasons = {each.key: each.reason.rule for each in book.members(1) if each.reason}
    assert {"a": "new-disruption", "b": "same-host", "c": "same-host"} == reasons


def test_customers_are_strangers() -> None:
    """The same names of two customers share neither alert nor incident."""
    book = fold([(0, event())])
    Fold(book, RULEBOOK).take(identify(event(), "other", at(0), CATALOGUE))

    assert ["acme", "other"] == [each.customer for each in book.incidents.values()]
    assert 2 == len(book.alerts)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Short histories of three conditions on one host, with whole seconds between events."""
    events: list[Event] = []
    for key in ("a", "b", "c"):
        clock = draw(st.integers(0, 300))
        for number in range(draw(st.integers(0, 3))):
            minutes = clock / 60
            severity = draw(st.sampled_from(list(Severity)))
            events.append(event(minutes, key=key, occurrence=f"{key}{number}", severity=severity))
            clock += draw(st.integers(1, 700))
            if draw(st.booleans()):
                end = event(
                    clock / 60, Kind.RESOLVED, key=key, occurrence=f"{key}{number}", started=minutes
                )
                events.append(end)
            clock += draw(st.integers(1, 700))
    return sorted(events, key=lambda each: (each.at, each.key))


@settings(max_examples=200, deadline=None)
@given(histories(), st.data())
def test_doubled_and_shuffled_within_a_second_gives_the_same_incidents(
    events: list[Event], data: st.DataObject
) -> None:
    """Every event twice and neighbours in the same second swapped: the same grouping."""
    shuffled = sorted(
        events + events,
        key=lambda each: ((each.at - at(0)) // timedelta(seconds=1), data.draw(st.integers(0, 9))),
    )
    arrival = [((each.at - at(0)) / timedelta(minutes=1), each) for each in events]
    again = [((each.at - at(0)) / timedelta(minutes=1), each) for each in shuffled]

    assert grouping(fold(arrival)) == grouping(fold(again))


def lately(events: list[Event], data: st.DataObject) -> list[tuple[float, Event]]:
    """The events as they arrive when each is up to two minutes late."""
    arrivals = [(minutes(each) + data.draw(st.integers(0, 119)) / 60, each) for each in events]
    return sorted(arrivals, key=lambda pair: pair[0])


def minutes(each: Event) -> float:
    """When an event happened."""
    return (each.at - at(0)) / timedelta(minutes=1)


@settings(max_examples=200, deadline=None)
@given(histories(), st.data())
def test_late_and_out_of_order_gives_the_same_alerts(
    events: list[Event], data: st.DataObject
) -> None:
    """Whatever arrives late or first, every alert ends in the same state."""
    on_time = [(minutes(each), each) for each in events]

    assert _states(fold(on_time)) == _states(fold(lately(events, data)))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 3600), min_size=1, max_size=8), st.data())
def test_late_and_out_of_order_gives_the_same_incidents(
    seconds: list[int], data: st.DataObject
) -> None:
    """Conditions that fire up to two minutes late stand together as if heard of in time."""
    events = [event(each / 60, key=f"k{number}") for number, each in enumerate(sorted(seconds))]
    on_time = [(minutes(each), each) for each in events]

    assert grouping(fold(on_time)) == grouping(fold(lately(events, data)))


def _states(book: Book) -> dict[tuple[str, str], tuple[object, ...]]:
    return {
        key: (each.status, each.occurrence, each.severity, each.count)
        for key, each in book.alerts.items()
    }


def diagnosed(stream: Stream) -> list[str]:
    """The keys of what runs because of these events, where a runbook has every occasion."""
    host = Host("acme", "db01", address="10.0.0.5", ssh="lab")
    catalogue = replace(CATALOGUE, by_alias={("acme", "db01"): host})
    trigger = RunbookTrigger(
        "look",
        any=(RunbookMatch(),),
        policy=RunbookPolicy(occasions=frozenset(Occasion)),
    )
    rulebook = Rulebook(replace(POLICY, runbooks=(trigger,)), catalogue)
    found = fold(stream, rulebook=rulebook).intents
    return [each.key for each in found if each.kind is ActionKind.DIAGNOSE]


def test_an_incident_that_comes_back_is_looked_at_again() -> None:
    """Each time, beside what every alert that joins asks for."""
    keys = diagnosed([(0, event()), (3, event(3, Kind.RESOLVED)), (6, event(6, occurrence="o2"))])

    assert [
        "1/diagnose/look/db01",
        "1/diagnose/look/db01",
        f"1/diagnose/look/db01/reopened/{at(6).isoformat()}",
    ] == keys


def test_an_incident_that_gets_worse_is_looked_at_again() -> None:
    """Once for each priority that it is raised to, whatever raised it."""
    worse = event(2, Kind.UPDATE, severity=Severity.DISASTER)

    assert ["1/diagnose/look/db01", "1/diagnose/look/db01/escalated/P1"] == diagnosed(
        [(0, event()), (2, worse), (3, worse)]
    )
