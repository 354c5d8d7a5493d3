"""Reads the rules, and checks that they are complete and do what their own examples say."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from watcher.decide.priority import prioritise
from watcher.model.event import Severity
from watcher.model.incident import Priority
from watcher.model.policy import Channel, Grouping, Policy, PriorityRules, RunbookTrigger
from watcher.policy.problems import Place, Problem, Problems, entries, part, read
from watcher.policy.suggest import did_you_mean
from watcher.policy.values import Duration, Name, Strict
from watcher.policy.yamlfile import Document

_GROUPING = Grouping()
_CRITICALITIES = (1, 2, 3, 4)


class GroupingSection(Strict):
    """When alerts are one disruption, and for how long that is provisional."""

    gap: Duration = _GROUPING.gap
    lateness: Duration = _GROUPING.lateness
    suspect_after: Duration = _GROUPING.suspect_after
    close_after: Duration = _GROUPING.close_after


class PrioritySection(Strict):
    """Impact x urgency; a row of the matrix has one priority for each urgency."""

    impacts: tuple[Name, ...]
    urgencies: tuple[Name, ...]
    matrix: dict[str, tuple[Priority, ...]]
    impact: dict[int, str]
    urgency: dict[Severity, str]
    unknown: Annotated[int, Field(ge=1, le=4)] = 2
    wide: Annotated[int, Field(ge=2)] = 5


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


class RulesFile(Strict):
    """What a rules file may hold."""

    grouping: GroupingSection | None = None
    priority: PrioritySection | None = None
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class _Rules:
    """The sound sections of a file or folder."""

    grouping: Grouping | None = None
    priority: PriorityRules | None = None


def load_policy(
    folders: Sequence[Path],
    runbooks: Sequence[RunbookTrigger],
    channels: Sequence[Channel],
    problems: Problems,
) -> Policy | None:
    """The policy of these folders; a section in a later folder replaces the one before it.

    None where no usable priority rules are left, which is noted.
    """
    grouping, priority = _GROUPING, None
    for folder in folders:
        rules = _folder(folder, problems)
        grouping, priority = rules.grouping or grouping, rules.priority or priority
    if priority is None:
        where = ", ".join(str(folder) for folder in folders) or "rules"
        problems.add(Problem(where, 0, "there are no usable priority rules here"))
        return None
    return Policy(priority, grouping, tuple(channels), tuple(runbooks))


def rule_files(folder: Path) -> list[Path]:
    """The files of a folder of rules, in the order in which they are read."""
    return sorted(folder.glob("*.yaml"))


def _folder(folder: Path, problems: Problems) -> _Rules:
    if not folder.is_dir():
        problems.add(Problem(str(folder), 0, "there is no such folder of rules"))
        return _Rules()
    first: dict[str, Place] = {}
    grouping, priority = None, None
    for path in rule_files(folder):
        document = read(path, RulesFile, problems)
        if document is None:
            continue
        for place in _sections(document):
            before = first.setdefault(place.name, place)
            if before is not place:
                problems.error(place, f"{place.name!r} stands in {before} already")
        rules = _rules(document, problems)
        grouping, priority = rules.grouping or grouping, rules.priority or priority
    return _Rules(grouping, priority)


def _sections(document: Document) -> Iterator[Place]:
    data = document.data if isinstance(document.data, dict) else {}
    return (Place(document, (key,)) for key in ("grouping", "priority") if key in data)


def _rules(document: Document, problems: Problems) -> _Rules:
    """The sound sections of a file, after its examples were tried on them."""
    grouping = part(document, "grouping", GroupingSection)
    section = part(document, "priority", PrioritySection)
    rules = _Rules(
        Grouping(**grouping.model_dump()) if grouping else None,
        _priority(section, Place(document, ("priority",)), problems) if section else None,
    )
    has_priority = any(place.name == "priority" for place in _sections(document))
    for place, example in entries(document, "examples", Example):
        if not has_priority:
            problems.error(place, "an example needs priority rules in the same file")
        elif rules.priority:
            _try(example, rules.priority, place, problems)
    return rules


def _try(example: Example, rules: PriorityRules, place: Place, problems: Problems) -> None:
    priority, _ = prioritise(rules, **example.given.model_dump())
    if priority != example.expect:
        message = f"this example expects {example.expect}, but the rules say {priority}"
        problems.error(place, message)


def _priority(section: PrioritySection, place: Place, problems: Problems) -> PriorityRules | None:
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
