"""Something that was deployed or altered, and may be why an incident began shortly after."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeploymentStatus(StrEnum):
    """How a change went."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One change (the word of the glossary), as a source told of it: `key` names it there for ever.

    `what` was changed in words, `revision` is a commit or version. It began `at` and was over
    `ended_at`.
    """

    customer: str
    source: str
    key: str
    what: str
    at: datetime
    status: DeploymentStatus
    service: str | None = None
    host: str | None = None
    environment: str = ""
    revision: str = ""
    author: str = ""
    url: str = ""
    ended_at: datetime | None = None
    id: int | None = None
