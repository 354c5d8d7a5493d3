"""How and when Zabbix sends: the media type, the action that uses it, the macros that it reads."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

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

_SECRET = 1
_MAKE_OR_MEND = {"mediaTypes": {"createMissing": True, "updateExisting": True}}


class MediaType(Part):
    """How Zabbix sends: the shipped file. Whoever changed its patience keeps that."""

    kind = "media type"
    title = f"media type {NAME}"

    def __init__(self, api: Api, wish: Wish) -> None:
        self.api = api
        self.wish = wish

    _PATIENCE = ("maxsessions", "maxattempts", "attempt_interval", "timeout")

    def find(self, ids: Ids) -> Thing | None:
        """The media type by its name."""
        _ = ids
        asked = {
            "filter": {"name": NAME},
            "output": "extend",
            "selectMessageTemplates": "extend",
        }
        raw = first(self.api.call("mediatype.get", asked))
        if raw is None:
            return None
        traits: Traits = {
            "sending": STATUS.get(raw["status"], ""),
            "script": _text(raw["script"]),
            "parameters": _pairs(raw["parameters"]),
            "tags": SWITCH.get(raw["process_tags"], ""),
            "event menu": SWITCH.get(raw["show_event_menu"], ""),
            "link of the event menu": raw["event_menu_url"],
            "name of the event menu": raw["event_menu_name"],
            "messages": tuple(
                sorted(
                    f"{_MODES.get(each['recovery'], '')}: {each['subject']} | {each['message']}"
                    for each in raw["message_templates"]
                    if each["eventsource"] == "0"
                )
            ),
        }
        return Thing(raw["mediatypeid"], traits, raw)

    def wanted(self, found: Thing | None) -> Traits:
        """What stands in the file."""
        _ = found
        file: Mapping[str, Any] = self.wish.shipped
        return {
            "sending": "on",
            "script": _text(file["script"]),
            "parameters": _pairs(file["parameters"]),
            "tags": "on" if file["process_tags"] == "YES" else "off",
            "event menu": "on" if file["show_event_menu"] == "YES" else "off",
            "link of the event menu": file["event_menu_url"],
            "name of the event menu": file["event_menu_name"],
            "messages": tuple(
                sorted(
                    f"{each['operation_mode'].lower()}: {each['subject']} | {each['message']}"
                    for each in file["message_templates"]
                )
            ),
        }

    def make(self, ids: Ids) -> str:
        """Its id."""
        _ = ids
        self._import()
        found = self.api.call("mediatype.get", {"filter": {"name": NAME}, "output": ["name"]})
        return str(found[0]["mediatypeid"])

    def mend(self, found: Thing, ids: Ids) -> None:
        """Imports it over the other, but for how long and how often it tries."""
        _ = ids
        self._import()
        patience = {name: found.raw[name] for name in self._PATIENCE}
        self.api.call("mediatype.update", {"mediatypeid": found.id, **patience})

    def remove(self, found: Thing) -> None:
        """After the action that sends by it."""
        self.api.call("mediatype.delete", [found.id])

    def _import(self) -> None:
        given = {"format": "yaml", "source": self.wish.media_type, "rules": _MAKE_OR_MEND}
        self.api.call("configuration.import", given)


_MODES = {"0": "problem", "1": "recovery", "2": "update"}


def _text(value: str) -> str:
    """Zabbix keeps texts with line ends of its own and without the last one."""
    return value.replace("\r\n", "\n").strip()


def _pairs(parameters: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(sorted(f"{each['name']}={each['value']}" for each in parameters))


class Action(Part):
    """When Zabbix sends: problems, recoveries and updates. Its conditions are the people's."""

    kind = "action"
    title = f"trigger action {NAME}"

    def __init__(self, api: Api) -> None:
        self.api = api

    _WHEN: ClassVar = {
        "on a problem": "operations",
        "on a recovery": "recovery_operations",
        "on an update": "update_operations",
    }

    def find(self, ids: Ids) -> Thing | None:
        """The action by its name."""
        asked = {
            "filter": {"name": NAME},
            "output": "extend",
            "selectOperations": "extend",
            "selectRecoveryOperations": "extend",
            "selectUpdateOperations": "extend",
        }
        raw = first(self.api.call("action.get", asked))
        if raw is None:
            return None
        traits: Traits = {
            "status": STATUS.get(raw["status"], ""),
            "waiting for the end of maintenance": SWITCH.get(raw["pause_suppressed"], ""),
            **{
                when: tuple(_operation(each, ids) for each in raw[field])
                for when, field in self._WHEN.items()
            },
        }
        return Thing(raw["actionid"], traits)

    def wanted(self, found: Thing | None) -> Traits:
        """One message each; repeating and escalating is Watcher's work."""
        _ = found
        once = dict.fromkeys(self._WHEN, (_OUR_MESSAGE,))
        return {"status": "on", "waiting for the end of maintenance": "on", **once}

    def make(self, ids: Ids) -> str:
        """Its id."""
        given = {"name": NAME, "eventsource": 0, **self._written(ids)}
        return str(self.api.call("action.create", given)["actionids"][0])

    def mend(self, found: Thing, ids: Ids) -> None:
        """Writes all but the conditions."""
        self.api.call("action.update", {"actionid": found.id, **self._written(ids)})

    def remove(self, found: Thing) -> None:
        """The first to go, because it names the others."""
        self.api.call("action.delete", [found.id])

    def _written(self, ids: Ids) -> dict[str, object]:
        tell = {
            "operationtype": 0,
            "opmessage": {"default_msg": 1, "mediatypeid": ids["media type"]},
            "opmessage_usr": [{"userid": ids["user"]}],
        }
        return {
            "status": 0,
            "pause_suppressed": 1,
            **{when: [tell] for when in self._WHEN.values()},
        }


_OUR_MESSAGE = f"message to {USER} by {NAME}"


def _operation(raw: Mapping[str, Any], ids: Ids) -> str:
    """One operation in words; what Watcher would not have made is told apart."""
    message = raw.get("opmessage") or {}
    ours = (
        raw["operationtype"] == "0"
        and [each["userid"] for each in raw.get("opmessage_usr", ())] == [ids.get("user")]
        and not raw.get("opmessage_grp")
        and message.get("default_msg") == "1"
        and message.get("mediatypeid") == ids.get("media type")
        and raw.get("esc_step_to", "1") == "1"
        and not raw.get("opconditions")
    )
    return _OUR_MESSAGE if ours else "another operation"


class Macro(Part):
    """A global macro that the media type reads."""

    def __init__(self, api: Api, macro: str, value: str) -> None:
        self.api = api
        self.kind = macro
        self.title = f"global macro {macro}"
        self._value = value

    def find(self, ids: Ids) -> Thing | None:
        """The macro by its name."""
        _ = ids
        asked = {"globalmacro": True, "filter": {"macro": self.kind}, "output": "extend"}
        raw = first(self.api.call("usermacro.get", asked))
        return Thing(raw["globalmacroid"], self._traits(raw)) if raw else None

    def wanted(self, found: Thing | None) -> Traits:
        """Its value."""
        _ = found
        return {"value": self._value}

    def make(self, ids: Ids) -> str:
        """Its id."""
        _ = ids
        made = self.api.call("usermacro.createglobal", {"macro": self.kind, **self._written()})
        return str(made["globalmacroids"][0])

    def mend(self, found: Thing, ids: Ids) -> None:
        """Writes the value."""
        _ = ids
        self.api.call("usermacro.updateglobal", {"globalmacroid": found.id, **self._written()})

    def remove(self, found: Thing) -> None:
        """Nothing else reads it."""
        self.api.call("usermacro.deleteglobal", [found.id])

    def _traits(self, raw: Mapping[str, str]) -> Traits:
        return {"value": raw.get("value", "")}

    def _written(self) -> dict[str, object]:
        return {"value": self._value, "type": 0}


class SecretMacro(Macro):
    """One whose value Zabbix shows to nobody. Whoever keeps it in a vault keeps it there."""

    unseen = True

    def wanted(self, found: Thing | None) -> Traits:
        """A secret, wherever it is kept."""
        return found.traits if found and found.traits["type"] == "vault" else {"type": "secret"}

    def mend(self, found: Thing, ids: Ids) -> None:
        """Writes the value anew."""
        if found.traits["type"] != "vault":
            super().mend(found, ids)

    def _traits(self, raw: Mapping[str, str]) -> Traits:
        return {"type": _MACRO_TYPES.get(raw["type"], "")}

    def _written(self) -> dict[str, object]:
        return {"value": self._value, "type": _SECRET}


_MACRO_TYPES = {"0": "text", "1": "secret", "2": "vault"}


class SharedMacro(Macro):
    """One that media types of others read, too: it is made, but neither changed nor taken away."""

    shared = True

    def wanted(self, found: Thing | None) -> Traits:
        """As somebody has set it."""
        return found.traits if found else super().wanted(found)
