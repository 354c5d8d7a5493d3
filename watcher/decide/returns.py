"""How soon what has a cause comes back, and what the time since its last incident says for it."""

from bisect import bisect_left
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import log
from typing import TypeVar

from watcher.decide.likeness import TIME, Clue

Cause = TypeVar("Cause", bound=Hashable)
"""What stands for a cause: the number of a problem, or an incident that has none yet."""

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
SPANS = (_HOUR, 6 * _HOUR, _DAY, 3 * _DAY, 7 * _DAY, 30 * _DAY)
"""Up to so long is one span each, and anything longer the last."""

_WORDS = (
    "last seen within an hour before",
    "last seen within 6 hours before",
    "last seen within a day before",
    "last seen within 3 days before",
    "last seen within a week before",
    "last seen within 30 days before",
    "last seen more than 30 days before",
)

# Where little was confirmed, it counts as if that many had been: all spans are as likely for a
# cause that it was not, and a cause that it was is no sooner than those.
_EXPERIENCE = 2.0


def _nothing() -> list[float]:
    return [0.0] * len(_WORDS)


@dataclass(slots=True)
class Returns:
    """How long ago the last incident of each known cause was when a cause was confirmed: of the
    `right` one, and in the mean of the `others`.
    """

    right: list[float] = field(default_factory=_nothing)
    others: list[float] = field(default_factory=_nothing)

    def learn(self, now: datetime, last: Mapping[Cause, datetime], cause: Cause) -> None:
        """An incident has a cause for certain; each cause known by then was seen `last` then."""
        away = {each: _span(now, at) for each, at in last.items()}
        if cause in away:
            self.right[away.pop(cause)] += 1
        for span in away.values():
            self.others[span] += 1 / len(away)

    def weights(self) -> list[float]:
        """What each span says for a cause: the logarithm of how much oftener it is that of the
        right one than that of another.
        """
        every, known = sum(self.others), sum(self.right)
        even = _EXPERIENCE / len(_WORDS)
        chances = [(seen + even) / (every + _EXPERIENCE) for seen in self.others]
        return [
            log((seen + _EXPERIENCE * u) / (known + _EXPERIENCE) / u)
            for seen, u in zip(self.right, chances, strict=True)
        ]


def since(last: datetime, now: datetime, weights: list[float]) -> Clue:
    """What it says for a cause that it was seen `last` then, by the weight of each span."""
    span = _span(now, last)
    return Clue(TIME, (_WORDS[span],), 0.0, weights[span])


def _span(one: datetime, other: datetime) -> int:
    return bisect_left(SPANS, abs(one - other))
