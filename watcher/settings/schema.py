"""What the configuration file may say; the reference of the configuration explains each key."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from watcher.kit.plugins import kinds
from watcher.model.answer import Verb
from watcher.model.concern import OWN
from watcher.model.incident import Priority
from watcher.policy.logins import ProfileEntry
from watcher.policy.references import SecretRef, TextRef
from watcher.policy.suggest import did_you_mean
from watcher.policy.values import Duration, FilePath, FilePaths, Name, Names, Size, Span, Strict
from watcher.settings.database import database_url

RECEIVERS = "watcher.receivers"
NOTIFIERS = "watcher.notifiers"
MONITORS = "watcher.monitors"
TRACKERS = "watcher.trackers"

_LISTEN = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):([0-9]{1,5})")
_HIGHEST_PORT = 65535


def _listen(value: object) -> tuple[str, int]:
    match = _LISTEN.fullmatch(str(value))
    if not match or int(match[3]) > _HIGHEST_PORT:
        raise ValueError("should be an address and a port, as in 127.0.0.1:8080 or [::1]:8080")
    return match[1] or match[2], int(match[3])


def _web_address(value: str) -> str:
    if not re.fullmatch(r"https?://[^/?#\s@]+(/[^?#\s]*)?", value):
        raise ValueError("should begin with http:// or https://, and have no login and no query")
    return value.rstrip("/")


def _slug(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", value):
        raise ValueError("should be up to 64 letters, digits, dots, dashes and underscores")
    return value


def _header(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]+", value):
        raise ValueError("should be the name of an HTTP header")
    return value


def _of_others(value: str) -> str:
    if value == OWN:
        raise ValueError(f"the name {OWN!r} is Watcher's own: it speaks of the other sources by it")
    return value


def _kind_in(package: str) -> Callable[[str], str]:
    """Accepts the adapters that this package has for others than Watcher itself."""

    def known(value: str) -> str:
        there_are = [each for each in kinds(package) if each != OWN]
        if value not in there_are:
            hint = did_you_mean(value, there_are) or f"; there are: {', '.join(there_are)}"
            raise ValueError(f"there is no kind {value!r}{hint}")
        return value

    return known


Slug = Annotated[str, AfterValidator(_slug)]
HeaderName = Annotated[str, AfterValidator(_header)]
Listen = Annotated[tuple[str, int], BeforeValidator(_listen, json_schema_input_type=str)]
DatabaseUrl = Annotated[TextRef, AfterValidator(database_url)]
WebAddress = Annotated[str, AfterValidator(_web_address)]


class BasicEntry(Strict):
    """HTTP Basic authentication."""

    user: Name
    password: SecretRef


class HeaderEntry(Strict):
    """A token in a header."""

    name: HeaderName
    value: SecretRef


class HmacEntry(Strict):
    """A signature over the body."""

    secret: SecretRef
    header: HeaderName = "X-Grafana-Alerting-Signature"
    timestamp_header: HeaderName | None = None
    max_age: Duration = timedelta(minutes=5)


class AuthEntry(Strict):
    """How a source proves who it is; the word `none` stands for not at all."""

    bearer: SecretRef | None = None
    basic: BasicEntry | None = None
    header: HeaderEntry | None = None
    hmac: HmacEntry | None = None
    none: bool = False

    @model_validator(mode="before")
    @classmethod
    def _word(cls, value: object) -> object:
        return {"none": True} if value == "none" else value


class MonitorEntry(Strict):
    """How the monitoring system behind a source is asked and answered."""

    url: WebAddress
    token: SecretRef | None = None
    every: Span = timedelta(minutes=2)
    answers: tuple[Verb, ...] | None = None
    ca_file: FilePath | None = None
    options: dict[str, Any] = Field(default_factory=dict)


class SourceEntry(Strict):
    """One sender of alerts."""

    name: Annotated[Slug, AfterValidator(_of_others)]
    kind: Annotated[str, AfterValidator(_kind_in(RECEIVERS))]
    customer: Name = "default"
    auth: AuthEntry | None = None
    max_body: Size = 1024 * 1024
    options: dict[str, Any] = Field(default_factory=dict)
    monitor: MonitorEntry | None = None
    heartbeat: Duration | Literal["learn"] | None = None


class ChannelEntry(Strict):
    """One way to tell people."""

    name: Slug
    kind: Annotated[str, AfterValidator(_kind_in(NOTIFIERS))]
    at_least: Priority = Priority.P5
    customers: Names = ()
    evidence: bool = True
    problems: bool = True
    options: dict[str, Any] = Field(default_factory=dict)


class TrackerEntry(Strict):
    """One place where a team keeps its work."""

    name: Slug
    kind: Annotated[str, AfterValidator(_kind_in(TRACKERS))]
    customers: Names = ()
    options: dict[str, Any] = Field(default_factory=dict)


class RetentionEntry(Strict):
    """For how long things are kept."""

    deliveries: Duration = timedelta(days=7)
    actions: Duration = timedelta(days=30)
    evidence: Duration = timedelta(days=90)
    runs: Duration = timedelta(days=730)
    changes: Duration = timedelta(days=400)


class LogEntry(Strict):
    """What is written to standard error, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class ConfigFile(Strict):
    """The whole file; every key may be left out."""

    public_url: WebAddress | None = None
    listen: Listen = ("127.0.0.1", 8080)
    data_dir: FilePath | None = None
    database_url: DatabaseUrl | None = None
    catalogue: FilePaths = ()
    inventory: FilePaths = ()
    ssh: dict[str, ProfileEntry] = Field(default_factory=dict)
    rules: FilePaths = ()
    runbooks: FilePaths = ()
    retention: RetentionEntry = RetentionEntry()
    sources: tuple[SourceEntry, ...] = ()
    channels: tuple[ChannelEntry, ...] = ()
    trackers: tuple[TrackerEntry, ...] = ()
    log: LogEntry = LogEntry()
