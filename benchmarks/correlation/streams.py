"""Reads recorded streams of alerts with what is known to be true of them."""

import gzip
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import yaml

Line = Mapping[str, Any]
_EVENTS = ".events.ndjson.gz"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that broke: in which system, and the hosts that are right to be named."""

    system: str
    culprits: frozenset[str]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known: the faults, what else there was by its kind, and for each occurrence of an
    alert what it belongs to and when it came in.
    """

    faults: Mapping[str, Fault]
    others: Mapping[str, str]
    alerts: Mapping[str, tuple[str, float]]

    def systems(self) -> list[str]:
        """The systems that had a fault."""
        return sorted({each.system for each in self.faults.values()})

    def of(self, system: str | None) -> frozenset[str]:
        """The faults of a system, or all."""
        return frozenset(
            name for name, each in self.faults.items() if system in {None, each.system}
        )


@dataclass(frozen=True, slots=True)
class Stream:
    """The lines of one recording in the order of arrival, and the services that it is about."""

    name: str
    lines: Sequence[bytes]
    events: Sequence[Line]
    services: Sequence[Line]
    truth: Truth

    @property
    def family(self) -> str:
        """Recordings that differ by a number only are of one family."""
        return re.sub(r"-\d+$", "", self.name)


@dataclass(frozen=True, slots=True)
class Firing:
    """An occurrence of an alert when it first came in."""

    at: float
    key: str
    occurrence: str
    name: str
    host: str
    place: str
    kind: str | None


def streams(folder: Path, only: Collection[str] = ()) -> Iterator[Stream]:
    """The recordings of a folder, or some; each has its own topology, or the one of all."""
    for file in sorted(folder.glob(f"*{_EVENTS}")):
        name = file.name.removesuffix(_EVENTS)
        if only and name not in only:
            continue
        own, shared = folder / f"{name}.topology.yaml", folder / "topology.yaml"
        services = yaml.safe_load((own if own.exists() else shared).read_text())["services"]
        lines = read_lines(file)
        truth = _truth(
            orjson.loads(gzip.decompress((folder / f"{name}.truth.json.gz").read_bytes()))
        )
        yield Stream(name, lines, [orjson.loads(each) for each in lines], services, truth)


def read_lines(file: Path) -> list[bytes]:
    """The lines of a packed file that say something."""
    with gzip.open(file) as lines:
        return [line for line in lines if line.strip()]


def firings(events: Sequence[Line]) -> list[Firing]:
    """Each occurrence that fired once, in the order of arrival."""
    found: dict[str, Firing] = {}
    for event in events:
        if event["kind"] == "firing" and event["occurrence"] not in found:
            found[event["occurrence"]] = _firing(event)
    return sorted(found.values(), key=lambda each: each.at)


def received(event: Line) -> float:
    """When an event came in, in seconds since the epoch."""
    return seconds(event.get("received_at") or event["at"])


def seconds(text: str) -> float:
    """A moment in seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()


def _firing(event: Line) -> Firing:
    host = event["host"] or event["service"] or event["key"]
    labels = event.get("labels") or {}
    return Firing(
        received(event),
        event["key"],
        event["occurrence"],
        event["name"],
        host,
        labels.get("cluster") or event["service"] or host,
        labels.get("kind"),
    )


def _truth(read: Line) -> Truth:
    return Truth(
        {
            name: Fault(each["system"], frozenset(each["culprit"]))
            for name, each in read["faults"].items()
        },
        {name: each["kind"] for name, each in read["others"].items()},
        {span: (group, seconds(at)) for span, (group, at) in read["alerts"].items()},
    )
