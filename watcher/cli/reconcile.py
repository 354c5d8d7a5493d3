"""`watcher reconcile`: asks the monitoring systems behind sources what holds, now and by hand."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Annotated

import typer

from watcher.app.keeping import holder_here, keepers
from watcher.app.worker import readers
from watcher.cli._common import Config, fail, settings_of, store_of
from watcher.engine.backfill import Backfill, Filled
from watcher.engine.reconcile import BusyError, Reconciler, Round
from watcher.engine.rulebook import Rulebook
from watcher.kit.clock import Clock
from watcher.monitors.base import Historian, MonitorError
from watcher.policy.values import parse_duration
from watcher.settings import Settings
from watcher.store.store import Store

_HELP = "\n\n".join(
    (
        "Ask what holds now, and take in what a source had not told.",
        "The worker does this by itself, every two minutes unless the source says otherwise "
        "(monitor.every). Here it is done once, at once, for one source or for all that have a "
        "monitor, and you see what was found.",
        "    watcher reconcile zabbix --dry-run",
        "With --since it takes in what one source lived through before: closed incidents, for "
        "problem records and backtests. Nobody is told of them, what is alive is not touched, and "
        "doing it again adds nothing.",
        "    watcher reconcile zabbix --since 90d",
        "Nothing is closed because an answer lacks it: only an end that was recorded there, or a "
        "proof with two complete answers, ends anything.",
    )
)
# A person reads the first few; the rest is a number.
_SHOWN = 5
_Source = Annotated[
    str | None, typer.Argument(help="The name of the source; all of them.", show_default=False)
]


def _span(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


_Since = Annotated[
    timedelta | None,
    typer.Option(parser=_span, metavar="TIME", help="Take in the past from so long ago, as 90d."),
]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("reconcile", help=_HELP)(_command)


def _command(
    source: _Source = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be found; take nothing in.")
    ] = False,
    since: _Since = None,
    config: Config = None,
) -> None:
    settings = settings_of(config)
    if since is not None:
        _take_past(settings, source, since, dry_run)
        return
    failed = False
    with store_of(settings) as store:
        for keeper in _chosen(settings, store, source):
            found = _ask(keeper, dry_run)
            failed |= found is None or found.failed
            for line in report(found, dry_run) if found else ():
                typer.echo(line)
    if failed:
        raise typer.Exit(1)


def _take_past(settings: Settings, name: str | None, since: timedelta, dry_run: bool) -> None:
    """Fills in the past of one source."""
    if name is None or dry_run:
        fail("--since is for one source, and has no --dry-run: name the source")
    with store_of(settings) as store:
        [keeper] = _chosen(settings, store, name)
        source = next(each for each in settings.sources if each.name == name)
        clock, read = Clock(), readers(settings.sources)[name]
        rulebook = Rulebook(settings.policy, settings.catalogue)
        try:
            monitor = keeper.connect()
            if not isinstance(monitor, Historian):
                fail(f"{source.kind} keeps no history that could be asked for")
            now = clock.now()
            backfill = Backfill(store, keeper.access, read, rulebook, holder_here())
            found = backfill.run(monitor, now - since, now)
        except (MonitorError, BusyError) as error:
            fail(f"{name}: {error}")
    typer.echo(past(name, found))


def past(name: str, found: Filled) -> str:
    """What came of taking the past in, for people."""
    if not found.spans:
        return f"{name}: {found.read} messages of the past, and all of it was known"
    spans = _counted(found.spans, "span")
    incidents = _counted(found.incidents, "closed incident")
    return (
        f"{name}: {found.read} messages of the past tell of {spans} of"
        f" alerts that nobody knew: {incidents}; {found.kept} messages are kept for backtests"
    )


def _chosen(settings: Settings, store: Store, source: str | None) -> list[Reconciler]:
    read = readers(settings.sources)
    found = keepers(settings.sources, read, store, Clock(), holder_here())
    if source in found:
        return [found[source]]
    if source is not None:
        there = ", ".join(sorted(found)) or "none has a `monitor`"
        fail(f"there is no source {source!r} that can be asked; there are: {there}")
    if not found:
        fail("no source has a `monitor`, which says how the system behind it is asked")
    return list(found.values())


def _ask(keeper: Reconciler, dry_run: bool) -> Round | None:
    try:
        return keeper.look() if dry_run else keeper.round()
    except BusyError as error:
        typer.echo(f"watcher: {error}; try again in a moment", err=True)
        return None
    finally:
        keeper.close()


def report(found: Round, dry_run: bool) -> Iterator[str]:
    """What came of a round, for people."""
    seconds = _seconds(found.took)
    if found.failed:
        yield f"{found.source}: could not be asked, and nothing was changed: {found.problem}"
        return
    yield f"{found.source}: {found.open} open there, {found.held} open here; asked in {seconds}"
    if found.problem:
        yield f"  its answer is not complete: {found.problem}"
    verdict = found.verdict
    missed = ", ".join(_counted(count, kind.value) for kind, count in verdict.missed().items())
    if verdict.news:
        does = "would be taken in" if dry_run else "taken in"
        yield f"  {does}: {missed or 'what belongs to what was missed before'}"
    else:
        yield "  nothing was missed"
    if verdict.put_off:
        yield f"  {verdict.put_off} just happened and may still be on their way"
    yield from _kept(reason.text for reason in verdict.kept.values())


def _kept(reasons: Iterable[str]) -> Iterator[str]:
    """Why what is gone there stays open here."""
    for why, count in Counter(reasons).most_common(_SHOWN):
        yield f"  {count} open here only: {why}"


def _counted(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun[:-1]}ies" if noun.endswith("y") else f"{count} {noun}s"


def _seconds(took: timedelta) -> str:
    return f"{took.total_seconds():.1f} s"
