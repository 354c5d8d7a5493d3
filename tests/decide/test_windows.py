"""When windows are open: repetition, zones, the nights when clocks are changed, and bad rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.decide.windows import (
    Span,
    WindowError,
    check,
    in_utc,
    on_clocks,
    open_at,
    over_at,
    spans,
)
from watcher.model.matcher import Matcher, Operator
from watcher.model.silence import Window, WindowKind

DB1 = (Matcher("host", Operator.EQUAL, "db1"),)


def utc(text: str) -> datetime:
    """A moment in UTC, as 2026-03-28 01:00."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(starts: str, hours: float, repeat: str = "", zone: str = "Europe/Berlin") -> Window:
    """A window of db1 that opens for so many hours."""
    length = timedelta(hours=hours)
    return Window(WindowKind.MAINTENANCE, "acme", DB1, utc(starts), length, repeat, zone)


def said(found: Window, after: str, count: int = 3) -> list[str]:
    """The next times it is open, in UTC."""
    return [
        f"{each.starts:%m-%d %H:%M} {each.ends:%H:%M}"
        for each in islice(spans(found, utc(after)), count)
    ]


def test_a_night_window_stays_at_local_time_when_clocks_are_changed() -> None:
    """02:00 to 04:00 in Berlin begins an hour earlier by UTC in summer; in the night of the change
    it is an hour shorter.
    """
    nightly = window("2026-03-01 01:00", 2, "FREQ=DAILY")

    assert ["03-28 01:00 03:00", "03-29 01:00 02:00", "03-30 00:00 02:00"] == said(
        nightly, "2026-03-28 00:00"
    )


def test_a_night_window_is_an_hour_longer_when_clocks_go_back() -> None:
    """On the 25th of October 2026 the hour from two to three passes twice."""
    nightly = window("2026-10-01 00:00", 2, "FREQ=DAILY")

    assert ["10-24 00:00 02:00", "10-25 00:00 03:00", "10-26 01:00 03:00"] == said(
        nightly, "2026-10-24 00:00"
    )


def test_a_window_in_the_hour_that_is_left_out_keeps_its_length() -> None:
    """02:10 to 02:40 does not exist in that night: half an hour is kept free all the same."""
    short = window("2026-03-28 01:10", 0.5, "FREQ=DAILY")

    assert "03-29 01:10 01:40" in said(short, "2026-03-28 12:00")


def test_a_window_may_last_across_midnight() -> None:
    """From Saturday 22:00 to Sunday 04:00, every week."""
    weekly = window("2026-03-07 21:00", 6, "FREQ=WEEKLY;BYDAY=SA")
    sunday = utc("2026-03-15 02:59")

    assert Span(utc("2026-03-14 21:00"), utc("2026-03-15 03:00")) == open_at(weekly, sunday)
    assert open_at(weekly, utc("2026-03-15 03:00")) is None
    assert open_at(weekly, utc("2026-03-14 20:59")) is None


def test_a_window_is_open_from_its_start_up_to_its_end() -> None:
    """The start belongs to it, the end does not."""
    once = window("2026-03-07 21:00", 1)

    assert open_at(once, utc("2026-03-07 21:00")) is not None
    assert open_at(once, utc("2026-03-07 22:00")) is None
    assert ["03-07 21:00 22:00"] == said(once, "2026-01-01 00:00")
    assert [] == said(once, "2026-03-07 22:00")


def test_windows_that_overlap_end_with_the_last_of_them() -> None:
    """Of a rule whose windows reach into the next, the later end counts."""
    long = window("2026-03-01 00:00", 36, "FREQ=DAILY", "UTC")

    assert open_at(long, utc("2026-03-05 06:00")) == Span(
        utc("2026-03-05 00:00"), utc("2026-03-06 12:00")
    )


def test_a_window_across_the_new_year_is_found() -> None:
    """It begins in one year and is asked for in the next."""
    weekly = window("2025-12-31 20:00", 10, "FREQ=YEARLY", "UTC")

    assert open_at(weekly, utc("2027-01-01 05:00")) is not None


def test_nothing_is_held_back_before_it_was_planned() -> None:
    """What is planned when work has begun already counts from then on."""
    late = replace(window("2026-03-07 21:00", 2), created_at=utc("2026-03-07 22:00"))

    assert open_at(late, utc("2026-03-07 21:59")) is None
    assert open_at(late, utc("2026-03-07 22:00")) == Span(
        utc("2026-03-07 21:00"), utc("2026-03-07 23:00")
    )


def test_a_cancelled_window_ends_when_it_is_cancelled() -> None:
    """One that is open ends then, those to come never open."""
    nightly = window("2026-03-01 01:00", 2, "FREQ=DAILY")
    gone = replace(nightly, cancelled_at=utc("2026-03-03 02:00"))

    assert ["03-03 01:00 02:00"] == said(gone, "2026-03-03 00:00")
    assert open_at(gone, utc("2026-03-03 02:00")) is None
    assert utc("2026-03-03 02:00") == over_at(gone)


@pytest.mark.parametrize(
    ("repeat", "over"),
    [
        ("", "2026-03-02 03:00"),
        ("FREQ=DAILY;COUNT=3", "2026-03-04 03:00"),
        ("FREQ=WEEKLY;UNTIL=20260316", "2026-03-16 03:00"),
        ("FREQ=WEEKLY;UNTIL=20260316T010000Z", "2026-03-16 03:00"),
        ("FREQ=WEEKLY;UNTIL=20260316T005959Z", "2026-03-09 03:00"),
        ("FREQ=WEEKLY;UNTIL=20260316T015959", "2026-03-09 03:00"),
        ("FREQ=MONTHLY;BYDAY=1MO;COUNT=2", "2026-04-06 02:00"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1;COUNT=2", "2026-04-06 02:00"),
        ("FREQ=DAILY;INTERVAL=2;COUNT=2;WKST=MO", "2026-03-04 03:00"),
    ],
)
def test_it_is_known_when_a_window_is_over_for_ever(repeat: str, over: str) -> None:
    """By its count or its last day, in UTC or by local clocks."""
    planned = window("2026-03-02 01:00", 2, repeat)
    check(planned)

    assert utc(over) == over_at(planned)


def test_a_window_without_end_is_never_over() -> None:
    """Nothing is known then; it goes on for twenty years at least."""
    nightly = window("2026-03-02 01:00", 2, "FREQ=DAILY")

    assert over_at(nightly) is None
    assert open_at(nightly, utc("2046-03-01 01:30")) is not None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"when": ()}, "without matchers"),
        ({"length": timedelta()}, "it ends before it has begun"),
        ({"length": timedelta(days=367)}, "366 days at most"),
        ({"zone": "Europe/Nowhere"}, "no time zone 'Europe/Nowhere'"),
        ({"zone": "../../etc/passwd"}, "no time zone"),
        ({"zone": "Europe"}, "no time zone"),
        ({"repeat": "every night"}, "no part of a rule"),
        ({"repeat": "FREQ=HOURLY"}, "FREQ=HOURLY is no part"),
        ({"repeat": "FREQ=DAILY;INTERVAL=0"}, "INTERVAL=0 is no part"),
        ({"repeat": "FREQ=DAILY;BYHOUR=1,2,3"}, "BYHOUR=1,2,3 is no part"),
        ({"repeat": "FREQ=DAILY;FREQ=DAILY"}, "as in RFC 5545"),
        ({"repeat": "COUNT=3"}, "as in RFC 5545"),
        ({"repeat": "FREQ=DAILY;UNTIL=20269999"}, "no rule of RFC 5545"),
        ({"repeat": "FREQ=WEEKLY;BYDAY=MO,XX"}, "BYDAY=MO,XX is no part"),
        ({"repeat": "FREQ=WEEKLY;BYDAY=SU"}, "it starts on a Monday in March"),
        ({"repeat": "FREQ=DAILY;BYMONTH=2"}, "it starts on a Monday in March"),
        ({"repeat": "FREQ=MONTHLY;BYDAY=1SU"}, "it first says 2026-04-05 02:00"),
        ({"repeat": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "BYMONTHDAY goes with FREQ=MONTHLY"),
        ({"repeat": "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30"}, "it never says when"),
    ],
)
def test_a_window_that_cannot_be_is_refused_in_words(changes: dict[str, Any], words: str) -> None:
    """The error says what to mend; nothing that would take long is begun."""
    planned = replace(window("2026-03-02 01:00", 2), **changes)

    with pytest.raises(WindowError) as caught:
        check(planned)

    assert words in str(caught.value)


def test_times_are_read_off_the_clocks_of_a_place_and_back() -> None:
    """One without a zone is what those clocks show already."""
    shown = datetime(2026, 7, 1, 2, 0)  # noqa: DTZ001 - what clocks show

    assert utc("2026-07-01 00:00") == in_utc(shown, "Europe/Berlin")
    assert shown == on_clocks(utc("2026-07-01 00:00"), "Europe/Berlin")
    assert shown == on_clocks(shown, "Europe/Berlin")


@given(st.text(alphabet="FREQ=DAILYBYDMONTHWEKSUPC;0123456789,+-TZ", max_size=60))
def test_no_rule_breaks_anything(text: str) -> None:
    """Whatever is typed is a rule or is refused."""
    planned = window("2026-03-02 01:00", 2, f"FREQ=DAILY;{text}")
    try:
        check(planned)
    except WindowError:
        return

    assert open_at(planned, planned.starts) is not None
