"""Where alerts belong, one after the other and out of order."""

from collections.abc import Mapping
from dataclasses import replace

from tests.decide.incidents import FakeRegister, followed
from watcher.decide.activity import Onset
from watcher.decide.correlator import Correlator, Place
from watcher.decide.topology import Topology
from watcher.model.catalogue import Service
from watcher.model.policy import Grouping
from watcher.model.reason import Reason

TOPOLOGY = Topology(
    [
        Service("acme", "sw1", 2, hosts=("sw1", "web1", "web2")),
        Service("acme", "shop", 4, hosts=("web1", "web2"), depends_on=("db1", "db2")),
        Service("acme", "billing", 3, hosts=("bill1",), depends_on=("db1",)),
        Service("acme", "crm", 3, hosts=("crm1",), depends_on=("db1",)),
    ]
)
BACK = Reason("same-condition", "its condition is back")
MOVED = Reason("moved", "a person put it there")


def alert(at: float, node: str, name: str = "ping", place: str | None = None) -> Onset:
    """An alert of a node."""
    return Onset(at, f"{node}/{name}", f"o{at:.0f}", node, name, place)


def storm(begin: float, count: int = 10, seconds: float = 50) -> list[Onset]:
    """So many different alerts on one server, evenly within that time."""
    return [
        alert(begin + each * seconds / count, "esx1", f"name-{begin}-{each}", "site=bonn")
        for each in range(count)
    ]


def groups(*onsets: Onset, register: FakeRegister | None = None) -> list[list[str]]:
    """Which conditions are together when they are heard of in this order."""
    found = followed(Correlator(TOPOLOGY, Grouping()), onsets, register).partition()
    return sorted(sorted({key for key, _ in group}) for group in found)


def test_a_switch_takes_hosts_and_services_with_it() -> None:
    """All that follows from it is one incident."""
    alerts = alert(0, "sw1"), alert(20, "web1"), alert(25, "web2"), alert(60, "shop", "http")
    assert 1 == len(groups(*alerts))


def test_a_slow_database_is_one_incident_with_its_three_users() -> None:
    """Though the database itself is seen last."""
    users = alert(0, "shop", "slow"), alert(5, "billing", "slow"), alert(9, "crm", "slow")
    assert 1 == len(groups(*users, alert(30, "db1", "slow queries")))


def test_two_databases_of_one_service_are_two_incidents() -> None:
    """An alert of the service is an effect of either, and says not that they are one."""
    assert [["db1/down"], ["db2/down", "shop/http"]] == groups(
        alert(0, "db1", "down"), alert(30, "db2", "down"), alert(60, "shop", "http")
    )


def test_the_same_alert_at_one_place_is_one_incident_for_two_minutes() -> None:
    """After that it is another."""
    disks = [alert(60.0 * each, f"nas{each}", "disk", "site=bonn") for each in range(3)]
    late = alert(300, "nas9", "disk", "site=bonn")
    assert [["nas0/disk", "nas1/disk", "nas2/disk"], ["nas9/disk"]] == groups(*disks, late)


def test_pings_before_that_of_their_switch_are_one_incident_while_young() -> None:
    """What is older than the lateness window stays as it is."""
    services = Topology([Service("acme", "core", 2, hosts=("core", "a", "b"))])
    apart = Grouping(cause=Grouping().lateness * 2)
    for at, expected in ((100.0, 1), (130.0, 2)):
        correlator, register = Correlator(services, apart), FakeRegister()
        a = replace(alert(0, "a"), barred=frozenset((2,)))
        b = replace(alert(1, "b"), barred=frozenset((1,)))
        merged = followed(correlator, [a, b, alert(at, "core")], register)
        assert expected == len(merged.partition())


def test_what_may_not_be_merged_stays_apart() -> None:
    """Because somebody works on it, or said that it is another."""
    alerts = alert(0, "db1"), replace(alert(5, "crm", "slow"), barred=frozenset((1,)))
    bridge = alert(10, "db1", "slow")
    assert 1 == len(groups(*alerts, bridge))
    assert 2 == len(groups(*alerts, bridge, register=FakeRegister(kept=[2])))
    assert 2 == len(groups(*alerts, bridge, register=FakeRegister(parted=[frozenset((1, 2))])))
    late = alert(3, "ups1", "battery")
    assert 3 == len(groups(*alerts, bridge, late, register=FakeRegister(kept=[2])))
    parted = FakeRegister(parted=[frozenset((1, 2))])
    assert 3 == len(groups(*alerts, bridge, late, register=parted))


def test_late_news_does_not_merge_what_somebody_works_on() -> None:
    """Though it shows the one to be part of the other: what opened an incident stays in it."""
    needs = {"a": ("b",), "b": ("c",), "c": ("d",)}
    chain = Topology(Service("acme", name, 2, depends_on=each) for name, each in needs.items())
    far, end, between = alert(0, "d"), alert(10, "a"), alert(5, "b")
    free = followed(Correlator(chain, Grouping()), [far, end, between])
    kept = followed(Correlator(chain, Grouping()), [far, end, between], FakeRegister(kept=[2]))

    assert {1} == free.live
    assert {1, 2} == kept.live
    assert (1, 2) == (kept.where[between.span], kept.where[end.span])


def test_late_news_leaves_a_surge_that_somebody_works_on_whole() -> None:
    """It opens again as it did, with the alerts that began it."""
    calm = [alert(60.0 + 20 * each, "esx1", "again", "site=bonn") for each in range(12)]
    # What may not be just anywhere has whatever came after it decided again.
    late = replace(alert(290, "ups1", "battery"), barred=frozenset((9,)))
    surge = storm(301, 6, 3)
    expected = groups(*storm(0), *calm, *surge, late)
    assert 3 == len(expected)
    assert expected == groups(*storm(0), *calm, *surge, late, register=FakeRegister(kept=[2]))


def test_a_second_fault_at_a_place_is_an_incident_of_its_own() -> None:
    """It has nothing to do with the first."""
    assert 2 == len(
        groups(alert(0, "nas1", "disk", "site=bonn"), alert(9, "ups1", "battery", "site=bonn"))
    )


def test_a_storm_gathers_in_what_starts_at_its_place() -> None:
    """Five different alerts of one place are enough for that."""
    other = alert(40, "ups1", "battery", "site=bonn")
    assert 2 == len(groups(*storm(0, 4, 30), other))
    assert 1 == len(groups(*storm(0, 6, 30), other))


def test_a_storm_shows_what_was_there_before_to_be_part_of_it() -> None:
    """What began a moment before at its place is merged."""
    first = alert(0, "ups1", "battery", "site=bonn")
    assert 1 == len(groups(first, *storm(5, 8, 30)))


def test_after_a_storm_and_silence_another_disruption_begins() -> None:
    """What had taken everything in takes in no more, but what returns to it by hand."""
    *_, last = calm = storm(0)
    after = alert(last.at + 51, "esx1", "fan")
    back = replace(alert(last.at + 53, "esx1", "psu"), after=last.span, why=BACK)
    pinned = replace(alert(last.at + 54, "esx1", "raid"), home=1, why=MOVED, pinned=True)
    assert [["esx1/fan", "esx1/psu"]] == groups(*calm, after, back)[:1]
    assert "esx1/raid" in groups(*calm, after, back, pinned)[1]


def test_many_different_alerts_in_the_midst_of_a_storm_are_another() -> None:
    """The surge begins with its first alert, not with the one that gave it away."""
    calm = [alert(60.0 + 20 * each, "esx1", "again", "site=bonn") for each in range(12)]
    surge = storm(301, 6, 3)
    found = groups(*storm(0), *calm, *surge)
    assert {each.key for each in surge} <= set(found[-1]) | set(found[0])
    assert 2 == len(found)
    assert found == groups(*storm(0), *calm, *reversed(surge))


def test_a_condition_that_is_back_returns_unless_it_was_away_for_long() -> None:
    """After the long way home other evidence counts for more."""
    disk, fault = alert(0, "web1", "disk"), alert(2000, "bill1", "raid")
    back = replace(alert(2010, "bill1", "disk"), home=1007, why=BACK)
    assert [["bill1/disk"], ["bill1/raid"], ["web1/disk"]] == groups(disk, fault, back)
    assert 2 == len(groups(disk, fault, replace(back, long=True)))
    alone = replace(back, node="nas1", long=True)
    assert 3 == len(groups(disk, fault, alone))


def test_what_a_person_pinned_stays_there_when_others_come_late() -> None:
    """Its home is the same incident, though that is decided again."""
    cpu, pinned = (
        alert(0, "crm1", "cpu"),
        replace(alert(30, "nas1"), home=1, why=MOVED, pinned=True),
    )
    assert [["crm1/cpu", "nas1/ping"], ["ups1/ping"]] == groups(cpu, pinned, alert(10, "ups1"))


def test_what_a_person_pinned_stays_there_though_its_span_before_is_elsewhere() -> None:
    """Not only when it begins, but also when that is decided again."""
    cpu, first, late = alert(0, "crm1", "cpu"), alert(5, "nas1"), alert(20, "ups1")
    pinned = replace(alert(30, "nas1"), home=1, after=first.span, why=MOVED, pinned=True)
    found = followed(Correlator(TOPOLOGY, Grouping()), [cpu, first, pinned, late]).where

    assert (1, 2) == (found[pinned.span], found[first.span])


def test_a_surge_leaves_what_a_person_pinned() -> None:
    """Though it came in the midst of what began it."""
    calm = [alert(60.0 + 20 * each, "esx1", "again", "site=bonn") for each in range(12)]
    first, pinned, *rest = storm(301, 6, 3)
    pinned = replace(pinned, home=1, why=MOVED, pinned=True)
    found = followed(Correlator(TOPOLOGY, Grouping()), [*storm(0), *calm, first, pinned, *rest])

    assert (2, 1, 2) == tuple(found.where[each.span] for each in (first, pinned, rest[-1]))


def test_what_did_not_open_its_incident_after_all_says_why_it_is_there() -> None:
    """Both began at once: the first by name is the first, whichever was heard of first."""
    later, first = alert(5, "web1", "b"), alert(5, "web1", "a")
    correlator, register = Correlator(TOPOLOGY, Grouping()), FakeRegister()
    correlator.take(later, register)
    ruling = correlator.take(first, register)

    assert {first.span: (1, "new-disruption"), later.span: (1, "same-host")} == {
        each.onset.span: (each.number, each.reason.rule) for each in ruling.placed
    }


def test_what_shows_two_incidents_to_be_one_is_named() -> None:
    """So that it can be checked, though it may later be found to belong elsewhere."""
    bridge = alert(32, "db1", "down")
    correlator, register = Correlator(TOPOLOGY, Grouping()), FakeRegister()
    for each in (alert(0, "web1"), alert(5, "crm1")):
        correlator.take(each, register)
    [merger] = correlator.take(bridge, register).merged

    assert ("crm1/ping", "db1/down") == merger.reason.keys
    assert 27 == merger.reason.gap


def test_an_incident_that_was_over_is_not_young_when_it_goes_on() -> None:
    """Nothing merges it after so long."""
    old = replace(alert(0, "db1"), home=1007, why=BACK)
    again = replace(alert(1200, "db1", "disk"), home=1007, why=BACK)
    later = replace(alert(1190, "crm", "slow"), barred=frozenset((1007,)))
    assert 2 == len(groups(old, later, again, alert(1210, "db1", "slow")))


def test_what_was_decided_before_a_restart_is_taken_up() -> None:
    """With what had been overtaken."""
    correlator = Correlator(TOPOLOGY, Grouping())
    was = [(alert(10, "db2"), 2), (alert(0, "db1"), 1), (alert(20, "db2"), 2)]
    correlator.recall([Place(*each, Reason("recalled", "")) for each in was], {1: 2})
    register = FakeRegister(first=3)
    assert [3] == [
        each.number for each in correlator.take(alert(30, "db1", "cpu"), register).placed
    ]
    assert [2] == [
        each.number for each in correlator.take(alert(30, "db2", "cpu"), register).placed
    ]
    assert ({2}, 2) == (correlator.on("db2"), correlator.root(2))


def test_a_long_storm_is_decided_the_same_out_of_order() -> None:
    """Many more alerts than are kept at once, each no later than the lateness window."""
    alerts = [alert(each / 4, f"n{each % 50}", f"a{each}", "site=bonn") for each in range(1200)]
    swapped = list(alerts)
    for each in range(99, 1200, 100):
        swapped.insert(each + 20, swapped.pop(each))
    assert groups(*alerts) == groups(*swapped)


def test_a_merger_that_turns_out_wrong_is_taken_back() -> None:
    """A person put what had shown the two to be one elsewhere: the second is an incident again."""
    correlator, register = Correlator(TOPOLOGY, Grouping()), FakeRegister()
    bridge = alert(32, "db1", "down")
    incidents = followed(correlator, [alert(0, "web1"), alert(5, "crm1"), bridge], register)
    assert {2: 1} == incidents.merged

    incidents.follow(correlator.take(replace(bridge, home=1, why=MOVED, pinned=True), register))

    assert {
        frozenset({("web1/ping", "o0"), bridge.span}),
        frozenset({("crm1/ping", "o5")}),
    } == incidents.partition()


def test_what_overtook_a_storm_stays_apart_from_it_when_it_is_merged() -> None:
    """Whatever takes it in is apart from the storm as well."""
    names = [alert(each * 3, "web1", f"name-{each}") for each in range(10)]
    after = alert(40, "crm1"), alert(85, "web1", "again"), alert(100, "db1", "down")
    together = alert(150, "web1", "more"), alert(151, "crm1", "more")

    assert [
        sorted(each.key for each in names),
        sorted(each.key for each in (*after, *together)),
    ] == sorted(groups(*names, *after, *together), key=len, reverse=True)


def test_late_news_leaves_a_storm_that_is_over_as_it_was() -> None:
    """All of it is decided again, and is the same."""
    known = *storm(10), alert(130, "esx1", "again", "site=bonn")
    late = alert(0, "crm1")

    assert groups(late, *known) == groups(*known, late)


def test_a_long_storm_is_decided_again_from_any_moment_of_it() -> None:
    """The longer ago, the fewer copies are kept; what comes late is placed right all the same."""
    alerts = [
        replace(alert(each / 50, f"vm{each % 7}", f"name-{each // 70}"), occurrence=str(each))
        for each in range(6200)
    ]
    early = replace(alert(3.01, "crm1"), occurrence="late")

    assert groups(*alerts, early) == groups(*sorted((*alerts, early), key=lambda each: each.id))


class Asked(Topology):
    """Counts how often anybody asks of it, which every decision does."""

    times = 0

    def around(self, node: str, service: str | None) -> Mapping[str, int]:
        self.times += 1
        return super().around(node, service)


def numbered(begin: float, count: int, seconds: float, node: str) -> list[Onset]:
    """So many alerts evenly within that time, each on a node of its own."""
    return [
        replace(alert(begin + each * seconds / count, f"{node}{each}"), occurrence=f"{node}{each}")
        for each in range(count)
    ]


def test_late_news_has_nothing_decided_again_that_has_nothing_to_do_with_it() -> None:
    """What 300 missed alerts cost does not depend on how many others began just after them."""
    cost = []
    for live in (150, 600):
        topology = Asked()
        correlator, register = Correlator(topology, Grouping()), FakeRegister()
        began = followed(correlator, numbered(200, live, 30, "live"), register)
        before = topology.times
        for each in numbered(150, 300, 0.0003, "missed"):
            began.follow(correlator.take(each, register))
        cost.append(topology.times - before)

    few, many = cost
    assert many < 3 * few, "decided again"
    assert many < 300 * 20


def test_late_news_beside_others_is_where_it_would_have_been_in_time() -> None:
    """With its host, though that was decided after others had begun, and also the second time."""
    live, missed = numbered(200, 200, 30, "live"), numbered(150, 40, 20, "missed")
    again = [replace(each, at=each.at + 5, name="load", occurrence="2") for each in missed]
    late = sorted((*missed, *again), key=lambda each: each.id)
    bridge = [replace(each, at=229, name="again", occurrence="3") for each in missed[:5]]

    in_order = sorted((*live, *late, *bridge), key=lambda each: each.id)
    assert groups(*in_order) == groups(*live, *late, *bridge)


def test_what_is_merged_again_is_merged_under_the_number_that_it_has_by_now() -> None:
    """Nothing is left of the incident that it was meanwhile."""
    correlator, register = Correlator(TOPOLOGY, Grouping()), FakeRegister()
    bridge = alert(32, "db1", "down")
    incidents = followed(correlator, [alert(0, "web1"), alert(5, "crm1"), bridge], register)
    incidents.follow(correlator.take(replace(bridge, home=1, why=MOVED, pinned=True), register))
    assert {1, 3} == incidents.live

    incidents.follow(correlator.take(bridge, register))

    assert ({1}, {2: 1, 3: 1}) == (incidents.live, incidents.merged)
