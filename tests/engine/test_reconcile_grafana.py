"""Grafana, asked again and again: what its webhooks told and what its APIs say is one history."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.engine.elsewhere import World
from tests.engine.streams import RULEBOOK
from tests.engine.test_digest import plain_log
from tests.fakes import FakeClock
from tests.monitors.grafana_alerts import Instance, Rule
from tests.monitors.grafana_api import GrafanaServer, running_grafana
from tests.stores import peek, sqlite_in
from watcher.app.worker import reader
from watcher.engine.digest import Digest
from watcher.engine.reconcile import Reconciler
from watcher.kit.secrets import Secret
from watcher.monitors.base import Access
from watcher.monitors.grafana import Options, monitor
from watcher.policy.endpoints import Auth, Source
from watcher.receivers import grafana
from watcher.store.store import Store

__all__ = ["plain_log"]

GEN = Source("gen", "grafana", "default", Auth(), 1 << 20, grafana.Options())


class GrafanaWorld(World):
    """One Grafana whose webhooks arrive when the test says so."""

    def __init__(self, store: Store, server: GrafanaServer) -> None:
        self.store = store
        self.clock = FakeClock()
        self.server = server
        self.digest = Digest(store, {"gen": reader(GEN)}, lambda: RULEBOOK, self.clock, "me")
        token = Secret(server.token("Viewer"))
        access = Access("gen", "default", server.url, token, options=Options())
        self.reconciler = Reconciler(
            store, access, reader(GEN), lambda: monitor(access, self.clock), self.clock, "me"
        )
        self.made = [self.reconciler]

    def rule(self, name: str) -> Rule:
        """A rule that was evaluated just now."""
        return self.server.rule(f"uid-{name}", name, evaluated_at=self.ago(0))

    def fires(self, rule: Rule, *, told: bool) -> Instance:
        """An alert has fired for half an hour, and its webhook arrived or did not."""
        since = self.ago(30).replace(microsecond=123_456)
        instance = rule.fires({"instance": rule.name}, since=since)
        if told:
            self.post(orjson.dumps(instance.webhook()))
            self.drain()
        return instance

    def names(self) -> set[str]:
        """What fires as far as is known."""
        found = peek(self.store, "SELECT name FROM alert WHERE status = 'firing'")
        return {name for (name,) in found}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GrafanaWorld]:
    """A Grafana that has been asked once."""
    sqlite_in(tmp_path)
    with running_grafana(13) as server:
        store = Store.open(f"sqlite:///{tmp_path}/watcher.db")
        made = GrafanaWorld(store, server)
        made.round()
        yield made
        made.close()
        store.close()


def test_what_grafana_did_not_tell_comes_in_once(world: GrafanaWorld) -> None:
    """What it did tell is known by the same keys and not taken in again, nor missed."""
    world.fires(world.rule("Told"), told=True)
    world.fires(world.rule("Missed"), told=False)
    world.round()
    world.round()

    assert ({"Told", "Missed"}, {"opening": 1}) == (world.names(), world.drift())
    assert 2 == world.deliveries()


def test_a_missed_recovery_ends_the_alert_when_its_series_did(world: GrafanaWorld) -> None:
    """After two complete answers, at the time that the rule gives."""
    kept, rule = world.rule("Kept"), world.rule("Over")
    world.fires(kept, told=True)
    instance = world.fires(rule, told=True)
    over_at = world.ago(10)
    rule.rests(instance, over_at)
    world.round()
    once = world.names()
    world.round()

    assert ({"Kept", "Over"}, {"Kept"}) == (once, world.names())
    assert {"recovery": 1} == world.drift()
    ended = peek(world.store, "SELECT ended_at FROM occurrence WHERE ended_at IS NOT NULL")
    assert [(int(over_at.timestamp() * 1_000_000),)] == [tuple(row) for row in ended]


def test_a_restart_or_a_fault_of_grafana_closes_nothing(world: GrafanaWorld) -> None:
    """No alert is shown and no rule evaluated; then it does not answer at all."""
    names = {f"Rule-{number}" for number in range(20)}
    for name in names:
        world.fires(world.rule(name), told=True)
    for rule in world.server.rules:
        rule.evaluated_at = None
        rule.instances.clear()
    rounds = [world.round() for _ in range(10)]
    world.server.failing["/api"] = (500, "{}")
    rounds += [world.round() for _ in range(3)]

    assert (names, {}) == (world.names(), world.drift())
    assert all(each.problem for each in rounds)
