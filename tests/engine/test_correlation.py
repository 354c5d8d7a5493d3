"""What follows for incidents when the correlator rules otherwise, and what it is told anew."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from tests.decide.given import T0, at, event, incident
from tests.engine.recounted import miscounts, of_book
from tests.engine.streams import RULEBOOK, Line, in_order_of_arrival, line, ndjson
from watcher.decide.priority import pooled
from watcher.engine.book import Book
from watcher.engine.fold import Fold
from watcher.engine.going import Going
from watcher.engine.replay import read_events
from watcher.engine.rulebook import identify
from watcher.model.alert import Placed
from watcher.model.change import replace
from watcher.model.event import Event, Kind
from watcher.model.incident import Arranged, EntryKind, Status
from watcher.model.reason import Reason

SITE = {"site": "bonn"}
CATALOGUE = RULEBOOK.catalogue


class Story:
    """A book that is told of things one after the other, and may be read anew meanwhile."""

    def __init__(self) -> None:
        self.book = Book(count(1))
        self._fold = Fold(self.book, RULEBOOK)

    def tell(self, *news: tuple[float, Event]) -> "Story":
        """These events, each at its minute of arrival."""
        for minute, each in news:
            self._fold.take(identify(each, "default", at(minute), CATALOGUE))
        return self

    def read(self, lines: Iterable[Line]) -> "Story":
        """The events of these lines."""
        for each in read_events(ndjson(list(lines))):
            self._fold.take(identify(each.event, "default", each.received_at, CATALOGUE))
        return self

    def restart(self, minute: float) -> "Story":
        """Goes on with what is on record only."""
        book, going = self.book, Going(RULEBOOK)
        lively = [each for each in book.incidents.values() if each.status is not Status.CLOSED]
        members = [
            (book.alerts[span.customer, span.key], span)
            for each in lively
            for span in book.members(each.number)
        ]
        going.recall("default", lively, members, at(minute))
        self._fold = Fold(book, RULEBOOK, going=going)
        return self

    def wait(self, minute: float) -> "Story":
        """Time passes up to then."""
        self._fold.advance(at(minute))
        return self

    @property
    def together(self) -> dict[int, set[str]]:
        """The occurrences that stand together, by incident."""
        assert [] == miscounts(of_book(self.book))
        return {
            number: {f"{each.key}/{each.occurrence}" for each in self.book.members(number)}
            for number, incident in sorted(self.book.incidents.items())
            if incident.merged_into is None
        }


def storm(begin: float, names: int = 10, seconds: float = 50) -> list[Line]:
    """So many different alerts of one server, evenly within that time."""
    keys = [f"{begin:.0f}-{each}" for each in range(names)]
    return [
        line(begin + each * seconds / names, key=key, name=key, host="esx1", labels=SITE)
        for each, key in enumerate(keys)
    ]


def steady() -> list[Line]:
    """A storm, and then the same alert over and over."""
    return storm(0) + [
        line(60 + 20 * each, key=f"again-{each}", name="again", host="esx1", labels=SITE)
        for each in range(12)
    ]


SURGE = storm(301, 6, 3)
SURGED = {f"301-{each}/o1" for each in range(6)}


def backwards(lines: list[Line]) -> list[Line]:
    """The same, heard of last to first within 20 seconds."""
    heard = [T0 + timedelta(seconds=320 - each) for each, _ in enumerate(lines)]
    return [
        {**each, "received_at": when.isoformat()} for each, when in zip(lines, heard, strict=True)
    ]


@pytest.mark.parametrize("surge", [SURGE, backwards(SURGE)])
def test_a_surge_in_the_midst_of_a_storm_is_split_off_with_what_began_it(surge: list[Line]) -> None:
    """Alerts that had joined the storm go over to the new incident, and both count right."""
    story = Story().read(in_order_of_arrival(steady() + surge))
    old, new = story.together.values()

    assert (22, SURGED) == (len(old), new)
    assert (2, None) == tuple(story.book.incidents[n].overtaken_by for n in (1, 2))
    assert "host:esx1" == story.book.incidents[2].group
    assert {2} == {story.book.alerts["default", f"301-{n}"].incident for n in range(6)}


def test_the_suspects_after_a_split_are_those_of_each_part() -> None:
    """What went over is no suspect any more where it was."""
    story = Story().read(in_order_of_arrival(steady() + SURGE)).wait(20)
    suspects = [each.suspect.key for each in story.book.incidents.values() if each.suspect]

    assert ["0-0", "301-0"] == suspects


def test_a_storm_that_was_overtaken_takes_in_nothing_after_a_restart() -> None:
    """It is on record that another began in its midst."""
    story = Story().read(in_order_of_arrival(steady() + SURGE)).restart(5.2)
    story.read([line(320, key="more", name="more", host="esx1", labels=SITE)])

    assert {*SURGED, "more/o1"} == story.together[2]


def twice() -> list[tuple[float, Event]]:
    """A condition that fires again on web01 sixteen minutes later, as far as is known."""
    return [
        (0, event(key="x", host="web01")),
        (16, event(16, key="x", occurrence="o2", host="web01")),
    ]


RECOVERY = (16.5, event(14, Kind.RESOLVED, key="x", host="web01", started=0))


def test_a_late_recovery_shows_that_a_condition_is_back() -> None:
    """Two incidents are one then, though both were opened in good faith."""
    story = Story().tell(*twice())
    assert {1: {"x/o1"}, 2: {"x/o2"}} == story.together

    story.tell(RECOVERY)

    assert {1: {"x/o1", "x/o2"}} == story.together
    assert [(2, 1)] == story.book.merges


def test_a_late_recovery_takes_only_its_condition_along() -> None:
    """What else is in the incident stays there, and both say what happened."""
    first, second = twice()
    other = (15.9, event(15.9, key="y", host="web01"))
    story = Story().tell(first, other, second)
    assert {1: {"x/o1"}, 2: {"x/o2", "y/o1"}} == story.together

    story.tell(RECOVERY)

    assert {1: {"x/o1", "x/o2"}, 2: {"y/o1"}} == story.together
    [reason] = (each.reason for each in story.book.members(1) if each.occurrence == "o2")
    assert reason is not None
    assert "same-condition" == reason.rule
    assert {1, 2} <= {
        each.incident for each in story.book.entries if each.reason.rule == "same-condition"
    }


@pytest.mark.parametrize("closed", [1, 2])
def test_late_news_moves_nothing_out_of_or_into_what_a_person_closed(closed: int) -> None:
    """What is closed stays as it is, and the news is taken all the same."""
    first, second = twice()
    story = Story().tell(first, (15.9, event(15.9, key="y", host="web01")), second)
    gone = replace(story.book.incidents[closed], status=Status.CLOSED, closed_at=at(16.2))
    story.book.put_incident(gone)
    story.restart(16.2).tell(RECOVERY)

    assert {1: {"x/o1"}, 2: {"x/o2", "y/o1"}} == story.together
    assert gone == story.book.incidents[closed]


def test_what_a_person_closed_is_not_merged_by_late_news() -> None:
    """Though all of it turns out to be part of another."""
    story = Story().tell(*twice())
    closed = replace(story.book.incidents[2], status=Status.CLOSED, closed_at=at(16.2))
    story.book.put_incident(closed)
    story.tell(RECOVERY)

    assert ({1: {"x/o1"}, 2: {"x/o2"}}, []) == (story.together, story.book.merges)
    assert closed == story.book.incidents[2]


def test_a_recovery_that_is_too_late_decides_nothing_again() -> None:
    """After the lateness window incidents stay as they are."""
    _, recovery = RECOVERY
    story = Story().tell(*twice(), (18.1, recovery))

    assert {1: {"x/o1"}, 2: {"x/o2"}} == story.together


def test_an_alert_joins_what_a_person_reported_of_its_host_before_a_restart() -> None:
    """As if that had been an alert; one of another host does not."""
    story = Story()
    reported = replace(
        incident(story.book.number(), -3, -3, group="host:db01"),
        customer="default",
        held_by="olga",
        opened_by="olga",
        hosts=("db01",),
    )
    story.book.put_incident(reported)
    story.restart(0).tell((1, event(1)), (1, event(1, key="b", host="unknown7")))

    assert {1: {"cpu/o1"}, 2: {"b/o1"}} == story.together


def test_lineups_go_on_after_a_restart() -> None:
    """The suspect is settled with what is known of before and after, and said once."""
    story = Story().tell((0, event(key="a", host=None, service="shop")))
    story.restart(0.05).tell((0.1, event(0.1, host="db01"))).wait(9)
    found = story.book.incidents[1]
    notes = [each for each in story.book.entries if each.kind is EntryKind.NOTE]

    assert {1: {"a/o1", "cpu/o1"}} == story.together
    assert found.suspect is not None
    assert "db01" == found.suspect.host
    assert [(at(5), "likely cause: db01")] == [(each.at, each.text) for each in notes]
    story.restart(10).wait(20)
    assert found == story.book.incidents[1]
    assert notes == [each for each in story.book.entries if each.kind is EntryKind.NOTE]


BRIDGED = [
    line(0, key="a", name="disk", host="nas1", labels=SITE),
    line(10, key="b", name="cpu", host="nas2", labels=SITE),
    line(20, key="c", name="disk", host="nas2", labels=SITE),
]


def test_an_alert_shows_two_young_incidents_to_be_one() -> None:
    """With the alerts and the suspects of both."""
    story = Story().read(BRIDGED).wait(9)
    found = story.book.incidents[1]

    assert ({1: {"a/o1", "b/o1", "c/o1"}}, [(2, 1)]) == (story.together, story.book.merges)
    assert found.suspect is not None
    assert (True, "nas2") == (found.suspect.settled, found.suspect.host)


@pytest.mark.parametrize(
    ("number", "touched"),
    [
        (1, {"arranged": Arranged("olga", apart=(2,))}),
        (2, {"arranged": Arranged("olga", apart=(1,))}),
        (2, {"status": Status.ACKNOWLEDGED, "acknowledged_at": at(0)}),
    ],
)
def test_what_a_person_touched_is_not_merged(number: int, touched: dict[str, Any]) -> None:
    """Nor what a person told apart; the alert joins the one that it has more to do with."""
    story = Story().read(BRIDGED[:2])
    story.book.put_incident(replace(story.book.incidents[number], **touched))
    story.read(BRIDGED[2:])

    assert {1: {"a/o1"}, 2: {"b/o1", "c/o1"}} == story.together


@pytest.mark.parametrize("restart", [False, True])
def test_a_condition_that_is_back_is_so_after_a_restart_too(restart: bool) -> None:
    """Late news has what came after it decided again, and it returns where it had returned to."""
    story = Story().tell(
        (0, event(key="x", host="web01")),
        (14, event(14, Kind.RESOLVED, key="x", host="web01")),
        (16, event(16, key="x", occurrence="o2", host="web01")),
        (16.2, event(16.2, key="y", host="unknown7")),
    )
    if restart:
        story.restart(16.5)
    story.tell((16.6, event(15.9, key="z", host="unknown7")))

    assert {1: {"x/o1", "x/o2"}, 2: {"y/o1", "z/o1"}} == story.together


def test_what_a_person_put_somewhere_is_what_its_host_has_after_a_restart() -> None:
    """Another alert of that host goes where the person put the first."""
    story = Story().tell((0, event(key="a", host="db01")), (0.1, event(0.1, host="unknown7")))
    span = story.book.occurrences["default", "a", "o1"]
    alert = story.book.alerts["default", "a"]
    emptied, kept = story.book.incidents[1], story.book.incidents[2]
    reason = Reason("by-hand", "a person put it there")
    placed = replace(span, incident=2, placed=Placed(2, "olga", out_of=(1,)), reason=reason)
    story.book.put_occurrence(placed)
    story.book.put_alert(replace(alert, incident=2))
    both = ("db01", "unknown7")
    stakes = pooled((*emptied.stakes, *kept.stakes))
    story.book.put_incident(replace(kept, alerts=2, firing=2, hosts=both, stakes=stakes))
    story.book.put_incident(replace(emptied, status=Status.CLOSED, closed_at=at(0.2)))
    story.restart(0.3).tell((0.4, event(0.3, key="more", host="db01")))

    assert {"a/o1", "cpu/o1", "more/o1"} == story.together[2]


def test_late_news_takes_nothing_away_from_what_a_person_put_together() -> None:
    """Not even what was there before the person added to it, and after a restart."""
    story = Story().tell((0, event(key="a", host="db01")), (0.1, event(0.1, host="unknown7")))
    book, because = story.book, Reason("by-hand", "it is one disruption")
    span, alert = book.occurrences["default", "a", "o1"], book.alerts["default", "a"]
    emptied, whole = book.incidents[1], book.incidents[2]
    put = Placed(2, "olga", out_of=(1,))
    book.put_occurrence(replace(span, incident=2, placed=put, reason=because))
    book.put_alert(replace(alert, incident=2))
    book.put_incident(replace(emptied, status=Status.CLOSED, closed_at=at(0.2)))
    book.put_incident(
        replace(
            whole,
            alerts=2,
            firing=2,
            hosts=("db01", "unknown7"),
            stakes=pooled((*emptied.stakes, *whole.stakes)),
            arranged=Arranged("olga"),
        )
    )
    story.restart(0.3).tell((0.4, event(0.05, key="late", host="web02")))

    assert {1: set(), 2: {"a/o1", "cpu/o1"}, 3: {"late/o1"}} == story.together
