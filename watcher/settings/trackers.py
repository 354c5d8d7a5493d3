"""Reads the trackers: whose work is kept where, through which adapter with which options."""

from collections.abc import Collection, Mapping

from watcher.kit.plugins import adapter
from watcher.policy.customers import check_customers
from watcher.policy.problems import Problems, entries
from watcher.policy.yamlfile import Document
from watcher.settings.options import read_options
from watcher.settings.schema import TRACKERS, TrackerEntry
from watcher.trackers.base import Tracker


def read_trackers(
    document: Document,
    context: Mapping[str, object],
    customers: Collection[str],
    problems: Problems,
) -> tuple[Tracker, ...]:
    """The sound trackers in their order; what is wrong with the others is noted."""
    check_customers(document, "trackers", customers, problems)
    trackers: dict[str, Tracker] = {}
    served: set[str] = set()
    for place, entry in entries(document, "trackers", TrackerEntry, context):
        if entry.name in trackers:
            problems.error(place / "name", f"there is another tracker {entry.name!r}")
        if served.issuperset(entry.customers or customers):
            what = f"nothing is filed in {entry.name!r}"
            problems.warn(place, f"{what}: others before it serve all its customers")
        served.update(entry.customers or customers)
        module = adapter(TRACKERS, entry.kind)
        options = read_options(place / "options", module, context, problems)
        trackers[entry.name] = Tracker(entry.name, entry.kind, options, frozenset(entry.customers))
    return tuple(trackers.values())
