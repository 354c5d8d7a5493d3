"""Labelled pairs as lines of JSON, and how many of them a replay's incidents agree with."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from watcher.model.example import Example, Side

Span = tuple[str, str]
"""The key and the occurrence of an alert."""


class ScoreError(Exception):
    """A line that is no incident or no pair; the text names it and says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What a person said of two alerts."""

    one: Span
    other: Span
    together: bool

    @classmethod
    def of(cls, example: Example) -> "Pair":
        """The part of an example that is scored."""
        one, other = example.one, example.other
        return cls((one.key, one.occurrence), (other.key, other.occurrence), example.together)


@dataclass(frozen=True, slots=True)
class Score:
    """How many pairs agree, of how many, by what people said; `unknown` ones are in no incident.

    `wrong` are those that do not agree.
    """

    together: tuple[int, int]
    apart: tuple[int, int]
    unknown: int
    wrong: tuple[Pair, ...]


def score(pairs: Iterable[Pair], homes: Mapping[Span, str]) -> Score:
    """How the pairs stand in incidents: `homes` tells in which each alert is."""
    agreed, asked, unknown = {True: 0, False: 0}, {True: 0, False: 0}, 0
    wrong = []
    for pair in pairs:
        one, other = homes.get(pair.one), homes.get(pair.other)
        if one is None or other is None:
            unknown += 1
            continue
        asked[pair.together] += 1
        if (one == other) is pair.together:
            agreed[pair.together] += 1
        else:
            wrong.append(pair)
    return Score((agreed[True], asked[True]), (agreed[False], asked[False]), unknown, tuple(wrong))


def write_examples(examples: Iterable[Example]) -> Iterator[bytes]:
    """One JSON line for each pair."""
    for each in examples:
        line = {
            "customer": each.customer,
            "together": each.together,
            "by": each.by,
            "at": each.at.isoformat(),
            "why": each.why,
            "machine": None if each.machine is None else asdict(each.machine),
            "one": _side(each.one),
            "other": _side(each.other),
        }
        yield orjson.dumps(line) + b"\n"


def read_pairs(lines: Iterable[bytes]) -> Iterator[Pair]:
    """The pairs of such lines. Raises ScoreError."""
    for number, line in _numbered(lines):
        try:
            found = orjson.loads(line)
            one, other = ((found[side]["key"], found[side]["occurrence"]) for side in _SIDES)
            yield Pair(one, other, bool(found["together"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ScoreError(f"line {number} is no pair: {_words(error)}") from error


def read_homes(lines: Iterable[bytes]) -> dict[Span, str]:
    """In which incident of a replay each alert is. Raises ScoreError."""
    homes: dict[Span, str] = {}
    for number, line in _numbered(lines):
        try:
            found: Mapping[str, Any] = orjson.loads(line)
            for alert in found["alerts"]:
                homes[alert["key"], alert["occurrence"]] = str(found["incident"])
        except (KeyError, TypeError, ValueError) as error:
            raise ScoreError(f"line {number} is no incident: {_words(error)}") from error
    return homes


_SIDES = ("one", "other")


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    return ((number, line) for number, line in enumerate(lines, start=1) if line.strip())


def _words(error: Exception) -> str:
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)


def _side(side: Side) -> dict[str, object]:
    started_at = side.started_at.isoformat() if side.started_at else None
    return {**asdict(side), "started_at": started_at}
