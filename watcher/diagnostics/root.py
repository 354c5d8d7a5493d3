"""What runbooks would run as root: the commands behind `as_root`, for sudo to allow exactly."""

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from watcher.diagnostics.inputs import Inputs, Refused
from watcher.diagnostics.render import render
from watcher.model.runbook import Runbook, Step, Sudo

_CALL = re.compile(r"(?<![\w./-])as_root[ \t]+")
_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))#[^\n]*")
_GAP = re.compile(r"(?:[ \t]|\\\n)+")
_END = re.compile(r"\d*[<>]|[|&;()\n]|\Z")
# A word that the shell takes as it stands: no variable, no command, no pattern in it.
_WORD = re.compile(r"(?:'[^']*'|\"(?:[^\"\\$`]|\\[^\n])*\"|\\[^\n]|[^\s'\"\\|&;()<>$`*?\[\]{}~#])+")
_REST = re.compile(r"(?:'[^']*'|\"(?:[^\"\\]|\\.)*\"|[^\s'\"|&;()<>])+")


@dataclass(frozen=True, slots=True)
class RootCommand:
    """One command as a step writes it; `argv` is None where its arguments are not always the same.

    `steps` are all who ask for it, as `runbook/step`.
    """

    text: str
    argv: tuple[str, ...] | None
    steps: tuple[str, ...] = ()


def root_commands(runbooks: Iterable[Runbook]) -> tuple[RootCommand, ...]:
    """All that these runbooks would run as root, each once, in the order of their texts."""
    found: dict[tuple[str, tuple[str, ...] | None], list[str]] = {}
    for runbook in runbooks:
        inputs = Inputs.example(runbook.inputs)
        for step in runbook.steps:
            for command in _of_step(step, inputs):
                key = (command.text, command.argv)
                found.setdefault(key, []).append(f"{runbook.id}/{step.id}")
    return tuple(
        RootCommand(text, argv, tuple(dict.fromkeys(steps)))
        for (text, argv), steps in sorted(found.items(), key=lambda item: item[0][0])
    )


def _of_step(step: Step, inputs: Inputs) -> Iterator[RootCommand]:
    if step.sudo is Sudo.NEVER:
        return
    for template in (step.run, *(variant.run for variant in step.variants)):
        try:
            text = _COMMENT.sub("", render(template, inputs).text)
        except Refused:
            continue
        for call in _CALL.finditer(text):
            yield _command(text, call.end())


def _command(text: str, position: int) -> RootCommand:
    """The command that begins here, up to where the shell sees its end."""
    words: list[str] = []
    fixed = True
    while not _END.match(text, position):
        if gap := _GAP.match(text, position):
            position = gap.end()
            continue
        word = _WORD.match(text, position)
        if word is None or not (_GAP.match(text, word.end()) or _END.match(text, word.end())):
            fixed = False
            word = _REST.match(text, position)
        if word is None:
            break
        words.append(word[0])
        position = word.end()
    argv = tuple(part for word in words for part in shlex.split(word)) if fixed else None
    return RootCommand(" ".join(words), argv)
