"""What a Grafana knows of its alerts: rules, their instances, and what its Alertmanager shows of
them. The same alert can be had as a webhook body and as an answer of each API.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

ZERO = "0001-01-01T00:00:00Z"
BEGUN = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
_TWINS = {"NoData": "DatasourceNoData", "Error": "DatasourceError"}


def fingerprint(labels: dict[str, str]) -> str:
    """FNV-1a of 64 bits over the sorted labels, as Prometheus names a set of labels."""
    hashed = 14695981039346656037
    for name, value in sorted(labels.items()):
        for byte in name.encode() + b"\xff" + value.encode() + b"\xff":
            hashed = (hashed ^ byte) * 1099511628211 % 2**64
    return f"{hashed:016x}"


def short(at: datetime) -> str:
    """A time as the API of Alertmanager writes it: cut off after the milliseconds."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def exact(at: datetime) -> str:
    """A time as a webhook carries it."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}789Z"


@dataclass
class Instance:
    """One series of a rule, in the state that Grafana gives it."""

    rule: "Rule"
    series: dict[str, str]
    state: str = "Alerting"
    reason: str = ""
    since: datetime = BEGUN
    receiver: str = "Watcher"
    silenced: bool = False
    muted: bool = False
    shown: bool = True

    @property
    def labels(self) -> dict[str, str]:
        """All labels of the instance, the private ones as well."""
        return {
            "alertname": self.rule.name,
            "grafana_folder": self.rule.folder,
            "__alert_rule_uid__": self.rule.uid,
            "__alert_rule_namespace_uid__": "folder-1",
            **self.rule.labels,
            **self.series,
        }

    @property
    def alert_labels(self) -> dict[str, str]:
        """The labels of its alert: a stand-in for a rule that cannot be evaluated is renamed."""
        if twin := _TWINS.get(self.state):
            return {**self.labels, "alertname": twin, "rulename": self.rule.name}
        return self.labels

    @property
    def fires(self) -> bool:
        return self.shown and self.state in {"Alerting", "Recovering", *_TWINS}

    @property
    def _annotations(self) -> dict[str, str]:
        return {
            **self.rule.annotations,
            "__orgId__": str(self.rule.org),
            "__value_string__": "[ var='A' value=7 ]",
            "__values__": '{"A":7}',
        }

    def gettable(self) -> dict[str, Any]:
        """The alert as Grafana's Alertmanager shows it."""
        state = "suppressed" if self.silenced else "active"
        muted = {"mutedBy": ["nights"] if self.muted else []} if self.rule.version >= 12 else {}
        return {
            "annotations": self._annotations,
            "endsAt": short(self.since + timedelta(hours=1)),
            "fingerprint": fingerprint(self.alert_labels),
            "receivers": [{"name": self.receiver}],
            "startsAt": short(self.since),
            "status": {
                "inhibitedBy": [],
                "silencedBy": ["1-2-3"] if self.silenced else [],
                "state": state,
                **muted,
            },
            "updatedAt": short(self.since),
            "generatorURL": f"https://grafana.example.org/alerting/grafana/{self.rule.uid}/view",
            "labels": self.alert_labels,
        }

    def status(self, *, internal: bool) -> dict[str, Any]:
        """The instance as the API of rules shows it."""
        labels = self.labels
        if not internal:
            labels = {name: value for name, value in labels.items() if not name.startswith("__")}
        return {
            "labels": labels,
            "annotations": self.rule.annotations,
            "state": f"{self.state} ({self.reason})" if self.reason else self.state,
            "activeAt": self.since.isoformat(),
            "value": "7e+00",
        }

    def webhook(self, status: str = "firing", ended: datetime | None = None) -> dict[str, Any]:
        """The body that a contact point posts of this alert alone."""
        visible = {
            name: value for name, value in self.alert_labels.items() if not name.startswith("__")
        }
        alert = {
            "status": status,
            "labels": visible,
            "annotations": {
                name: text
                for name, text in self.rule.annotations.items()
                if not name.startswith("__")
            },
            "startsAt": exact(self.since),
            "endsAt": exact(ended) if ended else ZERO,
            "generatorURL": "https://grafana.example.org/alerting/grafana/"
            f"{self.rule.uid}/view?orgId={self.rule.org}",
            "fingerprint": fingerprint(self.alert_labels),
            "valueString": "[ var='A' value=7 ]",
            "values": {"A": 7},
            "orgId": self.rule.org,
        }
        return {"receiver": self.receiver, "status": status, "alerts": [alert], "version": "1"}


@dataclass
class Rule:
    """A rule of a Grafana of this version."""

    version: int
    uid: str
    name: str
    folder: str = "Billing"
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    health: str = "ok"
    paused: bool = False
    evaluated_at: datetime | None = None
    visible: bool = True
    org: int = 1
    instances: list[Instance] = field(default_factory=list)

    def fires(self, series: dict[str, str] | None = None, **given: Any) -> Instance:
        """A series of the rule begins to fire."""
        made = Instance(self, series or {"instance": "10.0.0.5:9100"}, **given)
        self.instances.append(made)
        return made

    def rests(self, instance: Instance, since: datetime, reason: str = "") -> None:
        """A series is evaluated to nothing special at this time."""
        index = self.instances.index(instance)
        self.instances[index] = replace(instance, state="Normal", reason=reason, since=since)
        self.evaluated_at = since

    def status(self, *, internal: bool) -> dict[str, Any]:
        """The rule as the API of rules shows it."""
        firing = any(one.state == "Alerting" for one in self.instances)
        newer = {
            "uid": self.uid,
            "folderUid": "folder-1",
            "isPaused": self.paused,
        }
        return {
            "state": "firing" if firing else "inactive",
            "name": self.name,
            "query": "up == 0",
            "annotations": self.annotations,
            "alerts": [one.status(internal=internal) for one in self.instances],
            "labels": self.labels,
            "health": self.health,
            "type": "alerting",
            "lastEvaluation": self.evaluated_at.isoformat() if self.evaluated_at else ZERO,
            "evaluationTime": 0.01,
            **(newer if self.version >= 11 else {}),
        }
