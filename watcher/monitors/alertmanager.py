"""Alertmanager: what fires now, and silences as answers.

It forgets an alert when that is over, and all of them when it is restarted: what it does not show
proves nothing. Only the rules of the Prometheus behind it can prove an end.
"""

from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from watcher.kit.clock import Clock
from watcher.kit.http import RefusedError, peer_of
from watcher.model.action import Outcome, Verdict
from watcher.model.answer import Answer, Verb
from watcher.model.survey import Ending, Held, Survey
from watcher.monitors._alertmanager_api import (
    Silencer,
    firing,
    matchers,
    moment,
    without_ours,
)
from watcher.monitors._json_api import (
    PATIENCE,
    SLOWEST,
    ApiError,
    JsonApi,
    elements,
    members,
)
from watcher.monitors._prometheus_rules import endings
from watcher.monitors.base import Access, MonitorError, Trouble

OPEN = True

_SETTLED = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Options:
    """`receiver` posts to Watcher: what does not go to it is not taken in, unless it is empty.

    With `user`, the token is that user's password. `prometheus_url` is where the rules are
    evaluated whose alerts come here.
    """

    receiver: str = "watcher"
    user: str = ""
    prometheus_url: str = ""


VERBS = frozenset({Verb.SILENCE})


def options(given: Mapping[str, object]) -> Options:
    """The options of a monitor. Raises ValueError with what is wrong."""
    known = ("receiver", "user", "prometheus_url")
    if unknown := sorted(set(given) - set(known)):
        raise ValueError(f"unknown option {', '.join(unknown)}; there are: {', '.join(known)}")
    if odd := [name for name, value in given.items() if not isinstance(value, str)]:
        raise ValueError(f"{odd[0]} must be a text")
    chosen = Options(**{name: str(value) for name, value in given.items()})
    if chosen.prometheus_url:
        try:
            peer_of(chosen.prometheus_url)
        except RefusedError as error:
            raise ValueError(f"prometheus_url: {error}") from None
    return chosen


def monitor(access: Access, clock: Clock) -> "Alertmanager":
    """The Alertmanager behind a source."""
    return Alertmanager(access, clock)


class Alertmanager:
    """One Alertmanager, or any one of a cluster."""

    verbs: Collection[Verb] = VERBS
    longest = PATIENCE + 2 * SLOWEST

    def __init__(self, access: Access, clock: Clock) -> None:
        self._source = access.source
        self._options = access.options if isinstance(access.options, Options) else Options()
        token = access.token.reveal()
        user = self._options.user
        proof = f"Basic {b64encode(f'{user}:{token}'.encode()).decode()}" if user else ""
        bearer = f"Bearer {token}" if token else ""
        self._api = JsonApi(access.url, proof or bearer, access.ca_file, clock)
        prometheus = self._options.prometheus_url.rstrip("/")
        self._rules = JsonApi(prometheus, proof or bearer, access.ca_file, clock)

    def survey(self, held: Sequence[Held], cursor: str, now: datetime) -> Survey:
        """What fires now. Raises MonitorError where that cannot be read, or nothing of it can be
        meant for us.
        """
        _ = cursor
        self._check_receiver()
        problem = self._unsettled(now)
        known = {span.key for span in held}
        alerts = firing(self._api, "/api/v2/alerts")
        ours = [
            alert
            for alert in alerts
            if self._goes_to_us(alert.receivers) or alert.key(self._source) in known
        ]
        there = {alert.key(self._source) for alert in alerts}
        absent = [span for span in held if span.key not in there]
        proofs: Mapping[str, Ending] = {}
        if absent and self._options.prometheus_url and not problem:
            try:
                proofs = endings(self._rules, self._source, absent, self._body)
            except ApiError as error:
                problem = str(error)
        return Survey(
            bodies=tuple(self._body(alert.posted()) for alert in ours),
            open=frozenset(alert.occurrence for alert in ours),
            cursor="",
            suppressed=frozenset(alert.occurrence for alert in ours if alert.held_back),
            endings=proofs,
            complete=not problem,
            problem=problem,
        )

    def _check_receiver(self) -> None:
        wanted = self._options.receiver
        found = elements(self._api.get("/api/v2/receivers"), "/api/v2/receivers")
        names = {members(each, "/api/v2/receivers").get("name") for each in found}
        if wanted and wanted not in names:
            raise MonitorError(
                f"Alertmanager has no receiver {wanted!r}; `monitor.options.receiver` names the "
                "one that posts to Watcher",
                Trouble.STRANGE,
            )

    def _unsettled(self, now: datetime) -> str:
        """Why alerts may be missing that fire: those who send them repeat them in minutes only."""
        status = members(self._api.get("/api/v2/status"), "/api/v2/status")
        started_at = moment(status.get("uptime"), "/api/v2/status")
        if now - started_at < _SETTLED:
            return "Alertmanager has just started and does not know of all alerts yet"
        return ""

    def _goes_to_us(self, receivers: Collection[str]) -> bool:
        return not self._options.receiver or self._options.receiver in receivers

    def _body(self, alert: Mapping[str, object]) -> bytes:
        """What the receiver would have posted about this one alert."""
        group = {
            "receiver": self._options.receiver,
            "status": alert["status"],
            "alerts": [alert],
            "groupLabels": {},
            "commonLabels": alert["labels"],
            "commonAnnotations": alert["annotations"],
            "externalURL": self._api.url,
            "version": "4",
            "groupKey": "",
            "truncatedAlerts": 0,
        }
        return orjson.dumps(group, option=orjson.OPT_UTC_Z)

    def answer(self, answer: Answer) -> Outcome:
        """Silences the alerts, each by all its labels."""
        if answer.verb is not Verb.SILENCE:
            return Outcome(Verdict.GAVE_UP, f"Alertmanager has no way to {answer.verb} an alert")
        try:
            wanted = [matchers(without_ours(span.labels)) for span in answer.spans]
            return Silencer(self._api, "/api/v2/silences").silence(answer, wanted)
        except ApiError as error:
            return error.outcome
