"""Makes a proposal out of what somebody else describes, and writes it into a folder."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import typer

from watcher.cli._common import fail, settings_of, starter_config
from watcher.decide.estate import compare
from watcher.model.estate import Estate, Known, Whose
from watcher.policy.estate.described import Files, described
from watcher.policy.estate.proposal import catalogue_text, changes_text, current, inventory_text
from watcher.policy.problems import Problems
from watcher.settings import described_in

CATALOGUE, INVENTORY, CHANGES = "catalogue", "inventory", "changes.txt"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to have proposed; `name` is that of the files."""

    name: str
    whose: Whose
    rated: int | None
    out: Path | None
    config: Path | None


def propose(wish: Wish, read: Callable[[], Estate]) -> None:
    """Asks, compares and writes; prints what would change."""
    settings_of(wish.config, brief=True)
    where = described_in(wish.config or starter_config(), os.environ)
    own = [folder / f"{wish.name}.yaml" for folder in where.folders]
    known = described(Files(where.catalogue, where.inventory, own), Problems())
    estate = read()
    _refuse_sudden_nothing(estate, known)
    proposal = compare(estate, known, wish.whose, wish.rated)
    out = wish.out or Path(f"proposal-{wish.name}")
    told = changes_text(proposal.lines, estate.notes, estate.who)
    texts = (catalogue_text(proposal, estate.who), inventory_text(proposal, estate.who))
    try:
        changed = _write(out, wish.name, texts, own)
        (out / CHANGES).write_text(told, "utf-8")
    except OSError as error:
        fail(f"{error.filename}: cannot be written: {error.strerror}")
    typer.echo(told)
    typer.echo(f"Read it in {out}, then: watcher catalogue apply {out}" if changed else _NOTHING)


_NOTHING = "Nothing to change."


def _refuse_sudden_nothing(estate: Estate, known: Known) -> None:
    """Whoever may see no hosts any more gets the same answer as if there were none."""
    if not estate.hosts and any(each.own for each in known.hosts):
        fail(
            f"{estate.who} names no hosts at all, perhaps because its token may not see them any "
            "more; if that is true, remove the file that was taken over"
        )


def _write(out: Path, name: str, texts: tuple[str, str], own: list[Path]) -> bool:
    """Writes what differs from what is in force; whether anything does."""
    changed = False
    for part, text, path in zip((CATALOGUE, INVENTORY), texts, own, strict=True):
        target = out / part / path.name
        target.unlink(missing_ok=True)
        before = current(path)
        if (text or before) and text != before:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
            changed = True
    out.mkdir(parents=True, exist_ok=True)
    return changed
