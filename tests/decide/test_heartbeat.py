"""How long a source may be silent: as people say, or as its own habit teaches."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest

from watcher.decide.heartbeat import Limit, lasting, limit_of, listen
from watcher.model.source import Heard

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=100)
TODAY = NOON.date()
NEW = Heard()


def minutes(*numbers: float) -> list[datetime]:
    """Moments so many minutes after noon."""
    return [NOON + timedelta(minutes=each) for each in numbers]


def spoken(days: int, pause: timedelta) -> Heard:
    """A source that spoke on each of so many days, with a pause as long as that."""
    return Heard(NOON, {TODAY - timedelta(days=each): pause for each in range(days)})


@pytest.mark.parametrize(
    ("moments", "pause"),
    [
        ([0], 0),
        ([0, 10], 10),
        ([0, 10, 40, 45], 30),
        ([0, 10, 10], 10),
    ],
)
def test_the_longest_pause_of_a_day_is_remembered(moments: Iterable[float], pause: float) -> None:
    """Whatever was heard before and after it."""
    heard = listen(NEW, minutes(*moments), LONG_AGO)

    assert Heard(minutes(*moments)[-1], {TODAY: timedelta(minutes=pause)}) == heard


def test_what_was_heard_before_changes_nothing() -> None:
    """The same deliveries digested again, and old ones that are replayed, teach nothing."""
    heard = listen(NEW, minutes(0, 10, 40), LONG_AGO)

    assert heard == listen(heard, minutes(-60, 0, 10, 40), LONG_AGO)
    assert NEW == listen(NEW, [], LONG_AGO)


def test_a_pause_belongs_to_the_day_on_which_it_ended() -> None:
    """Each day has its own longest one."""
    heard = listen(NEW, [*minutes(0, 5), NOON + timedelta(hours=14)], LONG_AGO)

    tomorrow = date(2026, 3, 15)
    assert {TODAY: timedelta(minutes=5), tomorrow: timedelta(minutes=13 * 60 + 55)} == heard.pauses


def test_while_nobody_listened_a_source_was_not_silent() -> None:
    """A silence that began while Watcher was down counts from when it listens again."""
    heard = Heard(NOON - timedelta(hours=5), {TODAY: timedelta()})

    assert {TODAY: timedelta(minutes=3)} == listen(heard, minutes(3), NOON).pauses
    assert {TODAY: timedelta()} == listen(heard, minutes(-1), NOON).pauses


def test_a_pause_is_forgotten_after_fourteen_days() -> None:
    """What taught a long silence once does not do so for ever."""
    known = {TODAY - timedelta(days=each): timedelta(hours=each) for each in (20, 14, 13)}
    heard = listen(Heard(NOON - timedelta(minutes=5), known), minutes(0), LONG_AGO)

    thirteen = TODAY - timedelta(days=13)
    assert {thirteen: timedelta(hours=13), TODAY: timedelta(minutes=5)} == heard.pauses


def test_a_silence_that_was_news_does_not_become_the_habit_at_once() -> None:
    """After a night of it the limit is doubled; a habit that lasts is learned step by step."""
    known = spoken(5, timedelta(minutes=40))
    once = listen(known, [NOON + timedelta(hours=10)], LONG_AGO)
    again = listen(once, [NOON + timedelta(hours=20)], LONG_AGO)

    limits = [limit_of(each, None) for each in (known, once, again)]
    assert [80, 160, 320] == [each.length.total_seconds() / 60 for each in limits if each]


@pytest.mark.parametrize(
    ("pause", "limit"),
    [
        (timedelta(minutes=40), timedelta(minutes=80)),
        (timedelta(minutes=1), timedelta(minutes=15)),
        (timedelta(hours=13), timedelta(hours=24)),
        (timedelta(hours=50), timedelta(hours=24)),
    ],
)
def test_it_may_be_silent_for_twice_its_longest_pause(pause: timedelta, limit: timedelta) -> None:
    """But not for more than a day, and it always has a quarter of an hour."""
    found = limit_of(spoken(5, pause), None)

    assert Limit(limit, f"its longest usual pause in 14 days was {lasting(pause)}") == found


@pytest.mark.parametrize("heard", [NEW, spoken(1, timedelta()), spoken(3, timedelta(hours=1))])
def test_a_habit_takes_three_days(heard: Heard) -> None:
    """Of a source that is new, or was heard of on a few days only, nothing is expected."""
    assert limit_of(heard, None) is None
    assert limit_of(spoken(4, timedelta()), None) is not None


def test_what_people_say_counts_at_once() -> None:
    """Whatever the habit of the source."""
    told = timedelta(hours=1)

    assert Limit(told, "it is to speak at least every 60 min") == limit_of(NEW, told)
    assert limit_of(NEW, told) == limit_of(spoken(9, timedelta(days=1)), told)


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(), "0 s"),
        (timedelta(seconds=59.4), "59 s"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=85), "85 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=3, minutes=5), "3 h 5 min"),
        (timedelta(hours=47), "47 h"),
        (timedelta(hours=60), "2 d"),
    ],
)
def test_a_time_is_said_as_people_say_it(time: timedelta, words: str) -> None:
    """In minutes for as long as these can be imagined."""
    assert words == lasting(time)
