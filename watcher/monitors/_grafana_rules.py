"""Grafana's rules and their instances: what proves that an alert is over where it is not listed."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from watcher.model.survey import Held
from watcher.monitors._alertmanager_api import moment, public, without_ours
from watcher.monitors._json_api import JsonApi, elements, members, strange, text, texts

RULES = "/api/prometheus/grafana/api/v1/rules"
READ_RULES = "alert.rules:read"
UID = "__alert_rule_uid__"

_GROUPS_A_PAGE = 500
_MOST_PAGES = 100
_MOST_NAMED = 50
_COMPARED = 1000

# What Grafana puts in place of a rule that cannot be evaluated: its alert's name, and the state of
# the instance behind it.
_TWINS = {"DatasourceNoData": "NoData", "DatasourceError": "Error"}
_OF_TWINS = ("datasource_uid", "ref_id", "rulename")
_FIRING = ("Alerting", "Recovering")
_VIEW = re.compile(r"/alerting/(?:grafana/)?([\w-]+)/(?:view|edit)")


@dataclass(frozen=True, slots=True)
class Instance:
    """One series of a rule; `since` is when it took on its state."""

    labels: Mapping[str, str]
    state: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as its last evaluation left it; `evaluated_at` is None before the first one."""

    uids: frozenset[str]
    name: str
    folder: str
    healthy: bool
    paused: bool
    evaluated_at: datetime | None
    annotations: Mapping[str, str]
    instances: tuple[Instance, ...]


def uid_of(span: Held) -> str:
    """The uid of the rule behind a span, "" where it is not known. Its link is Grafana's own, while
    an alert may have any label.
    """
    found = _VIEW.search(span.url)
    return found[1] if found else span.labels.get("rule_uid", "")


class Rules:
    """The rules that were read, found by the spans that come of them."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_uid: dict[str, Rule] = {}
        self._by_name: dict[str, list[Rule]] = {}
        for rule in rules:
            self._by_uid |= dict.fromkeys(rule.uids, rule)
            if not rule.uids:
                self._by_name.setdefault(rule.name, []).append(rule)

    def of(self, span: Held) -> Rule | None:
        """The rule behind the span; one that tells no uid is known by its name and folder."""
        if rule := self._by_uid.get(uid_of(span)):
            return rule
        labels, folder = span.labels, _folder_of(span)
        alike = self._by_name.get(labels.get("rulename") or labels.get("alertname", ""), [])
        return next((rule for rule in alike if folder in {None, _folder(rule.folder)}), None)


def _folder(path: str) -> str:
    """The folder itself: some versions name its parents as well."""
    return path.rpartition("/")[2]


def _folder_of(span: Held) -> str | None:
    path = span.labels.get("grafana_folder")
    return None if path is None else _folder(path)


def read_rules(api: JsonApi, spans: Sequence[Held]) -> Rules:
    """The rules behind these spans; Grafana before 12 gives all there are. Raises ApiError."""
    uids = {uid_of(span) for span in spans}
    named = sorted(uids) if "" not in uids and len(uids) <= _MOST_NAMED else []
    query = [
        ("includeInternalLabels", "true"),
        ("group_limit", str(_GROUPS_A_PAGE)),
        *(("rule_uid", uid) for uid in named),
    ]
    found: list[Rule] = []
    token = ""
    for _ in range(_MOST_PAGES):
        more = [("group_next_token", token)] if token else []
        data = _data(api.get(RULES, [*query, *more], needs=READ_RULES))
        found.extend(_rules(data))
        token = text(data.get("groupNextToken"))
        if not token:
            return Rules(found)
    raise strange(RULES, "its pages have no end")


def _data(answer: object) -> Mapping[str, object]:
    root = members(answer, RULES)
    if root.get("status") != "success":
        raise strange(RULES, text(root.get("error")) or "no success")
    return members(root.get("data"), RULES)


def _rules(data: Mapping[str, object]) -> Iterator[Rule]:
    for each in elements(data.get("groups"), RULES):
        group = members(each, RULES)
        for value in elements(group.get("rules"), RULES):
            rule = members(value, RULES)
            if rule.get("type") != "recording":
                yield _rule(rule, text(group.get("file")))


def _rule(rule: Mapping[str, object], folder: str) -> Rule:
    instances = tuple(_instance(members(one, RULES)) for one in elements(rule.get("alerts"), RULES))
    # Rules have said their own uid since Grafana 11; until then their instances do.
    uids = {text(rule.get("uid")), *(one.labels.get(UID, "") for one in instances)}
    return Rule(
        frozenset(uids - {""}),
        text(rule.get("name")),
        folder,
        rule.get("health") == "ok",
        rule.get("isPaused") is True,
        _moment(rule.get("lastEvaluation")),
        texts(rule.get("annotations")),
        instances,
    )


def _instance(value: Mapping[str, object]) -> Instance:
    # "Normal (MissingSeries)": the reason stands behind the state.
    state = text(value.get("state")).partition(" ")[0]
    return Instance(texts(value.get("labels")), state, _moment(value.get("activeAt")))


def _moment(value: object) -> datetime | None:
    """A time, None where Go's zero time stands for none."""
    if value is None:
        return None
    read = moment(value, RULES)
    return None if read.year == 1 else read


def is_judged(rule: Rule, span: Held) -> bool:
    """Whether the rule was evaluated without a fault since the span began, so that silence says
    something.
    """
    at = rule.evaluated_at
    return rule.healthy and not rule.paused and at is not None and at > span.started_at


def end_of(rule: Rule, span: Held) -> datetime | None:
    """When the span was over by a rule that is judged; None while an instance of it still fires."""
    labels = span.labels
    twin = _TWINS.get(labels.get("alertname", "")) if "datasource_uid" in labels else None
    firing = (twin,) if twin else _FIRING
    own = [one for one in rule.instances if _visible(one.labels) == _series(labels, twin)]
    if any(one.state in firing for one in own):
        return None
    ends = [one.since for one in own if one.since and one.since > span.started_at]
    return min(ends, default=rule.evaluated_at)


def _series(labels: Mapping[str, str], twin: str | None) -> dict[str, str]:
    """The labels that make a series of the rule, without what a stand-in changes."""
    if twin:
        labels = {**labels, "alertname": labels.get("rulename", "")}
    return _visible(labels)


def _visible(labels: Mapping[str, str]) -> dict[str, str]:
    """The public labels as far as they are compared: long values are cut on their way to us."""
    own = without_ours(public(labels))
    return {name: value[:_COMPARED] for name, value in own.items() if name not in _OF_TWINS}
