"""Grafana: groups of unified alerting (8 to 13), rules of legacy dashboard alerting (4 to 10)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import orjson

from watcher.decide.keys import recurrence_key
from watcher.model.event import Event, Kind, Reading
from watcher.receivers import base
from watcher.receivers._groups import Options, first, options, read_group, severity_of
from watcher.receivers.base import Context, Unparsable, clean

__all__ = ["OPTIONS", "SAMPLES", "Options", "options", "parse", "sample"]

OPTIONS = Options

_STATES = {
    "alerting": (Kind.FIRING, ""),
    "no_data": (Kind.FIRING, "Grafana gets no data for this rule."),
    "ok": (Kind.RESOLVED, ""),
}
_SILENT_STATES = {
    "paused": "the rule was paused: that says nothing about its condition",
    "pending": "the rule waits before it fires: that is no alert yet",
}
_MAIN_ORGANISATION = "1"
_SHOWN_SERIES = 10


def parse(body: bytes, context: Context) -> Reading:
    """The events of one notification, all or none. Raises Unparsable."""
    root = base.members(base.decode(body), "the body")
    if "alerts" in root:
        return read_group(root, context)
    if "ruleId" in root or "evalMatches" in root:
        return _read_rule(root, context)
    raise Unparsable(
        "alerts is missing: this is no standard body of a Grafana webhook; "
        "without a custom payload template it will be"
    )


def _read_rule(rule: Mapping[str, object], context: Context) -> Reading:
    """The event of a legacy rule, which has one state for all its series and no span of its own."""
    rule_id, state = base.scalar(rule.get("ruleId"), "ruleId"), rule.get("state")
    if rule_id == "0":
        return Reading((), "test message from the notification channel")
    if not rule_id:
        raise Unparsable("ruleId is missing")
    if not isinstance(state, str) or state not in _STATES | _SILENT_STATES:
        known = ", ".join([*_STATES, *_SILENT_STATES])
        raise Unparsable(f"state is {base.shown(state)}, none of {known}")
    if state in _SILENT_STATES:
        return Reading((), _SILENT_STATES[state])
    return Reading((_rule_event(rule, rule_id, state, context),))


def _rule_event(rule: Mapping[str, object], rule_id: str, state: str, context: Context) -> Event:
    chosen = base.narrow(context.options, Options)
    kind, note = _STATES[state]
    series = [
        base.members(match, f"evalMatches[{index}]")
        for index, match in enumerate(base.elements(rule.get("evalMatches") or [], "evalMatches"))
    ]
    labels = _rule_labels(rule, series)
    organisation = base.scalar(rule.get("orgId"), "orgId") or _MAIN_ORGANISATION
    return Event(
        source=context.source,
        kind=kind,
        key=recurrence_key(context.source, "rule", organisation, rule_id),
        occurrence="",
        at=context.received_at,
        name=_text(rule, "ruleName") or _text(rule, "title") or f"Grafana rule {rule_id}",
        severity=severity_of(labels, chosen.severities),
        host=first(labels, chosen.host_labels) or None,
        service=first(labels, chosen.service_labels) or None,
        labels=labels,
        summary=_rule_summary(rule, series),
        url=base.link(rule.get("ruleUrl") or rule.get("rule_url")),
        note=note,
    )


def _rule_labels(
    rule: Mapping[str, object], series: Sequence[Mapping[str, object]]
) -> dict[str, str]:
    """The rule's tags and whatever tags all of its series have in common."""
    found = [
        base.labels(one.get("tags"), f"evalMatches[{index}].tags")
        for index, one in enumerate(series)
    ]
    common = {
        name: value
        for name, value in (found[0] if found else {}).items()
        if all(tags.get(name) == value for tags in found)
    }
    return base.labels(rule.get("tags"), "tags") | common


def _rule_summary(rule: Mapping[str, object], series: Sequence[Mapping[str, object]]) -> str:
    """The rule's message and the values that broke it, each once."""
    values = [f"{_text(one, 'metric')} = {_text(one, 'value') or 'nothing'}" for one in series]
    parts = (_text(rule, "message"), ", ".join(dict.fromkeys(values[:_SHOWN_SERIES])))
    return clean("; ".join(part for part in parts if part), base.TEXT_LIMIT)


def _text(rule: Mapping[str, object], name: str) -> str:
    return clean(base.scalar(rule.get(name), name), base.NAME_LIMIT)


def sample(name: str, now: datetime, serial: int) -> bytes:
    """A body of a made-up outage of `billing` on 10.0.0.5:9100, as unified alerting sends it.

    `serial` is the epoch second at which the outage began and names its occurrence: firing, mixed
    and resolved with the same serial belong together. Raises KeyError for an unknown name.
    """
    begun = datetime.fromtimestamp(serial, UTC)
    alerts = [
        _sample_alert(alert, begun, None if status == "firing" else now)
        for alert, status in _SAMPLE_GROUPS[name]
    ]
    firing = any(alert["status"] == "firing" for alert in alerts)
    group = {
        "receiver": "Watcher",
        "status": "firing" if firing else "resolved",
        "orgId": 1,
        "alerts": alerts,
        "groupLabels": {"grafana_folder": "Billing"},
        "commonLabels": {"grafana_folder": "Billing", "service": "billing"},
        "commonAnnotations": {},
        "externalURL": "https://grafana.example.org/",
        "version": "1",
        "groupKey": '{}:{grafana_folder="Billing"}',
        "truncatedAlerts": 0,
        "title": f"[{name.upper()}] Billing",
        "state": "alerting" if firing else "ok",
        "message": "",
    }
    return orjson.dumps(group, option=orjson.OPT_UTC_Z)


def _sample_alert(
    alert: Mapping[str, object], begun: datetime, ended: datetime | None
) -> dict[str, object]:
    uid = alert["ruleUID"]
    return {
        **alert,
        "status": "resolved" if ended else "firing",
        "startsAt": begun,
        "endsAt": ended or "0001-01-01T00:00:00Z",
        "generatorURL": f"https://grafana.example.org/alerting/grafana/{uid}/view?orgId=1",
        "silenceURL": "https://grafana.example.org/alerting/silence/new?alertmanager=grafana"
        f"&matcher=__alert_rule_uid__%3D{uid}&orgId=1",
        "dashboardURL": "",
        "panelURL": "",
        "orgId": 1,
    }


_SAMPLE_ERRORS = {
    "labels": {
        "alertname": "BillingErrors",
        "grafana_folder": "Billing",
        "instance": "10.0.0.5:9100",
        "service": "billing",
        "severity": "critical",
    },
    "annotations": {"summary": "38 % of the calls to billing fail"},
    "fingerprint": "a1c04be2f7d95360",
    "ruleUID": "billing-errors",
    "values": {"A": 0.38, "C": 1},
    "valueString": "[ var='A' labels={instance=10.0.0.5:9100} value=0.38 ]",
}
_SAMPLE_LATENCY = {
    "labels": {
        "alertname": "BillingLatency",
        "grafana_folder": "Billing",
        "instance": "10.0.0.5:9100",
        "service": "billing",
        "severity": "warning",
    },
    "annotations": {"summary": "Billing answers after 4.2 s (p95)"},
    "fingerprint": "0d9e73c5128fb64a",
    "ruleUID": "billing-latency",
    "values": {"A": 4.2, "C": 1},
    "valueString": "[ var='A' labels={instance=10.0.0.5:9100} value=4.2 ]",
}
_SAMPLE_NO_DATA = {
    "labels": {
        "alertname": "DatasourceNoData",
        "datasource_uid": "prometheus",
        "grafana_folder": "Billing",
        "ref_id": "A",
        "rulename": "BillingQueue",
        "service": "billing",
        "severity": "warning",
    },
    "annotations": {"summary": "The billing queue is too long"},
    "fingerprint": "77f2c81b3a60e94d",
    "ruleUID": "billing-queue",
    "values": None,
    "valueString": "",
}
_SAMPLE_GROUPS: Mapping[str, Sequence[tuple[Mapping[str, object], str]]] = {
    "firing": [(_SAMPLE_ERRORS, "firing"), (_SAMPLE_LATENCY, "firing")],
    "mixed": [(_SAMPLE_ERRORS, "firing"), (_SAMPLE_LATENCY, "resolved")],
    "resolved": [(_SAMPLE_ERRORS, "resolved")],
    "nodata": [(_SAMPLE_NO_DATA, "firing")],
}
SAMPLES = base.samples(sample, _SAMPLE_GROUPS)
