"""Grafana 9 to 13: what fires by its own Alertmanager, what is at rest by its rules, and silences
and annotations as answers.

There is no way to acknowledge, comment, weigh or close an alert of Grafana: it has none.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from watcher.kit.clock import Clock
from watcher.model.action import Outcome, Verdict
from watcher.model.answer import Answer, Verb
from watcher.model.survey import Ending, Held, Survey
from watcher.monitors._alertmanager_api import Firing, Silencer, firing, matchers, without_ours
from watcher.monitors._grafana_endings import endings
from watcher.monitors._grafana_marks import annotate
from watcher.monitors._grafana_organisation import check_own, number_in, organisation
from watcher.monitors._grafana_rules import UID, uid_of
from watcher.monitors._json_api import PATIENCE, SLOWEST, ApiError, JsonApi
from watcher.monitors.base import Access

ALERTS = "/api/alertmanager/grafana/api/v2/alerts"
SILENCES = "/api/alertmanager/grafana/api/v2/silences"
READ_ALERTS = "alert.instances:read"
_WRITE_SILENCES = "alert.instances:create (role Editor)"


@dataclass(frozen=True, slots=True)
class Options:
    """`receiver` is the contact point that posts to Watcher: what does not go to it is not taken
    in. The empty text stands for all alerts.
    """

    receiver: str = "Watcher"


VERBS = frozenset({Verb.SILENCE, Verb.ANNOTATE})


def options(given: Mapping[str, object]) -> Options:
    """The options of a monitor. Raises ValueError with what is wrong."""
    unknown = sorted(set(given) - {"receiver"})
    if unknown:
        raise ValueError(f"unknown option {', '.join(unknown)}; there are: receiver")
    match given.get("receiver", "Watcher"):
        case str(receiver):
            return Options(receiver)
    raise ValueError("receiver must be the name of a contact point")


def monitor(access: Access, clock: Clock) -> "Grafana":
    """The Grafana behind a source."""
    return Grafana(access, clock)


class Grafana:
    """One organisation of one Grafana, as a service account sees it."""

    verbs: Collection[Verb] = VERBS
    longest = PATIENCE + 3 * SLOWEST

    def __init__(self, access: Access, clock: Clock) -> None:
        chosen = access.options
        self._source = access.source
        self._receiver = chosen.receiver if isinstance(chosen, Options) else Options().receiver
        self._api = JsonApi(access.url, f"Bearer {access.token.reveal()}", access.ca_file, clock)

    def survey(self, held: Sequence[Held], cursor: str, now: datetime) -> Survey:
        """What fires now, and for what is held and does not fire, whether its rule is at rest.

        Raises MonitorError where the alerts cannot be read, or are of another organisation; without
        the rules it is not complete. The cursor is the number of the organisation.
        """
        mine = organisation(self._api)
        check_own(mine, held, cursor)
        known = {span.key for span in held}
        alerts = firing(self._api, ALERTS, READ_ALERTS)
        ours = [alert for alert in alerts if self._is_ours(alert, known)]
        there = {alert.key(self._source) for alert in alerts}
        absent = [span for span in held if span.key not in there]
        proofs, problem = self._endings(absent, now)
        return Survey(
            bodies=tuple(self._body(_posted(alert, mine.number)) for alert in ours),
            open=frozenset(alert.occurrence for alert in ours),
            cursor=mine.number,
            suppressed=frozenset(alert.occurrence for alert in ours if alert.held_back),
            endings=proofs,
            complete=not problem,
            problem=problem,
        )

    def _is_ours(self, alert: Firing, known: Collection[str]) -> bool:
        """Whether the alert goes to us, or went to us when it began."""
        goes = not self._receiver or self._receiver in alert.receivers
        return goes or alert.key(self._source) in known

    def _endings(self, absent: Sequence[Held], now: datetime) -> tuple[dict[str, Ending], str]:
        """The proofs for spans that do not fire, and why they may not be all."""
        if not absent:
            return {}, ""
        try:
            return endings(self._api, self._source, absent, now, self._body)
        except ApiError as error:
            return {}, str(error)

    def _body(self, alert: Mapping[str, object]) -> bytes:
        """What the contact point would have posted about this one alert."""
        group = {
            "receiver": self._receiver,
            "status": alert["status"],
            "alerts": [alert],
            "groupLabels": {},
            "commonLabels": alert["labels"],
            "commonAnnotations": alert["annotations"],
            "externalURL": f"{self._api.url}/",
            "version": "1",
            "truncatedAlerts": 0,
        }
        return orjson.dumps(group, option=orjson.OPT_UTC_Z)

    def answer(self, answer: Answer) -> Outcome:
        """Silences the alerts, each by its rule and all its labels, or marks their dashboards."""
        if answer.verb not in VERBS:
            return Outcome(Verdict.GAVE_UP, f"Grafana has no way to {answer.verb} an alert")
        try:
            check_own(organisation(self._api), answer.spans)
            if answer.verb is Verb.ANNOTATE:
                return annotate(self._api, answer)
            wanted = [matchers(_identity(span)) for span in answer.spans]
            return Silencer(self._api, SILENCES, _WRITE_SILENCES).silence(answer, wanted)
        except ApiError as error:
            return error.outcome


def _posted(alert: Firing, number: str) -> dict[str, object]:
    """An alert with what Grafana adds to it on the way to a webhook."""
    return {
        **alert.posted(),
        "generatorURL": _of_organisation(alert.generator, number),
        "ruleUID": alert.labels.get(UID, ""),
        "valueString": alert.annotations.get("__value_string__", ""),
    }


def _of_organisation(url: str, number: str) -> str:
    """A link to Grafana that says in which organisation it leads somewhere."""
    if not url or number_in(url):
        return url
    return f"{url}{'&' if '?' in url else '?'}orgId={number}"


def _identity(span: Held) -> dict[str, str]:
    """What tells the alert from every other: its labels, and the rule that they come from."""
    uid = uid_of(span)
    return without_ours(span.labels) | ({UID: uid} if uid else {})
