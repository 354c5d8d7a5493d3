"""What a diagnosis brought back from a host, one piece for each step."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step's result: `output` is cleaned, capped and redacted text, `size` its bytes before
    capping, `exit_code` None where the step did not end by itself, `seconds` its duration.
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


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One run of one runbook on one host; `problem` says why there are no steps (unreachable, host
    key unknown). `host_key` is the fingerprint that was verified, `script` the sha256 of what ran.
    """

    runbook: str
    title: str
    host: str
    started_at: datetime
    seconds: float
    steps: tuple[StepResult, ...] = ()
    problem: str = ""
    host_key: str = ""
    script: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A diagnosis as kept on its incident."""

    id: int
    incident: int
    diagnosis: Diagnosis
