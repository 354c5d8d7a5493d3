"""What is known of what goes on, customer by customer."""

from dataclasses import replace
from datetime import timedelta

from tests.contract.given import NOW, alert, incident, occurrence, suspect
from tests.decide.given import POLICY, event
from watcher.engine.going import Going
from watcher.engine.rulebook import News, Rulebook, identify
from watcher.model.alert import Counted
from watcher.model.catalogue import Catalogue
from watcher.model.reason import Reason

RULEBOOK = Rulebook(POLICY, Catalogue())


def news(customer: str = "acme", host: str | None = "db1", service: str | None = None) -> News:
    """An alert of that host."""
    return identify(event(host=host, service=service), customer, NOW, RULEBOOK.catalogue)


def recalled() -> Going:
    """Two alerts of acme, and what olga reported of a third host."""
    going = Going(RULEBOOK)
    reported = incident(3, hosts=("web1",), held_by="olga")
    members = [
        (alert("k1", host="db1"), occurrence("k1", incident=1, joined_at=NOW, started_at=NOW)),
        (alert("k2", service="shop"), occurrence("k2", incident=2, joined_at=NOW)),
    ]
    going.recall("acme", [incident(1), incident(2), reported], members, NOW)
    return going


def test_nothing_is_known_of_a_customer_before_it_is_recalled() -> None:
    """Nor of a stranger after that."""
    going = recalled()

    assert (False, True) == ("acme" in Going(RULEBOOK), "acme" in going)
    assert "globex" not in going


def test_news_have_to_do_with_what_was_seen_where_they_come_from() -> None:
    """By host, else by service; a stranger's host of the same name is another."""
    going = recalled()

    assert [{1}, {2}, {3}, set(), set(), set()] == [
        going.likely([each])
        for each in (
            news(),
            news(host=None, service="shop"),
            news(host="web1"),
            news(host="db9"),
            news("globex"),
            news(host=None),
        )
    ]


def test_what_is_too_old_to_matter_is_not_taken_up() -> None:
    """Though its incident is open."""
    going = Going(RULEBOOK)
    old = going.since(NOW) - timedelta(seconds=1)
    span = occurrence("k1", incident=1, joined_at=old, heard_at=old, started_at=old)
    going.recall("acme", [incident(1)], [(alert("k1", host="db1"), span)], NOW)

    assert set() == going.likely([news()])


def test_what_came_back_is_taken_up_as_such() -> None:
    """With what it came back after, as far as that is on record."""
    going = Going(RULEBOOK)
    why = Reason("same-condition", "it is back")
    members = [
        (
            alert(key, host=key),
            occurrence(key, "o2", incident=1, joined_at=NOW, reason=why, counted=counted),
        )
        for key, counted in (
            ("db1", None),
            ("db2", Counted(NOW, after="o1")),
            ("db3", Counted(NOW, after=None)),
        )
    ]
    going.recall("acme", [incident(1)], members, NOW)

    assert [{1}] * 3 == [going.likely([news(host=host)]) for host in ("db1", "db2", "db3")]


def test_a_settled_suspect_stays() -> None:
    """Only for the others a lineup is taken up."""
    going = Going(RULEBOOK)
    picked, told = (replace(suspect(), settled=settled) for settled in (False, True))
    known = [incident(1), incident(2, suspect=picked), incident(3, suspect=told)]
    going.recall("acme", known, [], NOW)

    assert [True, True, False] == [
        going.suspects.lineup(number) is not None for number in (1, 2, 3)
    ]
