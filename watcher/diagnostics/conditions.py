"""Matchers on facts as a POSIX shell tests them on the host, where the facts are `F_…`."""

import re
import shlex
from collections.abc import Iterator, Sequence

from watcher.decide.match import is_positive, is_regex
from watcher.model.matcher import Matcher
from watcher.model.runbook import FACTS

_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": "[:space:]"}
_TOKEN = re.compile(
    r"\\(?P<escaped>.)"
    r"|(?P<group>\(\?:)"
    r"|\[(?P<negated>\^?)(?P<members>\]?(?:\\.|[^\]\\])*)\]"
    r"|(?P<lazy>[*+?}])\??"
    r"|(?P<plain>[^\\\[])",
    re.DOTALL,
)
_SPECIAL = frozenset(".[](){}*+?|^$\\")


def condition(matchers: Sequence[Matcher]) -> str:
    """A condition that is true on a host where all of these hold."""
    return " && ".join(_test(matcher) for matcher in matchers)


def complaint(matcher: Matcher) -> str:
    """What is wrong with a condition on facts, whatever the host; "" if nothing is."""
    if matcher.name not in FACTS:
        return f"there is no fact {matcher.name!r}; there are: {', '.join(FACTS)}"
    try:
        _test(matcher)
    except ValueError as error:
        return str(error)
    return ""


def _test(matcher: Matcher) -> str:
    fact = f'"$F_{matcher.name}"'
    if not is_regex(matcher):
        sign = "=" if is_positive(matcher) else "!="
        return f"[ {fact} {sign} {shlex.quote(matcher.value)} ]"
    sign = "" if is_positive(matcher) else "! "
    pattern = shlex.quote("".join(_extended(matcher.value)))
    return f"{sign}printf '%s\\n' {fact} | grep -Eqx -e {pattern}"


def _extended(pattern: str) -> Iterator[str]:
    """The same as an extended regular expression of POSIX. Raises ValueError."""
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            raise ValueError(f"{pattern!r} cannot be tested on a host; write it more simply")
        at = token.end()
        if token["members"] is not None:
            yield f"[{token['negated']}{_members(token['members'])}]"
        elif token["escaped"] is not None:
            yield _escaped(token["escaped"])
        else:
            yield "(" if token["group"] else token["lazy"] or token["plain"]


def _escaped(char: str) -> str:
    if char.lower() in _CLASSES:
        return f"[{'^' if char.isupper() else ''}{_CLASSES[char.lower()]}]"
    if char.isalnum():
        raise ValueError(f"\\{char} cannot be tested on a host; write it more simply")
    return f"\\{char}" if char in _SPECIAL else char


def _members(text: str) -> str:
    """What stands in brackets, where POSIX knows no escapes."""

    def member(escape: re.Match[str]) -> str:
        char = escape[1]
        if char not in _CLASSES and (char.isalnum() or char in "]^-\\"):
            raise ValueError(f"[\\{char}] cannot be tested on a host; write it more simply")
        return _CLASSES.get(char, char)

    return re.sub(r"\\(.)", member, text)
