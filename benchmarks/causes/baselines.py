"""Simple ways to find the cause of an incident among those of before, which Watcher has to beat."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import inf, log, log1p, sqrt

from benchmarks.causes.measures import Given
from watcher.engine.hindcast import Asked
from watcher.model.signature import Signature

Likeness = Callable[[Signature, Signature], float]
Value = tuple[str, str]
_DAY = 86400.0


def ways(every: Sequence[Asked]) -> Mapping[str, Likeness]:
    """Each way to compare two incidents, by what is rare in all of them, later ones included."""
    counts = Counter(value for each in every for value in _values(each.signature))
    total, fields = len(every), list(every[0].signature.traits) if every else []

    def rare(one: Signature, other: Signature) -> float:
        return sum(log(total / counts[each]) for each in _values(one) & _values(other))

    return {
        "most recent": lambda _, other: other.opened_at.timestamp(),
        f"same {' and '.join(fields[:2])}": lambda one, other: sum(
            one.traits.get(name) == other.traits.get(name) for name in fields[:2]
        ),
        "rare values": rare,
        "rare values, 1 day decay": lambda one, other: (
            rare(one, other) - abs((one.opened_at - other.opened_at).total_seconds()) / _DAY
        ),
        "jaccard": lambda one, other: jaccard(_values(one), _values(other)),
    }


def answers(every: Sequence[Asked], likeness: Likeness) -> list[Given]:
    """The cause of the likest incident of before comes first, and is as known as it is like."""
    past: list[tuple[str, Signature]] = []
    given: list[Given] = []
    for each in every:
        if each.cause is None:
            continue
        best: dict[str, float] = {}
        for cause, other in past:
            best[cause] = max(best.get(cause, -inf), likeness(each.signature, other))
        ranked = sorted(best, key=lambda cause: -best[cause])
        given.append(Given(each.incident, ranked, best[ranked[0]] if ranked else 0.0))
        past.append((each.cause, each.signature))
    return given


def jaccard(one: frozenset[Value], other: frozenset[Value]) -> float:
    """The share of values in common."""
    return len(one & other) / max(1, len(one | other))


def by_names(every: Sequence[tuple[str, Counter[str]]], *, weighted: bool) -> list[Given]:
    """The likest of before by the names of alerts: by jaccard, or weighted by count and rarity."""
    past: list[tuple[str, Counter[str]]] = []
    seen = Counter[str]()
    given: list[Given] = []
    for name, names in every:
        scores = {
            other: _cosine(names, known, seen, len(past))
            if weighted
            else len(names.keys() & known.keys()) / max(1, len(names.keys() | known.keys()))
            for other, known in past
        }
        given.append(Given(name, sorted(scores, key=lambda other: -scores[other])))
        past.append((name, names))
        seen.update(names.keys())
    return given


def _cosine(one: Counter[str], other: Counter[str], seen: Counter[str], total: int) -> float:
    def weights(names: Counter[str]) -> dict[str, float]:
        return {
            name: log1p(count) * max(log((total + 1) / (seen[name] + 0.5)), 0.01)
            for name, count in names.items()
        }

    mine, theirs = weights(one), weights(other)
    both = sum(mine[name] * theirs[name] for name in mine.keys() & theirs.keys())
    return both / (_length(mine) * _length(theirs) or 1)


def _length(weights: Mapping[str, float]) -> float:
    return sqrt(sum(each * each for each in weights.values()))


def _values(signature: Signature) -> frozenset[Value]:
    return frozenset((name, value) for name, found in signature.traits.items() for value in found)
