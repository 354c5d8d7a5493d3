"""Regular expressions that may take for ever are told from those that do not."""

import re
from time import perf_counter

import pytest

from watcher.kit.ambiguity import fault, is_explosive

EXPLOSIVE = (
    r"(a+)+",
    r"(a|a)*",
    r"(.*)*",
    r"(a*)*b",
    r"(a|aa)+$",
    r"(a|b|ab)*c",
    r"(\w+\s?)*$",
    r"(\s*\w+)*;",
    r"(x+x+)+y",
    r"(.*a){12}",
    r"(\d+,?)+$",
    r"((ab)*)*c",
    r"(a{1,30}){1,30}",
    r"([a-zA-Z]+)*\d",
    r"(?:[^,]*,?)*$",
    r"(.|\n)*\d(a?a?)*",
    r"(?:\d+|[0-9a-f]+)*x",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"(?i:(?:ab|A[B-C])*)x",
    r"(?=(a+)+b)",
    r"(?>(a+)+)b",
    r"(y)?(?(1)(a+)+|b)",
    r"(?:(?:a|bc?)[^x]?)*$",
    r"(?:(a)\1?b?|ab)*c",
)
SOUND = (
    r"(a+b)+",
    r"(\d+)%",
    r"(a?)*",
    r"(?:a|b)*",
    r"(?:\s+\S+)*",
    r"(?:[a-z]+\.)*x",
    r"\s*(\S+)\s+(.*)$",
    r"(?:\d{1,3}\.){3}\d{1,3}",
    r"^(?P<x>\w+)(?:-\w+)*$",
    r"(?:\\.|[^\"\\])*",
    r"(?s:.)*?x(?!y)",
    r"(?<!a)b{2,}|c{20}",
    r"(?:[^\W\d]\d)+[\d\-]{3}",
    r"(?:(?!END).)*END",
    r"(?a:\d[^\S ])*",
)


@pytest.mark.parametrize("pattern", EXPLOSIVE)
def test_a_loop_with_two_ways_for_one_text_is_refused(pattern: str) -> None:
    """Such an expression is known, whatever stands around the loop."""
    assert fault(pattern).startswith("may take for ever")


@pytest.mark.parametrize("pattern", SOUND)
def test_a_loop_with_one_way_for_each_text_is_taken(pattern: str) -> None:
    """Nested loops are fine where the text tells which of them reads it."""
    assert fault(pattern) == ""


@pytest.mark.parametrize("pattern", ["(", "a{99999999999}", "*"])
def test_what_is_no_expression_is_told_from_what_takes_long(pattern: str) -> None:
    """An author learns what to mend."""
    assert fault(pattern).startswith("is no regular expression")


def test_a_long_expression_is_judged_at_once() -> None:
    """Whoever loads runbooks does not wait for the judgement itself."""
    words = "|".join(f"word{number} [a-z]+" for number in range(60))
    began = perf_counter()

    assert is_explosive(rf"(?:(?:{words});)*(?:\w{{1,40}}=\S*,){{2,4}}$") is False
    assert perf_counter() - began < 2


def test_the_worst_that_is_taken_ends() -> None:
    """A sound expression over a long line of what it likes best fails within the time of a step."""
    assert re.search(r"(?:\s+\S+)*;", " a" * 1000) is None
