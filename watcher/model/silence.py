"""What holds alerts back: planned windows, mutes, and alerts that make others superfluous."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from watcher.model.matcher import Matcher


class WindowKind(StrEnum):
    """Why alerts are held back for a time: work was announced, or somebody does not want them."""

    MAINTENANCE = "maintenance"
    MUTE = "mute"


@dataclass(frozen=True, slots=True)
class Window:
    """A time during which alerts for which all of `when` holds open nothing.

    `customer` None means everybody's, and `id` is None where it stands in a file of rules under
    `title`. `length` is measured on the clocks of `zone`, and `repeat` is an RFC 5545 rule for
    further beginnings. It holds nothing back before it was created nor after it was cancelled.
    Where it has a `title` and an `id`, somebody planned it elsewhere under that title.
    """

    kind: WindowKind
    customer: str | None
    when: tuple[Matcher, ...]
    starts: datetime
    length: timedelta
    repeat: str = ""
    zone: str = "UTC"
    title: str = ""
    comment: str = ""
    id: int | None = None
    author: str = ""
    created_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None

    @property
    def name(self) -> str:
        """What names it for ever, as `maintenance:7` or `maintenance:nightly`."""
        return f"{self.kind}:{self.title if self.id is None else self.id}"

    @property
    def elsewhere(self) -> bool:
        """Whether it was planned in a monitoring system, which alone may change it."""
        return self.id is not None and bool(self.title)


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an alert fires for which `source` holds, those for which `target` does open nothing,
    where both have the same values for all of `equal`; but for `at_most` that long.
    """

    name: str
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()
    at_most: timedelta = timedelta(hours=24)
