"""The section `grouping`: what is evidence that alerts are one disruption, and for how long."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from watcher.model.policy import Grouping, Storm
from watcher.policy.rules.section import Single
from watcher.policy.values import Names, Span, Strict

_STORM = Storm()
_DEFAULT = Grouping()

Count = Annotated[int, Field(ge=1)]


class StormSection(Strict):
    """When an incident is a storm of alerts, and when something else began in its midst."""

    names: Annotated[
        Count,
        Field(description="An incident is a storm once so many different alerts start `within`."),
    ] = _STORM.names
    within: Annotated[
        Span,
        Field(description="How far back a storm is looked at, and a place gathers what starts."),
    ] = _STORM.within
    quiet: Annotated[
        Span,
        Field(description="A storm in which nothing started for longer takes in nothing new."),
    ] = _STORM.quiet
    settled: Annotated[
        Span,
        Field(description="A storm so young is still the first disruption, whatever starts."),
    ] = _STORM.settled
    burst: Annotated[
        Span,
        Field(description="Within which different alerts are counted to tell of a surge."),
    ] = _STORM.burst
    least: Annotated[
        Count,
        Field(description="A surge is no fewer different alerts than this within a `burst`."),
    ] = _STORM.least
    odds: Annotated[
        float,
        Field(gt=0, lt=1, description="A surge is not likelier than this to be mere chance."),
    ] = _STORM.odds
    gather: Annotated[
        Count,
        Field(description="So many different alerts at a place gather what else starts there."),
    ] = _STORM.gather

    @model_validator(mode="after")
    def _in_proportion(self) -> Self:
        if self.least > self.names:
            raise ValueError(f"least ({self.least}) should not be more than names ({self.names})")
        if self.burst > self.within:
            raise ValueError("burst should not be longer than within")
        return self


class GroupingSection(Strict):
    """What is evidence that alerts are one disruption, and for how long."""

    gap: Annotated[
        Span,
        Field(description="A condition that is back no later than this returns to its incident."),
    ] = _DEFAULT.gap
    same_host: Annotated[
        Span,
        Field(
            description="An alert joins the incident of an alert on its host no older than this."
        ),
    ] = _DEFAULT.same_host
    effect: Annotated[
        Span,
        Field(
            description="An alert joins that of what its host depends on, if it alerted no longer"
            " ago than this; half of it, where that is two hops away."
        ),
    ] = _DEFAULT.effect
    cause: Annotated[
        Span,
        Field(
            description="An alert joins that of what depends on its host, or on the same thing as"
            " its host, if it alerted no longer ago than this."
        ),
    ] = _DEFAULT.cause
    alike: Annotated[
        Span,
        Field(
            description="An alert joins that of the same alert on another host of its place, if"
            " it started no longer ago than this."
        ),
    ] = _DEFAULT.alike
    places: Annotated[
        Names,
        Field(description="The labels that say where an alert is; the first that it has counts."),
    ] = _DEFAULT.places
    storm: StormSection = Field(
        default_factory=StormSection,
        description="When an incident is a storm, and when something else began in its midst.",
    )
    lateness: Annotated[
        Span,
        Field(
            description="For how long late news may still change to which incident an alert"
            " belongs, and the machine may merge a new incident into another."
        ),
    ] = _DEFAULT.lateness
    suspect_after: Annotated[
        Span,
        Field(description="For how long after the first alert the likely cause may still change."),
    ] = _DEFAULT.suspect_after
    close_after: Annotated[
        Span, Field(description="For how long an incident stays resolved before it is closed.")
    ] = _DEFAULT.close_after


def _make(section: GroupingSection, *_: object) -> Grouping:
    return Grouping(**section.model_dump() | {"storm": Storm(**section.storm.model_dump())})


SECTION = Single("grouping", GroupingSection, _make)
