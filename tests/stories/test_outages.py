"""What a night on duty looks like: one outage, one incident, told once."""

from tests.stories.telling import Story, clock_time, grafana, olga, zabbix
from watcher.engine.command import Desk
from watcher.model.action import ActionKind, ActionStatus
from watcher.model.event import Severity


def desk(story: Story) -> Desk:
    """Where people's commands are carried out."""
    policy, catalogue = story.settings.policy, story.settings.catalogue
    return Desk(story.store, story.clock, policy, catalogue, wake=lambda: None)


def test_a_flapping_host_is_one_incident(story: Story) -> None:
    """Three downs in ten minutes are one incident, with each turn on its timeline."""
    story.at("00:00", zabbix("web01 is down", event=1))
    story.at("00:03", zabbix("web01 is up", event=1, since="00:00"))
    story.at("00:05", zabbix("web01 is down", event=2))
    story.at("00:07", zabbix("web01 is up", event=2, since="00:05"))
    story.at("00:09", zabbix("web01 is down", event=3))

    assert ["shop: web01 is down (P3, open)"] == story.incidents(by="01:00")
    assert [3] == [each.count for each in story.alerts()]
    assert ["opened", "resolved", "reopened", "resolved", "reopened"] == news(story)


def test_a_link_that_flaps_all_night_is_told_once(story: Story) -> None:
    """It is held once it is known to come back; that it is over is told when it has stayed away,
    and what a person then sees is the true recovery.
    """
    for event, minute in enumerate(range(0, 50, 5), start=1):
        begun = f"00:{minute:02}"
        story.at(begun, zabbix("web01 is down", event=event))
        story.at(f"00:{minute + 1:02}", zabbix("web01 is up", event=event, since=begun))
    told = ["opened", *(["resolved", "reopened"] * 3)]

    assert ["shop: web01 is down (P3, resolved)"] == story.incidents(by="00:57")
    assert told == news(story)[: len(told)]
    assert len(told) == len(story.mails())
    assert ["resolved"] == [
        each.rsplit("(", 1)[1].split()[0] for each in story.mails(by="01:00")[len(told) :]
    ]
    assert [clock_time("00:46")] == [each.resolved_at for each in story.found()]

    story.at("01:10", zabbix("web01 is down", event=11))
    assert 2 == len(story.found())


def test_whoever_reopens_what_is_held_is_not_told_that_it_is_over(story: Story) -> None:
    """A person knows better than a hold."""
    for event, minute in enumerate(range(0, 20, 5), start=1):
        begun = f"00:{minute:02}"
        story.at(begun, zabbix("web01 is down", event=event))
        story.at(f"00:{minute + 1:02}", zabbix("web01 is up", event=event, since=begun))
    desk(story).reopen(1, olga())

    assert 8 == len(story.mails(by="01:00"))
    assert "reopened" == news(story)[-1]


def news(story: Story) -> list[str]:
    """What the mails were about, in their order."""
    return [each.payload["event"] for each in story.actions() if each.kind is ActionKind.NOTIFY]


def test_a_worse_alert_raises_the_priority_and_tells_again(story: Story) -> None:
    """One incident for the whole service; who was told of a P3 is told that it is a P1."""
    story.at("00:00", zabbix("web01 is down", severity=Severity.WARNING))
    story.at("00:02", zabbix("web02 is down", event=2, severity=Severity.DISASTER))

    assert [("P1", ("web01", "web02"))] == [
        (each.priority.value, each.hosts) for each in story.found()
    ]
    assert ["opened", "raised"] == news(story)
    assert ["[P4]", "[P1]"] == [each.split()[0] for each in story.mails()]


def test_customers_are_strangers(story: Story) -> None:
    """Two customers with a host of the same name have nothing in common."""
    story.at("00:00", zabbix("db01 is down"))
    story.at("00:01", zabbix("db01 is down", source="zabbix-globex"))

    assert [("acme", "billing", 1), ("globex", None, 1)] == [
        (each.customer, each.service, each.alerts) for each in story.found()
    ]
    assert [True, False] == [
        each.host_known for each in sorted(story.alerts(), key=lambda each: each.customer)
    ]


def test_an_alert_joins_the_incident_of_a_phone_call(story: Story) -> None:
    """The user was faster than monitoring: one incident, which stays open when the alert is over,
    until somebody says that the user can work again.
    """
    story.phone("00:00", "Nobody can pay", service="billing")
    story.at("00:03", zabbix("db01 is down", severity=Severity.DISASTER))

    assert ["Nobody can pay (P1, open)"] == story.incidents()
    assert "db01 is down joined" in story.timeline()
    assert "olga" == story.found()[0].opened_by

    story.at("00:20", zabbix("db01 is up", since="00:03", severity=Severity.DISASTER))
    assert ["Nobody can pay (P1, open)"] == story.incidents()
    desk(story).resolve(1, olga())
    assert ["Nobody can pay (P1, resolved)"] == story.incidents()


def test_an_unknown_host_is_shown_and_left_alone(story: Story) -> None:
    """It has its incident, is shown as unknown, and nothing connects to it."""
    story.at("00:00", zabbix("db99 is down"))

    assert [("db99", False)] == [(each.host, each.host_known) for each in story.alerts()]
    assert ["opened"] == news(story)
    assert [] == [each for each in story.actions() if each.kind is ActionKind.DIAGNOSE]


def test_a_known_host_is_diagnosed_once_for_each_incident(story: Story) -> None:
    """Whatever monitoring calls it; a key that is not there is for a person to mend, visibly."""
    story.at("00:00", zabbix("db01 is down"), grafana("Billing is slow"))

    looks = [each for each in story.actions() if each.payload.get("runbook") == "linux-base"]
    assert [("db01", ActionStatus.GAVE_UP)] == [
        (each.payload["host"], each.status) for each in looks
    ]
    assert 1 == len(story.found())


def test_two_sources_are_one_incident(story: Story) -> None:
    """Zabbix calls it db01, Grafana 10.0.0.5:9100; one disruption of one service, told once."""
    story.at("00:00", zabbix("db01 is down"))
    story.at("00:02", grafana("Billing is slow", since="00:01"))
    story.at("00:30", zabbix("db01 is up", since="00:00"))

    assert [("db01", True), ("db01", True)] == [
        (each.host, each.host_known) for each in story.alerts()
    ]
    assert [(2, 1)] == [(each.alerts, each.firing) for each in story.found()]
    story.at("00:40", grafana("Billing is slow", "resolved", since="00:01"))
    assert ["billing: db01 is down (P1, resolved)"] == story.incidents()
    assert ["opened", "raised", "resolved"] == news(story)


def test_a_rule_without_data_does_not_close_the_alert(story: Story) -> None:
    """Grafana's twin for "no data" comes and goes: what it was about still holds."""
    story.at("00:00", grafana("Billing is slow"))
    twin = "DatasourceNoData"
    story.at("00:05", grafana("Billing is slow", synthetic=twin, since="00:05"))
    story.at("00:10", grafana("Billing is slow", "resolved", synthetic=twin, since="00:05"))

    [incident] = story.found()
    assert ("open", 1) == (incident.status.value, incident.firing)


def test_recovery_before_problem_ends_well(story: Story) -> None:
    """Whichever was faster, the outage is on record and over."""
    story.at("00:03", zabbix("db01 is up", since="00:01", of="00:02"))
    story.at("00:04", zabbix("db01 is down", since="00:01", of="00:01"))

    assert ["billing: db01 is down (P2, resolved)"] == story.incidents(by="00:30")


def test_mail_away_for_an_hour_is_caught_up_in_order(story: Story) -> None:
    """Everything that happened meanwhile is told once, in the order in which it happened."""
    story.post_box.replies["MAIL"] = "421 come back later"
    story.at("00:00", zabbix("web01 is down", severity=Severity.WARNING))
    story.at("00:10", zabbix("web01 is up", since="00:00", severity=Severity.WARNING))
    story.at("00:12", zabbix("web01 is down", event=2, severity=Severity.WARNING))
    assert [] == story.mails(by="01:00")
    assert {ActionStatus.RETRY, ActionStatus.WAITING} == {
        each.status for each in story.actions() if each.kind is ActionKind.NOTIFY
    }

    del story.post_box.replies["MAIL"]
    assert ["opened", "resolved", "reopened"] == [
        subject.rsplit("(", 1)[1].split()[0] for subject in story.mails(by="03:00")
    ]
    assert ["opened", "resolved", "reopened"] == news(story)


def test_what_a_person_acknowledged_stays_his_until_it_is_over(story: Story) -> None:
    """A new alert does not take it out of his hands, and a day of quiet closes it."""
    story.at("00:00", zabbix("web01 is down"))
    desk(story).acknowledge(1, olga())
    story.at("00:02", zabbix("web02 is down", event=2))
    assert [("acknowledged", "olga")] == [
        (each.status.value, each.acknowledged_by) for each in story.found()
    ]

    story.at("00:20", zabbix("web01 is up", since="00:00"), zabbix("web02 is up", 2, since="00:02"))
    assert ["resolved"] == [each.status.value for each in story.found()]
    story.clock.advance(story.settings.policy.grouping.close_after)
    story.at("00:21")
    assert ["closed"] == [each.status.value for each in story.found()]
