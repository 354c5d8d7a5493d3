"""Reads folders of runbooks; what is wrong with one takes nothing from the others."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from watcher.model.policy import RunbookTrigger
from watcher.model.runbook import Rehearsal, Runbook
from watcher.policy.problems import Place, Problem, Problems, checked
from watcher.policy.runbooks.file import RunbookFile
from watcher.policy.runbooks.source import Source
from watcher.policy.suggest import did_you_mean
from watcher.policy.yamlfile import YamlError, load

FIXTURES = "fixtures"
"""The folder of recorded outputs, beside the files of runbooks."""
# By file and the time of its last change: a process that loads settings again reads these once.
_TAKEN: dict[tuple[Path, int], Runbook] = {}


def load_runbooks(
    folders: Sequence[Path], problems: Problems, proven: Collection[Path] = ()
) -> dict[str, Runbook]:
    """The runbooks of these folders by id; one in a later folder replaces its namesake.

    Those in folders that are `proven` are taken as they stand, without looking for what bars them.
    What was recorded for their tests is not read: see `with_fixtures`.
    """
    found: dict[str, Runbook] = {}
    for path in runbook_files(folders, problems):
        if path.parent in proven:
            runbook = _taken(path, problems)
        else:
            source = read_runbook(path, problems)
            runbook = source.runbook if source is not None else None
        if runbook is not None:
            found[runbook.id] = runbook
    return found


def runbook_files(folders: Iterable[Path], problems: Problems) -> Iterator[Path]:
    """The files of these folders in the order in which they are read; a folder that is not there is
    noted.
    """
    for folder in folders:
        if not folder.is_dir():
            problems.add(Problem(str(folder), 0, "there is no such folder of runbooks"))
        yield from sorted(folder.glob("*.yaml"))


def read_runbook(path: Path, problems: Problems) -> Source | None:
    """The runbook of one file; None where something bars it from being used, which is noted."""
    source = _read(path, problems)
    return source if source is not None and _is_fit(source, problems) else None


def _taken(path: Path, problems: Problems) -> Runbook | None:
    """The runbook of a file that is taken as it stands."""
    key = path, path.stat().st_mtime_ns
    if key not in _TAKEN:
        source = _read(path, problems)
        if source is None:
            return None
        _TAKEN[key] = source.runbook
    return _TAKEN[key]


def _read(path: Path, problems: Problems) -> Source | None:
    """The runbook of one file in which every single value is right."""
    try:
        document = load(path)
    except YamlError as error:
        problems.take(error)
        return None
    file = checked(document, RunbookFile, problems)
    if file is None:
        return None
    content = path.read_bytes()
    runbook = file.runbook(path, sha256(content).hexdigest())
    return Source(document, file, runbook, tuple(content.decode(errors="replace").splitlines()))


def _is_fit(source: Source, problems: Problems) -> bool:
    """Whether nothing bars the runbook from being used."""
    # Most starts read proven runbooks only, and need neither templates nor a parser of shells.
    from watcher.policy.runbooks.complaints import complaints, warnings  # noqa: PLC0415 - see above
    from watcher.policy.runbooks.lint import dangers  # noqa: PLC0415 - see above

    runbook, place = source.runbook, Place(source.document)
    wrong = list(complaints(source.file, runbook, place))
    for where, message in wrong:
        problems.error(where, message)
    for where, message in warnings(runbook, place):
        problems.warn(where, message)
    if wrong:
        return False
    barred = dangers(source)
    for each in barred:
        problems.add(Problem(each.file, each.line, f"{each.rule} {each.message}; {each.advice}"))
    return not barred


def with_fixtures(runbook: Runbook, problems: Problems) -> Runbook:
    """The runbook with what was recorded for its tests; what is missing is noted."""
    folder = Path(runbook.origin).parent / FIXTURES / runbook.id
    tests = tuple(_recorded(test, runbook, folder, problems) for test in runbook.tests)
    return replace(runbook, tests=tests)


def triggers(runbooks: Iterable[Runbook]) -> tuple[RunbookTrigger, ...]:
    """What decisions need to know of these runbooks."""
    return tuple(
        RunbookTrigger(
            name=runbook.id,
            any=runbook.match,
            none=runbook.unless,
            policy=runbook.policy,
            intrusive=any(step.effects.needs_approval for step in runbook.steps),
        )
        for runbook in runbooks
    )


def _recorded(test: Rehearsal, runbook: Runbook, folder: Path, problems: Problems) -> Rehearsal:
    if not test.fixtures:
        return test
    recorded = folder / test.fixtures
    files = {path.stem: path for path in sorted(recorded.glob("*.txt"))}
    if not files:
        message = f"the test {test.name!r} has no fixtures in {recorded}"
        problems.add(Problem(runbook.origin, 0, message))
    steps = [step.id for step in runbook.steps]
    for name in files.keys() - set(steps):
        problems.add(
            Problem(str(files[name]), 0, f"no step is called so{did_you_mean(name, steps)}")
        )
    outputs = {name: _text(path, problems) for name, path in files.items()}
    return replace(test, outputs={**outputs, **test.outputs})


def _text(path: Path, problems: Problems) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError as error:
        problems.add(Problem(str(path), 0, f"cannot be read: {error.strerror}"))
        return ""
