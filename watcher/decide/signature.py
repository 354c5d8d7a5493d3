"""What is telling about an incident: what would be alike if it came back, here or elsewhere.

Free of hosts are `alert`, `service`, `role` and `finding`; bound to them are `condition`, `host`
and `suspect`. Each is a field, so that a likeness elsewhere counts, and one here counts more.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from watcher.decide.template import template
from watcher.model.alert import Alert
from watcher.model.evidence import Diagnosis, Fault, Level
from watcher.model.incident import Incident
from watcher.model.signature import Signature

CONDITION = "condition"
"""The field of the keys under which conditions are watched."""

SYMPTOMS = ("alert", CONDITION, "finding")
"""The fields that say what is wrong, not only where."""

# What a host is like that cannot be reached; the other faults tell of the way there.
_TELLING = {Fault.UNRESOLVED, Fault.REFUSED, Fault.TIMEOUT, Fault.NO_ROUTE, Fault.BROKEN}
# A storm of thousands is recognised by this many of its alerts.
_MOST = 100


def signature_of(
    incident: Incident,
    alerts: Iterable[Alert],
    diagnoses: Iterable[Diagnosis],
    tags: Mapping[str, Mapping[str, str]],
) -> Signature:
    """The signature of an incident with its alerts, what diagnoses found and the tags of hosts."""
    mine = list(alerts)
    hosts = {*incident.hosts, *(each.host for each in mine if each.host)}
    names = [(each.source, host_free(each.name, each.host)) for each in mine]
    services = {incident.service, *(each.service for each in mine)}
    suspect = incident.suspect
    traits: dict[str, Iterable[str]] = {
        **(symptoms(names) or {"alert": [host_free(incident.title, *incident.hosts)]}),
        CONDITION: [each.key for each in mine],
        "service": [each for each in services if each],
        "role": [f"{name}={value}" for host in hosts for name, value in tags.get(host, {}).items()],
        "host": hosts,
        "finding": [finding for each in diagnoses for finding in _findings(each)],
        "suspect": [suspect.host] if suspect and suspect.settled and suspect.host else [],
    }
    return signed(incident.opened_at, traits)


def symptoms(names: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """The names of alerts, free of hosts, each with its source: as one field, and where they are of
    several sources, as one for each besides, because one that says much would drown the others.
    """
    by_source: dict[str, set[str]] = defaultdict(set)
    for source, name in names:
        by_source[f"alert from {source}"].add(name)
    every = set().union(*by_source.values())
    apart = by_source if len(by_source) > 1 else {}
    return {"alert": every, **apart} if every else {}


def signed(opened_at: datetime, traits: Mapping[str, Iterable[str]]) -> Signature:
    """What is telling of an incident, by field; of very many values some, always the same ones."""
    found = {name: frozenset(sorted(set(values))[:_MOST]) for name, values in traits.items()}
    return Signature(opened_at, {name: values for name, values in found.items() if values})


def host_free(name: str, *hosts: str | None) -> str:
    """The name of an alert without what is volatile in it, and without its hosts."""
    text = template(name)
    for each in (each for host in hosts for each in _names_of(host or "")):
        text = re.sub(
            rf"(?<![\w.-]){re.escape(each)}(?![\w-])", "<host>", text, flags=re.IGNORECASE
        )
    return text


def _names_of(host: str) -> list[str]:
    """The full name first; a short name that is a number tells of no host."""
    short = host.partition(".")[0]
    return [each for each in dict.fromkeys((host, short)) if each and not each.isdigit()]


def _findings(diagnosis: Diagnosis) -> Iterable[str]:
    for step in diagnosis.steps:
        for each in step.highlights:
            if each.level in {Level.BAD, Level.WARN}:
                yield f"{diagnosis.runbook}/{each.signal}"
    if diagnosis.fault in _TELLING:
        yield f"{diagnosis.runbook}/{diagnosis.fault}"
