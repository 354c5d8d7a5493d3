"""One key for a span that its source tells of by several ways: the one first heard of it.

One way may name trigger and host, another only what the span itself is called.
"""

from collections.abc import Iterable, Iterator, MutableMapping

from watcher.engine.rulebook import News, renamed

Name = tuple[str, str, str]
Keys = MutableMapping[Name, str]


def named(news: Iterable[News]) -> set[Name]:
    """The (customer, source, occurrence) of the spans that may be known by another key."""
    return {_name(each) for each in news if each.event.aliased}


def settled(news: Iterable[News], keys: Keys) -> Iterator[News]:
    """The news under the keys first heard of; those that begin with these are added to `keys`."""
    for each in news:
        key = keys.setdefault(_name(each), each.event.key) if each.event.aliased else each.event.key
        yield each if key == each.event.key else renamed(each, key)


def _name(news: News) -> Name:
    return news.who.customer, news.event.source, news.event.occurrence
