"""Which regular expressions may take for ever: those with a loop that reads one text in many ways.

An expression that can go round a loop by different ways with the same text tries all of them before
it gives up, twice as many for each character. The loops are found in the expression's automaton
(after Glushkov), whose states are the characters that it names.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import product
from re import _constants as sre  # only Python's own parser is right
from re import _parser
from typing import Any

# Characters that stand for all others, beside those that an expression names.
_BASE = (*range(256), 0x17F, 0x3B1, 0x660, 0x2003, 0x2028, 0x212A, 0x4E2D, 0x1F600)
# A part that is repeated more often than that counts as one that is repeated for ever.
_COPIED = 4
_MOST_COPIES = 64
_LOOPS = frozenset({sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT})
_LOOKS = frozenset({sre.ASSERT, sre.ASSERT_NOT})
_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}

_TOO_LONG = (
    "may take for ever: a loop in it can read the same text in more than one way, as (a+)+ and "
    "(a|ab)* do; let what is repeated begin or end with what it holds nowhere else"
)

_States = Counter[int]


@lru_cache(maxsize=4096)  # Whoever reads runbooks again asks about the same expressions.
def fault(pattern: str) -> str:
    """Why a regular expression cannot be used; "" if it can."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"is no regular expression: {error}"
    return _TOO_LONG if is_explosive(pattern) else ""


def is_explosive(pattern: str) -> bool:
    """Whether the time that it takes may double with each character. Raises re.error."""
    parsed = _parser.parse(pattern)
    automaton = _Automaton()
    automaton.add(parsed, parsed.state.flags)
    return any(automaton.is_ambiguous(loop, parsed) for loop in automaton.loops())


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of an expression: where it begins and ends, and in how many ways it is nothing."""

    empty: int = 1
    first: _States = field(default_factory=Counter)
    last: _States = field(default_factory=Counter)


@dataclass(slots=True)
class _Automaton:
    """The characters of an expression, each as it is written there with the flags that hold for it,
    and in how many ways others follow it.
    """

    items: list[tuple[Any, Any, int]] = field(default_factory=list)
    follows: list[_States] = field(default_factory=list)

    def add(self, items: Iterable[Any], flags: int) -> _Part:
        """Adds a sequence."""
        whole = _Part()
        for operator, argument in items:
            whole = self._then(whole, self._one(operator, argument, flags))
        return whole

    def _one(self, operator: Any, argument: Any, flags: int) -> _Part:  # noqa: PLR0911 - a table
        if operator in _LOOPS:
            least, most, items = argument
            return self._repeated(least, most, items, flags)
        if operator is sre.SUBPATTERN:
            _, added, removed, items = argument
            return self.add(items, (flags | added) & ~removed)
        if operator is sre.ATOMIC_GROUP:
            return self.add(argument, flags)
        if operator is sre.BRANCH:
            return _either(self.add(each, flags) for each in argument[1])
        if operator is sre.GROUPREF_EXISTS:
            return _either(self.add(each or (), flags) for each in argument[1:])
        if operator in _LOOKS:
            self.add(argument[1], flags)
            return _Part()
        if operator is sre.AT:
            return _Part()
        state = len(self.items)
        self.items.append((operator, argument, flags))
        self.follows.append(Counter())
        return _Part(0, Counter([state]), Counter([state]))

    def _then(self, one: _Part, other: _Part) -> _Part:
        self._follow(one, other)
        first = one.first + _times(other.first, one.empty)
        last = other.last + _times(one.last, other.empty)
        return _Part(min(one.empty * other.empty, 2), first, last)

    def _repeated(self, least: int, most: int, items: Any, flags: int) -> _Part:
        before = len(self.items)
        once = self.add(items, flags)
        if most > _COPIED or most * (len(self.items) - before) > _MOST_COPIES:
            self._follow(once, once)
            return _Part(1 if least == 0 else once.empty, once.first, once.last)
        whole = _Part()
        for number in range(most, 0, -1):
            whole = self._then(once if number == most else self.add(items, flags), whole)
            if number > least:
                whole = _Part(1, whole.first, whole.last)
        return whole

    def _follow(self, one: _Part, other: _Part) -> None:
        for (state, ways), (after, more) in product(one.last.items(), other.first.items()):
            self.follows[state][after] += ways * more

    def loops(self) -> Iterator[frozenset[int]]:
        """The characters that can be reached from one another."""
        seen: set[int] = set()
        for state, after in enumerate(self.follows):
            # A loop has a way back, and all of it can be reached from there.
            if state in seen or all(each > state for each in after):
                continue
            reached = _reached(self.follows, state)
            loop = frozenset(each for each in reached if state in _reached(self.follows, each))
            seen |= loop
            if loop:
                yield loop

    def is_ambiguous(self, loop: frozenset[int], parsed: Any) -> bool:
        """Whether some way round this loop can be gone in another way with the same text."""
        within = {state: loop & self.follows[state].keys() for state in loop}
        if any(self.follows[state][after] > 1 for state in loop for after in within[state]):
            return True
        if len(loop) == 1:
            return False
        alphabet = _characters(parsed)
        reads = {state: _read(*self.items[state], alphabet) for state in loop}
        ways: dict[tuple[int, int], set[tuple[int, int]]] = {}
        waiting = [(state, state) for state in loop]
        while waiting:
            pair = waiting.pop()
            if pair not in ways:
                ways[pair] = {
                    (one, other)
                    for one, other in product(within[pair[0]], within[pair[1]])
                    if reads[one] & reads[other]
                }
                waiting += ways[pair]
        return _comes_together(ways)


def _reached(follows: list[_States], start: int) -> set[int]:
    found: set[int] = set()
    waiting = list(follows[start])
    while waiting:
        state = waiting.pop()
        if state not in found:
            found.add(state)
            waiting += follows[state]
    return found


def _comes_together(ways: dict[tuple[int, int], set[tuple[int, int]]]) -> bool:
    """Whether two ways that have parted meet again."""
    before: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for pair, others in ways.items():
        for each in others:
            before.setdefault(each, []).append(pair)
    waiting = [pair for pair in ways if pair[0] == pair[1]]
    seen: set[tuple[int, int]] = set()
    while waiting:
        for pair in before.get(waiting.pop(), ()):
            if pair[0] != pair[1] and pair not in seen:
                seen.add(pair)
                waiting.append(pair)
    return bool(seen)


def _either(parts: Iterable[_Part]) -> _Part:
    parts = list(parts)
    first: _States = sum((each.first for each in parts), Counter())
    last: _States = sum((each.last for each in parts), Counter())
    return _Part(min(sum(each.empty for each in parts), 2), first, last)


def _times(states: _States, ways: int) -> _States:
    return Counter({state: count * ways for state, count in states.items() if ways})


def _characters(items: Any) -> tuple[int, ...]:
    """The characters that an expression tells apart, by examples."""
    named = set(_BASE)
    waiting = [items]
    while waiting:
        each = waiting.pop()
        if isinstance(each, int) and not isinstance(each, bool) and 0 <= each < sre.MAXREPEAT:
            around = {each - 1, each, each + 1}
            named |= {point for point in around if 0 <= point <= sys.maxunicode}
        elif isinstance(each, tuple | list | _parser.SubPattern):
            waiting += list(each)
    return tuple(sorted(named))


def _read(  # noqa: PLR0911 - a table
    operator: Any, argument: Any, flags: int, alphabet: tuple[int, ...]
) -> frozenset[int]:
    """Which of the characters one item reads."""
    if operator is sre.ANY:
        return frozenset(alphabet) - (frozenset() if flags & re.DOTALL else {10})
    if operator is sre.IN:
        found: frozenset[int] = frozenset()
        for kind, value in argument:
            found |= _read(kind, value, flags, alphabet) if kind is not sre.NEGATE else frozenset()
        return frozenset(alphabet) - found if argument[0][0] is sre.NEGATE else found
    if operator is sre.NOT_LITERAL:
        return frozenset(alphabet) - _cased(range(argument, argument + 1), flags, alphabet)
    if operator is sre.LITERAL:
        return _cased(range(argument, argument + 1), flags, alphabet)
    if operator is sre.RANGE:
        return _cased(range(argument[0], argument[1] + 1), flags, alphabet)
    if operator is sre.CATEGORY:
        return _of_category(_CATEGORIES[argument], bool(flags & re.ASCII), alphabet)
    return frozenset(alphabet)


def _cased(points: range, flags: int, alphabet: tuple[int, ...]) -> frozenset[int]:
    if not flags & re.IGNORECASE:
        return frozenset(point for point in alphabet if point in points)
    return frozenset(
        point
        for point in alphabet
        if any(ord(c) in points for c in chr(point) + chr(point).lower()[:1] + chr(point).upper())
    )


@cache
def _of_category(text: str, ascii_only: bool, alphabet: tuple[int, ...]) -> frozenset[int]:
    pattern = re.compile(text, re.ASCII if ascii_only else 0)
    return frozenset(point for point in alphabet if pattern.match(chr(point)))
