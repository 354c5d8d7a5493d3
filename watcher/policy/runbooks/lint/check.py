"""Holds a runbook to all rules, or only to those without which it must not be used."""

import re
from collections.abc import Iterator, Sequence

from watcher.diagnostics.outline import outline
from watcher.model.runbook import Step
from watcher.policy.problems import Place
from watcher.policy.runbooks.lint.changes import check_changes
from watcher.policy.runbooks.lint.endings import check_endings
from watcher.policy.runbooks.lint.findings import Check, Fault, Finding, Grade, Text
from watcher.policy.runbooks.lint.manners import check_manners
from watcher.policy.runbooks.lint.names import check_names
from watcher.policy.runbooks.lint.values import check_values
from watcher.policy.runbooks.lint.whole import check_whole
from watcher.policy.runbooks.rules import RULES
from watcher.policy.runbooks.shell import read
from watcher.policy.runbooks.source import Source, texts

_BARRED: tuple[Check, ...] = (
    check_values,
    check_names,
    check_changes,
    check_manners,
)
_ALL: tuple[Check, ...] = (*_BARRED, check_endings)

# A block of text begins in the line after its key; folded text has lost its lines.
_BLOCK = re.compile(r":\s+(?:[&!]\S+\s+)*([|>])[-+0-9]*\s*(?:#.*)?$")


def lint(source: Source) -> list[Finding]:
    """Everything that is found, by line; what a step allows is left out."""
    found = {finding for finding, _ in _in_steps(source, _ALL)}
    top = Place(source.document)
    for rule, place, message, advice in check_whole(source.runbook, top):
        if rule not in _allowed(source, place):
            found.add(_finding(rule, place, place.line, message, advice, Grade.WARNING))
    return sorted(found | set(_vain(source)))


def dangers(source: Source) -> list[Finding]:
    """What bars the runbook from being used at all."""
    return sorted(
        {
            finding
            for finding, _ in _in_steps(source, _BARRED)
            if RULES[finding.rule].barred and finding.grade is Grade.ERROR
        }
    )


def _in_steps(
    source: Source, checks: Sequence[Check], pardon: bool = True
) -> Iterator[tuple[Finding, int]]:
    """What is found in shell texts, and in which step."""
    for number, step in enumerate(source.runbook.steps):
        place = Place(source.document, ("steps", number))
        allowed = source.file.steps[number].allow if pardon else {}
        for where, template in texts(step, place):
            for fault in _faults(source, number, template, checks):
                if fault.rule not in allowed:
                    line = _line(source, where, fault.row)
                    yield _of_fault(fault, where, line), number


def _faults(source: Source, number: int, template: str, checks: Sequence[Check]) -> Iterator[Fault]:
    entry, step = source.file.steps[number], source.runbook.steps[number]
    text = outline(template).text
    shell = read(text)
    inputs = {one.name: one for one in source.runbook.inputs}
    given = Text(step, text, shell, inputs, "timeout" in entry.model_fields_set, _elsewhere(step))
    for check in checks:
        yield from check(given)
    if shell.broken is not None:
        message = "the shell text cannot be read from here on, so that nothing is known of it"
        advice = "look for a quote or bracket that is not closed"
        if "{{" in template:
            advice += ", or put `{% raw %}` around braces that are meant for another program"
        # Where the values of an alert stand is then not known either.
        grade = Grade.ERROR if shell.takes_values else Grade.WARNING
        yield Fault("R15", shell.broken, message, advice, grade)


def _elsewhere(step: Step) -> bool:
    """Whether the step knows that hosts differ."""
    return bool(step.variants or step.when)


def _line(source: Source, place: Place, row: int) -> int:
    """The line in the file of a row of a shell text."""
    line = place.line
    block = _BLOCK.search(source.lines[line - 1])
    if block is None:
        return line
    return line + 1 + row if block[1] == "|" else line + 1


def _of_fault(fault: Fault, place: Place, line: int) -> Finding:
    return _finding(fault.rule, place, line, fault.message, fault.advice, fault.grade)


def _finding(
    rule: str, place: Place, line: int, message: str, advice: str, grade: Grade
) -> Finding:
    return Finding(str(place.document.file), line, rule, message, advice, grade)


def _allowed(source: Source, place: Place) -> set[str]:
    """The rules that the step at this place may break."""
    match place.location:
        case ("steps", int(number), *_):
            return set(source.file.steps[number].allow)
    return set()


def _vain(source: Source) -> Iterator[Finding]:
    """What a step allows though it does not break the rule."""
    broken = {(number, finding.rule) for finding, number in _in_steps(source, _ALL, pardon=False)}
    for rule, place, _, _ in check_whole(source.runbook, Place(source.document)):
        if place.location[:1] == ("steps",):
            broken.add((int(place.location[1]), rule))
    for number, entry in enumerate(source.file.steps):
        for rule in entry.allow:
            if (number, rule) not in broken:
                place = Place(source.document, ("steps", number, "allow", rule))
                message = f"{rule} is allowed, but the step keeps to it"
                yield _finding("R13", place, place.line, message, "take it out", Grade.WARNING)
