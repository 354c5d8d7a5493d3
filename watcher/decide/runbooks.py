"""Which runbooks apply to an alert on a host, and why the others do not.

Sources put prefixes and details around what they say (`Linux: FS [/]: Space is low (used > 80%)`),
so a name is also known by what is left without them.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from operator import attrgetter

from watcher.decide.conditions import FIELDS, Facts, Field, value_of
from watcher.decide.match import holds, predicate
from watcher.model.catalogue import Host
from watcher.model.policy import RunbookMatch, RunbookTrigger

# As many policies as are in force at once, and some that are being tried out.
_MOST_COMPILED = 8
_MOST_COMBINATIONS = 10_000
_MOST_NAMES = 8
_MOST_TOLD = 3

_LABELS, _TAGS = "labels.", "host.tags."
_Get = Callable[[Facts, Mapping[str, str]], str | None]

_WORDS = re.compile(r"\*([^*?]+)\*")
_STATE = re.compile(r"\[[A-Z]+(?::[0-9]+)?\]\s+(?=\S)")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one runbook.

    `holding` is the number of the clause of `any` that holds, `barring` that of the clause of
    `none`, each counted from 0. `misses` says of each clause of `any` before `holding` (of all,
    where none holds) which key did not hold first and why.
    """

    holding: int | None = None
    barring: int | None = None
    misses: tuple[str, ...] = ()

    @property
    def applies(self) -> bool:
        """Whether the runbook applies."""
        return self.holding is not None and self.barring is None


@lru_cache(maxsize=2000)
def names(name: str) -> tuple[str, ...]:
    """The name as it came, without its trailing details, and without one prefix more each; the last
    is the barest.
    """
    found = [name, _STATE.sub("", _without_details(name), count=1)]
    while (rest := found[-1].partition(": ")[2].strip()) and len(found) < _MOST_NAMES:
        found.append(rest)
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=2000)
def _folded_names(name: str) -> tuple[str, ...]:
    """What is compared with the globs of runbooks."""
    return tuple(filter(None, dict.fromkeys(each.casefold() for each in names(name))))


def applying(
    triggers: Sequence[RunbookTrigger], alert: Facts, host: Host | None
) -> tuple[RunbookTrigger, ...]:
    """Those of the runbooks that apply, in their order."""
    if not triggers:
        return ()
    return _compile(triggers).applying(alert, host)


def applies(trigger: RunbookTrigger, alert: Facts, host: Host | None) -> bool:
    """Whether one runbook applies."""
    return judge(trigger, alert, host).applies


def judge(trigger: RunbookTrigger, alert: Facts, host: Host | None) -> Verdict:
    """Whether one runbook applies, and if not, what each of its clauses lacks."""
    misses: list[str] = []
    holding = None
    for number, clause in enumerate(trigger.any):
        miss = next(_misses(clause, alert, host), None)
        if miss is None:
            holding = number
            break
        misses.append(miss)
    barring = next(
        (
            number
            for number, clause in enumerate(trigger.none)
            if next(_misses(clause, alert, host), None) is None
        ),
        None,
    )
    return Verdict(holding, barring, tuple(misses))


def like(globs: tuple[str, ...]) -> Callable[[str], bool]:
    """What tells whether a text is like one of these: `*` is anything, `?` one character, and
    nothing else is special; without case. What is not there is like nothing.
    """
    test = _folded_like(globs)
    return lambda text: bool(text) and test(text.casefold())


@lru_cache(maxsize=4096)
def _folded_like(globs: tuple[str, ...]) -> Callable[[str], bool]:
    """The same for texts that are casefolded. Most globs are `*words*`, which needs no pattern."""
    folded = [each.casefold() for each in globs]
    inner = tuple(found[1] for each in folded if (found := _WORDS.fullmatch(each)))
    others = [each for each in folded if not _WORDS.fullmatch(each)]
    patterns = "|".join(translate(each.replace("[", "[[]")) for each in others)
    match = re.compile(patterns or r"(?!)").match

    def test(text: str) -> bool:
        for words in inner:  # Quicker than any(), and asked for every new name of an alert.
            if words in text:
                return True
        return match(text) is not None

    return test


def in_words(clause: RunbookMatch) -> str:
    """What a clause asks for, to be read by a person."""
    keys = (f"{_named(key)} like {' or '.join(map(repr, globs))}" for key, globs in _globs(clause))
    matchers = (str(each) for each in clause.when)
    return ", and ".join((*keys, *matchers)) or "anything"


def _named(key: str) -> str:
    if key.startswith(_LABELS):
        return f"label {key.removeprefix(_LABELS)}"
    return f"host tag {key.removeprefix(_TAGS)}" if key.startswith(_TAGS) else key


def _without_details(name: str) -> str:
    """The name without the parentheses that it ends with."""
    bare = name.strip()
    while bare.endswith(")"):
        depth, at = 0, len(bare)
        while at and (at == len(bare) or depth):
            at -= 1
            depth += (bare[at] == ")") - (bare[at] == "(")
        if depth or not bare[:at].endswith(" "):
            break
        bare = bare[:at].rstrip()
    return bare or name


def _misses(clause: RunbookMatch, alert: Facts, host: Host | None) -> Iterator[str]:
    """What of a clause does not hold, in words, the first key first."""
    tags = _tags(host)
    for key, globs in _globs(clause):
        value = _getter(key)(alert, tags) or ""
        if not _like(key, globs)(value):
            found = f"{_barest(key, value)} is not like {_or(globs)}" if value else "there is none"
            yield f"{key}: {found}"
    for matcher in clause.when:
        value = value_of(alert, matcher.name)
        if not holds(matcher, value):
            found = f"it is {value!r}" if value else "there is none"
            yield f"when: {matcher} does not hold: {found}"


def _globs(clause: RunbookMatch) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What a clause asks for in globs, by key."""
    plain = {
        "source": clause.sources,
        "alert": clause.alerts,
        "severity": clause.severities,
        "service": clause.services,
    }
    yield from ((key, globs) for key, globs in plain.items() if globs)
    yield from ((f"{_LABELS}{name}", globs) for name, globs in clause.labels.items())
    yield from ((f"{_TAGS}{name}", globs) for name, globs in clause.host_tags.items())


def _like(key: str, globs: tuple[str, ...]) -> Callable[[str], bool]:
    """What tells whether the value of a key is like one of the globs."""
    if key == "alert":
        test = _folded_like(globs)
        return lambda name: any(map(test, _folded_names(name)))
    return like(globs)


def _getter(key: str) -> _Get:
    """What reads the value of a key."""
    if key.startswith(_LABELS):
        label = key.removeprefix(_LABELS)
        return lambda alert, _: alert.labels.get(label)
    if key.startswith(_TAGS):
        tag = key.removeprefix(_TAGS)
        return lambda _, tags: tags.get(tag)
    field: Callable[[Facts], str | None] = attrgetter("name" if key == "alert" else key)
    return lambda alert, _: field(alert)


def _tags(host: Host | None) -> Mapping[str, str]:
    return host.tags if host is not None else {}


def _barest(key: str, value: str) -> str:
    return repr(names(value)[-1] if key == "alert" else str(value))


def _or(globs: Sequence[str]) -> str:
    few = [repr(each) for each in globs[:_MOST_TOLD]]
    left = len(globs) - len(few)
    return " or ".join(few) + (f" or one of {left} more" if left else "")


class _Compiled(dict[int, tuple[RunbookTrigger, ...]]):
    """Runbooks ready for use: those that apply for each combination of clauses that hold."""

    def __init__(self, triggers: Sequence[RunbookTrigger]) -> None:
        super().__init__()
        self.triggers = triggers
        clauses = [clause for trigger in triggers for clause in (*trigger.any, *trigger.none)]
        self._all = (1 << len(clauses)) - 1
        fields: dict[str, Field] = {}
        for number, clause in enumerate(clauses):
            for key, test in _tests(clause):
                fields.setdefault(key, Field(self._all)).tests.append((1 << number, test))
        self._fields = [(_getter(key), field) for key, field in fields.items()]

    def applying(self, alert: Facts, host: Host | None) -> tuple[RunbookTrigger, ...]:
        """Those that apply."""
        tags, left = _tags(host), self._all
        for get, field in self._fields:
            left &= field[get(alert, tags) or ""]
        return self[left]

    def __missing__(self, holding: int) -> tuple[RunbookTrigger, ...]:
        if len(self) >= _MOST_COMBINATIONS:
            self.clear()
        self[holding] = found = tuple(self._combined(holding))
        return found

    def _combined(self, holding: int) -> Iterator[RunbookTrigger]:
        for trigger in self.triggers:
            any_of, none_of = (1 << len(trigger.any)) - 1, (1 << len(trigger.none)) - 1
            first = holding >> len(trigger.any)
            if holding & any_of and not first & none_of:
                yield trigger
            holding = first >> len(trigger.none)


def _tests(clause: RunbookMatch) -> Iterator[tuple[str, Callable[[str], bool]]]:
    """What a clause asks for, by key."""
    yield from ((key, _like(key, globs)) for key, globs in _globs(clause))
    for matcher in clause.when:
        key = matcher.name if matcher.name in FIELDS else f"{_LABELS}{matcher.name}"
        yield "alert" if key == "name" else key, predicate(matcher)


_compiled: dict[int, _Compiled] = {}


def _compile(triggers: Sequence[RunbookTrigger]) -> _Compiled:
    """Keeps what it compiled by identity, as for rules."""
    known = _compiled.get(id(triggers))
    # An identity may be given away again, once the runbooks that had it are gone.
    if known is None or known.triggers is not triggers:
        if len(_compiled) >= _MOST_COMPILED:
            _compiled.clear()
        known = _compiled[id(triggers)] = _Compiled(triggers)
    return known
