"""Where all parts meet: what a source asks for, and a worker that works over a store."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import StartSshd
from tests.contract.given import NOW, arrival
from tests.diagnostics.given import sessions, soon
from tests.e2e.process import wait_for
from tests.engine.test_deliver import incident
from tests.fakes import NOON, FakeClock
from tests.sshd import SshServer
from tests.stores import sqlite_in
from tests.trackers.redmine_api import KEY, RedmineServer
from watcher.app.front import gate
from watcher.app.stored import open_store
from watcher.app.worker import reader, worker
from watcher.decide.route import Order, ordered
from watcher.engine.command import Desk
from watcher.engine.digest import LEASE
from watcher.engine.reviews import Edit, ItemEdit, write
from watcher.kit.clock import Clock
from watcher.kit.secrets import Secret
from watcher.model.delivery import Delivery
from watcher.model.incident import Ticket
from watcher.model.person import Principal, Role
from watcher.model.policy import Occasion
from watcher.model.review import Findings
from watcher.policy.endpoints import Auth, Basic, Header, Hmac, Source
from watcher.receivers import generic
from watcher.settings import Settings, load
from watcher.store.store import Store
from watcher.web.gate import Gate, Guard, Signature

RUNBOOK = """\
{apiVersion: watcher/v1, kind: Runbook, id: door, title: The door, owner: us,
 match: {any: [{alert: never}]}, policy: {cooldown: 0s},
 steps: [{id: who, title: Who, run: echo "$SSH_CONNECTION"}]}
"""
TRACKER = """\
trackers:
- {{name: ops, kind: redmine,
    options: {{url: '{url}', key: {{env: KEY}}, project: ops, tracker: Task, allow_private: true}}}}
"""
CONFIG = "sources: [{name: zabbix, kind: generic, customer: default, auth: none}]\n"


def source(auth: Auth) -> Source:
    """A source that asks for that."""
    return Source("zabbix", "generic", "acme", auth, 5000, generic.Options())


def test_a_source_may_ask_for_any_of_several_proofs() -> None:
    """Token, password and a header of one's own; two of them may share a header."""
    made = gate(
        source(
            Auth(
                bearer=Secret("t0ken"),
                basic=Basic("olga", Secret("p4ss")),
                header=Header("X-Token", Secret("h3ader")),
            )
        )
    )
    guard = Guard(made)

    assert ("zabbix", "acme", 5000, False, None) == (
        made.source,
        made.customer,
        made.max_body,
        made.open,
        made.signature,
    )
    for name, value in (
        (b"authorization", b"Bearer t0ken"),
        (b"authorization", b"Basic b2xnYTpwNHNz"),
        (b"x-token", b"h3ader"),
    ):
        assert guard.credentials_hold({name: value})
    assert not guard.credentials_hold({})


@pytest.mark.parametrize("stamp", [None, "X-Stamp"])
def test_a_source_may_ask_for_a_signature(stamp: str | None) -> None:
    """Header names are compared in lower case, as the server hands them over."""
    hmac = Hmac(Secret("s3cret"), "X-Signature", stamp, timedelta(minutes=1))

    assert Signature(
        b"s3cret", b"x-signature", b"x-stamp" if stamp else None, timedelta(minutes=1)
    ) == (gate(source(Auth(hmac=hmac))).signature)


def test_a_source_without_a_proof_is_open() -> None:
    """The settings let that pass on a loopback address only."""
    assert Gate("zabbix", "acme", {}, None, 5000, open=True) == gate(source(Auth()))


def test_a_reader_knows_its_source() -> None:
    """The events carry its name; times that are missing are that of the delivery."""
    delivery = Delivery(1, "zabbix", "acme", NOW, b'{"name": "Disk is full"}')
    [event] = reader(source(Auth()))(delivery).events

    assert ("zabbix", "Disk is full", NOW) == (event.source, event.name, event.at)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One open source over SQLite."""
    (tmp_path / "watcher.yaml").write_text(CONFIG)
    url = f"sqlite:///{tmp_path}/watcher.db"
    return load(tmp_path / "watcher.yaml", {"WATCHER_DATABASE_URL": url})


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """Its store, brought to its present shape on the way."""
    opened = open_store(settings)
    yield opened
    opened.close()


def test_a_store_is_brought_to_its_shape_when_it_is_opened(settings: Settings) -> None:
    """The second time there is nothing to do."""
    for _ in range(2):
        opened = open_store(settings)
        present, wanted = opened.revision()
        opened.close()
        assert present == wanted


def test_a_worker_digests_until_it_is_stopped(settings: Settings, store: Store) -> None:
    """On threads of its own; the next one need not wait for its lease to end."""
    inbox = store.inbox(NOW)
    first, second = (worker(settings, store, FakeClock()) for _ in range(2))
    for number, each in enumerate((first, second), 1):
        inbox.append([arrival(b'{"name": "a%d"}' % number)])
        each.start()
        wait_for(lambda number=number: alerts(store) == number, "the alert")  # type: ignore[misc]  # a default binds the number of this round
        each.stop(20)
    inbox.close()


def alerts(store: Store) -> int:
    """How many there are."""
    with store.view() as view:
        return sum(view.counts().incidents.values())


def gone() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("holder", "inherited"),
    [
        ("{here}:{gone}:a1", True),
        ("{here}:{own}:a1", True),
        ("{here}:{alive}:a1", False),
        ("{here}:one:a1", False),
        ("another-{here}:{gone}:a1", False),
        ("", True),
    ],
)
def test_a_lease_is_inherited_from_the_dead_of_this_machine_only(
    settings: Settings, store: Store, holder: str, inherited: bool
) -> None:
    """A worker that was killed is replaced at once, also by one that has got its number, as in a
    container; of another machine nobody knows.
    """
    if holder:
        numbers = {"gone": gone(), "own": os.getpid(), "alive": os.getppid()}
        name = holder.format(here=socket.gethostname(), **numbers)
        with store.begin() as tx:
            tx.lease(LEASE, name, FakeClock().now(), timedelta(minutes=1))
    inbox = store.inbox(NOW)
    inbox.append([arrival(b'{"name": "a"}')])
    inbox.close()
    made = worker(settings, store, FakeClock())
    made.start()
    made.stop(20)

    assert int(inherited) == alerts(store)


def diagnosing(folder: Path, server: SshServer) -> Settings:
    """One host, and a runbook that tells over which connection it came."""
    (folder / "inventory.yaml").write_text(
        f"profiles: {{lab: {{user: {server.user}, key_file: {server.client_key}, "
        f"known_hosts: {server.known_hosts_file()}}}}}\n"
        f"hosts: [{{name: db01, customer: acme, address: {server.address}, "
        f"port: {server.port}, ssh: lab}}]\n"
    )
    (folder / "catalogue.yaml").write_text("customers: [{name: acme}]\n")
    (folder / "books").mkdir()
    (folder / "books" / "door.yaml").write_text(RUNBOOK)
    (folder / "watcher.yaml").write_text(
        "{catalogue: catalogue.yaml, inventory: inventory.yaml, runbooks: [books], sources: []}\n"
    )
    url = f"sqlite:///{folder}/watcher.db"
    return load(folder / "watcher.yaml", {"WATCHER_DATABASE_URL": url})


def evidence(store: Store, number: int) -> list[str]:
    """What the runbook has shown of an incident."""
    with store.view() as view:
        found = [each.diagnosis for each in view.evidence_of(number)]
    return [step.output or each.problem for each in found for step in each.steps]


def test_diagnoses_of_a_host_share_a_connection(tmp_path: Path, sshd: StartSshd) -> None:
    """It stays open between two incidents; a worker that stops leaves no connection, no thread."""
    before = set(threading.enumerate())
    server = sshd()
    settings = diagnosing(tmp_path, server)
    store, clock = open_store(settings), Clock()
    [host] = settings.catalogue.by_alias.values()
    [door] = [each for each in settings.policy.runbooks if each.name == "door"]
    made = worker(settings, store, clock)
    made.start()
    for number in (1, 2):
        with store.begin() as tx:
            tx.save_incidents([incident(number)])
            order = Order(Occasion.OPENED, NOON, "z:1")
            tx.queue(ordered(incident(number), door, host, order), clock.now())
        made.loops.wake("deliver")
        wait_for(lambda number=number: evidence(store, number), "evidence")  # type: ignore[misc]  # a default binds the number of this round
    assert evidence(store, 1) == evidence(store, 2)
    assert sessions(server)
    made.stop(20)
    store.close()

    assert soon(lambda: not sessions(server))
    assert soon(lambda: set(threading.enumerate()) <= before)


def test_action_items_become_issues_of_the_tracker(tmp_path: Path) -> None:
    """As the configuration says; an answer that is lost makes no second one."""
    with RedmineServer() as redmine:
        (tmp_path / "watcher.yaml").write_text(TRACKER.format(url=redmine.url))
        settings = load(tmp_path / "watcher.yaml", {"KEY": KEY})
        store, clock = Store.open(sqlite_in(tmp_path)), FakeClock()
        with store.begin() as tx:
            tx.save_incidents([incident(1)])
        policy, catalogue = settings.policy, settings.catalogue
        desk = Desk(store, clock, policy, catalogue, lambda: None, trackers=settings.trackers)
        write(desk, 1, Edit(0, Findings(), (ItemEdit("rotate"),)), Principal("olga", Role.OPERATOR))
        made = worker(settings, store, clock)
        redmine.lost = 1
        made.deliverer.run_due()
        clock.advance(timedelta(seconds=119))
        assert 0 == made.deliverer.run_due()
        clock.advance(timedelta(minutes=1))
        made.deliverer.run_due()
        made.pool.close()
        made.vigil.close()
    with store.view() as view:
        [item] = view.reviews(1)[0].items
    store.close()

    assert Ticket("redmine", "1", f"{redmine.url}/issues/1") == item.ticket
    assert ["rotate"] == [each.title for each in redmine.tickets]
