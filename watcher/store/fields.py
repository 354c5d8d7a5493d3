"""How a matcher on a field becomes a condition in SQL, the same on both databases."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field

from watcher.decide.match import holds, is_positive, is_regex
from watcher.decide.pattern import compiled
from watcher.model.delivery import DeliveryStatus
from watcher.model.matcher import Matcher, Operator
from watcher.store.values import from_mapping, to_json
from watcher.store.words import Words

Parameter = int | str
_DIGITS = 19


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
            part = compiled(matcher.value).part
            if part:
                return self.words.contains(expression, self.mark(part), often=True)
            pattern = self.mark(self.words.pattern(matcher.value))
            return self.words.matches(expression, pattern)
        return f"{expression} = {self.mark(matcher.value)}"


class Field(ABC):
    """One field of a list."""

    @abstractmethod
    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """What must hold for a row; never NULL, and written so that no index answers it."""

    def narrow(self, matcher: Matcher, terms: Terms) -> str | None:
        """What an index answers and every row that is looked for fulfils, where there is one."""
        return None


def signed(matcher: Matcher, condition: str) -> str:
    """The condition, or its contrary for a negative matcher."""
    return f"({condition})" if is_positive(matcher) else f"NOT ({condition})"


def accepts_nothing(matcher: Matcher) -> bool:
    """Whether the matcher, taken as positive, accepts the empty text of what is missing."""
    return holds(matcher, None) is is_positive(matcher)


@dataclass(frozen=True, slots=True)
class Text(Field):
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
class OwnOrShared(Field):
    """A text that is the matcher's value, or missing."""

    column: str

    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """See `Field`."""
        return f"({self.column} IS NULL OR {terms.test(self.column, matcher)})"


@dataclass(frozen=True, slots=True)
class Number(Field):
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
class Moment(Field):
    """A time, perhaps missing, matched as its JSON text."""

    column: str

    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """See `Field`."""
        text = f"coalesce({terms.words.moment(self.column)}, '')"
        return signed(matcher, terms.test(text, matcher))


@dataclass(frozen=True, slots=True)
class Choice(Field):
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
class DeliveryState(Field):
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
class Url(Field):
    """The address of an incident's page."""

    number: str

    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """See `Field`."""
        url = f"{terms.mark(terms.site)} || CAST({self.number} AS text)"
        return signed(matcher, terms.test(f"({url})", matcher))


@dataclass(frozen=True, slots=True)
class Members(Field):
    """A JSON list of texts: one that matches is enough, and enough to refute a negative."""

    column: str

    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """See `Field`."""
        members = terms.words.members(self.column)
        test = terms.test("value", matcher)
        found = f"EXISTS (SELECT 1 FROM ({members}) AS member WHERE {test})"  # noqa: S608 - names of the schema
        if not is_regex(matcher) and matcher.value:
            # Most rows need not be unpacked.
            quoted = terms.mark(to_json(matcher.value))
            found = f"{terms.words.contains(self.column, quoted, terms.walk)} AND {found}"
        if accepts_nothing(matcher):
            found += f" OR {self.column} = '[]'"
        return signed(matcher, found)


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
class Label(Field):
    """A label of an alert, by the matcher's own name."""

    labels: str

    def condition(self, matcher: Matcher, terms: Terms) -> str:
        """See `Field`."""
        return signed(matcher, test_label(self.labels, matcher, terms))


@dataclass(frozen=True, slots=True)
class LabelOfAny(Field):
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


_ALERTS = "FROM occurrence AS o JOIN alert AS a ON a.customer = o.customer AND a.key = o.key"
