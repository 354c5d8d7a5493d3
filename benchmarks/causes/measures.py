"""How good answers are: is the right cause named, and are new ones told from known ones."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan
from random import Random

_RESAMPLES = 1000
_FIRST, _FEW = 1, 3


@dataclass(frozen=True, slots=True)
class Given:
    """An answer: the causes by likelihood, how well known ones explain it, and what was linked."""

    incident: str
    ranked: Sequence[str]
    known: float = -inf
    linked: str | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """R@1 and R@3 over the questions whose cause was known by then, and as the mean of causes, with
    its interval; the mean reciprocal rank; the chance that a known one scores above a new one; how
    many were linked by themselves, and which share of them rightly.
    """

    questions: int
    r1: float
    r3: float
    macro_r1: float
    macro_r3: float
    interval: tuple[float, float]
    mrr: float
    auc: float
    linked: int
    precision: float


def figures(answers: Iterable[Given], truth: Mapping[str, str]) -> Figures:
    """The figures of answers in the order in which they were given."""
    seen = set[str]()
    ranks: dict[str, list[float]] = defaultdict(list)
    scores: list[tuple[float, bool]] = []
    linked: list[bool] = []
    for each in answers:
        right = truth[each.incident]
        if seen:
            scores.append((each.known, right in seen))
        if right in seen:
            place = each.ranked.index(right) + 1 if right in each.ranked else inf
            ranks[right].append(place)
        if each.linked is not None:
            linked.append(each.linked == right)
        seen.add(right)
    every = [rank for some in ranks.values() for rank in some]
    return Figures(
        questions=len(every),
        r1=_within(every, _FIRST),
        r3=_within(every, _FEW),
        macro_r1=_macro(list(ranks.values()), _FIRST),
        macro_r3=_macro(list(ranks.values()), _FEW),
        interval=_interval(list(ranks.values())),
        mrr=sum(1 / rank for rank in every) / max(1, len(every)),
        auc=auc(scores),
        linked=len(linked),
        precision=sum(linked) / len(linked) if linked else nan,
    )


def recall(answers: Iterable[Given], kind: Mapping[str, str]) -> tuple[int, float, float]:
    """How many had one of the same kind before, and whether one is the first, or among three."""
    seen, places = set[str](), list[float]()
    for each in answers:
        right = kind[each.incident]
        if right in seen:
            kinds = [kind[other] for other in each.ranked]
            places.append(kinds.index(right) + 1 if right in kinds else inf)
        seen.add(right)
    return len(places), _within(places, _FIRST), _within(places, _FEW)


def auc(scores: Iterable[tuple[float, bool]]) -> float:
    """The chance that a known one scores above a new one; equal scores count half."""
    known = [score for score, is_known in scores if is_known]
    new = [score for score, is_known in scores if not is_known]
    if not known or not new:
        return nan
    above = sum((one > other) + (one == other) / 2 for one in known for other in new)
    return above / len(known) / len(new)


def _within(ranks: Sequence[float], most: int) -> float:
    return sum(rank <= most for rank in ranks) / len(ranks) if ranks else nan


def _macro(causes: Sequence[Sequence[float]], most: int) -> float:
    return sum(_within(ranks, most) for ranks in causes) / len(causes) if causes else nan


def _interval(causes: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Nine in ten of what macro R@1 would be with other such causes; by resampling them."""
    chance = Random(1)
    if not causes:
        return nan, nan
    some = sorted(_macro(chance.choices(causes, k=len(causes)), _FIRST) for _ in range(_RESAMPLES))
    return some[_RESAMPLES // 20], some[-_RESAMPLES // 20]
