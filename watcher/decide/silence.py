"""Must an alert not open an incident yet? Maintenance, mutes, inhibition, and a little patience.

What is held back is kept and shown with its reason. It is decided again when its time has come,
when what held it back is gone, or when it becomes another one itself.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from watcher.decide.conditions import Conditions, value_of
from watcher.decide.reasons import spoken
from watcher.decide.rules import Effect
from watcher.decide.windows import Span, open_at
from watcher.model.alert import WAITING, Alert, AlertStatus, Occurrence, Withheld
from watcher.model.matcher import Matcher, Operator
from watcher.model.reason import Reason
from watcher.model.silence import Inhibition, Window, WindowKind


@dataclass(frozen=True, slots=True)
class Case:
    """A span of an alert that would open or join an incident now.

    `at` is the moment for which windows are asked, `point` the start as it counts, and `before`
    what is said about the span already.
    """

    alert: Alert
    span: Occurrence
    point: datetime
    at: datetime
    now: datetime
    before: Withheld | None = None
    after: str | None = None

    @property
    def known(self) -> str | None:
        """What held it back up to now, which goes on doing so if it can."""
        return self.before.by if self.before else None

    @property
    def until(self) -> datetime:
        """Up to when it fires, as far as is known."""
        return min(self.now, self.span.ended_at or self.now)


class Windows:
    """Planned windows and mutes, ready to be asked."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self._windows = tuple(windows)
        self._conditions = Conditions([(*each.when, *_owner(each)) for each in self._windows])

    def __bool__(self) -> bool:
        return bool(self._windows)

    def holding(self, case: Case) -> tuple[Window, Span] | None:
        """The window that is open for this case, the one that is so for longest."""
        matching = self._conditions.holding(case.alert)
        if not matching:
            return None
        found = [
            (each.name == case.known, span.ends, each.name, each, span)
            for number, each in enumerate(self._windows)
            if matching >> number & 1
            and (span := open_at(each, case.at))
            and span.ends > case.until
        ]
        if not found:
            return None
        *_, window, span = max(found, key=lambda each: each[:3])
        return window, span


@lru_cache(maxsize=8)
def ready(windows: tuple[Window, ...]) -> Windows:
    """The windows ready to be asked, kept for the next batch: they seldom change."""
    return Windows(windows)


class Inhibitors:
    """The alerts that fire and hold others back, found by the values that both must have.

    As with Alertmanager, an alert inhibits also while it is held back itself; and one that matches
    both sides of a rule is not inhibited by others that do, and so never by itself.
    """

    def __init__(self, rules: Sequence[Inhibition]) -> None:
        self._rules = tuple(rules)
        self._sources = Conditions([each.source for each in self._rules])
        self._targets = Conditions([each.target for each in self._rules])
        self._firing: dict[_Place, list[tuple[datetime, str]]] = defaultdict(list)
        self._alerts: dict[tuple[str, str], tuple[Alert, list[_Place]]] = {}

    def __bool__(self) -> bool:
        return bool(self._rules)

    def note(self, alert: Alert) -> bool:
        """Keeps what an alert is now; whether it holds less back than before, or until later."""
        key = (alert.customer, alert.key)
        known, before = self._alerts.pop(key, (alert, []))
        for place in before:
            entries = self._firing[place]
            del entries[bisect_left(entries, (known.started_at, known.key))]
            if not entries:
                del self._firing[place]
        places = self._places(alert) if alert.status is AlertStatus.FIRING else []
        for place in places:
            insort(self._firing[place], (alert.started_at, alert.key))
        if places:
            self._alerts[key] = alert, places
        later = bool(before) and known.started_at != alert.started_at
        return later or not {*before} <= {*places}

    def against(self, case: Case) -> tuple[Inhibition, Alert] | None:
        """The alert that holds this one back, and the rule by which it does."""
        alert = case.alert
        matching = self._targets.holding(alert)
        own = self._sources.holding(alert) if matching else 0
        found = (
            (rule, source)
            for number, rule in enumerate(self._rules)
            if matching >> number & 1
            and (source := self._source(number, case, both=bool(own >> number & 1)))
        )
        was = case.before.source if case.before else None
        known = (case.known, was)
        return min(found, key=lambda each: (_by(each[0]), each[1].key) != known, default=None)

    def _source(self, number: int, case: Case, both: bool) -> Alert | None:
        """The one known already, else the one that will be so for longest."""
        rule, alert = self._rules[number], case.alert
        entries = self._firing.get(_place(number, rule, alert), [])
        known = case.before.source if case.before else None
        found = None
        for started_at, key in reversed(entries):
            if started_at + rule.at_most <= case.until:
                break
            source, _ = self._alerts[alert.customer, key]
            if both and self._targets.holding(source) >> number & 1:
                continue
            if known is None or key == known:
                return source
            found = found or source
        return found

    def _places(self, alert: Alert) -> list["_Place"]:
        matching = self._sources.holding(alert)
        return [
            _place(number, rule, alert)
            for number, rule in enumerate(self._rules)
            if matching >> number & 1
        ]


_Place = tuple[str, int, tuple[str, ...]]
"""A customer, a rule by its number, and the values that must be equal."""


def withheld(
    case: Case, windows: Windows, inhibitors: Inhibitors, wait: Effect[timedelta] | None
) -> Withheld | None:
    """Why the span must not open or join an incident yet; None where nothing holds it back."""
    found = (
        _announced(case, windows) if windows else None,
        _inhibited(case, inhibitors) if inhibitors else None,
        _waiting(case, wait) if wait is not None else None,
    )
    return min(filter(None, found), key=lambda each: each.by != case.known, default=None)


def _announced(case: Case, windows: Windows) -> Withheld | None:
    found = windows.holding(case)
    if found is None:
        return None
    window, span = found
    ends = span.ends.astimezone(ZoneInfo(window.zone))
    by = "maintenance" if window.elsewhere else f"maintenance {window.title}".rstrip()
    if window.kind is WindowKind.MUTE:
        by = f"muted by {window.author}"
    comment = f": {window.comment}" if window.comment else ""
    text = f"{by} until {ends:%Y-%m-%d %H:%M} ({window.zone}){comment}"
    return _held(case, window.name, Reason(window.kind, text, keys=(window.name,)), span.ends)


def _inhibited(case: Case, inhibitors: Inhibitors) -> Withheld | None:
    found = inhibitors.against(case)
    if found is None:
        return None
    rule, source = found
    until = source.started_at + rule.at_most
    where = f" on {source.host}" if source.host else ""
    same = f", with the same {' and '.join(rule.equal)}" if rule.equal else ""
    ends = f"until {until:%Y-%m-%d %H:%M} UTC at most"
    text = f"as long as {source.name!r}{where} fires{same}, {ends}"
    reason = Reason("inhibit", text, keys=(rule.name, source.key))
    return _held(case, _by(rule), reason, until, source.key)


def _waiting(case: Case, wait: Effect[timedelta]) -> Withheld | None:
    lasted = case.point + wait.value
    if lasted <= case.until:
        return None
    length = wait.value.total_seconds()
    text = f"it must last for {spoken(length)} before it counts: {wait.reason.text}"
    reason = Reason("for", text, keys=(wait.rule,), gap=length)
    return _held(case, f"{WAITING}:{wait.rule}", reason, lasted)


def _held(
    case: Case, by: str, reason: Reason, until: datetime, source: str | None = None
) -> Withheld:
    since = case.before.since if case.before else case.now
    return Withheld(by, reason, since, until, source, case.after)


def _by(rule: Inhibition) -> str:
    return f"inhibit:{rule.name}"


def _owner(window: Window) -> tuple[Matcher, ...]:
    if window.customer is None:
        return ()
    return (Matcher("customer", Operator.EQUAL, window.customer),)


def _place(number: int, rule: Inhibition, alert: Alert) -> _Place:
    return alert.customer, number, tuple(value_of(alert, name) for name in rule.equal)
