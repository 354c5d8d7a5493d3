"""One event explained by itself, and what the alerts before it may hold back."""

from dataclasses import replace
from datetime import timedelta

from tests.engine.streams import RULEBOOK, Line, line, ndjson
from watcher.decide.match import parse
from watcher.engine.explain import Explanation, explain
from watcher.engine.replay import read_events
from watcher.engine.rulebook import Rulebook, identify
from watcher.model.policy import AlertRule, Policy
from watcher.model.silence import Inhibition

DOWN = line(0, key="down", name="Host is down")
LINK = line(9, key="link", name="Link is down")
HIDES = Inhibition("hides", parse('name="Host is down"'), parse('name=~"Link.*"'))


def explained(policy: Policy, *lines: Line) -> list[Explanation]:
    """What is said of these events."""
    catalogue = RULEBOOK.catalogue
    stream = [
        identify(each.event, "default", each.received_at, catalogue)
        for each in read_events(ndjson([*lines]))
    ]
    return list(explain(stream, Rulebook(policy, catalogue)))


def held(explanations: list[Explanation]) -> list[str | None]:
    """What holds each of them back."""
    return [each.withheld.by if each.withheld else None for each in explanations]


def test_each_event_is_explained_as_if_it_were_the_first() -> None:
    """The same event twice, and its recovery: three times the incident that it opens alone."""
    found = explained(RULEBOOK.policy, DOWN, DOWN, {**DOWN, "kind": "resolved"})

    assert [(1, 1)] * 3 == [(each.incident.number, each.incident.alerts) for each in found]
    assert 1 == len({each.incident.priority for each in found})
    assert ["firing", "firing", "resolved"] == [each.news.event.kind for each in found]


def test_what_fires_before_may_hold_an_event_back() -> None:
    """Until it recovers; the incident shown is the one that there would be otherwise."""
    policy = replace(RULEBOOK.policy, inhibit=(HIDES,))
    found = explained(policy, LINK, DOWN, LINK, {**DOWN, "kind": "resolved"}, LINK)

    assert [None, None, "inhibit:hides", None, None] == held(found)
    assert found[0].incident.priority == found[2].incident.priority


def test_every_rule_is_judged_and_its_effects_are_shown() -> None:
    """An alert that must last shows what it would open if it does."""
    rules = (
        AlertRule("patient", parse('name=~".*down"'), wait=timedelta(minutes=2)),
        AlertRule("other", parse("host=nobody"), wait=timedelta(minutes=5)),
    )
    [found] = explained(replace(RULEBOOK.policy, rules=rules), LINK)

    assert ["for:patient"] == held([found])
    assert [None, 'host="nobody"'] == [
        str(each.failed) if each.failed else None for each in found.verdicts
    ]
    assert found.effects.wait is not None
    assert "patient" == found.effects.wait.rule
    assert "Link is down" in found.incident.title
