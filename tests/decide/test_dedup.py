"""One condition through all that can happen to it, in whatever order it is heard of."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

import pytest

from tests.decide.given import at, event
from watcher.decide.dedup import Change, Identity, Sighting, settle, sight
from watcher.model.alert import Alert, AlertStatus, Occurrence, Taken
from watcher.model.event import Event, Kind, Severity

WHO = Identity("acme", "db01", host_known=True, service="billing")


class Condition:
    """Remembers one condition between events, as the book does."""

    def __init__(self) -> None:
        self.alert: Alert | None = None
        self.spans: dict[str, Occurrence] = {}

    def hear(self, each: Event, received: float = 60) -> Sighting:
        """Sights one event that arrives at a given minute."""
        settled = settle(each, self.alert, at(received))
        known = self.spans.get(settled.occurrence)
        current = self.spans.get(self.alert.occurrence) if self.alert else None
        seen = sight(self.alert, known, current, settled, WHO)
        self.alert = seen.alert
        self.spans[settled.occurrence] = seen.occurrence
        if seen.older is not None:
            self.spans[seen.older.occurrence] = seen.older
        return seen

    @property
    def state(self) -> tuple[object, ...]:
        """All that must not depend on the order of arrival."""
        assert self.alert is not None
        return (
            self.alert.pauses,
            self.alert.status,
            self.alert.occurrence,
            self.alert.severity,
            self.alert.count,
            self.alert.first_at,
            self.alert.last_at,
            sorted((name, each.started_at, each.ended_at) for name, each in self.spans.items()),
        )


def heard(events: Sequence[Event]) -> Condition:
    """A condition after these events."""
    condition = Condition()
    for each in events:
        condition.hear(each)
    return condition


PROBLEM = event(0)
UPDATE = event(2, Kind.UPDATE, severity=Severity.HIGH, started=0)
RECOVERY = event(5, Kind.RESOLVED, severity=Severity.HIGH, started=0)
NEXT = event(8, occurrence="o2", severity=Severity.WARNING)


def test_a_first_firing_starts_an_occurrence() -> None:
    """A condition never heard of starts with its first firing event."""
    seen = Condition().hear(PROBLEM)

    assert Change.STARTED is seen.change
    assert (AlertStatus.FIRING, 1) == (seen.alert.status, seen.alert.count)
    assert at(0) == seen.occurrence.started_at


def test_the_same_delivery_twice_changes_nothing() -> None:
    """A repeat leaves alert and occurrence as they were, the count too."""
    condition = heard([PROBLEM])
    before = condition.state
    seen = condition.hear(PROBLEM)

    assert Change.REPEATED is seen.change
    assert before == condition.state


@pytest.mark.parametrize("order", list(permutations([PROBLEM, UPDATE, RECOVERY, NEXT])))
def test_the_order_of_arrival_does_not_matter(order: tuple[Event, ...]) -> None:
    """Problem, update, recovery and the next problem end in one state in all 24 orders."""
    assert heard([PROBLEM, UPDATE, RECOVERY, NEXT]).state == heard(order).state


def test_a_recovery_without_a_problem_is_known_as_resolved() -> None:
    """The end of a span may be all that is ever heard of it."""
    condition = heard([RECOVERY])

    assert condition.alert is not None
    assert (AlertStatus.RESOLVED, 1) == (condition.alert.status, condition.alert.count)
    assert condition.spans["o1"].started_at is None


def test_a_problem_after_its_recovery_starts_and_is_over() -> None:
    """The late problem starts its occurrence, whose end is known already."""
    seen = heard([RECOVERY]).hear(PROBLEM)

    assert Change.STARTED is seen.change
    assert (at(0), at(5)) == (seen.occurrence.started_at, seen.occurrence.ended_at)
    assert AlertStatus.RESOLVED is seen.alert.status


def test_a_second_recovery_is_a_repeat() -> None:
    """An occurrence ends once."""
    seen = heard([PROBLEM, RECOVERY]).hear(event(6, Kind.RESOLVED))

    assert Change.REPEATED is seen.change
    assert at(5) == seen.occurrence.ended_at


def test_an_update_is_evidence_that_the_condition_holds() -> None:
    """An update whose problem was lost starts the occurrence, at the start the source names."""
    seen = Condition().hear(UPDATE)

    assert Change.STARTED is seen.change
    assert at(0) == seen.occurrence.started_at


def test_an_update_after_the_end_starts_nothing() -> None:
    """A note on a resolved event does not bring it back."""
    seen = heard([RECOVERY]).hear(event(7, Kind.UPDATE, severity=Severity.DISASTER))

    assert Change.UPDATED is seen.change
    assert AlertStatus.RESOLVED is seen.alert.status


def test_a_new_occurrence_supersedes_an_unfinished_one() -> None:
    """When the recovery was lost, the next occurrence ends the one before."""
    condition = heard([PROBLEM, NEXT])

    assert at(8) == condition.spans["o1"].ended_at
    assert condition.alert is not None
    assert ("o2", 2) == (condition.alert.occurrence, condition.alert.count)


def test_an_older_occurrence_heard_of_late_does_not_become_the_current_one() -> None:
    """A late problem of an earlier span counts, and leaves the newer one current."""
    seen = heard([NEXT]).hear(PROBLEM)

    assert ("o2", 2, at(0)) == (seen.alert.occurrence, seen.alert.count, seen.alert.first_at)
    assert at(8) == seen.occurrence.ended_at


def test_a_recovery_of_a_newer_occurrence_ends_the_older_one() -> None:
    """The source says that a later span began and ended: the earlier one is over too."""
    seen = heard([PROBLEM]).hear(event(9, Kind.RESOLVED, occurrence="o2", started=8))

    assert seen.older is not None
    assert at(8) == seen.older.ended_at
    assert AlertStatus.RESOLVED is seen.alert.status


def test_the_newest_severity_stands_whatever_arrives_last() -> None:
    """An older message does not bring an older severity back."""
    condition = heard([PROBLEM, UPDATE])
    condition.hear(event(1, Kind.UPDATE, severity=Severity.WARNING))

    assert Severity.HIGH is condition.spans["o1"].severity


def test_a_recovery_says_nothing_of_how_bad_it_was() -> None:
    """Many sources leave the severity out of it, and a default must not raise anything."""
    worse = event(5, Kind.RESOLVED, severity=Severity.DISASTER)
    span = heard([PROBLEM, worse]).spans["o1"]

    assert (Severity.AVERAGE, Severity.AVERAGE) == (span.severity, span.worst)
    assert span == heard([worse, PROBLEM]).spans["o1"]


def test_the_worst_severity_is_kept_in_any_order() -> None:
    """An update that is heard of before its problem still counts."""
    update = event(2, Kind.UPDATE, severity=Severity.HIGH)
    calmed = event(3, Kind.UPDATE, severity=Severity.WARNING)
    end = event(5, Kind.RESOLVED)
    for order in permutations([PROBLEM, update, calmed, end]):
        span = heard(order).spans["o1"]

        assert (Severity.WARNING, Severity.HIGH) == (span.severity, span.worst)
        assert (at(0), at(5)) == (span.started_at, span.ended_at)


def test_words_come_from_firing_news_and_not_from_older_news() -> None:
    """A recovery or an older message does not rename the alert."""
    condition = heard([event(2)])
    older = event(1, Kind.UPDATE, key="cpu")
    condition.hear(older)
    condition.hear(event(3, Kind.RESOLVED))

    assert condition.alert is not None
    assert "cpu is high" == condition.alert.name


def test_a_clock_that_runs_ahead_is_held_back() -> None:
    """Nothing happened later than it was heard of."""
    settled = settle(event(90, started=80), None, at(60))

    assert (at(60), at(60)) == (settled.at, settled.started_at)


def test_an_end_before_its_start_is_an_end_at_the_start() -> None:
    """A clock that went backwards makes no negative span, in either order."""
    backwards = event(-1, Kind.RESOLVED)

    assert at(0) == heard([PROBLEM, backwards]).spans["o1"].ended_at
    assert at(0) == heard([backwards, PROBLEM]).spans["o1"].ended_at


def test_without_ids_a_firing_condition_goes_on() -> None:
    """A source without ids of its own repeats the current occurrence while it fires."""
    condition = Condition()
    first = condition.hear(event(0, occurrence=""))
    again = condition.hear(event(3, occurrence=""))

    assert first.occurrence.occurrence == again.occurrence.occurrence
    assert "v1:20260301T030000Z" == first.occurrence.occurrence


def test_without_ids_a_recovery_ends_the_current_occurrence() -> None:
    """And the next firing begins a new one, named by its time."""
    condition = Condition()
    for each in (
        event(0, occurrence=""),
        event(3, Kind.RESOLVED, occurrence=""),
        event(9, occurrence=""),
    ):
        condition.hear(each)

    assert ["v1:20260301T030000Z", "v1:20260301T030900Z"] == sorted(condition.spans)
    assert condition.alert is not None
    assert AlertStatus.FIRING is condition.alert.status


def test_without_ids_a_first_recovery_is_named_by_its_time() -> None:
    """There is no current occurrence to end yet."""
    settled = settle(event(4, Kind.RESOLVED, occurrence=""), None, at(60))

    assert "v1:20260301T030400Z" == settled.occurrence


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_who_is_on_it_by_the_newest_word_in_any_order(order: tuple[int, ...]) -> None:
    """The clock of the source counts; who let go last has let go. A recovery says nothing of it."""
    words = [
        replace(event(1, Kind.UPDATE), acknowledged=True, by="anna"),
        replace(event(2, Kind.UPDATE), acknowledged=False, by="boris"),
        event(3, Kind.UPDATE, note="no word on that"),
    ]
    condition = heard([*(words[place] for place in order), event(4, Kind.RESOLVED)])

    assert Taken(at(2), "boris", on=False) == condition.spans["o1"].taken
