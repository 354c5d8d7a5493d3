"""Reads recorded incidents whose cause is known."""

import gzip
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from watcher.engine.hindcast import Asked, read_faults, read_tickets


@dataclass(frozen=True, slots=True)
class System:
    """The faults of one system in order, of which kind each was, and the names of its alerts."""

    name: str
    faults: Sequence[Asked]
    kinds: Mapping[str, str]
    names: Sequence[tuple[str, Counter[str]]]


def tickets(folder: Path, without: Collection[str] = ()) -> list[Asked]:
    """Incidents of a service desk, without some of their fields; what was linked to a problem has
    it as its cause.
    """
    truth = _json(folder / "t3" / "problems.truth.json.gz")
    with gzip.open(folder / "t3" / "incidents.ndjson.gz") as lines:
        return list(read_tickets(lines, truth, without))


def systems(folder: Path) -> Iterator[System]:
    """Systems in which faults came back, as alerts told of them."""
    stream = folder / "t1" / "seq.events.ndjson.gz"
    belongs = _json(folder / "t1" / "seq.truth.json.gz")["alerts"]
    found = _json(folder / "t3" / "signatures.truth.json.gz")["systems"]
    with gzip.open(stream) as lines:
        asked = list(read_faults(lines, {"alerts": belongs, "systems": found}))
    with gzip.open(stream) as lines:
        names = _names(lines, belongs)
    for (name, truth), faults in zip(found.items(), asked, strict=True):
        told = [(each.incident, names[each.incident]) for each in faults]
        yield System(name, faults, truth["type"], told)


def _names(
    lines: gzip.GzipFile, belongs: Mapping[str, Sequence[str]]
) -> Mapping[str, Counter[str]]:
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for line in map(orjson.loads, lines):
        if line["kind"] == "firing":
            names[belongs[line["occurrence"]][0]][line["name"]] += 1
    return names


def _json(path: Path) -> Mapping[str, Any]:
    found: Mapping[str, Any] = orjson.loads(gzip.decompress(path.read_bytes()))
    return found
