"""What a reader chose or typed above a list, as matchers."""

import re
from urllib.parse import urlencode

from watcher.model.incident import Status
from watcher.model.matcher import Matcher, Operator
from watcher.web.matchers import read

_LOOKS_LIKE_MATCHER = re.compile(r"[{\"]|^\s*[\w.:-]+\s*(=|!=|!~)")


def chosen(**fields: str) -> tuple[Matcher, ...]:
    """A matcher for each field that has a value."""
    return tuple(Matcher(name, Operator.EQUAL, value) for name, value in fields.items() if value)


def status_is(*statuses: Status) -> tuple[Matcher, ...]:
    """A matcher for incidents in any of these states."""
    return (Matcher("status", Operator.REGEX, "|".join(statuses)),)


def searched(typed: str) -> tuple[Matcher, ...]:
    """What was typed if it is matchers, else one for titles with it. Raises what `read` raises."""
    if not typed.strip():
        return ()
    if _LOOKS_LIKE_MATCHER.search(typed):
        return read(typed)
    return (Matcher("title", Operator.REGEX, f".*{_whatever_case(typed.strip())}.*"),)


def query_string(cursor: str, **fields: str) -> str:
    """The query of the page that begins at this cursor; empty when there is none."""
    kept = {name: value for name, value in fields.items() if value}
    return urlencode({**kept, "cursor": cursor}) if cursor else ""


def _whatever_case(text: str) -> str:
    return "".join(map(_either_case, text))


def _either_case(letter: str) -> str:
    small, large = letter.lower(), letter.upper()
    if small == large or len(small) != 1 or len(large) != 1:
        return re.escape(letter)
    return f"[{small}{large}]"
