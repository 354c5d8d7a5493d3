"""Who is told, and which runbooks run where."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.decide.given import POLICY, T0, incident
from tests.decide.test_lifecycle import alert
from watcher.decide.lifecycle import News
from watcher.decide.route import diagnoses, notifications
from watcher.model.action import ActionKind
from watcher.model.catalogue import Host
from watcher.model.incident import Priority
from watcher.model.policy import Channel, RunbookMatch, RunbookTrigger

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


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        (RunbookMatch(), 1),
        (RunbookMatch(host_tags={"os": ("linux", "bsd")}), 1),
        (RunbookMatch(host_tags={"os": ("windows",)}), 0),
        (RunbookMatch(alerts=("*CPU*",)), 1),
        (RunbookMatch(alerts=("*disk*",)), 0),
        (RunbookMatch(sources=("zabbix",)), 1),
        (RunbookMatch(sources=("grafana",)), 0),
    ],
)
def test_a_runbook_runs_where_all_of_a_clause_holds(clause: RunbookMatch, expected: int) -> None:
    """Alert names are globs without case; host tags and sources are lists of what is accepted."""
    policy = replace(POLICY, runbooks=(RunbookTrigger("linux-base", any=(clause,)),))
    intents = list(diagnoses(incident(), alert(), HOST, policy))

    assert ["1/diagnose/db01/linux-base"] * expected == [each.key for each in intents]


@pytest.mark.parametrize("host", [None, replace(HOST, address=None), replace(HOST, ssh=None)])
def test_a_host_without_a_way_in_is_never_connected_to(host: Host | None) -> None:
    """Only what the inventory gives an address and a profile is diagnosed."""
    policy = replace(POLICY, runbooks=(RunbookTrigger("linux-base", any=(RunbookMatch(),)),))

    assert [] == list(diagnoses(incident(), alert(), host, policy))
