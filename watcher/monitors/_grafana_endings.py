"""Which spans that Grafana does not show as firing are over, and how we know."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote

from watcher.model.survey import Ending, Held
from watcher.monitors._alertmanager_api import ended, fingerprint_of
from watcher.monitors._grafana_rules import (
    Rule,
    end_of,
    is_judged,
    read_rules,
    uid_of,
)
from watcher.monitors._json_api import ApiError, JsonApi

_MOST_ASKED_FOR = 50

Body = Callable[[Mapping[str, object]], bytes]


def endings(
    api: JsonApi, source: str, absent: Sequence[Held], now: datetime, body: Body
) -> tuple[dict[str, Ending], str]:
    """The proofs for spans that do not fire, by occurrence, and why they cannot be all ("" if they
    can). `body` makes what is posted of an alert. Raises ApiError.
    """
    rules = read_rules(api, absent)
    deleted = _Deleted(api)
    found: dict[str, Ending] = {}
    waiting = 0
    for span in absent:
        rule = rules.of(span)
        waiting += rule is not None and not rule.paused and rule.evaluated_at is None
        end = _end(span, rule, now, deleted)
        fingerprint = fingerprint_of(span, source)
        if end and fingerprint:
            at, why = end
            alert = ended(span, fingerprint, at) | {"ruleUID": uid_of(span)}
            found[span.occurrence] = Ending(body(alert), why, recorded=False)
    if waiting:
        return found, f"{waiting} rules are not evaluated yet: Grafana has just started"
    return found, deleted.problem


def _end(
    span: Held, rule: Rule | None, now: datetime, deleted: "_Deleted"
) -> tuple[datetime, str] | None:
    if rule is None:
        return (now, "its rule was deleted in Grafana") if deleted.holds(span) else None
    at = end_of(rule, span) if is_judged(rule, span) else None
    return (at, "its rule in Grafana is at rest") if at else None


class _Deleted:
    """Finds out whether a rule that is not listed was deleted.

    Rules in folders that the token may not see are not listed either, so Grafana is asked for each:
    it refuses what is hidden, and says of what is deleted that there is no such rule. Where the
    token may not ask at all (before Grafana 10), nothing is known.
    """

    def __init__(self, api: JsonApi) -> None:
        self._api = api
        self.problem = ""
        self._known: dict[str, bool] = {}

    def holds(self, span: Held) -> bool:
        """Whether the rule of this span is no more. Raises ApiError."""
        uid = uid_of(span)
        if not uid:
            return False
        if uid not in self._known:
            if len(self._known) == _MOST_ASKED_FOR:
                self.problem = f"more than {_MOST_ASKED_FOR} rules are not listed"
                return False
            self._known[uid] = self._ask(uid)
        return self._known[uid]

    def _ask(self, uid: str) -> bool:
        try:
            self._api.get(f"/api/v1/provisioning/alert-rules/{quote(uid, safe='')}")
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return True
            if error.status != HTTPStatus.FORBIDDEN:
                raise
        return False
