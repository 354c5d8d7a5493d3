"""Keys are the same for the same parts, and others for others, whatever the parts hold."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.decide.keys import (
    LIMIT,
    moment_part,
    occurrence_key,
    recurrence_key,
    to_milliseconds,
)

# All that has a meaning in a key is drawn often.
PART = st.text(st.one_of(st.sampled_from(":%…\0v1Aa"), st.characters(exclude_categories=["Cs"])))
PARTS = st.lists(PART, min_size=1, max_size=4)


@given(PARTS, PARTS)
def test_other_parts_are_another_key(one: list[str], other: list[str]) -> None:
    """No value of a source can make its condition look like another one."""
    assert (one == other) == (recurrence_key(*one) == recurrence_key(*other))


@given(PARTS, st.integers(1, 700))
def test_a_key_is_text_that_every_store_takes(parts: list[str], times: int) -> None:
    """It has its version, no NUL, and is never too long."""
    key = recurrence_key("src", *(part * times for part in parts))

    assert key.startswith("v1:src:")
    assert "\0" not in key
    assert len(key) <= LIMIT


def test_long_keys_stay_apart_when_they_are_cut() -> None:
    """A key beyond its limit ends in a digest of the whole."""
    left, right = (recurrence_key("src", "x" * 600 + end) for end in "ab")

    assert LIMIT == len(left) == len(right)
    assert left != right
    assert left == recurrence_key("src", "x" * 600 + "a")


def test_a_colon_in_a_part_is_no_border() -> None:
    """What divides parts is escaped in them."""
    assert "v1:src:a%3Ab:c" == recurrence_key("src", "a:b", "c")
    assert "v1:src:a:b%3Ac" == recurrence_key("src", "a", "b:c")


def test_a_source_without_names_for_its_spans_names_none() -> None:
    """The span is then the one that fires."""
    assert ["", "v1:90210", "v1::x"] == [
        occurrence_key(""),
        occurrence_key("90210"),
        occurrence_key("", "x"),
    ]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 11, 22, 9, 30, tzinfo=UTC), "20261122T093000Z"),
        (datetime(2026, 11, 22, 9, 30, 0, 1500, tzinfo=UTC), "20261122T093000.001500Z"),
        (datetime(2026, 11, 22, 9, 30, tzinfo=timezone(timedelta(hours=3))), "20261122T063000Z"),
    ],
)
def test_a_moment_is_the_same_in_every_zone(at: datetime, expected: str) -> None:
    """Two ways to write a time do not make two spans."""
    assert expected == moment_part(at)


def test_a_beginning_is_named_to_the_millisecond() -> None:
    """An API that cuts off what a webhook carries names the same span."""
    webhook = datetime(2026, 11, 22, 9, 30, 0, 325_695, tzinfo=UTC)
    api = datetime(2026, 11, 22, 9, 30, 0, 325_000, tzinfo=UTC)

    assert to_milliseconds(api) == to_milliseconds(webhook) == api
