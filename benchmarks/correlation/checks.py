"""Facts that must hold of every stream: the same news gives the same incidents, however it comes,
and what comes later does not change what was decided.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random

from benchmarks.correlation import product
from benchmarks.correlation.streams import Line, Stream, received, seconds
from watcher.engine.rulebook import Rulebook

Span = tuple[str, str]
_CUTS = 3


@dataclass(frozen=True, slots=True)
class Differences:
    """How many incidents were others: of doubled news, of news shuffled within a second, and of a
    stream that ended early. `moved` are alerts that went to another incident too late.
    """

    doubled: int
    shuffled: int
    cut: int
    moved: int


def check(stream: Stream, under: Rulebook, whole: Sequence[Line]) -> Differences:
    """Runs a stream in other ways, to compare with the `whole` of what became of it."""
    twice = [line for line in stream.lines for _ in range(2)]
    at_random = product.run(shuffled(stream), under).incidents
    return Differences(
        doubled=differing(product.run(twice, under).incidents, whole),
        shuffled=differing(at_random, whole),
        cut=sum(_changed(stream, under, whole, upto) for upto in cuts(stream)),
        moved=moved_late(stream, under, whole),
    )


def shuffled(stream: Stream) -> list[bytes]:
    """The lines, at random within each second."""
    chance = Random(1)
    lines: list[bytes] = []
    timed = zip(map(received, stream.events), stream.lines, strict=True)
    for _, some in groupby(timed, key=lambda each: int(each[0])):
        together = [line for _, line in some]
        chance.shuffle(together)
        lines += together
    return lines


def moved_late(stream: Stream, under: Rulebook, whole: Iterable[Line]) -> int:
    """How many alerts joined where they are more than twice the lateness window after they came in.

    News may be late by one window, and concern an incident that is as old as another.
    """
    came: dict[Span, float] = {}
    for event in stream.events:
        if event["kind"] != "resolved":
            came.setdefault(_span(event), received(event))
    most = 2 * under.policy.grouping.lateness.total_seconds() + 1
    return sum(
        seconds(alert["joined_at"]) - came[_span(alert)] > most
        for incident in whole
        for alert in incident["alerts"]
    )


def cuts(stream: Stream) -> list[float]:
    """When to end early: mostly where much goes on, because that is where most events are."""
    return sorted(map(received, Random(1).sample(list(stream.events), _CUTS)))


def differing(one: Sequence[Line], other: Sequence[Line]) -> int:
    """How many incidents have other alerts."""
    return len(_groups(one) ^ _groups(other))


def _changed(stream: Stream, under: Rulebook, whole: Sequence[Line], upto: float) -> int:
    """How many of the incidents that the lateness window had settled changed after `upto`."""
    known = [received(event) <= upto for event in stream.events]
    lines = [line for line, is_known in zip(stream.lines, known, strict=True) if is_known]
    settled = upto - under.policy.grouping.lateness.total_seconds()
    heard = {_span(event) for event in stream.events if received(event) <= settled}
    early = product.run(lines, under).incidents
    return len(_settled(early, settled, heard) ^ _settled(whole, settled, heard))


def _settled(
    incidents: Iterable[Line], upto: float, heard: set[Span]
) -> set[tuple[str, frozenset[Span]]]:
    """The incidents that were open by then, with the alerts that had been heard of."""
    return {
        (each["opened_at"], _spans(each) & heard)
        for each in incidents
        if seconds(each["opened_at"]) <= upto and _spans(each) & heard
    }


def _groups(incidents: Iterable[Line]) -> set[frozenset[Span]]:
    return set(map(_spans, incidents))


def _spans(incident: Line) -> frozenset[Span]:
    return frozenset(map(_span, incident["alerts"]))


def _span(alert: Line) -> Span:
    return alert["key"], alert["occurrence"]
