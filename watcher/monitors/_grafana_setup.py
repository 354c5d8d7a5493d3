"""What Grafana needs so that it sends to Watcher and takes its answers: what is to change, in words
and as calls. Whatever is not ours stays as it is, above all the tree of notification policies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from watcher.kit.secrets import Secret
from watcher.monitors.base import MonitorError, Trouble

POINTS = "/api/v1/provisioning/contact-points"
POLICIES = "/api/v1/provisioning/policies"
ACCOUNTS = "/api/serviceaccounts"

_OLDEST = 10
_SIGNS_FROM = 12
_HIDDEN = "[REDACTED]"
_SECRETS = ("password", "authorization_credentials")
# What a contact point must not have besides what we want: proofs of another time, a body of one's
# own that Watcher could not read, and a limit that cuts off recoveries.
_OTHERS = (
    *("username", "password", "authorization_scheme", "authorization_credentials"),
    *("hmacConfig", "payload", "maxAlerts"),
)
_MATCHERS = ("object_matchers", "matchers", "match", "match_re")

Tree = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signature:
    """How bodies are signed."""

    secret: Secret
    header: str
    timestamp_header: str | None


@dataclass(frozen=True, slots=True)
class Proof:
    """What the source wants to be shown: one of the first three, and a signature."""

    bearer: Secret | None = None
    basic: tuple[str, Secret] | None = None
    header: tuple[str, Secret] | None = None
    signature: Signature | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be there: a contact point of this name that posts to `hook`, and a service account
    with this role.
    """

    hook: str
    contact: str
    proof: Proof
    account: str
    role: str


@dataclass(frozen=True, slots=True)
class Found:
    """What is there; `version` is empty where Grafana does not say it."""

    version: str
    points: Sequence[Mapping[str, Any]]
    tree: Tree
    account: Mapping[str, Any] | None

    @property
    def major(self) -> int:
        """The first number of the version, a new one where it is not known."""
        first = self.version.partition(".")[0]
        return int(first) if first.isdecimal() else _SIGNS_FROM

    def point(self, wish: Wish) -> Mapping[str, Any] | None:
        """Our part of the contact point of that name."""
        hooks = [
            one
            for one in self.points
            if one.get("name") == wish.contact and one.get("type") == "webhook"
        ]
        own = [one for one in hooks if one.get("settings", {}).get("url") == wish.hook]
        return next(iter(own or hooks), None)


@dataclass(frozen=True, slots=True)
class Step:
    """One change: in words, and as the call that makes it."""

    what: str
    how: str
    method: str
    path: str
    body: object = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.what}: {self.how}"


def check(found: Found, wish: Wish) -> None:
    """Raises MonitorError if this Grafana cannot do what is wanted."""
    if found.major < _OLDEST:
        raise _refusal(
            f"Grafana {found.version} locks for people whatever is made by its API; from "
            f"{_OLDEST} on it does not. Connect it by hand, as docs/how-to/connect-grafana.md tells"
        )
    proof = wish.proof
    if found.major < _SIGNS_FROM and (proof.signature or proof.header):
        raise _refusal(
            f"Grafana {found.version} can neither sign nor send a header of one's own before "
            f"{_SIGNS_FROM}; give the source `auth: {{bearer: …}}`"
        )


def connecting(found: Found, wish: Wish) -> list[Step]:
    """The changes that make all of it, in their order. Raises MonitorError."""
    check(found, wish)
    steps = [_point(found, wish), _policies(found.tree, with_routes(found.tree, wish.contact))]
    return [step for step in (*steps, _account(found.account, wish)) if step]


def disconnecting(found: Found, wish: Wish) -> list[Step]:
    """The changes that take all of it away, in their order. Raises MonitorError."""
    point, account = found.point(wish), found.account
    steps = [_policies(found.tree, without_routes(found.tree, wish.contact))]
    if point:
        path = f"{POINTS}/{point['uid']}"
        steps.append(Step(f"contact point {wish.contact}", "deleted", "DELETE", path))
    if account:
        path = f"{ACCOUNTS}/{account['id']}"
        what = f"service account {wish.account}"
        steps.append(Step(what, "deleted, with its tokens", "DELETE", path))
    return [step for step in steps if step]


def settings(wish: Wish) -> dict[str, Any]:
    """The settings of the webhook, secrets and all."""
    proof = wish.proof
    made: dict[str, Any] = {"url": wish.hook, "httpMethod": "POST"}
    if proof.bearer:
        made["authorization_scheme"] = "Bearer"
        made["authorization_credentials"] = proof.bearer.reveal()
    elif proof.basic:
        made["username"], made["password"] = proof.basic[0], proof.basic[1].reveal()
    elif proof.header:
        made["headers"] = {proof.header[0]: proof.header[1].reveal()}
    if proof.signature:
        signature = proof.signature
        made["hmacConfig"] = {"secret": signature.secret.reveal(), "header": signature.header}
        if signature.timestamp_header:
            made["hmacConfig"]["timestampHeader"] = signature.timestamp_header
    return made


def _point(found: Found, wish: Wish) -> Step | None:
    what, there = f"contact point {wish.contact}", found.point(wish)
    body = {
        "name": wish.contact,
        "type": "webhook",
        "settings": settings(wish),
        "disableResolveMessage": False,
    }
    if there is None:
        how = f"made, posts to {wish.hook}"
        return Step(what, how, "POST", POINTS, body, _headers(what, {}))
    had = there.get("settings", {})
    wanted = {name: value for name, value in had.items() if name not in _OTHERS} | settings(wish)
    odd = sorted(name for name in had.keys() | wanted if had.get(name) != _hidden(wanted).get(name))
    if there.get("disableResolveMessage"):
        odd.append("disableResolveMessage")
    if not odd:
        return None
    how, path = f"changed: {', '.join(odd)}", f"{POINTS}/{there['uid']}"
    return Step(what, how, "PUT", path, {**body, "settings": wanted}, _headers(what, there))


def _hidden(made: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as Grafana shows them: a secret that differs cannot be seen."""
    shown: dict[str, Any] = {
        name: _HIDDEN if name in _SECRETS else value for name, value in made.items()
    }
    if "hmacConfig" in shown:
        shown["hmacConfig"] = {**made["hmacConfig"], "secret": _HIDDEN}
    return shown


def _headers(what: str, there: Mapping[str, Any]) -> dict[str, str]:
    """What leaves an object to people, unless a program's it is already. Raises MonitorError for
    one that is kept in a file, which nothing but the file may change.
    """
    owner = there.get("provenance") or ""
    if owner == "api":
        return {}
    if owner:
        raise _refusal(f"{what}: provisioned ({owner}), so it is to be changed there")
    return {"X-Disable-Provenance": "true"}


def with_routes(tree: Tree, contact: str) -> Tree:
    """The tree with Watcher's route first, for every alert and on to all others.

    An alert that some route takes no longer falls to the default receiver; so where nothing else
    takes all, a last route brings to that receiver what falls through the others.
    """
    routes = list(tree.get("routes") or [])
    own = next((route for route in routes if _is_own(route, contact)), None)
    first = {"receiver": contact, "group_wait": "5s", "group_interval": "1m", **(own or {})}
    others = list(without_routes(tree, contact).get("routes") or [])
    rest = others if any(map(_takes_all, others)) else [*others, _fallback(tree)]
    return {**tree, "routes": [{**first, "continue": True}, *rest]}


def without_routes(tree: Tree, contact: str) -> Tree:
    """The tree as it is without what Watcher put into it."""
    routes = list(tree.get("routes") or [])
    if not any(_is_own(route, contact) for route in routes):
        return tree
    if _is_fallback(routes[-1]):
        routes.pop()
    kept = [route for route in routes if not _is_own(route, contact)]
    bare = {name: value for name, value in tree.items() if name != "routes"}
    return {**bare, "routes": kept} if kept else bare


def _is_own(route: Tree, contact: str) -> bool:
    return route.get("receiver") == contact and _takes_all(route) and not route.get("routes")


def _takes_all(route: Tree) -> bool:
    return not any(route.get(name) for name in _MATCHERS)


def _is_fallback(route: Tree) -> bool:
    """Whether a route says nothing but to whom, and to go on: so we put in the last one."""
    said = {name for name, value in route.items() if value}
    return said == {"receiver", "continue"}


def _fallback(tree: Tree) -> dict[str, Any]:
    return {"receiver": tree.get("receiver"), "continue": True}


def _policies(tree: Tree, wanted: Tree) -> Step | None:
    if tree == wanted:
        return None
    what = "notification policies"
    body = {name: value for name, value in wanted.items() if name != "provenance"}
    routes, had = wanted.get("routes") or [], tree.get("routes") or []
    lines = [f"{_words(route)} taken out" for route in had if route not in routes]
    own = [route for route in routes if route not in had]
    lines += [f"{_words(route)} put in" for route in own]
    how = "; ".join([*lines, "all others stay"])
    try:
        headers = _headers(what, tree)
    except MonitorError as error:
        added = "".join(f"\n    - {orjson.dumps(route).decode()}" for route in own)
        raise _refusal(f"{error}. Its `routes` need, first and last:{added}") from None
    return Step(what, how, "PUT", POLICIES, body, headers)


def _words(route: Tree) -> str:
    on = ", on to the next" if route.get("continue") else ""
    return f"every alert to {route.get('receiver')}{on}"


def _account(there: Mapping[str, Any] | None, wish: Wish) -> Step | None:
    what = f"service account {wish.account}"
    if there is None:
        body = {"name": wish.account, "role": wish.role, "isDisabled": False}
        return Step(what, f"made, role {wish.role}", "POST", ACCOUNTS, body)
    path = f"{ACCOUNTS}/{there['id']}"
    wanted = {"role": wish.role, "isDisabled": False}
    if {name: there.get(name) for name in wanted} == wanted:
        return None
    return Step(what, f"role {wish.role}, enabled", "PATCH", path, wanted)


def _refusal(message: str) -> MonitorError:
    return MonitorError(message, Trouble.STRANGE)
