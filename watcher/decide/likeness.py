"""How much likelier the likeness of two incidents is where they have one cause than by chance.

That is the record linkage of Fellegi and Sunter (1969): for each field log(m / u) where two agree
and log((1 - m) / (1 - u)) where they differ, m being the share of agreement among pairs of one
cause and u among all others. u is the rarity of the value; m is learned from what was confirmed.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from math import log

from watcher.decide.census import Census
from watcher.model.signature import Signature

TIME = "time"
"""The name under which the time between two incidents counts as a field."""

AGREEMENT = 0.5
"""m where nothing was confirmed: a pair of one cause agrees in a field as often as not."""

EXPERIENCE = 1.0
"""How many pairs that prior is worth."""

DEPENDENCE = 0.5
"""How much the fields count: they are not as independent of each other as their sum supposes, for a
category, its subcategory and the group that it goes to say much the same.
"""

_HOUR, _DAY = 3600.0, 86400.0
SPANS = (_HOUR, 6 * _HOUR, _DAY, 3 * _DAY, 7 * _DAY, 30 * _DAY)
"""Up to so many seconds apart is one bin each, and anything longer the last."""

_SPANS = (
    "within an hour",
    "within 6 hours",
    "within a day",
    "within 3 days",
    "within a week",
    "within 30 days",
    "after more than 30 days",
)

# What comes back does so within hours more often than not.
_SOON = (0.25, 0.15, 0.15, 0.15, 0.1, 0.1, 0.1)
# A difference in a value that nearly all have is not let count for ever.
_MOST = 0.9
# So many values of a field are named.
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Clue:
    """What one field says: the values that both have (none where all differ), the share of what
    the two say that is the same, how many `incidents` there were `of` all that have the rarest of
    these values, and by how much that counts.
    """

    field: str
    alike: tuple[str, ...]
    agreement: float
    weight: float
    incidents: int = 0
    of: int = 0


@dataclass(slots=True)
class Habits:
    """What a customer's causes are like, learned from the pairs that were confirmed: how often two
    incidents of one cause agree in a field, and how long one comes after the other.
    """

    alike: dict[str, float] = field(default_factory=dict)
    pairs: dict[str, float] = field(default_factory=dict)
    spans: list[float] = field(default_factory=lambda: [EXPERIENCE * each for each in _SOON])
    tied: list[float] = field(default_factory=list)

    def learn(self, new: Signature, last: Signature | None, census: Census) -> None:
        """An incident has a cause for certain, of which the `last` incident before is given."""
        if last is not None:
            for name in new.traits.keys() & last.traits.keys():
                if new.traits[name] and last.traits[name]:
                    agreed = agreement(name, new.traits[name], last.traits[name], census)
                    self.alike[name] = self.alike.get(name, 0.0) + agreed
                    self.pairs[name] = self.pairs.get(name, 0.0) + 1
            self.spans[_bin(_apart(new.opened_at, last.opened_at))] += 1
        insort(self.tied, new.opened_at.timestamp())

    def agrees(self, name: str) -> float:
        """The share of pairs of one cause that agree in a field: its m."""
        alike = self.alike.get(name, 0.0) + EXPERIENCE * AGREEMENT
        return alike / (self.pairs.get(name, 0.0) + EXPERIENCE)

    def times(self, now: datetime) -> list[float]:
        """What the time between `now` and an incident before counts, by bin.

        By chance it is in a bin as often as the incidents before are that have any known cause.
        """
        at = now.timestamp()
        edges = [len(self.tied), *(bisect_left(self.tied, at - each) for each in SPANS), 0]
        known, every = len(self.tied), sum(self.spans)
        chances = [(a - b + 1) / (known + len(self.spans)) for a, b in pairwise(edges)]
        return [log(m / every / u) for m, u in zip(self.spans, chances, strict=True)]


def agreement(name: str, one: frozenset[str], other: frozenset[str], census: Census) -> float:
    """The share of what two say of a field that both say, the rare counting more; 0 to 1."""
    both = one & other
    if not both:
        return 0.0
    if len(both) == len(one) == len(other):
        return 1.0
    return _told(name, both, census) / _told(name, one | other, census)


def clues(new: Signature, old: Signature, census: Census, habits: Habits) -> list[Clue]:
    """What each field that both have says of the likeness of two incidents."""
    return [
        _clue(name, found, old.traits[name], census, habits.agrees(name))
        for name, found in new.traits.items()
        if found and old.traits.get(name)
    ]


def _clue(name: str, one: frozenset[str], other: frozenset[str], census: Census, m: float) -> Clue:
    both = one & other
    rarest = min(both or one, key=lambda each: (census.count((name, each)), each))
    u = census.share((name, rarest))
    differ = log((1 - m) / (1 - min(u, _MOST)))
    agreed = agreement(name, one, other, census)
    weight = DEPENDENCE * (agreed * log(m / u) + (1 - agreed) * differ)
    count, every = census.count((name, rarest)), census.fields.get(name, 0)
    return Clue(name, tuple(sorted(both)), agreed, weight, count, every)


def timely(new: Signature, old: Signature, times: list[float]) -> Clue:
    """What the time between two incidents says, by what each bin counts (see `Habits.times`)."""
    span = _bin(_apart(new.opened_at, old.opened_at))
    return Clue(TIME, (_SPANS[span],), 0.0, times[span])


def worded(clue: Clue) -> str:
    """What a clue says, with what it counts."""
    text = _said(clue)
    return f"{text} ({clue.weight:+.1f})"


def _said(clue: Clue) -> str:
    if clue.field == TIME:
        return clue.alike[0]
    if not clue.alike:
        return f"another {clue.field}"
    shown = ", ".join(clue.alike[:_SHOWN])
    if len(clue.alike) > _SHOWN:
        shown += f" and {len(clue.alike) - _SHOWN} more"
    alike = "the same" if clue.agreement == 1 else f"{clue.agreement:.0%} the same"
    return f"{alike} {clue.field}: {shown}; seen in {clue.incidents} of {clue.of} incidents"


def _told(name: str, values: Iterable[str], census: Census) -> float:
    return sum(-log(census.share((name, each))) for each in sorted(values))


def _apart(new: datetime, old: datetime) -> float:
    return abs((new - old).total_seconds())


def _bin(seconds: float) -> int:
    return bisect_left(SPANS, seconds)
