"""What a diagnosis says in one paragraph, and what changed since the run before."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from watcher.decide.findings import LONGEST, NOT_HERE, changes, summary, worst
from watcher.model.evidence import Diagnosis, Highlight, Level, StepResult, StepStatus, Value

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FULL = Highlight("full", Level.BAD, "/var is 97 % full.")
SLOW = Highlight("slow", Level.WARN, "/var is slow")
ROOM = Highlight("room", Level.GOOD, "/ has room (40 %)")
NEWS = Highlight("news", Level.INFO, "it runs Debian 12")


def seen(
    *said: Highlight, name: str = "df", values: Mapping[str, Value] | None = None
) -> StepResult:
    """A step that ran well, and what its signals said."""
    return StepResult(
        name, name.title(), StepStatus.OK, "text", highlights=said, values=values or {}
    )


def unseen(status: StepStatus, reason: str, name: str = "lsof") -> StepResult:
    """A step of which there is only a reason."""
    return StepResult(name, name.title(), status, "", reason=reason)


def of(*steps: StepResult, problem: str = "") -> Diagnosis:
    """A diagnosis of these steps."""
    return Diagnosis("disk", "Disk", "db1", NOON, 1.0, steps, problem)


@pytest.mark.parametrize(
    ("diagnosis", "words"),
    [
        (
            of(problem="no connection: refused"),
            "Disk on db1: nothing could be seen. no connection: refused.",
        ),
        (of(seen()), "Disk on db1: 1 of 1 steps ran well. Nothing wrong was found."),
        (
            of(seen(ROOM, NEWS, FULL, SLOW)),
            "Disk on db1: 1 of 1 steps ran well. Wrong: /var is 97 % full. Worth a look: /var is "
            "slow. Ruled out: / has room (40 %). Beside: it runs Debian 12.",
        ),
        (
            of(
                unseen(StepStatus.UNAVAILABLE, "the host has no command 'lsof'"),
                unseen(StepStatus.FAILED, "", "du"),
                unseen(StepStatus.SKIPPED, "waits for approval: it pauses", "strace"),
                unseen(StepStatus.SKIPPED, f"{NOT_HERE}: no variant of it fits", "openrc"),
                replace(seen(name="ss"), partial="without root: ss"),
                problem="the diagnosis is not complete",
            ),
            "Disk on db1: 1 of 4 steps ran well. Nothing wrong was found. Not seen: the diagnosis "
            "is not complete; Lsof (the host has no command 'lsof'); Du (failed); Strace (waits "
            "for approval: it pauses); Ss in part (without root: ss).",
        ),
        (
            of(unseen(StepStatus.SKIPPED, "the alert has no value")),
            "Disk on db1: 0 of 1 steps ran well. Not seen: Lsof (the alert has no value).",
        ),
    ],
    ids=["unreachable", "quiet", "all levels", "not seen", "nothing ran"],
)
def test_a_summary_says_what_counts(diagnosis: Diagnosis, words: str) -> None:
    """What was checked, what is wrong, what was not seen, what was ruled out; in this order."""
    assert words == summary(diagnosis)


def test_a_summary_is_short() -> None:
    """However much there is to say, what is wrong comes first and the rest is cut."""
    many = [Highlight(f"s{n}", Level.BAD, f"disk number {n} is full") for n in range(100)]
    text = summary(of(seen(*many, ROOM)))

    assert len(text) == LONGEST
    assert text.endswith("…")
    assert "Ruled out" not in text


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (of(seen(FULL)), of(seen(replace(FULL, say="/var is 99 % full."))), ()),
        (
            of(seen(SLOW, name="a"), seen(name="b")),
            of(seen(NEWS, ROOM, name="a"), seen(SLOW, FULL, name="b")),
            (
                "new: /var is 97 % full.",
                "new: /var is slow",
                "gone: /var is slow",
                "now: / has room (40 %)",
                "now: it runs Debian 12",
            ),
        ),
        (
            of(seen(Highlight("full", Level.BAD, "/disk1 is full"))),
            of(seen(Highlight("full", Level.BAD, "/disk2 is full"))),
            ("new: /disk2 is full", "gone: /disk1 is full"),
        ),
        (of(seen(ROOM)), of(seen()), ()),
        (
            of(seen(FULL)),
            of(unseen(StepStatus.TIMEOUT, "", "df")),
            ("Df: was ok, is timeout",),
        ),
        (
            of(unseen(StepStatus.TIMEOUT, "", "df")),
            of(seen(FULL)),
            ("Df: was timeout, is ok",),
        ),
        (of(seen()), of(unseen(StepStatus.NO_DATA, "", "df")), ()),
        (
            of(seen(values={"a": 100, "b": 1.0, "c": "x", "d": True, "e": 1, "g": 0})),
            of(seen(values={"a": 105, "b": 1.5, "c": "y", "d": False, "f": 1, "g": 0})),
            ("Df: b 1 -> 1.5", "Df: c x -> y", "Df: d true -> false"),
        ),
        (of(problem="refused"), of(problem="refused"), ()),
        (
            of(problem="refused"),
            of(problem="no route"),
            ("still nothing could be seen, but for another reason: no route",),
        ),
        (of(problem="refused"), of(seen()), ("could be seen again; before: refused",)),
        (of(seen()), of(problem="refused"), ("nothing could be seen any more: refused",)),
        (of(seen()), of(seen(name="other")), ()),
    ],
)
def test_changes_are_those_that_mean_something(
    before: Diagnosis, after: Diagnosis, found: tuple[str, ...]
) -> None:
    """Signals that came or went, states and values; the figures of a sentence are not news."""
    assert found == changes(before, after)


def test_only_so_many_changes_are_told() -> None:
    """A host on which everything is different fills no page."""
    names = [f"v{n}" for n in range(40)]
    told = changes(
        of(seen(values=dict.fromkeys(names, 1))), of(seen(values=dict.fromkeys(names, 2)))
    )

    assert (13, "and 28 more changes") == (len(told), told[-1])


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((), None),
        ((Level.GOOD, Level.WARN), Level.WARN),
        ((Level.WARN, Level.BAD), Level.BAD),
        ((Level.GOOD, Level.INFO), Level.INFO),
    ],
)
def test_a_diagnosis_is_as_bad_as_the_worst_it_says(
    levels: tuple[Level, ...], expected: Level | None
) -> None:
    """Good news is what is left when there is no other."""
    said = tuple(Highlight("it", each, "it is so") for each in levels)

    assert expected is worst(of(replace(unseen(StepStatus.OK, ""), highlights=said)))
