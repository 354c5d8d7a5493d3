"""What two runs of one history made differently: which incidents merged, split, came or went."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watcher.decide.lifecycle import named
from watcher.engine.backtest import Run
from watcher.model.alert import Occurrence
from watcher.model.incident import Incident, Priority

Key = tuple[str, str, str]
"""One span: customer, condition, occurrence."""

_NOISIEST = 10


class Change(StrEnum):
    """What became of an incident, the most dangerous first."""

    GONE = "gone"
    SPLIT = "split"
    REGROUPED = "regrouped"
    MERGED = "merged"
    NEW = "new"
    PRIORITY = "priority"
    ALERTS = "alerts"


@dataclass(frozen=True, slots=True)
class Seen:
    """An incident as one of the runs has it; `pages` counts who was told of it."""

    title: str
    priority: Priority
    opened_at: datetime
    alerts: int
    pages: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Incidents of both runs that have alerts in common, and are not the same.

    `alerts` are those that are in another company than before, or all where only the priority is
    another; `why_before` and `why_after` are the reasons of both runs.
    """

    change: Change
    customer: str
    at: datetime
    before: tuple[Seen, ...]
    after: tuple[Seen, ...]
    alerts: tuple[str, ...]
    why_before: str
    why_after: str

    @property
    def title(self) -> str:
        """What the first of the incidents is called."""
        return (self.before or self.after)[0].title

    @property
    def priority(self) -> Priority:
        """The most urgent of all priorities in it."""
        return min(each.priority for each in (*self.before, *self.after))


@dataclass(frozen=True, slots=True)
class Total:
    """What one run comes to. `suppressed` and `waited` count spans that never opened anything:
    held back by windows, mutes and inhibition, or over before they had lasted long enough.
    """

    incidents: int
    priorities: Mapping[Priority, int]
    pages: Mapping[tuple[str, Priority], int]
    tickets: int
    suppressed: int
    waited: int
    held_by: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Noise:
    """How often a condition occurred, and how many incidents it opened in each run."""

    name: str
    customer: str
    spans: int
    opened_before: int
    opened_after: int


def total(run: Run) -> Total:
    """What a run comes to."""
    living = list(run.living())
    held = [each.withheld for each in run.book.occurrences.values() if each.withheld is not None]
    return Total(
        incidents=len(living),
        priorities=Counter(each.priority for each in living),
        pages=run.pages,
        tickets=run.tickets(),
        suppressed=sum(each.suppressed for each in held),
        waited=sum(not each.suppressed for each in held),
        held_by=Counter(each.by for each in held),
    )


def differences(before: Run, after: Run) -> list[Difference]:
    """What is different, the most important first: by priority, then by danger, then by time."""
    one, other = _Side(before), _Side(after)
    found = [
        difference
        for left, right in _together(one, other)
        if (difference := _difference(one, other, left, right)) is not None
    ]
    order = list(Change)
    return sorted(
        found,
        key=lambda each: (each.priority, order.index(each.change), each.at, each.title),
    )


def noisiest(before: Run, after: Run) -> list[Noise]:
    """The conditions that occurred most often."""
    spans = Counter((each.customer, each.key) for each in before.book.occurrences.values())
    opened = [
        Counter(members[0][:2] for members in _Side(run).members.values())
        for run in (before, after)
    ]
    often = sorted(spans, key=lambda key: (-spans[key], key))[:_NOISIEST]
    return [
        Noise(
            named(before.book.alerts[key]),
            key[0],
            spans[key],
            *(each[key] for each in opened),
        )
        for key in often
    ]


class _Side:
    """One run, with the spans of each incident in the order in which they joined it."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.home: dict[Key, int] = {}
        self.members: dict[int, list[Key]] = defaultdict(list)
        self.told: Counter[int] = Counter()
        spans = [each for each in run.book.occurrences.values() if each.incident is not None]
        for span in sorted(spans, key=_joined):
            self.home[_key(span)] = number = run.home(span.incident or 0)
            self.members[number].append(_key(span))
        for number, pages in run.told.items():
            self.told[run.home(number)] += pages

    def seen(self, numbers: Iterable[int]) -> tuple[Seen, ...]:
        """These incidents as they are shown."""
        return tuple(
            Seen(
                incident.title,
                incident.priority,
                incident.opened_at,
                len({key for _, key, _ in self.members[incident.number]}),
                self.told[incident.number],
            )
            for incident in self.incidents(numbers)
        )

    def incidents(self, numbers: Iterable[int]) -> list[Incident]:
        """These incidents in the order of opening."""
        return [self.run.book.incidents[number] for number in sorted(numbers)]

    def names(self, keys: Iterable[Key]) -> tuple[str, ...]:
        """What the conditions of these spans are called, each once."""
        alerts = [self.run.book.alerts[customer, key] for customer, key, _ in keys]
        return tuple(dict.fromkeys(map(named, alerts)))

    def why(self, key: Key) -> str:
        """Why the span is where it is in this run."""
        span = self.run.book.occurrences[key]
        if span.withheld is not None:
            return f"held back: {span.withheld.reason.text}"
        return span.reason.text if span.reason is not None else "it was over before it began"

    def terms(self, numbers: Iterable[int]) -> str:
        """What makes the priority of the most urgent of these incidents."""
        worst = min(self.incidents(numbers), key=lambda each: (each.priority, each.number))
        return "; ".join(f"{term.name} {term.value}: {term.because}" for term in worst.terms)


def _together(one: _Side, other: _Side) -> Iterator[tuple[list[int], list[int]]]:
    """The incidents of both runs that hang together by the spans that they share."""
    rest = set(other.members)
    known: set[int] = set()
    for number in sorted(one.members):
        if number not in known:
            left, right = _reach(one, other, number)
            known |= left
            rest -= right
            yield sorted(left), sorted(right)
    for number in sorted(rest):
        yield [], [number]


def _reach(one: _Side, other: _Side, number: int) -> tuple[set[int], set[int]]:
    left, right = {number}, set[int]()
    todo = [(one, other, number)]
    while todo:
        here, there, at = todo.pop()
        found = {there.home[key] for key in here.members[at] if key in there.home}
        known = left if there is one else right
        todo += [(there, here, each) for each in found - known]
        known |= found
    return left, right


def _difference(
    one: _Side, other: _Side, left: Sequence[int], right: Sequence[int]
) -> Difference | None:
    """What has become of incidents that hang together; None where they are the same."""
    moved = _moved(one, other, left, right)
    before, after = one.seen(left), other.seen(right)
    if not moved and before[0].priority is after[0].priority:
        return None
    if moved:
        why = one.why(moved[0]), other.why(moved[0])
    else:
        why = one.terms(left), other.terms(right)
    side, numbers = (one, left) if left else (other, right)
    [first, *_] = side.incidents(numbers)
    return Difference(
        _change(len(left), len(right), bool(moved)),
        first.customer,
        min(each.opened_at for each in (*before, *after)),
        before,
        after,
        side.names(moved or one.members[left[0]]),
        *why,
    )


def _moved(one: _Side, other: _Side, left: Sequence[int], right: Sequence[int]) -> list[Key]:
    """The spans that are in another company than they were, the telling ones first."""
    if len(left) == len(right) == 1:
        here, there = one.members[left[0]], other.members[right[0]]
        changed = set(here) ^ set(there)
        return [each for each in (*here, *there) if each in changed]
    # Who opened the first incident of several stays where he was; the others come or go.
    lefts = left[1:] if right else left
    rights = right[1:] if left else right
    keys = [key for number in lefts for key in one.members[number]]
    keys += [key for number in rights for key in other.members[number]]
    return list(dict.fromkeys(keys))


def _change(before: int, after: int, moved: bool) -> Change:
    """What it is called when so many incidents become so many."""
    if not (before and after):
        return Change.GONE if before else Change.NEW
    if before == after == 1:
        return Change.ALERTS if moved else Change.PRIORITY
    if before == 1 or after == 1:
        return Change.SPLIT if before == 1 else Change.MERGED
    return Change.REGROUPED


def _joined(span: Occurrence) -> tuple[datetime, datetime, Key]:
    return span.joined_at or span.heard_at, span.started_at or span.heard_at, _key(span)


def _key(span: Occurrence) -> Key:
    return span.customer, span.key, span.occurrence
