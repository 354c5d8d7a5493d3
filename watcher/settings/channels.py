"""Reads the channels: who is told of which incidents, through which adapter with which options."""

from collections.abc import Collection, Mapping

from watcher.kit.plugins import adapter
from watcher.model.policy import Channel
from watcher.policy.customers import check_customers
from watcher.policy.endpoints import Notifier
from watcher.policy.problems import Problems, entries
from watcher.policy.yamlfile import Document
from watcher.settings.options import read_options
from watcher.settings.schema import NOTIFIERS, ChannelEntry


def read_channels(
    document: Document,
    context: Mapping[str, object],
    customers: Collection[str],
    problems: Problems,
) -> tuple[tuple[Channel, ...], dict[str, Notifier]]:
    """The sound channels, and how each is reached; what is wrong with the others is noted."""
    check_customers(document, "channels", customers, problems)
    channels: dict[str, Channel] = {}
    notifiers: dict[str, Notifier] = {}
    for place, entry in entries(document, "channels", ChannelEntry, context):
        if entry.name in channels:
            problems.error(place / "name", f"there is another channel {entry.name!r}")
        options = read_options(place / "options", adapter(NOTIFIERS, entry.kind), context, problems)
        channels[entry.name] = Channel(
            entry.name,
            entry.kind,
            entry.at_least,
            frozenset(entry.customers),
            entry.evidence,
            entry.problems,
        )
        notifiers[entry.name] = Notifier(entry.kind, options)
    return tuple(channels.values()), notifiers
