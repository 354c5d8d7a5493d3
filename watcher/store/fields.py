"""How a matcher on a field becomes a condition in SQL, the same on both databases."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from watcher.decide.match import holds, is_positive, is_regex
from watcher.decide.pattern import compiled
from watcher.model.delivery import DeliveryStatus
from watcher.model.matcher import Matcher, Operator
from watcher.store.functions import PATIENCE_SECONDS
from watcher.store.link import Link
from watcher.store.rows import from_mapping, to_json

Parameter = int | str
_DIGITS = 19


class Words(Protocol):
    """What the two databases say differently; `pending` finds the ids that wait for a digest."""

    pending: str

    def limit(self, link: Link) -> None:
        """Sees to it that what is asked next does not take too long."""

    def pattern(self, text: str) -> str:
        """A regular expression as `matches` takes it."""

    def matches(self, expression: str, pattern: str) -> str:
        """Whether the whole text matches the pattern."""

    def label(self, labels: str, name: str) -> str:
        """One value of a map of strings; NULL where there is none."""

    def contains(self, text: str, part: str, often: bool) -> str:
        """Whether the part is somewhere in the text, and whether that is to be expected."""

    def members(self, values: str) -> str:
        """A query for the `value` of each member of a list of strings."""

    def moment(self, micros: str) -> str:
        """A time as JSON has it."""


class SqliteWords:
    """See `Words`; needs what `functions.teach` brings."""

    # Ids grow across all streams of one file.
    pending = "SELECT id FROM delivery WHERE id > (SELECT max(digested) FROM stream)"

    def limit(self, link: Link) -> None:
        """Nothing: every connection that reads is limited."""

    def pattern(self, text: str) -> str:
        """See `Words`."""
        return text

    def matches(self, expression: str, pattern: str) -> str:
        """See `Words`."""
        return f"matches({expression}, {pattern})"

    def label(self, labels: str, name: str) -> str:
        """See `Words`."""
        return f"label({labels}, {name})"

    def contains(self, text: str, part: str, often: bool) -> str:
        """See `Words`."""
        return f"instr({text}, {part}) > 0"

    def members(self, values: str) -> str:
        """See `Words`."""
        return f"SELECT value FROM json_each({values})"  # noqa: S608 - names of the schema

    def moment(self, micros: str) -> str:
        """See `Words`."""
        return f"moment({micros})"


class PostgresWords:
    """See `Words`."""

    pending = """
        SELECT d.id FROM stream AS s JOIN delivery AS d ON d.stream = s.id AND d.id > s.digested
    """

    def limit(self, link: Link) -> None:
        """See `Words`; the next transaction is free again."""
        link.rows(_LIMIT)

    def pattern(self, text: str) -> str:
        """See `Words`."""
        return compiled(text).posix

    def matches(self, expression: str, pattern: str) -> str:
        """See `Words`."""
        return f"{expression} ~ {pattern}"

    def label(self, labels: str, name: str) -> str:
        """See `Words`."""
        return f"CAST({labels} AS jsonb) ->> CAST({name} AS text)"

    def contains(self, text: str, part: str, often: bool) -> str:
        """See `Words`."""
        # The planner takes a comparison for common, an equality for rare.
        found = f"strpos({text}, {part})"
        return f"{found} > 0" if often else f"sign({found}) = 1"

    def members(self, values: str) -> str:
        """See `Words`."""
        elements = f"jsonb_array_elements_text(CAST({values} AS jsonb))"
        return f"SELECT value FROM {elements} AS value"  # noqa: S608 - names of the schema

    def moment(self, micros: str) -> str:
        """See `Words`."""
        text = f"to_char(timestamp 'epoch' + {micros} * interval '1us', {_MOMENT})"
        return f"replace({text}, '.000000', '')"


_LIMIT = f"SELECT set_config('statement_timeout', '{PATIENCE_SECONDS}s', true)"
# A colon would look like a parameter.
_MOMENT = """'YYYY-MM-DD"T"HH24' || chr(58) || 'MI' || chr(58) || 'SS.US"Z"'"""

WORDS: dict[str, Words] = {"sqlite": SqliteWords(), "postgresql": PostgresWords()}


@dataclass(slots=True)
class Terms:
    """The parameters of one statement while it is written; a `walk` is a search of newest rows
    that soon finds enough.
    """

    words: Words
    site: str = ""
    walk: bool = True
    parameters: dict[str, Parameter] = field(default_factory=dict)

    def mark(self, value: Parameter) -> str:
        """The mark of a new parameter."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"

    def test(self, expression: str, matcher: Matcher) -> str:
        """Whether a text is equal to the matcher's value, or matches it, whatever its sign."""
        if is_regex(matcher):
            pattern = self.mark(self.words.pattern(matcher.value))
            return self.words.matches(expression, pattern)
        return f"{expression} = {self.mark(matcher.value)}"


class Field(Protocol):
    """One field of a list. An `indexed` one can find its rows without looking at the others."""

    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """What must hold for a row; never NULL, and never in the way of another field's index."""

    def narrow(self, matcher: Matcher, terms: Terms) -> str | None:
        """The same in a form that an index answers, where there is one."""


def signed(matcher: Matcher, condition: str) -> str:
    """The condition, or its contrary for a negative matcher."""
    return f"({condition})" if is_positive(matcher) else f"NOT ({condition})"


def accepts_nothing(matcher: Matcher) -> bool:
    """Whether the matcher, taken as positive, accepts the empty text of what is missing."""
    return holds(matcher, None) is is_positive(matcher)


@dataclass(frozen=True, slots=True)
class Text:
    """A text, perhaps missing; `index` is how an index finds the rows that have `{value}`."""

    column: str
    index: str = ""

    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """See `Field`."""
        return signed(matcher, terms.test(f"coalesce({self.column}, '')", matcher))

    def narrow(self, matcher: Matcher, terms: Terms) -> str | None:
        """See `Field`."""
        if self.index and matcher.operator is Operator.EQUAL and matcher.value:
            return self.index.format(value=terms.mark(matcher.value))
        return None


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number, perhaps missing, matched as its digits."""

    column: str
    indexed: bool = False

    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """See `Field`."""
        text = f"coalesce(CAST({self.column} AS text), '')"
        return signed(matcher, terms.test(text, matcher))

    def narrow(self, matcher: Matcher, terms: Terms) -> str | None:
        """See `Field`."""
        digits = matcher.value
        if self.indexed and matcher.operator is Operator.EQUAL and _is_number(digits):
            return f"{self.column} = {terms.mark(int(digits))}"
        return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < _DIGITS


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, perhaps missing, matched as its JSON text."""

    column: str

    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """See `Field`."""
        text = f"coalesce({terms.words.moment(self.column)}, '')"
        return signed(matcher, terms.test(text, matcher))

    def narrow(self, matcher: Matcher, terms: Terms) -> str | None:
        """See `Field`."""
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words, so the matcher is tried on each of them here."""

    column: str
    words: tuple[str, ...]
    indexed: bool = False

    @classmethod
    def of(cls, column: str, words: Iterable[str], indexed: bool = False) -> "Choice":
        """The words may be an enum."""
        return cls(column, tuple(map(str, words)), indexed)

    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """See `Field`."""
        return self._among(f"coalesce({self.column}, '')", matcher)

    def narrow(self, matcher: Matcher, terms: Terms) -> str | None:
        """See `Field`."""
        return self._among(self.column, matcher) if self.indexed else None

    def _among(self, expression: str, matcher: Matcher) -> str:
        held = [f"'{word}'" for word in self.words if holds(matcher, word)]
        return f"{expression} IN ({', '.join(held)})" if held else "1 = 0"


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """The status of a delivery, which is not stored but follows from the digest's progress."""

    choice: Choice

    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """See `Field`."""
        return self.choice.condition(matcher, terms)

    def narrow(self, matcher: Matcher, terms: Terms) -> str | None:
        """See `Field`."""
        if holds(matcher, DeliveryStatus.DONE):
            return None
        found = ["SELECT delivery FROM verdict WHERE dead"]
        if holds(matcher, DeliveryStatus.PENDING):
            found += ["SELECT delivery FROM verdict WHERE replay", terms.words.pending]
        return f"d.id IN ({' UNION ALL '.join(found)})"


@dataclass(frozen=True, slots=True)
class Url:
    """The address of an incident's page."""

    number: str

    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """See `Field`."""
        url = f"{terms.mark(terms.site)} || CAST({self.number} AS text)"
        return signed(matcher, terms.test(f"({url})", matcher))

    def narrow(self, matcher: Matcher, terms: Terms) -> str | None:
        """See `Field`."""
        return None


@dataclass(frozen=True, slots=True)
class Members:
    """A JSON list of texts: one that matches is enough, and enough to refute a negative."""

    column: str

    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """See `Field`."""
        members = terms.words.members(self.column)
        test = terms.test("value", matcher)
        found = f"EXISTS (SELECT 1 FROM ({members}) AS member WHERE {test})"  # noqa: S608
        if not is_regex(matcher) and matcher.value:
            # Most rows need not be unpacked.
            quoted = terms.mark(to_json(matcher.value))
            found = f"{terms.words.contains(self.column, quoted, terms.walk)} AND {found}"
        if accepts_nothing(matcher):
            found += f" OR {self.column} = '[]'"
        return signed(matcher, found)

    def narrow(self, matcher: Matcher, terms: Terms) -> str | None:
        """See `Field`."""
        return None


def test_label(labels: str, matcher: Matcher, terms: Terms) -> str:
    """Whether a label is equal to the matcher's value, or matches it, whatever its sign.

    Names and values are quoted in JSON, so that a pair can be found without reading the rest.
    """
    if matcher.value and not is_regex(matcher):
        pair = from_mapping({matcher.name: matcher.value})[1:-1]
        return terms.words.contains(labels, terms.mark(pair), terms.walk)
    label = terms.words.label(labels, terms.mark(matcher.name))
    return terms.test(f"coalesce({label}, '')", matcher)


@dataclass(frozen=True, slots=True)
class Label:
    """A label of an alert, by the matcher's own name."""

    labels: str

    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """See `Field`."""
        return signed(matcher, test_label(self.labels, matcher, terms))

    def narrow(self, matcher: Matcher, terms: Terms) -> str | None:
        """See `Field`."""
        return None


@dataclass(frozen=True, slots=True)
class LabelOfAny:
    """A label of any alert that was ever part of an incident; `number` is the incident's."""

    number: str

    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """See `Field`."""
        test = test_label("a.labels", matcher, terms)
        if terms.walk:
            found = f"EXISTS (SELECT 1 {_ALERTS} WHERE o.incident = {self.number} AND {test})"
        else:
            numbers = f"SELECT o.incident {_ALERTS} WHERE o.incident IS NOT NULL AND {test}"
            found = f"{self.number} IN ({numbers})"
        if accepts_nothing(matcher):
            found += f" OR NOT EXISTS (SELECT 1 FROM occurrence WHERE incident = {self.number})"  # noqa: S608 - names of the schema
        return signed(matcher, found)

    def narrow(self, matcher: Matcher, terms: Terms) -> str | None:
        """See `Field`."""
        return None


_ALERTS = "FROM occurrence AS o JOIN alert AS a ON a.customer = o.customer AND a.key = o.key"
