"""What the two databases say differently when they search lists."""

from typing import Protocol

from watcher.decide.pattern import compiled
from watcher.store.functions import PATIENCE_SECONDS
from watcher.store.link import Link


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
