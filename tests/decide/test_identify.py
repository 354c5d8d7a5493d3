"""Which host and which service an event is about."""

import pytest

from watcher.decide.identify import resolve, service_of
from watcher.model.catalogue import Catalogue, Host, Service

DB = Host("acme", "db01", aliases=("10.0.0.5", "db01.acme.example", "fe80::1", "web:80"))
BILLING = Service("acme", "billing", criticality=4, hosts=("db01",))
REPORTS = Service("acme", "reports", criticality=1, hosts=("db01",))
CATALOGUE = Catalogue(
    by_alias={("acme", alias): DB for alias in (DB.name, *DB.aliases)},
    services={("acme", each.name): each for each in (BILLING, REPORTS)},
    by_host={("acme", "db01"): (BILLING, REPORTS), ("acme", "legacy"): (REPORTS,)},
)


@pytest.mark.parametrize(
    ("raw", "host"),
    [
        ("db01", DB),  # its own name
        ("DB01", DB),  # in any case
        ("db01.acme.example", DB),  # an alias
        ("Db01.Acme.Example:9100", DB),  # an alias with the port of an exporter
        ("10.0.0.5:9100", DB),
        ("fe80::1", DB),  # the last group of an IPv6 address is no port
        ("[fe80::1]:9100", DB),
        ("web:80", DB),  # an alias may itself end like a port
        ("db01.other.example", None),  # the same short name elsewhere is another machine
        ("db01.acme", None),
        ("db", None),
        ("10.0.0.5:123456", None),  # no port has six digits
        ("10.0.0.5:http", None),
        (":9100", None),
        ("", None),
    ],
)
def test_a_host_is_found_by_its_names_only(raw: str, host: Host | None) -> None:
    """A name leads to a host through an alias, ignoring case and port, and through nothing else."""
    assert host is resolve(CATALOGUE, "acme", raw)


def test_a_host_of_another_customer_is_a_stranger() -> None:
    """The same name with another customer leads nowhere."""
    assert resolve(CATALOGUE, "globex", "db01") is None


@pytest.mark.parametrize(
    ("host", "named", "service"),
    [
        ("db01", "reports", "reports"),  # what the event says wins
        ("db01", "node-exporter", "billing"),  # unless the catalogue does not know it
        ("db01", None, "billing"),  # else the most critical service of the host
        ("db01", "", "billing"),
        ("legacy", None, "reports"),  # in the catalogue, though not in the inventory
        ("db02", None, None),
        ("db02", "node-exporter", None),
        (None, None, None),
        (None, "reports", "reports"),
        (None, "node-exporter", None),
    ],
)
def test_the_service_is_the_named_one_or_the_most_critical_of_the_host(
    host: str | None, named: str | None, service: str | None
) -> None:
    """An event's own service wins if there is one of that name; else the host's most critical."""
    found = service_of(CATALOGUE, "acme", host, named)

    assert service == (found.name if found else None)
