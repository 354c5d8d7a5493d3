"""Why a decision fell as it did; stored, shown, and checkable from the input."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """The evidence behind one decision.

    `rule` names the policy that decided, `text` says it to a person, `keys` are what was shared
    (a group, a condition), `edge` is a pair (from, to) of the service graph, and `gap` is the time
    between the two things compared, in seconds.
    """

    rule: str
    text: str
    keys: tuple[str, ...] = ()
    edge: tuple[str, str] | None = None
    gap: float | None = None
