"""How rare a value is among what a customer's incidents are like: what is rare is telling."""

from dataclasses import dataclass, field

from watcher.model.signature import Signature

Value = tuple[str, str]
"""A field and one of its values."""

# Nothing is so rare that it was never to be expected: half an incident stands for the unseen.
_UNSEEN = 0.5


@dataclass(slots=True)
class Census:
    """How many incidents of a customer there were, how many of them say anything of a field, and
    how many have a value of it. It is enough to know that of the values that are compared.
    """

    total: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    values: dict[Value, int] = field(default_factory=dict)

    def note(self, signature: Signature) -> None:
        """Counts one more incident."""
        self.total += 1
        for name, found in signature.traits.items():
            if found:
                self.fields[name] = self.fields.get(name, 0) + 1
            for each in found:
                self.values[name, each] = self.values.get((name, each), 0) + 1

    def count(self, value: Value) -> int:
        """How many incidents have a value."""
        return self.values.get(value, 0)

    def share(self, value: Value) -> float:
        """The share of incidents that have a value among those that say anything of its field."""
        return (self.count(value) + _UNSEEN) / (self.fields.get(value[0], 0) + 1)
