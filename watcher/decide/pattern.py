"""A regular expression that cannot hang: anchored, without backtracking, the same on every store.

The syntax is what Python, PostgreSQL and Go's RE2 have in common; it is parsed here, run here as an
automaton whose time grows with the text only, and written anew for PostgreSQL.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_LAST = 0x10FFFF
_MOST_REPEATS = 255  # PostgreSQL knows no more.
_MOST_STEPS = 1000
_MOST_DEPTH = 30
_MOST_TRANSITIONS = 20_000

_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_DIGITS = ((48, 57),)
_CLASSES = {
    "d": _DIGITS,
    "w": (*_DIGITS, (65, 90), (95, 95), (97, 122)),
    "s": ((9, 13), (32, 32)),
}


class PatternError(ValueError):
    """A regular expression that Watcher does not run; `position` counts characters from 0."""

    def __init__(self, text: str, position: int) -> None:
        super().__init__(text)
        self.text = text
        self.position = position


@dataclass(frozen=True, slots=True)
class _Chars:
    """One character within (or, when negated, outside) inclusive ranges of code points."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool = False

    def has(self, char: str) -> bool:
        code = ord(char)
        return any(low <= code <= high for low, high in self.ranges) is not self.negated

    def posix(self) -> str:
        if self == _ANY:
            return "."
        spans = "".join(f"{_escaped(low)}-{_escaped(high)}" for low, high in self.ranges)
        return f"[{'^' if self.negated else ''}{spans}]"

    def emit(self, program: "_Program") -> None:
        program.append(self)


@dataclass(frozen=True, slots=True)
class _Sequence:
    """One part after another; no part at all is the empty text."""

    parts: "tuple[_Node, ...]"

    def posix(self) -> str:
        return "".join(part.posix() for part in self.parts)

    def emit(self, program: "_Program") -> None:
        for part in self.parts:
            part.emit(program)


@dataclass(frozen=True, slots=True)
class _Choice:
    """One of several branches."""

    branches: "tuple[_Node, ...]"

    def posix(self) -> str:
        return f"(?:{'|'.join(branch.posix() for branch in self.branches)})"

    def emit(self, program: "_Program") -> None:
        fork: list[int] = []
        program.append(fork)
        ends: list[list[int]] = []
        for branch in self.branches:
            fork.append(len(program))
            branch.emit(program)
            ends.append([])
            program.append(ends[-1])
        for end in ends:
            end.append(len(program))


@dataclass(frozen=True, slots=True)
class _Repeat:
    """A part from `low` to `high` times; None is without end."""

    part: "_Node"
    low: int
    high: int | None

    def posix(self) -> str:
        high = "" if self.high is None else str(self.high)
        return f"(?:{self.part.posix()}){{{self.low},{high}}}"

    def emit(self, program: "_Program") -> None:
        # Every repetition takes a step at least, so that the limit also ends empty ones.
        program.append([len(program) + 1])
        if len(program) > _MOST_STEPS:
            raise PatternError("the pattern is too big", 0)
        for _ in range(self.low):
            self.part.emit(program)
        if self.high is None:
            self.emit_loop(program)
        else:
            self.emit_optional(self.high - self.low, program)

    def emit_loop(self, program: "_Program") -> None:
        start = len(program)
        fork = [start + 1]
        program.append(fork)
        self.part.emit(program)
        program.append([start])
        fork.append(len(program))

    def emit_optional(self, times: int, program: "_Program") -> None:
        forks: list[list[int]] = []
        for _ in range(times):
            forks.append([len(program) + 1])
            program.append(forks[-1])
            self.part.emit(program)
        for fork in forks:
            fork.append(len(program))


_Node = _Chars | _Sequence | _Choice | _Repeat
# A step reads one character, or is the list of the steps to try instead.
_Program = list[_Chars | list[int]]
_ANY = _Chars(((0, _LAST),))


def literal(text: str) -> str:
    """The regular expression that matches this text and no other."""
    return "".join(_escaped(ord(char)) for char in text)


def _escaped(code: int) -> str:
    """The character as PostgreSQL reads it literally, within brackets or without."""
    char = chr(code)
    return f"\\{char}" if char.isascii() and char.isprintable() and not char.isalnum() else char


def _complement(ranges: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """What the ranges of a class leave out, but for NUL, which no stored text holds."""
    start = 1
    for low, high in sorted(ranges):
        yield start, low - 1
        start = high + 1
    yield start, _LAST


class _Parser:
    """Recursive descent over one pattern."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    def whole(self) -> _Node:
        self.took("^")
        node = self.choice()
        if self.at < len(self.text):
            raise self.wrong("there is a ) without its (")
        return node

    def choice(self) -> _Node:
        branches = [self.sequence()]
        while self.took("|"):
            branches.append(self.sequence())
        return branches[0] if len(branches) == 1 else _Choice(tuple(branches))

    def sequence(self) -> _Node:
        parts: list[_Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            if self.text[self.at :] == "$":
                self.at += 1
            else:
                parts.append(self.quantified(self.atom()))
        return _Sequence(tuple(parts))

    def atom(self) -> _Node:
        char = self.next()
        match char:
            case "(":
                return self.group()
            case "[":
                return self.bracket()
            case ".":
                return _ANY
            case "\\":
                return self.escape()
            case "*" | "+" | "?" | "{":
                raise self.wrong(f"there is nothing that {char} could repeat", 1)
            case "^" | "$":
                raise self.wrong(f"{char} may stand at the very edge only", 1)
        return _Chars(((ord(char), ord(char)),))

    def group(self) -> _Node:
        self.depth += 1
        if self.depth > _MOST_DEPTH:
            raise self.wrong("groups are nested too deeply", 1)
        if self.took("?") and not self.took(":"):
            raise self.wrong("look-around, names and flags are not supported")
        node = self.choice()
        if not self.took(")"):
            raise self.wrong("a ) is missing")
        self.depth -= 1
        return node

    def escape(self) -> _Chars:
        char = self.next("a character must follow the backslash")
        if char.lower() in _CLASSES:
            return _Chars(_CLASSES[char.lower()], negated=char.isupper())
        if char.isascii() and char.isalnum() and char not in _CONTROLS:
            raise self.wrong(f"\\{char} is not supported", 2)
        code = ord(_CONTROLS.get(char, char))
        return _Chars(((code, code),))

    def bracket(self) -> _Chars:
        negated = self.took("^")
        ranges: list[tuple[int, int]] = []
        while not ranges or not self.took("]"):
            ranges += self.span()
        return _Chars(tuple(ranges), negated)

    def span(self) -> Iterable[tuple[int, int]]:
        first = self.member()
        is_range = self.text[self.at : self.at + 1] == "-" and self.text[self.at + 1 :][:1] != "]"
        if not is_range:
            return _complement(first.ranges) if first.negated else first.ranges
        self.at += 1
        last = self.member()
        (low, low_end), (high, high_end) = first.ranges[0], last.ranges[-1]
        if low != low_end or high != high_end or low > high:
            raise self.wrong("this is not a range of characters", 1)
        return ((low, high),)

    def member(self) -> _Chars:
        char = self.next("a ] is missing")
        if char == "\\":
            return self.escape()
        if char == "[":
            raise self.wrong("within brackets, write \\[", 1)
        return _Chars(((ord(char), ord(char)),))

    def quantified(self, part: _Node) -> _Node:
        if self.took("*"):
            part = _Repeat(part, 0, None)
        elif self.took("+"):
            part = _Repeat(part, 1, None)
        elif self.took("?"):
            part = _Repeat(part, 0, 1)
        elif self.took("{"):
            part = self.counted(part)
        else:
            return part
        # Greedy or not makes no difference to whether the whole text matches.
        self.took("?")
        return part

    def counted(self, part: _Node) -> _Repeat:
        bounds, closed, _ = self.text[self.at :].partition("}")
        first, comma, last = bounds.partition(",")
        if not closed or not _is_count(first) or not (_is_count(last) or last == ""):
            raise self.wrong("a count is written {2}, {2,} or {2,5}; a brace is written \\{", 1)
        low = int(first)
        high = int(last) if last else None if comma else low
        if max(low, high or 0) > _MOST_REPEATS or (high is not None and high < low):
            raise self.wrong(f"a count runs from low to high, {_MOST_REPEATS} at most", 1)
        self.at += len(bounds) + 1
        return _Repeat(part, low, high)

    def took(self, char: str) -> bool:
        found = self.text.startswith(char, self.at)
        self.at += found
        return found

    def next(self, otherwise: str = "") -> str:
        if self.at == len(self.text):
            raise self.wrong(otherwise)
        self.at += 1
        return self.text[self.at - 1]

    def wrong(self, text: str, back: int = 0) -> PatternError:
        return PatternError(text, self.at - back)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit()


class _NoWayOn(Exception):
    """Whatever comes next, the text does not match: the rest of it need not be read."""


class _State(dict[str, "_State"]):
    """A state of the automaton: where each character leads, found out on first need."""

    def __init__(self, pattern: "Pattern", steps: frozenset[int]) -> None:
        super().__init__()
        self.pattern = pattern
        self.steps = steps
        self.accepts = len(pattern.program) in steps

    def __missing__(self, char: str) -> "_State":
        if not self.steps:
            raise _NoWayOn
        after = self.pattern.after(self.steps, char)
        self[char] = after
        return after


def _part(node: _Node) -> str | None:
    """The text that must be somewhere, where that is all a pattern asks for: `.*text.*`."""
    match node:
        case _Sequence((first, *between, last)) if first == last == _Repeat(_ANY, 0, None):
            codes = [_code(each) for each in between]
            return None if None in codes else "".join(chr(code) for code in codes if code)
    return None


def _code(node: _Node) -> int | None:
    match node:
        case _Chars(((low, high),), negated=False) if low == high:
            return low
    return None


class Pattern:
    """A compiled regular expression; raises PatternError for what is not in the common syntax.

    `posix` is the same for PostgreSQL; `part` is the literal in `.*literal.*`, else None.
    """

    def __init__(self, text: str) -> None:
        node = _Parser(text).whole()
        self.program: _Program = []
        node.emit(self.program)
        self.posix = f"^(?:{node.posix()})$"
        self.part = _part(node)
        self._forget()

    def matches(self, text: str) -> bool:
        """Whether the whole text is in the language, in time linear in its length."""
        state = self._start
        try:
            for char in text:
                state = state[char]
        except _NoWayOn:
            return False
        return state.accepts

    def after(self, steps: frozenset[int], char: str) -> _State:
        """The state to which a character leads from these steps."""
        self._transitions += 1
        if self._transitions > _MOST_TRANSITIONS:
            self._forget()
        following = []
        for step in steps:
            if step < len(self.program):
                chars = self.program[step]
                if isinstance(chars, _Chars) and chars.has(char):
                    following.append(step + 1)
        return self._state(following)

    def _forget(self) -> None:
        """Start anew, so that strange texts cannot fill the memory."""
        self._transitions = 0
        self._states: dict[frozenset[int], _State] = {}
        self._start = self._state([0])

    def _state(self, steps: list[int]) -> _State:
        reached: set[int] = set()
        seen = set(steps)
        while steps:
            step = steps.pop()
            instruction = self.program[step] if step < len(self.program) else None
            if isinstance(instruction, list):
                steps += [target for target in instruction if target not in seen]
                seen.update(instruction)
            else:
                reached.add(step)
        key = frozenset(reached)
        return self._states.setdefault(key, _State(self, key))


@lru_cache(maxsize=256)
def compiled(text: str) -> Pattern:
    """The compiled pattern, kept for the next use; raises PatternError."""
    return Pattern(text)
