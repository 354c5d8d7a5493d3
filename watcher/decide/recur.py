"""Which cause a new incident has, of those that are known, or whether its cause is new."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf, log
from typing import Generic

from watcher.decide.census import Census
from watcher.decide.likeness import Clue, Habits, clues, worded
from watcher.decide.returns import Cause, Returns, since
from watcher.decide.weighing import AS_THEY_ARE, Factors, Weighing, log_sum, weighed
from watcher.model.change import replace
from watcher.model.problem import Bond
from watcher.model.signature import Signature


@dataclass(frozen=True, slots=True)
class Past(Generic[Cause]):
    """An incident of before, and what caused it."""

    cause: Cause
    signature: Signature


@dataclass(frozen=True, slots=True)
class Likeness(Generic[Cause]):
    """How well a cause explains an incident: the sum of what speaks for it and against it, which is
    what its likest incident has in common with this one and how long ago its last one was, the
    weightiest first; and from how many incidents of before.
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


@dataclass(slots=True)
class Experience(Generic[Cause]):
    """What the confirmed causes of a customer taught. For telling how much likeness and time count,
    so many of the newest incidents are `compared`.
    """

    compared: int
    habits: Habits = field(default_factory=Habits)
    returns: Returns = field(default_factory=Returns)
    weighing: Weighing = field(default_factory=Weighing)
    past: deque[Past[Cause]] = field(init=False)
    last: dict[Cause, Signature] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.past = deque(maxlen=self.compared)

    def learn(self, new: Signature, cause: Cause, census: Census) -> None:
        """An incident has a cause for certain."""
        last, seen = self.last.get(cause), self.seen
        if last is not None:
            found = _evidence(new, self.past, census, self, seen)
            self.weighing.learn({name: each.share for name, each in found.items()}, cause)
            self.habits.learn(new, last, census)
        self.returns.learn(new.opened_at, seen, cause)
        self.last[cause] = new
        self.past.append(Past(cause, new))

    @property
    def seen(self) -> dict[Cause, datetime]:
        """When the last incident of each cause opened."""
        return {cause: each.opened_at for cause, each in self.last.items()}


@dataclass(slots=True)
class _Evidence:
    """What speaks for a cause: by its likest incident, and by the time since its last one."""

    time: Clue
    fields: list[Clue] = field(default_factory=list)
    likeness: float = -inf
    incidents: int = 0

    @property
    def share(self) -> Factors:
        return self.likeness, self.time.weight


def judge(
    new: Signature,
    past: Collection[Past[Cause]],
    census: Census,
    experience: Experience[Cause],
    thresholds: Thresholds = BY_DEFAULT,
    seen: Mapping[Cause, datetime] | None = None,
) -> Verdict[Cause]:
    """What may have caused an incident, by those of before and what is known by then; `seen` says
    when the last incident of a cause opened, where it is not among the `past`.

    Of causes that explain it as well, the one with more incidents is put first, and of those the
    one that comes first in the `past`.
    """
    found = _evidence(new, past, census, experience, seen or {})
    factors = experience.weighing.factors
    ranked = [_likeness(cause, each, factors) for cause, each in found.items()]
    ranked.sort(key=lambda each: (-each.score, -each.incidents))
    if not ranked:
        return Verdict((), -inf, None)
    known = log_sum(weighed(each.share, AS_THEY_ARE) for each in found.values()) - log(len(found))
    return Verdict(tuple(ranked), known, _bond(ranked, known, thresholds))


def _evidence(
    new: Signature,
    past: Collection[Past[Cause]],
    census: Census,
    experience: Experience[Cause],
    seen: Mapping[Cause, datetime],
) -> dict[Cause, _Evidence]:
    """By cause, in the order of the past."""
    last, weights = dict(seen), experience.returns.weights()
    for each in past:
        opened = each.signature.opened_at
        last[each.cause] = max(last.get(each.cause, opened), opened)
    found: dict[Cause, _Evidence] = {}
    for each in past:
        told = clues(new, each.signature, census, experience.habits)
        likeness = sum(clue.weight for clue in told)
        best = found.get(each.cause)
        if best is None:
            time = since(last[each.cause], new.opened_at, weights)
            best = found[each.cause] = _Evidence(time)
        best.incidents += 1
        if likeness > best.likeness:
            best.fields, best.likeness = told, likeness
    return found


def _likeness(cause: Cause, found: _Evidence, factors: Factors) -> Likeness[Cause]:
    likeness, time = factors
    told = [replace(each, weight=likeness * each.weight) for each in found.fields]
    told.append(replace(found.time, weight=time * found.time.weight))
    told.sort(key=lambda clue: (-abs(clue.weight), clue.field))
    return Likeness(cause, weighed(found.share, factors), found.incidents, tuple(told))


def _bond(ranked: Sequence[Likeness[Cause]], known: float, thresholds: Thresholds) -> Bond | None:
    if known < thresholds.suggest:
        return None
    first = ranked[0]
    alone = len(ranked) == 1 or first.score - ranked[1].score >= thresholds.margin
    if alone and first.incidents >= thresholds.pattern and known >= thresholds.sure:
        return Bond.SURE
    return Bond.SUGGESTED
