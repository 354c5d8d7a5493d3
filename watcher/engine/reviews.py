"""Post-incident reviews: what the record says, and what people write beside it.

Whoever may see only one customer gets the same answer for a stranger's incident as for none at all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from watcher.decide.lifecycle import RefusedError
from watcher.decide.review import Account, Record, account
from watcher.decide.sla import promises
from watcher.engine.changes import shortly_before
from watcher.engine.command import Desk, NotThereError
from watcher.engine.filing import key_of, pending, wanted
from watcher.kit.text import one_line
from watcher.model.action import Action
from watcher.model.catalogue import Catalogue
from watcher.model.change import replace
from watcher.model.person import Principal
from watcher.model.review import ActionItem, Findings, Review, Waiting
from watcher.store.views import View

LONGEST_TEXT = 10_000
LONGEST_LINE = 500
MOST_WHYS = 10
MOST_ITEMS = 50
MOST_WAITING = 500


@dataclass(frozen=True, slots=True)
class Reviewed:
    """An incident as the record tells it, and the newest version of what people wrote, if any."""

    account: Account
    review: Review | None

    @property
    def items(self) -> tuple[ActionItem, ...]:
        """What was agreed on."""
        return self.review.items if self.review else ()

    @property
    def filings(self) -> dict[int | None, Action]:
        """What is still to make tickets of action items, by their numbers."""
        record = self.account.record
        actions = {each.key: each for each in record.actions}
        found = ((each, pending(record.incident.number, each, actions)) for each in self.items)
        return {item.number: action for item, action in found if action}


@dataclass(frozen=True, slots=True)
class ItemEdit:
    """An action item as somebody leaves it; without a number it is a new one."""

    text: str
    owner: str = ""
    due: date | None = None
    done: bool = False
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody makes of a review of which he read the version `base` (0: none was there).
    Action items that are not among these are gone.
    """

    base: int
    findings: Findings
    items: tuple[ItemEdit, ...] = ()


def read(view: View, catalogue: Catalogue, number: int, by: Principal, now: datetime) -> Reviewed:
    """The review of an incident, with its promises as they stand now. Raises NotThereError."""
    incident = view.incident(number, by.customer)
    if incident is None:
        raise NotThereError(f"there is no incident {number}")
    problem, spans = incident.problem, view.spans_of(number)
    record = Record(
        incident=incident,
        spans=spans,
        timeline=view.timeline(number),
        evidence=view.evidence_of(number),
        actions=view.actions_of(number),
        problem=view.problem(problem, incident.customer) if problem is not None else None,
        changes=shortly_before(view, catalogue, incident, spans),
        promises=promises(incident, catalogue, now),
    )
    return Reviewed(account(record), next(iter(view.reviews(number)), None))


def write(desk: Desk, number: int, edit: Edit, by: Principal) -> Review:
    """Keeps a new version. Raises NotThereError, and RefusedError where somebody else was faster
    or the texts are too long.
    """
    findings = _checked(edit.findings)
    now = desk.moment(by, "somebody wrote the review").now
    with desk.store.begin() as tx:
        incident = tx.incidents([number]).get(number)
        if incident is None or by.customer not in {None, incident.customer}:
            raise NotThereError(f"there is no incident {number}")
        versions = tx.reviews(number)
        newest = versions[0] if versions else None
        if edit.base != (newest.version if newest else 0):
            raise RefusedError("somebody else wrote a newer version meanwhile: load it again")
        review = Review(
            incident=number,
            customer=incident.customer,
            version=edit.base + 1,
            at=now,
            by=by.name,
            findings=findings,
            items=tuple(_items(edit.items, versions, by.name, now)),
        )
        tx.save_review(review)
        tx.renew(wanted(review, desk.trackers), now)
    desk.wake()
    return review


def waiting(view: View, by: Principal) -> list[Waiting]:
    """The action items that nobody has done yet, those due first at the head."""
    found = view.action_items(by.customer, MOST_WAITING)
    actions = view.actions_named(key_of(each.incident, each.item) for each in found)
    return [replace(each, filing=pending(each.incident, each.item, actions)) for each in found]


def _checked(findings: Findings) -> Findings:
    texts = (findings.summary, findings.impact, findings.cause, findings.lessons)
    if any(len(text) > LONGEST_TEXT for text in texts):
        raise RefusedError(f"a text has {LONGEST_TEXT} characters at most")
    whys = tuple(filter(None, map(_line, findings.whys)))
    if len(whys) > MOST_WHYS:
        raise RefusedError(f"there are {MOST_WHYS} whys at most")
    summary, impact, cause, lessons = map(_prose, texts)
    return Findings(summary, impact, cause, lessons, whys)


def _items(
    edits: Sequence[ItemEdit], versions: Sequence[Review], by: str, now: datetime
) -> Iterator[ActionItem]:
    """The action items as they become; what was done stays done by whom it was. A number that was
    taken in any version is not given again.
    """
    if len(edits) > MOST_ITEMS:
        raise RefusedError(f"there are {MOST_ITEMS} action items at most")
    known = {each.number: each for each in versions[0].items} if versions else {}
    given = [each.number or 0 for version in versions for each in version.items]
    following = max(given, default=0) + 1
    seen = set()
    for edit in edits:
        number = edit.number
        if number is None:
            number, following = following, following + 1
        elif number not in known or number in seen:
            raise RefusedError(f"there is no action item {number}, or it is named twice")
        seen.add(number)
        before = known.get(number, ActionItem("", number=number))
        yield _edited(before, edit, by, now)


def _edited(before: ActionItem, edit: ItemEdit, by: str, now: datetime) -> ActionItem:
    text = _line(edit.text)
    if not text:
        raise RefusedError("an action item needs a text: say what is to be done")
    item = replace(before, text=text, owner=_line(edit.owner), due=edit.due)
    if edit.done is item.done:
        return item
    return replace(item, done_at=now if edit.done else None, done_by=by if edit.done else "")


def _line(text: str) -> str:
    if len(text) > LONGEST_LINE:
        raise RefusedError(f"a line has {LONGEST_LINE} characters at most")
    return one_line(text)


def _prose(text: str) -> str:
    """The text without what nobody can read, its lines as they are."""
    return "\n".join(one_line(line) for line in text.strip().splitlines())
