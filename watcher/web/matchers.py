"""Matchers as people and programs write them above lists."""

from watcher.decide.match import parse
from watcher.model.matcher import Matcher
from watcher.store.base import UnknownField


def read(text: str) -> tuple[Matcher, ...]:
    """The matchers. Raises MatcherError, and UnknownField for `labels`, which would otherwise be
    taken for a label of that name, and match nothing or everything.
    """
    matchers = parse(text)
    if any(each.name == "labels" for each in matchers):
        raise UnknownField("name the label itself, as in team=payments, not `labels`")
    return matchers
