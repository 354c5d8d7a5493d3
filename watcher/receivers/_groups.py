"""What Grafana and Alertmanager share: a group of labelled alerts, each with its own status.

Grafana's special alerts are read here too, because Grafana also posts through an Alertmanager.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from watcher.decide.keys import (
    digest,
    moment_part,
    occurrence_key,
    recurrence_key,
    to_milliseconds,
)
from watcher.model.event import Event, Kind, Reading, Severity
from watcher.receivers import base
from watcher.receivers.base import Context, Unparsable, clean


@dataclass(frozen=True, slots=True)
class Options:
    """Which labels name the host and the service, first match wins, and what severities mean."""

    host_labels: tuple[str, ...] = ("host", "hostname", "instance", "node", "nodename", "server")
    service_labels: tuple[str, ...] = ("service", "app", "application")
    severities: Mapping[str, Severity] = field(default_factory=lambda: base.SEVERITIES)


def options(given: Mapping[str, object]) -> Options:
    """The options of a source. Raises ValueError with what is wrong."""
    base.known_options(given, ("host_labels", "service_labels", "severities"))
    default = Options()
    return Options(
        base.names_option(given, "host_labels", default.host_labels),
        base.names_option(given, "service_labels", default.service_labels),
        base.words_option(given, "severities", Severity, base.SEVERITIES),
    )


_KINDS = {"firing": Kind.FIRING, "resolved": Kind.RESOLVED}
_SEVERITY_LABELS = ("severity", "priority")
_SUMMARIES = ("summary", "description", "message")

# Grafana's stand-ins for a rule that cannot be evaluated: conditions of their own.
_TWINS = {"DatasourceNoData": "no data", "DatasourceError": "error"}
_REASONS = {
    "MissingSeries": "the series is no longer there",
    "NoData": "the query returns no data",
    "Error": "the query fails",
    "Paused": "the rule was paused",
    "RuleDeleted": "the rule was deleted",
    "Updated": "the rule was changed",
    "KeepLast": "the last state was kept without data",
}
_RULE_UID = re.compile(
    r"/alerting/(?:grafana/)?([\w-]+)/(?:view|edit)|__alert_rule_uid__(?:=|%3D)([\w-]+)"
)


def read_group(group: Mapping[str, object], context: Context) -> Reading:
    """The events of all alerts in the group, or of none. Raises Unparsable."""
    alerts = base.elements(group.get("alerts"), "alerts")
    reader = _Reader(context, base.narrow(context.options, Options), group.get("status"))
    events = [reader.read(alert, f"alerts[{index}]") for index, alert in enumerate(alerts)]
    kept = tuple(event for event in events if event is not None)
    if not kept:
        return Reading((), "test message from the contact point" if events else "no alerts in it")
    cut = group.get("truncatedAlerts")
    if isinstance(cut, int) and cut > 0:
        return Reading(kept, f"the sender left out {cut} more alerts of this group")
    return Reading(kept)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the alerts of one group."""

    context: Context
    options: Options
    group_status: object

    def read(self, value: object, where: str) -> Event | None:
        """The alert as an event, None for the alert of a contact point's test button."""
        alert = base.members(value, where)
        labels = base.labels(alert.get("labels"), f"{where}.labels")
        if labels.get("alertname") == "TestAlert" and labels.get("instance") == "Grafana":
            return None
        annotations = base.labels(alert.get("annotations"), f"{where}.annotations")
        uid = _rule_uid(alert)
        key, started_at, occurrence = self._keys(alert, labels, uid)
        kind, at, note = self._news(alert, annotations, where)
        return Event(
            source=self.context.source,
            kind=kind,
            key=key,
            occurrence=occurrence,
            at=at or started_at or self.context.received_at,
            name=_name(labels, annotations),
            severity=severity_of(labels, self.options.severities),
            host=first(labels, self.options.host_labels) or None,
            service=first(labels, self.options.service_labels) or None,
            labels=_marked(labels, uid),
            started_at=started_at,
            summary=first(annotations, _SUMMARIES) or _text(alert.get("valueString")),
            url=_url(alert),
            note=note,
        )

    def _keys(
        self, alert: Mapping[str, object], labels: Mapping[str, str], uid: str
    ) -> tuple[str, datetime | None, str]:
        """The condition's key, the beginning of this span and the span's key.

        Without a beginning the span has no name: it continues the one that fires.
        """
        fingerprint = _text(alert.get("fingerprint"))
        parts = (fingerprint,) if fingerprint else (uid, _digest(labels))
        key = recurrence_key(self.context.source, *parts)
        started_at = base.moment(alert.get("startsAt"), self.context.received_at)
        if started_at is None:
            return key, None, ""
        began = moment_part(to_milliseconds(started_at))
        return key, started_at, occurrence_key(parts[-1], began)

    def _news(
        self, alert: Mapping[str, object], annotations: Mapping[str, str], where: str
    ) -> tuple[Kind, datetime | None, str]:
        """What the alert says, since when (None: since its beginning), and a note."""
        status = alert.get("status", self.group_status)
        kind = _KINDS.get(status) if isinstance(status, str) else None
        if kind is None:
            raise Unparsable(f"{where}.status is {base.shown(status)}, not firing or resolved")
        why = _why(annotations.get("grafana_state_reason", ""))
        if kind is Kind.FIRING:
            return kind, None, f"Grafana fires this because {why}." if why else ""
        received_at = self.context.received_at
        ended_at = base.moment(alert.get("endsAt"), received_at) or received_at
        if not why:
            return kind, ended_at, ""
        note = f"Grafana stopped this alert without a recovery: {why}. It stays open."
        return Kind.UPDATE, ended_at, note


def _why(reason: str) -> str:
    """Grafana's reason for a state, in plain words as far as they are known."""
    words = (word.strip() for word in reason.split(",") if word.strip())
    return " and ".join(_REASONS.get(word, word) for word in words)


def _text(value: object) -> str:
    return clean(value, base.TEXT_LIMIT) if isinstance(value, str) else ""


def first(texts: Mapping[str, str], names: tuple[str, ...]) -> str:
    """The first of these texts that says something, "" where none does."""
    for name in names:
        if text := texts.get(name):
            return text
    return ""


def _name(labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    name = labels.get("alertname", "")
    if name in _TWINS and "datasource_uid" in labels:
        name = f"{labels.get('rulename') or name}: {_TWINS[name]}"
    return clean(name or first(annotations, _SUMMARIES) or "alert without a name", base.NAME_LIMIT)


def severity_of(labels: Mapping[str, str], meanings: Mapping[str, Severity]) -> Severity:
    """What the labels say about the severity, average where they say nothing known."""
    return meanings.get(first(labels, _SEVERITY_LABELS).lower(), Severity.AVERAGE)


def _marked(labels: dict[str, str], uid: str) -> dict[str, str]:
    """The labels with the rule's identity, and the mark of a stand-in."""
    if uid:
        labels.setdefault("rule_uid", uid)
    name = labels.get("alertname")
    if name in _TWINS and "datasource_uid" in labels:
        labels["grafana_twin"] = _TWINS[name]
    return labels


def _rule_uid(alert: Mapping[str, object]) -> str:
    """The uid of Grafana's rule, which older versions give in links only; "" elsewhere."""
    if uid := _text(alert.get("ruleUID")):
        return clean(uid, base.KEY_LIMIT)
    for name in ("generatorURL", "silenceURL"):
        if found := _RULE_UID.search(_text(alert.get(name))):
            return found[1] or found[2]
    return ""


def _digest(labels: Mapping[str, str]) -> str:
    pairs = (text for pair in sorted(labels.items()) for text in pair)
    return digest("\x00".join(pairs))


def _url(alert: Mapping[str, object]) -> str:
    links = (base.link(alert.get(name)) for name in ("generatorURL", "panelURL", "dashboardURL"))
    return next(filter(None, links), "")
