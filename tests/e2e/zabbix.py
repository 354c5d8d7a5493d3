"""A real Zabbix 6.0 from Debian's packages: database, server and front end in one folder.

Everything listens on loopback, nothing in /etc is touched and no service manager is asked.
"""

import contextlib
import gzip
import os
import re
import secrets
import shutil
import socket
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import psycopg
import requests
from pyzabbix.api import ZabbixAPI

from tests.e2e.process import LOOPBACK, free_port, running, wait_for
from tests.postgres import NoPostgres, running_postgres

SCHEMA = Path("/usr/share/zabbix-server-pgsql")
FRONT_END = Path("/usr/share/zabbix")
FRONT_END_CONFIG_PATH = "/etc/zabbix/zabbix.conf.php"
PARTS = {
    "zabbix-server-pgsql": Path("/usr/sbin/zabbix_server"),
    "zabbix-agent": Path("/usr/bin/zabbix_sender"),
    "zabbix-frontend-php": FRONT_END / "api_jsonrpc.php",
    "php8.2-cli": Path("/usr/bin/php8.2"),
    "php8.2-pgsql": Path("/etc/php/8.2/mods-available/pgsql.ini"),
}

# The configuration is read and problems of what was deleted go every two seconds, so that nobody
# waits for them a minute.
SERVER_CONFIG = """\
ListenIP={ip}
ListenPort={port}
SourceIP={ip}
DBHost={database}
DBName=postgres
DBUser=postgres
LogType=console
PidFile={folder}/server.pid
SocketDir={folder}
CacheUpdateFrequency=2
ProblemHousekeepingFrequency=2
StartAlerters=3
StartPollers=1
StartPollersUnreachable=1
StartPingers=0
StartDiscoverers=0
StartHTTPPollers=0
StartODBCPollers=0
StartTrappers=2
StartPreprocessors=1
StartLLDProcessors=1
StartDBSyncers=2
"""
FRONT_END_CONFIG = """\
<?php
$DB = ['TYPE' => 'POSTGRESQL', 'SERVER' => '{database}', 'PORT' => '0', 'DATABASE' => 'postgres',
    'USER' => 'postgres', 'PASSWORD' => '', 'SCHEMA' => '', 'ENCRYPTION' => false,
    'KEY_FILE' => '', 'CERT_FILE' => '', 'CA_FILE' => '', 'VERIFY_HOST' => false,
    'CIPHER_LIST' => '', 'VAULT_URL' => '', 'VAULT_DB_PATH' => '', 'VAULT_TOKEN' => '',
    'DOUBLE_IEEE754' => true];
$ZBX_SERVER = '{ip}';
$ZBX_SERVER_PORT = '{port}';
$ZBX_SERVER_NAME = '';
$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
"""
PHP_SETTINGS = (
    "memory_limit=256M", "max_execution_time=300", "date.timezone=UTC", "display_errors=0",
    "log_errors=1", "opcache.enable_cli=1",
)  # fmt: skip

# What the Zabbix API calls them.
SECRET, READ, NO_FRONT_END, ALL_SEVERITIES, TRAPPER, TEXT, DISABLED = 1, 2, 3, 63, 2, 4, 1
AVERAGE, GIVEN_UP = 3, 2
ACKNOWLEDGE, COMMENT, CHANGE_SEVERITY = 2, 4, 8
GROUP = "Watched"
MEDIA_TYPE = "Watcher"
BY_HAND = "Send to Watcher"
MACROS = {"{$ZABBIX.URL}", "{$WATCHER.URL}", "{$WATCHER.TOKEN}"}


class NoZabbix(Exception):
    """There is no Zabbix to be had here; the message says why."""


@dataclass(frozen=True)
class Trigger:
    """What is watched on one host: it fires while the host's value contains DOWN."""

    host: str
    name: str
    severity: int
    tags: Sequence[tuple[str, str]] = ()
    opdata: str = ""


@dataclass
class Zabbix:
    """One running Zabbix; `api` is logged in as its administrator."""

    port: int
    url: str
    api: Any
    group: str = ""
    triggers: dict[str, str] = field(default_factory=dict)
    firing: set[str] = field(default_factory=set)

    def stop_watching_this_machine(self) -> None:
        """Every new Zabbix asks the agent of its own machine, if there is one."""
        (itself,) = self.api.host.get(filter={"host": "Zabbix server"}, output=["hostid"])
        self.api.host.update(hostid=itself["hostid"], status=DISABLED)

    def connect(self, media_type: str, watcher_url: str, token: str) -> None:
        """What docs/how-to/connect-zabbix.md asks of an administrator."""
        api = self.api
        self.group = self.make_group(GROUP)
        api.usermacro.createglobal(macro="{$ZABBIX.URL}", value=self.url)
        api.usermacro.createglobal(macro="{$WATCHER.URL}", value=watcher_url)
        api.usermacro.createglobal(macro="{$WATCHER.TOKEN}", value=token, type=SECRET)
        rules = {"mediaTypes": {"createMissing": True, "updateExisting": True}}
        api.configuration["import"](format="yaml", source=media_type, rules=rules)
        tell = {
            "operationtype": 0,
            "opmessage": {"default_msg": 1, "mediatypeid": self._media_type()["mediatypeid"]},
            "opmessage_usr": [{"userid": self._make_user()}],
        }
        api.action.create(
            name=BY_HAND,
            eventsource=0,
            operations=[tell],
            recovery_operations=[tell],
            update_operations=[tell],
        )

    def forget(self) -> None:
        """Takes back what `connect` did, where it did it; the hosts and their group stay."""
        found = self.api.action.get(filter={"name": BY_HAND}, output=["actionid"])
        if not found:
            return
        self.api.action.delete(found[0]["actionid"])
        for kind, key, name in (
            ("user", "username", "watcher"),
            ("mediatype", "name", MEDIA_TYPE),
            ("usergroup", "name", "Watcher"),
        ):
            things = getattr(self.api, kind)
            (thing,) = things.get(filter={key: name}, output=[key])
            things.delete(next(value for field, value in thing.items() if field != key))
        macros = self.api.usermacro.get(globalmacro=True, output=["globalmacroid", "macro"])
        self.api.usermacro.deleteglobal(
            *(each["globalmacroid"] for each in macros if each["macro"] in MACROS)
        )

    def make_group(self, name: str) -> str:
        """The id of a new host group."""
        return str(self.api.hostgroup.create(name=name)["groupids"][0])

    def token(self, user: str = "Admin") -> str:
        """A token of that user for the API."""
        (found,) = self.api.user.get(filter={"username": user}, output=["userid"])
        made = self.api.token.create(name=secrets.token_hex(), userid=found["userid"])
        (token,) = self.api.token.generate(*made["tokenids"])
        return str(token["token"])

    def be_impatient(self, attempts: int, seconds: int) -> None:
        """Has messages tried so often, so far apart."""
        self.api.mediatype.update(
            mediatypeid=self._media_type()["mediatypeid"],
            maxattempts=attempts,
            attempt_interval=f"{seconds}s",
        )

    def _media_type(self) -> dict[str, Any]:
        (found,) = self.api.mediatype.get(filter={"name": MEDIA_TYPE}, output="extend")
        return dict(found)

    def _make_user(self) -> str:
        """The user to whom the messages go: it reads the hosts, and meets those who update them."""
        rights = [{"id": self.group, "permission": READ}]
        group = self.api.usergroup.create(name="Watcher", gui_access=NO_FRONT_END, rights=rights)
        (people,) = self.api.usergroup.get(filter={"name": "Zabbix administrators"})
        (role,) = self.api.role.get(filter={"name": "User role"}, output=["roleid"])
        media = {"mediatypeid": self._media_type()["mediatypeid"], "sendto": "watcher"}
        user = self.api.user.create(
            username="watcher",
            passwd=secrets.token_urlsafe(),
            roleid=role["roleid"],
            usrgrps=[{"usrgrpid": group["usrgrpids"][0]}, {"usrgrpid": people["usrgrpid"]}],
            medias=[media | {"severity": ALL_SEVERITIES, "period": "1-7,00:00-24:00"}],
            timezone="UTC",
        )
        return str(user["userids"][0])

    def watch(self, *triggers: Trigger) -> None:
        """Makes the hosts with their triggers, and waits until the server knows them."""
        for trigger in triggers:
            self.triggers[trigger.host] = self._make(trigger)
        # Who knows what was made last knows what was made before.
        last = f"last of {len(self.triggers)}"
        self._make_host(last)
        wait_for(lambda: self._send(last, "up"), "the server to know the hosts")

    def watch_much(self, host: str, count: int) -> list[str]:
        """The triggers of a host with so many of them, of which each fires by itself; its values
        are `value0` and so on.
        """
        hostid = self._make_host(host)
        items = [
            {"hostid": hostid, "name": f"Value {number}", "key_": f"value{number}",
             "type": TRAPPER, "value_type": TEXT}
            for number in range(count)
        ]  # fmt: skip
        self.api.do_request("item.create", items)
        triggers = [
            {"description": f"Slot {number} of {host} is down", "priority": AVERAGE,
             "expression": f'find(/{host}/value{number},,"like","DOWN")=1'}
            for number in range(count)
        ]  # fmt: skip
        made = self.api.do_request("trigger.create", triggers)["result"]["triggerids"]
        return [str(each) for each in made]

    def send_much(self, host: str, value: str, count: int) -> None:
        """The first so many values of such a host."""
        lines = "".join(f"{host} value{number} {value}\n" for number in range(count))
        subprocess.run(
            ["/usr/bin/zabbix_sender", "-z", LOOPBACK, "-p", str(self.port), "-i", "-"],
            input=lines.encode(),
            capture_output=True,
            check=True,
        )

    def _make(self, trigger: Trigger) -> str:
        self._make_host(trigger.host)
        made = self.api.trigger.create(
            description=trigger.name,
            expression=f'find(/{trigger.host}/value,,"like","DOWN")=1',
            priority=trigger.severity,
            opdata=trigger.opdata,
            tags=[{"tag": tag, "value": value} for tag, value in trigger.tags],
        )
        return str(made["triggerids"][0])

    def _make_host(self, name: str) -> str:
        interface = {"type": 1, "main": 1, "useip": 1, "ip": LOOPBACK, "dns": "", "port": "10050"}
        host = self.api.host.create(
            host=name, groups=[{"groupid": self.group}], interfaces=[interface]
        )
        self.api.item.create(
            hostid=host["hostids"][0], name="Value", key_="value", type=TRAPPER, value_type=TEXT
        )
        return str(host["hostids"][0])

    def fire(self, host: str, value: str = "DOWN") -> None:
        self.firing.add(host)
        assert self._send(host, value)

    def recover(self, host: str) -> None:
        assert self._send(host, "up")
        self.firing.discard(host)

    def _send(self, host: str, value: str) -> bool:
        """Whether the server has taken the value, which it does not before it knows the host."""
        server = ("-z", LOOPBACK, "-p", str(self.port))
        sent = subprocess.run(
            ["/usr/bin/zabbix_sender", *server, "-s", host, "-k", "value", "-o", value],
            capture_output=True,
            check=False,
        )
        return sent.returncode == 0

    def update(self, host: str, message: str, severity: int) -> None:
        """As a person does it in the front end: acknowledges, comments, changes the severity."""
        (problem,) = self.api.problem.get(objectids=[self.triggers[host]], output=["eventid"])
        self.api.event.acknowledge(
            eventids=[problem["eventid"]],
            action=ACKNOWLEDGE | COMMENT | CHANGE_SEVERITY,
            message=message,
            severity=severity,
        )

    def failed_tries(self, host: str) -> int:
        """How often the newest message about the host could not be delivered yet."""
        alerts = self.api.alert.get(
            objectids=[self.triggers[host]],
            output=["retries"],
            sortfield="alertid",
            sortorder="DESC",
            limit=1,
        )
        return int(alerts[0]["retries"]) if alerts else 0

    def given_up(self, triggers: Sequence[str]) -> int:
        """How many messages about these triggers it does not try to deliver any more."""
        asked = {"objectids": triggers, "filter": {"status": GIVEN_UP}, "countOutput": True}
        return int(self.api.alert.get(**asked))

    def press_test_button(self, **filled_in: str) -> dict[str, Any]:
        """What the server answers to the front end's test of the media type."""
        media = self._media_type()
        parameters = {each["name"]: each["value"] for each in media["parameters"]} | filled_in
        data = {"mediatypeid": media["mediatypeid"], "parameters": parameters}
        body = orjson.dumps({"request": "alert.send", "sid": self.api.auth, "data": data})
        with socket.create_connection((LOOPBACK, self.port), timeout=30) as connection:
            connection.sendall(b"ZBXD\x01" + struct.pack("<II", len(body), 0) + body)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        return dict(orjson.loads(answer[13:]))


@contextlib.contextmanager
def running_zabbix() -> Iterator[Zabbix]:
    """Runs database, server and front end. Raises NoZabbix."""
    missing = [package for package, part in PARTS.items() if not part.exists()]
    if missing:
        raise NoZabbix(f"no Zabbix: on Debian 12, install {' '.join(missing)}")
    folder = Path(tempfile.mkdtemp(prefix="zbx"))
    user = _own(folder)
    try:
        with running_postgres() as postgres:
            _load(postgres.directory)
            with _running_parts(folder, user, postgres.directory) as zabbix:
                yield zabbix
    except NoPostgres as reason:
        raise NoZabbix(f"no Zabbix: {reason}") from reason
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _own(folder: Path) -> str | None:
    """The user to drop to: the server refuses root."""
    if os.geteuid() != 0:
        return None
    shutil.chown(folder, "zabbix", "zabbix")
    return "zabbix"


def _load(database: Path) -> None:
    """Fills the database with what the packages bring, in one transaction."""
    scripts = (SCHEMA / f"{name}.sql.gz" for name in ("schema", "images", "data"))
    statements = b"".join(gzip.decompress(script.read_bytes()) for script in scripts)
    statements = re.sub(rb"(?m)^(START TRANSACTION|COMMIT);$", b"", statements)
    with psycopg.connect(host=str(database), user="postgres") as connection:
        connection.execute(statements)
        # Without figures about its tables it takes seconds to find out what a user may read.
        connection.execute("ANALYZE")


@contextlib.contextmanager
def _running_parts(folder: Path, user: str | None, database: Path) -> Iterator[Zabbix]:
    port, web_port = free_port(), free_port()
    _write_configs(folder, {"ip": LOOPBACK, "port": str(port), "database": str(database)})
    server = ("/usr/sbin/zabbix_server", "-f", "-c", folder / "server.conf")
    settings = [word for setting in PHP_SETTINGS for word in ("-d", setting)]
    address = f"{LOOPBACK}:{web_port}"
    front_end = ("/usr/bin/php8.2", *settings, "-S", address, "-t", str(folder / "www"))
    with (
        running(*server, folder=folder, user=user) as serving,
        running(*front_end, folder=folder, user=user) as showing,
        requests.Session() as session,
    ):
        serving.wait_for_port(port)
        showing.wait_for_port(web_port)
        url = f"http://{LOOPBACK}:{web_port}/"
        zabbix = Zabbix(port, url, _log_in(url, session))
        zabbix.stop_watching_this_machine()
        yield zabbix


def _write_configs(folder: Path, values: Mapping[str, str]) -> None:
    """The front end is copied, because Debian's reads its configuration from /etc only."""
    (folder / "server.conf").write_text(SERVER_CONFIG.format(folder=folder, **values))
    config = folder / "zabbix.conf.php"
    config.write_text(FRONT_END_CONFIG.format(**values))
    shutil.copytree(FRONT_END, folder / "www", ignore_dangling_symlinks=True)
    reader = folder / "www/include/classes/core/CConfigFile.php"
    reader.write_text(reader.read_text().replace(FRONT_END_CONFIG_PATH, str(config)))


def _log_in(url: str, session: requests.Session) -> Any:
    session.trust_env = False  # Proxies and passwords of this machine are not for the lab.
    api = ZabbixAPI(url, session, timeout=(5, 60))
    api.login("Admin", "zabbix")
    return api
