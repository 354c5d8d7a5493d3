"""The account that Watcher has in Zabbix: a role with least rights, a group and the user itself."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from watcher.model.answer import Verb
from watcher.monitors._zabbix_api import Api
from watcher.monitors._zabbix_setup import (
    NAME,
    STATUS,
    SWITCH,
    USER,
    Ids,
    Part,
    Thing,
    Traits,
    Wish,
    first,
)
from watcher.monitors.base import MonitorError, Trouble

READS = (
    "event.get", "host.get", "hostgroup.get", "maintenance.get", "problem.get", "service.get",
    "trigger.get",
)  # fmt: skip
ACKNOWLEDGE = "event.acknowledge"
"""Everything that the monitor calls: it asks by the ones, and answers by the other."""

_ACTIONS = {
    Verb.ACKNOWLEDGE: "acknowledge_problems",
    Verb.COMMENT: "add_problem_comments",
    Verb.SEVERITY: "change_severity",
    Verb.CLOSE: "close_problems",
    Verb.SILENCE: "suppress_problems",
}
# To change a problem's severity and to close it, Zabbix wants the right to write to its host.
_WRITES = frozenset({Verb.SEVERITY, Verb.CLOSE})
# From these versions on problems can be suppressed, and groups of templates are not of hosts.
_SUPPRESSES = _SPLIT_GROUPS = (6, 2)

_PAGES = ("monitoring.problems",)
_USER_TYPES = {"1": "User", "2": "Admin", "3": "Super admin"}
_ACCESS = {"0": "none", "2": "read", "3": "read and write"}
_READ, _WRITE, _NO_PAGES, _ALL_SEVERITIES = 2, 3, 3, 63
_ALWAYS = "1-7,00:00-24:00"


class Role(Part):
    """What the user may do: only what the monitor calls."""

    kind = "role"
    title = f"role {NAME}"

    def __init__(self, api: Api, wish: Wish) -> None:
        self.api = api
        self.wish = wish

    def find(self, ids: Ids) -> Thing | None:
        """The role by its name."""
        _ = ids
        raw = first(self.api.call("role.get", {"filter": {"name": NAME}, "selectRules": "extend"}))
        if raw is None:
            return None
        rules = raw["rules"]
        traits: Traits = {
            "type": _USER_TYPES.get(raw["type"], raw["type"]),
            "pages": _enabled(rules["ui"]),
            "actions": _enabled(rules["actions"]),
            "API": SWITCH.get(rules["api.access"], ""),
            "API methods": tuple(sorted(rules["api"])) if rules["api.mode"] == "1" else ("all",),
            "new pages, modules and actions": SWITCH.get(
                max(rules[f"{name}.default_access"] for name in ("ui", "modules", "actions")), ""
            ),
        }
        return Thing(raw["roleid"], traits, rules)

    def wanted(self, found: Thing | None) -> Traits:
        """One page, because Zabbix wants one; no other user type than the lowest."""
        _ = found
        return {
            "type": "User",
            "pages": _PAGES,
            "actions": self._actions(),
            "API": "on",
            "API methods": self._methods(),
            "new pages, modules and actions": "off",
        }

    def make(self, ids: Ids) -> str:
        """Its id. What a new role is not refused by name it may do, however its rules default."""
        made = self.api.call("role.create", {"name": NAME, "type": 1})
        found = self.find(ids)
        if found is not None:
            self.mend(found, ids)
        return str(made["roleids"][0])

    def mend(self, found: Thing, ids: Ids) -> None:
        """Writes all rules, with what is not allowed by name."""
        _ = ids
        rules = {
            "ui": _only(_PAGES, found.raw["ui"]),
            "ui.default_access": 0,
            "modules.default_access": 0,
            "api.access": 1,
            "api.mode": 1,
            "api": list(self._methods()),
            "actions": _only(self._actions(), found.raw["actions"]),
            "actions.default_access": 0,
        }
        self.api.call("role.update", {"roleid": found.id, "type": 1, "rules": rules})

    def remove(self, found: Thing) -> None:
        """After its user."""
        self.api.call("role.delete", [found.id])

    def _methods(self) -> tuple[str, ...]:
        return tuple(sorted((*READS, ACKNOWLEDGE) if self._actions() else READS))

    def _actions(self) -> tuple[str, ...]:
        verbs = set(self.wish.answers)
        if self.api.version < _SUPPRESSES:
            verbs.discard(Verb.SILENCE)
        return tuple(sorted(_ACTIONS[verb] for verb in verbs if verb in _ACTIONS))


def _only(names: Sequence[str], rules: Any) -> list[dict[str, object]]:
    """Rules of which those with these names are on and all others off."""
    known = {*names, *(rule["name"] for rule in rules)}
    return [{"name": name, "status": int(name in names)} for name in sorted(known)]


def _enabled(rules: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(sorted(rule["name"] for rule in rules if rule["status"] == "1"))


class UserGroup(Part):
    """Which hosts the user sees; it keeps the user from the pages."""

    kind = "user group"
    title = f"user group {NAME}"

    def __init__(self, api: Api, wish: Wish) -> None:
        self.api = api
        self.wish = wish

    def find(self, ids: Ids) -> Thing | None:
        """The group by its name, with the names of the host groups."""
        _ = ids
        select = "selectRights" if self._writes == "rights" else "selectHostGroupRights"
        wanted = {"filter": {"name": NAME}, "output": "extend", select: "extend"}
        raw = first(self.api.call("usergroup.get", wanted))
        if raw is None:
            return None
        names = {each: name for name, each in self._host_groups().items()}
        rights = [
            (names.get(each["id"], f"group {each['id']}"), each["permission"])
            for each in raw[self._writes]
        ]
        traits: Traits = {
            "pages": "off" if raw["gui_access"] == str(_NO_PAGES) else "on",
            "users": STATUS.get(raw["users_status"], ""),
            "host groups": _rights(rights),
        }
        return Thing(raw["usrgrpid"], traits)

    def wanted(self, found: Thing | None) -> Traits:
        """Reading is enough for most answers, not for all."""
        _ = found
        rights = [(name, str(self._permission)) for name in self._chosen()]
        return {"pages": "off", "users": "on", "host groups": _rights(rights)}

    def make(self, ids: Ids) -> str:
        """Its id."""
        _ = ids
        return str(self.api.call("usergroup.create", self._written())["usrgrpids"][0])

    def mend(self, found: Thing, ids: Ids) -> None:
        """Writes all that is compared."""
        _ = ids
        self.api.call("usergroup.update", {"usrgrpid": found.id, **self._written()})

    def remove(self, found: Thing) -> None:
        """After its user."""
        self.api.call("usergroup.delete", [found.id])

    def _written(self) -> dict[str, object]:
        permission = self._permission
        rights = [{"id": each, "permission": permission} for each in self._chosen().values()]
        return {"name": NAME, "gui_access": _NO_PAGES, "users_status": 0, self._writes: rights}

    @property
    def _permission(self) -> int:
        return _WRITE if self.wish.answers & _WRITES else _READ

    @property
    def _writes(self) -> str:
        return "hostgroup_rights" if self.api.version >= _SPLIT_GROUPS else "rights"

    def _host_groups(self) -> dict[str, str]:
        found = self.api.call("hostgroup.get", {"output": ["groupid", "name"]})
        return {each["name"]: each["groupid"] for each in found}

    def _chosen(self) -> dict[str, str]:
        """The groups to hear of, with those below. Raises MonitorError where one is not there."""
        there = self._host_groups()
        if not self.wish.groups:
            return there
        chosen = _named(self.wish.groups, there, "host group")
        above = tuple(f"{name}/" for name in chosen)
        return {name: each for name, each in there.items() if (name + "/").startswith(above)}


def _rights(rights: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(sorted(f"{name} ({_ACCESS.get(right, right)})" for name, right in rights))


def _named(names: Sequence[str], there: Mapping[str, str], what: str) -> dict[str, str]:
    if missing := [name for name in names if name not in there]:
        raise MonitorError(f"Zabbix has no {what} {missing[0]!r}", Trouble.STRANGE)
    return {name: there[name] for name in names}


class User(Part):
    """To whom the messages go, and as whom Watcher asks and answers: so nothing comes back."""

    kind = "user"
    title = f"user {USER}"

    def __init__(self, api: Api, wish: Wish) -> None:
        self.api = api
        self.wish = wish

    def find(self, ids: Ids) -> Thing | None:
        """The user by its name, with what it is in."""
        _ = ids
        asked = {
            "filter": {"username": USER},
            "output": ["userid", "username", "timezone", "roleid"],
            "selectRole": ["roleid", "name"],
            "selectUsrgrps": ["usrgrpid", "name"],
            "selectMedias": "extend",
            "selectMediatypes": ["mediatypeid", "name"],
        }
        raw = first(self.api.call("user.get", asked))
        if raw is None:
            return None
        types = {each["mediatypeid"]: each["name"] for each in raw["mediatypes"]}
        sending = {types.get(each["mediatypeid"], "") for each in filter(_sends_all, raw["medias"])}
        traits: Traits = {
            "role": raw["role"]["name"] if raw["role"] else "",
            "groups": tuple(sorted(group["name"] for group in raw["usrgrps"])),
            "time zone": raw["timezone"],
            "media": tuple(sorted(sending)),
        }
        return Thing(raw["userid"], traits, raw)

    def wanted(self, found: Thing | None) -> Traits:
        """Zabbix writes dates in the zone of the user, without saying which."""
        had: Traits = found.traits if found else {}
        return {
            "role": NAME,
            "groups": tuple(sorted({*had.get("groups", ()), NAME, *self.wish.people})),
            "time zone": "UTC",
            "media": tuple(sorted({*had.get("media", ()), NAME})),
        }

    def make(self, ids: Ids) -> str:
        """Its id. Nobody learns the password."""
        password = f"Aa1!{secrets.token_urlsafe(24)}"
        written = self._written({}, ids)
        made = self.api.call("user.create", {"username": USER, "passwd": password, **written})
        return str(made["userids"][0])

    def mend(self, found: Thing, ids: Ids) -> None:
        """Adds what is missing and leaves other groups and media as they are."""
        self.api.call("user.update", {"userid": found.id, **self._written(found.raw, ids)})

    def remove(self, found: Thing) -> None:
        """Its tokens go with it."""
        self.api.call("user.delete", [found.id])

    def _written(self, raw: Mapping[str, Any], ids: Ids) -> dict[str, object]:
        groups = {group["usrgrpid"] for group in raw.get("usrgrps", ())}
        groups |= {ids["user group"], *self._people().values()}
        ours = {"mediatypeid": ids["media type"], "sendto": USER, "active": 0}
        others = [
            {name: each[name] for name in ("mediatypeid", "sendto", "active", "severity", "period")}
            for each in raw.get("medias", ())
            if each["mediatypeid"] != ids["media type"]
        ]
        return {
            "roleid": ids["role"],
            "usrgrps": [{"usrgrpid": each} for each in sorted(groups)],
            "timezone": "UTC",
            "medias": [ours | {"severity": _ALL_SEVERITIES, "period": _ALWAYS}, *others],
        }

    def _people(self) -> dict[str, str]:
        if not self.wish.people:
            return {}
        found = self.api.call("usergroup.get", {"output": ["usrgrpid", "name"]})
        there = {each["name"]: each["usrgrpid"] for each in found}
        return _named(self.wish.people, there, "user group")


def _sends_all(media: Mapping[str, str]) -> bool:
    always = media["period"] == _ALWAYS and media["severity"] == str(_ALL_SEVERITIES)
    return always and media["active"] == "0"
