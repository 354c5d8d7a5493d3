"""What L2 should see at once: the signals of a step, asked of what was extracted from its output.

Expressions and sentences run in a sandbox where nothing can be changed and no work is big. A value
that is missing makes a signal silent; a fault in one is a note, and the step keeps its text.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, Undefined, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from watcher.diagnostics.figures import in_bytes, in_words, number
from watcher.kit.text import cut, one_line
from watcher.model.evidence import Highlight
from watcher.model.runbook import Signal

LONGEST_SAY = 300
MOST_EACH = 10
"""Of a list at most so many items are told; the last sentence counts the others."""

RESERVED = ("inputs", "facts", "status", "partial", "exit_code", "seconds", "output", "item")
"""Names that expressions know already, so that no extraction may be called so."""

_FAULTS = (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError)
_FILTERS = frozenset(
    {
        *(
            "abs",
            "count",
            "d",
            "default",
            "first",
            "float",
            "int",
            "join",
            "last",
            "length",
            "list",
        ),
        *("lower", "map", "max", "min", "reject", "rejectattr", "replace", "round", "select"),
        *("selectattr", "sort", "string", "sum", "title", "trim", "unique", "upper"),
    }
)
_TESTS_LEFT_OUT = frozenset({"callable", "escaped", "filter", "test"})
# Methods of texts with which a few letters ask for gigabytes.
_COSTLY = frozenset({"center", "expandtabs", "format", "format_map", "ljust", "rjust", "zfill"})


class _Environment(ImmutableSandboxedEnvironment):
    """A sandbox in which nothing grows: no powers, no repeated or padded texts, no functions."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Products and remainders are of numbers only; nobody needs powers."""
        for side in (left, right):
            if isinstance(side, Undefined):
                str(side)  # It raises here and names what is undefined.
        if operator == "**" or not all(isinstance(side, int | float) for side in (left, right)):
            raise TypeError(f"{operator} is for two numbers")
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Beside what is private, the costly methods are out of reach."""
        return attr not in _COSTLY and super().is_safe_attribute(obj, attr, value)


def highlights(
    signals: Iterable[Signal], known: Mapping[str, object]
) -> tuple[tuple[Highlight, ...], tuple[str, ...]]:
    """What these signals say of what is known of a step, and a note for each that failed."""
    told: list[Highlight] = []
    notes: list[str] = []
    for signal in signals:
        try:
            told += _told(signal, known)
        except UndefinedError:
            continue
        except _FAULTS as error:
            notes.append(f"signal {signal.id} failed: {cut(one_line(str(error)), 200)}")
    return tuple(told), tuple(notes)


def complaint(signal: Signal) -> str:
    """What is wrong with a signal, whatever the values; "" if nothing is."""
    try:
        _condition(signal.condition)
        _sentence(signal.say)
    except TemplateError as error:
        return f"the expression or the sentence is wrong: {error.message}"
    return ""


def _told(signal: Signal, known: Mapping[str, object]) -> Iterator[Highlight]:
    condition, sentence = _condition(signal.condition), _sentence(signal.say)
    if not signal.each:
        if _holds(condition, known):
            yield _highlight(signal, sentence(known))
        return
    count = 0
    for item in _items(known.get(signal.each)):
        within = {**known, "item": item}
        if not _of_item(condition, within):
            continue
        count += 1
        if count <= MOST_EACH:
            yield _highlight(signal, sentence(within))
    if count > MOST_EACH:
        yield _highlight(signal, f"… and {count - MOST_EACH} more like these")


def _items(found: object) -> Iterable[object]:
    if found is None:
        return ()
    return found if isinstance(found, list) else (found,)


def _of_item(condition: Callable[..., object], within: Mapping[str, object]) -> bool:
    """One row without the value, a dash for a number, does not silence the others."""
    try:
        return _holds(condition, within)
    except UndefinedError:
        return False


def _holds(condition: Callable[..., object], known: Mapping[str, object]) -> bool:
    answer = condition(**known)
    if isinstance(answer, Undefined):
        str(answer)  # It raises here and names what is undefined.
    return bool(answer)


def _highlight(signal: Signal, say: str) -> Highlight:
    return Highlight(signal.id, signal.level, cut(one_line(say), LONGEST_SAY))


def _number(value: object) -> object:
    if isinstance(value, bool | int | float | Undefined):
        return value
    try:
        return number(str(value))
    except ValueError as error:
        return StrictUndefined(hint=str(error))


def _of_number(words: Callable[[float], str]) -> Callable[[object], object]:
    def filtered(value: object) -> object:
        figure = _number(value)
        return words(figure) if isinstance(figure, int | float) else figure

    return filtered


def _plain(value: object) -> object:
    """How values stand in sentences: 0.1 + 0.2 is 0.3."""
    return f"{value:.6g}" if isinstance(value, float) and abs(value) < 10**6 else value


def _environment() -> _Environment:
    environment = _Environment(undefined=StrictUndefined, finalize=_plain, autoescape=False)
    environment.globals.clear()
    environment.filters = {
        **{name: use for name, use in environment.filters.items() if name in _FILTERS},
        "number": _number,
        "bytes": _of_number(in_bytes),
        "duration": _of_number(in_words),
    }
    environment.tests = {
        name: use for name, use in environment.tests.items() if name not in _TESTS_LEFT_OUT
    }
    return environment


_ENVIRONMENT = _environment()

FILTERS = frozenset(_ENVIRONMENT.filters)
TESTS = frozenset(_ENVIRONMENT.tests)
"""What expressions and sentences may use."""


@lru_cache(maxsize=1024)
def _condition(source: str) -> Callable[..., object]:
    return _ENVIRONMENT.compile_expression(source, undefined_to_none=False)


@lru_cache(maxsize=1024)
def _sentence(source: str) -> Callable[[Mapping[str, object]], str]:
    return _ENVIRONMENT.from_string(source).render
