"""Notifications for alerts that come and go: how many are saved, and how many of the disruptions
among them are still told of.
"""

import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path

import orjson

from benchmarks.correlation.streams import Line, read_lines, seconds

Told = tuple[str, float]
"""The condition that a notification is about, and when it was sent."""


@dataclass(frozen=True, slots=True)
class Series:
    """A measured series: seconds between samples, and the windows in which it was disturbed."""

    interval: float
    windows: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Flapping:
    """Firings of the conditions on some series, which would `plain` notify once each."""

    lines: Sequence[bytes]
    events: Sequence[Line]
    series: Mapping[str, Series]
    plain: int


@dataclass(frozen=True, slots=True)
class Kept:
    """How many notifications there were, the share saved, and that of windows with their own."""

    notifications: int
    cut: float
    recall: float


def read(folder: Path) -> Flapping:
    """The stream of a folder."""
    lines = read_lines(folder / "flapping.events.ndjson.gz")
    truth = orjson.loads(gzip.decompress((folder / "flapping.truth.json.gz").read_bytes()))
    series = {
        key: Series(each["interval"], [(seconds(a), seconds(b)) for a, b in each["windows"]])
        for key, each in truth["series"].items()
    }
    return Flapping(lines, [orjson.loads(each) for each in lines], series, truth["plain"])


def kept(told: Iterable[Told], series: Mapping[str, Series], plain: int) -> Kept:
    """The measures of some notifications."""
    times: dict[str, list[float]] = defaultdict(list)
    for key, at in told:
        times[key].append(at)
    windows = [(key, window) for key, each in series.items() for window in each.windows]
    own = sum(any(a <= at <= b for at in times[key]) for key, (a, b) in windows)
    count = sum(map(len, times.values()))
    return Kept(count, 1 - count / plain, own / len(windows))


def notified(incidents: Iterable[Line]) -> list[Told]:
    """An incident that opens is a notification, about its first alert."""
    return [(each["alerts"][0]["key"], seconds(each["opened_at"])) for each in incidents]


def baselines(stream: Flapping) -> Mapping[str, list[Told]]:
    """What simpler ways would tell of."""
    spans = _spans(stream.events)
    return {
        "every firing": list(_held(spans, stream.series, 0)),
        "debounce 2 samples": list(_debounced(spans, stream.series, 2)),
        "debounce 3 samples": list(_debounced(spans, stream.series, 3)),
        "recovery hold 6 samples": list(_held(spans, stream.series, 6)),
        "recovery hold 12 samples": list(_held(spans, stream.series, 12)),
    }


def _spans(events: Iterable[Line]) -> Mapping[str, list[tuple[float, float]]]:
    """From when to when each condition fired."""
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for event in events:
        mine, at = spans[event["key"]], seconds(event["at"])
        if event["kind"] == "firing":
            mine.append((at, inf))
        else:
            mine[-1] = mine[-1][0], at
    return spans


def _held(
    spans: Mapping[str, list[tuple[float, float]]], series: Mapping[str, Series], samples: int
) -> Iterator[Told]:
    """A condition is over once it has been well for so many samples."""
    for key, firings in spans.items():
        hold, until = (samples - 1) * series[key].interval, -inf
        for start, end in firings:
            if start > until + 1:
                yield key, start
            until = max(until, end + hold)


def _debounced(
    spans: Mapping[str, list[tuple[float, float]]], series: Mapping[str, Series], samples: int
) -> Iterator[Told]:
    """A condition is told of once it has been ill for so many samples."""
    for key, firings in spans.items():
        wait = (samples - 1) * series[key].interval
        yield from ((key, start + wait) for start, end in firings if end > start + wait)
