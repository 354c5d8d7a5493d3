"""What fails with what, as the catalogue says."""

from watcher.decide.topology import Topology
from watcher.model.catalogue import Service

TOPOLOGY = Topology(
    [
        Service("acme", "sw1", 2, hosts=("sw1", "web1", "web2")),
        Service("acme", "shop", 4, hosts=("web1", "web2"), depends_on=("db",)),
        Service("acme", "db", 3, hosts=("db1",)),
    ]
)


def test_a_switch_takes_its_hosts_and_their_services_with_it() -> None:
    """What is cabled to a switch alerts when it fails, and so does what runs there."""
    assert {"web1", "web2", "shop"} == TOPOLOGY.below("sw1")


def test_a_database_takes_its_users_and_their_hosts_with_it() -> None:
    """A slow database is seen on its host, at its users, and on theirs."""
    assert {"db1", "shop", "web1", "web2"} == TOPOLOGY.below("db")


def test_a_host_takes_its_services_but_not_their_other_hosts_with_it() -> None:
    """One web server that fails says nothing of the other."""
    assert {"shop"} == TOPOLOGY.below("web1")


def test_a_host_may_suffer_from_its_switch_and_from_what_its_service_needs() -> None:
    """Each cause is so many hops away, and found the same when asked again."""
    expected = {"sw1": 1, "shop": 1, "db": 2, "db1": 3}
    assert expected == TOPOLOGY.above("web1")
    assert expected == TOPOLOGY.above("web1")
    assert TOPOLOGY.below("db") is TOPOLOGY.below("db")


def test_a_failure_is_followed_for_three_hops() -> None:
    """In a chain of services the fourth is not asked about the first."""
    chain = Topology(
        Service("acme", str(count), 2, depends_on=(str(count + 1),)) for count in range(6)
    )
    assert {"1": 1, "2": 2, "3": 3} == chain.above("0")
    assert {"2", "1", "0"} == chain.below("3")


def test_a_node_that_nobody_knows_stands_where_its_service_stands() -> None:
    """A pod is in no catalogue, its service may be."""
    assert {"shop": 1, "db": 2, "web1": 2, "web2": 2, "db1": 3, "sw1": 3}.items() >= (
        TOPOLOGY.around("shop-7f9c", "shop").items()
    )
    assert {} == TOPOLOGY.around("shop-7f9c", None)
    assert TOPOLOGY.above("web1") == TOPOLOGY.around("web1", "db")
    assert {} == TOPOLOGY.around("unknown", "unknown")
    assert {} == TOPOLOGY.around("shop-7f9c", "node-exporter")
