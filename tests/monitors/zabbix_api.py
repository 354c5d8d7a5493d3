"""A stand-in for the API of Zabbix 6.0, 6.4, 7.0 and 7.2: as strict as they are about how they are
asked, and with a small state of its own.

Method, path, headers and the place of the token are checked as that version does. Unknown
parameters are refused from 7.0 on; before, all but event.acknowledge pass over them in silence.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event as Flag
from threading import Thread
from typing import Any, TypeVar

import orjson

TOKEN = "f" * 63 + "0"
ME = "7"
NO_OBJECT = "No permissions to referred object or it does not exist!"
COMMON = {
    "output", "filter", "search", "sortfield", "sortorder", "limit", "countOutput", "preservekeys",
    "editable",
}  # fmt: skip
OF_EVENTS = {
    "eventids", "groupids", "hostids", "objectids", "source", "object", "severities", "evaltype",
    "tags", "acknowledged", "suppressed", "eventid_from", "eventid_till", "time_from", "time_till",
    "selectTags", "selectSuppressionData", "selectAcknowledges",
}  # fmt: skip
PARAMETERS = {
    "apiinfo.version": set(),
    "user.login": {"username", "password"},
    "problem.get": COMMON | OF_EVENTS | {"recent"},
    "event.get": COMMON | OF_EVENTS | {"value", "selectHosts", "selectRelatedObject"},
    "event.acknowledge": {"eventids", "action", "message", "severity", "suppress_until"},
    "trigger.get": COMMON
    | {
        "triggerids", "expandComment", "dependent", "selectDependencies", "selectFunctions",
        "selectHosts", "selectItems",
    },
    "host.get": COMMON
    | {
        "hostids", "groupids", "selectHostGroups", "selectInheritedTags", "selectInterfaces",
        "selectInventory", "selectParentTemplates", "selectTags",
    },
    "service.get": COMMON
    | {"serviceids", "selectChildren", "selectParents", "selectProblemTags", "selectTags"},
    "hostgroup.get": COMMON | {"groupids"},
    "maintenance.get": COMMON
    | {"maintenanceids", "selectHosts", "selectTags", "selectTimeperiods", "selectHostGroups"},
}  # fmt: skip
OPEN_TO_ALL = ("apiinfo.version", "user.login")


Z = TypeVar("Z", bound="StandIn")


class Refused(Exception):
    """What Zabbix answers as an error."""

    def __init__(self, code: int, data: str) -> None:
        super().__init__(data)
        self.error = {"code": code, "message": "Application error.", "data": data}


@dataclass
class Item:
    """A trigger on one host, or on several: the first function is on the first of them."""

    id: str
    hosts: list[str]
    name: str = "Disk is full"
    manual_close: bool = True
    writable: bool = True


@dataclass
class Problem:
    """An event of a trigger that fired."""

    id: int
    trigger: str
    clock: int
    severity: int = 4
    name: str = "Disk is full"
    acknowledged: bool = False
    suppressed: bool = False
    r_eventid: int = 0
    tags: list[dict[str, str]] = field(default_factory=list)
    acknowledges: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class StandIn:
    """The state of one Zabbix; `url` is the address of its pages."""

    version: str = "6.0.14"
    tokens: dict[str, str] = field(default_factory=lambda: {TOKEN: ""})
    password: str = "zabbix-password"
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=lambda: {"5": "Linux"})
    triggers: dict[str, Item] = field(default_factory=dict)
    problems: dict[int, Problem] = field(default_factory=dict)
    recoveries: dict[int, int] = field(default_factory=dict)
    maintenances: list[dict[str, Any]] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    users: dict[str, tuple[str, str, str]] = field(
        default_factory=lambda: {"1": ("Admin", "Zabbix", "Administrator")}
    )
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    spoil: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    raw: bytes | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    breaks_off: bool = False
    url: str = ""
    over: Flag = field(default_factory=Flag)
    next_id: int = 1000

    # What happens there.

    def host(self, name: str, group: str = "5") -> str:
        id_ = str(10_000 + len(self.hosts))
        interface = {"interfaceid": f"9{id_}", "ip": "10.0.0.5", "type": "1", "main": "1"}
        self.hosts[id_] = {"hostid": id_, "host": name, "name": f"The {name}", "group": group,
                           "interfaces": [interface]}  # fmt: skip
        return id_

    def trigger(self, *hosts: str, **more: Any) -> str:
        id_ = str(20_000 + len(self.triggers))
        self.triggers[id_] = Item(id_, list(hosts), **more)
        return id_

    def fire(self, trigger: str, clock: int, **more: Any) -> int:
        self.next_id += 1
        self.problems[self.next_id] = Problem(self.next_id, trigger, clock, **more)
        return self.next_id

    def recover(self, event: int, clock: int) -> int:
        self.next_id += 1
        self.recoveries[self.next_id] = clock
        self.problems[event].r_eventid = self.next_id
        return self.next_id

    def update(
        self, event: int, clock: int, action: int, message: str = "", severity: int = 0,
        user: str = "1",
    ) -> None:  # fmt: skip
        """As a person does it."""
        self.next_id += 1
        problem = self.problems[event]
        changes = bool(action & 8)
        problem.acknowledges.append(
            {
                "acknowledgeid": str(self.next_id),
                "userid": user,
                "eventid": str(event),
                "clock": str(clock),
                "message": message,
                "action": str(action),
                "old_severity": str(problem.severity if changes else 0),
                "new_severity": str(severity if changes else 0),
            }
        )  # fmt: skip
        problem.severity = severity if changes else problem.severity
        problem.acknowledged = (problem.acknowledged or bool(action & 2)) and not action & 16

    def delete_host(self, host: str) -> None:
        """The events stay until the housekeeper comes; the problems are gone."""
        del self.hosts[host]
        for id_ in [id_ for id_, each in self.triggers.items() if host in each.hosts]:
            del self.triggers[id_]

    def asked(self, method: str) -> list[Mapping[str, Any]]:
        return [params for name, params in self.calls if name == method]

    # How it answers.

    @property
    def release(self) -> tuple[int, int]:
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    def answer(self, request: Mapping[str, Any], bearer: str | None) -> Any:
        method, params = request["method"], request["params"]
        self.calls.append((method, params))
        self._authorise(method, request, bearer)
        if method not in PARAMETERS:
            raise Refused(-32601, "Incorrect API.")
        strict = self.release >= (7, 0) or method == "event.acknowledge"
        known = PARAMETERS[method]
        if method == "event.get" and self.release < (7, 0):
            known = (known | {"select_acknowledges"}) - {"selectAcknowledges"}
        if "selectHostGroups" in known and self.release < (6, 2):
            known = (known | {"selectGroups"}) - {"selectHostGroups"}
        unknown = sorted(set(params) - known)
        if strict and unknown:
            raise Refused(-32602, f'Invalid parameter "/": unexpected parameter "{unknown[0]}".')
        if unknown:
            raise Refused(-32602, f"a slip that {method} passes over in silence: {unknown}")
        result = getattr(self, f"_{method.replace('.', '_')}")(params)
        return self.spoil[method](result) if method in self.spoil else result

    def _authorise(self, method: str, request: Mapping[str, Any], bearer: str | None) -> None:
        inside = request.get("auth")
        if method in OPEN_TO_ALL:
            if inside or bearer:
                raise Refused(
                    -32602, f'The "{method}" method must be called without the "auth" parameter.'
                )
            return
        if self.release >= (7, 2) and "auth" in request:
            raise Refused(-32600, 'Invalid parameter "/": unexpected parameter "auth".')
        token = bearer if self.release >= (6, 4) and bearer else inside
        if token not in self.tokens:
            raise Refused(-32602, "Not authorized.")
        if trouble := self.tokens[token]:
            raise Refused(-32500 if "expired" in trouble else -32602, trouble)

    def _apiinfo_version(self, _: Mapping[str, Any]) -> str:
        return self.version

    def _user_login(self, params: Mapping[str, Any]) -> str:
        if params["password"] != self.password:
            raise Refused(
                -32500, "Incorrect user name or password or account is temporarily blocked."
            )
        session = f"session{len(self.tokens)}"
        self.tokens[session] = ""
        return session

    def _visible(self, params: Mapping[str, Any]) -> Iterator[Problem]:
        assert (params["source"], params["object"]) == (0, 0)
        first, last = int(params.get("eventid_from", 0)), int(params.get("eventid_till", 10**18))
        groups = params.get("groupids")
        for id_, problem in self.problems.items():
            if id_ in self.hidden or not first <= id_ <= last:
                continue
            item = self.triggers.get(problem.trigger)
            # An event whose trigger was deleted is on no host that could be denied.
            if item is not None and not self._readable(item):
                continue
            if groups is not None and (
                item is None or all(self.hosts[each]["group"] not in groups for each in item.hosts)
            ):
                continue
            if params.get("editable") and item is not None and not item.writable:
                continue
            if not params.get("time_from", 0) <= problem.clock <= params.get("time_till", 1e18):
                continue
            yield problem

    def _readable(self, item: Item) -> bool:
        """Whether the token may read all hosts of a trigger."""
        return self.denied.isdisjoint(item.hosts)

    def _problem_get(self, params: Mapping[str, Any]) -> Any:
        found = [
            each
            for each in self._visible(params)
            if not each.r_eventid
            and each.trigger in self.triggers
            and str(each.id) in params.get("eventids", [str(each.id)])
        ]
        return self._listed(found, params, {"selectAcknowledges"}, named=False)

    def _event_get(self, params: Mapping[str, Any]) -> Any:
        if "eventids" in params:
            ids = {int(each) for each in params["eventids"]}
            over = [
                {"eventid": str(id_), "clock": str(clock)}
                for id_, clock in self.recoveries.items()
                if id_ in ids
            ]
            found = [each for each in self._visible(params) if each.id in ids]
        else:
            assert list(params["value"]) == [1]
            over, found = [], list(self._visible(params))
        renamed = "selectAcknowledges" if self.release >= (7, 0) else "select_acknowledges"
        rows = self._listed(found, params, {renamed}, named=True)
        return rows if isinstance(rows, str) else rows + over

    def _listed(
        self,
        found: list[Problem],
        params: Mapping[str, Any],
        acknowledges: set[str],
        *,
        named: bool,
    ) -> Any:
        if params.get("countOutput"):
            return str(len(found))
        down = params.get("sortorder") == "DESC"
        ordered = sorted(found, key=lambda each: each.id, reverse=down)[: params.get("limit")]
        return [self._row(each, params, acknowledges, named=named) for each in ordered]

    def _row(
        self, each: Problem, params: Mapping[str, Any], acknowledges: set[str], *, named: bool
    ) -> dict[str, Any]:
        whole = {
            "eventid": str(each.id),
            "objectid": each.trigger,
            "clock": str(each.clock),
            "name": each.name,
            "severity": str(each.severity),
            "acknowledged": "1" if each.acknowledged else "0",
            "suppressed": "1" if each.suppressed else "0",
            "r_eventid": str(each.r_eventid),
            "opdata": "",
        }
        row: dict[str, Any] = {name: whole[name] for name in params["output"]}
        item = self.triggers.get(each.trigger)
        if "selectTags" in params:
            row["tags"] = each.tags
        if acknowledges & set(params):
            # Newest first, as Zabbix has it.
            row["acknowledges"] = [
                self._done(done, named=named) for done in reversed(each.acknowledges)
            ]
        if "selectHosts" in params:
            row["hosts"] = [{"hostid": host} for host in item.hosts] if item else []
        if "selectRelatedObject" in params:
            closing = {
                "triggerid": each.trigger,
                "manual_close": str(int(bool(item and item.manual_close))),
            }
            row["relatedObject"] = closing if item else []
        return row

    def _done(self, done: dict[str, Any], *, named: bool) -> dict[str, Any]:
        if not named or done["userid"] not in self.users:
            return done
        username, name, surname = self.users[done["userid"]]
        return done | {"username": username, "name": name, "surname": surname}

    def _trigger_get(self, params: Mapping[str, Any]) -> Any:
        rows = []
        for id_ in params.get("triggerids", ()):
            item = self.triggers.get(id_)
            if item is None or not self._readable(item):
                continue
            row: dict[str, Any] = {"triggerid": id_}
            if "selectFunctions" in params:
                # The functions are listed in another order than the expression has them.
                row["expression"] = " or ".join(f"{{{host}1}}>0" for host in item.hosts)
                row["functions"] = [
                    {"functionid": f"{host}1", "itemid": f"{host}2"}
                    for host in reversed(item.hosts)
                ]
                row["items"] = [
                    {
                        "itemid": f"{host}2",
                        "hostid": host,
                        "key_": "vfs.fs.size",
                        "interfaceid": "0",
                    }
                    for host in reversed(item.hosts)
                ]
                row |= {"url": "", "comments": "Look at the disk."}
            rows.append(row)
        return rows

    def _host_get(self, params: Mapping[str, Any]) -> Any:
        wanted = params.get("hostids", list(self.hosts))
        return [
            {name: value for name, value in self.hosts[id_].items() if name != "group"}
            for id_ in wanted
            if id_ in self.hosts and id_ not in self.denied
        ]

    def _hostgroup_get(self, _: Mapping[str, Any]) -> Any:
        return [{"groupid": id_, "name": name} for id_, name in self.groups.items()]

    def _service_get(self, _: Mapping[str, Any]) -> Any:
        return []

    def _maintenance_get(self, _: Mapping[str, Any]) -> Any:
        return self.maintenances

    def _event_acknowledge(self, params: Mapping[str, Any]) -> Any:
        action, ids = params["action"], [int(each) for each in params["eventids"]]
        self._check_change(params)
        there = [
            self.problems[id_] for id_ in ids if id_ in self.problems and id_ not in self.hidden
        ]
        items = [self.triggers.get(each.trigger) for each in there]
        writable = all(item is None or item.writable for item in items)
        if len(there) != len(ids) or (action & 9 and not writable):
            raise Refused(-32500, NO_OBJECT)
        if action & 1 and not all(item and item.manual_close for item in items):
            raise Refused(-32500, "Cannot close problem: trigger does not allow manual closing.")
        for id_ in ids:
            message, severity = params.get("message", ""), params.get("severity", 0)
            self.update(id_, 1_800_000_000, action, message, severity, ME)
            if action & 1:
                self.recover(id_, 1_800_000_005)
            if action & 32:
                self.problems[id_].suppressed = True
        return {"eventids": ids}

    def _check_change(self, params: Mapping[str, Any]) -> None:
        action = params["action"]
        if action & ~(31 if self.release < (6, 2) else 127):
            raise Refused(
                -32602, f'Incorrect value for field "action": unexpected value "{action}".'
            )
        if "suppress_until" in params and not action & 32:
            raise Refused(-32602, 'Invalid parameter "/": unexpected parameter "suppress_until".')
        if action & 4 and not 0 < len(params.get("message", "")) <= 2048:
            raise Refused(-32602, 'Incorrect value for field "message": value is too long.')


def _handler(zabbix: StandIn) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - it holds a class
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if zabbix.hang:
                zabbix.over.wait(30)
            elif self.path != "/zabbix/api_jsonrpc.php":
                self._say(404, b"<html>nothing here</html>")
            elif zabbix.raw is not None or zabbix.status != 200:
                self._say(zabbix.status, zabbix.raw or b"")
            elif self.headers["Content-Type"] != "application/json-rpc":
                self._say(412, b"")
            else:
                self._say(200, orjson.dumps(self._answer(orjson.loads(body))))

        def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
            scheme, _, bearer = self.headers.get("Authorization", "").partition(" ")
            assert scheme in ("", "Bearer")
            frame = {"jsonrpc": "2.0", "id": request["id"]}
            try:
                return frame | {"result": zabbix.answer(request, bearer or None)}
            except Refused as refused:
                return frame | {"error": refused.error}

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            for name, value in zabbix.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) + zabbix.breaks_off))
            self.close_connection = zabbix.breaks_off
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A test's output is its verdict."""

    return Handler


def zabbix_api(version: str = "6.0.14") -> AbstractContextManager[StandIn]:
    """A Zabbix of that version, on an address of its own."""
    return serving(StandIn(version))


@contextmanager
def serving(zabbix: Z) -> Iterator[Z]:
    """The same for one that was made already."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(zabbix))
    server.daemon_threads = True
    zabbix.url = f"http://127.0.0.1:{server.server_address[1]}/zabbix"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield zabbix
    finally:
        zabbix.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
