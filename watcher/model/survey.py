"""What a monitoring system says when it is asked, rather than when it speaks by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A span of a source that holds as far as Watcher knows: what a monitoring system is asked
    about. `occurrence` and `key` are those of its alert.
    """

    key: str
    occurrence: str
    name: str
    started_at: datetime
    host: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    url: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """Proof that a span is over: `body` is what its source would have posted, `why` how we know.

    It is `recorded` where the monitoring system itself wrote down the end; else what it was about
    is gone or at rest there, which counts once two complete answers lack the span.
    """

    body: bytes
    why: str
    recorded: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """One answer of a monitoring system about all that a source stands for.

    `bodies` are what the source would have posted since the survey before, and for all that holds
    now, oldest first; its receiver reads them. `cursor` is what the next survey must know of this
    one, as how far it went. `open` are the occurrence keys of what
    holds, `suppressed` those of them that are held back there, `endings` the proofs for what was
    asked about, by occurrence key. Where it is not `complete`, `problem` says why, and absence from
    `open` means nothing.
    """

    bodies: tuple[bytes, ...]
    open: frozenset[str]
    cursor: str
    suppressed: frozenset[str] = frozenset()
    endings: Mapping[str, Ending] = field(default_factory=dict)
    complete: bool = True
    problem: str = ""
