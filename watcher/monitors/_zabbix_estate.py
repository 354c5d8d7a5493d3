"""What Zabbix knows of hosts, of what they depend on, and of services."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from watcher.decide.estate.words import system
from watcher.model.estate import Estate, FoundHost, FoundService, Tag
from watcher.monitors._zabbix_api import Api
from watcher.monitors._zabbix_records import rows_of
from watcher.monitors.base import MonitorError, Trouble

WHO = "Zabbix"
GROUPS_RENAMED = (6, 2)
"""From here on the groups of hosts are asked for by another name."""

_MONITORED = 0
_CHUNK = 500
_LIKE = "2"

Row = Mapping[str, Any]


def groups_key(api: Api) -> tuple[str, str]:
    """How groups of hosts are asked for, and under which name they come. Raises MonitorError."""
    if api.version >= GROUPS_RENAMED:
        return "selectHostGroups", "hostgroups"
    return "selectGroups", "groups"


def estate(api: Api, within: Mapping[str, object], *, services: bool) -> Estate:
    """All monitored hosts within these groups. Raises MonitorError unless all answers came."""
    select, groups = groups_key(api)
    rows = rows_of(
        api,
        "host.get",
        {
            **within,
            select: ["name"],
            "output": ["hostid", "host", "name"],
            "filter": {"status": _MONITORED},
            "selectInterfaces": ["ip", "dns", "useip", "main", "type"],
            "selectTags": ["tag", "value"],
            "selectInheritedTags": ["tag", "value"],
            "selectParentTemplates": ["name"],
            "selectInventory": ["os", "os_full", "os_short"],
        },
    )
    try:
        needs = _needs(api, {row["hostid"] for row in rows})
        hosts = tuple(_host(row, groups, needs) for row in _sorted(rows, "hostid"))
        found = tuple(_services(api, rows)) if services else None
    except (LookupError, TypeError, ValueError, AttributeError):
        raise MonitorError(
            "Zabbix describes its hosts in no way we know", Trouble.STRANGE
        ) from None
    return Estate(WHO, hosts, found)


def _sorted(rows: Collection[Row], key: str) -> list[Row]:
    return sorted(rows, key=lambda row: int(row[key]))


def _host(row: Row, groups: str, needs: Mapping[str, set[str]]) -> FoundHost:
    interfaces = sorted(row["interfaces"], key=_first_things_first)
    dns = [each["dns"] for each in interfaces if each["dns"]]
    # An inventory that is off comes as an empty list.
    inventory = row.get("inventory") or {}
    about = [each["name"] for each in row["parentTemplates"]]
    return FoundHost(
        id=row["hostid"],
        name=row["host"],
        place=f"host {row['hostid']}",
        names=(row["name"], *dns),
        addresses=tuple(_addresses(interfaces)),
        groups=tuple(sorted(each["name"] for each in row[groups])),
        tags=tuple(_tags(row["tags"])),
        os=system(filter(None, inventory.values())) or system(about),
        depends_on=tuple(sorted(needs.get(row["hostid"], ()), key=int)),
    )


def _first_things_first(interface: Row) -> tuple[bool, int, str]:
    """The main one of the agent, then those of SNMP, IPMI and JMX."""
    return interface["main"] != "1", int(interface["type"]), interface["ip"]


def _addresses(interfaces: Collection[Row]) -> Iterator[str]:
    """Where Zabbix itself connects to, then every other address."""
    for each in interfaces:
        yield each["ip"] if each["useip"] == "1" else each["dns"]
    for each in interfaces:
        yield each["ip"]


def _tags(rows: Collection[Row]) -> Iterator[Tag]:
    yield from sorted({(each["tag"], each["value"]) for each in rows})


def _needs(api: Api, hosts: Collection[str]) -> dict[str, set[str]]:
    """The hosts without which others cannot be reached, as the triggers of both depend."""
    dependent = rows_of(
        api,
        "trigger.get",
        {
            "output": ["triggerid"],
            "dependent": True,
            "selectHosts": ["hostid"],
            "selectDependencies": ["triggerid"],
        },
    )
    wanted = {each["triggerid"] for row in dependent for each in row["dependencies"]}
    owners = _owners(api, sorted(wanted, key=int))
    needs: dict[str, set[str]] = defaultdict(set)
    for row in dependent:
        for host in (each["hostid"] for each in row["hosts"]):
            for each in row["dependencies"]:
                needs[host] |= owners.get(each["triggerid"], set()) - {host}
    return {host: needed & {*hosts} for host, needed in needs.items()}


def _owners(api: Api, triggers: list[str]) -> dict[str, set[str]]:
    """The hosts of these triggers."""
    owners: dict[str, set[str]] = {}
    for start in range(0, len(triggers), _CHUNK):
        some = triggers[start : start + _CHUNK]
        asked = {"output": ["triggerid"], "triggerids": some, "selectHosts": ["hostid"]}
        for row in rows_of(api, "trigger.get", asked):
            owners[row["triggerid"]] = {each["hostid"] for each in row["hosts"]}
    return owners


def _services(api: Api, hosts: Collection[Row]) -> Iterator[FoundService]:
    """The tree of services; a host is under one whose problem tags all match its own tags."""
    rows = rows_of(
        api,
        "service.get",
        {
            "output": ["serviceid", "name"],
            "selectChildren": ["serviceid"],
            "selectProblemTags": ["tag", "operator", "value"],
            "selectTags": ["tag", "value"],
        },
    )
    tagged = {row["hostid"]: {*_tags([*row["tags"], *row["inheritedTags"]])} for row in hosts}
    for row in _sorted(rows, "serviceid"):
        wanted = row["problem_tags"]
        under = (id_ for id_, tags in tagged.items() if wanted and _all_match(wanted, tags))
        yield FoundService(
            id=row["serviceid"],
            name=row["name"],
            place=f"service {row['serviceid']}",
            hosts=tuple(sorted(under, key=int)),
            depends_on=tuple(each["serviceid"] for each in _sorted(row["children"], "serviceid")),
            tags=tuple(_tags(row["tags"])),
        )


def _all_match(wanted: Collection[Row], tags: Collection[Tag]) -> bool:
    return all(any(_matches(each, tag) for tag in tags) for each in wanted)


def _matches(wanted: Row, tag: Tag) -> bool:
    name, value = tag
    if wanted["tag"] != name:
        return False
    if wanted["operator"] == _LIKE:
        return wanted["value"].casefold() in value.casefold()
    return bool(wanted["value"] == value)
