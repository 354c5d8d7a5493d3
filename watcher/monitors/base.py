"""What every monitor is given and gives back.

A monitor is the other direction of a receiver of the same kind: a module with `Options`, the
function `options(given)` that reads them (it raises ValueError), `monitor(access, clock)`, and
`VERBS`, what such a monitor can be told. With `OPEN`, it may be asked without a token.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from watcher.kit.secrets import Secret
from watcher.model.action import Outcome
from watcher.model.answer import Answer, Verb
from watcher.model.estate import Estate, Timetable
from watcher.model.survey import Held, Survey


@dataclass(frozen=True, slots=True)
class Access:
    """How the monitoring system behind a source is reached, how often it is asked, and what it is
    told. `url` is the address of its pages, `options` the dataclass of its adapter.
    """

    source: str
    customer: str
    url: str
    token: Secret
    every: timedelta = timedelta(minutes=2)
    answers: frozenset[Verb] = frozenset(Verb)
    ca_file: str = ""
    options: object = field(default=None)


class Trouble(StrEnum):
    """Why a monitoring system could not be asked: who can mend it differs."""

    UNREACHABLE = "unreachable"
    TOKEN = "token"  # noqa: S105 - a word, no secret
    RIGHTS = "rights"
    STRANGE = "strange"


class MonitorError(Exception):
    """A monitoring system could not be asked; the message says why and what to do, no secrets."""

    def __init__(self, message: str, trouble: Trouble) -> None:
        super().__init__(message)
        self.trouble = trouble


class Monitor(Protocol):
    """One monitoring system. Not for two threads at once. `longest` is seconds after which `answer`
    has come back for certain, `verbs` what it can be told.
    """

    longest: float
    verbs: Collection[Verb]

    def survey(self, held: Sequence[Held], cursor: str, now: datetime) -> Survey:
        """Asks for all that holds and all that was missed; "" begins without a past. Raises
        MonitorError where there is no answer at all.
        """

    def answer(self, answer: Answer) -> Outcome:
        """Tells what a person decided; whatever the peer does is an outcome."""


@runtime_checkable
class Gathering(Protocol):
    """A monitor whose source gathers news for up to `grace` before it posts them."""

    grace: timedelta


@runtime_checkable
class Historian(Protocol):
    """A monitor that remembers what is long over."""

    def history(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, bytes]]:
        """What the source would have posted, with the time of each, oldest first. Raises
        MonitorError.
        """


@runtime_checkable
class Planner(Protocol):
    """A monitor in which people plan maintenance."""

    def timetable(self, now: datetime) -> Timetable:
        """What is planned and not over. Raises MonitorError unless the answer is complete."""


@runtime_checkable
class Registrar(Protocol):
    """A monitor that knows hosts and services."""

    def estate(self, *, services: bool) -> Estate:
        """All that it knows, without services where they are not asked for. Raises MonitorError
        unless the answer is complete.
        """
