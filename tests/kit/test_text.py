"""Text for people."""

from datetime import timedelta

import pytest

from watcher.kit.text import cut, listed, one_line, span


@pytest.mark.parametrize(
    ("text", "limit", "mark", "expected"),
    [
        ("short", 5, "…", "short"),
        ("longer", 5, "…", "long…"),
        ("two words", 5, "…", "two…"),
        ("longer", 5, " [cut]", " [cut"),
        ("longer", 0, "…", ""),
        ("", 3, "…", ""),
        ("диск полон", 6, "…", "диск…"),
    ],
)
def test_what_is_too_long_is_cut_with_a_mark(
    text: str, limit: int, mark: str, expected: str
) -> None:
    """The result is never longer than the limit, and shows that something is missing."""
    assert expected == cut(text, limit, mark)
    assert len(cut(text, limit, mark)) <= limit or text == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a\r\nBcc: x", "a Bcc: x"),
        ("  many \t blanks\n", "many blanks"),
        ("bell\x07 null\x00", "bell null"),
        ("line\u2028separator\x85next", "line separator next"),
        ("Диск «/» полон", "Диск «/» полон"),
    ],
)
def test_one_line_is_one_line(text: str, expected: str) -> None:
    """No line break of any alphabet and no control character is left."""
    assert expected == one_line(text)


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ((), ""),
        (("a",), "a"),
        (("a", "b"), "a, b"),
        (("a", "b", "c", "d"), "a, b and 2 more"),
    ],
)
def test_long_lists_are_counted(items: tuple[str, ...], expected: str) -> None:
    """Two are named, the rest is a number."""
    assert expected == listed(items, 2)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (11_100, "3 h 5 min"),
        (86_400, "1 d"),
        (86_400 + 60, "1 d"),
        (2 * 86_400 + 4 * 3600 + 59, "2 d 4 h"),
    ],
)
def test_spans_are_said_in_two_units(seconds: float, expected: str) -> None:
    """A duration reads as a person would say it."""
    assert expected == span(timedelta(seconds=seconds))
