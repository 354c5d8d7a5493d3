"""`watcher catalogue apply`: puts a reviewed proposal in place, unless it would break anything."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from watcher.cli._common import Config, fail, starter_config
from watcher.cli.catalogue._proposed import CATALOGUE, CHANGES, INVENTORY
from watcher.policy.estate.place import Placed
from watcher.settings import SettingsError, described_in, load


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("apply")(_command)


def _command(
    proposal: Annotated[Path, typer.Argument(help="The folder of a proposal.")],
    config: Config = None,
) -> None:
    """Put the files of a proposal in place, unless the configuration could not be used then."""
    config = config or starter_config()
    try:
        files = _files(proposal, config)
        placed = Placed({target: source.read_bytes() for source, target in files.items()})
        placed.put()
    except SettingsError as error:
        _complain(error, "the configuration cannot be used")
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}; nothing was changed")
    try:
        load(config, os.environ, brief=True)
    except SettingsError as error:
        placed.take_back()
        _complain(error, "with these files the configuration cannot be used; nothing was changed")
    if unread := _unread(files, config):
        placed.take_back()
        fail(f"{unread}; nothing was changed")
    for path in files.values():
        typer.echo(f"in place: {path}")
    typer.echo("Watcher uses it when it is started again.")


def _files(proposal: Path, config: Path | None) -> dict[Path, Path]:
    """The files of the proposal, and where each belongs."""
    where = described_in(config, os.environ)
    folders = zip((CATALOGUE, INVENTORY), where.folders, strict=True)
    files = {
        path: folder / path.name
        for part, folder in folders
        for path in sorted((proposal / part).glob("*.yaml"))
    }
    if not files:
        there = (proposal / CHANGES).exists()
        fail(f"{proposal}: {'it changes nothing' if there else 'this is no proposal'}")
    return files


def _unread(files: Mapping[Path, Path], config: Path | None) -> str:
    """What to write into the configuration so that it reads these files; "" where it does."""
    where = described_in(config, os.environ)
    read = {*where.catalogue, *where.inventory}
    missing = sorted({path.parent.name for path in files if files[path] not in read})
    if not missing:
        return ""
    lines = " and ".join(f"`{part}: [{part}.yaml, {part}]`" for part in missing)
    return f"the configuration does not read these folders; name them there, as in {lines}"


def _complain(error: SettingsError, words: str) -> NoReturn:
    for problem in error.problems:
        typer.echo(problem, err=True)
    fail(words)
