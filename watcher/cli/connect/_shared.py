"""What connecting takes of every kind: the source that is meant, its files, and lent tokens."""

import getpass
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from watcher.cli._common import fail, settings_of, starter_config
from watcher.kit.secrets import Secret
from watcher.monitors.base import MonitorError
from watcher.policy.endpoints import Source
from watcher.settings import Settings, token_files

# No token is longer, with the end of its line.
_LONGEST = 512


def _announced(dry_run: bool) -> bool:
    if dry_run:
        typer.echo("This is a dry run: nothing of it is done.", err=True)
    return dry_run


SourceName = Annotated[
    str | None, typer.Argument(metavar="SOURCE", help="Its name, where there are several.")
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", callback=_announced, help="Say what would change, and stop."),
]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The source that is meant. `token_file` is where the token of its monitor is or will be."""

    settings: Settings
    source: Source
    token_file: Path | None

    @property
    def hook(self) -> str:
        """Where its monitoring system posts to."""
        return f"{self.settings.public_url}/hooks/{self.source.name}"


def choose(kind: str, name: str | None, config: Path | None) -> Chosen:
    """The source of that name, or the only one of its kind; ends the command where there is none.

    The tokens by which Watcher asks need not be there yet.
    """
    files = token_files(config or starter_config(), os.environ)
    settings = settings_of(config, brief=True, awaited=files.values())
    found = [each for each in settings.sources if each.kind == kind and name in {None, each.name}]
    if not found:
        fail(f"there is no source of kind {kind}" + (f" named {name!r}" if name else ""))
    if len(found) > 1:
        fail(f"which source of kind {kind}: {', '.join(each.name for each in found)}?")
    return Chosen(settings, found[0], files.get(found[0].name))


def lent(reference: str | None, what: str) -> Secret:
    """The token behind `env:NAME` or `file:PATH`; else it is asked for, or read where nobody sits.

    Ends the command where there is none. A token itself is refused: others see command lines.
    """
    kind, _, name = (reference or "-").partition(":")
    if kind == "env" and name:
        text = os.environ.get(name, "")
    elif kind == "file" and name:
        try:
            text = Path(name).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            fail(f"the file {name} cannot be read")
    elif kind != "-" or name:
        fail("--token takes env:NAME, file:PATH or -, never the token itself: others would see it")
    elif sys.stdin.isatty():
        text = getpass.getpass(f"{what}: ")
    else:
        text = sys.stdin.readline()
    if not text.strip():
        fail(f"{what}: there is none; give it by --token env:NAME or file:PATH, or on request")
    return Secret(text.strip())


def keep(file: Path, make: Callable[[], Secret]) -> None:
    """Writes a new token for nobody else to read, whole or not at all. It is not made where it
    cannot be kept: the one before may end with it.
    """
    part = file.with_name(f".{file.name}.new")
    try:
        if not _is_free(file):
            fail(f"{file} is no file with a token alone, so it is left as it is; name another")
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as output:
            output.write(f"{make().reveal()}\n")
            output.flush()
            os.fsync(output.fileno())
        part.replace(file)
    except OSError as error:
        fail(f"the token cannot be written to {file}: {error.strerror}")
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _is_free(file: Path) -> bool:
    """Whether nothing is there, or a file with one word, and no link. Raises OSError."""
    try:
        kind = file.lstat().st_mode
    except FileNotFoundError:
        return True
    if not stat.S_ISREG(kind):
        return False
    with file.open("rb") as there:
        return len(there.read(_LONGEST).split()) <= 1 and not there.read(1)


@contextmanager
def said() -> Iterator[None]:
    """Whatever the monitoring system refuses ends the command with what it said."""
    try:
        yield
    except MonitorError as error:
        fail(str(error))


def told(changes: Iterable[object]) -> int:
    """Says each change as soon as it is made; returns how many there were."""
    count = 0
    for change in changes:
        typer.echo(change)
        count += 1
    return count


def pages(chosen: Chosen, url: str | None, system: str) -> str:
    """The address that is given, else that of the monitor; ends the command without either."""
    access = chosen.source.monitor
    found = url or (access.url if access else "")
    if not found:
        fail(f"where is {system}? Give --url, or `monitor: {{url: …}}` in the source")
    return found
