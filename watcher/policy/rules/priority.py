"""The section `priority`: impact x urgency, checked for gaps and held to its own examples."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from watcher.decide.priority import Assessment, Breadth, Share, assess
from watcher.model.event import Severity
from watcher.model.incident import Priority
from watcher.model.policy import OutsideHours, PriorityRules, Wide
from watcher.policy.calendars import Timetable
from watcher.policy.problems import Place, Problems
from watcher.policy.rules.section import Single, Trial
from watcher.policy.suggest import did_you_mean
from watcher.policy.values import Name, Strict

_CRITICALITIES = (1, 2, 3, 4)
_WIDE = Wide()
# Without a calendar every hour is like any other.
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)

Criticality = Annotated[int, Field(ge=1, le=4)]
Count = Annotated[int, Field(ge=1)]
Many = Annotated[int, Field(ge=2)]


class Given(Strict):
    """A disruption of one service: how bad it is, how far it reaches, and when."""

    severity: Severity = Field(description="The highest severity seen.")
    criticality: Criticality | None = Field(
        None, description="That of the service, 1 to 4; none: the catalogue knows no service."
    )
    hosts: Count = Field(1, description="How many hosts are affected.")
    services: Count = Field(1, description="How many services are affected.")
    customers: Count = Field(1, description="How many customers are affected.")
    calendar: Timetable | None = Field(None, description="The business hours of the service.")
    at: AwareDatetime | None = Field(None, description="The time, with its zone.")

    @model_validator(mode="after")
    def _when(self) -> Self:
        if (self.calendar is None) is not (self.at is None):
            raise ValueError("needs both a calendar and a time `at`, or neither")
        return self


class Example(Strict):
    """One sentence of the priority rules, in figures."""

    name: str = ""
    given: Given
    expect: Priority


class WideEntry(Strict):
    """From how many on the impact is one step wider."""

    hosts: Many = _WIDE.hosts
    services: Many = _WIDE.services
    customers: Many = _WIDE.customers


class ExceptEntry(Strict):
    """What is as urgent outside of business hours as within."""

    criticality: tuple[Criticality, ...] = ()
    severity: tuple[Severity, ...] = ()


class OutsideHoursEntry(Strict):
    """How much less urgent a service is outside of its business hours."""

    down: Annotated[int, Field(ge=0)] = Field(1, description="So many steps of urgency.")
    except_: ExceptEntry = Field(
        ExceptEntry(), alias="except", description="What is as urgent as ever."
    )


class PrioritySection(Strict):
    """Impact x urgency; a row of the matrix has one priority for each urgency."""

    impacts: tuple[Name, ...]
    urgencies: tuple[Name, ...]
    matrix: dict[str, tuple[Priority, ...]]
    impact: dict[int, str]
    urgency: dict[Severity, str]
    unknown: Criticality = Field(2, description="Assumed where the catalogue has none.")
    wide: WideEntry = WideEntry()
    outside_hours: OutsideHoursEntry | None = None
    examples: tuple[Example, ...] = ()


def _trials(
    section: PrioritySection, rules: PriorityRules, place: Place, *_: object
) -> Iterator[Trial]:
    for number, example in enumerate(section.examples):
        found = _assessed(rules, example.given)
        because = "; ".join(f"{term.name} {term.value}: {term.because}" for term in found.terms)
        wrong = f"this example expects {example.expect}, but the rules say {found.priority}"
        complaint = f"{wrong} ({because})" if found.priority != example.expect else ""
        yield Trial(place / "examples" / number, example.name, complaint)


def _assessed(rules: PriorityRules, given: Given) -> Assessment:
    calendar = given.calendar.calendar("calendar") if given.calendar else None
    share = Share(given.severity, criticality=given.criticality, calendar=calendar)
    breadth = Breadth(given.hosts, given.services, given.customers)
    return assess(rules, [share], breadth, given.at or _ANY_TIME)


def _make(section: PrioritySection, place: Place, problems: Problems) -> PriorityRules | None:
    """The rules, or None where the tables do not fit together, which is noted."""
    complaints = list(_gaps(section, place))
    for where, message in complaints:
        problems.error(where, message)
    if complaints:
        return None
    return PriorityRules(
        impacts=section.impacts,
        urgencies=section.urgencies,
        matrix={
            (impact, urgency): priority
            for impact, row in section.matrix.items()
            for urgency, priority in zip(section.urgencies, row, strict=True)
        },
        impact=section.impact,
        urgency=section.urgency,
        unknown=section.unknown,
        wide=Wide(**section.wide.model_dump()),
        outside_hours=_outside_hours(section.outside_hours),
    )


def _outside_hours(entry: OutsideHoursEntry | None) -> OutsideHours | None:
    if entry is None:
        return None
    kept = entry.except_
    return OutsideHours(entry.down, frozenset(kept.criticality), frozenset(kept.severity))


def _gaps(section: PrioritySection, place: Place) -> Iterator[tuple[Place, str]]:
    yield from _cover(section.matrix, section.impacts, place / "matrix", "impact")
    for impact, row in section.matrix.items():
        if len(row) != len(section.urgencies):
            expected = len(section.urgencies)
            message = f"{impact!r} needs a priority for each of the {expected} urgencies"
            yield place / "matrix" / impact, f"{message}, and has {len(row)}"
    yield from _cover(section.impact, _CRITICALITIES, place / "impact", "criticality")
    yield from _lead_to(section.impact, section.impacts, place / "impact", "impact")
    yield from _cover(section.urgency, list(Severity), place / "urgency", "severity")
    yield from _lead_to(section.urgency, section.urgencies, place / "urgency", "urgency")


def _cover(
    table: Collection[object], needed: Collection[object], place: Place, noun: str
) -> Iterator[tuple[Place, str]]:
    for missing in (key for key in needed if key not in table):
        yield place, f"the {noun} {missing} is missing"
    for strange in (key for key in table if key not in needed):
        yield place, f"there is no {noun} {strange}"


def _lead_to(
    table: Mapping[int, str] | Mapping[Severity, str],
    known: Collection[str],
    place: Place,
    noun: str,
) -> Iterator[tuple[Place, str]]:
    for key, name in table.items():
        if name not in known:
            yield place / str(key), f"there is no {noun} {name!r}{did_you_mean(name, known)}"


SECTION = Single("priority", PrioritySection, _make, _trials)
