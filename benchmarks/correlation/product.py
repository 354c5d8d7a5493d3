"""Runs a stream through Watcher as `watcher replay` does, under the rules that come with it."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import orjson
import yaml

from benchmarks.correlation.measures import Incident
from benchmarks.correlation.streams import Line, seconds
from watcher.engine.replay import read_events, replay, write_incidents
from watcher.engine.rulebook import Rulebook
from watcher.kit.shipped import shipped
from watcher.policy.catalogue import load_topology
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy


@dataclass(frozen=True, slots=True)
class Result:
    """The incidents as they are written, and seconds of CPU for each event that was decided."""

    incidents: Sequence[Line]
    cpu: float

    def measured(self) -> list[Incident]:
        """The incidents as they are measured."""
        return [
            Incident(
                seconds(each["opened_at"]),
                (each["suspect"] or {}).get("host"),
                [alert["occurrence"] for alert in each["alerts"]],
            )
            for each in self.incidents
        ]


def rulebook(services: Sequence[Line]) -> Rulebook:
    """The shipped rules over these services."""
    problems = Problems()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "topology.yaml"
        file.write_text(yaml.safe_dump({"services": list(map(dict, services))}))
        catalogue = load_topology(file, problems)
    policy = load_policy([shipped("rules")], (), (), problems)
    assert policy is not None, list(problems)
    return Rulebook(policy, catalogue)


def run(lines: Sequence[bytes], under: Rulebook) -> Result:
    """Decides about all lines; reading and writing them is not what is timed."""
    recorded = list(read_events(lines))
    began = process_time()
    book = replay(recorded, under)
    spent = process_time() - began
    incidents = [orjson.loads(each) for each in write_incidents(book)]
    return Result(incidents, spent / len(recorded))
