"""One call to an HTTP API that speaks JSON, and in plain words why it could not be made."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NoReturn
from urllib.parse import urlencode

import orjson

from watcher.kit.clock import Clock
from watcher.kit.http import Door, HttpError, Limits, Reach, RefusedError, Response, peer_of
from watcher.model.action import Outcome, Verdict
from watcher.monitors.base import MonitorError, Trouble

LIMITS = Limits(connect=5.0, read=20.0, total=40.0, size=128 * 1024 * 1024)
SLOWEST = LIMITS.connect + LIMITS.total
"""Seconds after which a call has come back for certain."""

PATIENCE = 60.0
"""Seconds after which an answer begins no further call: the rest is for the next attempt."""


Query = Sequence[tuple[str, str]]


class ApiError(MonitorError):
    """A call failed. `status` is that of the answer, 0 where there was none; `after` a wait in
    seconds that the other side asked for.
    """

    def __init__(
        self, message: str, trouble: Trouble, status: int = 0, after: float | None = None
    ) -> None:
        super().__init__(message, trouble)
        self.status = status
        self.after = after

    @property
    def outcome(self) -> Outcome:
        """What the failure means for an action: whatever may pass is tried again."""
        passes = self.trouble is Trouble.UNREACHABLE
        return Outcome(Verdict.RETRY if passes else Verdict.GAVE_UP, str(self), after=self.after)


@dataclass(frozen=True, slots=True)
class JsonApi:
    """An API at `url`. It lies where we are told, so private networks are permitted.

    `authorization` is the value of that header, none where it is empty.
    """

    url: str
    authorization: str = field(default="", repr=False)
    ca_file: str = ""
    clock: Clock = field(default_factory=Clock)
    limits: Limits = LIMITS

    def get(self, path: str, query: Query = (), *, needs: str = "") -> object:
        """The JSON value there. `needs` names the right that reading it takes. Raises ApiError."""
        return self.call("GET", path + ("?" + urlencode(query) if query else ""), needs=needs)

    def call(
        self,
        method: str,
        path: str,
        value: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        needs: str = "",
    ) -> object:
        """What the API says to this, None where it says nothing. Raises ApiError."""
        sent = {"Accept": "application/json", "User-Agent": "Watcher", **(headers or {})}
        body = b""
        if value is not None:
            sent["Content-Type"] = "application/json"
            body = orjson.dumps(value, option=orjson.OPT_UTC_Z)
        if self.authorization:
            sent["Authorization"] = self.authorization
        door = Door(Reach(private=True), self.limits, self.ca_file)
        try:
            answer = door.call(method, self.url + path, headers=sent, body=body)
        except RefusedError as error:
            raise ApiError(str(error), Trouble.STRANGE) from None
        except HttpError as error:
            raise ApiError(str(error), Trouble.UNREACHABLE) from None
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            self._refused(answer, needs)
        return self._value(answer, path)

    def _value(self, answer: Response, path: str) -> object:
        where = f"{peer_of(self.url)}: the answer to {path.partition('?')[0]}"
        if not answer.complete:
            raise ApiError(f"{where} broke off or is too long", Trouble.STRANGE)
        if not answer.body.strip():
            return None
        try:
            return orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            raise ApiError(
                f"{where} is no JSON; is the address right, and no login page before it?",
                Trouble.STRANGE,
            ) from None

    def _refused(self, answer: Response, needs: str) -> NoReturn:
        """Says what a status other than success means, with the words that came with it."""
        status = answer.status
        said = answer.told(peer_of(self.url), _words(answer.body), _secrets(self.authorization))
        trouble = Trouble.STRANGE
        if status == HTTPStatus.UNAUTHORIZED:
            trouble, hint = Trouble.TOKEN, "the token is wrong, expired or revoked: make a new one"
        elif status == HTTPStatus.FORBIDDEN:
            trouble = Trouble.RIGHTS
            hint = f"the token lacks the right {needs}" if needs else "the token may not do that"
        elif answer.passes:
            trouble, hint = Trouble.UNREACHABLE, ""
        elif status < HTTPStatus.BAD_REQUEST:
            hint = "redirects are not followed: configure the address that it leads to"
        else:
            hint = ""
        text = f"{said}; {hint}" if hint else said
        raise ApiError(text, trouble, status, answer.retry_after(self.clock.now()))


def _secrets(authorization: str) -> list[str]:
    """What of the header nobody may read: the proof without its scheme, the password in it."""
    scheme, _, proof = authorization.partition(" ")
    if scheme != "Basic":
        return [proof]
    return [proof, b64decode(proof).decode().partition(":")[2]]


def _words(body: bytes) -> str:
    """The message in an answer that refuses, else all of it."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")
    if isinstance(value, dict):
        for name in ("message", "error"):
            if isinstance(text := value.get(name), str):
                return text
    return value if isinstance(value, str) else body.decode(errors="replace")


def strange(where: str, what: str) -> ApiError:
    """An answer that has not the shape that it should have."""
    return ApiError(f"{where}: {what}; is that its API?", Trouble.STRANGE)


def members(value: object, where: str) -> Mapping[str, object]:
    """The value as an object. Raises ApiError."""
    if isinstance(value, dict):
        return value
    raise strange(where, "no object where one should be")


def elements(value: object, where: str) -> list[object]:
    """The value as a list; nothing at all is an empty one. Raises ApiError."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise strange(where, "no list where one should be")


def texts(value: object) -> dict[str, str]:
    """What maps texts to texts in the value; anything else is left out."""
    if not isinstance(value, dict):
        return {}
    return {name: text for name, text in value.items() if isinstance(text, str)}


def text(value: object) -> str:
    """The value if it is a text, else nothing."""
    return value if isinstance(value, str) else ""
