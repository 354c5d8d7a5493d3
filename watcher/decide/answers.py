"""What monitoring systems are told: of what people decide, and when incidents begin and end."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from watcher.decide.lifecycle import Moment, RefusedError, Step, note
from watcher.decide.priority import Scale, basis
from watcher.decide.recount import Member
from watcher.model.action import ActionKind, Intent
from watcher.model.answer import Verb
from watcher.model.change import replace
from watcher.model.event import Severity
from watcher.model.incident import Incident, Priority
from watcher.model.survey import Held

Listeners = Mapping[str, Collection[Verb]]
"""The sources whose monitoring systems are told something, each with what it is told."""

MOST = 500
"""About so many spans one action is; for more there is another."""

SEVERITIES: Mapping[Priority, Severity] = {
    Priority.P1: Severity.DISASTER,
    Priority.P2: Severity.HIGH,
    Priority.P3: Severity.AVERAGE,
    Priority.P4: Severity.WARNING,
    Priority.P5: Severity.INFORMATION,
}
"""What a priority that a person sets is called where severities are."""


LONGEST = timedelta(days=366)
"""A silence that is to last longer is a mistake."""

_WORDS: Mapping[Verb, str] = {
    Verb.ACKNOWLEDGE: "tell {source} that {by} is on it",
    Verb.COMMENT: "tell {source} what {by} wrote",
    Verb.SEVERITY: "change the severity in {source} to {severity} for {by}",
    Verb.CLOSE: "close it in {source} for {by}",
    Verb.SILENCE: "silence it in {source} for {by}",
    Verb.ANNOTATE: "mark it on the dashboards of {source}",
}


@dataclass(frozen=True, slots=True)
class Saying:
    """What is told: `text` in the words of the person. `severity` and `until` go with their verbs,
    `ended_at` is when what is annotated was over.
    """

    verb: Verb
    text: str = ""
    severity: Severity | None = None
    until: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spans:
    """The spans that one action is about, and what `follows` them where that is not all."""

    held: tuple[Held, ...]
    follows: str = ""


def hearing(sources: Iterable[str], listeners: Listeners, verb: Verb) -> tuple[str, ...]:
    """Those of the sources that are told such things."""
    return tuple(each for each in sources if verb in listeners.get(each, ()))


def told(
    incident: Incident, saying: Saying, sources: Iterable[str], by: str, now: datetime
) -> Iterator[Intent]:
    """One action for each source; it finds its spans when it is carried out."""
    times = {name: getattr(saying, name) for name in ("until", "ended_at")}
    payload = {
        "verb": saying.verb.value,
        "by": by,
        "text": saying.text,
        "severity": saying.severity or "",
        **{name: time.isoformat() if time else "" for name, time in times.items()},
    }
    said = {name: value for name, value in payload.items() if value}
    for source in sources:
        yield Intent(
            incident=incident.number,
            customer=incident.customer,
            kind=ActionKind.ANSWER,
            lane=f"answer/{source}",
            key=f"{incident.number}/answer/{source}/{saying.verb}/{now.isoformat()}",
            payload={"source": source, **said},
        )


def described(payload: Mapping[str, str]) -> str:
    """What an action does, in words."""
    return _WORDS[Verb(payload["verb"])].format_map(payload)


def saying_of(payload: Mapping[str, str]) -> Saying:
    """What an action tells."""
    severity, until = payload.get("severity"), payload.get("until")
    ended_at = payload.get("ended_at")
    return Saying(
        Verb(payload["verb"]),
        payload.get("text", ""),
        Severity(severity) if severity else None,
        datetime.fromisoformat(until) if until else None,
        datetime.fromisoformat(ended_at) if ended_at else None,
    )


def spans(members: Iterable[Member], source: str, saying: Saying, after: str, most: int) -> Spans:
    """Those spans of the source that a saying is about, in a lasting order, behind `after`."""
    found = {
        f"{alert.key} {span.occurrence}": Held(
            key=alert.key,
            occurrence=span.occurrence,
            name=alert.name,
            started_at=span.started_at or span.heard_at,
            host=alert.host,
            labels=alert.labels,
            url=alert.url,
        )
        for alert, span in members
        if alert.source == source
        and (span.ended_at is None or saying.ended_at is not None)
        and (saying.severity is None or span.severity is not saying.severity)
    }
    names = sorted(name for name in found if name > after)
    here = names[:most]
    return Spans(tuple(found[name] for name in here), here[-1] if len(names) > most else "")


def overtaken(incident: Incident, saying: Saying, now: datetime) -> str:
    """Why a saying does not hold any more, "" where it does: others were faster than the peer."""
    if saying.verb is Verb.CLOSE and incident.living:
        return "the incident was reopened meanwhile"
    if saying.until is not None and saying.until <= now:
        return "that time is over by now"
    return ""


def own(incident: Incident, severity: Severity, scale: Scale, now: datetime) -> Incident:
    """The incident whose priority, set by hand, is told as that severity: when it comes back as
    news, it neither outdoes the person nor wakes anybody.
    """
    judgement = incident.judgement
    if judgement is None:
        return incident
    stakes = (replace(each, severity=_worse(each.severity, severity)) for each in incident.stakes)
    raised = replace(incident, severity=_worse(incident.severity, severity), stakes=tuple(stakes))
    facts = min(judgement.basis, basis(scale, raised, now))
    return replace(incident, judgement=replace(judgement, basis=facts, told=severity))


def silenced(incident: Incident, until: datetime, sources: Collection[str], moment: Moment) -> Step:
    """Its alerts are to be silent where they come from, which changes nothing here. Raises
    RefusedError where that cannot be.
    """
    if until <= moment.now:
        raise RefusedError("a silence ends later than now")
    if until - moment.now > LONGEST:
        raise RefusedError(f"a silence lasts {LONGEST.days} days at most")
    if not sources:
        raise RefusedError(
            "none of its alerts that fire comes from a monitoring system that Watcher can silence"
        )
    where = " and ".join(sources)
    time = f"{until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    text = f"{moment.actor} wants {where} to be silent until {time}; Watcher itself goes on"
    return note(incident, text, moment)


def _worse(one: Severity, other: Severity) -> Severity:
    return max(one, other, key=lambda each: each.rank)
