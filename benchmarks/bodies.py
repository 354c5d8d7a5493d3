"""Alerts of about 1 KB as Prometheus and Alertmanager send them, with numbers to be filled in."""

import json
from collections.abc import Mapping

SERVICES = 300
NUMBER = "@NUMBER@"
"""Where a number of ten digits goes; the same one throughout an alert."""

SERVICE = "@SERVICE@"
"""Where the service goes, in three digits: the number modulo `SERVICES`."""

_TEXT = (
    "The processor load of {0} has been above 90 percent for more than ten minutes. Requests that "
    "{0} answers take longer than users accept, and batch jobs on it will be late. Look at the "
    "processes with the most CPU time first, then at what was deployed during the last hour, and "
    "then at the neighbours on the same hypervisor."
)


def alert(number: str = NUMBER, service: str = SERVICE) -> Mapping[str, object]:
    """One alert in the form that both systems take."""
    host = f"host-{number}.example.org"
    return {
        "status": "firing",
        "labels": {
            "alertname": "HostHighCpuLoad",
            "instance": f"{host}:9100",
            "job": "node",
            "severity": "warning",
            "service": f"service-{service}",
            "datacenter": "north-1",
            "team": "infrastructure",
        },
        "annotations": {"summary": f"High load on {host}", "description": _TEXT.format(host)},
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.org/graph?g0.expr=node_load1+%3E+0.9&g0.tab=1",
        "fingerprint": f"000000{number}",
    }


def webhook(size: int = 1) -> str:
    """What Alertmanager posts to a webhook, with so many alerts; `NUMBER` grows from one alert to
    the next.
    """
    body = {
        "version": "4",
        "groupKey": '{}:{alertname="HostHighCpuLoad"}',
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
    text = template.replace(NUMBER, f"{number:010d}")
    return text.replace(SERVICE, f"{number % SERVICES:03d}").encode()
