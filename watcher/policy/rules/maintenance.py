"""The section `maintenance`: when alerts are expected, and of what."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from watcher.decide.silence import Windows
from watcher.decide.windows import WindowError, check, in_utc
from watcher.model.change import replace
from watcher.model.silence import Window, WindowKind
from watcher.policy.problems import Place, Problems
from watcher.policy.rules.inhibit import ExpectHeld, alert_of, case_of
from watcher.policy.rules.matchers import Matchers, all_of
from watcher.policy.rules.rules import GivenAlert
from watcher.policy.rules.section import Listed, Trial
from watcher.policy.values import Duration, Name, Strict


def _local(value: object) -> datetime:
    """A date and time without a zone. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is no time; write it like 2026-03-01 02:00") from None
    if moment.tzinfo is not None:
        raise ValueError("the zone of this time stands in `timezone`, not here")
    return moment


LocalTime = Annotated[datetime, BeforeValidator(_local, json_schema_input_type=str)]
# A number alone would be taken for that of a window that somebody planned.
WindowName = Annotated[str, StringConstraints(pattern=r"^[^\W\d_][\w.-]*$", max_length=100)]


class GivenMoment(GivenAlert):
    """An alert, and when it begins."""

    at: LocalTime = Field(description="When it begins, by the clocks of the window.")


class WindowExample(Strict):
    """One sentence about a window: an alert at some time, and whether it is held back."""

    name: str = Field("", description="The sentence.")
    given: GivenMoment = Field(description="The alert.")
    expect: ExpectHeld = Field(description="What is to become of it.")


class MaintenanceEntry(Strict):
    """A time during which alerts open no incident, once or again and again."""

    name: WindowName = Field(description="What it is called; one of the same name replaces it.")
    customer: Name | None = Field(None, description="Whose alerts; without it everybody's.")
    when: Matchers = Field(description="Which alerts; all matchers must hold.")
    starts: LocalTime = Field(description="The first beginning, as 2026-03-01 02:00.")
    ends: LocalTime | None = Field(None, description="The end of the first time.")
    duration: Duration | None = Field(None, description="Its length instead, as 2h.")
    repeat: str = Field("", description="A rule of RFC 5545, as FREQ=WEEKLY;BYDAY=SU.")
    timezone: Name = Field("UTC", description="By which clocks, as Europe/Berlin.")
    comment: str = Field("", description="What is done then.")
    examples: tuple[WindowExample, ...] = Field((), description="Alerts and what becomes of them.")

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.ends is None) is (self.duration is None):
            raise ValueError("needs either `ends` or `duration`")
        return self

    @property
    def length(self) -> timedelta:
        """How long it is open, by the clocks of the place."""
        if self.duration is not None:
            return self.duration
        return (self.ends or self.starts) - self.starts


def _make(entry: MaintenanceEntry, place: Place, problems: Problems) -> Window | None:
    when = all_of(entry.when, place / "when", problems)
    try:
        window = Window(
            kind=WindowKind.MAINTENANCE,
            customer=entry.customer,
            when=when,
            starts=in_utc(entry.starts, entry.timezone),
            length=entry.length,
            repeat=entry.repeat,
            zone=entry.timezone,
            title=entry.name,
            comment=entry.comment,
        )
        check(window)
    except WindowError as error:
        problems.error(place, str(error))
        return None
    return window


def _trials(
    entry: MaintenanceEntry, window: Window, place: Place, _: Mapping[str, Any]
) -> Iterator[Trial]:
    windows = Windows((window,))
    for number, example in enumerate(entry.examples):
        alert = alert_of(example.given)
        if window.customer is not None:
            alert = replace(alert, customer=window.customer)
        held = windows.holding(case_of(alert, in_utc(example.given.at, window.zone))) is not None
        complaint = ""
        if held is not example.expect.matches:
            does = "does" if held else "does not"
            complaint = f"this example expects otherwise, but the window {does} hold the alert back"
        yield Trial(place / "examples" / number, example.name, complaint)


SECTION = Listed("maintenance", MaintenanceEntry, _make, _trials)
