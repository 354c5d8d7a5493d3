"""Reads what stands in the files of catalogue and inventory, entry by entry."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from watcher.model.catalogue import Calendar, Customer, Host, Service, Sla
from watcher.model.estate import Described, Known
from watcher.policy.catalogue import DEFAULT, CustomerEntry, ServiceEntry
from watcher.policy.inventory import HostEntry
from watcher.policy.problems import Place, Problems, entries, opened
from watcher.policy.values import Strict

M = TypeVar("M", bound=Strict)


@dataclass(frozen=True, slots=True)
class Files:
    """Which files are read, and which of them proposals write."""

    catalogue: Sequence[Path]
    inventory: Sequence[Path]
    own: Collection[Path] = ()


def described(files: Files, problems: Problems) -> Known:
    """All that stands in these files; calendars and SLAs are known by name only."""
    customers = [Described(Customer(DEFAULT), "always there")]
    services: list[Described[Service]] = []
    hosts: list[Described[Host]] = []
    for path in files.catalogue:
        own = path in files.own
        for place, each in _entries(path, "customers", CustomerEntry, problems):
            customers.append(Described(Customer(**_named(each)), _where(place), own))
        for place, entry in _entries(path, "services", ServiceEntry, problems):
            services.append(Described(Service(**_named(entry)), _where(place), own))
    for path in files.inventory:
        for place, host in _entries(path, "hosts", HostEntry, problems):
            hosts.append(Described(Host(**host.model_dump()), _where(place), path in files.own))
    return Known(tuple(customers), tuple(hosts), tuple(services))


def _entries(path: Path, key: str, model: type[M], problems: Problems) -> Iterator[tuple[Place, M]]:
    document = opened(path, problems)
    if document is not None:
        yield from entries(document, key, model)


def _named(entry: CustomerEntry | ServiceEntry) -> dict[str, Any]:
    calendar = Calendar(entry.calendar, ZoneInfo("UTC"), {}) if entry.calendar else None
    return entry.model_dump() | {"calendar": calendar, "sla": Sla(entry.sla) if entry.sla else None}


def _where(place: Place) -> str:
    """Without a folder, so that a proposal reads the same wherever the files are."""
    return f"{place.document.file.name}:{place.line}"
