"""Tickets that a monitoring system filed itself: which of them an incident takes as its own.

Zabbix's media types write what they filed into tags of the event, which come to us as labels.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import zip_longest

from watcher.model.change import replace
from watcher.model.incident import Entry, EntryKind, Incident, Ticket
from watcher.model.reason import Reason

_START = "__zbx_"
_TRACKERS = {
    "github": "github",
    "gitlab": "gitlab",
    "glpi": "glpi",
    "itop": "itop",
    "jira": "jira",
    "mantisbt": "mantisbt",
    "otrs": "otrs",
    "redmine": "redmine",
    "sd": "manageengine",
    "servicenow": "servicenow",
    "solarwinds": "solarwinds",
    "sysaid": "sysaid",
    "tpd": "topdesk",
    "trello": "trello",
    "zammad": "zammad",
    "zdk": "zendesk",
}
# Where there are several names for a ticket, people know it by the first of these.
_KEYS = ("key", "number", "iid", "id")
_LINK = "link"
_LONGEST_KEY, _LONGEST_LINK = 100, 2048


def tickets(labels: Mapping[str, str]) -> tuple[Ticket, ...]:
    """The tickets that labels tell of, those of one tracker in the order in which they came."""
    told: dict[str, dict[str, str]] = {}
    for name in labels:
        if name.startswith(_START):
            tracker, _, part = name.removeprefix(_START).partition("_")
            if tracker in _TRACKERS:
                told.setdefault(_TRACKERS[tracker], {})[part] = labels[name]
    return tuple(each for system in sorted(told) for each in _of(system, told[system]))


def adopt(
    incident: Incident, found: Ticket, alert: str, now: datetime
) -> tuple[Incident, tuple[Entry, ...]]:
    """An alert of the incident brings a ticket. The first one is the incident's own, for ever."""
    own = incident.ticket
    if own is None:
        reason = Reason("adopted", f"filed for {alert} by its monitoring system")
        entry = _entry(incident, f"took {_named(found)} as its ticket", reason, found, now)
        return replace(incident, ticket=found), (entry,)
    if own.same(found):
        return (incident if own.url else replace(incident, ticket=found)), ()
    return incident, (_besides(incident, own, found, f"filed for {alert}", now),)


def kept_ticket(
    kept: Incident, gone: Incident, now: datetime
) -> tuple[Ticket | None, tuple[Entry, ...]]:
    """The ticket of an incident that takes in another, and what its timeline says of theirs."""
    mine, theirs = kept.ticket, gone.ticket
    if mine is None or theirs is None or mine.same(theirs):
        return mine or theirs, ()
    return mine, (_besides(kept, mine, theirs, f"that of #{gone.number}", now),)


def _besides(incident: Incident, own: Ticket, found: Ticket, what: str, now: datetime) -> Entry:
    reason = Reason("first-ticket", f"{what}, but the incident has {_named(own)} already")
    return _entry(incident, f"{_named(found)} is about it too", reason, found, now)


def _entry(incident: Incident, text: str, reason: Reason, found: Ticket, now: datetime) -> Entry:
    key = f"ticket:{found.system}:{found.key}"
    return Entry(incident.number, now, EntryKind.NOTE, text, reason, key=key)


def _named(ticket: Ticket) -> str:
    return f"{ticket.key} of {ticket.system}" if ticket.system else ticket.key


def _of(system: str, parts: Mapping[str, str]) -> list[Ticket]:
    """The tickets of one tracker; a tag with several values tells of several."""
    name = next((part for end in _KEYS for part in parts if part.endswith(end)), None)
    if name is None:
        return []
    links = next((parts[part] for part in parts if part.endswith(_LINK)), "")
    pairs = zip_longest(parts[name].split(", "), links.split(", "), fillvalue="")
    return [Ticket(system, key, _safe(link)) for key, link in pairs if _is_key(key)]


def _is_key(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_KEY and text.isprintable() and not text.isspace()


def _safe(link: str) -> str:
    """The link, if a page may show it as one."""
    web = link.startswith(("http://", "https://")) and link.isprintable() and " " not in link
    return link if web and len(link) <= _LONGEST_LINK else ""
