"""Connecting a Zabbix as its Super admin: what there is to do, Watcher's own token, and a test."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from watcher.kit.secrets import Secret
from watcher.monitors import _zabbix_setup as setup
from watcher.monitors._zabbix_account import Role, User, UserGroup
from watcher.monitors._zabbix_api import Api, RefusalError
from watcher.monitors._zabbix_sending import Action, Macro, MediaType, SecretMacro, SharedMacro
from watcher.monitors._zabbix_server import PORT, send_test
from watcher.monitors._zabbix_setup import NAME, Change, Part, Wish, first
from watcher.monitors.base import MonitorError, Trouble

_SUPER_ADMIN = "3"
_OLDEST = (6, 0)
_ACTIVE_NODE = "3"
_ENABLED, _NEVER = "0", 0


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a token will not do; what is `spent` is of use to nobody."""

    why: str
    spent: bool = False


class Admin:
    """A Zabbix whose Super admin has lent us a token."""

    def __init__(self, url: str, token: Secret, *, ca_file: str = "") -> None:
        self._url = url
        self._token = token
        self._api = Api(url, token, ca_file=ca_file)

    def check(self) -> None:
        """Raises MonitorError where this token, or this Zabbix, will not do."""
        if self._api.version < _OLDEST:
            version = ".".join(map(str, self._api.version))
            raise MonitorError(f"this is Zabbix {version}; 6.0 or later is needed", Trouble.STRANGE)
        try:
            token = self._of(self._token)
            user = token and self._user(token["userid"])
        except RefusalError as error:
            raise _useless(error.why.rstrip(".")) from None
        if not user:
            raise _useless("it is no API token of this Zabbix")
        if user["role"]["type"] != _SUPER_ADMIN:
            raise _useless(f"its user {user['username']} is no Super admin")

    def connect(self, wish: Wish, *, dry_run: bool = False) -> Iterator[Change]:
        """Does what is missing, and says it. Raises MonitorError."""
        return setup.connect(self._parts(wish), dry_run=dry_run)

    def disconnect(self, wish: Wish, *, dry_run: bool = False) -> Iterator[Change]:
        """Takes it back, and says it. Raises MonitorError."""
        return setup.disconnect(self._parts(wish), dry_run=dry_run)

    def doubt(self, token: Secret, now: datetime) -> Doubt | None:
        """Why Watcher should not ask with this token, None where it may. Raises MonitorError."""
        found = self._of(token)
        if found is None:
            return Doubt("Zabbix does not know it", spent=True)
        user = self._user(found["userid"])
        if user is None or user["username"] != setup.USER:
            name = user["username"] if user else "nobody"
            return Doubt(f"it is of {name}, so what Watcher does there comes back as news")
        if found["status"] != _ENABLED:
            return Doubt("it is disabled", spent=True)
        expires = int(found["expires_at"])
        if expires != _NEVER and expires <= now.timestamp():
            return Doubt("it has expired", spent=True)
        return None

    def new_token(self) -> Secret:
        """A token of Watcher's own user; the one made before, if any, ends. Raises MonitorError."""
        asked = {"filter": {"username": setup.USER}, "output": ["userid"]}
        user = first(self._api.call("user.get", asked))
        if user is None:
            raise MonitorError(f"Zabbix has no user {setup.USER!r}", Trouble.STRANGE)
        named = {"name": NAME, "userid": user["userid"]}
        found = first(self._api.call("token.get", {"filter": named, "output": ["tokenid"]}))
        tokens = [found["tokenid"]] if found else self._api.call("token.create", named)["tokenids"]
        if found:
            good = {"tokenid": found["tokenid"], "status": 0, "expires_at": 0}
            self._api.call("token.update", good)
        return Secret(str(self._api.call("token.generate", tokens)[0]["token"]))

    def send_test(self, wish: Wish, server: tuple[str, int]) -> str:
        """What came of a test message that the server sent to Watcher. Raises MonitorError."""
        asked = {"filter": {"name": NAME}, "output": "extend"}
        found = first(self._api.call("mediatype.get", asked))
        if found is None:
            raise MonitorError(f"Zabbix has no media type {NAME!r}", Trouble.STRANGE)
        filled = {each["name"]: each["value"] for each in found["parameters"]}
        filled |= {"watcher_url": wish.hook, "watcher_token": wish.token.reveal()}
        filled["watcher_proxy"] = self._macro("{$WATCHER.PROXY}")
        return send_test(server, self._token, found["mediatypeid"], filled)

    def server(self) -> tuple[str, int]:
        """Where the server listens, as far as Zabbix tells: that of its pages is a good guess."""
        nodes = self._api.call("hanode.get", {"output": ["address", "port", "status"]})
        for node in nodes:
            if node["status"] == _ACTIVE_NODE and node["address"] not in _ITSELF:
                return node["address"], int(node["port"])
        return urlsplit(self._url).hostname or "", PORT

    def _parts(self, wish: Wish) -> Sequence[Part]:
        """All objects, each after those that it needs."""
        api = self._api
        return (
            Role(api, wish),
            UserGroup(api, wish),
            MediaType(api, wish),
            User(api, wish),
            Action(api),
            Macro(api, "{$WATCHER.URL}", wish.hook),
            SecretMacro(api, "{$WATCHER.TOKEN}", wish.token.reveal()),
            SharedMacro(api, "{$ZABBIX.URL}", wish.pages),
        )

    def _of(self, token: Secret) -> Mapping[str, str] | None:
        """What Zabbix knows of a token, but for what it is."""
        fields = ["tokenid", "userid", "status", "expires_at"]
        return first(self._api.call("token.get", {"token": token.reveal(), "output": fields}))

    def _user(self, number: str) -> dict[str, Any] | None:
        fields = {"output": ["userid", "username"], "selectRole": ["type"]}
        return first(self._api.call("user.get", {"userids": [number], **fields}))

    def _macro(self, name: str) -> str:
        asked = {"globalmacro": True, "filter": {"macro": name}, "output": ["value"]}
        found = first(self._api.call("usermacro.get", asked))
        return str(found.get("value", "")) if found else ""


def _useless(why: str) -> MonitorError:
    return MonitorError(
        f"with this token nothing can be made in Zabbix: {why}; make an API token for a user with "
        "the role Super admin",
        Trouble.RIGHTS,
    )


_ITSELF = frozenset({"", "localhost", "127.0.0.1", "::1"})
