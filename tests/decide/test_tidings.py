"""When people are told of what the first diagnoses found."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.decide.given import POLICY, T0, incident
from watcher.decide.lifecycle import News
from watcher.decide.route import notifications
from watcher.decide.tidings import tidings
from watcher.model.action import Action, ActionKind, ActionStatus
from watcher.model.evidence import Diagnosis, Highlight, Level, StepResult, StepStatus
from watcher.model.incident import Priority, Status
from watcher.model.policy import Channel


def action(
    status: ActionStatus = ActionStatus.DONE,
    *,
    kind: ActionKind = ActionKind.DIAGNOSE,
    later: int = 0,
    **payload: str,
) -> Action:
    """A diagnosis that Watcher ordered, unless it is said otherwise."""
    due = T0 + timedelta(minutes=later)
    return Action(1, 1, "acme", kind, "lane", "key", payload, status, 0, T0, due)


def seen(host: str, *levels: Level) -> Diagnosis:
    """A diagnosis that says something at each of these levels."""
    said = tuple(Highlight("signal", level, "it is so") for level in levels)
    step = StepResult("df", "Disk space", StepStatus.OK, "", highlights=said)
    return Diagnosis("disk", "Disk", host, T0, 1.0, (step,))


FULL = (seen("db2", Level.BAD), seen("db1", Level.WARN, Level.BAD, Level.GOOD))
HELD, WAITING, RUNNING = ActionStatus.HELD, ActionStatus.WAITING, ActionStatus.RUNNING
NOTIFY = ActionKind.NOTIFY


@pytest.mark.parametrize(
    "others",
    [
        [],
        [action(HELD)],
        [action(ActionStatus.RETRY), action(ActionStatus.GAVE_UP)],
        [action(WAITING, occasion="manual")],
        [action(WAITING, again="1"), action(WAITING, approved_by="olga")],
        [action(WAITING, later=5)],
        [action(WAITING, kind=NOTIFY, event="opened")],
    ],
)
def test_what_was_found_is_told_when_the_first_have_ended(others: list[Action]) -> None:
    """Neither people nor second looks nor hosts that let nobody in are waited for."""
    found = tidings(incident(), [action(), *others], FULL)

    assert found.tell
    assert "the first diagnoses have ended: 2 bad, 1 worth a look on db1, db2" == found.reason.text


@pytest.mark.parametrize(
    ("others", "changes", "evidence", "why"),
    [
        ([action(WAITING)], {}, FULL, "1 of the first diagnoses is to come"),
        ([action(RUNNING)] * 2, {}, FULL, "2 of the first diagnoses are to come"),
        ([action(kind=NOTIFY, event="evidence")], {}, FULL, "it has been told already"),
        ([], {"status": Status.RESOLVED}, FULL, "the incident is over"),
        (
            [],
            {"priority": Priority.P5},
            FULL,
            "nobody is told more of a P5 than that it is there",
        ),
        ([], {}, (seen("db1", Level.GOOD),), "the first diagnoses found nothing wrong"),
        ([], {}, (), "the first diagnoses found nothing wrong"),
    ],
)
def test_otherwise_nobody_is_disturbed(
    others: list[Action], changes: dict[str, Any], evidence: tuple[Diagnosis, ...], why: str
) -> None:
    """Each with its reason."""
    found = tidings(replace(incident(), **changes), [action(), *others], evidence)

    assert (False, why) == (found.tell, found.reason.text)


@pytest.mark.parametrize(("wanted", "expected"), [(True, ["1/notify/ops/evidence"]), (False, [])])
def test_a_channel_may_do_without(wanted: bool, expected: list[str]) -> None:
    """Who hears of it hears of it once for ever: its key names no moment."""
    policy = replace(POLICY, channels=(Channel("ops", "email", evidence=wanted),))
    found = notifications(incident(), [News.EVIDENCE], policy, T0)

    assert expected == [each.key for each in found]
