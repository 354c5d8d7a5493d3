"""One incident with all that belongs to it, read at one moment."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from watcher.engine.command import NotThereError
from watcher.engine.recurring import Recurring, recurring
from watcher.model.action import Action
from watcher.model.alert import Alert, Occurrence
from watcher.model.evidence import Evidence
from watcher.model.incident import Entry, Incident
from watcher.model.person import Principal
from watcher.store.views import View


@dataclass(frozen=True, slots=True)
class Whole:
    """An incident and its belongings, each in the order in which they came.

    `alerts` have the newest of their `spans` in it; `times` tells how many of each there are.
    """

    incident: Incident
    alerts: Sequence[tuple[Alert, Occurrence]]
    spans: Sequence[tuple[Alert, Occurrence]]
    times: Mapping[str, int]
    evidence: Sequence[Evidence]
    timeline: Sequence[Entry]
    actions: Sequence[Action]
    recurring: Recurring | None


def whole(view: View, number: int, by: Principal) -> Whole:
    """The incident, if it is there for the one who asks. Raises NotThereError."""
    incident = view.incident(number, by.customer)
    if incident is None:
        raise NotThereError(f"there is no incident {number}")
    spans, timeline = view.spans_of(number), view.timeline(number)
    return Whole(
        incident=incident,
        alerts=list({alert.key: (alert, span) for alert, span in spans}.values()),
        spans=spans,
        times=Counter(alert.key for alert, _ in spans),
        evidence=view.evidence_of(number),
        timeline=timeline,
        actions=view.actions_of(number),
        recurring=recurring(view, incident, timeline),
    )
