"""What the commands about rules share: which rules are meant, and how they print."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from watcher.cli._common import Config, fail, starter_config
from watcher.kit.shipped import shipped
from watcher.kit.text import one_line
from watcher.policy.problems import Place
from watcher.settings import SettingsError, rule_folders

__all__ = ["Config", "Folders", "console", "folders_of", "said", "where"]

# Where nobody looks on, lines are as long as they must be.
_WIDTH = 1000

Folders = Annotated[
    list[Path] | None,
    typer.Option("--rules", help="Rules instead of the configured ones; may be repeated."),
]


def folders_of(rules: list[Path] | None, config: Path | None) -> list[Path]:
    """The shipped rules, and over them those that are named, else those configured."""
    if rules:
        return [shipped("rules"), *rules]
    try:
        return rule_folders(config or starter_config(), os.environ)
    except SettingsError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        fail("the configuration cannot be used")


def console() -> Console:
    """Where tables are printed."""
    screen = Console(highlight=False)
    return screen if screen.is_terminal else Console(highlight=False, width=_WIDTH)


def said(text: object, style: str = "") -> Text:
    """Text that somebody else wrote, which cannot do anything to the terminal."""
    return Text(one_line(str(text)), style)


def where(place: Place) -> Text:
    """File and line, from here if it is below."""
    file, here = place.document.file, Path.cwd()
    near = file.relative_to(here) if file.is_relative_to(here) else file
    return said(f"{near}:{place.line}", "dim")
