"""Drafts an article out of what is known of an incident or a problem; a template, and no more.

What nobody has found out is left as a heading, for a person to fill in.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from watcher.decide.findings import summary
from watcher.decide.lifecycle import MACHINE
from watcher.decide.template import template
from watcher.model.alert import Alert
from watcher.model.article import Language, Text, Topic
from watcher.model.evidence import Diagnosis, Highlight, Level
from watcher.model.incident import Entry, EntryKind, Incident
from watcher.model.problem import Problem

_MOST_ALERTS = 10
_MOST_CHECKS = 8
_MOST_NOTES = 10
_LONGEST_LINE = 200
_LONGEST_TEXT = 1000
# Within a word an underscore means nothing.
_SPECIAL = re.compile(r"([\\`*\[\]<>&]|(?<!\w)_|_(?!\w))")
# At the beginning of a line these would make a list or a heading of it.
_LEADING = re.compile(r"^(\d*)([-+=.)#])")
_TELLING = (Level.BAD, Level.WARN)

_HEADINGS: Mapping[Language, Mapping[str, str]] = {
    Language.ENGLISH: {
        "symptoms": "Symptoms",
        "checks": "Checks",
        "cause": "Cause",
        "workaround": "Workaround",
        "fix": "Fix",
        "more": "and {} more",
        "suspect": "Suspected by Watcher: {}",
        "on": "{} on {}",
        "runbook": "The runbook to use: {}",
    },
    Language.RUSSIAN: {
        "symptoms": "Симптомы",
        "checks": "Проверки",
        "cause": "Причина",
        "workaround": "Обходное решение",
        "fix": "Решение",
        "more": "и ещё {}",
        "suspect": "Watcher подозревает: {}",
        "on": "{} на {}",
        "runbook": "Ранбук: {}",
    },
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one incident: its alerts, what diagnoses found, and its timeline."""

    incident: Incident
    alerts: Sequence[Alert] = ()
    diagnoses: Sequence[Diagnosis] = ()
    timeline: Sequence[Entry] = ()


def of_incident(known: Known, language: Language) -> Text:
    """What to do when such an incident comes back; people's notes are where the fix is told."""
    words = _HEADINGS[language]
    sections = {
        "symptoms": _symptoms([known], words),
        "checks": _checks(known.diagnoses),
        "cause": _suspected(known, words),
        "fix": _items(map(_marked, _notes(known.timeline)), words, _MOST_NOTES),
    }
    return Text(_title(known.incident.title), _body(sections, words), topic_of([known]))


def of_problem(problem: Problem, incidents: Sequence[Known], language: Language) -> Text:
    """What is known of a problem, with what its newest incidents were like."""
    words = _HEADINGS[language]
    workaround = problem.workaround.strip()
    if problem.runbook:
        runbook = words["runbook"].format(_marked(problem.runbook))
        workaround = f"{workaround}\n\n{runbook}".strip()
    sections = {
        "symptoms": _symptoms(incidents, words),
        "checks": _checks([each for known in incidents for each in known.diagnoses]),
        "cause": problem.root_cause.strip(),
        "workaround": workaround,
        "fix": problem.fix.strip(),
    }
    topic = topic_of(incidents)
    return Text(_title(problem.title), _body(sections, words), topic)


def topic_of(incidents: Sequence[Known]) -> Topic:
    """What an article about these incidents is about."""
    services = {each.incident.service for each in incidents}
    names = (name_of(alert) for each in incidents for alert in each.alerts)
    found = (
        name for each in incidents for diagnosis in each.diagnoses for name, _ in told_by(diagnosis)
    )
    return Topic(
        service=services.pop() if len(services) == 1 else None,
        alerts=tuple(dict.fromkeys(names))[:_MOST_ALERTS],
        findings=tuple(dict.fromkeys(found))[:_MOST_ALERTS],
    )


def name_of(alert: Alert) -> str:
    """The name of an alert as it is on every host: without what is volatile and without that."""
    name = template(alert.name)
    if alert.host:
        host = rf"(?<![\w.-]){re.escape(alert.host)}(?![\w-])"
        name = re.sub(host, "<host>", name, flags=re.IGNORECASE)
    return _line(name)[:_LONGEST_LINE]


def told_by(diagnosis: Diagnosis) -> Iterator[tuple[str, Highlight]]:
    """What is wrong by a diagnosis, under the names of its signals, as `runbook/signal`."""
    for step in diagnosis.steps:
        for each in step.highlights:
            if each.level in _TELLING:
                yield f"{diagnosis.runbook}/{each.signal}", each


def _symptoms(incidents: Sequence[Known], words: Mapping[str, str]) -> str:
    seen: dict[str, str] = {}
    for known in incidents:
        for alert in known.alerts:
            name = _marked(name_of(alert))
            where = alert.host or alert.service
            line = words["on"].format(name, _marked(where)) if where else name
            if alert.summary and alert.summary != alert.name:
                line += f": {_marked(alert.summary)}"
            seen.setdefault(name, line)
    if not seen:
        seen = {each.incident.title: _marked(each.incident.title) for each in incidents}
    return _items(seen.values(), words, _MOST_ALERTS)


def _checks(diagnoses: Sequence[Diagnosis]) -> str:
    """The newest of each runbook."""
    newest = {each.runbook: each for each in sorted(diagnoses, key=lambda each: each.started_at)}
    return "\n".join(f"- {_marked(summary(each))}" for each in [*newest.values()][:_MOST_CHECKS])


def _suspected(known: Known, words: Mapping[str, str]) -> str:
    suspect = known.incident.suspect
    if suspect is None:
        return ""
    name = next((name_of(each) for each in known.alerts if each.key == suspect.key), "")
    where = " / ".join(filter(None, (name, suspect.host)))
    why = f" ({_marked(suspect.reason.text)})" if suspect.reason.text else ""
    return words["suspect"].format(_marked(where)) + why if where else ""


def _notes(timeline: Iterable[Entry]) -> Iterator[str]:
    """What people wrote down while they worked on it, and why they said that it was over."""
    for entry in timeline:
        if entry.actor == MACHINE:
            continue
        if entry.kind is EntryKind.NOTE:
            yield entry.text
        elif entry.kind in {EntryKind.RESOLVED, EntryKind.CLOSED}:
            yield entry.reason.text


def _items(lines: Iterable[str], words: Mapping[str, str], most: int) -> str:
    found = [*lines]
    items = [f"- {line}" for line in found[:most]]
    if len(found) > most:
        items.append(f"- {words['more'].format(len(found) - most)}")
    return "\n".join(items)


def _body(sections: Mapping[str, str], words: Mapping[str, str]) -> str:
    parts = (f"## {words[name]}\n\n{text}".strip() for name, text in sections.items())
    return "\n\n".join(parts) + "\n"


def _title(text: str) -> str:
    return _line(text)[:_LONGEST_LINE]


def _line(text: str) -> str:
    """A text on one line, without what nobody can read."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _marked(text: str) -> str:
    """A text of somebody else as one line of Markdown, in which nothing is markup."""
    escaped = _SPECIAL.sub(r"\\\1", _line(text)[:_LONGEST_TEXT])
    return _LEADING.sub(r"\1\\\2", escaped)
