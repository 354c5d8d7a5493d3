"""A line of the run log: who ran what where, as whom and why; it outlives the evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt to carry out a runbook on a host, also one that never got in.

    `by` is a person, or the alert that made it run (`alert v1:…`), `approved_by` whoever agreed to
    more than reading. `incident` is None where a person tried a runbook out. `runbook` and
    `digest` name the recipe, `script` is the sha256 of what ran; `fault` and `outcome` say what
    came of it, `worst` the worst level of what it found ("" for nothing). `id` is 0 until it is
    stored.
    """

    at: datetime
    customer: str
    runbook: str
    host: str
    by: str
    incident: int | None = None
    approved_by: str = ""
    address: str = ""
    user: str = ""
    via: tuple[str, ...] = ()
    host_key: str = ""
    verified: str = ""
    digest: str = ""
    script: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
    outcome: str = ""
    worst: str = ""
    seconds: float = 0.0
    size: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class Use:
    """How often a runbook ran in a while, how often it found something bad or nobody got in, and
    when it ran last.
    """

    times: int
    bad: int
    vain: int
    last: datetime
