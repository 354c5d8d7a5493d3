"""The working set: what counts as changed, what belongs where, and what is near."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from tests.contract.given import MINUTE, NOW, alert, incident, occurrence
from watcher.engine.book import Book
from watcher.model.incident import Status
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


def test_neighbours_share_the_group_and_are_young_enough(book: Book) -> None:
    """Neither strangers nor the closed nor the old are near."""
    book.put_incident(incident(2, last_at=NOW + MINUTE))
    book.put_incident(incident(3, customer="globex"))
    book.put_incident(incident(4, group="host:db2"))
    book.put_incident(incident(5, status=Status.CLOSED))

    assert [1, 2] == [each.number for each in book.neighbours("acme", "service:billing", NOW)]
    assert [2] == [each.number for each in book.neighbours("acme", "service:billing", NOW + MINUTE)]
    assert [] == book.neighbours("acme", "service:shop", NOW)


def test_one_that_is_closed_is_no_neighbour_any_more_until_it_comes_back(book: Book) -> None:
    """Closing takes it away, reopening brings it back."""
    book.put_incident(incident(1, status=Status.CLOSED))
    gone = book.neighbours("acme", "service:billing", NOW)
    book.put_incident(incident(1))

    assert ([], [1]) == (
        gone,
        [each.number for each in book.neighbours("acme", "service:billing", NOW)],
    )


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
