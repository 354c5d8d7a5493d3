"""What an incident is like, so that it can be recognised when it comes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Signature:
    """What is telling about an incident that `opened_at` then: for each field, such as `alert`,
    `service`, `role`, `host`, `finding` or a column of a ticket, the values it has. An empty field
    says nothing, neither for nor against a likeness.
    """

    opened_at: datetime
    traits: Mapping[str, frozenset[str]]
