"""What a diagnosis brought back from a host, one piece for each step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class StepStatus(StrEnum):
    """What came of one step; only FAILED and TIMEOUT say that something went wrong."""

    OK = "ok"
    NO_DATA = "no_data"
    FAILED = "failed"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    SKIPPED = "skipped"


class Level(StrEnum):
    """How a highlight is meant; GOOD rules something out."""

    BAD = "bad"
    WARN = "warn"
    INFO = "info"
    GOOD = "good"


Value = str | int | float | bool
"""What was extracted from an output."""


@dataclass(frozen=True, slots=True)
class Highlight:
    """What a signal of a runbook said, in plain words and without secrets."""

    signal: str
    level: Level
    say: str


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step's result: `output` is cleaned, capped and redacted text, `size` its bytes before
    capping, `exit_code` None where the step did not end by itself, `seconds` its duration.

    `partial` says what could not be seen without root; `values` are the single values extracted.
    """

    step: str
    title: str
    status: StepStatus
    output: str
    exit_code: int | None = None
    seconds: float = 0.0
    size: int = 0
    truncated: bool = False
    read: str = ""
    reason: str = ""
    partial: str = ""
    highlights: tuple[Highlight, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)


class Fault(StrEnum):
    """Why there was no usable SSH connection: a finding of its own about the host."""

    UNRESOLVED = "unresolved"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    NO_ROUTE = "no_route"
    KEX = "kex"
    LOGIN = "login"
    HOST_KEY = "host_key"
    BASTION = "bastion"
    BROKEN = "broken"
    CONFIGURATION = "configuration"
    RESTING = "resting"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Audit:
    """Who ran what as whom: `by` is a person or the rule that did (`alert v1:…`), `script` the
    sha256 of what ran, `runbook` that of the file of the recipe, `host_key` the fingerprint that
    was verified, `verified` how (`known_hosts`, `certificate`, `first use`, `pinned`), `via` the
    bastions.
    """

    by: str = ""
    address: str = ""
    user: str = ""
    via: tuple[str, ...] = ()
    host_key: str = ""
    verified: str = ""
    runbook: str = ""
    script: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One run of one runbook on one host; `problem` says why there are no steps (unreachable, host
    key unknown), in the class `fault`. `facts` are what the host said of itself, `changes` what
    differs from the run before on the same host. `made_for` is the other incident that it was made
    for, where it was recent enough not to be made again.
    """

    runbook: str
    title: str
    host: str
    started_at: datetime
    seconds: float
    steps: tuple[StepResult, ...] = ()
    problem: str = ""
    fault: Fault | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    audit: Audit = Audit()
    made_for: int | None = None

    @property
    def host_key(self) -> str:
        """The fingerprint that was verified; "" where nobody let us in."""
        return self.audit.host_key


@dataclass(frozen=True, slots=True)
class Evidence:
    """A diagnosis as kept on its incident."""

    id: int
    incident: int
    diagnosis: Diagnosis
