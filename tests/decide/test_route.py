"""Who is told, and which runbooks run where."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.decide.given import POLICY, T0, incident
from tests.decide.test_lifecycle import alert
from watcher.decide.lifecycle import News
from watcher.decide.route import Estate, Order, diagnoses, notifications, repeated
from watcher.model.action import Action, ActionKind, ActionStatus, Intent
from watcher.model.catalogue import Catalogue, Host
from watcher.model.incident import Priority
from watcher.model.person import Role
from watcher.model.policy import (
    Channel,
    Occasion,
    Rerun,
    RunbookMatch,
    RunbookPolicy,
    RunbookTrigger,
)

HOST = Host("acme", "db01", address="10.0.0.5", ssh="default", tags={"os": "linux"})


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        (Channel("ops", "email"), 1),
        (Channel("ops", "email", at_least=Priority.P3), 1),
        (Channel("ops", "email", at_least=Priority.P2), 0),
        (Channel("ops", "email", customers=frozenset({"acme"})), 1),
        (Channel("ops", "email", customers=frozenset({"other"})), 0),
    ],
)
def test_a_channel_hears_of_its_customers_from_its_priority_on(
    channel: Channel, expected: int
) -> None:
    """A P3 incident of acme, told to channels with different wishes."""
    policy = replace(POLICY, channels=(channel,))

    assert expected == len(list(notifications(incident(), [News.OPENED], policy, T0)))


def test_a_message_is_the_same_one_for_ever() -> None:
    """Its key names incident, channel, news and moment; a channel's messages keep their order."""
    policy = replace(POLICY, channels=(Channel("ops", "email"),))
    (intent,) = notifications(incident(), [News.OPENED], policy, T0)

    assert f"1/notify/ops/opened/{T0.isoformat()}" == intent.key
    assert ("notify/ops", ActionKind.NOTIFY) == (intent.lane, intent.kind)
    assert {"channel": "ops", "event": "opened"} == intent.payload


@pytest.mark.parametrize(
    ("news", "lane", "waits"),
    [
        (News.RESOLVED, "notify/ops/held", T0 + timedelta(minutes=30)),
        (News.RAISED, "notify/ops", None),
    ],
)
def test_while_a_condition_is_held_nobody_is_told_that_it_is_over(
    news: News, lane: str, waits: datetime | None
) -> None:
    """That message waits by itself; what is urgent does not wait behind it."""
    policy, until = replace(POLICY, channels=(Channel("ops", "email"),)), timedelta(minutes=30)
    (intent,) = notifications(incident(), [news], policy, T0, T0 + until)

    assert (lane, waits) == (intent.lane, intent.not_before)


def estate(*runbooks: RunbookTrigger, hosts: tuple[Host, ...] = ()) -> Estate:
    """These runbooks, and these hosts of the inventory."""
    known = {(each.customer, each.name): each for each in hosts}
    return Estate(replace(POLICY, runbooks=runbooks), Catalogue(by_alias=known))


def made(
    *runbooks: RunbookTrigger,
    host: Host | None = HOST,
    hosts: tuple[Host, ...] = (),
    occasions: tuple[Occasion, ...] = (Occasion.OPENED,),
) -> list[Intent]:
    """What follows from the alert on that host."""
    orders = [Order(each, T0, "v1:cpu") for each in occasions]
    return list(diagnoses(incident(), alert(), host, orders, estate(*runbooks, hosts=hosts)))


def runbook(name: str = "linux-base", **policy: Any) -> RunbookTrigger:
    """A runbook for everything."""
    return RunbookTrigger(name, any=(RunbookMatch(),), policy=RunbookPolicy(**policy))


def test_a_runbook_that_applies_runs_once_on_a_host() -> None:
    """Its key says so; what it needs to know later is written down with it."""
    other = RunbookTrigger("other", any=(RunbookMatch(alerts=("*disk*",)),))
    [intent] = made(runbook(), other)

    assert "1/diagnose/linux-base/db01" == intent.key
    assert ("diagnose/db01", ActionKind.DIAGNOSE, None, None) == (
        intent.lane,
        intent.kind,
        intent.not_before,
        intent.held_until,
    )
    assert {
        "runbook": "linux-base",
        "host": "db01",
        "alert": "v1:cpu",
        "occasion": "opened",
        "by": "alert v1:cpu",
    } == intent.payload


@pytest.mark.parametrize("host", [None, replace(HOST, address=None), replace(HOST, ssh=None)])
def test_a_host_without_a_way_in_is_never_connected_to(host: Host | None) -> None:
    """Only what the inventory gives an address and a profile is diagnosed."""
    assert [] == made(runbook(), host=host)


@pytest.mark.parametrize(
    ("occasion", "key"),
    [
        (Occasion.REOPENED, f"1/diagnose/linux-base/db01/reopened/{T0.isoformat()}"),
        (Occasion.ESCALATED, f"1/diagnose/linux-base/db01/escalated/{incident().priority}"),
        (Occasion.MANUAL, f"1/diagnose/linux-base/db01/manual/{T0.isoformat()}"),
    ],
)
def test_a_runbook_runs_again_on_the_occasions_that_it_has(occasion: Occasion, key: str) -> None:
    """On each return, at each priority, whenever a person asks; each key once."""
    on, off = runbook(occasions=frozenset([occasion])), runbook(occasions=frozenset())

    assert [key] == [each.key for each in made(on, off, occasions=(Occasion.OPENED, occasion))]


def test_a_runbook_may_wait_a_little() -> None:
    """In a lane of its own, so that nothing waits behind it."""
    [intent] = made(runbook(delay=timedelta(seconds=30)))

    assert ("diagnose/db01+30", T0 + timedelta(seconds=30)) == (intent.lane, intent.not_before)


def test_a_runbook_may_be_held_as_a_whole() -> None:
    """Until somebody with the role agrees, for a day at most."""
    [intent] = made(runbook(approval=Role.MANAGER))

    assert T0 + timedelta(hours=24) == intent.held_until
    assert "manager" == intent.payload["role"]


def test_what_does_more_than_read_is_held_by_itself() -> None:
    """The rest of the runbook need not wait for a person."""
    reads, intrudes = made(replace(runbook(), intrusive=True))

    assert reads.held_until is None
    assert T0 + timedelta(hours=24) == intrudes.held_until
    assert "1/diagnose/linux-base/db01/intrusive" == intrudes.key
    assert ("intrusive", "operator") == (intrudes.payload["part"], intrudes.payload["role"])


def test_a_runbook_may_run_elsewhere() -> None:
    """On hosts of the same customer that have the tags and a way in, so many at most, by name."""
    tags = {"role": "kubectl"}
    hosts = (
        replace(HOST, name="b3", tags=tags),
        replace(HOST, name="b1", tags=tags),
        replace(HOST, name="b2", tags=tags),
        replace(HOST, name="a1", tags=tags, ssh=None),
        replace(HOST, name="a2", tags=tags, customer="globex"),
        HOST,
    )
    elsewhere = runbook(on_hosts={"role": ("kubectl",)}, max_hosts=2)

    for host in (HOST, None):
        found = made(elsewhere, host=host, hosts=hosts)
        assert ["b1", "b2"] == [each.payload["host"] for each in found]


def test_a_diagnosis_is_repeated_as_often_as_its_runbook_says() -> None:
    """Each time with a key of its own, in a lane that holds up nothing."""
    [intent] = made(runbook())
    rerun = Rerun(timedelta(minutes=5), times=2)
    first = repeated(action_of(intent), rerun, T0)
    assert first is not None
    second = repeated(action_of(first), rerun, T0)
    assert second is not None

    assert ["1/diagnose/linux-base/db01/again/1", "1/diagnose/linux-base/db01/again/2"] == [
        first.key,
        second.key,
    ]
    assert ("again/db01+300", T0 + timedelta(minutes=5)) == (first.lane, first.not_before)
    assert repeated(action_of(second), rerun, T0) is None


def action_of(intent: Intent) -> Action:
    """An intent as the outbox has it."""
    return Action(
        1,
        intent.incident,
        intent.customer,
        intent.kind,
        intent.lane,
        intent.key,
        intent.payload,
        ActionStatus.RUNNING,
        1,
        T0,
        T0,
    )
