"""`watcher article list|show|draft|export`: the knowledge base on the command line and in files."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import yaml

from watcher.cli._common import Config, fail, me, settings_of, store_of
from watcher.decide.lifecycle import RefusedError
from watcher.engine import articles
from watcher.engine.command import Desk, NotThereError
from watcher.kit.clock import Clock
from watcher.model.article import Article, ArticleStatus, Language
from watcher.model.change import replace
from watcher.settings import Settings
from watcher.store.query import Query
from watcher.store.views import View

_PAGE = 500
_LONGEST_NAME = 60

Customer = Annotated[
    str | None, typer.Option(help="Of this customer, and for all; none for every article.")
]


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="The knowledge base.", no_args_is_help=True)
    group.command("list")(_list)
    group.command("show")(_show)
    group.command("draft")(_draft)
    group.command("export")(_export)
    app.add_typer(group, name="article")


def _list(
    search: Annotated[str, typer.Option(help="Words in Russian or English, in any form.")] = "",
    customer: Customer = None,
    config: Config = None,
) -> None:
    """List articles: the last changed first, or those that answer a search, the best first."""
    with _desk(config) as (_, desk), desk.store.view() as view:
        if search.strip():
            found = iter(
                articles.search(
                    view, search, replace(me(), customer=customer), tuple(ArticleStatus)
                )
            )
        else:
            found = _all(view, customer)
        for each in found:
            whose = each.customer or "(all)"
            typer.echo(f"{each.number:<6} {each.status:<10} {whose:<12} {each.title}")


def _show(
    number: Annotated[int, typer.Argument(help="The article.", min=1)], config: Config = None
) -> None:
    """Print an article as Markdown."""
    with _desk(config) as (_, desk), desk.store.view() as view:
        typer.echo(_file_of(articles.find(view, number, me())), nl=False)


def _draft(
    incident: Annotated[
        int | None, typer.Option(help="Of an incident that is over.", min=1)
    ] = None,
    problem: Annotated[
        int | None, typer.Option(help="Of a known error or a resolved problem.", min=1)
    ] = None,
    language: Annotated[Language, typer.Option(help="Of its headings.")] = Language.ENGLISH,
    config: Config = None,
) -> None:
    """Draft an article out of what is known of an incident or a problem, to be filled in."""
    if (incident is None) is (problem is None):
        fail("say of what: --incident or --problem")
    with _desk(config) as (settings, desk):
        if incident is not None:
            made = articles.draft(desk, incident, language, me())
        else:
            made = articles.draft_of_problem(desk, problem or 0, language, me())
    typer.echo(f"{made.title}\n{settings.public_url}/articles/{made.number}/edit")


def _export(
    folder: Annotated[Path, typer.Argument(help="Where to; it is made.")],
    customer: Customer = None,
    config: Config = None,
) -> None:
    """Write what is published as Markdown files, one for each article."""
    with _desk(config) as (_, desk), desk.store.view() as view:
        published = (each for each in _all(view, customer) if _is_published(each))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            names = [_written(folder, each) for each in published]
        except OSError as error:
            fail(f"cannot write there: {error}")
    typer.echo(f"{len(names)} articles are in {folder}")


@contextmanager
def _desk(config: Path | None) -> Iterator[tuple[Settings, Desk]]:
    settings = settings_of(config, brief=True)
    with store_of(settings) as store:
        desk = Desk(store, Clock(), settings.policy, settings.catalogue, wake=lambda: None)
        try:
            yield settings, desk
        except (RefusedError, NotThereError) as error:
            fail(str(error))


def _all(view: View, customer: str | None) -> Iterator[Article]:
    cursor: str | None = None
    while True:
        page = view.article_list(Query(customer=customer, limit=_PAGE, cursor=cursor))
        yield from page.items
        if page.next is None:
            return
        cursor = page.next


def _written(folder: Path, article: Article) -> Path:
    file = folder / _name_of(article)
    file.write_text(_file_of(article), encoding="utf-8")
    return file


def _is_published(article: Article) -> bool:
    return article.status is ArticleStatus.PUBLISHED


def _name_of(article: Article) -> str:
    words = re.sub(r"\W+", "-", article.title.casefold()).strip("-")[:_LONGEST_NAME]
    return f"{article.number}-{words}.md"


def _file_of(article: Article) -> str:
    """The article with what is known of it at the top, as static sites and wikis read it."""
    text = article.newest.text
    head = {
        "title": text.title,
        "id": article.number,
        "version": article.newest.number,
        "status": article.status.value,
        "customer": article.customer,
        "language": article.language.value,
        "service": text.topic.service,
        "alerts": [*text.topic.alerts],
        "findings": [*text.topic.findings],
        "changed_at": article.changed_at.isoformat(timespec="seconds"),
        "changed_by": article.newest.by,
    }
    known = {name: value for name, value in head.items() if value not in (None, [])}
    return f"---\n{yaml.safe_dump(known, allow_unicode=True, sort_keys=False)}---\n\n{text.body}"
