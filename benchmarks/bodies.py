"""Alerts of about 1 KB as Prometheus and Alertmanager send them, with numbers to be filled in."""

import json
from collections.abc import Mapping

GAPS = {"@NUMBER@": (10, 10**10), "@HOST@": (4, 3_000), "@SERVICE@": (3, 300)}
"""Where the number of an alert goes, and with it its host and its service, ten hosts each: how many
digits, and modulo what.
"""

_TEXT = (
    "A disk of {0} has been busy for more than 90 percent of the last ten minutes. Requests that "
    "{0} answers take longer than users accept, and batch jobs on it will be late. Look at the "
    "processes that read and write most first, then at what was deployed during the last hour, "
    "and then at the neighbours on the same storage."
)


def alert() -> Mapping[str, object]:
    """One alert in the form that both systems take: a disk of a host."""
    host = "host-@HOST@.example.org"
    return {
        "status": "firing",
        "labels": {
            "alertname": "DiskIsSlow",
            "device": "disk-@NUMBER@",
            "instance": f"{host}:9100",
            "job": "node",
            "severity": "warning",
            "service": "service-@SERVICE@",
            "team": "infrastructure",
        },
        "annotations": {"summary": f"Slow disk on {host}", "description": _TEXT.format(host)},
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.org/graph?g0.expr=node_disk+%3E+0.9&g0.tab=1",
        "fingerprint": "000000@NUMBER@",
    }


def webhook(size: int = 1) -> str:
    """What Alertmanager posts to a webhook, with so many alerts."""
    body = {
        "version": "4",
        "groupKey": '{}:{alertname="DiskIsSlow"}',
        "status": "firing",
        "receiver": "watcher",
        "alerts": [alert() for _ in range(size)],
    }
    return json.dumps(body, separators=(",", ":"))


def alertmanager(size: int = 1) -> str:
    """The same alerts as Prometheus posts them to Alertmanager."""
    alerts = [dict(alert()) for _ in range(size)]
    for each in alerts:
        for name in ("status", "fingerprint", "endsAt"):
            del each[name]
    return json.dumps(alerts, separators=(",", ":"))


def filled(template: str, number: int) -> bytes:
    """A body of one alert with its number in it."""
    for gap, (digits, modulo) in GAPS.items():
        template = template.replace(gap, f"{number % modulo:0{digits}d}")
    return template.encode()
