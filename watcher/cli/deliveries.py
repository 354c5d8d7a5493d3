"""`watcher deliveries list|replay`: what senders posted, and dead letters tried again."""

from collections.abc import Sequence
from typing import Annotated

import typer

from watcher.cli._common import Config, fail, settings_of, store_of
from watcher.decide.match import MatcherError, parse
from watcher.model.delivery import DeliveryView
from watcher.model.matcher import Matcher, Operator
from watcher.store.base import StoreError
from watcher.store.query import Query
from watcher.store.store import Store

_DEAD = Matcher("status", Operator.EQUAL, "dead")
_PAGE = 500


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="What senders posted.", no_args_is_help=True)
    group.command("list")(_list)
    group.command("replay")(_replay)
    app.add_typer(group, name="deliveries")


def _list(
    match: Annotated[
        list[str] | None, typer.Option(help='A matcher such as status="dead"; may be repeated.')
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=_PAGE, help="At most so many.")] = 50,
    config: Config = None,
) -> None:
    """List deliveries, the newest first."""
    try:
        matchers = tuple(each for text in match or () for each in parse(text))
    except MatcherError as error:
        fail(str(error))
    with store_of(settings_of(config, brief=True)) as store:
        for each in _find(store, Query(matchers=matchers, limit=limit)):
            received = each.received_at.isoformat(timespec="seconds")
            line = f"{each.id}  {received}  {each.source:<16} {each.status:<8} {each.size:>8} B"
            said = "  ".join(part for part in (each.origin, each.reason) if part)
            typer.echo(f"{line}  {said}".rstrip())


def _replay(
    numbers: Annotated[list[int] | None, typer.Argument(help="Which; see the list.")] = None,
    every: Annotated[bool, typer.Option("--all-dead", help="Every dead letter.")] = False,
    config: Config = None,
) -> None:
    """Digest dead letters again, after what was wrong has been mended."""
    if bool(numbers) == every:
        fail("name the deliveries to replay, or say --all-dead")
    with store_of(settings_of(config, brief=True)) as store:
        wanted = numbers or [each.id for each in _all_dead(store)]
        with store.begin() as tx:
            refused = [number for number in wanted if not tx.replay(number)]
    typer.echo(f"{len(wanted) - len(refused)} deliveries will be digested again")
    if refused:
        fail(f"not dead, or gone: {', '.join(map(str, refused))}")


def _find(store: Store, query: Query) -> Sequence[DeliveryView]:
    try:
        with store.view() as view:
            return view.delivery_list(query).items
    except StoreError as error:
        fail(str(error))


def _all_dead(store: Store) -> list[DeliveryView]:
    found: list[DeliveryView] = []
    cursor = None
    while True:
        with store.view() as view:
            page = view.delivery_list(Query(matchers=(_DEAD,), limit=_PAGE, cursor=cursor))
        found += page.items
        cursor = page.next
        if cursor is None:
            return found
