"""Runs that must go wrong: figures that a wrong truth or a wrong topology leaves as they are
measure something else.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from benchmarks.correlation.streams import Line, Truth


def shuffled_truth(truth: Truth, seed: int = 1) -> Truth:
    """The faults of a system change their alerts at random; each keeps as many."""
    spans: dict[str, list[str]] = defaultdict(list)
    for span, (group, _) in truth.alerts.items():
        if group in truth.faults:
            spans[truth.faults[group].system].append(span)
    alerts = dict(truth.alerts)
    for some in spans.values():
        groups = [truth.alerts[span][0] for span in some]
        Random(seed).shuffle(groups)
        for span, group in zip(some, groups, strict=True):
            alerts[span] = group, truth.alerts[span][1]
    return replace(truth, alerts=alerts)


def shuffled_topology(services: Sequence[Line], seed: int = 1) -> list[Line]:
    """The same topology in which the names of hosts and services changed places at random."""
    names = sorted(
        {
            name
            for each in services
            for name in (each["name"], *each.get("hosts", ()), *each.get("depends_on", ()))
        }
    )
    others = list(names)
    Random(seed).shuffle(others)
    renamed = dict(zip(names, others, strict=True))
    return [
        {
            **each,
            "name": renamed[each["name"]],
            "hosts": [renamed[host] for host in each.get("hosts", ())],
            "depends_on": [renamed[other] for other in each.get("depends_on", ())],
        }
        for each in services
    ]
