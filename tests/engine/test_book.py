"""The working set: what counts as changed, what belongs where, and what is fetched."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from tests.contract.given import MINUTE, NOW, alert, incident, occurrence
from watcher.decide.recount import Member
from watcher.engine.book import Book
from watcher.model.alert import Alert, Occurrence
from watcher.model.incident import Incident, Status
from watcher.model.reason import Reason


@pytest.fixture
def book() -> Book:
    """A book that knows one incident with one alert."""
    known = Book(count(2))
    known.load([alert(incident=1)], [occurrence(incident=1)], [incident(1)])
    return known


def test_what_is_loaded_has_not_changed(book: Book) -> None:
    """Only what is written afterwards goes back to the store."""
    assert (set(), set(), set()) == (
        book.changed_alerts,
        book.changed_occurrences,
        book.changed_incidents,
    )
    assert [occurrence(incident=1)] == book.members(1)
    assert 2 == book.number()


@pytest.mark.parametrize(
    ("write", "changed"),
    [
        (lambda book: book.put_alert(alert(incident=1)), (0, 0, 0)),
        (lambda book: book.put_alert(alert(incident=1, count=2)), (1, 0, 0)),
        (lambda book: book.put_occurrence(occurrence(incident=1)), (0, 0, 0)),
        (lambda book: book.put_occurrence(occurrence(incident=1, ended_at=NOW)), (0, 1, 0)),
        (lambda book: book.put_incident(incident(1)), (0, 0, 0)),
        (lambda book: book.put_incident(incident(2)), (0, 0, 1)),
    ],
)
def test_the_same_again_is_no_change(
    book: Book, write: Callable[[Book], None], changed: tuple[int, int, int]
) -> None:
    """A repeated delivery writes nothing."""
    write(book)

    assert changed == (
        len(book.changed_alerts),
        len(book.changed_occurrences),
        len(book.changed_incidents),
    )


class _Rest:
    """A shelf with the rest of what there is: #7 with a span of k7, and what #1 had before."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def incident(self, number: int) -> Incident | None:
        self.asked.append(number)
        return incident(7) if number == 7 else None

    def span(self, key: tuple[str, str, str]) -> Occurrence | None:
        self.asked.append(key)
        return occurrence("k7", incident=7) if key == ("acme", "k7", "o1") else None

    def members(self, number: int) -> list[Member]:
        earlier = occurrence("k1", "o0", incident=1)
        stale = occurrence("k1", incident=1, ended_at=NOW)
        known = {1: [(alert(), earlier), (alert(), stale)]}
        return known.get(number, [])

    def alert(self, key: tuple[str, str]) -> Alert | None:
        self.asked.append(key)
        return alert("k7") if key == ("acme", "k7") else None

    def untell(self, _: int) -> int:
        return 1


@pytest.fixture
def rest() -> _Rest:
    """The shelf of `shelved`."""
    return _Rest()


@pytest.fixture
def shelved(rest: _Rest) -> Book:
    """The same book, with the rest on its shelf."""
    known = Book(count(2), rest)
    known.load([alert(incident=1)], [occurrence(incident=1)], [incident(1)])
    return known


@pytest.mark.parametrize(
    ("ask", "expected", "asked"),
    [
        (lambda book: book.find(1), incident(1), []),
        (lambda book: book.find(7), incident(7), [7]),
        (lambda book: book.find(8), None, [8, 8]),
        (lambda book: book.span(("acme", "k1", "o1")), occurrence(incident=1), []),
        (
            lambda book: book.span(("acme", "k7", "o1")),
            occurrence("k7", incident=7),
            [("acme", "k7", "o1")],
        ),
        (lambda book: book.span(("acme", "k8", "o1")), None, [("acme", "k8", "o1")] * 2),
        (lambda book: book.alert(("acme", "k1")), alert(incident=1), []),
        (lambda book: book.alert(("acme", "k7")), alert("k7"), [("acme", "k7")]),
        (lambda book: book.alert(("acme", "k8")), None, [("acme", "k8")] * 2),
    ],
)
def test_what_is_not_in_the_book_is_fetched_from_the_shelf_once(
    shelved: Book, rest: _Rest, ask: Callable[[Book], object], expected: object, asked: list[object]
) -> None:
    """It is in the book from then on, and has not changed by that."""
    assert (expected, expected) == (ask(shelved), ask(shelved))
    assert asked == rest.asked
    assert (set(), set(), set()) == (
        shelved.changed_alerts,
        shelved.changed_occurrences,
        shelved.changed_incidents,
    )


def test_nobody_is_asked_for_an_incident_that_is_about_to_be_opened(
    shelved: Book, rest: _Rest
) -> None:
    """Its number is as new as it is."""
    assert (2, None) == (shelved.number(), shelved.find(2))
    assert [] == rest.asked


@pytest.mark.parametrize(
    "ask",
    [
        lambda book: book.find(7),
        lambda book: book.span(("acme", "k7", "o1")),
        lambda book: book.alert(("acme", "k7")),
    ],
)
def test_a_book_without_a_shelf_holds_all_there_is(
    book: Book, ask: Callable[[Book], object]
) -> None:
    """Nothing else is anywhere."""
    assert ask(book) is None
    assert not book.take_back(1)


def test_a_roll_has_all_spans_as_the_book_knows_them(shelved: Book) -> None:
    """What is on the shelf completes the book, and is older than that."""
    roll = shelved.roll(incident(1))

    assert [("o1", None), ("o0", None)] == [
        (span.occurrence, span.ended_at) for _, span in roll.members
    ]
    assert [alert(incident=1)] * 2 == [known for known, _ in roll.members]


def test_an_incident_has_a_condition_that_only_the_shelf_knows(shelved: Book) -> None:
    """That of its customer, and not that of a stranger."""
    shelved.put_occurrence(occurrence(incident=2))

    assert shelved.has(1, "acme", "k1")
    assert not shelved.has(1, "globex", "k1")
    assert not shelved.has(3, "acme", "k1")
    assert shelved.take_back(1)


def test_a_move_takes_occurrences_and_alerts_along(book: Book) -> None:
    """Those whose newest span belongs elsewhere stay where they are."""
    book.load(
        [alert("k2", incident=7), alert("k3", incident=1)],
        [occurrence("k2", incident=1), occurrence("k4", incident=1)],
    )
    why = Reason("late-start", "late news shows one disruption")
    book.move(1, 9, why, NOW + MINUTE)

    assert [] == book.members(1)
    assert {(why, NOW + MINUTE)} == {(each.reason, each.joined_at) for each in book.members(9)}
    assert ["k1", "k2", "k4"] == [each.key for each in book.members(9)]
    assert (9, 7, 1) == tuple(book.alerts["acme", key].incident for key in ("k1", "k2", "k3"))
    assert [(1, 9)] == book.merges


def test_an_occurrence_is_in_one_incident_only(book: Book) -> None:
    """Wherever it was before."""
    book.put_occurrence(occurrence(incident=3))
    book.put_occurrence(replace(occurrence("k9"), incident=None))

    assert ([], ["k1"]) == (book.members(1), [each.key for each in book.members(3)])


def test_resolved_long_enough(book: Book) -> None:
    """Resolved, and not since yesterday only."""
    for number, resolved_at in ((2, NOW), (3, NOW + MINUTE), (4, None)):
        book.put_incident(incident(number, status=Status.RESOLVED, resolved_at=resolved_at))
    book.put_incident(incident(5, status=Status.CLOSED, resolved_at=NOW - timedelta(days=1)))

    assert [2] == [each.number for each in book.resolved_before(NOW)]
