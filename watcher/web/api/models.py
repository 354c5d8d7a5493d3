"""What the API answers and takes, with the names that programs rely on."""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from typing import Annotated, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from watcher.decide.flapping import Spell
from watcher.engine.recurring import Standing
from watcher.model.action import ActionKind, ActionStatus
from watcher.model.alert import Alert, AlertStatus, Occurrence
from watcher.model.delivery import DeliveryStatus, DeliveryView
from watcher.model.event import Severity
from watcher.model.incident import EntryKind, Incident, Priority, Status, Ticket
from watcher.web.api.findings import EvidenceItem
from watcher.web.api.promises import PromiseItem
from watcher.web.api.suspects import ChangeBefore, Reason
from watcher.web.whole import Whole

ItemT = TypeVar("ItemT")

# No database stores a NUL in a text, and a line has no control characters.
Line = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x1f]*[^\x00-\x20][^\x00-\x1f]*$", max_length=200)
]
Prose = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=10_000)]
Words = Annotated[
    str, StringConstraints(pattern=r"^[^\x00]*[^\x00-\x20][^\x00]*$", max_length=10_000)
]


class _Read(BaseModel):
    """Read off a noun, attribute by attribute."""

    model_config = ConfigDict(from_attributes=True)


class NewIncident(BaseModel):
    """What a person knows who opens an incident by hand."""

    model_config = ConfigDict(extra="forbid")

    title: Line
    customer: Line
    service: Line | None = None
    host: Line | None = None
    severity: Severity = Severity.AVERAGE
    text: Prose = ""


class Because(BaseModel):
    """Why something is done; goes onto the timeline."""

    model_config = ConfigDict(extra="forbid")

    text: Prose = ""


class NewNote(BaseModel):
    """A line for the timeline."""

    model_config = ConfigDict(extra="forbid")

    text: Words


class NewPriority(BaseModel):
    """The priority that a person sets, or null to leave it to the rules again, and why."""

    model_config = ConfigDict(extra="forbid")

    priority: Priority | None
    text: Words


class Error(BaseModel):
    """What went wrong, in words."""

    error: str


class Listing(BaseModel, Generic[ItemT]):
    """One page of a list. `next` is the cursor of the following page, null on the last one."""

    items: list[ItemT]
    next: str | None
    total: int | None = Field(default=None, description="With total=true only; up to 10,000")
    total_exact: bool | None = Field(
        default=None, description="With total=true only: false means that there are more"
    )


class IncidentItem(_Read):
    """An incident as it is listed; `alerts` and `evidence` count."""

    id: int
    number: int
    title: str
    status: Status
    priority: Priority
    customer: str
    service: str | None
    hosts: list[str]
    opened_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    alerts: int
    evidence: int
    problem: int | None
    ticket: str | None
    ticket_url: str | None
    tracker: str | None
    url: str

    @classmethod
    def of(cls, incident: Incident, evidence: int, public_url: str) -> Self:
        """The incident as it is listed."""
        return cls.model_validate(_listed(incident, public_url) | {"evidence": evidence})


class Flapping(_Read):
    """A condition that keeps coming back: `times` counts its spans since then, at most the last 9.

    `hold` is for how many seconds its next recovery is held, `usual` how long it usually is away;
    where a rule says how long, that is 0.
    """

    times: int
    since: datetime
    hold: float
    usual: float

    @classmethod
    def of(cls, spell: Spell | None) -> Self | None:
        """The spell in plain numbers."""
        if spell is None:
            return None
        hold = spell.hold
        return cls(
            times=spell.times,
            since=spell.since,
            hold=hold.length.total_seconds(),
            usual=hold.usual.total_seconds(),
        )


class Withheld(_Read):
    """Why an alert opened no incident yet, and when that is decided again at the latest."""

    by: str
    reason: Reason
    since: datetime
    until: datetime


class AlertItem(_Read):
    """The state of one monitored condition; `count` is how often it occurred. `withheld` says why
    it opened no incident, and `suppressed` that it was not only to see whether it lasts.
    """

    key: str
    occurrence: str
    status: AlertStatus
    suppressed: bool
    withheld: Withheld | None
    severity: Severity
    name: str
    host: str | None
    service: str | None
    labels: dict[str, str]
    first_at: datetime
    last_at: datetime
    count: int
    incident: int | None
    flapping: Flapping | None

    @classmethod
    def listed(cls, alert: Alert, spell: Spell | None) -> Self:
        """The alert as it is listed."""
        return cls.model_validate(_alert(alert, spell))


def _alert(alert: Alert, spell: Spell | None) -> dict[str, object]:
    named = {name: getattr(alert, name) for name in AlertItem.model_fields if name != "flapping"}
    return named | {"flapping": Flapping.of(spell)}


class DeliveryItem(_Read):
    """A webhook request as received, or what Watcher found by asking (`origin`: "" for a request,
    "reconciled" or "history"); `reason` says why it is dead or held no event.
    """

    id: str
    source: str
    received_at: datetime
    status: DeliveryStatus
    reason: str
    size: int
    origin: str

    @classmethod
    def of(cls, delivery: DeliveryView) -> Self:
        """The delivery as it is listed; its number is too large for some readers of JSON."""
        named = {name: getattr(delivery, name) for name in cls.model_fields}
        return cls.model_validate(named | {"id": str(delivery.id)})


class ActionItem(_Read):
    """Something to be done outside: `payload` says what exactly, `reason` what came of the last
    attempt. What is `held` waits until `next_at` for a person with the `role` that it names.
    """

    id: int
    kind: ActionKind
    incident: int
    status: ActionStatus
    attempts: int
    next_at: datetime
    reason: str
    payload: dict[str, str]


class Term(_Read):
    """One term of a priority and what made it so."""

    name: str
    value: str
    because: str


class Suspect(_Read):
    """What is held to be the cause; `key` is empty where it has no alert of its own."""

    key: str
    host: str | None
    started_at: datetime
    reason: Reason


class Recurrence(_Read):
    """What an incident is by those of before: one `of` a `problem`, in its `place` among those of
    it; `perhaps` of one; `seen` before, without a problem; or `new`.
    """

    standing: Standing
    text: str
    reason: Reason
    problem: int | None
    place: int | None


class TimelineEntry(_Read):
    """One line of a timeline."""

    at: datetime
    kind: EntryKind
    text: str
    reason: Reason
    actor: str


class Member(AlertItem):
    """An alert of an incident; `joined_at` and `reason` tell how it became part of it, and `times`
    how many of its spans did.
    """

    joined_at: datetime | None
    reason: Reason | None
    times: int

    @classmethod
    def of(cls, alert: Alert, occurrence: Occurrence, times: int, spell: Spell | None) -> Self:
        """The alert as far as it belongs to the incident: that span of it, not its present."""
        ended_at = occurrence.ended_at
        last_at = ended_at or occurrence.heard_at
        span = {
            "occurrence": occurrence.occurrence,
            "status": AlertStatus.RESOLVED if ended_at else AlertStatus.FIRING,
            "severity": occurrence.severity,
            "first_at": occurrence.started_at or last_at,
            "last_at": last_at,
            "incident": occurrence.incident,
            "joined_at": occurrence.joined_at,
            "reason": occurrence.reason,
            "times": times,
        }
        return cls.model_validate(_alert(alert, spell) | span)


class IncidentDetail(_Read):
    """An incident with all that belongs to it."""

    id: int
    number: int
    title: str
    status: Status
    priority: Priority
    terms: list[Term]
    severity: Severity
    customer: str
    service: str | None
    hosts: list[str]
    suspect: Suspect | None
    opened_at: datetime
    opened_by: str
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    closed_at: datetime | None
    merged_into: int | None
    firing: int
    problem: int | None
    recurrence: Recurrence | None
    ticket: str | None
    ticket_url: str | None
    tracker: str | None
    url: str
    alerts: list[Member]
    evidence: list[EvidenceItem]
    timeline: list[TimelineEntry]
    actions: list[ActionItem]
    changes: list[ChangeBefore]
    promises: list[PromiseItem]

    @classmethod
    def of(
        cls,
        whole: Whole,
        changes: list[ChangeBefore],
        promises: list[PromiseItem],
        public_url: str,
        spell: Callable[[Alert], Spell | None],
    ) -> Self:
        """The incident with all that belongs to it, the changes before it, and what was promised of
        it; `spell` tells how an alert flaps.
        """
        members = [
            Member.of(alert, occurrence, whole.times[alert.key], spell(alert))
            for alert, occurrence in whole.alerts
        ]
        parts = {
            "alerts": members,
            "evidence": [EvidenceItem.of(each) for each in whole.evidence],
            "timeline": whole.timeline,
            "recurrence": whole.recurring,
            "actions": whole.actions,
            "changes": changes,
            "promises": promises,
        }
        return cls.model_validate(_listed(whole.incident, public_url) | parts)


def _listed(incident: Incident, public_url: str) -> dict[str, object]:
    """What an incident says of itself, under the names of the API."""
    named = {each.name: getattr(incident, each.name) for each in fields(incident)}
    ticket = incident.ticket or Ticket("", "")
    return named | {
        "id": incident.number,
        "url": f"{public_url}/incidents/{incident.number}",
        "ticket": ticket.key or None,
        "ticket_url": ticket.url or None,
        "tracker": ticket.system or None,
    }
