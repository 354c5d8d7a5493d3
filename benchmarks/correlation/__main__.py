"""Measures how well Watcher groups recorded alerts whose faults are known, beside simple ways.

`python -m benchmarks.correlation FOLDER [--only STREAM] [--keep FOLDER]`
"""

import argparse
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.correlation import baselines, checks, controls, flapping, product
from benchmarks.correlation.evidence import Evidence
from benchmarks.correlation.measures import Incident, figures, noise
from benchmarks.correlation.report import (
    Checked,
    Score,
    checks_table,
    flapping_table,
    grouping_table,
)
from benchmarks.correlation.streams import Stream, Truth, streams

_TASKS = {"t1": "T1 overlapping faults", "t2": "T2 storms"}
_ALL = "all"


class Measured:
    """What is found while the streams are read, one after another."""

    def __init__(self, keep: Path | None) -> None:
        self.checked: list[Checked] = []
        self._keep = keep

    def scores(self, stream: Stream) -> Iterator[Score]:
        """All figures of a stream: Watcher's, those of the controls, and those of simpler ways."""
        under = product.rulebook(stream.services)
        result = product.run(stream.lines, under)
        self._write(stream.name, result)
        mine, truth = result.measured(), stream.truth
        yield from _scores(stream, truth, "Watcher", mine)
        yield from _scores(stream, controls.shuffled_truth(truth), "Watcher, shuffled truth", mine)
        wrong = product.rulebook(controls.shuffled_topology(stream.services))
        lost = product.run(stream.lines, wrong).measured()
        yield from _scores(stream, truth, "Watcher, shuffled topology", lost)
        simpler = {**baselines.grouped(stream), **baselines.guessed(stream)}
        for way, incidents in simpler.items():
            yield from _scores(stream, truth, way, incidents)
        verdict = Evidence(stream.events, stream.services, under.policy).verdict(result.incidents)
        found = checks.check(stream, under, result.incidents)
        self.checked.append(Checked(stream.name, len(stream.events), result.cpu, found, verdict))
        for each in verdict.examples[:3]:
            print(f"{stream.name}, not so: {orjson.dumps(each).decode()}", file=sys.stderr)

    def flapping(self, folder: Path) -> Iterator[tuple[str, flapping.Kept]]:
        """How many notifications there are, by way."""
        stream = flapping.read(folder)
        result = product.run(stream.lines, product.rulebook(()))
        self._write("flapping", result)
        told = {"Watcher": flapping.notified(result.incidents), **flapping.baselines(stream)}
        for way, notifications in told.items():
            yield way, flapping.kept(notifications, stream.series, stream.plain)

    def _write(self, name: str, result: product.Result) -> None:
        if self._keep is not None:
            self._keep.mkdir(parents=True, exist_ok=True)
            lines = b"".join(orjson.dumps(each) + b"\n" for each in result.incidents)
            (self._keep / f"{name}.ndjson").write_bytes(lines)


def main() -> int:
    """Measures the streams of a folder; 1 where there are none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="with folders t1, t2 and t5")
    parser.add_argument("--only", action="append", help="this stream only; may be repeated")
    parser.add_argument("--keep", type=Path, help="write Watcher's incidents to this folder")
    given = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 160)
    printed = 0
    for table in _tables(given.data, given.only or (), Measured(given.keep)):
        console.print(table)
        printed += 1
    if not printed:
        text = "no such recordings; docs/benchmarks.md says what a folder of them holds"
        print(f"{given.data}: {text}", file=sys.stderr)
    return 0 if printed else 1


def _tables(folder: Path, only: Collection[str], measured: Measured) -> Iterator[Table]:
    """One table for each task that there is a recording of, and one for the checks."""
    for task, title in _TASKS.items():
        found = streams(folder / task, only)
        scores = [score for stream in found for score in measured.scores(stream)]
        if scores:
            yield grouping_table(title, sorted(scores, key=_part))
    if (folder / "t5").is_dir() and (not only or "flapping" in only):
        yield flapping_table(measured.flapping(folder / "t5"))
    if measured.checked:
        yield checks_table(measured.checked)


def _scores(
    stream: Stream, truth: Truth, way: str, incidents: Sequence[Incident]
) -> Iterator[Score]:
    systems = truth.systems()
    for system in (*systems, *([None] if len(systems) > 1 else [])):
        found = figures(truth, incidents, truth.of(system))
        others = noise(truth, incidents) if truth.others else None
        yield Score(stream.family, system or _ALL, way, found, others)


def _part(score: Score) -> tuple[str, bool, str]:
    return score.family, score.system == _ALL, score.system


if __name__ == "__main__":
    sys.exit(main())
