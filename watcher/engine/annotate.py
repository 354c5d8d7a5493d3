"""Has dashboards show when disruptions began and ended: while a book is written."""

from collections.abc import Iterable
from datetime import datetime

from watcher.decide.answers import Listeners, Saying, hearing, told
from watcher.decide.lifecycle import MACHINE, News, Step
from watcher.engine.book import Book
from watcher.model.alert import Alert
from watcher.model.answer import Verb
from watcher.model.incident import Incident


class Annotations:
    """Tells those of the listeners that can be told so."""

    def __init__(self, book: Book, listeners: Listeners) -> None:
        self._book = book
        self._any = any(Verb.ANNOTATE in verbs for verbs in listeners.values())
        self._listeners = listeners

    def begun(self, incident: Incident, alert: Alert, now: datetime) -> None:
        """An alert has opened an incident."""
        self._mark(incident, (alert.source,), None, now)

    def over(self, step: Step, now: datetime) -> None:
        """The incident may have been resolved by this step, all of its alerts with it."""
        if self._any and News.RESOLVED in step.news:
            members = self._book.roll(step.incident).members
            sources = sorted({alert.source for alert, _ in members})
            self._mark(step.incident, sources, step.incident.resolved_at, now)

    def _mark(
        self, incident: Incident, sources: Iterable[str], ended_at: datetime | None, now: datetime
    ) -> None:
        heard = hearing(sources, self._listeners, Verb.ANNOTATE)
        saying = Saying(Verb.ANNOTATE, incident.title, ended_at=ended_at)
        self._book.intents.extend(told(incident, saying, heard, MACHINE, now))
