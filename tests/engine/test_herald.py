"""Whether people are told of what the first diagnoses found, by the real outbox."""

from dataclasses import replace

import pytest

from tests.decide.given import POLICY
from tests.engine.machines import Machines
from tests.engine.test_deliver import actions, told
from tests.engine.test_diagnose import DOWN, LOAD, LOOK, Ward
from tests.fakes import NOON
from watcher.engine.deliver import Deliverer, Options
from watcher.engine.herald import Herald
from watcher.model.action import ActionKind
from watcher.model.evidence import Level
from watcher.model.policy import Channel, Occasion
from watcher.model.runbook import Signal
from watcher.store.store import Store

FULL = replace(
    LOAD, steps=(replace(LOAD.steps[0], signals=(Signal("much", Level.BAD, "True", "much"),)),)
)
CHANNELS = (Channel("night", "email"), Channel("chat", "webhook", evidence=False))
TOLD = "1/notify/night/evidence"


@pytest.fixture
def ward(store: Store) -> Ward:
    """One host; of its two runbooks one finds something wrong."""
    return Ward(store, books=(LOOK, FULL))


def carry_out(ward: Ward) -> None:
    """Does all that is due but messages, one after another."""
    herald = Herald(lambda: replace(POLICY, channels=CHANNELS))
    options = Options(dice=lambda: 0.5, ended=herald.ended)
    Deliverer(ward.store, ward.clock, {ActionKind.DIAGNOSE: ward.hand()}, options).run_due()


def test_what_was_found_is_told_once(ward: Ward) -> None:
    """Whatever else is looked at later; the timeline says why."""
    ward.order(LOOK, FULL)
    carry_out(ward)
    ward.order(FULL, occasion=Occasion.REOPENED)
    carry_out(ward)

    assert [TOLD] == [key for key in actions(ward.store) if "/notify/" in key]
    assert [("what the first diagnoses found is told", "1 bad on db01")] == [
        (text, why.rpartition(": ")[2]) for text, why in told(ward.store) if "told" in text
    ]


def test_nobody_is_told_of_what_he_asked_for(ward: Ward) -> None:
    """Whoever has a host looked at looks at the page anyway."""
    ward.order(FULL, occasion=Occasion.MANUAL, by="olga")
    carry_out(ward)

    assert TOLD not in actions(ward.store)


def test_a_host_that_lets_nobody_in_is_no_news(ward: Ward) -> None:
    """People know that something is wrong with it; that it cannot be seen is on the page."""
    ward.order(FULL)
    broken = replace(ward, machines=Machines(faults=[DOWN]))
    carry_out(broken)

    assert TOLD not in actions(ward.store)


def test_an_incident_that_is_gone_is_no_news(ward: Ward) -> None:
    """Its diagnoses may end after it was let go."""
    ward.order(FULL)
    with ward.store.begin() as tx:
        [action] = tx.actions_of(1)
        Herald(lambda: replace(POLICY, channels=CHANNELS)).ended(tx, action, 99, NOON)

    assert TOLD not in actions(ward.store)
