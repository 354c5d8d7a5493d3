"""The section `priority`: impact x urgency, checked for gaps and held to its own examples."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

from pydantic import Field

from watcher.decide.priority import prioritise
from watcher.model.event import Severity
from watcher.model.incident import Priority
from watcher.model.policy import PriorityRules
from watcher.policy.problems import Place, Problems
from watcher.policy.rules.section import Single, Trial
from watcher.policy.suggest import did_you_mean
from watcher.policy.values import Name, Strict

_CRITICALITIES = (1, 2, 3, 4)


class Given(Strict):
    """A disruption: highest severity, criticality of the service if known, hosts affected."""

    severity: Severity
    criticality: Annotated[int, Field(ge=1, le=4)] | None = None
    hosts: Annotated[int, Field(ge=1)] = 1


class Example(Strict):
    """One sentence of the priority rules, in figures."""

    name: str = ""
    given: Given
    expect: Priority


class PrioritySection(Strict):
    """Impact x urgency; a row of the matrix has one priority for each urgency."""

    impacts: tuple[Name, ...]
    urgencies: tuple[Name, ...]
    matrix: dict[str, tuple[Priority, ...]]
    impact: dict[int, str]
    urgency: dict[Severity, str]
    unknown: Annotated[int, Field(ge=1, le=4)] = 2
    wide: Annotated[int, Field(ge=2)] = 5
    examples: tuple[Example, ...] = ()


def _trials(
    section: PrioritySection, rules: PriorityRules, place: Place, *_: object
) -> Iterator[Trial]:
    for number, example in enumerate(section.examples):
        priority, _ = prioritise(rules, **example.given.model_dump())
        wrong = f"this example expects {example.expect}, but the rules say {priority}"
        complaint = wrong if priority != example.expect else ""
        yield Trial(place / "examples" / number, example.name, complaint)


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
        wide=section.wide,
    )


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
