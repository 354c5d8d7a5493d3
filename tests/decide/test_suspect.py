"""The suspect is what stands out, among others and from other days, and takes others along."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random
from typing import NamedTuple

import pytest

from watcher.decide.activity import Onset
from watcher.decide.suspect import LIKELY_CAUSE, Lineup
from watcher.decide.topology import Topology
from watcher.model.catalogue import Service
from watcher.model.incident import Suspect

FIVE_MINUTES = timedelta(minutes=5)
BEGIN = 1_772_334_000.0


class Fired(NamedTuple):
    """An alert: so many seconds after three, where, what, and how often that was so before."""

    second: float
    node: str
    name: str
    before: int = 0
    node_before: int | None = None
    key: str = ""

    @property
    def onset(self) -> Onset:
        """The same as the lineup gets it."""
        key = self.key or f"{self.node}/{self.name}"
        return Onset(BEGIN + self.second, key, "1", self.node, self.name)


def service(name: str, hosts: Sequence[str] = (), depends_on: Sequence[str] = ()) -> Service:
    """An entry of the catalogue; one that is its own host is a device."""
    return Service("acme", name, 2, tuple(hosts), tuple(depends_on))


def device(name: str, carries: Sequence[str]) -> Service:
    """Something that others are connected to."""
    return service(name, (name, *carries))


def note(lineup: Lineup, fired: Fired) -> None:
    """Adds an alert to a lineup."""
    rest = fired.before if fired.node_before is None else fired.node_before
    lineup.note(fired.onset, fired.before, rest)


def lineup_of(services: Sequence[Service], *fired: Fired) -> Lineup:
    """The alerts of one incident."""
    lineup = Lineup(Topology(services), FIVE_MINUTES)
    for each in fired:
        note(lineup, each)
    return lineup


def suspect(services: Sequence[Service], *fired: Fired) -> Suspect:
    """The likely cause of an incident with these alerts."""
    found = lineup_of(services, *fired).suspect()
    assert found is not None
    return found


DESKS = [f"desk{number:02}" for number in range(40)]
OFFICE = [device("switch7", DESKS)]
AWAY = "Host is unreachable"
DARK = [Fired(number, desk, AWAY, 2) for number, desk in enumerate(DESKS)]

SHOP = [
    service("database", ["db1"]),
    service("orders", ["orders1", "orders2"], ["database"]),
    service("search", ["search1"], ["database"]),
    service("billing", ["billing1"], ["database"]),
]

ROOM = [device("ups1", ["rack1", "rack2"]), device("rack1", ["web1"]), device("rack2", ["web2"])]


def test_a_switch_that_alerts_after_its_hosts_is_the_suspect() -> None:
    """The switch is polled more rarely than the forty hosts behind it, so that it comes last."""
    found = suspect(OFFICE, *DARK, Fired(52, "switch7", "Link down"))

    assert ("switch7", "switch7/Link down", BEGIN + 52) == (
        found.host, found.key, found.started_at.timestamp(),
    )  # fmt: skip
    assert (
        "all 40 hosts and services that depend on it alert;"
        " its own alert 'Link down' is new here; first alert after 52 s"
    ) == found.reason.text
    assert (LIKELY_CAUSE, ("switch7/Link down",), 52) == (
        found.reason.rule, found.reason.keys, found.reason.gap,
    )  # fmt: skip


def test_a_switch_that_never_alerts_is_the_suspect_all_the_same() -> None:
    """Nobody watches it, or it cannot say it: it is named by its host, since its first effect."""
    found = suspect(OFFICE, *DARK[3:10])

    assert ("switch7", "", datetime.fromtimestamp(BEGIN + 3, UTC)) == (
        found.host, found.key, found.started_at,
    )  # fmt: skip
    assert ((), None) == (found.reason.keys, found.reason.gap)
    assert (
        "7 of the 40 hosts and services that depend on it alert; it has no alert of its own"
    ) == found.reason.text


def test_a_slow_database_behind_three_services_is_the_suspect() -> None:
    """The services complain first, and all of the same."""
    found = suspect(
        SHOP,
        Fired(0, "orders1", "Requests are slow", 4),
        Fired(3, "search1", "Requests are slow", 3),
        Fired(9, "billing1", "Requests are slow", 1),
        Fired(15, "orders2", "Requests are slow", 4),
        Fired(40, "db1", "Queries wait for locks", 1),
    )

    assert "db1" == found.host
    assert (
        "4 of the 8 hosts and services that depend on it alert;"
        " its own alert 'Queries wait for locks' fired here once before; first alert after 40 s"
    ) == found.reason.text


def test_a_noisy_alert_on_a_busy_host_is_not_the_cause() -> None:
    """It fires every other hour: that it fires now as well says little."""
    found = suspect(
        SHOP,
        Fired(0, "search1", "CPU is busy", 300),
        Fired(20, "db1", "Disk is full", 0),
        Fired(30, "orders1", "Requests are slow", 4),
    )

    assert ("db1", "db1/Disk is full") == (found.host, found.key)


def test_a_power_supply_takes_racks_and_their_hosts_along() -> None:
    """What hangs on it over two hops counts for it."""
    found = suspect(
        ROOM,
        Fired(0, "web1", AWAY),
        Fired(1, "rack1", AWAY),
        Fired(2, "web2", AWAY),
        Fired(3, "rack2", AWAY),
        Fired(4, "ups1", "On battery"),
    )

    assert "ups1" == found.host
    assert found.reason.text.startswith("all 4 hosts and services that depend on it alert")


def test_an_alert_that_stands_alone_is_the_suspect() -> None:
    """There is nothing else to hold for the cause."""
    found = suspect([], Fired(0, "db1", "Disk is full", 3))

    assert ("db1", "its own alert 'Disk is full' fired here 3 times before;"
            " nothing alerted before it") == (found.host, found.reason.text)  # fmt: skip


def test_an_alert_without_host_and_service_stands_for_itself() -> None:
    """Its key is no host."""
    found = suspect([], Fired(0, "v1:backup", "Backup is late", key="v1:backup"))

    assert (None, "v1:backup") == (found.host, found.key)


@pytest.mark.parametrize(
    ("fired", "text"),
    [
        ([Fired(0, "a", "X"), Fired(0, "b", "X", 1)], "'X' is new here and fires on 1 other;"),
        (
            [Fired(0, "a", "X"), Fired(0, "b", "X", 1), Fired(0, "c", "X", 1)],
            "'X' is new here and fires on 2 others;",
        ),
        ([Fired(0, "a", "X", 2), Fired(9, "a", "Y", 1)], "'Y' (one of 2) fired here once before;"),
    ],
    ids=["one other", "others", "more of its own"],
)
def test_the_reason_tells_how_its_alert_stands_out(fired: list[Fired], text: str) -> None:
    """How rare the most telling one is there, and on how many others it fires."""
    assert f"its own alert {text} nothing alerted before it" == suspect([], *fired).reason.text


def test_the_only_thing_that_depends_on_it_is_not_counted() -> None:
    """'All 1 hosts' is no sentence."""
    found = suspect([device("box1", ["vm1"])], Fired(0, "box1", "Hot"), Fired(2, "vm1", AWAY))

    assert found.reason.text.startswith("what depends on it alerts; its own alert 'Hot'")


def test_so_many_alerts_of_the_suspect_are_named_and_no_more() -> None:
    """The most telling first."""
    found = suspect([], *(Fired(0, "db1", f"N{number}", number) for number in range(20)))

    assert tuple(f"db1/N{number}" for number in range(8)) == found.reason.keys


def test_what_comes_after_five_minutes_is_a_consequence() -> None:
    """It is not looked at, whenever it is heard of."""
    late, early = Fired(301, "db1", "Disk is full"), Fired(0, "web1", "Requests are slow", 8)

    assert "web1" == suspect(SHOP, early, late).host
    assert "web1" == suspect(SHOP, late, early).host
    assert "db1" == suspect(SHOP, early, late._replace(second=300)).host


def test_nobody_is_suspected_where_nothing_alerts() -> None:
    """A person opened the incident by hand."""
    lineup = lineup_of(SHOP)

    assert (None, None) == (lineup.suspect(), lineup.first)


def storm(random: Random) -> list[Fired]:
    """Many alerts of few names on few hosts, some at the same time."""
    hosts = ["switch7", *DESKS[:6], "db1", "orders1", "orders2", "search1", "elsewhere"]
    return [
        Fired(
            random.choice([0, 0, 1, 7.5, 60, 299, 301, 400]),
            node := random.choice(hosts),
            random.choice(["Link down", "CPU is busy", AWAY]),
            len(node) % 4,
            len(node) % 5 + 3,
            key=f"k{number}",
        )
        for number in range(random.randrange(1, 14))
    ]


@pytest.mark.parametrize("seed", range(60))
def test_order_and_doubles_make_no_difference(seed: int) -> None:
    """Whatever comes first, comes twice, or is asked about in between."""
    random = Random(seed)
    fired = storm(random)
    expected = suspect([*OFFICE, *SHOP], *fired)

    shuffled = [*fired, *random.choices(fired, k=4)]
    random.shuffle(shuffled)
    lineup = lineup_of([*OFFICE, *SHOP])
    for each in shuffled:
        note(lineup, each)
        if random.random() < 0.5:
            lineup.suspect()

    assert expected == lineup.suspect()


@pytest.mark.parametrize("seed", range(30))
def test_an_alert_that_went_elsewhere_leaves_no_trace(seed: int) -> None:
    """As if it had never been noted."""
    random = Random(seed)
    fired = [each for each in storm(random) if each.second < 300]
    fired.append(Fired(3, "db1", "Disk is full"))
    gone = random.choice(fired[:-1] or [Fired(1, "none", "none")])
    lineup = lineup_of([*OFFICE, *SHOP], *fired)

    lineup.drop(gone.onset.span)
    lineup.drop(gone.onset.span)

    rest = [each for each in fired if each != gone]
    assert lineup_of([*OFFICE, *SHOP], *rest).suspect() == lineup.suspect()


def test_the_last_alert_may_go_as_well() -> None:
    """Then nobody is suspected, and another may come."""
    only = Fired(0, "db1", "Disk is full")
    lineup = lineup_of([], only)
    lineup.drop(only.onset.span)

    assert lineup.suspect() is None
    note(lineup, Fired(900, "web1", "Requests are slow"))
    assert "web1" == getattr(lineup.suspect(), "host", None)


@pytest.mark.parametrize("seed", range(30))
def test_two_incidents_that_become_one_have_one_suspect(seed: int) -> None:
    """As if all their alerts had been noted in one place."""
    random = Random(seed)
    fired = storm(random)
    cut = random.randrange(len(fired) + 1)
    one, other = (lineup_of(OFFICE, *part) for part in (fired[:cut], fired[cut:]))
    one.suspect()

    one.take_in(other)

    assert suspect(OFFICE, *fired) == one.suspect()


def test_the_rarer_of_two_counts_of_the_same_holds() -> None:
    """What is counted later includes the incident itself."""
    began = [Fired(1, "db1", "X", 1, 4, key="b"), Fired(2, "db1", "X", 0, 3, key="a"),
             Fired(5, "web1", "X", 0, 1)]  # fmt: skip
    found = [suspect([device("db1", ["web1"])], *order) for order in permutations(began)]

    assert [found[0]] * 6 == found
    assert "b" == found[0].key
    assert "its own alert 'X' is new here and fires on 1 other" in found[0].reason.text


def test_an_alert_that_was_renamed_counts_once() -> None:
    """Whichever of its names is heard of last."""
    names = [Fired(0, "db1", name, key="k") for name in ("Disk 97 % full", "Disk 98 % full")]

    one, other = suspect([], *names), suspect([], *reversed(names))

    assert one == other
    assert "its own alert 'Disk 97 % full' is new here" in one.reason.text


@pytest.mark.parametrize("seed", range(20))
def test_what_makes_a_node_alert_counts_it_among_its_own(seed: int) -> None:
    """Else more could alert than there are: "3 of the 2"."""
    random = Random(seed)
    names = [f"n{number}" for number in range(12)]
    topology = Topology(
        service(name, random.choices(names, k=random.randrange(4)), random.choices(names, k=2))
        for name in random.sample(names, 8)
    )

    assert {(above, node) for node in names for above in topology.above(node)} == {
        (node, below) for node in names for below in topology.below(node)
    }


def test_the_first_alert_and_the_end_of_doubt_are_known() -> None:
    """The title is that of the first until the suspect is settled."""
    lineup = lineup_of([], Fired(5, "b", "X"), Fired(5, "a", "X"))

    assert lineup.first is not None
    assert ("a", BEGIN + 305) == (lineup.first.node, lineup.until)


def test_a_storm_is_not_weighed_with_every_alert() -> None:
    """Each alert of a small incident is news; later an eighth more is."""
    lineup = Lineup(Topology(OFFICE), FIVE_MINUTES)
    picked = []
    for number in range(2000):
        note(lineup, Fired(number / 10, DESKS[number % 40], AWAY, key=f"k{number}"))
        if lineup.stale:
            lineup.suspect()
            picked.append(number + 1)

    assert [*range(1, 9), 10, 12, 14, 16, 19] == picked[:13]
    assert len(picked) < 60
    note(lineup, Fired(0, DESKS[0], AWAY, key="k0"))
    lineup.suspect()
    assert not lineup.stale
