"""Holds alerts back while a book is written: asked for each start, and again when one is due."""

from collections.abc import Sequence
from datetime import datetime

from watcher.decide import correlate
from watcher.decide.dedup import Sighting
from watcher.decide.rules import effects
from watcher.decide.silence import Case, Inhibitors, ready, withheld
from watcher.engine.book import Book
from watcher.model.alert import Alert, Occurrence, Withheld
from watcher.model.change import replace
from watcher.model.policy import Policy
from watcher.model.silence import Window


class Withholding:
    """Asks windows, inhibition and rules about the spans of one book.

    `windows` are those that people planned, beside those of the policy. `inhibitors` are the alerts
    that fire, for a book that does not hold all there is.
    """

    def __init__(
        self,
        book: Book,
        policy: Policy,
        windows: Sequence[Window] = (),
        inhibitors: Inhibitors | None = None,
    ) -> None:
        self._book = book
        self._policy = policy
        self._windows = ready((*policy.maintenance, *windows))
        self._inhibitors = Inhibitors(policy.inhibit) if inhibitors is None else inhibitors

    def first(self, seen: Sighting, before: Occurrence | None, now: datetime) -> Withheld | None:
        """Why a span that begins must not open an incident yet; `before` is the one before it."""
        if not (self._windows or self._inhibitors or self._policy.rules):
            return None
        span = seen.occurrence
        point = correlate.point_of(span, now, self._policy.grouping.lateness)
        after = _belonging(before) if before is not None else None
        return self._ask(Case(seen.alert, span, point, point, now, after=after))

    def again(
        self, alert: Alert, span: Occurrence, was: Withheld, now: datetime
    ) -> Withheld | None:
        """Why a span that was held back must not open an incident even now."""
        point = correlate.point_of(span, was.since, self._policy.grouping.lateness)
        return self._ask(Case(alert, span, point, now, now, was, was.after))

    def hold(self, alert: Alert, span: Occurrence, held: Withheld) -> None:
        """Writes down that a span is held back, and why."""
        if alert.occurrence == span.occurrence:
            alert = replace(alert, withheld=held, suppressed=held.suppressed)
        self._book.put_alert(alert)
        self._book.put_occurrence(replace(span, withheld=held))

    def released(self, customer: str, key: str) -> list[Occurrence]:
        """What an alert, as it is now, does not hold back any more."""
        if not self._inhibitors:
            return []
        alert = self._book.alerts[customer, key]
        return self._book.inhibited(alert) if self._inhibitors.note(alert) else []

    def _ask(self, case: Case) -> Withheld | None:
        wait = effects(self._policy.rules, case.alert).wait
        return withheld(case, self._windows, self._inhibitors, wait)


def _belonging(before: Occurrence) -> str | None:
    """The newest span of a condition that belongs to an incident."""
    if before.incident is not None or before.withheld is None:
        return before.occurrence
    return before.withheld.after
