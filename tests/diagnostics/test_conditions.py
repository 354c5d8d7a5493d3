"""Conditions on facts become tests of a POSIX shell that say the same."""

import subprocess

import pytest

from watcher.decide.match import holds, parse
from watcher.diagnostics.conditions import complaint, condition
from watcher.diagnostics.frames import parse as parse_frames
from watcher.model.matcher import Matcher, Operator

VALUES = ["debian", "12", "12.4", "x86_64", "", "a b", "it's", "a-b", "$(reboot)", "ubuntu\\"]


@pytest.mark.parametrize(
    "text",
    [
        'os_id="debian"',
        'os_id!="debian"',
        'os_id="it\'s"',
        'os_id="$(reboot)"',
        'os_id=~"debian|ubuntu"',
        'os_id!~"debian|12"',
        r'os_id=~"\d+(?:\.\d+)?"',
        r'os_id=~"[\w$]+"',
        r'os_id=~"[^\d.]+"',
        r'os_id=~"\D+?"',
        r'os_id=~"a\sb"',
        r'os_id=~"a[\s-]b"',
        r'os_id=~"x86\_64"',
        r'os_id=~"(d|u).{5}"',
        r'os_id=~".*\\\\"',
        r'os_id=~".*\$\(.*"',
    ],
)
def test_the_host_decides_as_we_do(text: str) -> None:
    """A shell and grep come to the same answer for every value."""
    matcher = parse(text)
    assert "" == complaint(matcher[0])
    loop = "while IFS= read -r F_os_id; do if {}; then echo 1; else echo 0; fi; done"
    answer = subprocess.run(
        ["sh", "-c", loop.format(condition(matcher))],
        input="\n".join(VALUES) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )

    assert [holds(matcher[0], value) for value in VALUES] == [
        line == "1" for line in answer.stdout.split()
    ]


@pytest.mark.parametrize(
    ("matcher", "words"),
    [
        (Matcher("os", Operator.EQUAL, "x"), "there is no fact 'os'; there are: os_id, "),
        (Matcher("os_id", Operator.REGEX, r"[\]]"), r"[\]] cannot be tested on a host"),
        (Matcher("os_id", Operator.REGEX, r"[\D]"), r"[\D] cannot be tested on a host"),
        (Matcher("os_id", Operator.REGEX, r"\n"), r"\n cannot be tested on a host"),
        (Matcher("os_id", Operator.REGEX, "["), "'[' cannot be tested on a host"),
    ],
)
def test_what_cannot_be_tested_there_is_said(matcher: Matcher, words: str) -> None:
    """Before anything runs, with what to do."""
    assert complaint(matcher).startswith(words)


@pytest.mark.parametrize(
    ("clock", "seconds"),
    [("1000.250000000", 1000.25), ("1000.%N", 1000.5), ("1000.", 1000.5), ("soon", None)],
)
def test_facts_of_a_stranger_are_short_and_printable(clock: str, seconds: float | None) -> None:
    """What a host says of itself is text like any other; its clock may know whole seconds only."""
    told = f"os_id=a\x07{'b' * 500}\nos_id=second\nuser=\nstrange=x\nclock={clock}\n".encode()
    frames = parse_frames(b"hi\n\x1eN F\n" + told + b"\n\x1eN Z\n", "N")

    assert {"os_id": "a" + "b" * 99} == frames.facts
    assert (seconds, True, b"hi") == (frames.clock, frames.complete, frames.noise)
