"""Signals: what L2 should see at once, from expressions that can do no harm."""

import pytest

from watcher.diagnostics.signals import complaint, highlights
from watcher.model.evidence import Level
from watcher.model.runbook import Signal

DISKS = [{"use": "-", "at": "/proc"}, {"use": "99%", "at": "/var"}, {"use": "10%", "at": "/"}]


def told(condition: str, say: str = "it fired", each: str = "", **known: object) -> list[str]:
    """What one signal says, or its note."""
    said, notes = highlights([Signal("s", Level.BAD, condition, say, each)], known)
    return [*(one.say for one in said), *notes]


def unsafe(name: str, kind: str) -> str:
    """The note of a signal that reached for what it may not."""
    return f"signal s failed: access to attribute '{name}' of '{kind}' object is unsafe."


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("use >= 95", ["it fired"]),
        ("use < 95", []),
        ("missing > 5", []),
        ("missing", []),
        ("missing.deeper == 1", []),
        ("missing is defined", []),
        ("text|number > 1000", ["it fired"]),
        ("word|number > 1000", []),
        ("missing|number > 1", []),
        ("use * 2 > 100 and use % 2 == 1", ["it fired"]),
        ("missing * 2 > 1", []),
        ("2 * missing > 1", []),
        ("rows|length == 3", ["it fired"]),
        ("rows|map(attribute='at')|list == ['/proc', '/var', '/']", ["it fired"]),
        ("1 / 0", ["signal s failed: division by zero"]),
        ("use + text", ["signal s failed: unsupported operand type(s) for +: 'int' and 'str'"]),
        ("text * 100000000", ["signal s failed: * is for two numbers"]),
        ("9 ** 999999999", ["signal s failed: ** is for two numbers"]),
        ("text.ljust(1000000000)", [unsafe("ljust", "str")]),
        ("text.__class__.__mro__", [unsafe("__class__", "str")]),
        ("rows.append(1)", [unsafe("append", "list")]),
        ("range(10)", []),
        ("cycler", []),
    ],
)  # fmt: skip
def test_a_condition_is_true_false_or_silent(condition: str, said: list[str]) -> None:
    """What is missing silences a signal; what is wrong, costly or forbidden is a note."""
    assert said == told(condition, use=97, text="1.5G", word="many", rows=DISKS)


def test_a_list_is_asked_item_by_item() -> None:
    """A row without the value does not silence the others."""
    said = told(
        "item.use|number >= 95", "{{ item.at }} is {{ item.use }} full", "disks", disks=DISKS
    )

    assert ["/var is 99% full"] == said
    assert [] == told("item", each="disks")
    assert ["x"] == told("item == 'x'", "{{ item }}", "one", one="x")


def test_a_long_list_is_told_in_part() -> None:
    """Ten sentences and how many more there are."""
    said = told("item > 4", "{{ item }}", "all", all=list(range(500)))

    assert (11, "… and 485 more like these") == (len(said), said[-1])


@pytest.mark.parametrize(
    ("say", "said"),
    [
        ("{{ 1536|bytes }} in {{ 7530|duration }}", "1.5 KiB in 2 h 5 min"),
        ("{{ '3k'|bytes }} {{ 0.1 + 0.2 }} {{ true }}", "3 KiB 0.3 True"),
        ("one\ntwo\x1b[31m", "one two [31m"),
        ("{{ long }}", "x" * 299 + "…"),
        ("{{ html }}", "<b>"),
    ],
)
def test_a_sentence_is_plain_short_text(say: str, said: str) -> None:
    """One line of 300 characters at most, with figures for people."""
    assert [said] == told("true", say, long="x" * 1000, html="<b>")


def test_a_sentence_whose_value_is_missing_is_not_said() -> None:
    """Better nothing than half a sentence."""
    assert [] == told("true", "{{ missing }} is wrong")
    assert [] == told("true", "{{ 'much'|bytes }}")


@pytest.mark.parametrize(
    ("condition", "say", "words"),
    [
        ("use > 1", "{{ use }}", ""),
        ("use >", "", "the expression or the sentence is wrong: "),
        ("use", "{{ use", "the expression or the sentence is wrong: "),
        ("use|format", "", "the expression or the sentence is wrong: No filter named 'format'."),
    ],
)
def test_authors_learn_of_mistakes_before(condition: str, say: str, words: str) -> None:
    """What can never work is said without any output."""
    found = complaint(Signal("s", Level.BAD, condition, say))

    assert found.startswith(words)
    assert bool(found) == bool(words)
