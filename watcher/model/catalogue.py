"""Customers, services and hosts: who are strangers, what matters, and what may be touched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from watcher.model.incident import Priority

Span = tuple[int, int]
"""From one minute of a day to another, which is not in it; a day has 1440."""


@dataclass(frozen=True, eq=False)
class Calendar:
    """When a service is needed: business hours by day of the week (0 is Monday) in one time zone.

    On `holidays`, which are named, it is not; a date in `dates` has its own hours, whatever it is.
    """

    name: str
    timezone: ZoneInfo
    hours: Mapping[int, tuple[Span, ...]]
    holidays: Mapping[date, str] = field(default_factory=dict)
    dates: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sla:
    """What was agreed with a customer: within which time an incident of a priority is acknowledged
    and resolved. With a `calendar` only its business hours count, without one all of them.
    """

    name: str
    acknowledge: Mapping[Priority, timedelta] = field(default_factory=dict)
    resolve: Mapping[Priority, timedelta] = field(default_factory=dict)
    calendar: Calendar | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """Whose services these are; nothing crosses from one customer to another. The calendar and the
    SLA count where a service has none.
    """

    name: str
    title: str = ""
    calendar: Calendar | None = None
    sla: Sla | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """An entry of the service catalogue; `criticality` runs from 1 (low) to 4 (most critical).

    `used_by` are other customers who depend on it; without a `calendar` it is needed at all hours.
    """

    customer: str
    name: str
    criticality: int
    hosts: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    title: str = ""
    used_by: tuple[str, ...] = ()
    calendar: Calendar | None = None
    sla: Sla | None = None


class HostKeys(StrEnum):
    """Whose host key is taken: only a known one, or also one that is seen for the first time."""

    STRICT = "strict"
    ACCEPT_NEW = "accept-new"


@dataclass(frozen=True, slots=True)
class Host:
    """One machine under one identity. Without `address` and `ssh` it is never connected to."""

    customer: str
    name: str
    aliases: tuple[str, ...] = ()
    address: str | None = None
    port: int | None = None
    ssh: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bastion:
    """A host through which one gets to others, and how one logs in to it."""

    host: Host
    profile: "SshProfile"


@dataclass(frozen=True, slots=True)
class SshProfile:
    """How Watcher logs in: files are paths, times are seconds, "" is none.

    `certificate_file` is shown with the key, `signing_key_file` signs every script, `pins` is where
    host keys are kept that were accepted when they were new, `via` the way there.
    """

    name: str
    user: str
    key_file: str
    known_hosts: str
    port: int = 22
    connect_timeout: float = 5.0
    certificate_file: str = ""
    signing_key_file: str = ""
    host_keys: HostKeys = HostKeys.STRICT
    pins: str = ""
    via: Bastion | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything named, with the look-ups made once at load.

    `by_alias` maps (customer, lower-case alias) to a host, `by_host` (customer, host name) to its
    services, most critical first, and `services` (customer, name) to the service.
    """

    customers: Mapping[str, Customer] = field(default_factory=dict)
    services: Mapping[tuple[str, str], Service] = field(default_factory=dict)
    by_alias: Mapping[tuple[str, str], Host] = field(default_factory=dict)
    by_host: Mapping[tuple[str, str], tuple[Service, ...]] = field(default_factory=dict)
    profiles: Mapping[str, SshProfile] = field(default_factory=dict)

    def about(self, customer: str, service: str | None) -> tuple[Service | Customer, ...]:
        """The service of that name and its customer, as far as they are known: what the first of
        them says counts.
        """
        found = self.services.get((customer, service or "")), self.customers.get(customer)
        return tuple(each for each in found if each is not None)
