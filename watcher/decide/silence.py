"""Must an alert not open an incident yet? Maintenance, mutes, inhibition, and a little patience.

What is held back is kept and shown with its reason. It is decided again when its time has come,
when what held it back is gone, or when it becomes another one itself.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from watcher.decide.conditions import Conditions, value_of
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
        known = case.before.by if case.before else None
        found = [
            (each.name == known, span.ends, each.name, each, span)
            for number, each in enumerate(self._windows)
            if matching >> number & 1
            and (span := open_at(each, case.at))
            and span.ends > case.until
        ]
        if not found:
            return None
        *_, window, span = max(found, key=lambda each: each[:3])
        return window, span


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
        """Keeps what an alert is now; whether it holds less back than before."""
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
        return not {*before} <= {*places}

    def against(self, case: Case) -> tuple[Inhibition, Alert] | None:
        """The alert that holds this one back, and the rule by which it does."""
        alert = case.alert
        matching = self._targets.holding(alert)
        own = self._sources.holding(alert) if matching else 0
        for number, rule in enumerate(self._rules):
            if matching >> number & 1:
                source = self._source(number, case, both=bool(own >> number & 1))
                if source is not None:
                    return rule, source
        return None

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
    if windows and (found := windows.holding(case)):
        window, span = found
        reason = Reason(window.kind, _announced(window, span), keys=(window.name,))
        return _held(case, window.name, reason, span.ends)
    if inhibitors and (held := inhibitors.against(case)):
        rule, source = held
        until = source.started_at + rule.at_most
        reason = Reason("inhibit", _inhibited(rule, source, until), keys=(rule.name, source.key))
        return _held(case, f"inhibit:{rule.name}", reason, until, source.key)
    if wait is not None and (lasted := case.point + wait.value) > case.until:
        text = f"it must last for {_spoken(wait.value)} before it counts: {wait.reason.text}"
        reason = Reason("for", text, keys=(wait.rule,), gap=wait.value.total_seconds())
        return _held(case, f"{WAITING}:{wait.rule}", reason, lasted)
    return None


def _held(
    case: Case, by: str, reason: Reason, until: datetime, source: str | None = None
) -> Withheld:
    since = case.before.since if case.before else case.now
    return Withheld(by, reason, since, until, source, case.after)


def _owner(window: Window) -> tuple[Matcher, ...]:
    if window.customer is None:
        return ()
    return (Matcher("customer", Operator.EQUAL, window.customer),)


def _place(number: int, rule: Inhibition, alert: Alert) -> _Place:
    return alert.customer, number, tuple(value_of(alert, name) for name in rule.equal)


def _announced(window: Window, span: Span) -> str:
    ends = span.ends.astimezone(ZoneInfo(window.zone))
    until = f"until {ends:%Y-%m-%d %H:%M} ({window.zone})"
    if window.kind is WindowKind.MUTE:
        text = f"muted by {window.author} {until}"
    else:
        text = f"maintenance {window.title} {until}".replace("  ", " ")
    return f"{text}: {window.comment}" if window.comment else text


def _inhibited(rule: Inhibition, source: Alert, until: datetime) -> str:
    where = f" on {source.host}" if source.host else ""
    same = f", with the same {' and '.join(rule.equal)}" if rule.equal else ""
    ends = f"{until:%Y-%m-%d %H:%M} UTC"
    return f"as long as {source.name!r}{where} fires{same}, until {ends} at most"


def _spoken(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"
