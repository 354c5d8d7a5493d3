"""Marks on Grafana's dashboards: when an incident began, and from when to when it lasted."""

from collections.abc import Iterable
from datetime import datetime

from watcher.model.action import Outcome, Verdict
from watcher.model.answer import Answer
from watcher.monitors._alertmanager_api import message
from watcher.monitors._grafana_rules import read_rules, rule_of, uid_of
from watcher.monitors._json_api import PATIENCE, JsonApi, elements, members

ANNOTATIONS = "/api/annotations"
_WRITE = "annotations:create (role Editor)"

Panel = tuple[str, int]
"""The uid of a dashboard and the number of a panel on it, 0 for the whole of it."""


def annotate(api: JsonApi, answer: Answer) -> Outcome:
    """One mark for the incident on every panel that its alerts come from, a region once it is
    over. What is there is lengthened rather than repeated. Raises ApiError.
    """
    panels = _panels(api, answer)
    if not panels:
        return Outcome(Verdict.DONE, "no rule of these alerts is linked to a dashboard")
    begun = api.clock.monotonic()
    for done, panel in enumerate(panels):
        if api.clock.monotonic() - begun > PATIENCE:
            return Outcome(Verdict.RETRY, f"{done} of {len(panels)} panels are marked")
        _mark(api, answer, panel)
    return Outcome(Verdict.DONE, f"{len(panels)} panels are marked")


def _panels(api: JsonApi, answer: Answer) -> list[Panel]:
    uids = {uid_of(span) for span in answer.spans}
    rules = read_rules(api, set() if "" in uids else uids)
    linked = (rule_of(span, rules) for span in answer.spans)
    return sorted(
        {
            (dashboard, _number(rule.annotations.get("__panelId__", "")))
            for rule in linked
            if rule and (dashboard := rule.annotations.get("__dashboardUid__"))
        }
    )


def _number(digits: str) -> int:
    return int(digits) if digits.isascii() and digits.isdecimal() else 0


def _mark(api: JsonApi, answer: Answer, panel: Panel) -> None:
    dashboard, number = panel
    tags = ["watcher", f"incident:{answer.incident}"]
    query = [("dashboardUID", dashboard), *(("tags", tag) for tag in tags)]
    found = elements(api.get(ANNOTATIONS, query, needs="annotations:read"), ANNOTATIONS)
    ours = [one for one in (members(each, ANNOTATIONS) for each in found) if _on(one, number)]
    end = {"timeEnd": _milliseconds(answer.ended_at)} if answer.ended_at else {}
    if ours:
        change = {"text": message(answer), **end}
        api.call("PATCH", f"{ANNOTATIONS}/{ours[0].get('id')}", change, needs=_WRITE)
        return
    body = {
        "dashboardUID": dashboard,
        **({"panelId": number} if number else {}),
        "time": _milliseconds(_first(span.started_at for span in answer.spans)),
        **end,
        "tags": tags,
        "text": message(answer),
    }
    api.call("POST", ANNOTATIONS, body, needs=_WRITE)


def _on(annotation: object, panel: int) -> bool:
    return isinstance(annotation, dict) and (annotation.get("panelId") or 0) == panel


def _first(times: Iterable[datetime]) -> datetime:
    return min(times)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
