"""R02, R03: values of an alert stand where no shell and no other program reads them as its text."""

import re
from collections.abc import Iterator

from watcher.model.runbook import InputType
from watcher.policy.runbooks.lint.findings import Fault, Grade, Text
from watcher.policy.runbooks.shell import Command, Spot, base, references

SHELLS = frozenset(("sh", "bash", "dash", "ash", "ksh", "zsh"))
_EVALUATING = frozenset(("eval", "ssh", "su", "source", "."))
_NUMBERS = frozenset((InputType.INT, InputType.PORT))
_CLUSTER = re.compile(r"-[A-Za-z]*c[A-Za-z]*")
# What reads its first argument as a program, and how many words its options before that take.
_PROGRAMS = {
    **{name: {"-v": 1, "-F": 1} for name in ("awk", "gawk", "mawk")},
    **{name: {"--arg": 2, "--argjson": 2} for name in ("sed", "jq")},
}
_INTERPRETERS = re.compile(r"(?:perl|python[0-9.]*|ruby|node|php|mongosh?)")
_CODE = frozenset(("-c", "-e", "-E", "-r", "--eval"))


def check_values(given: Text) -> Iterator[Fault]:
    """Values that do not stand bare, and commands that make a command of text."""
    for each in given.shell.misplaced:
        if each.spot is Spot.BACKTICKS:
            yield _executed(each.row, "a value within backticks", "write $(…) for `…`")
        elif each.spot is Spot.ARITHMETIC:
            one = given.inputs.get(each.name)
            if one is None or one.type not in _NUMBERS:
                advice = "give the input the type int, or compare with [ … -gt … ]"
                yield _executed(each.row, "a value within arithmetic", advice)
        else:
            yield _quoted(each.name, each.spot, each.row)
    for command in given.shell.commands:
        yield from _of_command(command, given.shell.takes_values)


def _quoted(name: str, spot: Spot, row: int) -> Fault:
    value = f"inputs.{name}"
    return Fault(
        "R02",
        row,
        f"{{{{ {value} }}}} stands {spot}, where it is not the value",
        f'write it bare, or {name}={{{{ {value} }}}} first and then "${name}"',
    )


def _of_command(command: Command, takes_values: bool) -> Iterator[Fault]:
    if _evaluates(command):
        what = f"`{_short(command)}` makes a command of text"
        if takes_values:
            yield _executed(command.row, what, "run the command itself")
        elif command.name in _EVALUATING:
            yield Fault("R03", command.row, what, "run the command itself", _grade(command))
    program = _program(command)
    if program is not None and references(program):
        advice = "hand it over as an argument: awk -v x={{ … }}, python3 -c '…' {{ … }}"
        yield _executed(command.row, f"a value is program text of {command.name}", advice)


def _grade(command: Command) -> Grade:
    return Grade.WARNING if command.name in {"source", "."} else Grade.ERROR


def _executed(row: int, what: str, advice: str) -> Fault:
    return Fault("R03", row, f"{what}: there it could be executed", advice)


def _evaluates(command: Command) -> bool:
    """Whether a command runs text: eval and its kin, a shell with -c, one that reads its input."""
    words = command.words
    if command.name in _EVALUATING:
        return True
    shells = [at for at, word in enumerate(words) if base(word) in SHELLS]
    if any(_CLUSTER.fullmatch(word) for at in shells for word in words[at + 1 : at + 3]):
        return True
    return shells == [0] and all(word.startswith("-") for word in command.arguments)


def _program(command: Command) -> str | None:
    """The argument that a command reads as a program."""
    taking = _PROGRAMS.get(command.name)
    words = list(command.arguments)
    if taking is not None:
        while words and words[0].startswith("-") and words[0] not in {"-e", "-f"}:
            words = words[taking.get(words[0], 0) + 1 :]
        return " ".join(words[:2]) if words[:1] == ["-e"] else next(iter(words), None)
    if _INTERPRETERS.fullmatch(command.name):
        code = (words[at + 1] for at, word in enumerate(words[:-1]) if word in _CODE)
        return next(code, None)
    return None


def _short(command: Command) -> str:
    return " ".join(command.words)[:40]
