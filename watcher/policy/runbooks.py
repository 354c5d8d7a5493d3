"""Runbooks: the YAML files of some folders, checked down to their templates, as model nouns."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from watcher.diagnostics.inputs import allowed
from watcher.diagnostics.render import complaint
from watcher.model.policy import RunbookMatch, RunbookTrigger
from watcher.model.runbook import Input, InputType, Runbook, Step
from watcher.policy.problems import Place, Problem, Problems, checked, read
from watcher.policy.values import Duration, Name, Names, Strict

_LONGEST = timedelta(hours=1)
_SIZE = re.compile(r"([1-9][0-9]{0,8})(k|M)?")
_BYTES = {None: 1, "k": 1024, "M": 1024 * 1024}


def _size(value: object) -> int:
    if match := _SIZE.fullmatch(str(value)):
        return int(match[1]) * _BYTES[match[2]]
    raise ValueError(f"{value!r} is no size; write bytes or a unit: 800, 16k or 1M")


def _sensible(value: timedelta) -> timedelta:
    if not timedelta() < value <= _LONGEST:
        raise ValueError(f"should be more than nothing and at most {_LONGEST}")
    return value


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return value


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
Ident = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)]
Variable = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Command = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./+-]+$", max_length=80)]
Time = Annotated[Duration, AfterValidator(_sensible)]
Size = Annotated[int, BeforeValidator(_size, json_schema_input_type=str)]
Commands = Annotated[
    tuple[Command, ...], BeforeValidator(lambda v: [v] if isinstance(v, str) else v)
]
ExitCode = Annotated[int, Field(ge=0, le=255)]


class HostClause(Strict):
    """Which hosts a clause means, by their tags in the inventory."""

    tags: Annotated[dict[str, Names], Field(min_length=1)]


class Clause(Strict):
    """When a runbook applies: everything that is given must hold."""

    source: Names = ()
    alert: Names = ()
    host: HostClause | None = None


class MatchSection(Strict):
    """A runbook applies when one of these clauses does."""

    any: Annotated[list[Clause], Field(min_length=1)]


class PolicySection(Strict):
    """The limits of one run on one host."""

    timeout: Time = timedelta(seconds=60)
    max_output: Annotated[Size, Field(le=2_097_152)] = 524_288


class InputEntry(Strict):
    """One value from the alert, and what it must look like."""

    type: InputType
    from_: Annotated[Names, Field(alias="from")] = ()
    default: str | None = None
    values: Names = ()
    pattern: Annotated[str, AfterValidator(_regex)] | None = None
    description: str = ""


class OutputSection(Strict):
    """How much is kept of the two ends of a step's output."""

    head: Annotated[Size, Field(le=262_144)] = 16_384
    tail: Annotated[Size, Field(le=262_144)] = 16_384


class StepEntry(Strict):
    """One command, and what to read in its output."""

    id: Ident
    title: Annotated[Name, StringConstraints(max_length=80)]
    run: Annotated[str, StringConstraints(min_length=1, max_length=8000)]
    read: str = ""
    timeout: Time = timedelta(seconds=10)
    needs: Commands = ()
    ok_exit: tuple[ExitCode, ...] = (0,)
    output: OutputSection = OutputSection()


class RunbookFile(Strict):
    """What the file of a runbook may hold."""

    apiVersion: Literal["watcher/v1"]
    kind: Literal["Runbook"]
    id: Slug
    title: Annotated[Name, StringConstraints(max_length=100)]
    owner: Name
    summary: str = ""
    match: MatchSection
    policy: PolicySection = PolicySection()
    inputs: dict[Variable, InputEntry] = Field(default_factory=dict)
    steps: Annotated[list[StepEntry], Field(min_length=1, max_length=30)]


def load_runbooks(folders: Sequence[Path], problems: Problems) -> dict[str, Runbook]:
    """The runbooks of these folders by id; one in a later folder replaces its namesake."""
    found: dict[str, Runbook] = {}
    for folder in folders:
        if not folder.is_dir():
            problems.add(Problem(str(folder), 0, "there is no such folder of runbooks"))
        for path in sorted(folder.glob("*.yaml")):
            if (runbook := _load(path, problems)) is not None:
                found[runbook.id] = runbook
    return found


def triggers(runbooks: Iterable[Runbook]) -> tuple[RunbookTrigger, ...]:
    """What decisions need to know of these runbooks."""
    return tuple(RunbookTrigger(runbook.id, runbook.match) for runbook in runbooks)


def _load(path: Path, problems: Problems) -> Runbook | None:
    document = read(path, RunbookFile, problems)
    file = checked(document, RunbookFile, problems) if document else None
    if document is None or file is None:
        return None
    runbook = _runbook(file)
    complaints = list(_complaints(path, runbook, file, Place(document)))
    for place, message in complaints:
        problems.error(place, message)
    return None if complaints else runbook


def _complaints(
    path: Path, runbook: Runbook, file: RunbookFile, top: Place
) -> Iterator[tuple[Place, str]]:
    """What is wrong though every value by itself is right."""
    if runbook.id != path.stem:
        yield top / "id", f"should be {path.stem!r}, the name of its file"
    for number, clause in enumerate(file.match.any):
        if not clause.model_fields_set:
            yield top / "match" / "any" / number, "a clause that says nothing applies to nothing"
    for one in runbook.inputs:
        yield from _input_complaints(one, top / "inputs" / one.name)
    times = Counter(step.id for step in runbook.steps)
    for number, step in enumerate(runbook.steps):
        place = top / "steps" / number
        if times[step.id] > 1:
            yield place / "id", f"there is more than one step {step.id!r}"
        if wrong := complaint(step.run, runbook.inputs):
            yield place / "run", wrong


def _input_complaints(one: Input, place: Place) -> Iterator[tuple[Place, str]]:
    if (one.type is InputType.ENUM) != bool(one.values):
        yield place, "values belong to an input of the type enum, and every enum has some"
    elif one.default is not None and not allowed(one, one.default):
        yield place / "default", f"{one.default!r} is not allowed by the input itself"
    if not one.sources and one.default is None:
        yield place, "has neither `from` nor `default`, so it never has a value"


def _runbook(file: RunbookFile) -> Runbook:
    return Runbook(
        id=file.id,
        title=file.title,
        owner=file.owner,
        summary=file.summary,
        match=tuple(_match(clause) for clause in file.match.any),
        timeout=file.policy.timeout.total_seconds(),
        max_output=file.policy.max_output,
        inputs=tuple(_input(name, entry) for name, entry in file.inputs.items()),
        steps=tuple(_step(entry) for entry in file.steps),
    )


def _match(clause: Clause) -> RunbookMatch:
    tags: Mapping[str, tuple[str, ...]] = clause.host.tags if clause.host else {}
    return RunbookMatch(clause.source, clause.alert, tags)


def _input(name: str, entry: InputEntry) -> Input:
    return Input(name, entry.type, entry.from_, entry.default, entry.values, entry.pattern)


def _step(entry: StepEntry) -> Step:
    return Step(
        id=entry.id,
        title=entry.title,
        run=entry.run,
        read=entry.read,
        timeout=entry.timeout.total_seconds(),
        needs=entry.needs,
        ok_exit=entry.ok_exit,
        head=entry.output.head,
        tail=entry.output.tail,
    )
