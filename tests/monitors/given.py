"""What tests of monitors share: an access, readings of bodies, and spans as Watcher holds them."""

from collections.abc import Iterable
from datetime import UTC, datetime

import orjson

from watcher.kit.plugins import adapter
from watcher.kit.secrets import Secret
from watcher.model.answer import Answer, Verb
from watcher.model.event import Event
from watcher.model.survey import Held
from watcher.monitors.base import Access
from watcher.receivers.base import Context

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def access(kind: str, url: str, token: str, **given: object) -> Access:
    """How a source named `src` of this kind is asked."""
    options = adapter("watcher.monitors", kind).options(given)
    return Access("src", "default", url, Secret(token), options=options)


def read(kind: str, bodies: Iterable[object]) -> list[Event]:
    """The events in bodies, as the source's own receiver reads them."""
    receiver = adapter("watcher.receivers", kind)
    context = Context("src", NOW, receiver.options({}))
    return [
        event
        for body in bodies
        for event in receiver.parse(
            body if isinstance(body, bytes) else orjson.dumps(body), context
        ).events
    ]


def held(event: Event) -> Held:
    """The span that an event began, as Watcher holds it."""
    assert event.started_at is not None
    return Held(
        event.key,
        event.occurrence,
        event.name,
        event.started_at,
        event.host,
        event.labels,
        event.url,
    )


def answer(
    verb: Verb,
    *spans: Held,
    text: str = "the disk is on its way",
    until: datetime | None = None,
    ended_at: datetime | None = None,
) -> Answer:
    """What ann decided about incident 12."""
    url = "https://watcher.example.org/incidents/12"
    return Answer(verb, spans, 12, url, "ann", text, "answer-1", until=until, ended_at=ended_at)
