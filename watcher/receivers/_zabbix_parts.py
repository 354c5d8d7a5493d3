"""What both ways in from Zabbix share: media type and connector speak of the same events."""

from collections.abc import Mapping
from types import MappingProxyType

from watcher.decide.keys import recurrence_key
from watcher.decide.template import template
from watcher.model.event import Severity
from watcher.receivers import base
from watcher.receivers.base import clean

SEVERITIES: Mapping[str, Severity] = MappingProxyType(
    {
        "0": Severity.INFORMATION,
        "1": Severity.INFORMATION,
        "2": Severity.WARNING,
        "3": Severity.AVERAGE,
        "4": Severity.HIGH,
        "5": Severity.DISASTER,
    }
)
# Watcher's own tags on an event say nothing about it.
_OWN_TAGS = "__watcher_"


def key_by_name(source: str, name: str, host: str) -> str:
    """The key of a condition where no ids tell trigger and host."""
    return recurrence_key(source, "name", template(name), "host", host)


def tags_of(found: object) -> dict[str, list[str]]:
    """Each tag's values in the order they came, out of a list of tags.

    Raises KeyError, TypeError or AttributeError where it is none.
    """
    tags: dict[str, list[str]] = {}
    if not isinstance(found, list):
        raise TypeError
    for tag in found:
        name, value = clean(tag["tag"], base.KEY_LIMIT), clean(tag["value"], base.LABEL_LIMIT)
        values = tags.setdefault(name, [])
        if value not in values:
            values.append(value)
    return tags


def service_of(tags: Mapping[str, list[str]]) -> str | None:
    """The first value of the tag `service`."""
    named = (value for value in tags.get("service", ()) if value)
    return clean(next(named, ""), base.NAME_LIMIT) or None


def labels_of(tags: Mapping[str, list[str]]) -> dict[str, str]:
    """Tags as labels."""
    return {
        name: values[0] if len(values) == 1 else clean(", ".join(values), base.LABEL_LIMIT)
        for name, values in tags.items()
        if not name.startswith(_OWN_TAGS)
    }
