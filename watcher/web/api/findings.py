"""What the API says of diagnoses: what they found, and who ran what."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from watcher.decide.findings import summary
from watcher.model.evidence import Evidence, Fault, Level, StepStatus


class _Read(BaseModel):
    """Read off a noun, attribute by attribute."""

    model_config = ConfigDict(from_attributes=True)


class Highlight(_Read):
    """What a signal of a runbook said of the output."""

    signal: str
    level: Level
    say: str


class Step(_Read):
    """What one step of a diagnosis brought back; `partial` says what could not be seen."""

    step: str
    title: str
    status: StepStatus
    read: str
    reason: str
    output: str
    exit_code: int | None
    seconds: float
    size: int
    truncated: bool
    partial: str
    highlights: list[Highlight]
    values: dict[str, str | int | float | bool]


class EvidenceItem(_Read):
    """One run of one runbook on one host; `problem` says why there are no steps. `changes` are the
    differences to the run before; `made_for` is the incident that it was made for, if another.
    """

    id: int
    summary: str
    runbook: str
    title: str
    host: str
    started_at: datetime
    seconds: float
    problem: str
    fault: Fault | None
    facts: dict[str, str]
    changes: list[str]
    made_for: int | None
    steps: list[Step]

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        """The diagnosis as kept on its incident."""
        run = evidence.diagnosis
        own = {"id": evidence.id, "summary": summary(run)}
        named = {name: getattr(run, name) for name in cls.model_fields if name not in own}
        return cls.model_validate(named | own)


class RunItem(_Read):
    """A line of the run log. `by` is a person or `alert <key>`; `script` is the SHA-256 of what
    ran, `digest` that of the runbook's file; `fault` is why nobody got in, if so, and `worst`
    the worst level of what was found.
    """

    id: int
    at: datetime
    customer: str
    incident: int | None
    runbook: str
    digest: str
    host: str
    address: str
    user: str
    via: list[str]
    host_key: str
    verified: str
    by: str
    approved_by: str
    script: str
    inputs: dict[str, str]
    fault: str
    outcome: str
    worst: Level | Literal[""]
    seconds: float
    size: int
