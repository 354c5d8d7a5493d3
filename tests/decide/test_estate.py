"""What is taken over of the hosts and services that others describe, and what is left to people."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from watcher.decide.estate import compare
from watcher.decide.estate.words import system
from watcher.model.catalogue import Calendar, Customer, Host, Service, Sla
from watcher.model.estate import (
    Change,
    Described,
    Estate,
    FoundHost,
    FoundService,
    Known,
    Line,
    Proposal,
    Whose,
)

ACME = Whose("acme")
CUSTOMERS = (
    Described(Customer("default"), "always there"),
    Described(Customer("acme", "Acme Corporation"), "catalogue.yaml:2"),
)
EMPTY = Known(CUSTOMERS)


def host(name: str, **more: Any) -> FoundHost:
    """A host as Zabbix has it."""
    return FoundHost(**{"id": f"id-{name}", "name": name, "place": f"host {name}", **more})


def service(name: str, **more: Any) -> FoundService:
    """A service as Zabbix has it."""
    return FoundService(**{"id": f"s-{name}", "name": name, "place": f"service {name}", **more})


def proposed(
    *found: FoundHost | FoundService,
    known: Known = EMPTY,
    whose: Whose = ACME,
    rated: int | None = None,
) -> Proposal:
    """What becomes of these."""
    hosts = tuple(each for each in found if isinstance(each, FoundHost))
    services = tuple(each for each in found if isinstance(each, FoundService))
    return compare(Estate("Zabbix", hosts, services), known, whose, rated)


def said(proposal: Proposal) -> list[tuple[str, str, str]]:
    """The lines, without whose they are."""
    return [(each.change.value, each.what, each.why) for each in proposal.lines]


def again(proposal: Proposal, **more: Any) -> Known:
    """Our files once a proposal was taken over."""
    return Known(
        CUSTOMERS + tuple(Described(each, "x", own=True) for each in proposal.customers),
        tuple(Described(each, "x", own=True) for each in proposal.hosts) + more.get("hosts", ()),
        tuple(Described(each, "x", own=True) for each in proposal.services),
    )


def test_a_host_is_taken_over_with_all_its_names() -> None:
    """But those that name nothing: its address on itself, and macros. How to log in to it is never
    made up.
    """
    found = host(
        "db01",
        names=("Billing  database\x00 1", "DB01", "db01.acme.example"),
        addresses=("10.0.0.5", "127.0.0.1", "::", "{$IP}", "localhost", ""),
        tags=(("role", "database"), ("env", "прод"), (" ", "x")),
        os="linux",
    )
    proposal = proposed(found)

    assert (
        Host(
            "acme",
            "db01",
            ("10.0.0.5", "Billing database 1", "db01.acme.example"),
            "10.0.0.5",
            tags={"env": "прод", "os": "linux", "role": "database"},
        ),
    ) == proposal.hosts
    assert [
        (
            "new",
            "host db01",
            "at 10.0.0.5, also called Billing database 1, db01.acme.example, os linux",
        )
    ] == said(proposal)


def test_the_same_again_changes_nothing() -> None:
    """Whatever the order in which it is told."""
    found = (
        host("sw1"),
        host("db01", addresses=("10.0.0.5",), depends_on=("id-sw1",)),
        service("shop", hosts=("id-db01",), criticality=3),
    )
    first = proposed(*found, rated=2)
    second = proposed(*reversed(found), known=again(first), rated=2)

    assert replace(first, lines=()) == second


def test_what_changed_is_said_part_by_part() -> None:
    """Addresses, names and tags; what is gone, too."""
    before = proposed(
        host(
            "db01",
            names=("old",),
            addresses=("10.0.0.5",),
            tags=(("a", "1"), ("b", "1"), ("s", "1")),
        ),
        host("gone"),
    )
    after = proposed(
        host(
            "db01",
            names=("new",),
            addresses=("10.0.0.6",),
            tags=(("a", "2"), ("c", ""), ("s", "1")),
        ),
        known=again(before),
    )
    [changed, gone] = said(after)

    assert ("changed", "host db01") == changed[:2]
    assert [
        "address 10.0.0.5 -> 10.0.0.6",
        "also called 10.0.0.6",
        "also called new",
        "not called 10.0.0.5 any more",
        "not called old any more",
        "tag a 1 -> 2",
        "tag b 1 -> none",
        'tag c none -> ""',
    ] == changed[2].split(", ")
    assert ("gone", "host gone", "Zabbix has no such host any more") == gone


def test_what_people_added_to_an_entry_is_kept() -> None:
    """How one logs in to a host; who answers for a service, and when it is needed."""
    hours, gold = Calendar("office", ZoneInfo("UTC"), {}), Sla("gold")
    kept = Service("acme", "shop", 4, title="Shop", owners=("web",), calendar=hours, sla=gold)
    known = Known(
        CUSTOMERS,
        (Described(Host("acme", "db01", ssh="linux", port=2222), "x", own=True),),
        (Described(kept, "x", own=True),),
    )
    proposal = proposed(host("db01"), service("shop", hosts=("id-db01",)), known=known)

    assert (Host("acme", "db01", ssh="linux", port=2222),) == proposal.hosts
    assert (replace(kept, hosts=("db01",)),) == proposal.services
    assert [("changed", "service shop", "on db01")] == said(proposal)


def test_what_is_written_by_hand_wins() -> None:
    """It is left out, and what it lacks is said; under any of its names."""
    own = Host("acme", "db01", ("srv-db-01",), "10.0.0.5", ssh="linux")
    known = Known(CUSTOMERS, (Described(own, "inventory.yaml:2"),))
    proposal = proposed(
        host("SRV-DB-01", names=("Billing",), addresses=("10.0.0.5", "10.0.0.9")), known=known
    )

    assert () == proposal.hosts
    assert [
        (
            "by hand",
            "host db01",
            "inventory.yaml:2 describes it; Zabbix also calls it 10.0.0.9, Billing",
        )
    ] == said(proposal)


def test_a_host_of_which_everything_is_written_by_hand_is_no_news() -> None:
    """Nothing is said of it."""
    own = Host("acme", "db01", ("10.0.0.5",))
    known = Known(CUSTOMERS, (Described(own, "inventory.yaml:2"),))

    assert [] == said(proposed(host("db01", addresses=("10.0.0.5",)), known=known))


def test_two_hosts_of_one_name_are_never_one() -> None:
    """Neither is taken over, and one that was is not any more."""
    before = proposed(host("db01"))
    after = proposed(host("db01", id="1"), host("DB01", id="2"), known=again(before))

    assert () == after.hosts
    assert [
        ("gone", "host db01", "it is taken over no more, see below"),
        (
            "ambiguous",
            "host DB01",
            "2 hosts in Zabbix have this name (host DB01, host db01): none is taken over",
        ),
    ] == said(after)


def test_a_name_of_two_hosts_is_an_alias_of_neither() -> None:
    """Among those found, and between one of them and one written by hand."""
    own = Host("acme", "gate", ("10.0.0.1",))
    known = Known(CUSTOMERS, (Described(own, "inventory.yaml:7"),))
    proposal = proposed(
        host("a", addresses=("10.0.0.2",)),
        host("b", names=("A",), addresses=("10.0.0.2", "10.0.0.1")),
        known=known,
    )

    assert [(), ()] == [each.aliases for each in proposal.hosts]
    assert ["10.0.0.2", "10.0.0.2"] == [each.address for each in proposal.hosts]
    assert [
        ("name 10.0.0.1", "b and gate (inventory.yaml:7) go by it: none gets it as an alias"),
        ("name 10.0.0.2", "a and b go by it: none gets it as an alias"),
        ("name A", "a and b go by it: none gets it as an alias"),
    ] == [(what, why) for change, what, why in said(proposal) if change == "ambiguous"]


def test_a_tag_of_several_values_is_left_to_people() -> None:
    """Ours have one."""
    proposal = proposed(*(host(f"h{n}", tags=(("role", "a"), ("role", "b"))) for n in range(7)))

    assert {} == proposal.hosts[0].tags
    assert (
        "ambiguous",
        "tag role",
        "h0, h1, h2, h3, h4 and 2 more: several values, so none is taken over",
    ) in said(proposal)


@pytest.mark.parametrize(
    ("whose", "found", "customer"),
    [
        (Whose(group="Customers/"), {"groups": ("Linux", "Customers/acme/web")}, "acme"),
        (Whose(group="Customers/"), {"groups": ("Customers/ACME CORPORATION",)}, "acme"),
        (Whose(tag="customer"), {"tags": (("customer", "Globex"),)}, "Globex"),
        (Whose("acme", tag="customer"), {}, "acme"),
        (Whose(said=True), {"said": "globex"}, "globex"),
    ],
)
def test_whose_a_host_is_is_read_from_group_tag_or_words(
    whose: Whose, found: dict[str, Any], customer: str
) -> None:
    """Ours are known by name and title; who is new is described, too."""
    proposal = proposed(host("db01", **found), whose=whose)

    assert [customer] == [each.customer for each in proposal.hosts]
    assert ([] if customer == "acme" else [customer]) == [each.name for each in proposal.customers]


def test_strangers_are_never_mixed() -> None:
    """Who is of two or of nobody is left out; a service is not laid over two customers' hosts."""
    globex = (("customer", "globex"),)
    proposal = proposed(
        host("both", tags=(("customer", "acme"), *globex)),
        host("nobody"),
        host("a", tags=(("customer", "acme"),)),
        host("g", tags=globex, depends_on=("id-a",)),
        service("mail", hosts=("id-a", "id-g"), criticality=1),
        service("web", hosts=("id-a", "id-g"), criticality=1, tags=globex),
        service("empty"),
        whose=Whose(tag="customer"),
    )

    assert [("a", "acme"), ("g", "globex")] == [
        (each.name, each.customer) for each in proposal.hosts
    ]
    assert [Service("globex", "web", 1, ("g",))] == list(proposal.services)
    assert [
        ("ambiguous", "host both", "it is said to be of acme and of globex"),
        ("ambiguous", "service mail", "it would be of acme and of globex, who are strangers"),
        (
            "ambiguous",
            "service a",
            "g under it are another customer's: they are not taken over into it",
        ),
        (
            "ambiguous",
            "service web",
            "a under it are another customer's: they are not taken over into it",
        ),
        ("unrated", "service a", "on a"),
        ("left out", "host nobody", "nothing says whose it is"),
        ("left out", "service empty", "nothing says whose it is"),
    ] == [line for line in said(proposal) if line[0] != "new"]  # fmt: skip


def test_a_customer_that_was_taken_over_stays() -> None:
    """Others may name it by now."""
    before = proposed(host("a", said="globex"), whose=Whose(said=True))
    after = proposed(host("b"), known=again(before))

    assert [("new", "customer globex", "1 of the entries is of this customer")] == [
        line for line in said(before) if line[1].startswith("customer")
    ]
    assert (Customer("globex"),) == after.customers


def test_names_that_nobody_could_use_are_left_out() -> None:
    """With where they stand."""
    proposal = proposed(host("\x00", place="line 7"), host("x" * 201), service(" ", place="there"))

    assert {
        ("left out", "service there", "it has no name"),
        ("left out", "host line 7", "it has no name"),
        ("left out", f"host {'x' * 40}", "its name is longer than 200 characters"),
    } == set(said(proposal))


def test_how_critical_a_service_is_is_never_made_up() -> None:
    """It is as it says itself, as its tag says, as all are rated, or left to people."""
    found = (
        service("a", criticality=4),
        service("b", tags=(("Criticality", "3"),)),
        service("c", tags=(("criticality", "1"), ("criticality", "2"))),
        service("d", tags=(("criticality", "high"),), depends_on=("s-a", "s-c", "s-x")),
    )
    left, rated = proposed(*found), proposed(*found, rated=2)

    assert {"a": 4, "b": 3} == {each.name: each.criticality for each in left.services}
    assert {"a": 4, "b": 3, "c": 2, "d": 2} == {
        each.name: each.criticality for each in rated.services
    }
    assert [
        ("unrated", "service c", "on no host of its own"),
        ("unrated", "service d", "on no host of its own, depends on a, c"),
    ] == [line for line in said(left) if line[0] == "unrated"]


def test_services_are_the_customers_of_what_they_need() -> None:
    """Through as many steps as it takes; and what they need is needed here, too."""
    proposal = proposed(
        host("a", said="acme"),
        service("top", depends_on=("s-middle",)),
        service("middle", depends_on=("s-base",)),
        service("base", hosts=("id-a", "id-unknown")),
        whose=Whose(said=True),
        rated=1,
    )

    assert [
        Service("acme", "base", 1, ("a",)),
        Service("acme", "middle", 1, depends_on=("base",)),
        Service("acme", "top", 1, depends_on=("middle",)),
    ] == list(proposal.services)


def test_a_device_is_a_service_of_what_cannot_be_reached_without_it() -> None:
    """As the catalogue has it: itself and what it carries."""
    proposal = proposed(
        host("sw1", tags=(("criticality", "4"),)),
        host("a", depends_on=("id-sw1", "id-a", "id-unknown")),
        host("b", depends_on=("id-sw1",)),
    )

    assert (Service("acme", "sw1", 4, ("a", "b", "sw1")),) == proposal.services


def test_services_written_by_hand_win() -> None:
    """What they lack is said; of two services of one name none is taken over."""
    shop = Service("acme", "shop", 4, ("DB01",))
    mail = Service("acme", "mail", 1, ("db01",))
    known = Known(
        CUSTOMERS,
        (),
        (Described(shop, "catalogue.yaml:5"), Described(mail, "catalogue.yaml:9")),
    )
    proposal = proposed(
        host("db01"),
        host("web01"),
        service("shop", hosts=("id-db01", "id-web01"), depends_on=("s-mail",)),
        service("mail", hosts=("id-db01",)),
        service("twin", id="1"),
        service("twin", id="2", place="service 2"),
        known=known,
    )

    assert [
        (
            "ambiguous",
            "service twin",
            "2 services have this name (service 2, service twin): none is taken over",
        ),
        (
            "by hand",
            "service shop",
            "catalogue.yaml:5 describes it; Zabbix also has it on web01 and depending on mail",
        ),
    ] == [line for line in said(proposal) if line[0] != "new"]


def test_changes_of_services_are_said_part_by_part() -> None:
    """How critical, on what, for what; gone, and not taken over any more."""
    old = (
        Service("acme", "shop", 2, ("a",), ("mail",)),
        Service("acme", "mail", 1),
        Service("acme", "twin", 1),
        Service("acme", "base", 1),
    )
    known = Known(CUSTOMERS, (), tuple(Described(each, "x", own=True) for each in old))
    proposal = proposed(
        host("b"),
        service("shop", hosts=("id-b",), depends_on=("s-base",), criticality=3),
        service("base"),
        service("twin", id="1"),
        service("twin", id="2"),
        known=known,
    )

    assert [
        ("gone", "service mail", "Zabbix has it no more"),
        ("gone", "service twin", "it is taken over no more, see below"),
        (
            "changed",
            "service shop",
            "criticality 2 -> 3, on b, not on a any more, depends on base, does not depend on mail "
            "any more",
        ),
    ] == sorted(
        (line for line in said(proposal) if line[0] in {"gone", "changed"}),
        key=lambda line: (line[0] == "changed", line[1]),
    )


def test_services_that_are_not_asked_for_stay_as_they_are() -> None:
    """Nobody said that they are gone."""
    shop = Service("acme", "shop", 2)
    known = Known(CUSTOMERS, (), (Described(shop, "x", own=True),))
    proposal = compare(Estate("Zabbix", (host("a"),)), known, ACME)

    assert (shop,) == proposal.services
    assert [Line("acme", "host a", Change.NEW, "nothing else is known of it")] == list(
        proposal.lines
    )


@pytest.mark.parametrize(
    ("texts", "named"),
    [
        (("Linux by Zabbix agent", "PostgreSQL by ODBC"), "linux"),
        (("Windows by Zabbix agent active",), "windows"),
        (("ubuntu-22-04",), "linux"),
        (("Linux by Zabbix agent", "Windows by SNMP"), ""),
        (("Cisco IOS",), ""),
    ],
)
def test_a_system_is_known_by_its_words(texts: tuple[str, ...], named: str) -> None:
    """Where they speak of one only."""
    assert named == system(texts)
