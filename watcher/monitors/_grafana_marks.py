"""Marks on Grafana's dashboards: when an incident began, and from when to when it lasted."""

from datetime import datetime

from watcher.model.action import Outcome, Verdict
from watcher.model.answer import Answer
from watcher.monitors._alertmanager_api import message
from watcher.monitors._grafana_rules import read_rules
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
    rules = read_rules(api, answer.spans)
    linked = (rules.of(span) for span in answer.spans)
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
    there = (members(each, ANNOTATIONS) for each in found)
    ours = [one for one in there if (one.get("panelId") or 0) == number]
    end = {"timeEnd": _milliseconds(answer.ended_at)} if answer.ended_at else {}
    if ours:
        change = {"text": message(answer), **end}
        api.call("PATCH", f"{ANNOTATIONS}/{ours[0].get('id')}", change, needs=_WRITE)
        return
    body = {
        "dashboardUID": dashboard,
        **({"panelId": number} if number else {}),
        "time": _milliseconds(min(span.started_at for span in answer.spans)),
        **end,
        "tags": tags,
        "text": message(answer),
    }
    api.call("POST", ANNOTATIONS, body, needs=_WRITE)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
