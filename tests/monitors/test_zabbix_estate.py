"""What Zabbix knows of hosts and services, and what maintenance is planned in it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.monitors.zabbix_api import TOKEN, StandIn, zabbix_api
from watcher.decide.match import parse
from watcher.decide.windows import check, spans
from watcher.kit.clock import Clock
from watcher.kit.secrets import Secret
from watcher.model.estate import FoundHost, FoundService, Timetable, Work
from watcher.model.silence import Window, WindowKind
from watcher.monitors import zabbix as module
from watcher.monitors.base import Access, MonitorError, Planner, Registrar
from watcher.monitors.zabbix import ZabbixMonitor

NOW = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)  # A Sunday.
HOUR = timedelta(hours=1)
EVERY_DAY, EVERY_MONTH = 127, 4095


@pytest.fixture(params=["6.0.14", "6.4.0", "7.2.1"])
def zabbix(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    """A Zabbix of each kind in turn."""
    with zabbix_api(request.param) as stand_in:
        yield stand_in


@pytest.fixture
def old_zabbix() -> Iterator[StandIn]:
    """A Zabbix 6.0."""
    with zabbix_api() as stand_in:
        yield stand_in


def ask(zabbix: StandIn, **options: Any) -> ZabbixMonitor:
    """Who asks it."""
    given = module.options(options)
    access = Access("zbx", "acme", zabbix.url, Secret(TOKEN), options=given)
    monitor = module.monitor(access, Clock())
    assert isinstance(monitor, Planner)
    assert isinstance(monitor, Registrar)
    return monitor


def groups(zabbix: StandIn) -> str:
    """Under which name groups come."""
    return "hostgroups" if zabbix.release >= (6, 2) else "groups"


def interface(kind: int = 1, **more: str) -> dict[str, str]:
    """Where a host is asked."""
    return {"ip": "", "dns": "", "useip": "1", "main": "1", "type": str(kind)} | more


def found(zabbix: StandIn, id_: str, host: str, **more: Any) -> dict[str, Any]:
    """A host as host.get has it."""
    return {
        "hostid": id_,
        "host": host,
        "name": host,
        "interfaces": [],
        "tags": [],
        "inheritedTags": [],
        "parentTemplates": [],
        "inventory": [],
        groups(zabbix): [{"groupid": "5", "name": "Linux"}],
        **more,
    }


def tags(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    """Tags as Zabbix has them."""
    return [{"tag": tag, "value": value} for tag, value in pairs]


def test_hosts_are_read_with_all_that_names_them(zabbix: StandIn) -> None:
    """Where Zabbix connects to comes first; the system is that of the inventory or a template."""
    zabbix.spoil["host.get"] = lambda _: [
        found(
            zabbix,
            "10",
            "db01",
            name="Billing database",
            interfaces=[
                interface(2, ip="10.0.0.9"),
                interface(main="0", ip="10.0.0.7"),
                interface(useip="0", ip="10.0.0.5", dns="db01.acme.example"),
            ],
            tags=tags(("role", "db"), ("role", "db")),
            parentTemplates=[{"name": "Linux by Zabbix agent"}],
            inventory={"os": "", "os_full": ""},
        ),
        found(zabbix, "9", "web01", inventory={"os": "Windows Server 2022"}),
    ]

    assert (
        FoundHost("9", "web01", "host 9", ("web01",), groups=("Linux",), os="windows"),
        FoundHost(
            "10",
            "db01",
            "host 10",
            ("Billing database", "db01.acme.example"),
            ("db01.acme.example", "10.0.0.9", "10.0.0.7", "10.0.0.5", "10.0.0.9", "10.0.0.7"),
            groups=("Linux",),
            tags=(("role", "db"),),
            os="linux",
        ),
    ) == ask(zabbix).estate(services=False).hosts
    assert [{"status": 0}] == [each["filter"] for each in zabbix.asked("host.get")]


def test_what_triggers_depend_on_hosts_do(zabbix: StandIn) -> None:
    """Other hosts only, and only those that may be seen."""
    zabbix.spoil["host.get"] = lambda _: [
        found(zabbix, "1", "sw1"),
        found(zabbix, "2", "db01"),
        found(zabbix, "3", "web01"),
    ]
    dependent = [
        {"triggerid": "21", "hosts": [{"hostid": "2"}], "dependencies": [{"triggerid": "11"}]},
        {
            "triggerid": "22",
            "hosts": [{"hostid": "2"}, {"hostid": "3"}],
            "dependencies": [{"triggerid": "21"}, {"triggerid": "91"}, {"triggerid": "99"}],
        },
    ]
    owners = [
        {"triggerid": "11", "hosts": [{"hostid": "1"}]},
        {"triggerid": "21", "hosts": [{"hostid": "2"}]},
        {"triggerid": "91", "hosts": [{"hostid": "9"}]},
    ]
    zabbix.spoil["trigger.get"] = lambda _: (
        owners if "triggerids" in zabbix.calls[-1][1] else dependent
    )
    estate = ask(zabbix).estate(services=False)

    assert {"sw1": (), "db01": ("1",), "web01": ("2",)} == {
        each.name: each.depends_on for each in estate.hosts
    }
    assert ["11", "21", "91", "99"] == zabbix.asked("trigger.get")[-1]["triggerids"]


def test_services_are_read_as_a_tree_over_hosts(zabbix: StandIn) -> None:
    """A host is under one whose problem tags all match its own, those of its templates included."""
    shop = tags(("service", "shop"))
    zabbix.spoil["host.get"] = lambda _: [
        found(zabbix, "1", "a", tags=shop, inheritedTags=tags(("tier", "Web"))),
        found(zabbix, "2", "b", tags=shop),
    ]

    def wanted(tag: str, value: str, operator: str = "0") -> dict[str, str]:
        return {"tag": tag, "operator": operator, "value": value}

    none: dict[str, list[dict[str, str]]] = {"children": [], "problem_tags": [], "tags": []}
    children = [{"serviceid": "7"}, {"serviceid": "6"}]
    zabbix.spoil["service.get"] = lambda _: [
        {"serviceid": "8", "name": "all", **none, "children": children},
        {"serviceid": "7", "name": "shop", **none, "problem_tags": [wanted("service", "shop")]},
        {
            "serviceid": "6",
            "name": "web",
            **none,
            "problem_tags": [wanted("service", "shop"), wanted("tier", "we", "2")],
            "tags": tags(("criticality", "3")),
        },
    ]

    assert (
        FoundService("6", "web", "service 6", ("1",), tags=(("criticality", "3"),)),
        FoundService("7", "shop", "service 7", ("1", "2")),
        FoundService("8", "all", "service 8", (), ("6", "7")),
    ) == ask(zabbix).estate(services=True).services


def test_only_the_host_groups_of_the_options_are_asked_for(old_zabbix: StandIn) -> None:
    """With those below them."""
    old_zabbix.groups = {"5": "Linux", "6": "Linux/db", "7": "Windows"}
    ask(old_zabbix, groups=["Linux"]).estate(services=False)

    assert [["5", "6"]] == [each["groupids"] for each in old_zabbix.asked("host.get")]


@pytest.mark.parametrize("method", ["host.get", "trigger.get", "service.get"])
@pytest.mark.parametrize("rows", [[{"hostid": "1", "host": "a", "name": "a"}], [{}], "[]"])
def test_a_strange_answer_is_no_estate(old_zabbix: StandIn, method: str, rows: object) -> None:
    """Half of what there is would look as if the rest were gone."""
    old_zabbix.spoil[method] = lambda _: rows

    with pytest.raises(MonitorError):
        ask(old_zabbix).estate(services=True)


@pytest.mark.parametrize("lost", ["maintenanceid", "hosts", "tags", "timeperiods", "groups"])
def test_a_strange_answer_is_no_timetable(old_zabbix: StandIn, lost: str) -> None:
    """The same for maintenance."""
    planned(old_zabbix, once())
    del old_zabbix.maintenances[0][lost]

    with pytest.raises(MonitorError):
        ask(old_zabbix).timetable(NOW)


def planned(zabbix: StandIn, *periods: dict[str, Any], **more: Any) -> None:
    """Maintenance of db01 and of the group Linux, within the next year."""
    zabbix.spoil["host.get"] = lambda _: [
        found(zabbix, "1", "db01", **{groups(zabbix): [{"groupid": "6", "name": "Linux/db"}]}),
        found(zabbix, "2", "web01", **{groups(zabbix): [{"groupid": "5", "name": "Linuxes"}]}),
        found(zabbix, "3", "app01", **{groups(zabbix): [{"groupid": "5", "name": "Linux"}]}),
    ]
    zabbix.maintenances = [
        {
            "maintenanceid": "7",
            "name": "New disks",
            "active_since": stamp(NOW),
            "active_till": stamp(NOW + 365 * 24 * HOUR),
            "tags_evaltype": "0",
            "tags": [],
            "hosts": [{"hostid": "1"}],
            groups(zabbix): [],
            "timeperiods": [
                {"every": "1", "dayofweek": "0", "day": "0",
                 "month": "0", "start_time": "0", "start_date": "0", "period": "3600", **period}
                for period in periods
            ],
            **more,
        }
    ]  # fmt: skip


def stamp(moment: datetime) -> str:
    """As the API writes a time."""
    return str(int(moment.timestamp()))


def once(**more: Any) -> dict[str, Any]:
    """A period of an hour from now on."""
    return {"timeperiod_type": "0", "start_date": stamp(NOW), **more}


def tag(name: str, value: str, operator: str = "0") -> dict[str, str]:
    """A condition on problems."""
    return {"tag": name, "operator": operator, "value": value}


def timetable(zabbix: StandIn, zone: str = "Europe/Moscow", at: datetime = NOW) -> Timetable:
    """What is planned."""
    return ask(zabbix, timezone=zone).timetable(at)


def test_maintenance_of_hosts_and_groups_names_its_hosts(zabbix: StandIn) -> None:
    """Those of groups below the group, too; with or without collection of data is the same."""
    planned(zabbix, once(), maintenance_type="1", **{groups(zabbix): [{"name": "Linux"}]})

    assert (Work("7.1.1", "New disks", ("app01", "db01"), (), NOW, HOUR),) == (
        timetable(zabbix).works
    )


def test_maintenance_ends_with_its_frame(old_zabbix: StandIn) -> None:
    """A period counts only within it; what is over, or about nobody, is none."""
    since, till = NOW + HOUR / 4, NOW + HOUR / 2
    planned(old_zabbix, once(), active_since=stamp(since), active_till=stamp(till))
    framed = timetable(old_zabbix)
    over = timetable(old_zabbix, at=till)
    old_zabbix.maintenances[0]["active_till"] = stamp(NOW + 9 * HOUR)
    late = timetable(old_zabbix, at=NOW + HOUR)
    old_zabbix.maintenances[0]["hosts"] = [{"hostid": "99"}]
    nobody = timetable(old_zabbix)

    assert [(since, till - since)] == [(each.starts, each.length) for each in framed.works]
    assert [Timetable(())] * 3 == [over, late, nobody]


@pytest.mark.parametrize(
    ("period", "rule", "begins"),
    [
        ({"timeperiod_type": "2", "every": "3"}, "FREQ=DAILY;INTERVAL=3", ["23 02:00", "26 02:00"]),
        (
            {"timeperiod_type": "3", "every": "2", "dayofweek": str(1 + 2)},
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU",
            ["23 02:00", "24 02:00", "07 02:00"],
        ),
        (
            {"timeperiod_type": "4", "month": str(EVERY_MONTH), "day": "31"},
            "FREQ=MONTHLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYMONTHDAY=31",
            ["31 02:00", "31 02:00"],
        ),
        (
            {"timeperiod_type": "4", "month": str(1 << 11), "dayofweek": "64", "every": "5"},
            "FREQ=MONTHLY;BYMONTH=12;BYDAY=-1SU",
            ["27 02:00"],
        ),
        (
            {"timeperiod_type": "4", "month": str(EVERY_MONTH), "dayofweek": "3", "every": "2"},
            "FREQ=MONTHLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYDAY=2MO,2TU",
            ["08 02:00", "14 02:00"],
        ),
    ],
)
def test_periods_repeat_as_they_do_there(
    old_zabbix: StandIn, period: dict[str, str], rule: str, begins: list[str]
) -> None:
    """By the clocks of its server: it is Monday in Moscow already."""
    planned(old_zabbix, {"start_time": "7200", **period})
    [work] = timetable(old_zabbix).works
    window = Window(
        WindowKind.MAINTENANCE, "acme", parse("host=db01"), work.starts, work.length,
        work.repeat, work.zone,
    )  # fmt: skip
    check(window)
    moscow = ZoneInfo("Europe/Moscow")
    found_at = [f"{each.starts.astimezone(moscow):%d %H:%M}" for each in spans(window, NOW)]

    assert f"{rule};UNTIL=20271122T220000Z" == work.repeat
    assert begins == found_at[: len(begins)]


def test_a_period_that_never_comes_is_none(old_zabbix: StandIn) -> None:
    """Neither one whose day no month has, nor one that begins after the end."""
    planned(
        old_zabbix,
        {"timeperiod_type": "4", "month": "2", "day": "30"},
        {"timeperiod_type": "4", "month": "1", "day": "5"},
        active_till=stamp(NOW + 24 * HOUR),
    )

    assert Timetable(()) == timetable(old_zabbix)


@pytest.mark.parametrize(
    ("tags_of", "evaluation", "when"),
    [
        ([tag("scope", "a.b"), tag("scope", "cap", "2"), tag("team", "dba")], "0",
         ['scope=~".*cap.*|a\\\\.b"', 'team=~"dba"']),
        ([tag("scope", "x"), tag("team", "", "2")], "2", ['scope=~"x"', 'team=~".+"']),
        ([], "2", []),
    ],
)  # fmt: skip
def test_tags_become_matchers(
    old_zabbix: StandIn, tags_of: list[dict[str, str]], evaluation: str, when: list[str]
) -> None:
    """Values of one tag are alternatives, tags must all match; where any is enough, each is a work
    of its own.
    """
    planned(old_zabbix, once(), tags=tags_of, tags_evaltype=evaluation)
    works = timetable(old_zabbix).works

    assert [str(each) for work in works for each in work.when] == when
    assert (2 if evaluation == "2" and when else 1) == len(works)


def test_what_cannot_be_said_is_noted(old_zabbix: StandIn) -> None:
    """And what can be is taken over."""
    daily = {"timeperiod_type": "2"}
    planned(old_zabbix, once(), daily, {"timeperiod_type": "9"})
    without_zone = timetable(old_zabbix, zone="")
    strange = timetable(old_zabbix)
    planned(old_zabbix, once(), tags=[tag("scope", "")])
    tagged = timetable(old_zabbix)

    assert ["7.1.1"] == [each.title for each in without_zone.works]
    assert (
        "period 2 of maintenance 'New disks' is not taken over: it repeats"
        in (without_zone.notes[0])
    )
    assert (
        "period 3 of maintenance 'New disks' is not taken over: a period of type 9 is unknown",
    ) == strange.notes
    assert () == tagged.works
    assert "it asks for the tag scope without a value" in tagged.notes[0]


def test_a_time_zone_that_there_is_not_is_refused() -> None:
    """When the configuration is read."""
    with pytest.raises(ValueError, match="there is no time zone 'Mars'"):
        module.options({"timezone": "Mars"})
