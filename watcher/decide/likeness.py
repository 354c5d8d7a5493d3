"""How much likelier the likeness of two incidents is where they have one cause than by chance.

That is the record linkage of Fellegi and Sunter (1969): a field counts log(m / u) where two agree
and log((1 - m) / (1 - u)) where they differ, m being the share of agreement among pairs of one
cause, u that among all others, which is how common the value is. What m is beyond u is learned
from what was confirmed; fields of several values agree in part.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import exp, log

from watcher.decide.census import Census
from watcher.model.signature import Signature

TIME = "time"
"""The name under which the time since the last incident of a cause counts as a field."""

AGREEMENT, EXPERIENCE = 0.5, 2.0
"""Where nothing was confirmed, one cause makes two incidents agree in a field as often as not; that
is worth two pairs, one for it and one against (the rule of succession of Laplace).
"""

DEPENDENCE = 0.5
"""How much the fields count: they are not as independent of each other as their sum supposes, for a
category, its subcategory and the group that it goes to say much the same.
"""

# Nothing that was learned is beyond all doubt.
_LEAST = 0.02
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
    """What a customer's causes are like, learned from the pairs that were confirmed: how much more
    than by chance two incidents of one cause agree in a field.
    """

    beyond: dict[str, float] = field(default_factory=dict)
    room: dict[str, float] = field(default_factory=dict)

    def learn(self, new: Signature, last: Signature, census: Census) -> None:
        """An incident has a cause for certain, of which the `last` incident before is given."""
        for name, one, other in _shared(new, last):
            chance = expected(name, one, census)
            more = agreement(name, one, other, census) - chance
            self.beyond[name] = self.beyond.get(name, 0.0) + more
            self.room[name] = self.room.get(name, 0.0) + 1 - chance

    def bound(self, name: str) -> float:
        """By how much, from 0 to 1, one cause makes incidents agree in a field beyond chance."""
        beyond = self.beyond.get(name, 0.0) + EXPERIENCE * AGREEMENT
        return min(max(beyond / (self.room.get(name, 0.0) + EXPERIENCE), _LEAST), 1 - _LEAST)


def agreement(name: str, one: frozenset[str], other: frozenset[str], census: Census) -> float:
    """The share of what two say of a field that both say, 0 to 1; a value counts one, and the more
    the rarer it is.
    """
    both, either = one & other, one | other
    if not both:
        return 0.0
    if len(both) == len(either):
        return 1.0
    said = len(either) + _told(name, either, census)
    return (len(both) + _told(name, both, census)) / said


def expected(name: str, values: frozenset[str], census: Census) -> float:
    """The agreement to be expected by chance with what says these values of a field: how common
    they are, in the geometric mean.
    """
    return exp(-_told(name, values, census) / len(values))


def clues(new: Signature, old: Signature, census: Census, habits: Habits) -> list[Clue]:
    """What each field of which both say something says of their likeness."""
    return [
        _clue(name, one, other, census, habits.bound(name))
        for name, one, other in _shared(new, old)
    ]


def _shared(new: Signature, old: Signature) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
    for name, one in new.traits.items():
        if one and (other := old.traits.get(name)):
            yield name, one, other


def _clue(
    name: str, one: frozenset[str], other: frozenset[str], census: Census, bound: float
) -> Clue:
    both, u = one & other, expected(name, one, census)
    agreed = agreement(name, one, other, census)
    # With m = u + (1 - u) * bound, this is (1 - m) / (1 - u) where they differ.
    weight = agreed * log((u + (1 - u) * bound) / u) + (1 - agreed) * log(1 - bound)
    rarest = min(both or one, key=lambda each: (census.count((name, each)), each))
    count, every = census.count((name, rarest)), census.fields.get(name, 0)
    return Clue(name, tuple(sorted(both)), agreed, DEPENDENCE * weight, count, every)


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
