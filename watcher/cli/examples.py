"""`watcher examples`: what people said of pairs of alerts, to score rules against."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from watcher.cli._common import Config, check_customer, fail, settings_of, store_of
from watcher.engine.score import (
    Pair,
    Score,
    ScoreError,
    read_homes,
    read_pairs,
    score,
    write_examples,
)
from watcher.model.example import Example

Customer = Annotated[str | None, typer.Option(help="Of this customer only.")]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Decided on that day (UTC) or later.")
]


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="Pairs of alerts that people put together or apart.",
                        no_args_is_help=True)  # fmt: skip
    group.command("export")(_export)
    group.command("score")(_score)
    app.add_typer(group, name="examples")


def _export(customer: Customer = None, since: Since = None, config: Config = None) -> None:
    """Write one JSON line for each pair, oldest decision first."""
    for line in write_examples(_stored(config, customer, since)):
        sys.stdout.buffer.write(line)


def _score(
    incidents: Annotated[Path, typer.Option(help="What `watcher replay` wrote.", exists=True)],
    examples: Annotated[
        Path | None, typer.Option(help="Exported pairs, instead of those stored.", exists=True)
    ] = None,
    customer: Customer = None,
    since: Since = None,
    config: Config = None,
) -> None:
    """Print how many pairs these incidents agree with, and each that they do not."""
    try:
        with incidents.open("rb") as lines:
            homes = read_homes(lines)
    except ScoreError as error:
        fail(f"{incidents}: {error}")
    _print(score(_pairs(examples, config, customer, since), homes))


def _pairs(
    file: Path | None, config: Path | None, customer: str | None, since: datetime | None
) -> Iterable[Pair]:
    if file is None:
        return map(Pair.of, _stored(config, customer, since))
    try:
        with file.open("rb") as lines:
            return list(read_pairs(lines))
    except ScoreError as error:
        fail(f"{file}: {error}")


def _stored(config: Path | None, customer: str | None, since: datetime | None) -> Iterable[Example]:
    settings = settings_of(config, brief=True)
    check_customer(settings, customer)
    with store_of(settings) as store, store.view() as view:
        return view.examples(customer, since.replace(tzinfo=UTC) if since else None)


def _print(found: Score) -> None:
    for word, (agreed, asked) in (("together", found.together), ("apart", found.apart)):
        typer.echo(f"{word:<9} {agreed} of {asked} agree")
    typer.echo(f"{'unknown':<9} {found.unknown}")
    for pair in found.wrong:
        wanted = "together" if pair.together else "apart"
        typer.echo(f"not {wanted}: {' '.join(pair.one)} | {' '.join(pair.other)}")
