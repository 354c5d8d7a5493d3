"""Post-incident reviews: what the record says, what people write, and the whole as a document."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Self

from fastapi import APIRouter, Path
from fastapi import Query as Parameter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from watcher.engine import reviews
from watcher.engine.report import report
from watcher.engine.reviews import (
    LONGEST_LINE,
    LONGEST_TEXT,
    MOST_ITEMS,
    MOST_WHYS,
    Edit,
    ItemEdit,
    Reviewed,
)
from watcher.kit.document import Document, to_markdown
from watcher.kit.pdf import to_pdf
from watcher.model.action import Action, ActionStatus
from watcher.model.article import Language
from watcher.model.person import Principal
from watcher.model.review import ActionItem, Findings, Waiting
from watcher.web.api.answers import errors
from watcher.web.api.models import Listing
from watcher.web.api.promises import PromiseItem
from watcher.web.deps import Deps, Parts
from watcher.web.guard import Operator, Viewer

router = APIRouter(prefix="/api/v1")

Id = Annotated[int, Path(alias="id", ge=1, le=2**63 - 1)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Line = Annotated[str, Field(max_length=LONGEST_LINE)]


class Wish(BaseModel):
    """The language of headings and sentences; what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid")

    lang: Language = Language.ENGLISH


Wanted = Annotated[Wish, Parameter()]


class ReviewFindings(BaseModel):
    """What people write, as plain text; `whys` are answers, each to why the one before happened."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    summary: Text = ""
    impact: Text = ""
    cause: Text = ""
    lessons: Text = ""
    whys: Annotated[list[Line], Field(max_length=MOST_WHYS)] = []

    def findings(self) -> Findings:
        """The same as a noun."""
        return Findings(self.summary, self.impact, self.cause, self.lessons, tuple(self.whys))


class NewItem(BaseModel):
    """An action item as it is to be; without a number it is a new one."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_LINE)]
    owner: Line = ""
    due: date | None = None
    done: bool = False


class NewReview(BaseModel):
    """What becomes of a review whose version `base` its author has read; 0 where none was there.
    Action items that are left out are gone.
    """

    model_config = ConfigDict(extra="forbid")

    base: int = Field(ge=0, le=2**31 - 2)
    findings: ReviewFindings = ReviewFindings()
    items: Annotated[list[NewItem], Field(max_length=MOST_ITEMS)] = []


class ItemTicket(BaseModel):
    """What an action item is in a tracker."""

    model_config = ConfigDict(from_attributes=True)

    system: str
    key: str
    url: str


class ItemFiling(BaseModel):
    """The `action` that is to make a ticket of an action item in that tracker; one that gave up
    says why, and waits for a person.
    """

    action: int
    tracker: str
    status: ActionStatus
    reason: str

    @classmethod
    def of(cls, action: Action) -> Self:
        """The action as it is told of."""
        tracker = action.payload["tracker"]
        return cls(action=action.id, tracker=tracker, status=action.status, reason=action.reason)


class Item(BaseModel):
    """An action item; it waits until somebody has done it."""

    number: int
    text: str
    owner: str
    due: date | None
    done_at: datetime | None
    done_by: str
    ticket: ItemTicket | None
    filing: ItemFiling | None

    @classmethod
    def of(cls, item: ActionItem, filing: Action | None) -> Self:
        """The item as it is listed."""
        return cls(
            number=item.number or 0,
            text=item.text,
            owner=item.owner,
            due=item.due,
            done_at=item.done_at,
            done_by=item.done_by,
            ticket=ItemTicket.model_validate(item.ticket) if item.ticket else None,
            filing=ItemFiling.of(filing) if filing else None,
        )


class WaitingItem(BaseModel):
    """An action item that waits, and the incident that it comes from."""

    incident: int
    customer: str
    item: Item

    @classmethod
    def of(cls, found: Waiting) -> Self:
        """The same as it is listed."""
        item = Item.of(found.item, found.filing)
        return cls(incident=found.incident, customer=found.customer, item=item)


class ReviewFact(BaseModel):
    """One line of the account, by its kind; `said` is what the record holds of it."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    kind: str
    said: list[str]
    actor: str
    because: str


class ReviewTimes(BaseModel):
    """In seconds; null where it is not known."""

    detect: float | None
    acknowledge: float | None
    resolve: float | None
    disrupted: float | None


class ReviewDetail(BaseModel):
    """The review of an incident; `version` is 0 while nobody has written anything. `gaps` name what
    the record does not hold.
    """

    incident: int
    version: int
    at: datetime | None
    by: str
    findings: ReviewFindings
    items: list[Item]
    facts: list[ReviewFact]
    left_out: int
    times: ReviewTimes
    promises: list[PromiseItem]
    gaps: list[str]

    @classmethod
    def of(cls, reviewed: Reviewed) -> Self:
        """The whole of it."""
        known, review = reviewed.account, reviewed.review
        spans = {name: getattr(known.times, name) for name in ReviewTimes.model_fields}
        filings = reviewed.filings
        seconds = {name: _seconds(each) for name, each in spans.items()}
        return cls(
            incident=known.record.incident.number,
            version=review.version if review else 0,
            at=review.at if review else None,
            by=review.by if review else "",
            findings=ReviewFindings.model_validate(review.findings if review else Findings()),
            items=[Item.of(each, filings.get(each.number)) for each in reviewed.items],
            facts=[ReviewFact.model_validate(each) for each in known.facts],
            left_out=known.left_out,
            times=ReviewTimes(**seconds),
            promises=[PromiseItem.of(each) for each in known.record.promises],
            gaps=list(known.gaps),
        )


@router.get("/incidents/{id}/review", responses=errors(404))
def get_review(parts: Parts, by: Viewer, number: Id) -> ReviewDetail:
    """The review of an incident: what is on record, and what people wrote."""
    with parts.store.view() as view:
        return ReviewDetail.of(reviews.read(view, parts.catalogue, number, by, parts.clock.now()))


@router.put("/incidents/{id}/review", responses=errors(404, 409))
def write_review(parts: Parts, by: Operator, number: Id, new: NewReview) -> ReviewDetail:
    """Writes a new version of what people say of an incident."""
    items = tuple(ItemEdit(**each.model_dump()) for each in new.items)
    reviews.write(parts.desk, number, Edit(new.base, new.findings.findings(), items), by)
    return get_review(parts, by, number)


@router.get(
    "/incidents/{id}/review.md",
    response_class=Response,
    responses={**errors(404), 200: {"content": {"text/markdown": {"schema": {"type": "string"}}}}},
)
def get_review_as_markdown(parts: Parts, by: Viewer, number: Id, wanted: Wanted) -> Response:
    """The review as Markdown, in which nothing that others wrote is markup."""
    return as_markdown(parts, by, number, wanted.lang)


@router.get(
    "/incidents/{id}/review.pdf",
    response_class=Response,
    responses={
        **errors(404),
        200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
    },
)
def get_review_as_pdf(parts: Parts, by: Viewer, number: Id, wanted: Wanted) -> Response:
    """The review as PDF."""
    return as_pdf(parts, by, number, wanted.lang)


@router.get("/action-items", responses=errors())
def list_action_items(parts: Parts, by: Viewer) -> Listing[WaitingItem]:
    """The action items of reviews that nobody has done yet, those due first at the head."""
    with parts.store.view() as view:
        found = [WaitingItem.of(each) for each in reviews.waiting(view, by)]
    return Listing(items=found, next=None)


def as_markdown(parts: Deps, by: Principal, number: int, lang: Language) -> Response:
    """The file, to be kept. Raises NotThereError."""
    return _file(parts, by, number, lang, _encoded, "md", "text/markdown; charset=utf-8")


def as_pdf(parts: Deps, by: Principal, number: int, lang: Language) -> Response:
    """The same as PDF. Raises NotThereError."""
    return _file(parts, by, number, lang, to_pdf, "pdf", "application/pdf")


def _file(  # noqa: PLR0913, PLR0917 - who asks for what, and what it becomes
    parts: Deps,
    by: Principal,
    number: int,
    lang: Language,
    made: Callable[[Document], bytes],
    ending: str,
    media_type: str,
) -> Response:
    with parts.store.view() as view:
        found = reviews.read(view, parts.catalogue, number, by, parts.clock.now())
    headers = {"Content-Disposition": f'attachment; filename="incident-{number}-review.{ending}"'}
    return Response(made(report(found, lang)), media_type=media_type, headers=headers)


def _encoded(document: Document) -> bytes:
    return to_markdown(document).encode()


def _seconds(time: timedelta | None) -> float | None:
    return None if time is None else time.total_seconds()
