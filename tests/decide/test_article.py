"""A draft says what is known and leaves a heading for what is not; nothing in it is markup."""

from typing import Any

import pytest

from tests.contract.given import MINUTE, NOW, REASON, alert, incident
from watcher.decide.article import Known, name_of, of_incident, of_problem, told_by, topic_of
from watcher.model.article import Language, Topic
from watcher.model.change import replace
from watcher.model.evidence import Diagnosis, Highlight, Level, StepResult, StepStatus
from watcher.model.incident import Entry, EntryKind, Priority, Suspect
from watcher.model.problem import Problem, ProblemStatus
from watcher.model.reason import Reason

FULL = alert(name="No space left on db1", host="db1", summary="0 B free")
BLANK_INCIDENT = incident(title="Printing\n fails")


def diagnosis(runbook: str = "linux-base", minutes: int = 0, level: Level = Level.BAD) -> Diagnosis:
    """One that found a full disk, so many minutes after."""
    said = Highlight("full", level, "/var is 95 % full")
    step = StepResult("df", "Disk", StepStatus.OK, "", highlights=(said,))
    return Diagnosis(runbook, "Disks", "db1", NOW + minutes * MINUTE, 1.0, (step,))


def entry(kind: EntryKind, text: str, actor: str = "olga", why: str = "") -> Entry:
    """A line of the timeline."""
    return Entry(1, NOW, kind, text, Reason("by-hand", why), actor)


def known(**changes: Any) -> Known:
    """An incident with a full disk, which somebody cleaned."""
    return Known(
        **{
            "incident": incident(service="billing"),
            "alerts": [FULL],
            "diagnoses": [diagnosis()],
            "timeline": [
                entry(EntryKind.OPENED, "opened", "watcher"),
                entry(EntryKind.NOTE, "Deleted *old* logs"),
                entry(EntryKind.ACKNOWLEDGED, "acknowledged"),
                entry(EntryKind.RESOLVED, "resolved", why="rotated the logs"),
            ],
            **changes,
        }
    )


def problem(**changes: Any) -> Problem:
    """Logs that nobody rotates."""
    given: dict[str, Any] = {
        "number": 7,
        "customer": "acme",
        "title": "Logs fill the disk",
        "status": ProblemStatus.KNOWN_ERROR,
        "priority": Priority.P3,
        "opened_at": NOW,
        "opened_by": "olga",
        "last_at": NOW,
        **changes,
    }
    return Problem(**given)


def test_an_incident_becomes_a_draft() -> None:
    """Symptoms, checks, what people noted and why they said that it was over."""
    draft = of_incident(known(), Language.ENGLISH)

    assert "billing: down" == draft.title
    assert """\
## Symptoms

- No space left on <host> on db1: 0 B free

## Checks

- Disks on db1: 1 of 1 steps ran well. Wrong: /var is 95 % full.

## Cause

## Fix

- Deleted \\*old\\* logs
- rotated the logs
""" == draft.body.replace("\\<", "<").replace("\\>", ">")
    assert Topic("billing", ("No space left on <host>",), ("linux-base/full",)) == draft.topic


def test_a_draft_may_be_in_russian() -> None:
    """The headings are."""
    draft = of_incident(known(), Language.RUSSIAN)
    headings = [line for line in draft.body.splitlines() if line.startswith("#")]

    assert ["## Симптомы", "## Проверки", "## Причина", "## Решение"] == headings
    assert "на db1: 0 B free" in draft.body


def test_what_is_not_known_is_left_as_a_heading() -> None:
    """Of an incident that somebody opened by hand."""
    draft = of_incident(Known(BLANK_INCIDENT), Language.ENGLISH)

    assert "Printing fails" == draft.title
    assert "## Symptoms\n\n- Printing fails\n\n## Checks\n\n## Cause\n\n## Fix\n" == draft.body
    assert Topic() == draft.topic


@pytest.mark.parametrize(
    ("suspect", "said"),
    [
        (
            Suspect("k1", "db1", NOW, REASON),
            "Suspected by Watcher: No space left on \\<host\\> / db1",
        ),
        (Suspect("", "sw1", NOW, Reason("x", "")), "Suspected by Watcher: sw1\n"),
        (Suspect("gone", None, NOW, REASON), "## Cause\n\n## Fix"),
    ],
)
def test_a_suspect_is_named_as_a_suspicion(suspect: Suspect, said: str) -> None:
    """Nobody has said that it was the cause."""
    suspected = replace(incident(), suspect=suspect)

    assert said in of_incident(known(incident=suspected), Language.ENGLISH).body


def test_a_problem_becomes_a_draft() -> None:
    """With what its incidents were like, each alert once, and the newest of each diagnosis."""
    whole = problem(root_cause="No rotation", workaround="Clean up", fix="Rotate", runbook="disk-x")
    some = [
        known(),
        known(
            incident=incident(2, service="shop"),
            alerts=[
                alert(name="No space left on db2", host="db2"),
                alert(name="Shop", service="s"),
            ],
            diagnoses=[diagnosis(minutes=5), diagnosis("java", level=Level.GOOD)],
        ),
    ]
    draft = of_problem(whole, some, Language.ENGLISH)

    assert "Logs fill the disk" == draft.title
    assert 1 == draft.body.count("No space left")
    assert "- Shop on s" in draft.body
    assert 2 == draft.body.count("- Disks on db1")
    assert "## Cause\n\nNo rotation\n\n## Workaround\n\nClean up\n\nThe runbook to use: disk-x" in (
        draft.body
    )
    assert draft.body.endswith("## Fix\n\nRotate\n")
    assert Topic(None, ("No space left on <host>", "Shop"), ("linux-base/full",)) == draft.topic


def test_a_problem_without_anything_is_a_frame() -> None:
    """Headings to fill in."""
    draft = of_problem(problem(), [], Language.RUSSIAN)

    assert (
        "## Симптомы\n\n## Проверки\n\n## Причина\n\n## Обходное решение\n\n## Решение\n"
        == draft.body
    )


def test_long_lists_are_cut() -> None:
    """An outage of a hundred alerts is not a hundred symptoms."""
    many = [alert(f"k{n}", name=f"Alert {n}") for n in range(12)]
    draft = of_incident(known(alerts=many), Language.ENGLISH)

    assert "- Alert 9\n- and 2 more\n" in draft.body
    assert 10 == len(draft.topic.alerts)


def test_an_alert_has_the_same_name_on_every_host() -> None:
    """And at every time."""
    names = {
        name_of(alert(name=name, host=host))
        for name, host in (
            ("Disk of DB1 full at 2026-11-22 03:14", "db1"),
            ("Disk of db22 full  at 2026-11-23 04:15", "db22"),
        )
    }

    assert {"Disk of <host> full at <time>"} == names
    assert "Disk of db12 full" == name_of(alert(name="Disk of db12 full", host="db1"))
    assert 200 == len(name_of(alert(name="x" * 999)))


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("# Heading", "\\# Heading"),
        ("- item", "\\- item"),
        ("1. item", "1\\. item"),
        ("10.8.0.5 is down", "10\\.8.0.5 is down"),
        (
            "[x](javascript:y) `z` <b> &lt; _a_",
            "\\[x\\](javascript:y) \\`z\\` \\<b\\> \\&lt; \\_a\\_",
        ),
        ("node_exporter is down", "node_exporter is down"),
        ("two\nlines\x1b[0m", "two lines \\[0m"),
    ],
)
def test_nothing_that_monitoring_said_is_markup(name: str, escaped: str) -> None:
    """Whoever can trigger an alert cannot write articles."""
    draft = of_incident(known(alerts=[alert(name=name)]), Language.ENGLISH)

    assert draft.body.startswith(f"## Symptoms\n\n- {escaped}\n")


def test_only_what_is_wrong_is_told() -> None:
    """What a diagnosis rules out is no symptom."""
    assert [] == [*told_by(diagnosis(level=Level.GOOD))]
    assert ["linux-base/full"] == [name for name, _ in told_by(diagnosis(level=Level.WARN))]
    assert Topic() == topic_of([])
