"""Row 14: events of Zabbix from socket to incident, streamed by a connector or one by one."""

import json
from collections.abc import Iterator
from statistics import median
from time import perf_counter

from benchmarks.intake import Hook, hooks
from benchmarks.processes import cpu_seconds
from benchmarks.servers import HEADERS
from benchmarks.table import Effort, Row
from benchmarks.wrk import Load, post

LINES = 500
_TAGS = [{"tag": "service", "value": "service-@SERVICE@"}, {"tag": "alertname", "value": "slow"}]


def measure(effort: Effort) -> Iterator[Row]:
    """The row, on each store; the ways take turns, and all events are new."""
    with hooks() as watchers:
        for store, hook in watchers.items():
            posted, streamed = [], []
            for run in range(effort.runs):
                first = 2 * 10**7 * run + 10**7
                posted.append(_through(hook, "zbx", 1, first, effort.seconds))
                streamed.append(_through(hook, "both", LINES, first + 10**7, effort.batch_seconds))
            ratio = median(mine[1] / other[1] for mine, other in zip(streamed, posted, strict=True))
            yield Row(
                14,
                f"CPU an event from socket to incident, streams of {LINES}, {store}",
                "<= 1 x media type",
                f"{ratio:.2f} x: {_shown(streamed)}; by the media type {_shown(posted)}",
                ratio <= 1,
            )


def _shown(runs: list[tuple[float, float]]) -> str:
    rate, cost = (median(each) for each in zip(*runs, strict=True))
    return f"{cost:.2f} ms, {rate:,.0f} events/s"


def _through(hook: Hook, source: str, size: int, first: int, seconds: int) -> tuple[float, float]:
    """Events a second until all of a load are in incidents, and milliseconds of CPU for each."""
    url = f"{hook.watcher.url}/hooks/{source}"
    load = Load(url, _posted(), HEADERS, first)
    if size > 1:
        headers = HEADERS | {"Content-Type": "application/x-ndjson"}
        load = Load(url, _streamed(), headers, first, connections=2)
    began, spent = perf_counter(), cpu_seconds(*hook.watcher.roots)
    answers = post(load, seconds)
    assert not answers.errors, answers
    hook.progress.drained()
    cost, count = cpu_seconds(*hook.watcher.roots) - spent, size * answers.requests
    return count / (perf_counter() - began), 1000 * cost / count


def _posted() -> str:
    """A problem as the media type posts it."""
    return json.dumps(
        {
            "alertname": "slow",
            "event_source": "0",
            "event_value": "1",
            "event_update_status": "0",
            "event_nseverity": "2",
            "event_id": "1@NUMBER@",
            "event_name": "A disk has been busy for ten minutes",
            "event_timestamp": "1767225600",
            "event_tags_json": json.dumps(_TAGS),
            "trigger_id": "1@NUMBER@",
            "host_id": "10684",
            "host_host": "host-@HOST@.example.org",
        },
        separators=(",", ":"),
    )


def _streamed() -> str:
    """Problems as a connector streams them: each is a condition of its own, by its name."""
    line = json.dumps(
        {
            "clock": 1767225600,
            "ns": 0,
            "value": 1,
            "eventid": "@EVENT@",
            "name": "Disk disk-@NUMBER@ has been busy for ten minutes",
            "severity": 2,
            "hosts": [{"host": "host-@HOST@.example.org", "name": "host"}],
            "groups": ["Servers"],
            "tags": _TAGS,
        },
        separators=(",", ":"),
    ).replace('"@EVENT@"', "1@NUMBER@")
    return f"{line}\n" * LINES
