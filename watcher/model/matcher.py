"""A condition on one field or label, in Alertmanager's syntax."""

from dataclasses import dataclass
from enum import StrEnum


class Operator(StrEnum):
    """How the value is compared; regular expressions are anchored at both ends."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """`name operator value`; a field or label that is missing counts as the empty string."""

    name: str
    operator: Operator
    value: str

    def __str__(self) -> str:
        value = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{self.operator}"{value}"'
