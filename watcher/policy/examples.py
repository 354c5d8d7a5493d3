"""Checks rules against the examples that stand beside them: given this, expect that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from watcher.decide.correlate import extend, place
from watcher.decide.priority import prioritise
from watcher.model.alert import Occurrence
from watcher.model.event import Severity
from watcher.model.incident import Incident, Priority, Status
from watcher.model.policy import Grouping, PriorityRules
from watcher.policy.values import Duration, Strict

_START = datetime(2026, 1, 1, tzinfo=UTC)


class Given(Strict):
    """A disruption to be prioritised, or the starts of alerts on one service."""

    severity: Severity | None = None
    criticality: Annotated[int, Field(ge=1, le=4)] | None = None
    hosts: Annotated[int, Field(ge=1)] = 1
    starts: tuple[Duration, ...] = ()


class Expect(Strict):
    """The priority, or the number of incidents."""

    priority: Priority | None = None
    incidents: int | None = None


class Example(Strict):
    """One sentence of the policy, in figures."""

    name: str = ""
    given: Given
    expect: Expect


@dataclass(frozen=True, slots=True)
class Rules:
    """The sections that one file holds."""

    grouping: Grouping | None = None
    priority: PriorityRules | None = None


def mismatch(example: Example, rules: Rules) -> str | None:
    """What is wrong with an example under these rules; None where it holds."""
    given, expect = example.given, example.expect
    if given.severity and expect.priority and rules.priority:
        got, _ = prioritise(
            rules.priority,
            severity=given.severity,
            criticality=given.criticality,
            hosts=given.hosts,
        )
        return None if got == expect.priority else _differs("priority", expect.priority, got)
    if given.starts and expect.incidents is not None and rules.grouping:
        count = _incidents([_START + start for start in given.starts], rules.grouping)
        return None if count == expect.incidents else _differs("incidents", expect.incidents, count)
    return (
        "an example gives a severity and expects a priority, or gives starts and expects "
        "incidents, in the file of that section"
    )


def _differs(what: str, expected: object, actual: object) -> str:
    return f"this example expects {what}: {expected}, but the rules say {actual}"


def _incidents(starts: Sequence[datetime], rules: Grouping) -> int:
    """How many incidents alerts of different conditions on one service make."""
    incidents: dict[int, Incident] = {}
    for number, start in enumerate(starts):
        occurrence = Occurrence("", f"{number}", "", Severity.HIGH, start, started_at=start)
        found = place(
            occurrence, None, None, incidents.values(), group="service:x", point=start, rules=rules
        )
        incident = found.incident or _incident(number, start)
        incidents[incident.number] = extend(incident, start, rules)
    return len(incidents)


def _incident(number: int, start: datetime) -> Incident:
    return Incident(
        number=number,
        customer="",
        title="",
        status=Status.OPEN,
        priority=Priority.P3,
        terms=(),
        group="service:x",
        severity=Severity.HIGH,
        opened_at=start,
        burst_at=start,
        last_at=start,
    )
