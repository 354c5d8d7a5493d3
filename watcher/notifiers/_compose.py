"""How a message is written: the facts of an incident, in few words, for a phone at night."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from watcher.decide.findings import summary
from watcher.decide.lifecycle import News
from watcher.kit.text import cut, listed, one_line, span
from watcher.model.alert import Alert, AlertStatus
from watcher.model.concern import OWN
from watcher.model.evidence import Evidence, Level
from watcher.model.incident import Incident
from watcher.model.problem import Problem
from watcher.notifiers._problem import OF_PROBLEMS, as_api, facts_of, subject_of
from watcher.notifiers.base import Message

# How much of a thing a message shows: hosts, diagnoses (out of the newest so many), characters.
_HOSTS = 8
_DIAGNOSES = 3
_LOOKED_AT = 20
_TITLE = 200
_SENTENCE = 300
_OWN = 3

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True)
class Briefing:
    """What is to be told: the news, and what is known of the incident now, to which `url` leads;
    and of its problem, with why the incident is one of it (`likeness`).
    """

    event: News
    incident: Incident
    alerts: tuple[Alert, ...]
    evidence: tuple[Evidence, ...]
    url: str
    now: datetime
    problem: Problem | None = None
    problem_url: str = ""
    likeness: tuple[str, ...] = ()


def compose(briefing: Briefing, key: str, thread: str) -> Message:
    """The message, written to be read on a phone at night; every part of it is of bounded size."""
    incident = briefing.incident
    if briefing.event in OF_PROBLEMS and briefing.problem is not None:
        return _of_problem(briefing, briefing.problem, key, thread)
    facts = _facts(briefing)
    news = briefing.event.replace("_", " ")
    return Message(
        key=key,
        thread=thread,
        at=briefing.now,
        event=briefing.event,
        subject=f"[{incident.priority}] {facts['headline']} ({news} #{incident.number})",
        text=_rendered(briefing.event, "txt", facts),
        html=_rendered(briefing.event, "html", facts),
        url=briefing.url,
        priority=incident.priority,
        incident=_as_api(briefing),
    )


def _of_problem(briefing: Briefing, problem: Problem, key: str, thread: str) -> Message:
    event, incident, url = briefing.event, briefing.incident, briefing.problem_url
    facts = facts_of(problem, event, incident, briefing.likeness, url)
    return Message(
        key=key,
        thread=thread,
        at=briefing.now,
        event=event,
        subject=subject_of(problem, event),
        text=_rendered(event, "txt", facts),
        html=_rendered(event, "html", facts),
        url=url,
        priority=incident.priority,
        incident=_as_api(briefing),
        problem=as_api(problem, url),
    )


def _rendered(event: News, form: str, facts: Mapping[str, object]) -> str:
    return _TEMPLATES.get_template(f"{event}.{form}").render(facts)


def _facts(briefing: Briefing) -> dict[str, object]:
    incident = briefing.incident
    over = incident.resolved_at or incident.closed_at
    return {
        "headline": _headline(incident),
        "number": incident.number,
        "priority": incident.priority,
        "customer": incident.customer,
        "service": incident.service,
        "opened": f"{incident.opened_at:%Y-%m-%d %H:%M} UTC",
        "lasted": span((over or briefing.now) - incident.opened_at),
        "over": f"{over:%Y-%m-%d %H:%M} UTC" if over else None,
        "acknowledged_by": incident.acknowledged_by,
        "hosts": cut(one_line(listed(incident.hosts, _HOSTS)), _SENTENCE),
        "terms": [
            f"{term.name} {term.value}: {cut(one_line(term.because), _SENTENCE)}"
            for term in incident.terms
        ],
        "alerts": incident.alerts,
        "firing": incident.firing,
        "suspect": _suspect(briefing),
        "own": _own(briefing.alerts),
        "diagnoses": [one_line(summary(each.diagnosis)) for each in _newest(briefing.evidence)],
        "merged_into": incident.merged_into,
        "problem": incident.problem,
        "remedy": _remedy(briefing.problem),
        "url": briefing.url,
    }


def _headline(incident: Incident) -> str:
    title = one_line(incident.title)
    if incident.service and incident.service not in title:
        title = f"{incident.service}: {title}"
    return cut(title, _TITLE)


def _suspect(briefing: Briefing) -> str | None:
    suspect = briefing.incident.suspect
    if suspect is None:
        return None
    name = next((each.name for each in briefing.alerts if each.key == suspect.key), suspect.key)
    named = " on ".join(filter(None, (name, suspect.host)))
    return cut(one_line(f"{named} ({suspect.reason.text})"), _SENTENCE)


def _own(alerts: tuple[Alert, ...]) -> list[str]:
    """What Watcher itself says is wrong, and who can mend it."""
    firing = [each for each in alerts if each.source == OWN and each.status is AlertStatus.FIRING]
    return [cut(one_line(each.summary), _SENTENCE) for each in firing[:_OWN] if each.summary]


def _remedy(problem: Problem | None) -> str:
    """What took the cause away, or what it was."""
    found = (problem.fix or problem.root_cause) if problem is not None else ""
    return cut(one_line(found), _SENTENCE)


def _newest(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """The last ones, newest first, those that found something bad before the others."""
    found = sorted(evidence[: -_LOOKED_AT - 1 : -1], key=_alarming, reverse=True)
    return tuple(found[:_DIAGNOSES])


def _alarming(evidence: Evidence) -> tuple[int, int]:
    said = [each.level for step in evidence.diagnosis.steps for each in step.highlights]
    return said.count(Level.BAD), said.count(Level.WARN)


def _as_api(briefing: Briefing) -> dict[str, object]:
    incident = briefing.incident
    return {
        "id": incident.number,
        "number": incident.number,
        "title": incident.title,
        "status": incident.status,
        "priority": incident.priority,
        "customer": incident.customer,
        "service": incident.service,
        "hosts": list(incident.hosts),
        "opened_at": _stamp(incident.opened_at),
        "acknowledged_at": _stamp(incident.acknowledged_at),
        "resolved_at": _stamp(incident.resolved_at),
        "alerts": incident.alerts,
        "evidence": len(briefing.evidence),
        "problem": incident.problem,
        "ticket": incident.ticket.key if incident.ticket else None,
        "ticket_url": (incident.ticket and incident.ticket.url) or None,
        "tracker": (incident.ticket and incident.ticket.system) or None,
        "url": briefing.url,
    }


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
