"""Matchers in Alertmanager's syntax: read from text, held against values."""

from collections.abc import Callable, Sequence

from watcher.decide.pattern import PatternError, compiled
from watcher.model.matcher import Matcher, Operator

# The longer operators come first: each also begins like a shorter one.
_OPERATORS = (Operator.REGEX, Operator.NOT_REGEX, Operator.NOT_EQUAL, Operator.EQUAL)
_POSITIVE = frozenset((Operator.EQUAL, Operator.REGEX))
_REGEXES = frozenset((Operator.REGEX, Operator.NOT_REGEX))
_RESERVED = frozenset("{}!=~,\"\\'`")
_ESCAPES = {"n": "\n", '"': '"', "\\": "\\"}


class MatcherError(ValueError):
    """A text that is no matcher; `position` counts characters from 0."""

    def __init__(self, text: str, position: int) -> None:
        super().__init__(f"{text} (at character {position + 1})")
        self.text = text
        self.position = position


def parse(text: str) -> tuple[Matcher, ...]:
    """The matchers of `name op "value"`, or of a list of them, in braces or not.

    A value in double quotes may hold anything; a bare one ends at a comma or brace. A backslash
    escapes a double quote, itself and n (a new line); before anything else it stays as it is.
    Raises MatcherError.
    """
    reader = _Reader(text)
    braces = reader.took("{")
    found: list[Matcher] = []
    while not (reader.done() or (braces and reader.text[reader.at] == "}")):
        found.append(reader.matcher())
        if not reader.took(","):
            break
    if braces and not reader.took("}"):
        raise reader.wrong("expected a comma or }")
    if not reader.done():
        raise reader.wrong("expected a comma or the end")
    if not found and not braces:
        raise reader.wrong('expected a matcher such as status="open"')
    return tuple(found)


def holds(matcher: Matcher, value: str | None) -> bool:
    """Whether the condition holds for the value; a missing one counts as the empty string."""
    return holds_for_any(matcher, (value or "",))


def predicate(matcher: Matcher) -> Callable[[str], bool]:
    """What tells whether the condition holds for a value, to be kept for many of them."""
    test = compiled(matcher.value).matches if is_regex(matcher) else matcher.value.__eq__
    return test if is_positive(matcher) else lambda value: not test(value)


def holds_for_any(matcher: Matcher, values: Sequence[str]) -> bool:
    """Whether any value matches; for a negative matcher, whether none does what it denies."""
    if is_regex(matcher):
        found = any(map(compiled(matcher.value).matches, values))
    else:
        found = matcher.value in values
    return found is is_positive(matcher)


def is_positive(matcher: Matcher) -> bool:
    """Whether the matcher asks for something (=, =~) rather than denying it (!=, !~)."""
    return matcher.operator in _POSITIVE


def is_regex(matcher: Matcher) -> bool:
    """Whether the value is a regular expression."""
    return matcher.operator in _REGEXES


class _Reader:
    """One pass over the text of matchers."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def matcher(self) -> Matcher:
        name = self.name()
        operator = self.operator()
        self.skip_blanks()
        start = self.at
        value = self.quoted() if self.took('"') else self.bare()
        if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in name + value):
            raise MatcherError("no stored text holds this character", start)
        if operator in _REGEXES:
            try:
                compiled(value)
            except PatternError as error:
                place = f"{error.text}, at its character {error.position + 1}"
                raise MatcherError(f"bad regular expression: {place}", start) from None
        return Matcher(name, operator, value)

    def name(self) -> str:
        self.skip_blanks()
        if self.took('"'):
            return self.quoted()
        start = self.at
        while self.at < len(self.text) and not self.ends_name():
            self.at += 1
        if start == self.at:
            raise self.wrong("expected the name of a field or label")
        return self.text[start : self.at]

    def ends_name(self) -> bool:
        char = self.text[self.at]
        return char in _RESERVED or char.isspace()

    def operator(self) -> Operator:
        for operator in _OPERATORS:
            if self.took(operator):
                return operator
        raise self.wrong("expected =, !=, =~ or !~")

    def quoted(self) -> str:
        start = self.at - 1
        value = self.until('"')
        if not self.took('"'):
            raise MatcherError("this double quote is never closed", start)
        return value

    def bare(self) -> str:
        value = self.until(',{}"').rstrip()
        if self.at < len(self.text) and self.text[self.at] in '{"':
            raise self.wrong("put a value with such a character in double quotes")
        return value

    def until(self, ends: str) -> str:
        """The unescaped text up to one of the characters, or to the end."""
        value: list[str] = []
        while self.at < len(self.text) and self.text[self.at] not in ends:
            char = self.text[self.at]
            escaped = _ESCAPES.get(self.text[self.at + 1 : self.at + 2])
            if char == "\\" and escaped is not None:
                char = escaped
                self.at += 1
            value.append(char)
            self.at += 1
        return "".join(value)

    def took(self, token: str) -> bool:
        """Whether the token comes next, blanks aside; if so it is behind us."""
        self.skip_blanks()
        found = self.text.startswith(token, self.at)
        self.at += len(token) if found else 0
        return found

    def done(self) -> bool:
        self.skip_blanks()
        return self.at == len(self.text)

    def skip_blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def wrong(self, text: str) -> MatcherError:
        return MatcherError(text, self.at)
