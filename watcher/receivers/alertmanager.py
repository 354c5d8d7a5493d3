"""Alertmanager: webhook bodies of version 4, and of version 3 with its numeric group key."""

from datetime import UTC, datetime

import orjson

from watcher.model.event import Reading
from watcher.receivers import base
from watcher.receivers._groups import Options, options, read_group
from watcher.receivers.base import Context, Unparsable

__all__ = ["OPTIONS", "SAMPLES", "Options", "options", "parse", "sample"]

OPTIONS = Options
_VERSIONS = ("3", "4")


def parse(body: bytes, context: Context) -> Reading:
    """The events of one alert group, all or none. Raises Unparsable."""
    group = base.members(base.decode(body), "the body")
    if "alerts" not in group:
        raise Unparsable("alerts is missing: this is no body of an Alertmanager webhook")
    version = base.scalar(group.get("version", "4"), "version")
    if version not in _VERSIONS:
        raise Unparsable(f"version is {base.shown(version)}, neither 3 nor 4")
    return read_group(group, context)


def sample(name: str, now: datetime, serial: int) -> bytes:
    """A body of a made-up outage of `billing` on 10.0.0.5:9100.

    `serial` is the epoch second at which the outage began and names its occurrence: firing and
    resolved with the same serial belong together. Raises KeyError for an unknown name.
    """
    status, ended_at = {"firing": ("firing", None), "resolved": ("resolved", now)}[name]
    labels = {
        "alertname": "PostgresDown",
        "instance": "10.0.0.5:9100",
        "job": "postgres",
        "service": "billing",
        "severity": "critical",
    }
    alert = {
        "status": status,
        "labels": labels,
        "annotations": {"summary": "PostgreSQL on 10.0.0.5 does not answer"},
        "startsAt": datetime.fromtimestamp(serial, UTC),
        "endsAt": ended_at or "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.org/graph?g0.expr=pg_up+%3D%3D+0",
        "fingerprint": "5b21f0a7c3d94e18",
    }
    group = {
        "receiver": "watcher",
        "status": status,
        "alerts": [alert],
        "groupLabels": {"alertname": "PostgresDown"},
        "commonLabels": labels,
        "commonAnnotations": alert["annotations"],
        "externalURL": "http://alertmanager.example.org",
        "version": "4",
        "groupKey": '{}:{alertname="PostgresDown"}',
        "truncatedAlerts": 0,
    }
    return orjson.dumps(group, option=orjson.OPT_UTC_Z)


SAMPLES = base.samples(sample, ("firing", "resolved"))
