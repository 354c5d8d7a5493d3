"""Which cause a new incident has, of those that are known, or whether its cause is new."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Generic, TypeVar

from watcher.decide.census import Census
from watcher.decide.likeness import Clue, Habits, clues, timely, worded
from watcher.model.problem import Bond
from watcher.model.signature import Signature

Cause = TypeVar("Cause", bound=Hashable)
"""What stands for a cause: the number of a problem, or an incident that has none yet."""


@dataclass(frozen=True, slots=True)
class Past(Generic[Cause]):
    """An incident of before, and what caused it."""

    cause: Cause
    signature: Signature


@dataclass(frozen=True, slots=True)
class Likeness(Generic[Cause]):
    """How well a cause explains an incident: the logarithm of how much likelier what that is like
    is where this caused it, from how many incidents of before, and what speaks for and against it,
    the weightiest first.
    """

    cause: Cause
    score: float
    incidents: int
    clues: tuple[Clue, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks for it and against it, in words."""
        return tuple(worded(clue) for clue in self.clues)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a match is sure: where the cause has so many incidents already, is so much likelier than
    any other, and known causes explain the incident so well (logarithms: 3 is twenty to one). From
    `suggest` on it is suggested.
    """

    pattern: int = 3
    margin: float = 3.0
    sure: float = 0.0
    suggest: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict(Generic[Cause]):
    """The causes that may explain an incident, the likeliest first; how well the `known` ones do in
    all, by what is to be expected of a chance incident (0); and whether the first is sure, is to be
    suggested, or the cause is new (None).
    """

    ranked: tuple[Likeness[Cause], ...]
    known: float
    bond: Bond | None


BY_DEFAULT = Thresholds()


def judge(
    new: Signature,
    past: Iterable[Past[Cause]],
    census: Census,
    habits: Habits,
    thresholds: Thresholds = BY_DEFAULT,
) -> Verdict[Cause]:
    """What may have caused an incident, by those of before and what is known by then.

    Of causes that explain it as well, the one that comes first in the `past` is put first.
    """
    times = habits.times(new.opened_at)
    found: dict[Cause, list[tuple[float, list[Clue]]]] = defaultdict(list)
    for each in past:
        told = clues(new, each.signature, census, habits)
        told.append(timely(new, each.signature, times))
        found[each.cause].append((sum(clue.weight for clue in told), told))
    ranked = [_likeness(cause, pairs) for cause, pairs in found.items()]
    ranked.sort(key=lambda each: -each.score)
    pairs = sum(each.incidents for each in ranked)
    known = _sum([each.score for each in ranked]) - log(pairs) if ranked else float("-inf")
    return Verdict(tuple(ranked), known, _bond(ranked, known, thresholds))


def _likeness(cause: Cause, pairs: Sequence[tuple[float, list[Clue]]]) -> Likeness[Cause]:
    _, told = max(pairs, key=lambda pair: pair[0])
    told.sort(key=lambda clue: (-abs(clue.weight), clue.field))
    return Likeness(cause, _sum([weight for weight, _ in pairs]), len(pairs), tuple(told))


def _bond(ranked: Sequence[Likeness[Cause]], known: float, thresholds: Thresholds) -> Bond | None:
    if not ranked or known < thresholds.suggest:
        return None
    first = ranked[0]
    alone = len(ranked) == 1 or first.score - ranked[1].score >= thresholds.margin
    if alone and first.incidents >= thresholds.pattern and known >= thresholds.sure:
        return Bond.SURE
    return Bond.SUGGESTED


def _sum(logarithms: Sequence[float]) -> float:
    """The logarithm of the sum of what these are the logarithms of."""
    most = max(logarithms)
    return most + log(sum(exp(each - most) for each in logarithms))
