"""Who posts to Watcher and how they prove it, and over what people are told."""

from dataclasses import dataclass, field
from datetime import timedelta

from watcher.kit.secrets import Secret
from watcher.monitors.base import Access


@dataclass(frozen=True, slots=True)
class Basic:
    """User and password of HTTP Basic authentication."""

    user: str
    password: Secret


@dataclass(frozen=True, slots=True)
class Header:
    """A header of one's own that carries a token."""

    name: str
    value: Secret


@dataclass(frozen=True, slots=True)
class Hmac:
    """An HMAC-SHA256 of the body in `header`.

    With `timestamp_header`, the time in it is signed too and may be `max_age` away at most.
    """

    secret: Secret
    header: str = "X-Grafana-Alerting-Signature"
    timestamp_header: str | None = None
    max_age: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Auth:
    """What a sender must show: any one of bearer, basic and header, and `hmac` where it is set.

    Nothing at all is possible only for a source that says so, on a loopback address.
    """

    bearer: Secret | None = None
    basic: Basic | None = None
    header: Header | None = None
    hmac: Hmac | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How long a source is silent at most: `limit`, or as its own habit teaches where that is
    None.
    """

    limit: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One sender. `options` is the dataclass of its receiver, `max_body` a number of bytes.

    `monitor` is how the system behind it is asked and answered, None where it is not. It is news
    when it says nothing for longer than its `heartbeat`; None means never.
    """

    name: str
    kind: str
    customer: str
    auth: Auth
    max_body: int
    options: object
    monitor: Access | None = None
    heartbeat: Heartbeat | None = None


@dataclass(frozen=True, slots=True)
class Notifier:
    """How a channel is reached: the kind of adapter, and that adapter's own dataclass."""

    kind: str
    options: object = field(repr=False)
