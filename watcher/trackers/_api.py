"""One call to the API of a tracker, and what it means for a ticket where it fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

import orjson

from watcher.kit.clock import Clock
from watcher.kit.http import Door, HttpError, Limits, Reach, RefusedError, Response, peer_of
from watcher.kit.net import Timed, check_times
from watcher.model.action import Outcome, Verdict

WAIT = 120.0
"""Seconds for which nothing is repeated that may have been done: as long as the other side may
still be at it, or may not find yet what it stored.
"""

_SIZE = 32 * 1024 * 1024
_UNKNOWN = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}
_LOCKED_OUT = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class Way(Timed, Protocol):
    """What the options of every tracker say of the way there."""

    @property
    def url(self) -> str:
        """Where the tracker is."""

    @property
    def allow_private(self) -> bool:
        """Whether it may be in a private network."""

    @property
    def networks(self) -> tuple[str, ...]:
        """The private networks that it may be in."""

    @property
    def ca_file(self) -> str:
        """What replaces the public authorities for TLS."""


def check_way(options: Way) -> None:
    """Raises ValueError if there is no such way, or no time for it, or too much."""
    try:
        peer_of(options.url)
    except RefusedError as error:
        raise ValueError(str(error)) from None
    Reach(networks=options.networks)
    check_times(options)


class ApiError(Exception):
    """A call failed: what that means for the ticket, and what the answer said, status 0 and nothing
    where there was none.
    """

    def __init__(self, outcome: Outcome, status: int = 0, value: object = None) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome
        self.status = status
        self.value = value


@dataclass(slots=True)
class Api:
    """The API of one tracker for as long as the options permit from now on.

    `proof` are the headers that tell who we are, and `key` is what people call that.
    """

    options: Way
    proof: Mapping[str, str] = field(repr=False)
    key: str
    now: datetime
    clock: Clock = field(default_factory=Clock)
    begun: float = field(init=False)

    def __post_init__(self) -> None:
        self.begun = self.clock.monotonic()

    @property
    def peer(self) -> str:
        """The host, as an outcome names it."""
        return peer_of(self.options.url)

    def ask(self, path: str, value: object = None, *, about: str = "") -> object:
        """What is there, or what the answer to this question is; asking changes nothing. `about`
        names what may be wrong with the question. Raises ApiError.
        """
        method = "GET" if value is None else "POST"
        answer = self._answer(method, path, value, about)
        if not answer.complete:
            raise self._later("the answer broke off or is too long")
        try:
            return orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            raise self.refused(
                "the answer is no JSON; is the address right, and no login page before it?"
            ) from None

    def create(self, path: str, value: object) -> object:
        """What was made of the value. Where nobody knows whether it was, nothing is to be repeated
        for a while. Raises ApiError.
        """
        answer = self._answer("POST", path, value, creates=True)
        try:
            return orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            raise self.unsure("it was taken, but the answer cannot be read") from None

    def refused(self, what: str) -> ApiError:
        """Something that a person has to put right first."""
        return ApiError(Outcome(Verdict.GAVE_UP, f"{self.peer}: {what}"))

    def unsure(self, what: str) -> ApiError:
        """Something may have been made, and is to be looked for in a while."""
        return ApiError(Outcome(Verdict.RETRY, f"{self.peer}: {what}", after=WAIT))

    def _later(self, what: str) -> ApiError:
        return ApiError(Outcome(Verdict.RETRY, f"{self.peer}: {what}"))

    def _answer(
        self, method: str, path: str, value: object, about: str = "", *, creates: bool = False
    ) -> Response:
        headers = {"Accept": "application/json", "User-Agent": "Watcher", **self.proof}
        body = b""
        if value is not None:
            headers["Content-Type"] = "application/json"
            body = orjson.dumps(value)
        url = self.options.url.rstrip("/") + path
        try:
            answer = self._door().call(method, url, headers=headers, body=body)
        except RefusedError as error:
            raise ApiError(Outcome(Verdict.GAVE_UP, str(error))) from None
        except HttpError as error:
            after = WAIT if creates else None
            raise ApiError(Outcome(Verdict.RETRY, str(error), after=after)) from None
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise self._failed(answer, about, creates=creates)
        return answer

    def _door(self) -> Door:
        """The way out for as long as there is time; raises ApiError when there is none."""
        left = self.begun + self.options.deadline - self.clock.monotonic()
        if left <= 0:
            raise self._later(f"not done within {self.options.deadline:g} s")
        reach = Reach(private=self.options.allow_private, networks=self.options.networks)
        limits = Limits(self.options.timeout, self.options.timeout, left, _SIZE)
        return Door(reach, limits, self.options.ca_file)

    def _failed(self, answer: Response, about: str, *, creates: bool) -> ApiError:
        """What a status other than success means, with the words that came with it."""
        status, value = answer.status, _value(answer.body)
        said = answer.told(self.peer, _words(value))
        if answer.passes:
            after = answer.retry_after(self.now)
            if creates and status != HTTPStatus.TOO_MANY_REQUESTS:
                after = max(WAIT, after or 0)
            return ApiError(Outcome(Verdict.RETRY, said, after=after), status, value)
        if status < HTTPStatus.BAD_REQUEST:
            said += "; redirects are not followed: configure the address that it leads to"
        elif status in _LOCKED_OUT:
            said += f"; check {self.key} and what it may do"
        elif status in _UNKNOWN and about:
            said += f"; is {about} right, and may {self.key} see it?"
        return ApiError(Outcome(Verdict.GAVE_UP, said), status, value)


def _value(body: bytes) -> object:
    """The JSON value of an answer that refuses, else its text, unless that is a page."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        said = body.decode(errors="replace")
        return "" if said.lstrip().startswith("<") else said


def _words(value: object) -> str:
    """What a refusal says to people, wherever it keeps that."""
    match value:
        case str():
            return value
        case list():
            return "; ".join(filter(None, map(_words, value)))
        case {"errorMessages": messages, "errors": dict(errors)}:
            fields = [f"{name}: {_words(said)}" for name, said in errors.items()]
            return _words([messages, *fields])
        case {"errors": said} | {"errorMessages": said} | {"message": said} | {"error": said}:
            return _words(said)
        case _:
            return ""


def members(value: object) -> Mapping[str, object]:
    """The value as an object, an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def elements(value: object) -> list[Mapping[str, object]]:
    """The objects in the value if it is a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """The value as text if it is one, or a number."""
    return str(value) if isinstance(value, str | int) else ""


def one_of(there: list[Mapping[str, object]], wanted: str) -> Mapping[str, object] | None:
    """What has this id, else what has this name."""
    for name in ("id", "name"):
        for each in there:
            if text(each.get(name)) == wanted:
                return each
    return None


def names_of(there: list[Mapping[str, object]]) -> str:
    """The names of what there is, for whoever named something else."""
    return ", ".join(text(each.get("name")) for each in there) or "none"
