"""Which of many conditions hold for an alert, at little more cost for hundreds than for one.

A condition is a list of matchers that must all hold. For each field that any of them asks for, the
conditions a value leaves possible are worked out once and kept as the bits of a number; an alert
then takes one look-up a field.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Protocol

from watcher.decide.match import predicate
from watcher.model.matcher import Matcher

FIELDS = ("name", "host", "service", "severity", "source", "customer", "key")
"""What a matcher may name of an alert; any other name is that of a label."""

# Values that occur once only must not fill the memory.
_MOST_VALUES = 2000


class Facts(Protocol):
    """What conditions may ask for; an `Alert` has it all."""

    @property
    def customer(self) -> str:
        """Whose it is."""

    @property
    def key(self) -> str:
        """The condition that is watched."""

    @property
    def source(self) -> str:
        """The configured sender."""

    @property
    def name(self) -> str:
        """The words of the source."""

    @property
    def severity(self) -> str:
        """How bad the source says it is."""

    @property
    def host(self) -> str | None:
        """The identity in the inventory, else the raw name."""

    @property
    def service(self) -> str | None:
        """The service in the catalogue, else the raw name."""

    @property
    def labels(self) -> Mapping[str, str]:
        """All the rest."""


Get = Callable[[Any], str | None]


def value_of(facts: Facts, name: str) -> str:
    """The value of a field or label; one that is missing is the empty text."""
    return str(_get(name)(facts) or "")


class Conditions:
    """Many conditions, known by their number, compiled."""

    def __init__(self, conditions: Sequence[Iterable[Matcher]]) -> None:
        self._all = (1 << len(conditions)) - 1
        fields: dict[str, Field] = {}
        for number, matchers in enumerate(conditions):
            for matcher in matchers:
                field = fields.setdefault(matcher.name, Field(self._all))
                field.tests.append((1 << number, predicate(matcher)))
        self._fields = [(_get(name), field) for name, field in fields.items()]

    def holding(self, facts: Facts) -> int:
        """The conditions that hold: bit n stands for the one with the number n."""
        left = self._all
        for get, field in self._fields:
            left &= field[get(facts) or ""]
            if not left:
                break
        return left


class Field(dict[str, int]):
    """The conditions that each value of one field leaves possible, found out on first need."""

    def __init__(self, everything: int) -> None:
        super().__init__()
        self.tests: list[tuple[int, Callable[[str], bool]]] = []
        self._everything = everything

    def __missing__(self, value: str) -> int:
        if len(self) >= _MOST_VALUES:
            self.clear()
        left = self._everything
        for bit, holds in self.tests:
            if left & bit and not holds(value):
                left &= ~bit
        self[value] = left
        return left


def _get(name: str) -> Get:
    return attrgetter(name) if name in FIELDS else lambda facts: facts.labels.get(name)
