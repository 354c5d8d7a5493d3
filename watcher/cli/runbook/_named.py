"""Which runbooks a command is about: files, folders, ids, or all that are configured."""

import os
from collections.abc import Sequence
from pathlib import Path

import typer

from watcher.cli._common import fail, starter_config
from watcher.model.runbook import Runbook
from watcher.policy.problems import Problems
from watcher.policy.runbooks import load_runbooks, read_runbook, with_fixtures
from watcher.policy.suggest import did_you_mean
from watcher.settings import SettingsError, runbook_folders


def named(names: Sequence[str], config: Path | None, *, recorded: bool = False) -> list[Runbook]:
    """These runbooks, all of them where none is named; `recorded` is with what their tests need.

    Ends the command, with every problem said, where one of them cannot be used.
    """
    problems = Problems()
    found = _found(names, config, problems)
    if recorded:
        found = [with_fixtures(runbook, problems) for runbook in found]
    for problem in problems:
        typer.echo(problem, err=True)
    if problems.errors:
        fail("these runbooks cannot be used")
    return found


def _found(names: Sequence[str], config: Path | None, problems: Problems) -> list[Runbook]:
    found: dict[str, Runbook] = {}
    ids = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            found |= load_runbooks([path], problems)
        elif path.suffix == ".yaml":
            source = read_runbook(path, problems)
            found |= {source.runbook.id: source.runbook} if source else {}
        else:
            ids.append(name)
    if ids or not names:
        known = _configured(config, ids, problems)
        found |= {name: known[name] for name in ids if name in known} if ids else known
    return list(found.values())


def _configured(config: Path | None, ids: Sequence[str], problems: Problems) -> dict[str, Runbook]:
    """All that are configured; of those that are not named, nobody asked what is wrong."""
    try:
        folders = runbook_folders(config or starter_config(), os.environ)
    except SettingsError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        fail("the configuration cannot be used")
    everything = Problems()
    known = load_runbooks(folders, everything)
    about = [each for each in everything if not ids or Path(each.file).stem in ids]
    for problem in about:
        problems.add(problem)
    for name in ids:
        if name not in known and not about:
            fail(f"there is no runbook {name!r}{did_you_mean(name, known)}")
    return known
