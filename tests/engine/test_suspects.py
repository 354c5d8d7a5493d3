"""Which suspects may still change, when each is settled, and how often a host has alerted."""

from datetime import timedelta

import pytest

from tests.decide.given import at
from watcher.decide.activity import Onset
from watcher.decide.topology import Topology
from watcher.engine.suspects import Suspects, Tally

AFTER = timedelta(minutes=5)


def onset(minute: float, node: str = "db01") -> Onset:
    """An alert of a node."""
    return Onset(at(minute).timestamp(), f"{node}/{minute}", "o1", node, f"{node} is down")


@pytest.fixture
def suspects() -> Suspects:
    """Those of #1, which is new."""
    known = Suspects(lambda _: Topology(), AFTER)
    known.open(1, "acme")
    known.note(1, onset(1), 0, 0)
    return known


def settled(suspects: Suspects, minute: float) -> dict[int, str | None]:
    """Who is suspected of what is settled by then."""
    found = {number: lineup.suspect() for number, lineup in suspects.settled(at(minute))}
    return {number: each.host if each else None for number, each in found.items()}


def test_a_suspect_is_settled_once(suspects: Suspects) -> None:
    """Five minutes after the first alert, and not before."""
    assert (False, {}) == (suspects.due(at(5.9)), settled(suspects, 5.9))
    assert (True, {1: "db01"}) == (suspects.due(at(6)), settled(suspects, 6))
    assert (False, {}) == (suspects.due(at(60)), settled(suspects, 60))
    assert suspects.lineup(1) is None


def test_what_is_to_be_settled_is_known_before(suspects: Suspects) -> None:
    """With the first alert of each, and however often one was noted; nothing is settled by that."""
    first = {number: onset(number, f"web{number}") for number in range(2, 9)}
    for number, each in first.items():
        suspects.open(number, "acme")
        suspects.note(number, each, 0, 0)
        suspects.note(number, onset(number + 0.5), 0, 0)
    suspects.merge(4, 2)

    assert {} == suspects.ripe(at(5.9))
    assert {1: onset(1), 2: first[2], 3: first[3], 5: first[5]} == suspects.ripe(at(10))
    assert {1, 2, 3, 5} == settled(suspects, 10).keys()
    assert {6: first[6]} == suspects.ripe(at(11))


def test_what_is_settled_or_unknown_takes_note_of_nothing(suspects: Suspects) -> None:
    """Nothing comes of it later."""
    settled(suspects, 6)
    suspects.note(1, onset(6), 0, 0)
    suspects.note(2, onset(6), 0, 0)

    assert not suspects.due(at(60))


def test_an_earlier_alert_settles_earlier(suspects: Suspects) -> None:
    """It counts from when that began, though it was heard of late."""
    suspects.note(1, onset(0, "web01"), 0, 0)

    assert ({1: "web01"}, {}) == (settled(suspects, 5), settled(suspects, 60))


def test_an_alert_that_moves_is_suspected_where_it_is(suspects: Suspects) -> None:
    """Both settle by what they have then."""
    suspects.note(1, onset(2, "web01"), 0, 0)
    suspects.open(2, "acme")
    suspects.move(onset(1), 1, 2, 0, 0)

    assert {2: "db01"} == settled(suspects, 6)
    assert {1: "web01"} == settled(suspects, 7)


def test_an_alert_that_moves_out_of_what_is_settled_is_noted(suspects: Suspects) -> None:
    """Where it comes from stays as it is."""
    settled(suspects, 6)
    suspects.open(2, "acme")
    suspects.move(onset(1), 1, 2, 0, 0)

    assert {2: "db01"} == settled(suspects, 6)


def test_what_nothing_is_left_of_is_not_settled(suspects: Suspects) -> None:
    """It has nobody to suspect."""
    suspects.open(2, "acme")
    suspects.move(onset(1), 1, 2, 0, 0)

    assert {2: "db01"} == settled(suspects, 60)


@pytest.mark.parametrize(
    ("later", "earlier", "expected"), [(2, 1, {1: "web01"}), (2, 3, {1: "db01"})]
)
def test_one_lineup_is_left_of_two(
    suspects: Suspects, later: int, earlier: int, expected: dict[int, str | None]
) -> None:
    """What is known of the later is known of the earlier, unless that is settled."""
    suspects.open(2, "acme")
    suspects.note(2, onset(0, "web01"), 0, 0)
    suspects.merge(later, earlier)

    assert suspects.lineup(2) is None
    assert expected == settled(suspects, 60)


def test_a_tally_counts_on_from_what_is_on_record() -> None:
    """Of which it says what it lacks; hosts of other customers are others."""
    tally = Tally()
    db, other = ("acme", "db01"), ("globex", "db01")
    assert {db, other} == tally.missing([db, other])

    tally.learn({db: 7})
    tally.add(db, 2)

    assert ({other}, 9, 0) == (tally.missing([db, other]), tally.of(db), tally.of(other))
