"""The page of a post-incident review, the form on which people write it, and what waits."""

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import RedirectResponse, Response

from watcher.decide.lifecycle import RefusedError
from watcher.engine import reviews
from watcher.engine.report import report
from watcher.engine.reviews import LONGEST_LINE, LONGEST_TEXT, Edit, ItemEdit, Reviewed
from watcher.kit.document import Block, Heading, Points, Prose, Table, lines
from watcher.kit.text import one_line
from watcher.model.action import ActionStatus
from watcher.model.article import Language
from watcher.model.person import Principal
from watcher.model.review import Findings, Review
from watcher.web.deps import Deps, Parts
from watcher.web.guard import Operator, Viewer
from watcher.web.pages.articles import LANGUAGES
from watcher.web.pages.render import Frame

router = APIRouter(include_in_schema=False)

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Text = Annotated[str, Form(max_length=2 * LONGEST_TEXT)]
Lines = Annotated[list[Annotated[str, Form(max_length=LONGEST_LINE)]], Form()]

_WHYS = 5
_BLANK_ROWS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """An action item on the form; an empty number is that of a new one."""

    number: str = ""
    text: str = ""
    owner: str = ""
    due: str = ""
    done: bool = False


@dataclass(frozen=True, slots=True)
class ReviewForm:
    """The fields of that form. What belongs to one action item is at one place of its lists;
    `done` has the places of those that are.
    """

    base: Annotated[int, Form(ge=0, le=2**31 - 2)] = 0
    summary: Text = ""
    impact: Text = ""
    cause: Text = ""
    lessons: Text = ""
    why: Lines = field(default_factory=list)
    known: Lines = field(default_factory=list)
    item: Lines = field(default_factory=list)
    owner: Lines = field(default_factory=list)
    due: Lines = field(default_factory=list)
    done: Lines = field(default_factory=list)

    @classmethod
    def of(cls, review: Review) -> "ReviewForm":
        """What a review says now."""
        items = review.items
        return cls(
            review.version,
            review.findings.summary,
            review.findings.impact,
            review.findings.cause,
            review.findings.lessons,
            list(review.findings.whys),
            [str(each.number) for each in items],
            [each.text for each in items],
            [each.owner for each in items],
            [each.due.isoformat() if each.due else "" for each in items],
            [str(at) for at, each in enumerate(items) if each.done],
        )

    def rows(self) -> list[Row]:
        """The action items, as they were typed."""
        columns = zip(self.known, self.item, self.owner, self.due, strict=False)
        return [Row(*each, str(at) in self.done) for at, each in enumerate(columns)]

    def edit(self) -> Edit:
        """What the fields say; a row without a text is none. Raises RefusedError."""
        findings = Findings(self.summary, self.impact, self.cause, self.lessons, tuple(self.why))
        return Edit(self.base, findings, tuple(_edit(each) for each in self.rows() if each.text))


def _edit(row: Row) -> ItemEdit:
    try:
        due = date.fromisoformat(row.due) if row.due else None
        number = int(row.number) if row.number else None
    except ValueError:
        raise RefusedError("an action item is due on a date, as 2026-11-30") from None
    return ItemEdit(row.text, row.owner, due, row.done, number)


@router.get("/incidents/{number}/review")
def review_page(
    request: Request, parts: Parts, by: Viewer, number: Number, lang: Language = Language.ENGLISH
) -> Response:
    """The review as a document."""
    with parts.store.view() as view:
        found = reviews.read(view, parts.catalogue, number, by, parts.clock.now())
        filings = found.filings
        return Frame(request, parts, by, view).page(
            "review.html",
            incident=found.account.record.incident,
            document=report(found, lang),
            kind=kind_of,
            paragraphs=lines,
            plain=one_line,
            languages=LANGUAGES,
            written=found.review is not None,
            unfiled=[
                (each, filing)
                for each in found.items
                if (filing := filings.get(each.number)) and filing.status is ActionStatus.GAVE_UP
            ],
        )


@router.get("/incidents/{number}/review/edit")
def edit_review(request: Request, parts: Parts, by: Operator, number: Number) -> Response:
    """The form with what people wrote so far."""
    with parts.store.view() as view:
        found = reviews.read(view, parts.catalogue, number, by, parts.clock.now())
    form = ReviewForm.of(found.review) if found.review else ReviewForm()
    return _form(request, parts, by, found, form)


@router.post("/incidents/{number}/review/edit")
def write_review(
    request: Request,
    parts: Parts,
    by: Operator,
    number: Number,
    form: Annotated[ReviewForm, Depends()],
) -> Response:
    """Keeps it, or shows the form again with what is wrong."""
    with parts.store.view() as view:
        found = reviews.read(view, parts.catalogue, number, by, parts.clock.now())
    try:
        reviews.write(parts.desk, number, form.edit(), by)
    except RefusedError as error:
        return _form(request, parts, by, found, form, str(error))
    return RedirectResponse(f"/incidents/{number}/review", 303)


@router.get("/action-items")
def action_items(request: Request, parts: Parts, by: Viewer) -> Response:
    """What waits to be done so that incidents do not come back."""
    with parts.store.view() as view:
        return Frame(request, parts, by, view).page(
            "action_items.html",
            waiting=reviews.waiting(view, by),
            today=parts.clock.now().date(),
        )


def kind_of(block: Block) -> str:
    """Which kind of part of a document that is, for the template."""
    kinds = {Heading: "heading", Prose: "prose", Points: "points", Table: "table"}
    return kinds[type(block)]


def _form(
    request: Request,
    parts: Deps,
    by: Principal,
    found: Reviewed,
    form: ReviewForm,
    wrong: str = "",
) -> Response:
    with parts.store.view() as view:
        return Frame(request, parts, by, view).page(
            "review_edit.html",
            status=409 if wrong else 200,
            incident=found.account.record.incident,
            form=form,
            whys=form.why + [""] * max(1, _WHYS - len(form.why)),
            rows=form.rows() + [Row()] * _BLANK_ROWS,
            longest_text=LONGEST_TEXT,
            longest_line=LONGEST_LINE,
            wrong=wrong,
        )
