"""What people take on where alerts come from shows on incidents, in whatever order it is heard."""

from dataclasses import replace
from datetime import timedelta
from itertools import count, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decide.given import POLICY, at, event
from tests.engine.test_fold import CATALOGUE, fold
from watcher.decide.match import parse
from watcher.engine.book import Book
from watcher.engine.fold import Fold
from watcher.engine.rulebook import Rulebook, identify
from watcher.model.event import Event, Kind, Severity
from watcher.model.incident import EntryKind, Incident, Status
from watcher.model.policy import AlertRule

ANNA = "Anna Orlova (anna)"


def said(minutes: float, on: bool, by: str = ANNA, **given: str) -> Event:
    """Somebody takes the alert on, or lets go of it."""
    update = event(minutes, Kind.UPDATE, **given)  # type: ignore[arg-type]  # names of the alert
    word = "acknowledged" if on else "unacknowledged"
    return replace(update, note=f"{by} {word}", acknowledged=on, by=by)


def only(book: Book) -> Incident:
    """The one incident that there is."""
    [incident] = book.incidents.values()
    return incident


def attended(book: Book) -> tuple[Status, str | None]:
    """How the one incident stands, and who is on it."""
    return only(book).status, only(book).acknowledged_by


def test_an_acknowledgement_there_acknowledges_the_incident_once() -> None:
    """However often it is delivered, the timeline says it once, beside what the person wrote."""
    book = fold([(0, event()), (2, said(2, on=True)), (3, said(2, on=True))])

    kinds = [each.kind for each in book.entries]

    assert (Status.ACKNOWLEDGED, ANNA) == attended(book)
    assert 1 == kinds.count(EntryKind.ACKNOWLEDGED)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_whoever_took_it_on_and_let_go_is_not_on_it_in_any_order(order: tuple[int, ...]) -> None:
    """The newest word counts, however late the others come."""
    news = [event(), said(1, on=True), said(2, on=False)]
    book = fold([(5, news[place]) for place in order])

    assert (Status.OPEN, None) == attended(book)


def test_an_acknowledgement_that_comes_before_its_problem_counts() -> None:
    """The update opens the incident, the problem changes nothing."""
    book = fold([(2, said(2, on=True)), (3, event())])

    assert (Status.ACKNOWLEDGED, ANNA) == attended(book)


def test_an_acknowledgement_of_what_is_over_changes_nothing() -> None:
    """Neither of an incident that is resolved, nor by an alert that ended while another fires."""
    over = fold([(0, event()), (2, event(2, Kind.RESOLVED)), (3, said(1, on=True))])
    other = event(1, key="disk")
    going = fold([(0, event()), (1, other), (2, event(2, Kind.RESOLVED)), (3, said(1, on=True))])

    assert (Status.RESOLVED, None) == attended(over)
    assert (Status.OPEN, None) == attended(going)


def test_an_incident_is_his_who_has_another_of_its_alerts() -> None:
    """Anna let go of one, Boris is still on the other; when he lets go too, nobody is."""
    stream = [
        (0, event()),
        (1, event(1, key="disk")),
        (2, said(2, on=True)),
        (3, said(3, on=True, by="Boris", key="disk")),
        (4, said(4, on=False)),
    ]
    let_go = (5, said(5, on=False, by="Boris", key="disk"))

    assert (Status.ACKNOWLEDGED, "Boris") == attended(fold(stream))
    assert (Status.OPEN, None) == attended(fold([*stream, let_go]))


def test_what_ended_holds_no_incident() -> None:
    """Boris was on an alert that is over: nobody is on what is left."""
    stream = [
        (0, event()),
        (1, event(1, key="disk")),
        (2, said(2, on=True)),
        (3, said(3, on=True, by="Boris", key="disk")),
        (4, event(4, Kind.RESOLVED, key="disk")),
        (5, said(5, on=False)),
    ]

    assert (Status.OPEN, None) == attended(fold(stream))


def test_severity_and_end_there_show_here() -> None:
    """They change priority and state of an incident that somebody is on."""
    stream = [
        (0, event()),
        (1, said(1, on=True)),
        (2, event(2, Kind.UPDATE, severity=Severity.DISASTER)),
        (3, event(3, Kind.RESOLVED)),
    ]

    assert ("P2", "P1") == tuple(only(fold(stream[:length])).priority for length in (1, 3))
    assert (Status.RESOLVED, ANNA) == attended(fold(stream))


def test_what_is_held_back_is_attended_to_once_it_is_raised() -> None:
    """Whoever took it on meanwhile, works on the incident that it opens."""
    patient = AlertRule("patience", parse('key="cpu"'), wait=timedelta(minutes=5))
    book = Book(count(1))
    fold = Fold(book, Rulebook(replace(POLICY, rules=(patient,)), CATALOGUE))
    for minute, each in ((0, event()), (1, said(1, on=True))):
        fold.take(identify(each, "acme", at(minute), CATALOGUE))
    before = dict(book.incidents)
    fold.advance(at(6))

    assert {} == before
    assert (Status.ACKNOWLEDGED, ANNA) == attended(book)


KEYS = ("cpu", "disk")
NEWS = st.builds(
    lambda minute, key, kind, by: (
        event(minute, kind, key=key)
        if kind is not Kind.UPDATE
        else said(minute, on=by != "nobody", by=by, key=key)
    ),
    st.integers(1, 30),
    st.sampled_from(KEYS),
    st.sampled_from([Kind.UPDATE, Kind.UPDATE, Kind.UPDATE, Kind.RESOLVED]),
    st.sampled_from(["Anna", "Boris", "nobody"]),
)


@settings(max_examples=60)
@given(st.lists(NEWS, max_size=12), st.data())
def test_news_that_comes_twice_changes_nothing(news: list[Event], data: st.DataObject) -> None:
    """Wherever the copies come between the others, as long as they come later."""
    stream = [(0.0, event(0, key=key)) for key in KEYS]
    stream += [(float(each.at.minute), each) for each in sorted(news, key=lambda each: each.at)]
    again = data.draw(st.lists(st.sampled_from(stream), max_size=4))
    doubled = [*stream, *((31.0, each) for _, each in again)]

    assert _states(fold(stream)) == _states(fold(doubled))


def _states(book: Book) -> list[tuple[Status, str | None]]:
    return [(each.status, each.acknowledged_by) for each in book.incidents.values()]
