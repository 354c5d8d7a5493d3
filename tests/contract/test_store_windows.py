"""What the store keeps of windows and of alerts that are held back, on both stores."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.contract.given import MINUTE, NOW, REASON, alert, occurrence
from watcher.decide.match import parse
from watcher.model.alert import AlertStatus, Occurrence, Withheld
from watcher.model.silence import Window, WindowKind
from watcher.store.store import Store

HOUR = 60 * MINUTE


def window(**changes: Any) -> Window:
    """Maintenance of acme for an hour from now on."""
    given: dict[str, Any] = {
        "kind": WindowKind.MAINTENANCE,
        "customer": "acme",
        "when": parse('host=~"db.*", "имя"!="a\\"b"'),
        "starts": NOW,
        "length": HOUR,
        "zone": "Europe/Berlin",
        "comment": "новые диски",
        "author": "olga",
        "created_at": NOW,
        **changes,
    }
    return Window(**given)


def held(key: str, by: str, until: timedelta = HOUR, **changes: Any) -> Occurrence:
    """A span of acme that is held back."""
    why = Withheld(by, REASON, NOW, NOW + until, changes.pop("source", None), "o0")
    return occurrence(key, withheld=why, **changes)


def keys(spans: list[Occurrence]) -> list[str]:
    """Of which conditions these are."""
    return sorted(each.key for each in spans)


def test_what_holds_an_alert_back_comes_back_as_it_was_saved(store: Store) -> None:
    """On the alert and on its span; and both go when it is let go."""
    span = held("k1", "inhibit:down", source="k0")
    with store.begin() as tx:
        tx.save_occurrences([span])
        tx.save_alerts([alert(withheld=span.withheld, suppressed=True)])
    with store.begin() as tx:
        [found] = tx.occurrences([("acme", "k1", "o1")]).values()
        [shown] = tx.alerts([("acme", "k1")]).values()
        tx.save_occurrences([replace(span, withheld=None)])
        tx.save_alerts([alert()])
    with store.begin() as tx:
        [free] = tx.occurrences([("acme", "k1", "o1")]).values()
        still = tx.held_back()

    assert (span, span.withheld) == (found, shown.withheld)
    assert (None, []) == (free.withheld, still)


def test_what_is_due_is_found(store: Store) -> None:
    """Its time has come, or its window was cancelled; what ended never is."""
    with store.begin() as tx:
        running, cancelled = tx.plan_window(window()), tx.plan_window(window())
        tx.cancel_window(cancelled.id or 0, "olga", NOW + MINUTE)
        tx.save_occurrences(
            [
                held("past", "for:x", MINUTE),
                held("later", running.name),
                held("free", cancelled.name),
                held("over", "for:x", MINUTE, ended_at=NOW),
                held("below", "inhibit:x", source="switch"),
                occurrence("other"),
            ]
        )
        tx.save_alerts([alert("past"), alert("gone", status=AlertStatus.RESOLVED)])
    with store.begin() as tx:
        found = [keys(tx.due(NOW + span)) for span in (timedelta(), MINUTE, HOUR)]
        everything = keys(tx.held_back())
        inhibited = [
            keys(tx.inhibited([(customer, "switch"), ("acme", "past")]))
            for customer in ("acme", "globex")
        ]
        firing = [each.key for each in tx.firing()]

    assert [[], ["free", "past"], ["below", "free", "later", "past"]] == found
    assert ["below", "free", "later", "past"] == everything
    assert [["below"], []] == inhibited
    assert ["past"] == firing


def test_a_window_comes_back_as_it_was_planned(store: Store) -> None:
    """With a number of its own, for its customer only, until it has been over for long enough."""
    with store.begin() as tx:
        first = tx.plan_window(window())
        second = tx.plan_window(window(customer="globex", repeat="FREQ=DAILY"))
        named = tx.windows_named(["maintenance:2", "mute:1"])
        lately = [[each.id for each in tx.windows(NOW + span)] for span in (timedelta(), HOUR)]
    with store.view() as view:
        mine = view.windows(NOW, "acme")
        one = view.window(1, "acme")
        strange = view.window(2, "acme")
        nothing = view.window(3, None)

    assert replace(window(), id=1) == first == one
    assert ([second], [first]) == (named, mine)
    assert [[1, 2], [2]] == lately
    assert (None, None) == (strange, nothing)


def test_a_window_is_cancelled_once(store: Store) -> None:
    """And not at all when it is over, or is not there."""
    with store.begin() as tx:
        tx.plan_window(window())
        tx.plan_window(window())
        done = [
            tx.cancel_window(number, "boris", at)
            for number, at in ((1, NOW + MINUTE), (1, NOW + MINUTE), (2, NOW + HOUR), (3, NOW))
        ]
    with store.view() as view:
        found = view.window(1, None)

    assert [True, False, False, False] == done
    assert found is not None
    assert (NOW + MINUTE, "boris") == (found.cancelled_at, found.cancelled_by)


def test_it_is_counted_what_holds_back_how_many(store: Store) -> None:
    """Of one customer, or of all."""
    with store.begin() as tx:
        tx.save_occurrences(
            [
                held("a", "mute:1"),
                held("b", "mute:1"),
                held("c", "inhibit:x"),
                held("d", "mute:1", ended_at=NOW),
                replace(held("e", "mute:1"), customer="globex"),
            ]
        )
    with store.view() as view:
        found = [view.held_back(customer) for customer in ("acme", None, "nobody")]

    assert [{"mute:1": 2, "inhibit:x": 1}, {"mute:1": 3, "inhibit:x": 1}, {}] == found
