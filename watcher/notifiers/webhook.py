"""POSTs each message as JSON to a URL, signed and with an idempotency key.

    {"id": "…", "event": "opened", "subject": "…", "text": "…", "url": "…", "incident": {…}}

The incident has the names that the API gives it. A receiver that has seen an `id` before answers
2xx again.
"""

import hmac
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import orjson

from watcher.kit.http import Door, HttpError, Limits, Reach, RefusedError, peer_of
from watcher.kit.net import check_times
from watcher.kit.secrets import Secret
from watcher.kit.text import cut
from watcher.model.action import Outcome, Verdict
from watcher.notifiers.base import Message, by_status

LIMIT = 16_000
_CUT = "\n… (cut; the rest is on the page of the incident)"


@dataclass(frozen=True, slots=True)
class Options:
    """Where to: `url`. With `token`, the header `token_header` carries it (as "Bearer …" where that
    is Authorization). With `sign`, every call carries the time and an HMAC-SHA256 over it and the
    body. Private addresses are called only if `allow_private` or their network is in `networks`.
    """

    url: str = field(repr=False)
    token: Secret | None = None
    token_header: str = "Authorization"  # noqa: S105 - the name of a header
    sign: Secret | None = None
    allow_private: bool = False
    networks: tuple[str, ...] = ()
    ca_file: str = ""
    timeout: float = 10.0
    deadline: float = 30.0

    def __post_init__(self) -> None:
        try:
            peer_of(self.url)
        except RefusedError as error:
            raise ValueError(str(error)) from None
        Reach(networks=self.networks)
        check_times(self)


SAMPLE = Options(
    url="https://chat.example.com/hooks/oncall",
    token=Secret("sample-token"),
    sign=Secret("sample-signing-key"),
)


def render(message: Message, options: Options) -> bytes:
    """The body of the call."""
    _ = options
    return orjson.dumps(
        {
            "id": message.id,
            "event": message.event,
            "subject": message.subject,
            "text": cut(message.text, LIMIT, _CUT),
            "url": message.url,
            "incident": message.incident,
            "problem": message.problem,
        }
    )


def send(message: Message, options: Options) -> Outcome:
    """Makes the call once; the peer's faults are outcomes."""
    limits = Limits(connect=options.timeout, read=options.timeout, total=options.deadline)
    reach = Reach(private=options.allow_private, networks=options.networks)
    door = Door(reach, replace(limits, size=4096), options.ca_file)
    body = render(message, options)
    try:
        answer = door.call("POST", options.url, headers=_headers(message, options, body), body=body)
    except HttpError as error:
        verdict = Verdict.GAVE_UP if isinstance(error, RefusedError) else Verdict.RETRY
        return Outcome(verdict, str(error))
    return by_status(answer, peer_of(options.url), message.at, _secrets(options))


def _secrets(options: Options) -> list[str]:
    """What an answer may repeat and nobody should read: tokens are in paths, too."""
    parts = urlsplit(options.url)
    own = [each.reveal() for each in (options.token, options.sign) if each]
    return [*own, options.url, parts.path, parts.query]


def _headers(message: Message, options: Options, body: bytes) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Watcher",
        "Idempotency-Key": message.id,
    }
    if options.token:
        bearer = "Bearer " if options.token_header.lower() == "authorization" else ""
        headers[options.token_header] = bearer + options.token.reveal()
    if options.sign:
        stamp = str(int(message.at.timestamp()))
        signed = hmac.digest(options.sign.reveal().encode(), f"{stamp}:".encode() + body, "sha256")
        headers["X-Watcher-Timestamp"] = stamp
        headers["X-Watcher-Signature"] = f"sha256={signed.hex()}"
    return headers
