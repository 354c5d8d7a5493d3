"""The section `inhibit`: alerts that make others superfluous as long as they fire."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from watcher.decide.silence import Case, Inhibitors
from watcher.model.alert import Alert, AlertStatus, Occurrence
from watcher.model.event import Severity
from watcher.model.silence import Inhibition
from watcher.policy.problems import Place, Problems
from watcher.policy.rules.matchers import Matchers, all_of
from watcher.policy.rules.rules import GivenAlert
from watcher.policy.rules.section import Listed, Trial
from watcher.policy.values import Duration, Name, Names, Strict

_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class GivenPair(Strict):
    """Two alerts, of which the first fires."""

    source: GivenAlert = Field(description="The alert that fires.")
    target: GivenAlert = Field(description="The alert that begins meanwhile.")


class ExpectHeld(Strict):
    """Whether the rule matches."""

    matches: bool = Field(True, description="Whether the alert is held back.")


class InhibitExample(Strict):
    """One sentence about a rule: two alerts, and whether the one holds back the other."""

    name: str = Field("", description="The sentence.")
    given: GivenPair = Field(description="The two alerts.")
    expect: ExpectHeld = Field(description="What is to become of the second.")


class InhibitEntry(Strict):
    """While one alert fires, others open no incident."""

    name: Name = Field(description="What the rule is called; one of the same name replaces it.")
    source: Matchers = Field(description="Which alerts hold others back.")
    target: Matchers = Field(description="Which alerts are held back.")
    equal: Names = Field((), description="The fields or labels that both must have the same of.")
    at_most: Duration = Field(
        timedelta(hours=24), gt=timedelta(), description="For how long one alert may do so."
    )
    examples: tuple[InhibitExample, ...] = Field((), description="Alerts and what becomes of them.")


def alert_of(given: GivenAlert, number: int = 0) -> Alert:
    """The alert of an example; without a key it is a condition of its own."""
    return Alert(
        customer=given.customer,
        key=given.key or f"example {number}",
        source=given.source,
        occurrence="",
        status=AlertStatus.FIRING,
        severity=given.severity,  # type: ignore[arg-type]  # none at all, where it is left out
        name=given.name,
        first_at=_MOMENT,
        last_at=_MOMENT,
        started_at=_MOMENT,
        host=given.host,
        service=given.service,
        labels=given.labels,
    )


def case_of(alert: Alert, at: datetime = _MOMENT) -> Case:
    """The alert as one that begins at that moment."""
    severity = Severity.INFORMATION
    span = Occurrence(alert.customer, alert.key, "", severity, at, severity, at, started_at=at)
    return Case(alert, span, at, at, at)


def _make(entry: InhibitEntry, place: Place, problems: Problems) -> Inhibition:
    return Inhibition(
        entry.name,
        all_of(entry.source, place / "source", problems),
        all_of(entry.target, place / "target", problems),
        entry.equal,
        entry.at_most,
    )


def _trials(
    entry: InhibitEntry, rule: Inhibition, place: Place, _: Mapping[str, Any]
) -> Iterator[Trial]:
    for number, example in enumerate(entry.examples):
        inhibitors = Inhibitors((rule,))
        inhibitors.note(alert_of(example.given.source, 1))
        held = inhibitors.against(case_of(alert_of(example.given.target, 2))) is not None
        complaint = ""
        if held is not example.expect.matches:
            does = "does" if held else "does not"
            complaint = f"this example expects otherwise, but the rule {does} hold the alert back"
        yield Trial(place / "examples" / number, example.name, complaint)


SECTION = Listed("inhibit", InhibitEntry, _make, _trials)
