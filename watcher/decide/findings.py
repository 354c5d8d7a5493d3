"""What a diagnosis says to a person in a hurry: one paragraph, and what changed since the last."""

import re
from collections.abc import Iterable, Iterator, Sequence

from watcher.model.evidence import Diagnosis, Highlight, Level, StepResult, StepStatus, Value

LONGEST = 600
MOST_CHANGES = 12

NOT_HERE = "is not for such a host"
"""What the reason of a step begins with that is for other hosts: there, nothing was missed."""

_SHORTEST_ITEM = 24
_TOLERANCE = 0.1
# Figures are not what makes two sentences different; names with figures in them are.
_FIGURE = re.compile(r"(?<![\w/.-])[0-9]+(?:[.,][0-9]+)*")
_SEEN = (StepStatus.OK, StepStatus.NO_DATA)
_ALARMING = (Level.BAD, Level.WARN)
# What matters most comes first.
_RANKS = {Level.BAD: 0, Level.WARN: 1, Level.GOOD: 4, Level.INFO: 7}
_WORST_FIRST = (Level.BAD, Level.WARN, Level.INFO, Level.GOOD)
_WORSE, _GONE, _BETTER, _VALUE = 2, 3, 5, 6


def summary(diagnosis: Diagnosis) -> str:
    """One paragraph for a ticket: what was checked, what is wrong, what was ruled out, and what
    could not be seen; at most `LONGEST` characters.
    """
    about = f"{diagnosis.title} on {diagnosis.host}"
    if not diagnosis.steps:
        return _cut(f"{about}: nothing could be seen. {_sentence(diagnosis.problem)}", LONGEST)
    said = {level: list(_said(diagnosis, level)) for level in Level}
    parts = [_checked(about, diagnosis.steps)]
    if said[Level.BAD] or said[Level.WARN]:
        parts += _part("Wrong", said[Level.BAD]) + _part("Worth a look", said[Level.WARN])
    elif any(step.status in _SEEN for step in diagnosis.steps):
        parts.append("Nothing wrong was found.")
    parts += _part("Not seen", [*_unseen(diagnosis)])
    parts += _part("Ruled out", said[Level.GOOD]) + _part("Beside", said[Level.INFO])
    return _fitting(parts)


def worst(diagnosis: Diagnosis) -> Level | None:
    """The worst that it says, None where it says nothing; that all is well is better than news."""
    said = {each.level for step in diagnosis.steps for each in step.highlights}
    return next((level for level in _WORST_FIRST if level in said), None)


def changes(before: Diagnosis, after: Diagnosis) -> tuple[str, ...]:
    """What is different since the run before on the same host, the most important first."""
    if reached := _reached(before, after):
        return (reached,)
    earlier = {step.step: step for step in before.steps}
    pairs = [(earlier[step.step], step) for step in after.steps if step.step in earlier]
    found = [change for pair in pairs for change in _changes(*pair)]
    ranked = sorted(found, key=lambda change: change[0])
    told = [words for _, words in ranked]
    more = len(told) - MOST_CHANGES
    return (*told[:MOST_CHANGES], *([f"and {more} more changes"] if more > 0 else []))


def _checked(about: str, steps: Sequence[StepResult]) -> str:
    meant = [step for step in steps if not step.reason.startswith(NOT_HERE)]
    seen = sum(step.status in _SEEN for step in meant)
    return f"{about}: {seen} of {len(meant)} steps ran well."


def _said(diagnosis: Diagnosis, level: Level) -> Iterator[str]:
    for step in diagnosis.steps:
        yield from (each.say for each in step.highlights if each.level is level)


def _unseen(diagnosis: Diagnosis) -> Iterator[str]:
    """The steps of which nothing can be concluded, and why; those for other hosts are no loss."""
    if diagnosis.problem:
        yield diagnosis.problem
    for step in diagnosis.steps:
        if step.partial:
            yield f"{step.title} in part ({step.partial})"
        elif step.status not in _SEEN and not step.reason.startswith(NOT_HERE):
            yield f"{step.title} ({step.reason or step.status})"


def _part(heading: str, items: Sequence[str]) -> list[str]:
    return [f"{heading}: {_sentence('; '.join(item.rstrip('.') for item in items))}"] * bool(items)


def _fitting(parts: Sequence[str]) -> str:
    """As many parts as there is room for, the first ones first."""
    text = ""
    for part in parts:
        room = LONGEST - len(text) - bool(text)
        if room < min(len(part), _SHORTEST_ITEM):
            break
        text = f"{text} {_cut(part, room)}".strip()
    return text


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def _reached(before: Diagnosis, after: Diagnosis) -> str:
    """The one change that is all there is to say where one of them saw nothing."""
    if bool(before.steps) == bool(after.steps):
        if before.steps or before.problem == after.problem:
            return ""
        return f"still nothing could be seen, but for another reason: {after.problem}"
    if after.steps:
        return f"could be seen again; before: {before.problem}"
    return f"nothing could be seen any more: {after.problem}"


_Change = tuple[int, str]


def _changes(before: StepResult, after: StepResult) -> Iterator[_Change]:
    yield from _signals(before, after)
    if before.status is not after.status and {before.status, after.status} != set(_SEEN):
        rank = _BETTER if after.status in _SEEN else _WORSE
        yield rank, f"{after.title}: was {before.status}, is {after.status}"
    for name, value in after.values.items():
        old = before.values.get(name)
        if old is not None and _differs(old, value):
            yield _VALUE, f"{after.title}: {name} {_shown(old)} -> {_shown(value)}"


def _signals(before: StepResult, after: StepResult) -> Iterator[_Change]:
    earlier, later = _meanings(before.highlights), _meanings(after.highlights)
    if before.status in _SEEN:
        for meaning, each in later.items():
            if meaning not in earlier:
                word = "new" if each.level in _ALARMING else "now"
                yield _RANKS[each.level], f"{word}: {each.say}"
    if after.status in _SEEN:
        for meaning, each in earlier.items():
            if meaning not in later and each.level in _ALARMING:
                yield _GONE, f"gone: {each.say}"


def _meanings(highlights: Iterable[Highlight]) -> dict[tuple[str, str], Highlight]:
    """What was said, by what it means whatever its figures are."""
    return {(each.signal, _FIGURE.sub("#", each.say)): each for each in highlights}


def _differs(old: Value, new: Value) -> bool:
    if isinstance(old, bool | str) or isinstance(new, bool | str):
        return old != new
    return abs(old - new) > _TOLERANCE * max(abs(old), abs(new))


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else _cut(str(value), 80)
