"""Prometheus' rules: what proves that an alert is over which Alertmanager no longer shows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from watcher.model.survey import Ending, Held
from watcher.monitors._alertmanager_api import ended, fingerprint_of, moment
from watcher.monitors._json_api import JsonApi, elements, members, strange, text, texts

RULES = "/api/v1/rules"
_WHY = "its rule in Prometheus is at rest"

Body = Callable[[Mapping[str, object]], bytes]


def endings(api: JsonApi, source: str, absent: Sequence[Held], body: Body) -> dict[str, Ending]:
    """The proofs for spans that do not fire, by occurrence. Raises ApiError.

    A rule that is not listed proves nothing: it may be another Prometheus' rule.
    """
    rules: dict[object, list[Mapping[str, object]]] = {}
    for rule in _rules(api):
        rules.setdefault(rule.get("name"), []).append(rule)
    found: dict[str, Ending] = {}
    for span in absent:
        fingerprint = fingerprint_of(span, source)
        alike = rules.get(span.labels.get("alertname"), [])
        at = _end(span, [rule for rule in alike if _is_of(rule, span)])
        if fingerprint and at:
            alert = ended(span, fingerprint, at)
            found[span.occurrence] = Ending(body(alert), _WHY, recorded=False)
    return found


def _rules(api: JsonApi) -> Iterator[Mapping[str, object]]:
    answer = members(api.get(RULES, [("type", "alert")]), RULES)
    if answer.get("status") != "success":
        raise strange(RULES, text(answer.get("error")) or "no success")
    for each in elements(members(answer.get("data"), RULES).get("groups"), RULES):
        for rule in elements(members(each, RULES).get("rules"), RULES):
            yield members(rule, RULES)


def _is_of(rule: Mapping[str, object], span: Held) -> bool:
    """Whether the span can have come of this rule, which has its name."""
    # Labels of a rule may be templates; each alert has its own in their place.
    fixed = {name: value for name, value in texts(rule.get("labels")).items() if "{{" not in value}
    return _agree(fixed, span.labels)


def _agree(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether no label has two values: Prometheus adds labels of its own to what it sends."""
    return all(other.get(name, value) == value for name, value in one.items())


def _end(span: Held, rules: Sequence[Mapping[str, object]]) -> datetime | None:
    """When all rules that the span can have come of were evaluated to nothing like it."""
    times = []
    for rule in rules:
        at = moment(rule.get("lastEvaluation"), RULES)
        alerts = (members(each, RULES) for each in elements(rule.get("alerts"), RULES))
        if rule.get("health") != "ok" or at <= span.started_at:
            return None
        if any(_agree(texts(alert.get("labels")), span.labels) for alert in alerts):
            return None
        times.append(at)
    return min(times, default=None)
