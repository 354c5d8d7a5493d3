"""What can be learned from a person's decision: pairs of alerts that belong together, or do not."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from watcher.decide.lifecycle import Moment
from watcher.decide.recount import Member
from watcher.model.example import Example, Side
from watcher.model.reason import Reason

BY_HAND = "by-hand"
# One decision about thousands of alerts must not outweigh all others.
_MOST = 100


def told_together(
    some: Sequence[Member], others: Sequence[Member], moment: Moment
) -> Iterator[Example]:
    """Each of some alerts with the one of the others that began nearest to it."""
    return _pairs(some, others, True, moment)


def told_apart(
    some: Sequence[Member], others: Sequence[Member], moment: Moment
) -> Iterator[Example]:
    """The same for alerts that do not belong together."""
    return _pairs(some, others, False, moment)


def chained(members: Sequence[Member], moment: Moment) -> Iterator[Example]:
    """Alerts that belong together, each with the next one to begin."""
    line = sorted(members, key=_order)[: _MOST + 1]
    for one, other in pairwise(line):
        yield _example(one, other, True, moment)


def _pairs(
    some: Iterable[Member], others: Sequence[Member], together: bool, moment: Moment
) -> Iterator[Example]:
    if others:
        for each in sorted(some, key=_order)[:_MOST]:
            yield _example(each, _nearest(each, others), together, moment)


def _nearest(member: Member, others: Iterable[Member]) -> Member:
    begun = _begun(member)
    return min(others, key=lambda each: (abs(_begun(each) - begun), _order(each)))


def _example(one: Member, other: Member, together: bool, moment: Moment) -> Example:
    return Example(
        customer=one[0].customer,
        one=_side(one),
        other=_side(other),
        together=together,
        by=moment.actor,
        at=moment.now,
        why=moment.reason.text,
        machine=_machine(one, other),
    )


def _machine(one: Member, other: Member) -> Reason | None:
    """Why the machine had put the one that came later where it was; None where a person had."""
    later = max((one, other), key=lambda each: (each[1].joined_at or each[1].heard_at, each[0].key))
    reason = later[1].reason
    return None if reason is None or reason.rule == BY_HAND else reason


def _side(member: Member) -> Side:
    alert, span = member
    return Side(
        key=alert.key,
        occurrence=span.occurrence,
        source=alert.source,
        name=alert.name,
        severity=span.worst,
        host=alert.host,
        service=alert.service,
        labels=alert.labels,
        started_at=span.started_at,
    )


def _begun(member: Member) -> datetime:
    return member[1].started_at or member[1].heard_at


def _order(member: Member) -> tuple[datetime, str, str]:
    return _begun(member), member[1].key, member[1].occurrence
