"""Silence is news, once: over restarts, replicas and batches, and never of Watcher itself."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from tests.engine.streams import RULEBOOK
from tests.engine.test_digest import GENERIC, drain
from tests.fakes import NOON, FakeClock
from watcher.app.worker import readers
from watcher.engine.digest import Digest
from watcher.engine.overview import overview
from watcher.engine.vigil import Vigil, watched
from watcher.kit.secrets import Secret
from watcher.model.action import ActionKind, ActionStatus, Intent
from watcher.model.alert import Alert, AlertStatus
from watcher.model.change import replace
from watcher.model.concern import OWN, Watched
from watcher.model.delivery import ORIGIN, RECONCILED, Arrival
from watcher.model.person import Principal, Role
from watcher.model.source import Asked, Heard
from watcher.monitors.base import Access
from watcher.policy.endpoints import Auth, Heartbeat, Source
from watcher.store.query import Query
from watcher.store.store import Store

MINUTE = timedelta(minutes=1)
ANN = Principal("ann", Role.OPERATOR)
GOOD = b'{"name": "x", "host": "h"}'
ACCESS = Access("gen", "acme", "https://robot:pw@mon.example:8443/zabbix", Secret("s3cret"))
GEN = Source("gen", "generic", "acme", Auth(), 1 << 20, None, heartbeat=Heartbeat(20 * MINUTE))
ASKED = replace(GEN, monitor=ACCESS)
QUIET = Source("quiet", "generic", "globex", Auth(), 1 << 20, None)


class Night:
    """A worker's digest and vigil over one store, with the hands of the clock in the test's."""

    def __init__(self, store: Store, sources: Sequence[Source] = (GEN, QUIET)) -> None:
        self.store = store
        self.clock = FakeClock()
        self.sources = sources
        self.digest = self._digest()
        self.made: list[Vigil] = []
        self.vigil = self.another("me")

    def _digest(self) -> Digest:
        reads = {**readers(()), "gen": GENERIC, "quiet": GENERIC}
        return Digest(self.store, reads, lambda: RULEBOOK, self.clock, "me")

    def another(self, holder: str, sources: Sequence[Source] | None = None) -> Vigil:
        """Another replica, which starts now."""
        found = self.sources if sources is None else sources
        self.made.append(Vigil(self.store, self.clock, found, "https://w.example", holder))
        return self.made[-1]

    def with_channels(self, channels: set[str]) -> Vigil:
        """The same replica, which knows these channels."""
        self.made.append(
            Vigil(self.store, self.clock, self.sources, "https://w.example", "me", channels)
        )
        return self.made[-1]

    def message(self, key: str, channel: str, status: ActionStatus) -> None:
        """A message to people of acme came to this just now."""
        now = self.clock.now()
        told = Intent(1, "acme", ActionKind.NOTIFY, f"notify/{channel}", key, {})
        with self.store.begin() as tx:
            tx.queue([told], now)
            claimed = tx.claim(now, MINUTE, 9, {ActionKind.NOTIFY})
            [action] = [each for each in claimed if each.key == key]
            tx.settle(action, status, "because", now, now)

    def close(self) -> None:
        """Lets all of them go."""
        for each in self.made:
            each.close()

    def post(
        self, *bodies: bytes, source: str = "gen", headers: dict[str, str] | None = None
    ) -> None:
        """A source posts this, and it is digested."""
        inbox, now = self.store.inbox(self.clock.now()), self.clock.now()
        customer = "acme" if source == "gen" else "globex"
        inbox.append([Arrival(source, customer, now, headers or {}, each) for each in bodies])
        inbox.close()
        drain(self.digest)

    def look(self, *, after: timedelta = timedelta(0)) -> int:
        """The vigil looks, and what it says is digested."""
        self.clock.advance(after)
        told = self.vigil.step()
        drain(self.digest)
        return told

    def asked(self, trouble: str = "", problem: str = "") -> None:
        """What came of asking just now."""
        with self.store.begin() as tx:
            since = tx.source("gen").asked.since or self.clock.now()
        now = self.clock.now()
        asked = Asked(at=now, trouble=trouble, problem=problem, since=since)
        if not trouble:
            asked = Asked(at=now, complete_at=now)
        with self.store.begin() as tx:
            tx.save_asked("gen", asked)

    def own(self) -> list[Alert]:
        """What Watcher says of sources, by key."""
        with self.store.view() as view:
            found = view.alert_list(Query(limit=500)).items
        return sorted((each for each in found if each.source == OWN), key=lambda each: each.key)


@pytest.fixture
def night(store: Store) -> Iterator[Night]:
    """A night over each store in turn."""
    made = Night(store)
    yield made
    made.close()


def test_a_source_that_falls_silent_is_one_alert_of_its_customer(night: Night) -> None:
    """However often the vigil looks; it is over when the source speaks again."""
    night.post(GOOD)
    since = night.clock.now()
    assert [0, 1, 0, 0] == [night.look(after=each * MINUTE) for each in (20, 1, 1, 60)]

    [alert] = night.own()
    assert ("acme", "v1:watcher:silent:gen", AlertStatus.FIRING) == (
        alert.customer,
        alert.key,
        alert.status,
    )
    assert (since, "Source gen is silent") == (alert.started_at, alert.name)
    assert "https://w.example/sources#source-gen" == alert.url

    night.post(GOOD)
    assert [1, 0] == [night.look(), night.look(after=MINUTE)]
    assert [(AlertStatus.RESOLVED, 1)] == [(each.status, each.count) for each in night.own()]


def test_a_restart_neither_repeats_nor_ends_it(night: Night) -> None:
    """Whoever starts anew does not know for how long a source is silent, but what was told."""
    night.post(GOOD)
    night.look(after=21 * MINUTE)
    night.clock.advance(2 * MINUTE)
    night.vigil = night.another("you")

    assert [0, 0, 0] == [night.look(after=each * MINUTE) for each in (0, 2, 60)]
    assert [(AlertStatus.FIRING, 1)] == [(each.status, each.count) for each in night.own()]
    assert 0 == night.another("third").step()


def test_what_is_not_digested_yet_is_not_told_again(night: Night) -> None:
    """Neither while it stands nor when it is over."""
    night.post(GOOD)
    night.clock.advance(21 * MINUTE)
    assert [1, 0] == [night.vigil.step(), night.vigil.step()]
    drain(night.digest)
    assert [(AlertStatus.FIRING, 1)] == [(each.status, each.count) for each in night.own()]

    night.post(GOOD)
    night.clock.advance(2 * MINUTE)
    assert [1, 0] == [night.vigil.step(), night.vigil.step()]
    night.look()
    assert [(AlertStatus.RESOLVED, 1)] == [(each.status, each.count) for each in night.own()]


def test_nobody_is_blamed_while_the_digest_is_behind(night: Night) -> None:
    """What waits for it may be of the source that seems to be silent."""
    night.post(GOOD)
    night.clock.advance(10 * MINUTE)
    inbox = night.store.inbox(night.clock.now())
    inbox.append([Arrival("gen", "acme", night.clock.now(), {}, GOOD)])
    inbox.close()
    night.clock.advance(11 * MINUTE)

    assert 0 == night.vigil.step()


def test_what_watcher_asked_for_is_not_the_source_speaking(night: Night) -> None:
    """A webhook that is broken shows although reconciliation works."""
    night.post(GOOD)
    night.clock.advance(19 * MINUTE)
    night.post(GOOD, headers={ORIGIN: RECONCILED})

    assert 1 == night.look(after=2 * MINUTE)
    with night.store.view() as view:
        assert NOON == view.source("gen").heard.at


def test_an_expired_token_is_one_alert_until_it_answers(store: Store) -> None:
    """Asked again and again; what then is wrong is told instead."""
    night = Night(store, [ASKED])
    assert [1, 0, 0] == [_refused(night, "token") for _ in range(3)]
    assert "`monitor.token` of the source 'gen'" in night.own()[0].summary

    assert 2 == _refused(night, "unreachable", minutes=11)
    assert [AlertStatus.RESOLVED, AlertStatus.FIRING] == [each.status for each in night.own()]
    night.asked()
    night.post(GOOD)
    night.look(after=MINUTE)
    assert {AlertStatus.RESOLVED} == {each.status for each in night.own()}
    night.close()


def _refused(night: Night, trouble: str, minutes: int = 2) -> int:
    night.clock.advance(minutes * MINUTE)
    night.post(GOOD)
    night.asked(trouble, "the token has expired")
    return night.look()


def test_a_thousand_dead_letters_are_one_alert(night: Night) -> None:
    """Those of `watcher` itself are none, and neither are a few."""
    night.post(*[b"{}"] * 9, source="quiet")
    night.post(b"{}", source=OWN)
    assert 0 == night.look()
    night.post(*[b"{}"] * 500, *[GOOD] * 10)
    night.post(*[b"{}"] * 500)
    night.post(*[b"{}"] * 20, source=OWN)

    assert [1, 0] == [night.look(), night.look(after=MINUTE)]
    [alert] = night.own()
    assert alert.summary.startswith("1000 of 1010 deliveries in 10 min")
    assert "v1:watcher:dead-letters:gen" == alert.key

    night.post(GOOD)
    assert 1 == night.look(after=11 * MINUTE)
    assert [AlertStatus.RESOLVED] == [each.status for each in night.own()]


def test_what_is_said_of_a_source_ends_with_it(night: Night) -> None:
    """It was taken out of the configuration, or given to another customer."""
    night.post(GOOD)
    night.look(after=21 * MINUTE)
    night.clock.advance(2 * MINUTE)
    night.vigil = night.another("you", [QUIET])

    assert [1, 0] == [night.look(), night.look()]
    assert [AlertStatus.RESOLVED] == [each.status for each in night.own()]


def test_the_digest_learns_when_a_source_speaks(night: Night) -> None:
    """To the second, with its longest pause of each day; digested again, it is the same."""
    night.post(GOOD)
    night.clock.advance(40 * MINUTE)
    night.post(GOOD)
    night.clock.advance(timedelta(seconds=0.5))
    night.post(GOOD, b"{}")
    with night.store.view() as view:
        heard = view.source("gen").heard
        [dead] = [each for each in view.delivery_list(Query()).items if each.reason]
    night.digest = night._digest()
    with night.store.begin() as tx:
        assert tx.replay(dead.id)
    night.clock.advance(5 * MINUTE)
    drain(night.digest)

    assert Heard(NOON + 40 * MINUTE, {NOON.date(): 40 * MINUTE}) == heard
    with night.store.view() as view:
        assert heard.pauses == view.source("gen").heard.pauses


def test_a_source_is_looked_after_without_its_secrets() -> None:
    """Neither the token nor what stands before the host of an address."""
    found = watched(ASKED)

    assert (
        Watched("gen", "generic", "acme", True, 20 * MINUTE, "mon.example", timedelta(minutes=2))
        == found
    )
    assert Watched("quiet", "generic", "globex") == watched(QUIET)


def test_a_concern_that_nobody_knows_any_more_is_left_alone(night: Night) -> None:
    """An alert that a later version of Watcher raised, before it was taken back."""
    night.post(GOOD)
    night.look(after=21 * MINUTE)
    strange = replace(night.own()[0], key="v1:watcher:bored:gen", labels={"condition": "bored"})
    with night.store.begin() as tx:
        tx.save_alerts([strange])

    assert 0 == night.look(after=MINUTE)


def test_a_channel_that_loses_messages_is_one_alert_until_one_arrives(night: Night) -> None:
    """Of the customer whose people were not told; channels that are gone are no news."""
    night.vigil = night.with_channels({"mail"})
    night.message("a", "mail", ActionStatus.GAVE_UP)
    night.message("b", "gone", ActionStatus.GAVE_UP)
    assert [1, 0, 0] == [night.look(after=each * MINUTE) for each in (0, 1, 15)]

    [alert] = night.own()
    assert ("acme", "Messages over channel mail are given up", "https://w.example/actions") == (
        alert.customer,
        alert.name,
        alert.url,
    )
    with night.store.view() as view:
        named = overview(view, [Watched("mail", "generic", "acme")], ANN, night.clock.now())
    assert [] == [each for found in named for each in found.wrong]

    night.message("c", "mail", ActionStatus.DONE)
    assert [1, 0] == [night.look(), night.look(after=MINUTE)]
    assert [AlertStatus.RESOLVED] == [each.status for each in night.own()]


def test_a_channel_that_was_taken_out_ends_its_alert(night: Night) -> None:
    """Nothing can arrive over it any more."""
    night.vigil = night.with_channels({"mail"})
    night.message("a", "mail", ActionStatus.GAVE_UP)
    night.look()
    night.vigil = night.with_channels(set())

    assert 1 == night.look()
    assert [AlertStatus.RESOLVED] == [each.status for each in night.own()]
