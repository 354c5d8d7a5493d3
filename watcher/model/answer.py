"""What Watcher tells a monitoring system of what people decided."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watcher.model.event import Severity
from watcher.model.survey import Held

MARK = "Watcher: "
"""How every message begins that Watcher writes into a monitoring system: what comes back with it is
our own and no news.
"""


class Verb(StrEnum):
    """What is to be done there; `annotate` marks the time on the dashboard of an alert."""

    ACKNOWLEDGE = "acknowledge"
    COMMENT = "comment"
    SEVERITY = "severity"
    CLOSE = "close"
    SILENCE = "silence"
    ANNOTATE = "annotate"


@dataclass(frozen=True, slots=True)
class Answer:
    """One decision about spans of one source, for their monitoring system.

    `by` is who decided and `text` what that person said; `incident` and its `url` lead back to us.
    `severity` goes with that verb, `until` is when a silence ends, and `ended_at` is when what is
    annotated was over. `key` is the same however often it is tried.
    """

    verb: Verb
    spans: tuple[Held, ...]
    incident: int
    url: str
    by: str
    text: str
    key: str
    severity: Severity | None = None
    until: datetime | None = None
    ended_at: datetime | None = None
