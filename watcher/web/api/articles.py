"""The knowledge base: articles with their versions, where they may help, and whether they did."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Body, Path
from fastapi import Query as Parameter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from watcher.engine import articles
from watcher.engine.articles import (
    LONGEST_BODY,
    LONGEST_LINE,
    MOST_NAMES,
    Edit,
    Helpful,
    find,
    helpful,
    known_of,
    visible,
)
from watcher.engine.command import NotThereError
from watcher.model.article import Article, ArticleStatus, Language, Text, Topic, Version, Votes
from watcher.model.change import replace
from watcher.model.matcher import Matcher
from watcher.model.matcher import Operator as Sign
from watcher.model.person import Principal
from watcher.store.query import Query
from watcher.web.api.answers import errors
from watcher.web.api.lists import Asked, listing
from watcher.web.api.models import Line, Listing
from watcher.web.deps import Deps, Parts
from watcher.web.guard import Operator, Viewer

router = APIRouter(prefix="/api/v1")

Id = Annotated[int, Path(alias="id", ge=1, le=2**63 - 1)]
Name = Annotated[Line, Field(max_length=LONGEST_LINE)]
Names = Annotated[list[Name], Field(max_length=MOST_NAMES)]
Markdown = Annotated[str, Field(max_length=LONGEST_BODY - 1)]


class ArticleTopic(BaseModel):
    """What an article is about, so that it is found where it helps: a service, alerts by name
    without hosts (`No space left on <host>`), findings as `runbook/signal`.
    """

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    service: Name | None = None
    alerts: Names = []
    findings: Names = []

    def topic(self) -> Topic:
        """The same as a noun."""
        return Topic(self.service, tuple(self.alerts), tuple(self.findings))


class ArticleText(BaseModel):
    """What somebody writes; the body is Markdown."""

    model_config = ConfigDict(extra="forbid")

    title: Line
    body: Markdown = ""
    topic: ArticleTopic = ArticleTopic()

    def text(self) -> Text:
        """The same as a noun."""
        return Text(self.title, self.body, self.topic.topic())


class NewArticle(ArticleText):
    """An article that is written freely; without a customer it is for all."""

    customer: Line | None = None
    language: Language = Language.ENGLISH


class NewVersion(ArticleText):
    """What becomes of an article whose version `base` its author has read."""

    base: int = Field(ge=1, le=2**31 - 1)
    comment: Annotated[str, Field(max_length=LONGEST_LINE)] = ""


class NewDraft(BaseModel):
    """In which language an article is drafted."""

    model_config = ConfigDict(extra="forbid")

    language: Language = Language.ENGLISH


class NewVote(BaseModel):
    """Whether it helped with that incident."""

    model_config = ConfigDict(extra="forbid")

    incident: int = Field(ge=1, le=2**63 - 1)
    helped: bool


class ArticleVotes(BaseModel):
    """How many people said that it helped, and how many that it did not."""

    model_config = ConfigDict(from_attributes=True)

    helped: int
    vain: int


class ArticleItem(BaseModel):
    """An article as it is listed."""

    id: int
    title: str
    customer: str | None
    status: ArticleStatus
    language: Language
    version: int
    topic: ArticleTopic
    incident: int | None
    problem: int | None
    author: str
    created_at: datetime
    changed_at: datetime
    changed_by: str
    votes: ArticleVotes
    url: str


class ArticleDetail(ArticleItem):
    """An article with its text."""

    body: str


class ArticleVersion(BaseModel):
    """An article as somebody left it."""

    version: int
    at: datetime
    author: str
    title: str
    body: str
    topic: ArticleTopic
    comment: str

    @classmethod
    def of(cls, version: Version) -> Self:
        """The version as it is listed."""
        text = version.text
        return cls(
            version=version.number,
            at=version.at,
            author=version.by,
            title=text.title,
            body=text.body,
            topic=ArticleTopic.model_validate(text.topic),
            comment=version.comment,
        )


class Suggestion(ArticleItem):
    """An article that may help with an incident, why, and what you said of it."""

    reasons: list[str]
    helped: bool | None


class AskedArticles(Asked):
    """The part of a query that the caller writes."""

    search: Annotated[
        str,
        Field(
            max_length=LONGEST_LINE,
            description="Words in Russian or English, in any form; the best 50 are given. Goes "
            "with neither matchers nor a cursor",
        ),
    ] = ""

    @model_validator(mode="after")
    def _alone(self) -> Self:
        if self.search.strip() and (self.match or self.cursor is not None):
            raise ValueError("a search goes with neither matchers nor a cursor")
        return self


@router.get("/articles", responses=errors(), response_model_exclude_unset=True)
def list_articles(
    parts: Parts, by: Viewer, asked: Annotated[AskedArticles, Parameter()]
) -> Listing[ArticleItem]:
    """Articles: the last changed first, or those that answer a search, the best first."""
    with parts.store.view() as view:
        if asked.search.strip():
            found = articles.search(view, asked.search, by, tuple(ArticleStatus))
            votes = view.votes([each.number for each in found], by.customer)
            return Listing(items=[_item(each, votes, parts) for each in found], next=None)
        page = view.article_list(only_visible(asked.by(by, parts), by))
        votes = view.votes([each.number for each in page.items], by.customer)
    return listing(page, lambda each: _item(each, votes, parts))


@router.post("/articles", status_code=201, responses=errors(409))
def write_article(parts: Parts, by: Operator, new: NewArticle) -> ArticleDetail:
    """Writes an article; it is a draft until it is published."""
    made = articles.write(parts.desk, new.customer, new.language, new.text(), by)
    return _detail(parts, made.number, by)


@router.get("/articles/{id}", responses=errors(404))
def get_article(parts: Parts, by: Viewer, number: Id) -> ArticleDetail:
    """One article."""
    return _detail(parts, number, by)


@router.get("/articles/{id}/versions", responses=errors(404))
def list_versions(parts: Parts, by: Operator, number: Id) -> Listing[ArticleVersion]:
    """All versions of an article, the newest first."""
    with parts.store.view() as view:
        find(view, number, by)
        found = view.article_versions(number)
    return Listing(items=[ArticleVersion.of(each) for each in found], next=None)


@router.post("/articles/{id}/versions", status_code=201, responses=errors(404, 409))
def edit_article(parts: Parts, by: Operator, number: Id, new: NewVersion) -> ArticleDetail:
    """Writes another version; refused where somebody has written one since `base`."""
    articles.edit(parts.desk, number, Edit(new.base, new.text(), new.comment), by)
    return _detail(parts, number, by)


@router.post("/articles/{id}/publish", responses=errors(404, 409))
def publish_article(parts: Parts, by: Operator, number: Id) -> ArticleDetail:
    """Shows an article to everybody who may see it, and on incidents."""
    articles.publish(parts.desk, number, by)
    return _detail(parts, number, by)


@router.post("/articles/{id}/retire", responses=errors(404, 409))
def retire_article(parts: Parts, by: Operator, number: Id) -> ArticleDetail:
    """Shows an article on no incident any more."""
    articles.retire(parts.desk, number, by)
    return _detail(parts, number, by)


@router.post("/articles/{id}/votes", responses=errors(404, 409))
def vote_on_article(parts: Parts, by: Operator, number: Id, new: NewVote) -> ArticleDetail:
    """Says whether an article helped with an incident; your last word on the two counts."""
    articles.vote(parts.desk, number, new.incident, new.helped, by)
    return _detail(parts, number, by)


@router.get("/incidents/{id}/articles", responses=errors(404))
def list_suggestions(parts: Parts, by: Viewer, number: Id) -> Listing[Suggestion]:
    """The published articles that may help with an incident, the likeliest first."""
    with parts.store.view() as view:
        incident = view.incident(number, by.customer)
        if incident is None:
            raise NotThereError(f"there is no incident {number}")
        found = helpful(view, known_of(view, incident), by)
    return Listing(items=[_suggestion(each, parts) for each in found], next=None)


@router.post("/incidents/{id}/articles", status_code=201, responses=errors(404, 409))
def draft_article(
    parts: Parts,
    by: Operator,
    number: Id,
    new: Annotated[NewDraft, Body(default_factory=NewDraft)],
) -> ArticleDetail:
    """Drafts an article out of what is known of an incident that is over."""
    made = articles.draft(parts.desk, number, new.language, by)
    return _detail(parts, made.number, by)


@router.post("/problems/{id}/articles", status_code=201, responses=errors(404, 409))
def draft_article_of_problem(
    parts: Parts,
    by: Operator,
    number: Id,
    new: Annotated[NewDraft, Body(default_factory=NewDraft)],
) -> ArticleDetail:
    """Drafts an article out of what is known of a known error or a resolved problem."""
    made = articles.draft_of_problem(parts.desk, number, new.language, by)
    return _detail(parts, made.number, by)


def only_visible(query: Query, by: Principal) -> Query:
    """The same for what somebody may see."""
    states = Matcher("status", Sign.REGEX, "|".join(visible(by)))
    return replace(query, matchers=(*query.matchers, states))


def _detail(parts: Deps, number: int, by: Principal) -> ArticleDetail:
    with parts.store.view() as view:
        article = find(view, number, by)
        votes = view.votes([number], by.customer)
    return ArticleDetail(**_listed(article, votes, parts), body=article.newest.text.body)


def _item(article: Article, votes: Mapping[int, Votes], parts: Deps) -> ArticleItem:
    return ArticleItem(**_listed(article, votes, parts))


def _suggestion(found: Helpful, parts: Deps) -> Suggestion:
    article = found.article
    listed = _listed(article, {article.number: found.votes}, parts)
    return Suggestion(**listed, reasons=[*found.reasons], helped=found.helped)


def _listed(article: Article, votes: Mapping[int, Votes], parts: Deps) -> dict[str, Any]:
    return {
        "id": article.number,
        "title": article.title,
        "customer": article.customer,
        "status": article.status,
        "language": article.language,
        "version": article.newest.number,
        "topic": ArticleTopic.model_validate(article.newest.text.topic),
        "incident": article.incident,
        "problem": article.problem,
        "author": article.created_by,
        "created_at": article.created_at,
        "changed_at": article.changed_at,
        "changed_by": article.newest.by,
        "votes": ArticleVotes.model_validate(votes.get(article.number, Votes())),
        "url": f"{parts.public_url}/articles/{article.number}",
    }
