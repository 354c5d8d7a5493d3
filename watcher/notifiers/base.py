"""What a message to people is, where it goes, and what an HTTP answer to it means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus

from watcher.decide.lifecycle import News
from watcher.kit.http import Response
from watcher.kit.net import Timed
from watcher.kit.plugins import adapter
from watcher.model.action import Outcome, Verdict
from watcher.model.incident import Priority

_LOCKED_OUT = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `key` is the idempotency key of its action, `thread` the same for all messages
    of one incident on one channel, `incident` what the API says of it, and `problem` of the problem
    that the message is about, if it is about one.
    """

    key: str
    thread: str
    at: datetime
    event: News
    subject: str
    text: str
    html: str
    url: str
    priority: Priority
    incident: Mapping[str, object]
    problem: Mapping[str, object] | None = None

    @property
    def id(self) -> str:
        """The key in letters and digits, fit for headers."""
        return sha256(self.key.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Outlet:
    """A configured channel: the adapter of that kind with its options."""

    kind: str
    options: Timed

    @property
    def longest(self) -> float:
        """Seconds after which `send` has come back for certain."""
        return self.options.deadline + self.options.timeout

    def send(self, message: Message) -> Outcome:
        """Carries the message out of the house; whatever the peer does is an outcome."""
        outcome: Outcome = adapter("watcher.notifiers", self.kind).send(message, self.options)
        return outcome


def by_status(response: Response, peer: str, now: datetime, secrets: Iterable[str]) -> Outcome:
    """What an HTTP answer means; its text is quoted without the secrets."""
    status = response.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome(Verdict.DONE, response.told(peer))
    said = response.told(peer, response.body.decode(errors="replace"), secrets)
    if response.passes:
        return Outcome(Verdict.RETRY, said, after=response.retry_after(now))
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        said += "; redirects are not followed: configure the address that it leads to"
    elif status in _LOCKED_OUT:
        said += "; check the token and what it may do"
    return Outcome(Verdict.GAVE_UP, said)
