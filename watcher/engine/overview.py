"""How the sources are: when they spoke, how far what is known of them is true, what is wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from watcher.decide.heartbeat import Limit, limit_of
from watcher.model.alert import Alert
from watcher.model.concern import OWN, Concern, Watched
from watcher.model.person import Principal
from watcher.model.source import Asked, Drift, Missed, SourceState
from watcher.store.views import View

# With today these are seven days.
_WEEK = timedelta(days=6)
_WORDS = {
    Drift.OPENING: ("opening", "openings"),
    Drift.RECOVERY: ("recovery", "recoveries"),
    Drift.UPDATE: ("update", "updates"),
}


class Condition(StrEnum):
    """How a source is: it was not heard of yet; it is well; asking it has just failed, which may
    pass; something is wrong with it that people are told of.
    """

    NEW = "new"
    WELL = "well"
    TROUBLED = "troubled"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Overview:
    """One source. `limit` is how long it may be silent, None where nothing is expected of it or its
    habit is not known yet; `lag` is how old the last complete answer about it is. `today` and
    `week` count what was missed. `wrong` are the alerts about the source itself, `left_out` is
    which maintenance of it is not taken over, and why.
    """

    source: Watched
    heard_at: datetime | None
    limit: Limit | None
    asked: Asked
    lag: timedelta | None
    today: Mapping[Drift, int]
    week: Mapping[Drift, int]
    wrong: Sequence[Alert]
    left_out: Sequence[str] = ()

    @property
    def unproven(self) -> int:
        """How many of its alerts two complete answers lacked, and nothing proves to be over."""
        last = self.asked.complete_at
        return sum(last is not None and since < last for since in self.asked.absent.values())

    @property
    def condition(self) -> Condition:
        """How it is, the worst first."""
        if self.wrong:
            return Condition.FAILING
        if self.asked.problem:
            return Condition.TROUBLED
        if self.heard_at is None and self.asked.complete_at is None:
            return Condition.NEW
        return Condition.WELL


def overview(
    view: View, sources: Iterable[Watched], by: Principal, now: datetime
) -> list[Overview]:
    """The sources that somebody may see, by name."""
    states, missed, alerts = view.sources(), view.missed(now.date() - _WEEK), view.firing_of(OWN)
    return [
        _of(each, states.get(each.name, SourceState()), missed, alerts, now)
        for each in sorted(sources, key=lambda each: each.name)
        if by.customer in {None, each.customer}
    ]


def worded(counts: Mapping[Drift, int]) -> str:
    """What was missed in words, "" for nothing: of what is over by now, too."""
    return ", ".join(
        f"{count} {_WORDS[kind][count != 1]}" for kind, count in counts.items() if count
    )


def _of(
    source: Watched,
    state: SourceState,
    missed: Iterable[Missed],
    alerts: Iterable[Alert],
    now: datetime,
) -> Overview:
    mine = [each for each in missed if each.source == source.name]
    whose = source.customer, source.name
    return Overview(
        source=source,
        heard_at=state.heard.at,
        limit=limit_of(state.heard, source.told) if source.heartbeat else None,
        asked=state.asked,
        lag=now - state.asked.complete_at if state.asked.complete_at else None,
        today=_counted(each for each in mine if each.day == now.date()),
        week=_counted(mine),
        wrong=[
            each
            for each in alerts
            # A channel may have the same name.
            if (each.customer, each.labels.get("about")) == whose
            and each.labels.get("condition") != Concern.UNDELIVERED
        ],
        left_out=state.left_out,
    )


def _counted(missed: Iterable[Missed]) -> dict[Drift, int]:
    counts = dict.fromkeys(Drift, 0)
    for each in missed:
        counts[each.kind] += each.count
    return counts
