"""What is found against the rules, and what is looked at to find it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from watcher.model.runbook import Input, Step
from watcher.policy.runbooks.shell import Shell


class Grade(StrEnum):
    """How bad it is; an error fails the command."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a shell text, in its `row`; `advice` says what to write instead."""

    rule: str
    row: int
    message: str
    advice: str
    grade: Grade = Grade.ERROR


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """The same, in a file."""

    file: str
    line: int
    rule: str
    message: str
    advice: str = ""
    grade: Grade = Grade.ERROR

    def __str__(self) -> str:
        advice = f"; {self.advice}" if self.advice else ""
        return f"{self.file}:{self.line}: {self.grade}: {self.rule} {self.message}{advice}"


@dataclass(frozen=True, slots=True)
class Text:
    """One shell text of a step, and what is known around it."""

    step: Step
    text: str
    shell: Shell
    inputs: dict[str, Input]
    own_timeout: bool
    other_texts: bool


def table(text: str) -> frozenset[str]:
    """The words of a text, for tables of commands."""
    return frozenset(text.split())


Check = Callable[[Text], Iterator[Fault]]
"""What finds the faults of some rules in a shell text."""
