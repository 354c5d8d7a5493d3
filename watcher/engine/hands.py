"""What each kind of action means: tell people of an incident, run a runbook on a host."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from watcher.decide.identify import resolve
from watcher.decide.lifecycle import News
from watcher.diagnostics.run import Direct, Job, diagnose
from watcher.kit.clock import Clock
from watcher.model.action import Action, Outcome, Verdict
from watcher.model.alert import Alert
from watcher.model.catalogue import Catalogue, Host, SshProfile
from watcher.model.evidence import Diagnosis
from watcher.model.incident import Incident
from watcher.model.runbook import Runbook
from watcher.notifiers import Briefing, Outlet, compose
from watcher.store.views import View

# Key exchange, login, opening a channel and the way out, beside the time to connect.
_SSH_SECONDS = 40.0
_UNKNOWN_HOST = "not in the inventory with an address and an SSH profile, never connected to"


@dataclass(frozen=True, slots=True)
class Result:
    """What one attempt brought: its outcome, and evidence where there is any."""

    outcome: Outcome
    diagnosis: Diagnosis | None = None


Errand = Callable[[], Result]


class Hand(Protocol):
    """Does one kind of action."""

    @property
    def longest(self) -> float:
        """Seconds after which an errand has come back for certain."""

    def label(self, action: Action) -> str:
        """What the timeline calls the action."""

    def prepare(self, action: Action, view: View) -> Errand:
        """Reads all that is needed; the errand then goes out without the store."""


@dataclass(frozen=True, slots=True)
class NotifyHand:
    """Tells people. `outlets` are the channels by name, `public_url` is where people find us."""

    outlets: Mapping[str, Outlet]
    clock: Clock
    public_url: str

    @property
    def longest(self) -> float:
        """The most patient of the channels."""
        return max((outlet.longest for outlet in self.outlets.values()), default=0.0)

    def label(self, action: Action) -> str:
        """Which news over which channel."""
        return f"message {action.payload['event']!r} to {action.payload['channel']}"

    def prepare(self, action: Action, view: View) -> Errand:
        """Writes the message from the incident as it is now."""
        channel = action.payload["channel"]
        outlet = self.outlets.get(channel)
        if outlet is None:
            return _gave_up(f"there is no channel {channel!r} any more")
        incident = view.incident(action.incident, action.customer)
        if incident is None:
            return _gave_up("the incident is not there any more")
        url = f"{self.public_url}/incidents/{incident.number}"
        briefing = Briefing(
            event=News(action.payload["event"]),
            incident=incident,
            alerts=tuple(alert for alert, _ in view.alerts_of(incident.number)),
            evidence=tuple(view.evidence_of(incident.number)),
            url=url,
            now=self.clock.now(),
        )
        message = compose(briefing, action.key, thread=f"{url} {channel}")
        return lambda: Result(outlet.send(message))


@dataclass(frozen=True, slots=True)
class DiagnoseHand:
    """Runs runbooks, on hosts of the inventory only; `secrets` are kept out of the evidence."""

    catalogue: Catalogue
    runbooks: Mapping[str, Runbook]
    clock: Clock
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def longest(self) -> float:
        """The longest runbook over the slowest connection."""
        runbook = max((each.timeout for each in self.runbooks.values()), default=0.0)
        profiles = self.catalogue.profiles.values()
        connect = max((each.connect_timeout for each in profiles), default=0.0)
        return runbook + 2 * connect + _SSH_SECONDS

    def label(self, action: Action) -> str:
        """Which runbook on which host."""
        return f"diagnosis {action.payload['runbook']} of {action.payload['host']}"

    def prepare(self, action: Action, view: View) -> Errand:
        """Looks up host, way in, runbook and the values that its steps may see."""
        runbook = self.runbooks.get(action.payload["runbook"])
        if runbook is None:
            return _gave_up(f"there is no runbook {action.payload['runbook']!r} any more")
        found = self._way_in(action)
        if found is None:
            return _without_call(Outcome(Verdict.DONE, _UNKNOWN_HOST))
        host, profile = found
        job = Job(runbook, host, profile, _values(action, view), self.secrets)
        return partial(self._run, job)

    def _way_in(self, action: Action) -> tuple[Host, SshProfile] | None:
        host = resolve(self.catalogue, action.customer, action.payload["host"])
        if host is None or host.address is None or host.ssh is None:
            return None
        profile = self.catalogue.profiles.get(host.ssh)
        return None if profile is None else (host, profile)

    def _run(self, job: Job) -> Result:
        (diagnosis,) = diagnose((job,), Direct(), self.clock)
        # Without a host key nobody let us in: that may change.
        if diagnosis.problem and not diagnosis.host_key:
            return Result(Outcome(Verdict.RETRY, diagnosis.problem), diagnosis)
        count = f"{len(diagnosis.steps)} steps in {diagnosis.seconds:.1f} s"
        return Result(Outcome(Verdict.DONE, diagnosis.problem or count), diagnosis)


def _values(action: Action, view: View) -> dict[str, str]:
    """The fields of the alert behind the action, and of its incident."""
    values: dict[str, str] = {}
    incident = _living(view, action)
    if incident is None:
        return values
    values = {
        "incident.number": str(incident.number),
        "incident.customer": incident.customer,
        "incident.service": incident.service or "",
    }
    wanted = action.payload.get("alert")
    for alert, _ in view.alerts_of(incident.number):
        if alert.key == wanted:
            values |= _alert_values(alert)
    return values


def _alert_values(alert: Alert) -> dict[str, str]:
    labels = {f"alert.labels.{name}": value for name, value in alert.labels.items()}
    return {
        **labels,
        "alert.key": alert.key,
        "alert.name": alert.name,
        "alert.source": alert.source,
        "alert.severity": alert.severity,
        "alert.host": alert.host or "",
        "alert.service": alert.service or "",
        "alert.summary": alert.summary,
    }


def _living(view: View, action: Action) -> Incident | None:
    """The action's incident, or the one that has taken it in meanwhile, with its alerts."""
    incident = view.incident(action.incident, action.customer)
    while incident is not None and incident.merged_into is not None:
        incident = view.incident(incident.merged_into, action.customer)
    return incident


def _without_call(outcome: Outcome) -> Errand:
    return lambda: Result(outcome)


def _gave_up(reason: str) -> Errand:
    return _without_call(Outcome(Verdict.GAVE_UP, reason))
