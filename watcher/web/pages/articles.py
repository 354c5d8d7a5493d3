"""The pages of the knowledge base, and what the incident's page asks about articles."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi import Query as Parameter
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from watcher.decide.lifecycle import RefusedError
from watcher.engine import articles
from watcher.engine.articles import Edit, find, may_write, visible
from watcher.engine.command import NotThereError
from watcher.kit.markdown import to_html
from watcher.model.article import Article, Language, Text, Topic, Version
from watcher.model.matcher import Matcher
from watcher.model.matcher import Operator as Sign
from watcher.model.person import Principal
from watcher.store.query import Query
from watcher.web.deps import Deps, Parts
from watcher.web.guard import Operator, Viewer
from watcher.web.pages.render import Frame
from watcher.web.pages.search import query_string

router = APIRouter(include_in_schema=False)

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Asked = Annotated[str, Parameter(max_length=200)]
Line = Annotated[str, Form(max_length=200)]
# A browser sends line ends as two characters; the engine says what is too long.
Prose = Annotated[str, Form(max_length=2 * articles.LONGEST_BODY)]
Names = Annotated[str, Form(max_length=10_000)]

LANGUAGES = {Language.ENGLISH.value: "English", Language.RUSSIAN.value: "Russian"}
_PAGE = 50
_CONTEXT = 3


@dataclass(frozen=True, slots=True)
class Filter:
    """What the reader chose above the list."""

    q: Asked = ""
    status: Asked = ""
    cursor: Asked = ""


@dataclass(frozen=True, slots=True)
class ArticleForm:
    """The fields of that form; `base` is the version that was read."""

    title: Line = ""
    body: Prose = ""
    service: Line = ""
    alerts: Names = ""
    findings: Names = ""
    comment: Line = ""
    base: Annotated[int, Form(ge=0, le=2**31 - 1)] = 0
    customer: Line = ""
    language: Annotated[Language, Form()] = Language.ENGLISH
    verb: Annotated[Literal["save", "preview"], Form()] = "save"

    @classmethod
    def of(cls, article: Article) -> "ArticleForm":
        """What an article says now."""
        text = article.newest.text
        return cls(
            title=text.title,
            body=text.body,
            service=text.topic.service or "",
            alerts="\n".join(text.topic.alerts),
            findings="\n".join(text.topic.findings),
            base=article.newest.number,
            customer=article.customer or "",
            language=article.language,
        )

    def text(self) -> Text:
        """What the fields say."""
        topic = Topic(self.service.strip() or None, _lines(self.alerts), _lines(self.findings))
        return Text(self.title, self.body, topic)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a difference: `+`, `-`, ` ` or, for what is left out, `…`."""

    sign: str
    text: str


@router.get("/articles")
def article_list(
    request: Request, parts: Parts, by: Viewer, wanted: Annotated[Filter, Depends()]
) -> Response:
    """The last changed first, or what answers a search, the best first."""
    states = [each for each in visible(by) if wanted.status in {"", each}]
    with parts.store.view() as view:
        if wanted.q.strip():
            found, following = articles.search(view, wanted.q, by, states), None
        else:
            which = (Matcher("status", Sign.REGEX, "|".join(states)),)
            asked = Query(which, by.customer, _PAGE, wanted.cursor or None)
            page = view.article_list(asked)
            found, following = list(page.items), page.next
        return Frame(request, parts, by, view).page(
            "articles.html",
            found=found,
            votes=view.votes([each.number for each in found], by.customer),
            filter=wanted,
            next=query_string(following or "", status=wanted.status),
            statuses=[each.value for each in visible(by)],
        )


@router.get("/articles/new")
def new_article(request: Request, parts: Parts, by: Operator) -> Response:
    """The form for an article that is written freely."""
    return _form(
        request,
        parts,
        by,
        ArticleForm(customer=by.customer or next(iter(_customers(parts, by)), "")),
    )


@router.post("/articles/new")
def write_article(
    request: Request, parts: Parts, by: Operator, form: Annotated[ArticleForm, Depends()]
) -> Response:
    """Writes it, or shows the form again with a preview or with what is wrong."""
    if form.verb == "preview":
        return _form(request, parts, by, form, preview=True)
    customer = form.customer.strip() or None
    try:
        made = articles.write(parts.desk, customer, form.language, form.text(), by)
    except RefusedError as error:
        return _form(request, parts, by, form, wrong=str(error))
    return _to(made)


@router.get("/articles/{number}")
def article_page(request: Request, parts: Parts, by: Viewer, number: Number) -> Response:
    """One article."""
    with parts.store.view() as view:
        article = find(view, number, by)
        return Frame(request, parts, by, view).page(
            "article.html",
            article=article,
            body=_rendered(article.newest.text.body),
            votes=view.votes([number], by.customer).get(number),
            may_write=may_write(article.customer, by),
        )


@router.post("/articles/{number}")
def move_article(
    parts: Parts,
    by: Operator,
    number: Number,
    verb: Annotated[Literal["publish", "retire"], Form()],
) -> Response:
    """Publishes or retires it."""
    act = articles.publish if verb == "publish" else articles.retire
    return _to(act(parts.desk, number, by))


@router.get("/articles/{number}/edit")
def edit_form(request: Request, parts: Parts, by: Operator, number: Number) -> Response:
    """The form for another version."""
    with parts.store.view() as view:
        article = find(view, number, by)
    articles.check_author(article.customer, by)
    return _form(request, parts, by, ArticleForm.of(article), article)


@router.post("/articles/{number}/edit")
def edit_article(
    request: Request,
    parts: Parts,
    by: Operator,
    number: Number,
    form: Annotated[ArticleForm, Depends()],
) -> Response:
    """Writes another version, or shows the form again with a preview or with what is wrong."""
    with parts.store.view() as view:
        article = find(view, number, by)
    articles.check_author(article.customer, by)
    if form.verb == "preview":
        return _form(request, parts, by, form, article, preview=True)
    try:
        made = articles.edit(parts.desk, number, Edit(form.base, form.text(), form.comment), by)
    except RefusedError as error:
        return _form(request, parts, by, form, article, wrong=str(error))
    return _to(made)


@router.get("/articles/{number}/history")
def article_history(
    request: Request,
    parts: Parts,
    by: Operator,
    number: Number,
    version: Annotated[int, Parameter(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """All versions, and what one of them changed; of the newest unless another is named."""
    with parts.store.view() as view:
        article = find(view, number, by)
        found = view.article_versions(number)
        at = next((at for at, each in enumerate(found) if version in {0, each.number}), None)
        if at is None:
            raise NotThereError(f"article {number} has no version {version}")
        before = found[at + 1] if at + 1 < len(found) else None
        return Frame(request, parts, by, view).page(
            "article_history.html",
            article=article,
            versions=found,
            chosen=found[at],
            before=before,
            changes=_changes(before, found[at]),
        )


@router.post("/incidents/{number}/article")
def draft_article(
    parts: Parts, by: Operator, number: Number, language: Annotated[Language, Form()]
) -> Response:
    """Drafts an article out of an incident, to be filled in."""
    made = articles.draft(parts.desk, number, language, by)
    return RedirectResponse(f"/articles/{made.number}/edit", 303)


@router.post("/problems/{number}/article")
def draft_article_of_problem(
    parts: Parts, by: Operator, number: Number, language: Annotated[Language, Form()]
) -> Response:
    """Drafts an article out of a problem, to be filled in."""
    made = articles.draft_of_problem(parts.desk, number, language, by)
    return RedirectResponse(f"/articles/{made.number}/edit", 303)


@router.post("/incidents/{number}/vote")
def vote(
    parts: Parts,
    by: Operator,
    number: Number,
    article: Annotated[int, Form(ge=1, le=2**63 - 1)],
    helped: Annotated[bool, Form()],
) -> Response:
    """Says whether an article helped with the incident."""
    articles.vote(parts.desk, article, number, helped, by)
    return RedirectResponse(f"/incidents/{number}#articles", 303)


def _to(article: Article) -> Response:
    return RedirectResponse(f"/articles/{article.number}", 303)


def _form(  # noqa: PLR0913 - a form has many sides
    request: Request,
    parts: Deps,
    by: Principal,
    form: ArticleForm,
    article: Article | None = None,
    *,
    preview: bool = False,
    wrong: str = "",
) -> Response:
    with parts.store.view() as view:
        return Frame(request, parts, by, view).page(
            "article_edit.html",
            status=409 if wrong else 200,
            form=form,
            article=article,
            preview=_rendered(form.body) if preview else None,
            wrong=wrong,
            customers=_customers(parts, by),
            for_all=may_write(None, by),
            services=_services(parts, by),
            languages=LANGUAGES,
        )


def _customers(parts: Deps, by: Principal) -> list[str]:
    return [by.customer] if by.customer else sorted(parts.catalogue.customers)


def _services(parts: Deps, by: Principal) -> list[str]:
    named = parts.catalogue.services
    return sorted({name for customer, name in named if by.customer in {None, customer}})


def _rendered(body: str) -> Markup:
    # What comes out of there is safe, whoever wrote the article.
    return Markup(to_html(body[: articles.LONGEST_BODY]))  # noqa: S704 - see above


def _changes(before: Version | None, after: Version) -> list[Change]:
    old = [] if before is None else [*_told(before.text)]
    lines = [*unified_diff(old, [*_told(after.text)], lineterm="", n=_CONTEXT)][2:]
    return [
        Change("…", "") if line.startswith("@@") else Change(line[0], line[1:]) for line in lines
    ]


def _told(text: Text) -> Iterator[str]:
    """An article line by line, with what it is about at the top."""
    yield f"Title: {text.title}"
    yield f"Service: {text.topic.service or '-'}"
    yield from (f"Alert: {each}" for each in text.topic.alerts)
    yield from (f"Finding: {each}" for each in text.topic.findings)
    yield ""
    yield from text.body.splitlines()


def _lines(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.splitlines())))
