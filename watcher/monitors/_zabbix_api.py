"""The one door to the Zabbix API: every call is in time, and every failure says who can mend it.

    MonitorError          no answer, or none of Zabbix
        RefusalError      Zabbix itself says no, with its code and words

pyzabbix is never used as a context manager (it swallows errors there), never told to guess how to
prove who we are (the place of the token depends on the version), and kept from writing tokens to
the log.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import responses
from typing import Any
from urllib.parse import urlsplit

import orjson
from pyzabbix.api import ZabbixAPI, ZabbixAPIException

from watcher.kit.http import Door, HttpError, Limits, Reach, RefusedError, Response, peer_of
from watcher.kit.redact import redact
from watcher.kit.secrets import Secret
from watcher.kit.text import cut, one_line
from watcher.monitors.base import MonitorError, Trouble

Params = Mapping[str, object] | Sequence[object]

APPLICATION_ERROR = -32500
"""The code with which a call is refused for what it is about, not for how it was made."""

_INVALID = frozenset({-32600, -32602})
_ADDRESS = "/api_jsonrpc.php"
_SIZE = 64 * 1024 * 1024
_QUOTE = 200
_WORDS = (
    (re.compile(r"not authori[sz]ed|re-login|token expired|user name or password"), Trouble.TOKEN),
    (re.compile(r"temporarily blocked|user is (disabled|blocked)"), Trouble.TOKEN),
    (re.compile(r"no permissions? to|do not have permission"), Trouble.RIGHTS),
)
_REMEDIES = {
    Trouble.TOKEN: "; give its source a valid token",
    Trouble.RIGHTS: "; its user lacks a right, or what was asked for is gone",
}

# At this level the library writes whole requests to the log, and tokens are in them.
logging.getLogger("pyzabbix.api").addFilter(lambda record: record.levelno > logging.DEBUG)


class RefusalError(MonitorError):
    """Zabbix took the call and refused it: `code` as JSON-RPC has it, `why` in its words."""

    def __init__(self, message: str, trouble: Trouble, code: int, why: str) -> None:
        super().__init__(message, trouble)
        self.code = code
        self.why = why


class Api:
    """The API of the Zabbix whose pages are at `url`. Not for two threads at once.

    `secret` is a token, or the password of `user`. The first call logs in. `pages` is the address
    of the pages without a slash at the end.
    """

    def __init__(
        self, url: str, secret: Secret, *, user: str = "", ca_file: str = "", timeout: float = 60.0
    ) -> None:
        limits = Limits(connect=min(5.0, timeout), read=timeout, total=timeout, size=_SIZE)
        self.timeout = timeout
        self.pages = _folder(url)
        self._url = self.pages + _ADDRESS
        self._wire = _Wire(Door(Reach(private=True), limits, ca_file))
        self._secret = secret
        self._user = user
        self._peer = _peer(url)
        self._client: Any = None

    @property
    def version(self) -> tuple[int, int]:
        """The version of Zabbix, as it was at the log-in. Raises MonitorError."""
        version = self._logged_in().version
        return version.major, version.minor

    def call(self, method: str, params: Params | None = None) -> Any:
        """The result of one call. Raises MonitorError.

        A Zabbix that was upgraded since the log-in may want the token elsewhere, and a session may
        have ended: then it logs in again and asks once more.
        """
        known = self._client
        try:
            return self._ask(self._logged_in(), method, params)
        except RefusalError as error:
            if known is None or not self._is_stale(error, known):
                raise
        return self._ask(self._logged_in(), method, params)

    def renew(self) -> None:
        """Logs in again, and so learns the version anew. Raises MonitorError."""
        self._client = None
        self._logged_in()

    def _is_stale(self, error: RefusalError, known: Any) -> bool:
        if error.code not in _INVALID and error.trouble is not Trouble.TOKEN:
            return False
        self.renew()
        return bool(self._user) or known.version != self._client.version

    def _logged_in(self) -> Any:
        if self._client is None:
            session: Any = self._wire
            client = ZabbixAPI(self._url, session, timeout=self.timeout)
            self._guarded("user.login", self._log_in, client)
            self._client = client
        return self._client

    def _log_in(self, client: Any) -> None:
        if self._user:
            client.login(self._user, self._secret.reveal())
        else:
            client.login(api_token=self._secret.reveal())

    def _ask(self, client: Any, method: str, params: Params | None) -> Any:
        return self._guarded(method, lambda: client.do_request(method, params)["result"])

    def _guarded(self, method: str, work: Any, *args: Any) -> Any:
        """What the work gives back; whatever the library raises becomes our own error."""
        try:
            return work(*args)
        except HttpError as error:
            trouble = Trouble.STRANGE if isinstance(error, RefusedError) else Trouble.UNREACHABLE
            raise MonitorError(f"Zabbix cannot be asked: {error}", trouble) from None
        except _StatusError as error:
            raise MonitorError(f"{self._peer}: {error}", error.trouble) from None
        except ZabbixAPIException as error:
            raise self._refusal(method, error.error) from None
        except (LookupError, TypeError, ValueError, AttributeError):
            raise self._stranger() from None

    def _refusal(self, method: str, error: object) -> MonitorError:
        if not isinstance(error, Mapping) or not isinstance(error.get("code"), int):
            return self._stranger()
        said = error.get("data") or error.get("message") or "no reason"
        secrets = [self._secret.reveal()]
        why = cut(one_line(redact(str(said), secrets)), _QUOTE)
        trouble = _trouble(why)
        message = f"Zabbix refuses {method}: {why.rstrip('.')}{_REMEDIES.get(trouble, '')}"
        return RefusalError(message, trouble, error["code"], why)

    def _stranger(self) -> MonitorError:
        return MonitorError(
            f"{self._peer}: the answer is not one of the Zabbix API; `url` must be the address of "
            f"Zabbix's pages, below which {_ADDRESS} is",
            Trouble.STRANGE,
        )


def _trouble(why: str) -> Trouble:
    """Zabbix has few codes and one for several causes: its words decide."""
    found = (trouble for words, trouble in _WORDS if words.search(why.lower()))
    return next(found, Trouble.STRANGE)


def _folder(url: str) -> str:
    """People copy the address of a page; what follows the folder of the pages is not needed."""
    parts = urlsplit(url)
    folder = parts.path.rpartition("/")[0] if parts.path.endswith(".php") else parts.path
    return parts._replace(path=folder.rstrip("/"), query="", fragment="").geturl()


def _peer(url: str) -> str:
    try:
        return peer_of(url)
    except RefusedError:
        return "Zabbix"


class _StatusError(Exception):
    """The web server answered in place of Zabbix."""

    def __init__(self, message: str, trouble: Trouble) -> None:
        super().__init__(message)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class _Reply:
    """As much of an answer as the library looks at."""

    response: Response

    @property
    def status_code(self) -> int:
        return self.response.status

    @property
    def text(self) -> str:
        return self.response.body.decode(errors="replace")

    def json(self) -> Any:
        return orjson.loads(self.response.body)

    def raise_for_status(self) -> None:
        """Raises _StatusError for all that is no whole answer."""
        status = self.response.status
        said = f"HTTP {status} {responses.get(status, '')}".rstrip()
        if 300 <= status < 400:  # noqa: PLR2004 - a class of status codes
            raise _StatusError(
                f"{said}: it redirects; write the final address as `url`", Trouble.STRANGE
            )
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise _StatusError(f"{said}: what stands before Zabbix refuses us", Trouble.RIGHTS)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _LATER:
            raise _StatusError(said, Trouble.UNREACHABLE)
        if status != HTTPStatus.OK:
            raise _StatusError(f"{said}: there is no Zabbix API at this `url`", Trouble.STRANGE)
        if not self.response.complete:
            raise _StatusError("the answer broke off or is too large", Trouble.UNREACHABLE)


_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class _Wire:
    """What the library takes for its HTTP session: calls go through the house's own door, which
    minds time, size and addresses, follows no redirect and reads no proxy or password of the
    machine.
    """

    door: Door
    headers: dict[str, str] = field(default_factory=dict)

    def post(self, url: str, json: object, headers: Mapping[str, str], timeout: float) -> _Reply:
        """The answer, whatever its status. The door has its own time-outs."""
        _ = timeout
        own = self.headers | {"User-Agent": "Watcher"} | dict(headers)
        return _Reply(self.door.call("POST", url, headers=own, body=orjson.dumps(json)))
