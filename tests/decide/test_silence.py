"""What holds an alert back: windows, inhibition, patience, and which of them is named."""

from datetime import timedelta
from typing import Any

import pytest

from tests.decide.given import at
from watcher.decide.match import parse
from watcher.decide.rules import Effect
from watcher.decide.silence import Case, Inhibitors, Windows, withheld
from watcher.model.alert import Alert, AlertStatus, Occurrence, Withheld
from watcher.model.event import Severity
from watcher.model.reason import Reason
from watcher.model.silence import Inhibition, Window, WindowKind

MINUTE = timedelta(minutes=1)
WAIT = Effect(2 * MINUTE, Reason("rule", "the rule 'x' says so", keys=("x",)))
BOTH = Inhibition("twins", parse("role=edge"), parse("role=edge"), ("site",))
DOWN = Inhibition(
    "down", parse('name="Switch is down"'), parse('name!="Switch is down"'), ("site",)
)


def alert(key: str = "ping", started: float = 0, **changes: Any) -> Alert:
    """A firing alert of acme, of the site msk unless its labels say otherwise."""
    given: dict[str, Any] = {
        "customer": "acme",
        "key": key,
        "source": "zabbix",
        "occurrence": "o1",
        "status": AlertStatus.FIRING,
        "severity": Severity.HIGH,
        "name": "Ping is lost",
        "first_at": at(started),
        "last_at": at(started),
        "started_at": at(started),
        "host": "web1",
        "labels": {"site": "msk"},
    }
    return Alert(**{**given, **changes})


def switch(key: str = "switch", started: float = 0, **changes: Any) -> Alert:
    """The switch of that site is down."""
    return alert(key, started, name="Switch is down", host="sw1", **changes)


def case(given: Alert, minute: float = 5, before: Withheld | None = None) -> Case:
    """An alert that would open an incident in that minute."""
    span = Occurrence(
        given.customer, given.key, "o1", given.severity, at(0), given.severity, at(0), at(0)
    )
    return Case(given, span, at(minute), at(minute), at(minute), before)


def inhibitors(*firing: Alert, rules: tuple[Inhibition, ...] = (DOWN,)) -> Inhibitors:
    """These alerts fire."""
    found = Inhibitors(rules)
    for each in firing:
        found.note(each)
    return found


def window(title: str, minutes: float, **changes: Any) -> Window:
    """Maintenance of everything of acme for so many minutes."""
    given: dict[str, Any] = {
        "kind": WindowKind.MAINTENANCE,
        "customer": "acme",
        "when": parse('host=~".+"'),
        "starts": at(0),
        "length": minutes * MINUTE,
        "title": title,
        **changes,
    }
    return Window(**given)


@pytest.mark.parametrize(
    ("source", "target", "held"),
    [
        (switch(), alert(), True),
        (switch(labels={"site": "spb"}), alert(), False),
        (switch(customer="globex"), alert(), False),
        (switch(status=AlertStatus.RESOLVED), alert(), False),
        (alert("other"), alert(), False),
        (switch(), switch("second"), False),
        (switch(labels={}), alert(labels={}), True),
        (switch(started=-24 * 60), alert(), False),
        (switch(started=-24 * 60 + 6), alert(), True),
    ],
)
def test_an_alert_is_held_back_by_another_as_the_rule_says(
    source: Alert, target: Alert, held: bool
) -> None:
    """The same customer and the same values (missing ones are the same), firing and not stale."""
    found = inhibitors(source).against(case(target))

    assert held is (found is not None)


def test_what_matches_both_sides_is_not_inhibited_by_what_does() -> None:
    """Neither by itself nor by its like; otherwise they would silence each other."""
    first, second = (alert(key, labels={"role": "edge", "site": "msk"}) for key in ("a", "b"))
    found = inhibitors(first, second, rules=(BOTH,))

    assert found.against(case(first)) is None
    assert found.against(case(second)) is None


def test_of_several_causes_the_one_that_lasts_longest_is_named_and_kept() -> None:
    """The newest; one that was named before stays, as long as it fires."""
    first, second = switch("s1", 1), switch("s2", 2)
    found = inhibitors(first, second)
    named = withheld(case(alert()), Windows(()), found, None)
    before = Withheld("inhibit:down", Reason("inhibit", ""), at(3), at(60), source="s1")
    kept = withheld(case(alert(), 9, before), Windows(()), found, None)
    gone = withheld(case(alert(), 9, before), Windows(()), inhibitors(second), None)

    assert [("s2", at(5)), ("s1", at(3)), ("s2", at(3))] == [
        (each.source, each.since) for each in (named, kept, gone) if each
    ]


def test_a_cause_that_says_the_same_again_loses_nothing() -> None:
    """One lets go that ends or is none any more; one that begins anew holds back until later."""
    found = inhibitors(switch())

    assert [False, False, True, False, True] == [
        found.note(each)
        for each in (
            switch(severity=Severity.DISASTER),
            alert(),
            switch(labels={"site": "spb"}),
            switch(labels={"site": "spb"}),
            switch(labels={"site": "spb"}, started=3),
        )
    ]
    found.note(switch("second", labels={"site": "spb"}))
    assert found.note(switch(status=AlertStatus.RESOLVED, labels={"site": "spb"}))
    assert found.against(case(alert())) is None


def test_an_inhibited_alert_names_its_cause() -> None:
    """With its host, what they share, and until when at most."""
    found = withheld(case(alert()), Windows(()), inhibitors(switch()), None)

    assert found is not None
    assert ("inhibit:down", at(24 * 60), ("down", "switch")) == (
        found.by,
        found.until,
        found.reason.keys,
    )
    assert (
        "as long as 'Switch is down' on sw1 fires, with the same site,"
        " until 2026-03-02 03:00 UTC at most" == found.reason.text
    )


def test_a_cause_without_a_host_is_named_too() -> None:
    """And a rule that asks for nothing to be the same."""
    rule = Inhibition("site", parse("name=Flood"), parse("name!=Flood"))
    flood = alert("flood", name="Flood", host=None)
    found = withheld(case(alert()), Windows(()), inhibitors(flood, rules=(rule,)), None)

    assert found is not None
    assert found.reason.text.startswith("as long as 'Flood' fires, until ")


def test_of_several_windows_the_last_to_end_is_named_and_kept() -> None:
    """One that was named before stays, as long as it is open."""
    windows = Windows((window("short", 10), window("long", 20)))
    before = Withheld("maintenance:short", Reason("maintenance", ""), at(1), at(10))

    assert ["maintenance:long", "maintenance:short", "maintenance:long"] == [
        found.by
        for minute, known in ((5, None), (6, before), (12, before))
        if (found := withheld(case(alert(), minute, known), windows, inhibitors(), None))
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"when": parse("host=db1")},
        {"customer": "globex"},
        {"starts": at(6)},
        {"length": 4 * MINUTE},
        {"created_at": at(6)},
        {"cancelled_at": at(5)},
    ],
)
def test_a_window_that_is_not_open_for_an_alert_holds_nothing_back(changes: dict[str, Any]) -> None:
    """Not its host, not its customer, not yet, or no more."""
    windows = Windows((window("all", 60, **changes),))

    assert withheld(case(alert()), windows, inhibitors(), None) is None


def test_a_window_for_everybody_and_a_mute_say_what_they_are() -> None:
    """With the author and the comment where there are any."""
    mute = window("", 60, kind=WindowKind.MUTE, author="olga", comment="known", id=3)

    assert [
        "maintenance upgrade until 2026-03-01 04:00 (UTC)",
        "muted by olga until 2026-03-01 04:00 (UTC): known",
    ] == [
        found.reason.text
        for each in (window("upgrade", 60, customer=None), mute)
        if (found := withheld(case(alert()), Windows((each,)), inhibitors(), None))
    ]


def test_windows_go_before_causes_and_causes_before_patience() -> None:
    """But what was said before stays true as long as it can."""
    windows, causes = Windows((window("all", 60),)), inhibitors(switch())
    waiting = Withheld("for:x", Reason("for", ""), at(5), at(7))

    assert ["maintenance:all", "inhibit:down", "for:x", "for:x"] == [
        found.by
        for found in (
            withheld(case(alert()), windows, causes, WAIT),
            withheld(case(alert()), Windows(()), causes, WAIT),
            withheld(case(alert()), Windows(()), inhibitors(), WAIT),
            withheld(case(alert(), 5, waiting), windows, causes, WAIT),
        )
        if found
    ]
    assert withheld(case(alert()), Windows(()), inhibitors(), None) is None


@pytest.mark.parametrize(
    ("wait", "words"),
    [(2 * MINUTE, "for 2 min before"), (timedelta(seconds=90), "for 1 min 30 s before")],
)
def test_patience_says_how_long(wait: timedelta, words: str) -> None:
    """In minutes where those are enough; it is not called suppression."""
    effect = Effect(wait, WAIT.reason)
    found = withheld(case(alert()), Windows(()), inhibitors(), effect)

    assert found is not None
    assert words in found.reason.text
    assert not found.suppressed
