"""What a person decided about groupings stands against what the machine would do."""

from dataclasses import replace

import pytest

from tests.decide.given import at, incident
from watcher.decide.apart import apart, put_home, told
from watcher.model.alert import Occurrence, Placed
from watcher.model.event import Severity
from watcher.model.incident import Arranged, Incident, Status


def span(placed: Placed | None) -> Occurrence:
    """A span of a condition."""
    average = Severity.AVERAGE
    return Occurrence("acme", "cpu", "o1", average, at(0), average, at(0), placed=placed)


def arranged(number: int, *others: int, took: tuple[int, ...] = ()) -> Incident:
    """An incident that a person told from others."""
    return replace(incident(number), arranged=Arranged("olga", others), took=took)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (incident(1), incident(2), None),
        (arranged(1, 2), incident(2), "a person told it from #2"),
        (incident(1), arranged(2, 1), "a person told it from #2"),
        (arranged(1, 3), incident(2), None),
        (arranged(1, 3), replace(incident(2), took=(3,)), "a person told it from #2"),
        (arranged(1, 4, took=(3,)), arranged(2, 3), "a person told it from #2"),
        (span(None), incident(2), None),
        (span(Placed(1, "olga", (2,))), incident(2), "a person told it from #2"),
        (span(Placed(1, "olga", (3,))), incident(2), None),
        (span(Placed(1, "olga", (3,))), replace(incident(2), took=(3,)),
         "a person told it from #2"),
    ],
    ids=["nobody said", "split off", "split from", "another", "taken in", "either way",
         "machine's", "taken out", "another's", "taken out and in"],
)  # fmt: skip
def test_what_was_told_apart_stays_apart(
    one: Incident | Occurrence, other: Incident, expected: str | None
) -> None:
    """Also from an incident that took in the one that a person meant."""
    said = apart(one, other)

    assert expected == (said.text if said else None)


@pytest.mark.parametrize(
    ("placed", "status", "expected"),
    [
        (None, Status.OPEN, False),
        (Placed(1, "olga"), Status.OPEN, True),
        (Placed(1, "olga"), Status.ACKNOWLEDGED, True),
        (Placed(1, "olga"), Status.RESOLVED, False),
        (Placed(1, "olga"), Status.CLOSED, False),
        (Placed(5, "olga"), Status.OPEN, True),
        (Placed(6, "olga"), Status.OPEN, False),
    ],
)
def test_a_condition_returns_to_where_it_was_put(
    placed: Placed | None, status: Status, expected: bool
) -> None:
    """As long as somebody works there; what is over takes back what returns soon, as always."""
    home = replace(incident(1, status=status), took=(5,))
    said = put_home(span(placed), home)

    assert expected == (said is not None)


def test_what_was_put_there_last_belongs_there() -> None:
    """Though the incident has since taken in the one it had been taken out of."""
    home = replace(incident(1), took=(2,))

    assert apart(span(Placed(1, "olga", (2,))), home) is None


@pytest.mark.parametrize(
    ("placed", "known", "expected"),
    [
        (None, None, None),
        (Placed(7, "olga"), None, None),
        (Placed(7, "olga", (2,)), None, Arranged("olga", (2,))),
        (Placed(7, "olga", (2,)), Arranged("ivan", (3,)), Arranged("ivan", (2, 3))),
        (Placed(7, "olga", (2,)), Arranged("ivan", (2,)), Arranged("ivan", (2,))),
    ],
)
def test_a_new_home_keeps_apart_what_its_alerts_were_told_from(
    placed: Placed | None, known: Arranged | None, expected: Arranged | None
) -> None:
    """So that no later merger brings them back."""
    home = replace(incident(1), arranged=known)

    assert expected == told(home, span(placed)).arranged


def test_without_a_home_there_is_none_to_return_to() -> None:
    """A condition that is new, or whose incident is gone."""
    assert put_home(None, incident(1)) is None
    assert put_home(span(Placed(1, "olga")), None) is None
