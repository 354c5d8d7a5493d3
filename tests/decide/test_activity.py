"""What an alert that starts has in common with what was seen before."""

import pytest

from watcher.decide.activity import Activity, Onset
from watcher.decide.topology import Topology
from watcher.model.catalogue import Service
from watcher.model.policy import Grouping

TOPOLOGY = Topology(
    [
        Service("acme", "sw1", 2, hosts=("sw1", "web1", "web2")),
        Service("acme", "shop", 4, hosts=("web1", "web2"), depends_on=("db",)),
        Service("acme", "db", 3, hosts=("db1",)),
    ]
)
RULES = Grouping()


def alert(at: float, node: str, name: str = "ping", place: str | None = None) -> Onset:
    """An alert of a node."""
    return Onset(at, f"{node}/{name}", "o1", node, name, place)


def found(seen: Onset, now: Onset) -> set[tuple[str, tuple[str, str] | None]]:
    """The evidence for one disruption: rule and edge."""
    activity = Activity()
    activity.note(1, seen, TOPOLOGY)
    return {(each.rule, each.edge) for _, each in activity.evidence(now, TOPOLOGY, RULES)}


@pytest.mark.parametrize(
    ("seen", "now", "expected"),
    [
        (alert(0, "web1"), alert(900, "web1", "load"), {("same-host", None)}),
        (alert(0, "web1"), alert(901, "web1", "load"), set()),
        (alert(0, "sw1"), alert(600, "web1"), {("effect", ("sw1", "web1"))}),
        (alert(0, "sw1"), alert(601, "web1"), set()),
        (alert(0, "db"), alert(300, "web1"), {("effect", ("db", "web1"))}),
        (alert(0, "db"), alert(301, "web1"), set()),
        (alert(0, "db1"), alert(1, "web1"), set()),
        (alert(0, "web1"), alert(180, "sw1"), {("cause", ("sw1", "web1"))}),
        (alert(0, "web1"), alert(181, "sw1"), set()),
        (alert(0, "web1"), alert(60, "db"), {("cause", ("db", "web1"))}),
        (
            alert(0, "web1"),
            alert(60, "web2"),
            {("shared-cause", ("shop", "web2")), ("shared-cause", ("sw1", "web2"))},
        ),
        (
            alert(0, "nas1", place="site=bonn"),
            alert(120, "nas2", place="site=bonn"),
            {("alike", None)},
        ),
        (alert(0, "nas1", place="site=bonn"), alert(121, "nas2", place="site=bonn"), set()),
        (alert(0, "nas1", place="site=bonn"), alert(9, "nas2", place="site=ulm"), set()),
        (alert(0, "nas1", place="site=bonn"), alert(9, "nas2", "disk", "site=bonn"), set()),
    ],
)  # fmt: skip
def test_each_kind_of_evidence_counts_for_its_time(
    seen: Onset, now: Onset, expected: set[tuple[str, tuple[str, str] | None]]
) -> None:
    """Nearer in the topology counts for longer, and what is stale counts for nothing."""
    assert expected == found(seen, now)


def test_what_was_let_go_of_is_no_evidence() -> None:
    """A copy still knows it."""
    activity = Activity()
    activity.note(1, alert(0, "web1"), TOPOLOGY)
    activity.note(2, alert(60, "web1", "load"), TOPOLOGY)
    copy = activity.copy()
    activity.forget(0)
    assert {2} == activity.numbers()
    activity.forget(60)
    assert set() == activity.numbers()
    assert {1, 2} == copy.numbers()
