"""Matchers: how their text is read, and when they hold."""

import pytest

from watcher.decide.match import MatcherError, holds, holds_for_any, parse
from watcher.model.matcher import Matcher, Operator

EQUAL, NOT_EQUAL, REGEX, NOT_REGEX = Operator

PARSED = [
    ('status="open"', [("status", EQUAL, "open")]),
    ("status=open", [("status", EQUAL, "open")]),
    ("  status  !=  open  ", [("status", NOT_EQUAL, "open")]),
    ('host=~"db.*"', [("host", REGEX, "db.*")]),
    ("host!~db.*", [("host", NOT_REGEX, "db.*")]),
    ('team=""', [("team", EQUAL, "")]),
    ("team=", [("team", EQUAL, "")]),
    ("name=High CPU load", [("name", EQUAL, "High CPU load")]),
    ('name=" padded "', [("name", EQUAL, " padded ")]),
    (r'name="a \"b\" \\ \n \d"', [("name", EQUAL, 'a "b" \\ \n \\d')]),
    (r"host=~db\d+", [("host", REGEX, r"db\d+")]),
    ("path=C:\\", [("path", EQUAL, "C:\\")]),
    ('"my tag"="x=y,{}"', [("my tag", EQUAL, "x=y,{}")]),
    ("сервис=почта", [("сервис", EQUAL, "почта")]),
    ("{}", []),
    ("{a=b}", [("a", EQUAL, "b")]),
    ('{a="b", c=~"d",}', [("a", EQUAL, "b"), ("c", REGEX, "d")]),
    ("a=b,c!=d", [("a", EQUAL, "b"), ("c", NOT_EQUAL, "d")]),
    ("a=b,", [("a", EQUAL, "b")]),
]


@pytest.mark.parametrize(("text", "expected"), PARSED)
def test_a_text_is_read_as_matchers(text: str, expected: list[tuple[str, Operator, str]]) -> None:
    """Names and values may be quoted or bare, in a list or alone."""
    assert tuple(Matcher(*matcher) for matcher in expected) == parse(text)


REFUSED = [
    ("", 'expected a matcher such as status="open"', 0),
    ("=x", "expected the name of a field or label", 0),
    ("status", "expected =, !=, =~ or !~", 6),
    ("a b=c", "expected =, !=, =~ or !~", 2),
    ('a="b', "this double quote is never closed", 2),
    ('"a=b', "this double quote is never closed", 0),
    ('a=b"c', "put a value with such a character in double quotes", 3),
    ("a={", "put a value with such a character in double quotes", 2),
    ('a="b" c', "expected a comma or the end", 6),
    ("a=b}", "expected a comma or the end", 3),
    ('{a="b"', "expected a comma or }", 6),
    ("{a=b} c", "expected a comma or the end", 6),
    ("a=~(b", "bad regular expression: a ) is missing, at its character 3", 3),
    ("a=\0", "no stored text holds this character", 2),
    ("a=\ud800", "no stored text holds this character", 2),
]


@pytest.mark.parametrize(("text", "message", "position"), REFUSED)
def test_what_is_no_matcher_is_refused(text: str, message: str, position: int) -> None:
    """The error says what was expected, and where."""
    with pytest.raises(MatcherError) as caught:
        parse(text)

    assert (message, position) == (caught.value.text, caught.value.position)
    assert f"{message} (at character {position + 1})" == str(caught.value)


HELD = [
    ("a=b", ["b"], ["", "bc", None]),
    ("a!=b", ["", "bc", None], ["b"]),
    ("a=~b.*", ["b", "bc"], ["", "ab", None]),
    ("a!~b.*", ["", "ab", None], ["b", "bc"]),
    ('a=""', ["", None], ["b"]),
    ("a=~.*", ["", "b", None], []),
]


@pytest.mark.parametrize(("text", "true", "false"), HELD)
def test_a_matcher_holds(text: str, true: list[str | None], false: list[str | None]) -> None:
    """A missing value counts as the empty string; a regular expression must match it all."""
    (matcher,) = parse(text)

    assert [True] * len(true) == [holds(matcher, value) for value in true]
    assert [False] * len(false) == [holds(matcher, value) for value in false]


@pytest.mark.parametrize(
    ("text", "expected"), [("a=b", True), ("a!=b", False), ("a=~c", True), ("a!~x|y", True)]
)
def test_a_matcher_holds_for_any_of_several_values(text: str, expected: bool) -> None:
    """One value is enough for a positive matcher, and enough to refute a negative one."""
    (matcher,) = parse(text)

    assert expected == holds_for_any(matcher, ("b", "c"))
