"""Which hosts are connected to: those of the inventory, of the incident's customer, and no others,
whatever an alert, a label or a person says.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

import pytest

from tests.decide.given import POLICY
from tests.engine.machines import Machines
from tests.engine.test_deliver import incident
from tests.engine.test_diagnose import DB01, LOOK, PROFILE, Ward
from tests.engine.test_hands import ALERT
from tests.fakes import NOON, FakeClock
from watcher.decide.identify import resolve
from watcher.decide.lifecycle import RefusedError
from watcher.decide.route import Estate, Order, diagnoses, targets
from watcher.diagnostics.ssh import Connection
from watcher.engine.ask import Wish, diagnose
from watcher.engine.command import Desk
from watcher.model.catalogue import Catalogue, Host, SshProfile
from watcher.model.person import Principal, Role
from watcher.model.policy import Occasion, RunbookMatch, RunbookPolicy, RunbookTrigger
from watcher.store.query import Query
from watcher.store.store import Store

OURS = replace(DB01, aliases=("db", "10.0.0.5:9100"), tags={"role": "kubectl"})
THEIRS = Host(
    "globex", "vault", aliases=("db02",), address="10.9.9.9", ssh="lab", tags={"role": "kubectl"}
)
CATALOGUE = Catalogue(
    by_alias={
        ("acme", "db01"): OURS,
        ("acme", "db"): OURS,
        ("acme", "10.0.0.5:9100"): OURS,
        ("globex", "vault"): THEIRS,
        ("globex", "db02"): THEIRS,
    },
    profiles={"lab": PROFILE},
)
ANY = RunbookTrigger("look", any=(RunbookMatch(alerts=("*",)),))
BY_TAGS = replace(ANY, policy=RunbookPolicy(on_hosts={"role": ("kubectl",)}))
OLGA = Principal("olga", Role.ADMINISTRATOR)

STRANGE = [
    "evil.example.org",
    "10.66.6.6",
    "10.66.6.6:22",
    "[::1]:22",
    "127.0.0.1",
    "localhost",
    "vault",
    "VAULT",
    "db02",
    "globex/vault",
    "10.9.9.9",
    "db01.evil.org",
    "evil@db01",
    "db01 ",
    " db01",
    "db01\n",
    "db01\0",
    "db01,evil",
    "db01:22:22",
    "db01:999999",
    "[db01]",
    "db01/../vault",
    "-oProxyCommand=touch /tmp/x",
    "$(touch /tmp/x)",
    "d\u0432 01",
    "*",
    "",
]

# A database keeps no name with a zero in it, and no name at all is no wish.
STORED = [name for name in STRANGE if name and "\0" not in name]


@dataclass
class Watched(Machines):
    """Machines that remember who was connected to."""

    connected: list[str] = field(default_factory=list)

    @contextmanager
    def connection(self, host: Host, profile: SshProfile) -> Iterator[Connection]:
        """One of them."""
        self.connected.append(host.address or "")
        with super().connection(host, profile) as connection:
            yield connection


@pytest.fixture
def ward(store: Store) -> Ward:
    """Two customers with a host each."""
    return Ward(store, hosts=(OURS, THEIRS), machines=Watched())


def connected(ward: Ward) -> list[str]:
    """The addresses that were connected to."""
    assert isinstance(ward.machines, Watched)
    return ward.machines.connected


@pytest.mark.parametrize("name", STRANGE)
def test_a_name_that_is_not_in_the_inventory_leads_nowhere(name: str) -> None:
    """An address, an alias of another customer, a near miss: an alert chooses no target."""
    host = resolve(CATALOGUE, "acme", name)
    alert = replace(ALERT, host=name, labels={"host": name, "instance": name, "address": name})
    order = Order(Occasion.OPENED, NOON, "z:1")
    estate = Estate(replace(POLICY, runbooks=(ANY,)), CATALOGUE)

    assert host is None
    assert [] == list(diagnoses(incident(1), alert, host, [order], estate))


@pytest.mark.parametrize("name", ["db01", "DB01", "db", "10.0.0.5:9100", "db:9100"])
def test_a_name_of_the_inventory_leads_to_its_host(name: str) -> None:
    """By name, alias and port; where one connects to is what the inventory says."""
    host = resolve(CATALOGUE, "acme", name)

    assert host is not None
    assert ("db01", "10.0.0.5") == (host.name, host.address)


def test_tags_choose_hosts_of_the_same_customer() -> None:
    """A runbook that runs elsewhere stays with the customer of the incident."""
    for host in (None, OURS, THEIRS):
        assert (OURS,) == targets(BY_TAGS, "acme", host, CATALOGUE)
        assert (THEIRS,) == targets(BY_TAGS, "globex", host, CATALOGUE)
        assert () == targets(BY_TAGS, "initech", host, CATALOGUE)


def test_what_was_queued_for_a_stranger_is_not_carried_out(ward: Ward) -> None:
    """Even an action that names another host connects to nobody: the inventory is asked again."""
    for name in STORED:
        ward.order(LOOK, host=replace(OURS, name=name))
    ward.carry_out()

    assert [] == connected(ward)


def test_a_label_is_a_value_and_no_target(ward: Ward) -> None:
    """Addresses in labels change nothing about where the runbook runs."""
    labels = {key: "10.66.6.6" for key in ("host", "instance", "address", "ip", "ssh_host", "via")}
    with ward.store.begin() as tx:
        tx.save_alerts([replace(ALERT, labels={**ALERT.labels, **labels})])
    ward.order(LOOK, host=OURS)
    ward.carry_out()

    assert ["10.0.0.5"] == connected(ward)
    assert ip_address(connected(ward)[0]).is_private


def test_a_host_that_left_the_inventory_is_not_connected_to(ward: Ward) -> None:
    """What counts is the inventory when it runs, not when it was asked for."""
    ward.order(LOOK, host=OURS)
    replace(ward, hosts=(THEIRS,)).carry_out()

    assert [] == connected(ward)


def test_a_person_cannot_name_a_stranger(store: Store) -> None:
    """By hand, too, only hosts of the incident's customer are diagnosed, whoever asks."""
    with store.begin() as tx:
        tx.save_incidents([replace(incident(1), hosts=("db01",))])
        tx.save_alerts([ALERT])
    trigger = replace(ANY, policy=RunbookPolicy(occasions=frozenset({Occasion.MANUAL})))
    desk = Desk(store, FakeClock(), replace(POLICY, runbooks=(trigger,)), CATALOGUE, lambda: None)

    for name in STORED:
        for runbook in ("", "look"):
            with pytest.raises(RefusedError, match="is not in the inventory of this customer"):
                diagnose(desk, Wish(1, runbook, name), OLGA)
    with store.view() as view:
        assert () == view.action_list(Query()).items
