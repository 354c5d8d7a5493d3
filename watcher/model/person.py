"""Who asks: people and tokens, what they may do and whose incidents they may see."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What one may do; each role may do all that the ones before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"

    @property
    def rank(self) -> int:
        """0 for a viewer up to 3 for an administrator."""
        return _RANKS[self]


_RANKS = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who has proved who he is; `customer` None means all customers."""

    name: str
    role: Role
    customer: str | None = None
