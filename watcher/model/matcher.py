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
        plain = self.name.replace("_", "").isalnum()
        return f"{self.name if plain else _quoted(self.name)}{self.operator}{_quoted(self.value)}"


def _quoted(text: str) -> str:
    for char, written in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(char, written)
    return f'"{text}"'
