"""The other half of the stand-in for Zabbix: roles, users, media types, actions, macros, tokens.

Every parameter that the version at hand does not have is refused, as is what those versions were
seen to refuse; a new role may do everything that its rules do not name, as in Zabbix 6.0.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import yaml

from tests.monitors.zabbix_api import NO_OBJECT, TOKEN, Refused, StandIn, serving

ADMIN, PLAIN = TOKEN, "e" * 64

PAGES = ["monitoring.dashboard", "monitoring.problems", "reports.top_triggers"]
ACTIONS = [
    "acknowledge_problems", "add_problem_comments", "change_severity", "close_problems",
    "execute_scripts", "manage_api_tokens",
]  # fmt: skip
IDS = {
    "role": "roleid",
    "usergroup": "usrgrpid",
    "user": "userid",
    "mediatype": "mediatypeid",
    "action": "actionid",
    "token": "tokenid",
}
FIELDS: dict[str, set[str]] = {
    "role": {"name", "type", "rules"},
    "usergroup": {"name", "gui_access", "users_status", "rights", "hostgroup_rights"},
    "user": {"username", "passwd", "roleid", "usrgrps", "medias", "timezone"},
    "action": {
        "name", "eventsource", "status", "pause_suppressed", "filter", "operations",
        "recovery_operations", "update_operations",
    },
    "mediatype": {"maxsessions", "maxattempts", "attempt_interval", "timeout", "status"},
    "token": {"name", "userid", "status", "expires_at"},
}  # fmt: skip
GETS = {
    "role": {"filter", "output", "selectRules"},
    "usergroup": {"filter", "output", "selectRights", "selectHostGroupRights"},
    "user": {
        "filter", "userids", "output", "selectRole", "selectUsrgrps", "selectMedias",
        "selectMediatypes",
    },
    "mediatype": {"filter", "output", "selectMessageTemplates"},
    "action": {
        "filter", "output", "selectOperations", "selectRecoveryOperations",
        "selectUpdateOperations",
    },
    "token": {"filter", "output", "token"},
}  # fmt: skip
MEDIA = {"mediatypeid", "sendto", "active", "severity", "period"}
FILE_KEYS = {
    "name", "type", "parameters", "max_sessions", "attempts", "attempt_interval", "timeout",
    "process_tags", "show_event_menu", "event_menu_url", "event_menu_name", "script",
    "description", "message_templates",
}  # fmt: skip
BLANK: dict[str, dict[str, Any]] = {
    "role": {"rules": {}},
    "user": {"medias": []},
    "action": {"filter": {}, "status": "0"},
    "token": {"secret": "", "status": "0", "expires_at": "0"},
}
MODES = {"PROBLEM": "0", "RECOVERY": "1", "UPDATE": "2"}


class Office(StandIn):
    """A Zabbix with its Super admin, who has a token, and a user who has one, too."""

    def __init__(self, version: str) -> None:
        super().__init__(version, tokens={ADMIN: "", PLAIN: ""})
        self.groups = {"5": "Linux", "6": "Linux/Web", "7": "Network"}
        self.tables: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in IDS}
        self.macros: dict[str, dict[str, str]] = {}
        self.nodes = [{"address": "localhost", "port": "10051", "status": "3"}]
        self.keep = False
        self._add("role", "3", name="Super admin role", type="3", rules={})
        self._add("role", "1", name="User role", type="1", rules={})
        self._add("usergroup", "8", name="Admins", gui_access="0", users_status="0", groups=[])
        self._add("user", "1", username="Admin", roleid="3", usrgrps=["8"], medias=[],
                  timezone="default")  # fmt: skip
        self._add("user", "2", username="bob", roleid="1", usrgrps=["8"], medias=[],
                  timezone="default")  # fmt: skip
        self._add("token", "1", name="mine", userid="1", secret=ADMIN, status="0", expires_at="0")
        self._add("token", "2", name="his", userid="2", secret=PLAIN, status="0", expires_at="0")

    def named(self, table: str, name: str) -> dict[str, Any]:
        """The one object of that name."""
        key = "username" if table == "user" else "name"
        [found] = [each for each in self.tables[table].values() if each[key] == name]
        return found

    def changes(self) -> list[str]:
        """The methods that were called to change something."""
        return [
            method
            for method, _ in self.calls
            if not method.endswith(".get") and method != "apiinfo.version"
        ]

    def answer(self, request: Mapping[str, Any], bearer: str | None) -> Any:
        method, params = request["method"], request["params"]
        table, _, verb = method.partition(".")
        if table not in {*IDS, "usermacro", "configuration", "hanode"} or method == "user.login":
            return super().answer(request, bearer)
        self.calls.append((method, params))
        self._authorise(method, request, bearer)
        if PLAIN in (request.get("auth"), bearer):
            raise Refused(-32602, f'No permissions to call "{method}".')
        if table in IDS and verb in {"get", "create", "update", "delete"}:
            return getattr(self, f"_{verb}")(table, params)
        return getattr(self, f"_{table}_{verb}")(params)

    def _add(self, table: str, id_: str, **fields: Any) -> None:
        self.tables[table][id_] = {IDS[table]: id_, **fields}

    def _known(self, params: Mapping[str, Any], known: set[str]) -> None:
        late = {"hostgroup_rights", "selectHostGroupRights"}
        known = known - ({"rights", "selectRights"} if self.release >= (6, 2) else late)
        if unknown := sorted(set(params) - known):
            raise Refused(-32602, f'Invalid parameter "/1": unexpected parameter "{unknown[0]}".')

    # What is read.

    def _get(self, table: str, params: Mapping[str, Any]) -> Any:
        self._known(params, GETS[table])
        found = [
            each
            for id_, each in self.tables[table].items()
            if all(each[name] == value for name, value in params.get("filter", {}).items())
            and id_ in params.get("userids", [id_])
            and each.get("secret") == params.get("token", each.get("secret"))
        ]
        return [getattr(self, f"_shown_{table}", dict)(each) for each in found]

    def _shown_role(self, role: dict[str, Any]) -> dict[str, Any]:
        return role | {"rules": {**self._default_rules(), **role["rules"]}}

    def _default_rules(self) -> dict[str, Any]:
        actions = ACTIONS + ["suppress_problems"] * (self.release >= (6, 2))
        on = dict.fromkeys(("ui.default_access", "modules.default_access",
                            "actions.default_access", "api.access"), "1")  # fmt: skip
        return {
            "ui": [{"name": name, "status": "1"} for name in PAGES],
            "actions": [{"name": name, "status": "1"} for name in actions],
            "api.mode": "0",
            "api": [],
            **on,
        }

    def _shown_usergroup(self, group: dict[str, Any]) -> dict[str, Any]:
        name = "hostgroup_rights" if self.release >= (6, 2) else "rights"
        return {key: value for key, value in group.items() if key != "groups"} | {
            name: group["groups"]
        }

    def _shown_user(self, user: dict[str, Any]) -> dict[str, Any]:
        groups, types = self.tables["usergroup"], self.tables["mediatype"]
        owned = {each["mediatypeid"] for each in user["medias"]}
        return user | {
            "role": self.tables["role"][user["roleid"]],
            "usrgrps": [{"usrgrpid": id_, "name": groups[id_]["name"]} for id_ in user["usrgrps"]],
            "medias": [
                each | {"mediaid": "1", "userid": user["userid"]} for each in user["medias"]
            ],
            "mediatypes": [
                {"mediatypeid": id_, "name": types[id_]["name"]} for id_ in types if id_ in owned
            ],
        }

    def _shown_token(self, token: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in token.items() if name != "secret"}

    # What is written.

    def _create(self, table: str, params: Mapping[str, Any]) -> Any:
        self._known(params, FIELDS[table])
        key = "username" if table == "user" else "name"
        if any(each[key] == params[key] for each in self.tables[table].values()):
            raise Refused(-32602, f'"{params[key]}" already exists.')
        self.next_id += 1
        id_ = str(self.next_id)
        self._add(table, id_, **BLANK.get(table, {}))
        self._write(table, id_, params)
        return {IDS[table] + "s": [id_]}

    def _update(self, table: str, params: Mapping[str, Any]) -> Any:
        id_ = params[IDS[table]]
        if id_ not in self.tables[table]:
            raise Refused(-32500, NO_OBJECT)
        rest = {name: value for name, value in params.items() if name != IDS[table]}
        self._known(rest, FIELDS[table])
        if not self.keep:
            self._write(table, id_, rest)
        return {IDS[table] + "s": [id_]}

    def _write(self, table: str, id_: str, params: Mapping[str, Any]) -> None:
        thing = self.tables[table][id_]
        for name, value in params.items():
            writer = getattr(self, f"_write_{name}", None)
            if writer:
                writer(thing, value)
            else:
                thing[name] = str(value)

    def _write_rules(self, role: dict[str, Any], rules: Mapping[str, Any]) -> None:
        """What is not named keeps its state, whatever the default for what is new."""
        had = {**self._default_rules(), **role["rules"]}
        for kind in ("ui", "actions"):
            states = {each["name"]: each["status"] for each in had[kind]}
            for each in rules[kind]:
                if each["name"] not in states:
                    raise Refused(-32602, f'"{each["name"]}" is not available for user role.')
                states[each["name"]] = str(each["status"])
            had[kind] = [{"name": name, "status": status} for name, status in states.items()]
        flat = {name: value for name, value in rules.items() if name not in {"ui", "actions"}}
        had |= {name: value if name == "api" else str(value) for name, value in flat.items()}
        if not any(each["status"] == "1" for each in had["ui"]):
            raise Refused(-32602, "At least one UI element must be enabled for user role.")
        role["rules"] = had

    def _write_rights(self, group: dict[str, Any], rights: list[dict[str, Any]]) -> None:
        assert {each["id"] for each in rights} <= set(self.groups)
        group["groups"] = [
            {"id": each["id"], "permission": str(each["permission"])} for each in rights
        ]

    _write_hostgroup_rights = _write_rights

    def _write_roleid(self, user: dict[str, Any], roleid: str) -> None:
        assert roleid in self.tables["role"]
        user["roleid"] = roleid

    def _write_usrgrps(self, user: dict[str, Any], groups: list[dict[str, str]]) -> None:
        ids = [each["usrgrpid"] for each in groups]
        assert ids
        assert set(ids) <= set(self.tables["usergroup"])
        user["usrgrps"] = ids

    def _write_medias(self, user: dict[str, Any], medias: list[dict[str, Any]]) -> None:
        for each in medias:
            self._known(each, MEDIA)
            assert each["mediatypeid"] in self.tables["mediatype"]
        user["medias"] = [{name: str(value) for name, value in each.items()} for each in medias]

    def _write_operations(self, action: dict[str, Any], operations: list[dict[str, Any]]) -> None:
        action["operations"] = [
            *self._operations(operations, {"esc_step_from": "1", "esc_step_to": "1"})
        ]

    def _write_recovery_operations(self, action: dict[str, Any], given: list[Any]) -> None:
        action["recovery_operations"] = [*self._operations(given, {})]

    def _write_update_operations(self, action: dict[str, Any], given: list[Any]) -> None:
        action["update_operations"] = [*self._operations(given, {})]

    def _operations(
        self, given: list[dict[str, Any]], more: Mapping[str, str]
    ) -> Iterator[dict[str, Any]]:
        for each in given:
            self._known(each, {"operationtype", "opmessage", "opmessage_usr"})
            self._known(each["opmessage"], {"default_msg", "mediatypeid"})
            assert each["opmessage"]["mediatypeid"] in self.tables["mediatype"]
            assert each["opmessage_usr"][0]["userid"] in self.tables["user"]
            self.next_id += 1
            yield {
                "operationid": str(self.next_id),
                "operationtype": str(each["operationtype"]),
                "opmessage": {name: str(value) for name, value in each["opmessage"].items()},
                "opmessage_usr": each["opmessage_usr"],
                "opmessage_grp": [],
                **more,
            }

    def _delete(self, table: str, ids: list[str]) -> Any:
        for id_ in ids:
            if id_ not in self.tables[table]:
                raise Refused(-32500, NO_OBJECT)
            if table in {"user", "mediatype"} and self._in_action(table, id_):
                raise Refused(-32602, f"{table} is used in an action.")
            users = self.tables["user"].values()
            if table == "role" and any(each["roleid"] == id_ for each in users):
                raise Refused(-32602, "The role is assigned to at least one user.")
            if table == "usergroup" and any([id_] == each["usrgrps"] for each in users):
                raise Refused(-32602, "A user cannot be without user group.")
            del self.tables[table][id_]
        tokens = self.tables["token"]
        self.tables["token"] = {
            id_: each for id_, each in tokens.items() if each["userid"] in self.tables["user"]
        }
        return {IDS[table] + "s": ids}

    def _in_action(self, table: str, id_: str) -> bool:
        return any(
            id_ == (each["opmessage_usr"][0]["userid"] if table == "user"
                    else each["opmessage"]["mediatypeid"])
            for action in self.tables["action"].values()
            for each in action["operations"]
        )  # fmt: skip

    # Objects of their own ways.

    def _configuration_import(self, params: Mapping[str, Any]) -> bool:
        self._known(params, {"format", "source", "rules"})
        export = yaml.safe_load(params["source"])["zabbix_export"]
        if export["version"] != "6.0":
            raise Refused(-32602, 'Invalid tag "/zabbix_export/version": unsupported version.')
        for file in export["media_types"]:
            self._known(file, FILE_KEYS)
            had = [
                each for each in self.tables["mediatype"].values() if each["name"] == file["name"]
            ]
            self.next_id += 1
            id_ = had[0]["mediatypeid"] if had else str(self.next_id)
            self._add("mediatype", id_, **self._media_type(file))
        return True

    def _media_type(self, file: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "name": file["name"],
            "type": "4",
            "status": "0",
            "script": file["script"].replace("\n", "\r\n").rstrip(),
            "parameters": sorted(file["parameters"], key=lambda each: str(each["name"])),
            "process_tags": str(int(file["process_tags"] == "YES")),
            "show_event_menu": str(int(file["show_event_menu"] == "YES")),
            "event_menu_url": file["event_menu_url"],
            "event_menu_name": file["event_menu_name"],
            "maxsessions": file["max_sessions"],
            "maxattempts": file["attempts"],
            "attempt_interval": file["attempt_interval"],
            "timeout": file["timeout"],
            "message_templates": [
                {
                    "eventsource": "0",
                    "recovery": MODES[each["operation_mode"]],
                    "subject": each["subject"],
                    "message": each["message"],
                }
                for each in file["message_templates"]
            ],
        }

    def _usermacro_get(self, params: Mapping[str, Any]) -> Any:
        self._known(params, {"globalmacro", "filter", "output"})
        found = self.macros.get(params["filter"]["macro"])
        if found is None:
            return []
        hidden = {"value"} if found["type"] == "1" else set()
        return [{name: value for name, value in found.items() if name not in hidden}]

    def _usermacro_createglobal(self, params: Mapping[str, Any]) -> Any:
        self._known(params, {"macro", "value", "type"})
        assert params["macro"] not in self.macros
        id_ = str(9000 + len(self.macros))
        self.macros[params["macro"]] = {
            "globalmacroid": id_,
            "macro": params["macro"],
            "value": params["value"],
            "type": str(params["type"]),
        }
        return {"globalmacroids": [id_]}

    def _usermacro_updateglobal(self, params: Mapping[str, Any]) -> Any:
        self._known(params, {"globalmacroid", "value", "type"})
        [macro] = [
            each
            for each in self.macros.values()
            if each["globalmacroid"] == params["globalmacroid"]
        ]
        macro |= {"value": params["value"], "type": str(params["type"])}
        return {"globalmacroids": [params["globalmacroid"]]}

    def _usermacro_deleteglobal(self, ids: list[str]) -> Any:
        self.macros = {
            name: each for name, each in self.macros.items() if each["globalmacroid"] not in ids
        }
        return {"globalmacroids": ids}

    def _token_generate(self, ids: list[str]) -> Any:
        made = []
        for id_ in ids:
            self.next_id += 1
            self.tables["token"][id_]["secret"] = secret = f"{self.next_id:064d}"
            made.append({"tokenid": id_, "token": secret})
        return made

    def _hanode_get(self, params: Mapping[str, Any]) -> Any:
        self._known(params, {"output"})
        return self.nodes


def zabbix_office(version: str = "6.0.14") -> AbstractContextManager[Office]:
    """A Zabbix of that version whose administrator can be asked."""
    return serving(Office(version))
