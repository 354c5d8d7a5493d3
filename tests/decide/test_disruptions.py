"""What going on means: storms, what they gather, and what becomes of their numbers."""

from dataclasses import replace

import pytest

from tests.decide.incidents import FakeRegister
from watcher.decide.activity import Onset
from watcher.decide.disruptions import Disruptions, horizon
from watcher.decide.reasons import spoken
from watcher.decide.topology import Topology
from watcher.model.catalogue import Service
from watcher.model.policy import Grouping
from watcher.model.reason import Reason

TOPOLOGY = Topology([Service("acme", "san1", 3, hosts=("san1", "esx1", "esx2"))])
RULES = Grouping()
BACK = Reason("same-condition", "its condition is back")


def alert(at: float, node: str, name: str, place: str | None = "site=bonn") -> Onset:
    """An alert of a node."""
    return Onset(at, f"{node}/{name}", f"o{at:.0f}", node, name, place)


def several(begin: float, node: str, count: int) -> list[Onset]:
    """Different alerts of a node, one a second."""
    return [alert(begin + each, node, f"{node}-{each}") for each in range(count)]


def numbers(disruptions: Disruptions, *onsets: Onset) -> list[int]:
    """Where they belong."""
    register = FakeRegister(first=max([0, *disruptions.going]) + 1)
    return [disruptions.decide(onset, register).number for onset in onsets]


def test_a_reason_says_what_was_found_and_how_long_before() -> None:
    """With the alert that it speaks of and the edge of the topology."""
    disruptions, register = Disruptions(TOPOLOGY, RULES), FakeRegister()
    opened = disruptions.decide(alert(0, "san1", "raid"), register)
    joined = disruptions.decide(alert(75, "esx1", "disk"), register)
    assert "nothing was going on that san1 has to do with" == opened.reason.text
    assert (
        Reason(
            "effect",
            "esx1 depends on san1, which alerted 1 min 15 s before",
            ("san1/raid",),
            ("san1", "esx1"),
            75.0,
        )
        == joined.reason
    )


def test_two_storms_that_are_one_gather_in_as_one() -> None:
    """What either was, the one that is left is."""
    disruptions = Disruptions(TOPOLOGY, RULES)
    one = [replace(each, place="site=ulm") for each in several(0, "esx1", 5)]
    other = [replace(each, barred=frozenset((1,))) for each in several(10, "esx2", 5)]
    assert [1] * 5 + [2] * 5 == numbers(disruptions, *one, *other)
    assert [1] == numbers(disruptions, alert(20, "san1", "raid"))
    assert 1 == disruptions.root(2)
    assert [1, 1] == numbers(
        disruptions, alert(25, "ups1", "battery"), alert(26, "ups2", "fuse", "site=ulm")
    )


@pytest.mark.parametrize("draft", [-1, -2])
def test_what_gets_its_number_keeps_all_else(draft: int) -> None:
    """The place that it gathers at, and which one began in the midst of the other."""
    disruptions = Disruptions(TOPOLOGY, RULES)
    for onset in several(0, "esx1", 10):
        disruptions.recall(onset, -1)
    disruptions.recall(alert(70, "esx1", "fan"), -2)
    disruptions.overtaken[-1] = -2
    disruptions.going[-1].apart.add(-2)
    disruptions.going[-2].apart.add(-1)
    disruptions.rename(draft, 7)
    disruptions.tell({draft: 7})
    assert disruptions.overtaken == ({7: -2} if draft == -1 else {-1: 7})
    assert 7 in disruptions.going[-1 if draft == -2 else -2].apart
    assert 7 == disruptions.root(draft)


def test_what_is_over_goes_on_by_hand_though_it_was_overtaken() -> None:
    """After so long it does not matter any more what began in its midst."""
    disruptions = Disruptions(TOPOLOGY, RULES)
    disruptions.recall(alert(0, "esx1", "disk"), 1)
    disruptions.overtaken[1] = 2
    later = horizon(RULES).total_seconds()
    back = replace(alert(later, "nas1", "disk"), home=1, why=BACK)
    assert [1] == numbers(disruptions, back)
    disruptions.forget(3 * later)
    assert {} == disruptions.going


LATE = alert(50, "esx1", "load", None)
ASIDE = [
    ("nothing was going on", LATE, [alert(60, "nas1", "load")], True),
    ("it joins what was over", LATE, [alert(0, "esx1", "disk")], True),
    ("its host alerted since", LATE, [alert(60, "esx1", "disk")], False),
    ("its switch alerted since", LATE, [alert(60, "san1", "disk")], False),
    ("what it carries alerted since", alert(50, "san1", "load"), [alert(60, "esx1", "d")], False),
    ("a neighbour alerted since", LATE, [alert(60, "esx2", "disk")], False),
    ("its place has the same", alert(50, "a", "load"), [alert(60, "b", "load")], False),
    ("what it joins went on elsewhere", LATE, [*several(0, "esx1", 4), alert(60, "b", "d")], True),
    ("it joins a storm", LATE, several(0, "esx1", 10), False),
    ("it makes a storm", LATE, [replace(e, place=None) for e in several(0, "esx1", 9)], False),
    ("its place is crowded", alert(50, "a", "load"), several(0, "esx1", 5), False),
    ("it crowds its place", replace(LATE, place="site=bonn"), several(0, "esx1", 4), False),
    ("its condition is back", replace(LATE, after=("k", "o"), why=BACK), [], False),
    ("it may not be there", replace(LATE, barred=frozenset((1,))), [], False),
]


@pytest.mark.parametrize(
    ("onset", "known", "expected"), [each[1:] for each in ASIDE], ids=[each[0] for each in ASIDE]
)
def test_what_comes_late_stands_aside_if_nothing_since_has_to_do_with_it(
    onset: Onset, known: list[Onset], expected: bool
) -> None:
    """Then it changes nothing of what was decided; where that is not plain, it may."""
    disruptions = Disruptions(TOPOLOGY, RULES)
    numbers(disruptions, *known)

    assert expected == disruptions.stands_aside(onset)


def test_what_comes_late_does_not_stand_aside_between_two() -> None:
    """It may show them to be one."""
    disruptions = Disruptions(TOPOLOGY, RULES)
    other = replace(alert(1, "esx2", "b", None), barred=frozenset((1,)))
    numbers(disruptions, alert(0, "esx1", "a", None), other)

    assert not disruptions.stands_aside(alert(50, "san1", "load", None))


def test_what_comes_late_does_not_stand_aside_from_a_storm_that_was_overtaken_since() -> None:
    """When it began, that storm still took in whatever began at its place."""
    disruptions = Disruptions(TOPOLOGY, RULES)
    numbers(disruptions, *several(0, "esx1", 10), alert(80, "esx1", "fan"))
    assert {1: 2} == disruptions.overtaken

    assert not disruptions.stands_aside(alert(40, "ups1", "battery"))
    assert disruptions.stands_aside(alert(40, "ups1", "battery", "site=ulm"))


def test_under_rules_by_which_one_alert_is_a_storm_nothing_stands_aside() -> None:
    """Whatever begins takes in what begins at its place after it."""
    hasty = replace(RULES, storm=replace(RULES.storm, gather=1))

    assert not Disruptions(TOPOLOGY, hasty).stands_aside(LATE)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(9.4, "9 s"), (60, "1 min"), (61, "1 min 1 s"), (3600, "60 min")]
)
def test_a_span_of_time_is_spoken(seconds: float, expected: str) -> None:
    """In minutes and seconds."""
    assert expected == spoken(seconds)
