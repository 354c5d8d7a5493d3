"""What people change about a grouping: two incidents are one, or an alert belongs elsewhere.

Nothing is lost by it: both sides are counted anew, both timelines say who did it and why, and each
decision leaves labelled pairs to learn from.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from watcher.decide import label
from watcher.decide.adopt import kept_ticket
from watcher.decide.correlate import group_of
from watcher.decide.course import joint
from watcher.decide.dedup import Identity
from watcher.decide.lifecycle import (
    MACHINE,
    Moment,
    News,
    RefusedError,
    Step,
    blank,
    named,
    reopened,
    reprioritised,
    titled,
    weightier,
)
from watcher.decide.recount import (
    Ground,
    Member,
    Roll,
    Said,
    recount,
    said_of,
    starts,
    suspected,
)
from watcher.model.alert import Occurrence, Placed
from watcher.model.catalogue import Catalogue
from watcher.model.change import replace
from watcher.model.event import Severity
from watcher.model.example import Example
from watcher.model.incident import Arranged, Entry, EntryKind, Incident, Status
from watcher.model.reason import Reason

_NAMED = 3
_AT_WORK = frozenset((Status.OPEN, Status.ACKNOWLEDGED))


@dataclass(frozen=True, slots=True)
class Fresh:
    """What the incident is to be that is split off: its number, group and service."""

    number: int
    group: str
    service: str | None


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What becomes of both incidents, and of the spans (with their alerts) that changed sides.

    `eased` are spans that stay, but had once been taken out of what their incident takes in.
    """

    source: Step
    into: Step
    moved: tuple[Member, ...]
    examples: tuple[Example, ...]
    eased: tuple[Occurrence, ...] = ()


def fresh(number: int, some: Iterable[Member], catalogue: Catalogue) -> Fresh:
    """What a new incident is about: the same as if its first alert had opened it."""
    alert, _ = min(some, key=lambda each: (each[1].started_at or each[1].heard_at, each[0].key))
    known = (alert.customer, alert.service or "") in catalogue.services
    who = Identity(alert.customer, alert.host, alert.host_known, alert.service, known)
    return Fresh(number, group_of(who, alert.key), alert.service)


def chosen(roll: Roll, words: Collection[str]) -> tuple[Member, ...]:
    """The spans that are meant: all of a condition by its key, one by its occurrence.

    Raises RefusedError for what is not there, or not one.
    """
    _require_open(roll.incident)
    found: dict[tuple[str, str], Member] = {}
    by_key, by_occurrence = _indexed(roll.members)
    for word in words:
        meant = by_key.get(word) or by_occurrence.get(word, [])
        if word not in by_key and len(meant) != 1:
            trouble = "several alerts" if meant else "no alert"
            raise RefusedError(f"#{roll.incident.number} has {trouble} {word!r}")
        found.update({(span.key, span.occurrence): (alert, span) for alert, span in meant})
    if not found:
        raise RefusedError("say which alerts are meant")
    return tuple(found.values())


def merge(source: Roll, into: Roll, moment: Moment, ground: Ground) -> Regrouped:
    """The source is closed into the other, which keeps its number, owner and timeline.

    Raises RefusedError where that would mean nothing.
    """
    _require_two(source.incident, into.incident)
    gone, kept = source.incident, into.incident
    closed = replace(
        gone, status=Status.CLOSED, closed_at=moment.now, merged_into=kept.number, firing=0
    )
    away = _entry(closed, EntryKind.MERGED, f"merged into #{kept.number}", moment)
    ticket, besides = kept_ticket(kept, gone, moment.now)
    whole = replace(
        kept,
        last_at=max(kept.last_at, gone.last_at),
        held_by=kept.held_by or gone.held_by,
        took=(*kept.took, gone.number, *gone.took),
        ticket=ticket,
        judgement=weightier(kept, gone),
        course=joint(kept, gone),
    )
    apart = {*_apart(kept), *_apart(gone)}
    moved = _handed(source, source.members, into.incident, None, moment)
    said = said_of(into) | said_of(source)
    grown = _gained(Roll(whole, into.members), moved, said, apart, moment, ground)
    taken = _entry(kept, EntryKind.MERGED, f"took in #{gone.number}: {gone.title}", moment)
    wanted = bool(grown.firing) or (gone.held_by is not None and gone.status in _AT_WORK)
    return Regrouped(
        source=Step(closed, (away,)),
        into=_settled(Step(grown, (taken, *besides)), kept.severity, wanted, moment, ground),
        moved=moved,
        examples=tuple(label.told_together(source.members, into.members, moment)),
        eased=tuple(_eased(into.members, {gone.number, *gone.took})),
    )


def move(
    source: Roll, some: Sequence[Member], into: Roll, moment: Moment, ground: Ground
) -> Regrouped:
    """Some spans go to another incident. Raises RefusedError where that would mean nothing."""
    _require_two(source.incident, into.incident)
    begun = starts(source, some, ground.policy.grouping)
    moved = _handed(source, some, into.incident, source.incident, moment)
    last_at = max(into.incident.last_at, *begun)
    wider = Roll(replace(into.incident, last_at=last_at), into.members)
    apart = {*_apart(into.incident), source.incident.number}
    grown = _gained(wider, moved, said_of(into), apart, moment, ground)
    text = f"{_counted(some)} came from #{source.incident.number}: {_names(some)}"
    entry = _entry(grown, EntryKind.MOVED, text, moment)
    firing = any(span.ended_at is None for _, span in some)
    rest = _without(source.members, some)
    return Regrouped(
        source=_lost(source, some, into.incident.number, moment, ground),
        into=_settled(Step(grown, (entry,)), into.incident.severity, firing, moment, ground),
        moved=moved,
        examples=(
            *label.told_apart(some, rest, moment),
            *label.told_together(some, into.members, moment),
        ),
    )


def split(
    source: Roll, some: Sequence[Member], fresh: Fresh, moment: Moment, ground: Ground
) -> Regrouped:
    """Some spans become an incident of their own, as if it had been one from their start on.

    Raises RefusedError where that would mean nothing.
    """
    _require_open(source.incident)
    rest = _without(source.members, some)
    if not rest:
        text = "it has no other alert: to split off all of them would only give it another number"
        raise RefusedError(f"#{source.incident.number} cannot be split: {text}")
    begun = starts(source, some, ground.policy.grouping)
    opened_at = max(begun[0], source.incident.opened_at) if _by_hand(moment) else moment.now
    first = _blank(source, some, fresh, replace(moment, now=opened_at))
    first = replace(first, last_at=begun[-1])
    moved = _handed(source, some, first, source.incident, moment)
    opened = _gained(Roll(first), moved, Said(), {source.incident.number}, moment, ground)
    text = f"split off from #{source.incident.number} with {_counted(some)}: {_names(some)}"
    entry = _entry(opened, EntryKind.OPENED, text, moment)
    return Regrouped(
        source=_lost(source, some, fresh.number, moment, ground),
        into=_opened(opened, entry, moment, ground),
        moved=moved,
        examples=(*label.told_apart(some, rest, moment), *label.chained(some, moment)),
    )


def _blank(source: Roll, some: Sequence[Member], fresh: Fresh, moment: Moment) -> Incident:
    alert, span = min(some, key=lambda each: (each[1].started_at or each[1].heard_at, each[1].key))
    customer, point = source.incident.customer, span.started_at or span.heard_at
    incident = blank(fresh.number, customer, fresh.group, span.worst, point, moment)
    return replace(incident, service=fresh.service, title=titled(alert))


def _handed(
    source: Roll,
    some: Sequence[Member],
    into: Incident,
    out_of: Incident | None,
    moment: Moment,
) -> tuple[Member, ...]:
    """The spans as they are on the other side; those `out_of` an incident do not return to it."""
    number, here = source.incident.number, {into.number, *into.took}
    if out_of is None:
        here |= {number, *source.incident.took}
    going = {(span.key, span.occurrence) for _, span in some}
    staying = {span.key for _, span in _without(source.members, some)}
    text = f"from #{number} by {moment.actor}: {moment.reason.text}"
    moved = []
    for alert, span in some:
        changed = replace(span, incident=into.number, joined_at=moment.now, reason=moment.reason)
        if _by_hand(moment):
            before = span.placed.out_of if span.placed else ()
            known = {*before, *([out_of.number] if out_of else ())}
            changed = replace(
                changed,
                reason=Reason(label.BY_HAND, text, keys=(span.key,)),
                placed=Placed(into.number, moment.actor, tuple(sorted(known - here))),
            )
        newest = (alert.key, alert.occurrence) in going or alert.key not in staying
        if newest and alert.incident == number:
            alert = replace(alert, incident=into.number)  # noqa: PLW2901 - the same alert, elsewhere
        moved.append((alert, changed))
    return tuple(moved)


def _eased(members: Iterable[Member], taken: set[int]) -> Iterable[Occurrence]:
    for _, span in members:
        placed = span.placed
        if placed is not None and not taken.isdisjoint(placed.out_of):
            out_of = tuple(each for each in placed.out_of if each not in taken)
            yield replace(span, placed=replace(placed, out_of=out_of))


def _gained(
    roll: Roll,
    moved: Sequence[Member],
    said: Said,
    apart: Iterable[int],
    moment: Moment,
    ground: Ground,
) -> Incident:
    incident, after = roll.incident, (*roll.members, *moved)
    if _by_hand(moment):
        known = set(apart) - {incident.number, *incident.took}
        incident = replace(incident, arranged=Arranged(moment.actor, tuple(sorted(known))))
    counted = recount(incident, said, after, ground)
    return suspected(counted, after, ground.policy.grouping)


def _lost(roll: Roll, some: Sequence[Member], into: int, moment: Moment, ground: Ground) -> Step:
    """An incident without some of its alerts: it goes on, is over, or there is nothing left."""
    incident, rest = roll.incident, _without(roll.members, some)
    text = f"{_counted(some)} went to #{into}: {_names(some)}"
    told = _entry(incident, EntryKind.MOVED, text, moment)
    less = incident
    if _by_hand(moment):
        apart = {*_apart(incident), into}
        less = replace(incident, arranged=Arranged(moment.actor, tuple(sorted(apart))))
    less = suspected(recount(less, said_of(roll), rest, ground), rest, ground.policy.grouping)
    if rest:
        less = replace(less, last_at=starts(roll, rest, ground.policy.grouping)[-1])
    if not rest and incident.held_by is None:
        return _emptied(less, told, moment)
    if rest and not less.firing and less.status in _AT_WORK and less.held_by is None:
        return _over(less, (told,), moment)
    changed = reprioritised(less, ground.scale, moment) if rest else Step(less)
    return replace(changed, entries=(told, *changed.entries))


def _emptied(incident: Incident, told: Entry, moment: Moment) -> Step:
    reason = Reason("emptied", "every alert of it was found to belong elsewhere")
    closed = replace(
        incident,
        status=Status.CLOSED,
        resolved_at=incident.resolved_at or moment.now,
        closed_at=moment.now,
    )
    return Step(
        closed, (told, _entry(closed, EntryKind.CLOSED, "closed", replace(moment, reason=reason)))
    )


def _over(incident: Incident, entries: tuple[Entry, ...], moment: Moment) -> Step:
    reason = Reason("all-alerts-ended", "every alert that is left has ended")
    ended_at = max(incident.ended_at or moment.now, incident.opened_at)
    over = replace(incident, status=Status.RESOLVED, resolved_at=ended_at)
    done = _entry(over, EntryKind.RESOLVED, "resolved", replace(moment, reason=reason))
    return Step(over, (*entries, done), (News.RESOLVED,))


def _opened(incident: Incident, entry: Entry, moment: Moment, ground: Ground) -> Step:
    """Who has to work on it is told; of what is over already, nobody."""
    incident = reprioritised(incident, ground.scale, moment).incident
    if incident.firing:
        return Step(incident, (entry,), (News.OPENED,))
    return replace(_over(incident, (entry,), moment), news=())


def _settled(step: Step, was: Severity, wanted: bool, moment: Moment, ground: Ground) -> Step:
    """An incident that took alerts in: back at work if it is wanted, with the priority that follows
    for one whose severity `was` that.
    """
    back = reopened(step.incident, moment) if wanted else Step(step.incident)
    after = reprioritised(back.incident, ground.scale, moment, was)
    entries = (*step.entries, *back.entries, *after.entries)
    return Step(after.incident, entries, back.news + after.news)


def _indexed(
    members: Iterable[Member],
) -> tuple[dict[str, list[Member]], dict[str, list[Member]]]:
    """The members of a key, and those of an occurrence."""
    by_key: dict[str, list[Member]] = defaultdict(list)
    by_occurrence: dict[str, list[Member]] = defaultdict(list)
    for each in members:
        by_key[each[1].key].append(each)
        by_occurrence[each[1].occurrence].append(each)
    return by_key, by_occurrence


def _require_two(source: Incident, into: Incident) -> None:
    if source.number == into.number:
        raise RefusedError(f"#{source.number} is the incident that they are in already")
    if source.customer != into.customer:
        raise RefusedError("incidents of different customers have nothing in common")
    _require_open(source)
    _require_open(into)


def _require_open(incident: Incident) -> None:
    number = incident.number
    if incident.merged_into is not None:
        text = f"#{number} was merged into #{incident.merged_into}: its alerts are there now"
        raise RefusedError(text)
    if incident.status is Status.CLOSED:
        raise RefusedError(f"#{number} is closed: reopen it first")


def _without(members: Iterable[Member], some: Iterable[Member]) -> tuple[Member, ...]:
    gone = {(span.key, span.occurrence) for _, span in some}
    return tuple(each for each in members if (each[1].key, each[1].occurrence) not in gone)


def _by_hand(moment: Moment) -> bool:
    """Whether a person decided it: only that stands against whatever the machine finds later."""
    return moment.actor != MACHINE


def _apart(incident: Incident) -> tuple[int, ...]:
    return incident.arranged.apart if incident.arranged is not None else ()


def _counted(members: Iterable[Member]) -> str:
    count = len({alert.key for alert, _ in members})
    return f"{count} alert{'' if count == 1 else 's'}"


def _names(members: Iterable[Member]) -> str:
    names = list(dict.fromkeys(named(alert) for alert, _ in members))
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _entry(incident: Incident, kind: EntryKind, text: str, moment: Moment) -> Entry:
    return Entry(incident.number, moment.now, kind, text, moment.reason, moment.actor)
