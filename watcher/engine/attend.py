"""Who takes an alert on where it comes from, works on its incident: while a book is written."""

from collections.abc import Callable, Iterable
from datetime import datetime

from watcher.decide import taking
from watcher.decide.lifecycle import Step
from watcher.decide.taking import Word
from watcher.engine.book import Book
from watcher.model.alert import Occurrence, Taken
from watcher.model.incident import Incident


class Attendance:
    """Hears who is on what in one book; `step` writes down what follows."""

    def __init__(self, book: Book, step: Callable[[Step, datetime], object]) -> None:
        self._book = book
        self._step = step

    def hear(self, span: Occurrence, before: Taken | None, now: datetime) -> None:
        """Of a span that is over, and where nothing is new, nothing follows."""
        said, book = span.taken, self._book
        if said is None or said == before or span.ended_at is not None:
            return
        # What came in may have moved it meanwhile.
        home = book.occurrences[span.customer, span.key, span.occurrence].incident
        incident = book.find(home) if home is not None else None
        if incident is None:
            return
        others = () if said.on else self._others(incident, span)
        word = Word(book.alerts[span.customer, span.key], said, before, others)
        self._step(taking.heard(incident, word, now), now)

    def _others(self, incident: Incident, span: Occurrence) -> Iterable[Taken]:
        for _, each in self._book.roll(incident).members:
            if each.taken is not None and each.ended_at is None and each.span != span.span:
                yield each.taken
