"""The regular expressions of matchers: the same answers as Python's, never its running time."""

import re
import string
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.decide.pattern import Pattern, PatternError, compiled

MATCHES = [
    ("", [""], ["a"]),
    ("db1", ["db1"], ["db", "db10", "xdb1"]),
    ("^db1$", ["db1"], ["db10"]),
    ("^web|db$", ["web", "db"], ["webdb"]),
    ("a.c", ["abc", "a\nc", "aяc"], ["ac", "abbc"]),
    ("a*", ["", "aaa"], ["b"]),
    ("a+?", ["a", "aa"], [""]),
    ("colou?r", ["color", "colour"], ["colouur"]),
    ("a{2}", ["aa"], ["a", "aaa"]),
    ("a{2,}", ["aa", "aaaa"], ["a"]),
    ("a{1,3}", ["a", "aaa"], ["", "aaaa"]),
    ("a{0}", [""], ["a"]),
    ("(web|db)-(?:prod|test)", ["web-prod", "db-test"], ["web", "web-dev"]),
    ("(|a)b", ["b", "ab"], ["a"]),
    (r"10\.(\d+\.){2}\d+", ["10.1.22.3"], ["10.1.2", "10x1.2.3"]),
    (r"\w+\s\W", ["a_1 -"], ["я -", "a b"]),
    (r"\D\S", ["ab"], ["1b", "a "]),
    (r"\n\t\\\-\я", ["\n\t\\-я"], ["nt-я"]),
    ("[a-c_]+", ["abc_"], ["d", ""]),
    ("[^a-c]", ["d", "\n", "я"], ["a"]),
    ("[]a]+", ["]a"], ["b"]),
    ("[a-]+", ["a-"], ["b"]),
    ("[+--]", ["+", ",", "-"], ["."]),
    (r"[\d\]]+", ["1]"], ["\\", "d"]),
    (r"[\D]+", ["ab", "-"], ["1"]),
    (r"[^\W]", ["a", "1"], ["-"]),
    ("[а-я]+", ["диск"], ["Диск"]),
    ("}]", ["}]"], ["}"]),
    ("(a+)+$", ["aaa"], ["aab"]),
]


@pytest.mark.parametrize(("pattern", "inside", "outside"), MATCHES)
def test_a_pattern_matches_whole_texts(pattern: str, inside: list[str], outside: list[str]) -> None:
    """A pattern is anchored at both ends, a dot is any character, classes are ASCII."""
    matches = compiled(pattern).matches

    assert (inside, []) == ([*filter(matches, inside)], [*filter(matches, outside)])


REFUSED = [
    ("*a", "there is nothing that * could repeat", 0),
    ("a**", "there is nothing that * could repeat", 2),
    ("a{", "a count is written {2}, {2,} or {2,5}; a brace is written \\{", 1),
    ("a{,3}", "a count is written {2}, {2,} or {2,5}; a brace is written \\{", 1),
    ("a{1,x}", "a count is written {2}, {2,} or {2,5}; a brace is written \\{", 1),
    ("a{3,2}", "a count runs from low to high, 255 at most", 1),
    ("a{256}", "a count runs from low to high, 255 at most", 1),
    ("a^", "^ may stand at the very edge only", 1),
    ("$a", "$ may stand at the very edge only", 0),
    ("(a", "a ) is missing", 2),
    ("a)", "there is a ) without its (", 1),
    ("(?=a)", "look-around, names and flags are not supported", 2),
    ("(?P<x>a)", "look-around, names and flags are not supported", 2),
    (r"(a)\1", "\\1 is not supported", 3),
    (r"a\b", "\\b is not supported", 1),
    ("a\\", "a character must follow the backslash", 2),
    ("[a", "a ] is missing", 2),
    ("[[:alpha:]]", "within brackets, write \\[", 1),
    ("[z-a]", "this is not a range of characters", 3),
    (r"[\d-x]", "this is not a range of characters", 4),
    ("(" * 31, "groups are nested too deeply", 30),
    ("((a{100}){100}){100}", "the pattern is too big", 0),
    ("(((((){255}){255}){255}){255}){255}", "the pattern is too big", 0),
]


@pytest.mark.parametrize(("pattern", "text", "position"), REFUSED)
def test_a_pattern_outside_the_common_syntax_is_refused(
    pattern: str, text: str, position: int
) -> None:
    """What the stores would read differently, or could choke on, is refused with its place."""
    with pytest.raises(PatternError) as caught:
        Pattern(pattern)

    assert (text, position) == (caught.value.text, caught.value.position)


def test_a_catastrophic_pattern_takes_linear_time() -> None:
    """What takes Python's engine longer than the universe has lasted ends at once here."""
    before = perf_counter()

    assert not Pattern("(a+)+$").matches("a" * 10_000 + "!")
    assert not Pattern("(a|a)*b").matches("a" * 10_000)
    assert perf_counter() - before < 5


def test_strange_texts_cannot_fill_the_memory() -> None:
    """A pattern forgets what it learned of characters before that becomes much."""
    pattern = Pattern(".*x")
    everything = "".join(map(chr, range(1, 0xD800)))

    assert pattern.matches(everything + "x")
    assert not pattern.matches(everything)


@pytest.mark.parametrize(
    ("pattern", "posix"),
    [
        ("a.b|c", "^(?:(?:[a-a].[b-b]|[c-c]))$"),
        ("[^-x]*", "^(?:(?:[^\\--\\-x-x]){0,})$"),
        (r"\d{2}", "^(?:(?:[0-9]){2,2})$"),
    ],
)
def test_postgres_is_given_an_unambiguous_text(pattern: str, posix: str) -> None:
    """Every construct is written out, every character that could mean something is escaped."""
    assert posix == Pattern(pattern).posix


@given(
    st.text(alphabet="ab()|*+?.[]^-1{}2,\\d", max_size=8),
    st.lists(st.text(alphabet="ab1-\n", max_size=5), max_size=5),
)
def test_it_agrees_with_python(text: str, values: list[str]) -> None:
    """Every pattern that is accepted means what Python's engine says it means."""
    try:
        pattern = Pattern(text)
    except PatternError:
        return
    reference = re.compile(text, re.DOTALL | re.ASCII)

    assert [bool(reference.fullmatch(value)) for value in values] == [
        pattern.matches(value) for value in values
    ]


@given(st.text(alphabet=string.printable))
def test_an_escaped_text_matches_itself(text: str) -> None:
    """Python's own escaping is understood."""
    assert Pattern(re.escape(text)).matches(text)


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        (".*disk.*", "disk"),
        (r".*a\.b.*", "a.b"),
        (".*.*", ""),
        ("disk.*", None),
        (".*d[ab]k.*", None),
        (".*disk+.*", None),
        ("a|b", None),
    ],
)
def test_a_search_for_a_text_is_known_as_one(pattern: str, part: str | None) -> None:
    """A database finds a literal many times faster than it runs a pattern."""
    assert Pattern(pattern).part == part
