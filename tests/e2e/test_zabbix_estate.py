"""Hosts, services and maintenance of a real Zabbix are taken over by a user that may only read."""

import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.cli.given import SECRETS, Desk
from tests.e2e.zabbix import NO_FRONT_END, READ, Zabbix
from watcher.app.keeping import planning
from watcher.app.stored import open_store
from watcher.kit.clock import Clock
from watcher.model.catalogue import Host, Service
from watcher.monitors._zabbix_account import READS
from watcher.settings import load

CONFIG = """\
data_dir: data
catalogue: [catalogue.yaml, catalogue]
inventory: [inventory.yaml, inventory]
sources:
  - name: zbx
    kind: zabbix
    customer: acme
    auth: {{bearer: {{env: ZBX_TOKEN}}}}
    monitor:
      url: {url}
      token: {{file: token}}
      options: {{timezone: Europe/Moscow}}
"""
CATALOGUE = "customers: [{name: acme, title: ООО «Акме»}]\n"
INVENTORY = "hosts: [{name: own-db, customer: acme, aliases: [est-db]}]\n"
GROUP = "Customers/ООО «Акме»"
USER_ROLE, IP, DNS = 1, 1, 0


@dataclass
class Estate:
    """What the tests do to one Zabbix, and beside it."""

    zabbix: Zabbix
    at: Desk
    group: str
    hosts: dict[str, str]

    def run(self, *words: str) -> str:
        result = self.at.run(*words)
        assert 0 == result.exit_code, result.output
        return result.output

    def propose(self) -> str:
        how = ("--customer-from", "group:Customers/*", "--criticality", "2")
        return self.run("catalogue", "propose", "zabbix", "zbx", *how, "--out", self.out)

    @property
    def out(self) -> str:
        return str(self.at.folder / "out")

    def keep_plans(self) -> str:
        """What is planned after the worker has looked."""
        # A command before has set up the log for its own process.
        structlog.reset_defaults()
        settings = load(self.at.config, SECRETS, brief=True)
        with closing(open_store(settings)) as store:
            for duty in planning(settings, store, Clock(), "test"):
                duty.step()
        return self.run("maintenance", "list")


def a_reader(zabbix: Zabbix, group: str) -> str:
    """The token of a user with the rights that connecting gives."""
    api = zabbix.api
    role = api.role.create(
        name="Estate",
        type=USER_ROLE,
        rules={
            "ui": [{"name": "monitoring.problems", "status": 1}],
            "ui.default_access": 0,
            "api.access": 1,
            "api.mode": 1,
            "api": list(READS),
        },
    )
    rights = [{"id": group, "permission": READ}]
    team = api.usergroup.create(name="Estate", gui_access=NO_FRONT_END, rights=rights)
    api.user.create(
        username="estate",
        passwd=secrets.token_urlsafe(),
        roleid=role["roleids"][0],
        usrgrps=[{"usrgrpid": team["usrgrpids"][0]}],
    )
    return zabbix.token("estate")


def make_hosts(api: Any, group: str) -> dict[str, str]:
    """A switch, a database behind it and a web server, by their names."""
    known: dict[str, dict[str, Any]] = {
        "est-sw": {"interfaces": [interface(IP, ip="10.9.0.1")]},
        "est-db": {"interfaces": [interface(IP, ip="10.9.0.2")]},
        "est-web": {
            "name": "Сайт «Акме»",
            "interfaces": [interface(DNS, ip="10.9.0.3", dns="web.acme.example")],
            "tags": [{"tag": "service", "value": "site"}, {"tag": "os", "value": "linux"}],
        },
    }
    hosts = {
        name: api.host.create(host=name, groups=[{"groupid": group}], **more)["hostids"][0]
        for name, more in known.items()
    }
    ids: dict[str, str] = {}
    for name, host in hosts.items():
        api.item.create(hostid=host, name="Up", key_="up", type=2, value_type=3)
        needs = [{"triggerid": ids["est-sw"]}] if ids else []
        made = api.trigger.create(
            description="Down", expression=f"last(/{name}/up)=0", dependencies=needs
        )
        ids[name] = made["triggerids"][0]
    return hosts


def interface(use: int, **more: str) -> dict[str, Any]:
    """Where the agent of a host is asked."""
    return {"type": 1, "main": 1, "useip": use, "ip": "", "dns": "", "port": "10050", **more}


@pytest.fixture(scope="module")
def estate(zabbix_lab: Zabbix, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """A customer's hosts, with a dependency, a tree of services, and maintenance."""
    api, folder = zabbix_lab.api, tmp_path_factory.mktemp("estate")
    group = zabbix_lab.make_group(GROUP)
    hosts = make_hosts(api, group)
    site = api.service.create(
        name="Сайт",
        algorithm=2,
        sortorder=0,
        problem_tags=[{"tag": "service", "operator": 0, "value": "site"}],
        tags=[{"tag": "criticality", "value": "4"}],
    )["serviceids"][0]
    whole = api.service.create(
        name="Продажи", algorithm=2, sortorder=0, children=[{"serviceid": site}]
    )["serviceids"][0]
    write(folder, zabbix_lab.url, a_reader(zabbix_lab, group))
    yield Estate(zabbix_lab, Desk(folder), group, hosts)
    api.service.delete(whole, site)
    api.host.delete(*hosts.values())


def write(folder: Path, url: str, token: str) -> None:
    """A configuration with files by hand, and folders for what is taken over."""
    (folder / "watcher.yaml").write_text(CONFIG.format(url=url))
    (folder / "catalogue.yaml").write_text(CATALOGUE)
    (folder / "inventory.yaml").write_text(INVENTORY)
    (folder / "token").write_text(token)
    for name in ("catalogue", "inventory"):
        (folder / name).mkdir()


def test_hosts_and_services_are_proposed_and_taken_over(estate: Estate) -> None:
    """The customer is known by its title; what is described by hand is left as it is."""
    said = estate.propose()
    estate.run("catalogue", "apply", estate.out)
    again = estate.propose()
    catalogue = load(estate.at.config, SECRETS, brief=True).catalogue
    web = Host(
        "acme",
        "est-web",
        ("10.9.0.3", "web.acme.example", "Сайт «Акме»"),
        "web.acme.example",
        tags={"os": "linux", "service": "site"},
    )

    assert "inventory.yaml:1 describes it; Zabbix also calls it 10.9.0.2" in said
    assert web == catalogue.by_alias["acme", "est-web"]
    assert [
        Service("acme", "est-sw", 2, ("est-sw", "est-web", "own-db")),
        Service("acme", "Продажи", 2, depends_on=("Сайт",)),
        Service("acme", "Сайт", 4, ("est-web",)),
    ] == sorted(catalogue.services.values(), key=lambda each: each.name)
    assert again.endswith("Nothing to change.\n")


def test_maintenance_is_taken_over_followed_and_ended(estate: Estate) -> None:
    """Once, every week by the clocks of the server, and by tags; under the names of ours."""
    now = int(time.time())
    daily = {"timeperiod_type": 3, "every": 1, "dayofweek": 64, "start_time": 7200, "period": 3600}
    made = estate.zabbix.api.maintenance.create(
        name="Новые диски",
        active_since=now - 60,
        active_till=now + 30 * 86400,
        groups=[{"groupid": estate.group}],
        tags=[{"tag": "scope", "operator": 2, "value": "capacity"}],
        timeperiods=[{"timeperiod_type": 0, "start_date": now - 60, "period": 3600}, daily],
    )["maintenanceids"][0]
    planned = estate.keep_plans().splitlines()
    estate.zabbix.api.maintenance.update(
        maintenanceid=made, tags=[], groups=[], hosts=[{"hostid": estate.hosts["est-db"]}]
    )
    changed = estate.keep_plans()
    refused = estate.at.run("maintenance", "cancel", "1")
    estate.zabbix.api.maintenance.delete(made)
    ended = estate.keep_plans()

    assert 2 == len(planned)
    for line in planned:
        assert 'host=~"est\\\\-sw|est\\\\-web|own\\\\-db", scope=~".*capacity.*"' in line
        assert line.endswith("Новые диски")
    assert 2 == changed.count('host="own-db"  Новые диски')
    assert "it is planned in Zabbix (source zbx)" in refused.output
    assert 2 == ended.count("cancelled by zabbix:zbx")
