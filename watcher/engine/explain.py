"""What would become of one event and why: the same decisions, with nothing but this event known.

Of the events before it in the same stream, only those that fire are known, as they may inhibit it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from watcher.decide.rules import Effects, Verdict, effects, judge
from watcher.decide.silence import Inhibitors
from watcher.engine.book import Book
from watcher.engine.fold import Fold
from watcher.engine.rulebook import News, Rulebook
from watcher.model.alert import Alert, AlertStatus, Withheld
from watcher.model.change import replace
from watcher.model.event import Kind
from watcher.model.incident import Incident
from watcher.model.policy import Policy


@dataclass(frozen=True, slots=True)
class Explanation:
    """The alert that an event would start, what every rule says of it, and the incident.

    `withheld` is why there would be none yet; `incident` is then the one that it would open if
    nothing held it back.
    """

    news: News
    alert: Alert
    verdicts: tuple[Verdict, ...]
    effects: Effects
    withheld: Withheld | None
    incident: Incident


def explain(stream: Iterable[News], rulebook: Rulebook) -> Iterator[Explanation]:
    """Explains one piece of news after another, each as if its condition had begun with it."""
    rules = rulebook.policy.rules
    inhibitors = Inhibitors(rulebook.policy.inhibit)
    patient = Rulebook(_at_once(rulebook.policy), rulebook.catalogue)
    for news in stream:
        begun = replace(news, event=replace(news.event, kind=Kind.FIRING))
        book = _fold(begun, rulebook, inhibitors)
        [alert] = book.alerts.values()
        [incident] = (book if book.incidents else _fold(begun, patient)).incidents.values()
        if news.event.kind is Kind.RESOLVED:
            inhibitors.note(replace(alert, status=AlertStatus.RESOLVED))
        yield Explanation(
            news,
            alert,
            tuple(judge(rule, alert) for rule in rules),
            effects(rules, alert),
            alert.withheld,
            incident,
        )


def _fold(news: News, rulebook: Rulebook, inhibitors: Inhibitors | None = None) -> Book:
    book = Book(count(1))
    Fold(book, rulebook, inhibitors=inhibitors).take(news)
    return book


def _at_once(policy: Policy) -> Policy:
    """The policy without what holds alerts back."""
    rules = tuple(replace(rule, wait=None) for rule in policy.rules)
    return replace(policy, rules=rules, maintenance=(), inhibit=())
