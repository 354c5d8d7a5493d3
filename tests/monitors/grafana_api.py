"""A stand-in for the HTTP API of Grafana 10 to 13, strict about method, path, headers and bodies.

No Grafana server can be had as a package, so this follows its documentation and its source. What a
Grafana would silently ignore, or refuse, is noted in `violations`; a test fails over it.
"""

import hmac
import json
import re
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.monitors.grafana_alerts import Instance, Rule

ROLES = ("Viewer", "Editor", "Admin")
ADMIN = "glsa_admin"
_WEBHOOK_SETTINGS = {
    "url",
    "httpMethod",
    "username",
    "password",
    "authorization_scheme",
    "authorization_credentials",
    "maxAlerts",
    "title",
    "message",
}
_WEBHOOK_SETTINGS_12 = {"headers", "payload", "tlsConfig", "hmacConfig"}
_ROUTE = {
    "receiver",
    "group_by",
    "object_matchers",
    "mute_time_intervals",
    "active_time_intervals",
    "continue",
    "routes",
    "group_wait",
    "group_interval",
    "repeat_interval",
    "provenance",
}


@dataclass
class Request:
    """One call as it came in."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: Any
    parts: tuple[str, ...] = ()
    org: int = 1

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.query if key == name]

    def value(self, name: str) -> str:
        return next(iter(self.values(name)), "")


class Refused(Exception):
    """The API says no."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Route:
    """One method and path of the API, who may call it and what with."""

    method: str
    path: re.Pattern[str]
    role: str
    right: str
    query: frozenset[str]
    handle: Callable[["GrafanaServer", Request], tuple[int, Any]]


_ROUTES: list[Route] = []
Handler = Callable[["GrafanaServer", Request], tuple[int, Any]]


def _route(
    method: str, path: str, role: str, right: str, *query: str
) -> Callable[[Handler], Handler]:
    def add(handle: Handler) -> Handler:
        pattern = re.compile(re.sub(r"\{\w+\}", "([^/]+)", path))
        _ROUTES.append(Route(method, pattern, role, right, frozenset(query), handle))
        return handle

    return add


@dataclass
class GrafanaServer:
    """Its state, which tests read and write."""

    version: int = 13
    full_version: str = ""
    rules: list[Rule] = field(default_factory=list)
    silences: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    contact_points: list[dict[str, Any]] = field(default_factory=list)
    tree: dict[str, Any] = field(
        default_factory=lambda: {
            "receiver": "grafana-default-email",
            "group_by": ["grafana_folder", "alertname"],
        }
    )
    accounts: list[dict[str, Any]] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=lambda: {ADMIN: "Admin"})
    organisations: dict[int, str] = field(default_factory=lambda: {1: "Main Org.", 2: "Billing"})
    elsewhere: dict[str, int] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=lambda: {"admin:secret": "Admin"})
    failing: dict[str, tuple[int, str]] = field(default_factory=dict)
    page: int = 500
    posts: Callable[[str, dict[str, str], bytes], str] | None = None
    before: Callable[[Request], None] = lambda _request: None
    calls: list[Request] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    url: str = ""

    def rule(self, uid: str, name: str, **given: Any) -> Rule:
        """A rule that was evaluated; it has no series yet."""
        made = Rule(self.version, uid, name, **given)
        self.rules.append(made)
        return made

    def token(self, role: str, org: int = 1) -> str:
        """A token of a service account with this role in that organisation."""
        key = f"glsa_{role.lower()}" + (f"_of_{org}" if org > 1 else "")
        self.tokens[key] = role
        self.elsewhere[key] = org
        return key

    def answer(self, request: Request) -> tuple[int, Any]:
        """What Grafana says to a request."""
        self.calls.append(request)
        self.before(request)
        for prefix, (status, text) in self.failing.items():
            if request.path.startswith(prefix):
                return status, text
        if request.path == "/api/health":
            full = self.full_version or f"{self.version}.0.1"
            return 200, {"database": "ok", "version": full, "commit": "0000000"}
        for route in _ROUTES:
            match = route.path.fullmatch(request.path)
            if match and route.method == request.method:
                request.parts = match.groups()
                try:
                    self._admit(request, route)
                    return route.handle(self, request)
                except Refused as error:
                    return error.status, {"message": str(error)}
        self.violations.append(f"there is no {request.method} {request.path}")
        return 404, {"message": "Not found"}

    def _admit(self, request: Request, route: Route) -> None:
        authorization = request.headers.get("authorization", "")
        role = self._role(authorization)
        # Whatever is asked for is of the organisation of the token; the main one is that of people.
        request.org = self.elsewhere.get(authorization.partition(" ")[2], 1)
        if ROLES.index(role) < ROLES.index(self._least(route)):
            raise Refused(
                403,
                "You'll need additional permissions to perform this action. "
                f"Permissions needed: {route.right}",
            )
        odd = {name for name, _ in request.query} - route.query
        if odd:
            self.violations.append(f"{request.path} knows no {', '.join(sorted(odd))}")
        if request.body is not None and request.headers.get("content-type") != "application/json":
            self.violations.append(f"{request.path}: the body is not said to be JSON")

    def _least(self, route: Route) -> str:
        """Before Grafana 10, provisioning was for administrators alone."""
        if "provisioning/alert-rules" in route.path.pattern and self.version < 10:
            return "Admin"
        return route.role

    def _role(self, authorization: str) -> str:
        scheme, _, proof = authorization.partition(" ")
        if scheme == "Bearer" and proof in self.tokens:
            return self.tokens[proof]
        if scheme == "Basic" and b64decode(proof).decode() in self.passwords:
            return self.passwords[b64decode(proof).decode()]
        raise Refused(401, "Invalid API key" if scheme == "Bearer" else "Unauthorized")

    def only(self, what: str, given: object, known: set[str], needed: set[str]) -> dict[str, Any]:
        """The body, checked: an object with these members."""
        if not isinstance(given, dict) or not needed <= set(given):
            raise Refused(400, f"bad request data: {what}")
        if odd := set(given) - known:
            self.violations.append(f"{what} has no {', '.join(sorted(odd))}")
        return given


def _of_org(server: GrafanaServer, request: Request) -> list[Rule]:
    """The rules of the organisation that is asked; of others it does not know."""
    return [rule for rule in server.rules if rule.org == request.org]


def _instances(server: GrafanaServer, request: Request) -> Iterator[Instance]:
    for rule in _of_org(server, request):
        yield from rule.instances


@_route("GET", "/api/org", "Viewer", "orgs:read")
def _organisation(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    return 200, {"id": request.org, "name": server.organisations[request.org], "address": {}}


_ALERTS_QUERY = ("active", "silenced", "inhibited", "filter", "receiver")


@_route(
    "GET",
    "/api/alertmanager/grafana/api/v2/alerts",
    "Viewer",
    "alert.instances:read",
    *_ALERTS_QUERY,
)
def _alerts(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    return 200, [one.gettable() for one in _instances(server, request) if one.fires]


@_route(
    "GET",
    "/api/prometheus/grafana/api/v1/rules",
    "Viewer",
    "alert.rules:read",
    *("includeInternalLabels", "group_limit", "group_next_token", "rule_uid", "limit_alerts"),
)
def _rules(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    shown = [rule for rule in _of_org(server, request) if rule.visible]
    named = request.values("rule_uid") if server.version >= 12 else []
    shown = [rule for rule in shown if not named or rule.uid in named]
    token = {}
    if server.version >= 12:
        size = min(server.page, int(request.value("group_limit") or server.page))
        first = int(request.value("group_next_token") or 0)
        if first + size < len(shown):
            token = {"groupNextToken": str(first + size)}
        shown = shown[first : first + size]
    internal = request.value("includeInternalLabels") == "true"
    groups = [
        {
            "name": "1m",
            "file": rule.folder,
            "interval": 60,
            "rules": [rule.status(internal=internal)],
        }
        for rule in shown
    ]
    return 200, {"status": "success", "data": {"groups": groups, "totals": {}, **token}}


@_route("GET", "/api/v1/provisioning/alert-rules/{uid}", "Viewer", "alert.rules:read")
def _provisioned_rule(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    for rule in _of_org(server, request):
        if rule.uid == request.parts[0]:
            if not rule.visible:
                raise Refused(403, "Permissions needed: folders:read")
            return 200, {"uid": rule.uid, "title": rule.name}
    raise Refused(404, "")


_SILENCES = "/api/alertmanager/grafana/api/v2/silences"


@_route("GET", _SILENCES, "Viewer", "alert.instances:read", "filter", "accesscontrol", "ruleUid")
def _get_silences(server: GrafanaServer, _request: Request) -> tuple[int, Any]:
    return 200, server.silences


@_route("POST", _SILENCES, "Editor", "alert.instances:create")
def _post_silence(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    wanted = {"matchers", "startsAt", "endsAt", "createdBy", "comment"}
    silence = server.only("a silence", request.body, wanted | {"id"}, wanted)
    for matcher in silence["matchers"]:
        parts = {"name", "value", "isRegex", "isEqual"}
        server.only("a matcher", matcher, parts, parts)
    if not silence["matchers"]:
        raise Refused(400, "at least one matcher required")
    start, end = (datetime.fromisoformat(silence[name]) for name in ("startsAt", "endsAt"))
    if end <= start:
        raise Refused(400, "end time must not be before start time")
    number = f"silence-{len(server.silences) + 1}"
    server.silences.append({**silence, "id": number, "status": {"state": "active"}})
    return 202, {"silenceID": number}


@_route("GET", "/api/annotations", "Viewer", "annotations:read", "dashboardUID", "panelId", "tags")
def _get_annotations(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    uid, tags = request.value("dashboardUID"), set(request.values("tags"))
    return 200, [
        one for one in server.annotations if one["dashboardUID"] == uid and tags <= set(one["tags"])
    ]


@_route("POST", "/api/annotations", "Editor", "annotations:create")
def _post_annotation(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    known = {"dashboardUID", "panelId", "time", "timeEnd", "tags", "text"}
    made = server.only("an annotation", request.body, known, {"text"})
    number = len(server.annotations) + 1
    server.annotations.append({"panelId": 0, **made, "id": number})
    return 200, {"message": "Annotation added", "id": number}


@_route("PATCH", "/api/annotations/{id}", "Editor", "annotations:write")
def _patch_annotation(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    change = server.only("a change", request.body, {"text", "tags", "time", "timeEnd"}, set())
    server.annotations[int(request.parts[0]) - 1].update(change)
    return 200, {"message": "Annotation patched"}


_POINTS = "/api/v1/provisioning/contact-points"


@_route("GET", _POINTS, "Admin", "alert.provisioning:read", "name")
def _get_points(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    name = request.value("name")
    return 200, [_redacted(one) for one in server.contact_points if not name or one["name"] == name]


def _redacted(point: dict[str, Any]) -> dict[str, Any]:
    settings = dict(point["settings"])
    for name in ("password", "authorization_credentials"):
        if name in settings:
            settings[name] = "[REDACTED]"
    if "hmacConfig" in settings:
        settings["hmacConfig"] = {**settings["hmacConfig"], "secret": "[REDACTED]"}
    return {**point, "settings": settings}


def _checked_point(server: GrafanaServer, request: Request) -> dict[str, Any]:
    known = {"uid", "name", "type", "settings", "disableResolveMessage"}
    point = server.only("a contact point", request.body, known, {"name", "type", "settings"})
    settings = _WEBHOOK_SETTINGS | (_WEBHOOK_SETTINGS_12 if server.version >= 12 else set())
    server.only("webhook settings", point["settings"], settings, {"url"})
    if {"username", "authorization_credentials"} <= set(point["settings"]):
        raise Refused(400, "both HTTP Basic Authentication and Authorization Header are set")
    return point


def _provenance(request: Request) -> dict[str, str]:
    return {} if request.headers.get("x-disable-provenance") else {"provenance": "api"}


def _same_provenance(there: Mapping[str, Any], request: Request) -> None:
    had, wanted = there.get("provenance", ""), _provenance(request).get("provenance", "")
    if had and had != wanted:
        raise Refused(403, f"cannot change provenance from '{had}' to '{wanted}'")


@_route("POST", _POINTS, "Admin", "alert.provisioning:write")
def _post_point(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    point = _checked_point(server, request)
    made = {"uid": f"point-{len(server.contact_points) + 1}", **point, **_provenance(request)}
    server.contact_points.append(made)
    return 202, _redacted(made)


@_route("PUT", _POINTS + "/{uid}", "Admin", "alert.provisioning:write")
def _put_point(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    for index, one in enumerate(server.contact_points):
        if one["uid"] == request.parts[0]:
            _same_provenance(one, request)
            changed = {**_checked_point(server, request), **_provenance(request)}
            server.contact_points[index] = {**changed, "uid": one["uid"]}
            return 202, {"message": "contactpoint updated"}
    raise Refused(404, "contact point not found")


@_route("DELETE", _POINTS + "/{uid}", "Admin", "alert.provisioning:write")
def _delete_point(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    (point,) = [one for one in server.contact_points if one["uid"] == request.parts[0]]
    if point["name"] in set(_receivers(server.tree)):
        raise Refused(409, "contact point is used by a notification policy")
    server.contact_points.remove(point)
    return 202, {"message": "contact point deleted"}


def _receivers(route: Mapping[str, Any]) -> Iterator[str]:
    if "receiver" in route:
        yield route["receiver"]
    for child in route.get("routes", []):
        yield from _receivers(child)


_POLICIES = "/api/v1/provisioning/policies"


@_route("GET", _POLICIES, "Admin", "alert.provisioning:read")
def _get_tree(server: GrafanaServer, _request: Request) -> tuple[int, Any]:
    return 200, server.tree


@_route("PUT", _POLICIES, "Admin", "alert.provisioning:write")
def _put_tree(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    _check_route(server, request.body)
    _same_provenance(server.tree, request)
    known = {one["name"] for one in server.contact_points} | {"grafana-default-email"}
    if missing := set(_receivers(request.body)) - known:
        raise Refused(400, f"invalid object specification: receiver {missing} does not exist")
    server.tree = {**request.body, **_provenance(request)}
    return 202, {"message": "policies updated"}


def _check_route(server: GrafanaServer, route: object) -> None:
    checked = server.only("a policy", route, _ROUTE, set())
    for child in checked.get("routes", []):
        _check_route(server, child)


@_route("GET", "/api/serviceaccounts/search", "Admin", "serviceaccounts:read", "query", "perpage")
def _find_accounts(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    query = request.value("query")
    found = [one for one in server.accounts if query in one["name"]]
    return 200, {"totalCount": len(found), "serviceAccounts": found, "page": 1, "perPage": 1000}


@_route("POST", "/api/serviceaccounts", "Admin", "serviceaccounts:create")
def _post_account(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    account = server.only("an account", request.body, {"name", "role", "isDisabled"}, {"name"})
    if any(one["name"] == account["name"] for one in server.accounts):
        raise Refused(400, "service account already exists")
    made = {"id": len(server.accounts) + 7, "isDisabled": False, "tokens": 0, **account}
    server.accounts.append(made)
    return 201, made


def _account(server: GrafanaServer, request: Request) -> dict[str, Any]:
    for one in server.accounts:
        if str(one["id"]) == request.parts[0]:
            return one
    raise Refused(404, "service account not found")


@_route("PATCH", "/api/serviceaccounts/{id}", "Admin", "serviceaccounts:write")
def _patch_account(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    change = server.only("a change", request.body, {"name", "role", "isDisabled"}, set())
    _account(server, request).update(change)
    return 200, {"message": "Service account updated"}


@_route("DELETE", "/api/serviceaccounts/{id}", "Admin", "serviceaccounts:delete")
def _delete_account(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    account = _account(server, request)
    server.accounts.remove(account)
    for key in [key for key in server.tokens if key.startswith(f"glsa_{account['id']}_")]:
        del server.tokens[key]
    return 200, {"message": "Service account deleted"}


@_route("POST", "/api/serviceaccounts/{id}/tokens", "Admin", "serviceaccounts:write")
def _post_token(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    account = _account(server, request)
    token = server.only("a token", request.body, {"name", "secondsToLive"}, {"name"})
    key = f"glsa_{account['id']}_{account['tokens']}"
    account["tokens"] += 1
    server.tokens[key] = account["role"]
    return 200, {"id": account["tokens"], "name": token["name"], "key": key}


@_route("GET", "/api/frontend/settings", "Viewer", "")
def _settings(_server: GrafanaServer, _request: Request) -> tuple[int, Any]:
    return 200, {"namespace": "default", "buildInfo": {}}


@_route(
    "POST",
    "/api/alertmanager/grafana/config/api/v1/receivers/test",
    "Editor",
    "alert.notifications:read",
)
def _old_test(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    if server.version >= 13:
        raise Refused(410, "removed: use the test of receivers below /apis")
    body = server.only("a test", request.body, {"receivers", "alert"}, {"receivers", "alert"})
    (receiver,) = body["receivers"]
    parts = {"name", "grafana_managed_receiver_configs"}
    server.only("a receiver", receiver, parts, parts)
    (config,) = receiver["grafana_managed_receiver_configs"]
    parts = {"uid", "name", "type", "settings", "disableResolveMessage"}
    server.only("an integration", config, parts | {"secureFields", "secureSettings"}, parts)
    error = _send(server, config["settings"], body["alert"])
    status = {"status": "failed", "error": error} if error else {"status": "ok"}
    result = {"uid": config["uid"], "name": config["name"], **status}
    told = {"name": receiver["name"], "grafana_managed_receiver_configs": [result]}
    return 207 if error else 200, {"receivers": [told]}


@_route(
    "POST",
    "/apis/notifications.alerting.grafana.app/v1beta1/namespaces/default/receivers/{uid}/test",
    "Editor",
    "alert.notifications.receivers.test:create",
)
def _new_test(server: GrafanaServer, request: Request) -> tuple[int, Any]:
    if server.version < 13:
        raise Refused(404, "the server could not find the requested resource")
    known = {"integrationRef", "alert"}
    body = server.only("a test", request.body, known, known)
    name = urlsafe_b64decode(request.parts[0] + "==").decode()
    uid = body["integrationRef"]["uid"]
    found = [one for one in server.contact_points if (one["name"], one["uid"]) == (name, uid)]
    if not found:
        raise Refused(404, "receiver not found")
    error = _send(server, found[0]["settings"], body["alert"])
    status = {"status": "failure", "error": error} if error else {"status": "success"}
    return 200, {"apiVersion": "v1beta1", "kind": "CreateReceiverIntegrationTest", **status}


def _send(server: GrafanaServer, settings: dict[str, Any], alert: object) -> str:
    """Has the contact point post a test alert; returns what went wrong."""
    given = server.only("an alert", alert, {"labels", "annotations"}, {"labels", "annotations"})
    one = {
        "status": "firing",
        "startsAt": "2026-11-22T09:00:00Z",
        "fingerprint": "57c6d9296de2ad39",
    }
    body = json.dumps({"status": "firing", "version": "1", "alerts": [{**one, **given}]}).encode()
    assert server.posts is not None, "nobody waits for a test"
    return server.posts(settings["url"], _proofs(settings, body), body)


def _proofs(settings: dict[str, Any], body: bytes) -> dict[str, str]:
    """The headers by which a contact point proves who it is."""
    headers = {"Content-Type": "application/json", **settings.get("headers", {})}
    if "authorization_credentials" in settings:
        scheme = settings["authorization_scheme"]
        headers["Authorization"] = f"{scheme} {settings['authorization_credentials']}"
    elif "username" in settings:
        pair = f"{settings['username']}:{settings['password']}".encode()
        headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
    if signing := settings.get("hmacConfig"):
        signed = body
        if stamp_header := signing.get("timestampHeader"):
            headers[stamp_header] = stamp = str(int(datetime.now(UTC).timestamp()))
            signed = f"{stamp}:".encode() + body
        digest = hmac.new(signing["secret"].encode(), signed, "sha256").hexdigest()
        headers[signing["header"]] = digest
    return headers


@contextmanager
def running_grafana(version: int = 13, **given: Any) -> Iterator[GrafanaServer]:
    """A Grafana of this major version on a free port; fails the test for what it would refuse."""
    server = GrafanaServer(version, **given)
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    listener.daemon_threads = True
    server.url = f"http://127.0.0.1:{listener.server_address[1]}"
    Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
    assert [] == server.violations


def _handler(server: GrafanaServer) -> type[BaseHTTPRequestHandler]:
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            address = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = parse_qsl(address.query, keep_blank_values=True)
            body = json.loads(raw) if raw else None
            with lock:
                status, value = server.answer(
                    Request(self.command, address.path, query, headers, body)
                )
            text = value.encode() if isinstance(value, str) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def log_message(self, *_: object) -> None:
            """A test's output is its verdict."""

    return Handler
