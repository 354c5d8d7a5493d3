"""Makes tickets of action items of reviews: which are to become one, where, and what it says."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from watcher.engine.hands import Errand, Result
from watcher.kit.clock import Clock
from watcher.model.action import Action, ActionKind, ActionStatus, Intent, Outcome, Verdict
from watcher.model.incident import Incident
from watcher.model.review import ActionItem, FiledItem, Review
from watcher.store.views import View
from watcher.trackers.base import Draft, Filed, Tracker

_LANE = "tickets"
# Trackers cut longer titles.
_LONG = 200


def wanted(review: Review, trackers: Iterable[Tracker]) -> Iterator[Intent]:
    """What is to become a ticket, in the first tracker that serves the customer, if any does:
    each action item that needs one.
    """
    tracker = next((each for each in trackers if each.serves(review.customer)), None)
    if tracker is None:
        return
    for item in filter(needed, review.items):
        yield Intent(
            incident=review.incident,
            customer=review.customer,
            kind=ActionKind.FILE,
            lane=_LANE,
            key=key_of(review.incident, item),
            payload={"tracker": tracker.name, "item": str(item.number)},
        )


def needed(item: ActionItem) -> bool:
    """Whether it is still to be done, and has no ticket that says so."""
    return not item.done and item.ticket is None


def key_of(incident: int, item: ActionItem) -> str:
    """The key of the action that makes a ticket of this item."""
    return f"file/item/{incident}/{item.number}"


def pending(incident: int, item: ActionItem, actions: Mapping[str, Action]) -> Action | None:
    """The action, of these by their keys, that is still to make a ticket of the item, if need be
    by a person who has it retried.
    """
    action = actions.get(key_of(incident, item))
    waits = action is not None and action.status is not ActionStatus.DONE
    return action if waits and needed(item) else None


def described(payload: Mapping[str, str], incident: int) -> str:
    """What an action does, in words."""
    return f"ticket in {payload['tracker']} for action item {payload['item']} of #{incident}"


@dataclass(frozen=True, slots=True)
class FileHand:
    """See `Hand`. `public_url` is where people find us."""

    trackers: Mapping[str, Tracker]
    clock: Clock
    public_url: str

    @property
    def longest(self) -> float:
        """The most patient of the trackers."""
        return max((tracker.longest for tracker in self.trackers.values()), default=0.0)

    def label(self, action: Action) -> str:
        """Which ticket, and where."""
        return described(action.payload, action.incident)

    def prepare(self, actions: Sequence[Action], view: View) -> Errand:
        """Writes the ticket from the action item as it is now, unless there is no need any more."""
        [action] = actions
        reviews = view.reviews(action.incident)
        incident = view.incident(action.incident, action.customer)
        item = _item(reviews, int(action.payload["item"]))
        if incident is None or item is None:
            return _ended(Verdict.DONE, "the action item is not there any more")
        if not needed(item):
            return _ended(Verdict.DONE, "the action item is done, or has a ticket already")
        name = action.payload["tracker"]
        tracker = self.trackers.get(name)
        if tracker is None or not tracker.serves(action.customer):
            why = f"there is no tracker {name!r} for {action.customer} any more"
            return _ended(Verdict.GAVE_UP, f"{why}; saving the review again takes another")
        draft = self._draft(incident, item, reviews)
        return lambda: (_result(action, tracker.file(draft)),)

    def _draft(self, incident: Incident, item: ActionItem, reviews: Sequence[Review]) -> Draft:
        newest, first = reviews[0], reviews[-1]
        lines = [
            item.text if len(item.text) > _LONG else "",
            f"From the post-incident review of #{incident.number}: {incident.title}",
            f"Owner: {item.owner}" if item.owner else "",
            f"Root cause: {newest.findings.cause}" if newest.findings.cause else "",
        ]
        # Another installation, or one that began anew, has the same numbers.
        begun = int(first.at.timestamp())
        return Draft(
            key=f"watcher-{incident.number}-{item.number}-{begun:x}",
            title=item.text,
            text="\n".join(filter(None, lines)),
            url=f"{self.public_url}/incidents/{incident.number}/review",
            at=self.clock.now(),
            due=item.due,
        )


def _item(reviews: Sequence[Review], number: int) -> ActionItem | None:
    """The action item as the newest version has it."""
    items = reviews[0].items if reviews else ()
    return next((each for each in items if each.number == number), None)


def _result(action: Action, filed: Filed) -> Result:
    if filed.ticket is None:
        return Result(filed.outcome)
    number = int(action.payload["item"])
    return Result(filed.outcome, filed=FiledItem(action.incident, number, filed.ticket))


def _ended(verdict: Verdict, why: str) -> Errand:
    """There is nothing to ask a tracker; where nothing is left to do that is no news."""
    quiet = verdict is Verdict.DONE
    return lambda: (Result(Outcome(verdict, why), quiet=quiet),)
